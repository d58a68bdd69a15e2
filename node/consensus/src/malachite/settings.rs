//! Our configuration in the engine's terms.

use super::codec::{PART_MAX, SYNC_BATCH_MAX, SYNC_PARALLEL, SYNC_RESPONSE_MAX};
use super::syncing::REQUEST_TIMEOUT;
use crate::engine::{EngineConfig, EngineError, Pacing, PubSub};
use arc_malachitebft_app::config::{ConsensusConfig, GossipSubConfig, PubSubProtocol, ValuePayload, ValueSyncConfig};
use arc_malachitebft_core_types::LinearTimeouts;
use std::time::Duration;

/// A vote goes out once; after this long without progress it goes out again, for whoever was away at that moment.
const REBROADCAST: Duration = Duration::from_millis(300);

fn parse<T: std::str::FromStr>(setting: &'static str, text: &str) -> Result<T, EngineError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|e: T::Err| EngineError::Config { setting, reason: format!("`{text}`: {e}") })
}

/// Tries the address out: the engine would only fail to listen, and say so in its log.
fn check_listen_address(text: &str) -> Result<(), EngineError> {
    let refuse = |reason: String| EngineError::Config { setting: "listen_addr", reason: format!("`{text}`: {reason}") };
    let parts: Vec<&str> = text.split('/').collect();
    let ["", "ip4" | "ip6", host, "tcp", port] = parts.as_slice() else {
        return Err(refuse("expected /ip4/ADDRESS/tcp/PORT or /ip6/ADDRESS/tcp/PORT".to_owned()));
    };
    let host: std::net::IpAddr = host.parse().map_err(|_| refuse("no address".to_owned()))?;
    let port: u16 = port.parse().map_err(|_| refuse("no port".to_owned()))?;
    std::net::TcpListener::bind((host, port)).map(drop).map_err(|e| refuse(e.to_string()))
}

pub(super) fn consensus_config(config: &EngineConfig) -> Result<ConsensusConfig, EngineError> {
    let mut consensus = ConsensusConfig { value_payload: ValuePayload::ProposalAndParts, ..Default::default() };
    let p2p = &mut consensus.p2p;
    p2p.listen_addr = parse("listen_addr", &config.listen_addr)?;
    check_listen_address(&config.listen_addr)?;
    p2p.persistent_peers = config.peers.iter().map(|peer| parse("peers", peer)).collect::<Result<_, _>>()?;
    p2p.protocol = match config.pubsub {
        PubSub::Broadcast => PubSubProtocol::Broadcast,
        // Neighbours that were configured always get everything; the mesh is for the others.
        PubSub::Gossip => PubSubProtocol::GossipSub(GossipSubConfig::new(6, 12, 4, 2, false, true, true)),
    };
    p2p.pubsub_max_size = parse("part size", &format!("{} B", PART_MAX + 1024))?;
    p2p.rpc_max_size = parse("sync size", &format!("{} B", SYNC_RESPONSE_MAX + 64 * 1024))?;
    p2p.discovery.max_connections_per_ip = config.connections_per_ip_max;
    // A node that restarts must be let in at once, and several may share an address; their number is bounded above. The
    // engine's default turns an address away for 30 s after any of its connections has closed.
    p2p.discovery.ip_throttle_duration = Duration::ZERO;
    p2p.protocol_names.consensus = format!("/assay/{}/consensus/1", config.chain_id);
    p2p.protocol_names.sync = format!("/assay/{}/sync/1", config.chain_id);
    p2p.protocol_names.validator_proof = format!("/assay/{}/validator-proof/1", config.chain_id);
    p2p.protocol_names.discovery_kad = format!("/assay/{}/kad/1", config.chain_id);
    p2p.protocol_names.discovery_regres = format!("/assay/{}/discovery/1", config.chain_id);
    if let Pacing::Interval(interval) = config.pacing
        && interval.is_zero()
    {
        return Err(EngineError::Config { setting: "block time", reason: "zero".to_owned() });
    }
    Ok(consensus)
}

pub(super) fn sync_config() -> Result<ValueSyncConfig, EngineError> {
    Ok(ValueSyncConfig {
        // At every decision: whoever learns of a height seconds later stays seconds behind.
        status_update_interval: Duration::ZERO,
        max_response_size: parse("sync size", &format!("{SYNC_RESPONSE_MAX} B"))?,
        request_timeout: REQUEST_TIMEOUT,
        parallel_requests: SYNC_PARALLEL,
        batch_size: SYNC_BATCH_MAX,
        ..Default::default()
    })
}

pub(super) fn timeouts(config: &EngineConfig) -> LinearTimeouts {
    let t = config.timeouts;
    LinearTimeouts {
        propose: t.propose,
        propose_delta: t.propose_delta,
        prevote: t.prevote,
        prevote_delta: t.vote_delta,
        precommit: t.precommit,
        precommit_delta: t.vote_delta,
        rebroadcast: REBROADCAST,
        max_timeout: Duration::from_secs(60),
    }
}
