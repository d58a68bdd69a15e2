//! Transaction gossip of a node: what it is started with, and its figures.

use super::settings::size;
use crate::config::Config;
use crate::error::AppError;
use crate::metrics::encode_gauges;
use assay_chain::{BlockRef, Chain};
use assay_consensus::{GossipConfig, GossipHandle, NetworkKey, gossip};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Starts gossip and joins it to the chain. `None` for a development node without peers: it is alone by intent.
///
/// # Errors
/// `Usage` for addresses that cannot be used, `Failed` where it cannot listen.
pub(super) async fn start(
    config: &Config,
    chain: &Chain,
    key: &NetworkKey,
    dev: bool,
) -> Result<Option<GossipHandle>, AppError> {
    let usage = |(key, reason): (&str, String)| AppError::Usage(format!("p2p.{key}: {reason}"));
    let addresses = config.p2p.addresses().map_err(usage)?;
    if dev && addresses.gossip_peers.is_empty() {
        return Ok(None);
    }
    let failed = |reason: String| AppError::Failed(format!("gossip: {reason}"));
    let genesis = chain.block(BlockRef::Number(0)).map_err(|error| failed(error.to_string()))?;
    let genesis = genesis.ok_or_else(|| failed("the database holds no genesis".to_owned()))?;
    let spec = chain.spec();
    let mut settings = GossipConfig::new(spec.chain_id, genesis.hash, &spec.network);
    settings.listen = Some(addresses.gossip_listen.to_string());
    settings.peers = addresses.gossip_peers.iter().map(ToString::to_string).collect();
    settings.connections_per_ip_max = size(config.p2p.connections_per_ip_max);
    // A network that lists more peers than usual has as many nodes that dial.
    settings.inbound_max = settings.inbound_max.max(settings.peers.len().saturating_mul(2));
    let (handle, requests) = gossip::spawn(settings, key).await.map_err(|error| failed(error.to_string()))?;
    tokio::spawn(chain.serve_gossip(requests));
    let accepted = handle.clone();
    chain.on_accepted(move |hash, raw| accepted.accepted(hash, raw));
    Ok(Some(handle))
}

/// Figures of gossip, under the names operators look for.
#[derive(Debug)]
pub(super) struct Figures(pub(super) GossipHandle);

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let status = self.0.status();
        let sums = status.counters;
        let gauges = [
            ("gossip_peers", "Peers of transaction gossip", status.peers.len() as u64),
            ("p2p_banned_peers", "Identities that are banned now", status.banned as u64),
        ];
        encode_gauges(&mut encoder, &gauges)?;
        let counters = [
            ("p2p_message_send_bytes", "Bytes of gossip sent", sums.sent_bytes),
            ("p2p_message_receive_bytes", "Bytes of gossip received", sums.received_bytes),
            ("p2p_dial_failures", "Dials of gossip peers that failed", sums.dial_failures),
            ("p2p_bans", "Peers banned", sums.bans),
            ("p2p_refused_peers", "Peers refused for their chain or version", sums.refused_peers),
            ("p2p_throttled", "Times a peer went over its rate", sums.throttled),
            ("mempool_gossip_sent", "Transactions sent to peers", sums.sent),
            ("mempool_gossip_received", "Transactions received from peers", sums.received),
            ("mempool_gossip_duplicates", "Received transactions that were known", sums.duplicates),
            ("mempool_gossip_accepted", "Received transactions taken into the pool", sums.accepted),
            ("mempool_gossip_refused", "Received transactions that the pool refused", sums.refused),
            ("mempool_gossip_invalid", "Received transactions that no honest node sends", sums.invalid),
            ("mempool_gossip_busy", "Received transactions for which there was no time", sums.busy),
            ("mempool_gossip_dropped", "Messages dropped because a peer was slow", sums.dropped),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let help = "0 without blame, -100 is a ban";
        let mut scores = encoder.encode_descriptor("p2p_peer_score", help, None, MetricType::Gauge)?;
        for peer in &status.peers {
            ConstGauge::new(peer.score).encode(scores.encode_family(&[("peer", peer.id.as_str())])?)?;
        }
        Ok(())
    }
}
