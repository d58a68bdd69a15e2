//! How the node fares, for the admin port: whether clients should be sent here, and all that an operator asks for.

use super::network::Network;
use crate::build;
use assay_chain::Chain;
use assay_consensus::engine::EnginePhase;
use assay_consensus::{EngineHandle, GossipHandle, GossipStatus, Pacing, PeerStatus};
use assay_primitives::ConsensusAddress;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Less free space than this makes the node not ready, in bytes.
const DISK_FREE_MIN: u64 = 64 << 20;
/// Blocks that should have come for finality to count as stale, with [`STALE_MIN`] as the least time.
const STALE_BLOCKS: u32 = 10;
/// Least age of the last block for finality to count as stale: some rounds may fail before that.
const STALE_MIN: Duration = Duration::from_secs(10);
/// Certificates whose signers are counted.
const SIGNED_WINDOW: u64 = 16;
/// A validator that has signed none of so many last certificates is missing. The very last one may have been stored before
/// all its votes were in.
const MISSING_AFTER: u64 = 3;

/// What the admin port is told of.
pub(super) struct Watched {
    pub(super) chain: Chain,
    pub(super) engine: Arc<EngineHandle>,
    pub(super) gossip: Option<GossipHandle>,
    pub(super) network: Arc<Network>,
    /// Address of this node's consensus key.
    pub(super) validator: Option<ConsensusAddress>,
    pub(super) moniker: String,
    pub(super) peer_id: String,
    pub(super) pacing: Pacing,
    pub(super) folder: PathBuf,
    pub(super) started: Instant,
}

impl Watched {
    /// Further reasons why clients should not be sent here.
    pub(super) fn not_ready(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        let status = self.engine.status().borrow().clone();
        if status.phase == EnginePhase::Starting && !status.idle {
            reasons.push("consensus_starting".to_owned());
        }
        let others = self.others();
        if others > 0 && status.peers == 0 {
            reasons.push(format!("no_peers: no peer is connected; the chain has {others} other validators"));
        }
        if let Some(at) = self.network.catch_up() {
            let behind = at.target.saturating_sub(at.height);
            reasons.push(format!("catching_up: height {} of {}, {behind} blocks behind", at.height, at.target));
        } else if let Some(age) = self.stale_for() {
            let (height, round) = (status.height, status.round);
            let age_ms = age.as_millis();
            reasons.push(if round.get() > 0 {
                format!("no_quorum: height {height} is in round {round}, and the last block is {age_ms} ms old")
            } else {
                format!("stale_finality: the last block is {age_ms} ms old")
            });
        }
        match fs4::available_space(&self.folder) {
            Ok(free) if free < DISK_FREE_MIN => reasons.push(format!("disk_low: {} MiB left", free >> 20)),
            Ok(_) => {}
            Err(error) => reasons.push(format!("disk_unknown: {error}")),
        }
        reasons
    }

    fn others(&self) -> usize {
        let Ok(validators) = self.chain.validators() else { return 0 };
        validators.iter().filter(|validator| Some(validator.address) != self.validator).count()
    }

    /// For how long blocks that are due at intervals have not come.
    fn stale_for(&self) -> Option<Duration> {
        let Pacing::Interval(interval) = self.pacing else { return None };
        let age = self.chain.health().since_commit.unwrap_or_else(|| self.started.elapsed());
        (age > interval.saturating_mul(STALE_BLOCKS).max(STALE_MIN)).then_some(age)
    }

    /// Everything an operator asks for. Reads a few certificates; `ready` and its reasons are the admin port's to add.
    pub(super) async fn status(&self) -> Value {
        let engine = self.engine.status().borrow().clone();
        let peers = &engine.connected;
        let (health, head, spec) = (self.chain.health(), self.chain.head(), self.chain.spec());
        let phase = format!("{:?}", engine.phase).to_lowercase();
        let role = if self.validator.is_some() { "validator" } else { "full" };
        let pool = self.chain.pool_status();
        let since_commit_ms = health.since_commit.map(|since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let mut status = json!({
            "node": {
                "moniker": self.moniker,
                "role": role,
                "validator": self.validator.map(|address| address.to_string()),
                "peerId": self.peer_id,
                "version": build::VERSION,
                "uptimeSeconds": self.started.elapsed().as_secs(),
            },
            "chain": {
                "network": spec.network,
                "chainId": spec.chain_id,
                "specHash": spec.hash(),
                "height": head.number(),
                "hash": head.hash,
                "blockTimestampMs": head.timestamp_ms.get(),
                "sinceCommitMs": since_commit_ms,
                "stopped": health.stopped,
            },
            "consensus": {
                "height": engine.height.get(),
                "round": engine.round.get(),
                "phase": phase,
                "decided": engine.decided.get(),
                "idle": engine.idle,
                "proposer": engine.proposer.map(|address| address.to_string()),
                "demoted": engine.demoted.iter().map(ToString::to_string).collect::<Vec<_>>(),
            },
            "sync": self.sync(engine.best_peer.get()),
            "listening": engine.listening,
            "peers": peers.iter().map(peer_json).collect::<Vec<_>>(),
            "gossip": self.gossip.as_ref().map(|gossip| gossip_json(&gossip.status())),
            "pool": { "pending": pool.pending, "queued": pool.queued, "bytes": pool.bytes },
        });
        if let Some(status) = status.as_object_mut() {
            status.extend(self.validators(head.number(), peers));
        }
        status
    }

    fn sync(&self, best_peer: u64) -> Value {
        let at = self.network.catch_up();
        json!({
            "syncing": at.is_some(),
            "bestPeer": best_peer,
            "from": at.map(|at| at.from),
            "target": at.map(|at| at.target),
            "blocksPerSecond": at.map(|at| at.blocks_per_second),
        })
    }

    /// `validators`, `lastCertificate`, `missing`.
    fn validators(&self, head: u64, peers: &[PeerStatus]) -> serde_json::Map<String, Value> {
        let certificates: Vec<_> = (0..SIGNED_WINDOW)
            .filter_map(|back| head.checked_sub(back).filter(|height| *height > 0))
            .filter_map(|height| self.chain.certificate(height).ok().flatten())
            .collect();
        // The newest certificate may lack votes that come in a moment; the one before it is complete.
        let last = head.checked_sub(1).filter(|height| *height > 0).unwrap_or(head);
        let round = certificates.iter().find(|one| one.height.get() == last).map(|one| one.round.get());
        let (mut validators, mut missing, mut signed_power, mut power) = (Vec::new(), Vec::new(), 0u64, 0u64);
        let set = self.chain.validators().ok();
        for validator in set.iter().flat_map(|set| set.iter()) {
            let address = validator.address;
            let heights: Vec<u64> = certificates
                .iter()
                .filter(|one| one.signatures.iter().any(|signature| signature.address == address))
                .map(|certificate| certificate.height.get())
                .collect();
            power = power.saturating_add(validator.power);
            if heights.contains(&last) {
                signed_power = signed_power.saturating_add(validator.power);
            }
            let recent = heights.first().is_some_and(|last| head.saturating_sub(*last) < MISSING_AFTER);
            if head > 0 && !recent {
                missing.push(address.to_string());
            }
            let name = address.to_string();
            let connected = self.validator == Some(address) || peers.iter().any(|peer| peer.validator == Some(address));
            validators.push(json!({
                "address": name,
                "power": validator.power,
                "signed": heights.len(),
                "of": certificates.len(),
                "lastSigned": heights.first(),
                "connected": connected,
            }));
        }
        let certificate = json!({ "height": last, "round": round, "signedPower": signed_power, "power": power });
        let parts = [
            ("validators", Value::from(validators)),
            ("lastCertificate", certificate),
            ("missing", Value::from(missing)),
        ];
        parts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

fn gossip_json(status: &GossipStatus) -> Value {
    let sums = status.counters;
    let peers = status
        .peers
        .iter()
        .map(|peer| json!({ "id": peer.id, "address": peer.address, "outbound": peer.outbound, "score": peer.score }));
    json!({
        "listening": status.listening,
        "peers": peers.collect::<Vec<_>>(),
        "banned": status.banned,
        "sent": sums.sent,
        "received": sums.received,
        "accepted": sums.accepted,
        "refused": sums.refused,
        "invalid": sums.invalid,
        "duplicates": sums.duplicates,
    })
}

fn peer_json(peer: &PeerStatus) -> Value {
    json!({
        "id": peer.id,
        "moniker": peer.name,
        "address": peer.address,
        "validator": peer.validator.map(|address| address.to_string()),
        "decided": peer.height.get(),
    })
}
