//! Metrics of the chain, under the names operators look for.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// Why a transaction was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabel {
    /// The stable reason, in snake case.
    pub reason: &'static str,
}

/// Everything the chain counts.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Transactions in the pool.
    pub mempool_size: Gauge,
    /// Their raw bytes.
    pub mempool_size_bytes: Gauge,
    /// Transactions taken in.
    pub mempool_accepted: Counter,
    /// Transactions refused, by reason.
    pub mempool_rejected: Family<ReasonLabel, Counter>,
    /// Transactions that left for better ones or for age.
    pub mempool_evicted: Counter,
    /// Time to execute a block.
    pub exec_block_seconds: Histogram,
    /// Gas per second of the last block with transactions.
    pub exec_gas_per_second: Gauge<f64, AtomicU64>,
    /// Transactions in committed blocks.
    pub exec_txs: Counter,
    /// Gas in committed blocks.
    pub exec_gas: Counter,
    /// Time to compute the roots of a block.
    pub state_root_seconds: Histogram,
    /// Time to write the state of a block.
    pub state_commit_seconds: Histogram,
    /// Oldest height whose state can be read.
    pub state_retained_from_height: Gauge,
    /// Newest committed height.
    pub chain_height: Gauge,
    /// Time of the newest committed block, in seconds since the epoch.
    pub chain_timestamp_seconds: Gauge<f64, AtomicU64>,
    /// Time from block time to block time.
    pub chain_block_interval_seconds: Histogram,
    /// Time to make a decided block durable.
    pub chain_decision_sync_seconds: Histogram,
    /// Proposals this node made.
    pub chain_proposals: Counter,
    /// Proposals this node refused.
    pub chain_proposals_rejected: Counter,
    /// Queries refused for want of room.
    pub query_busy: Counter,
}

fn seconds() -> Histogram {
    // 100 microseconds to 26 seconds.
    Histogram::new(exponential_buckets(0.000_1, 2.0, 18))
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            mempool_size: Gauge::default(),
            mempool_size_bytes: Gauge::default(),
            mempool_accepted: Counter::default(),
            mempool_rejected: Family::default(),
            mempool_evicted: Counter::default(),
            exec_block_seconds: seconds(),
            exec_gas_per_second: Gauge::default(),
            exec_txs: Counter::default(),
            exec_gas: Counter::default(),
            state_root_seconds: seconds(),
            state_commit_seconds: seconds(),
            state_retained_from_height: Gauge::default(),
            chain_height: Gauge::default(),
            chain_timestamp_seconds: Gauge::default(),
            chain_block_interval_seconds: seconds(),
            chain_decision_sync_seconds: seconds(),
            chain_proposals: Counter::default(),
            chain_proposals_rejected: Counter::default(),
            query_busy: Counter::default(),
        }
    }
}

impl Metrics {
    /// Puts everything into a registry. Counters get their `_total` from the encoder.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("mempool_size", "Transactions in the pool", self.mempool_size.clone());
        registry.register("mempool_size_bytes", "Raw bytes in the pool", self.mempool_size_bytes.clone());
        registry.register("mempool_accepted", "Transactions taken into the pool", self.mempool_accepted.clone());
        registry.register("mempool_rejected", "Transactions refused", self.mempool_rejected.clone());
        registry.register("mempool_evicted", "Transactions evicted or expired", self.mempool_evicted.clone());
        registry.register("exec_block_seconds", "Time to execute a block", self.exec_block_seconds.clone());
        registry.register("exec_gas_per_second", "Execution speed", self.exec_gas_per_second.clone());
        registry.register("exec_txs", "Transactions in committed blocks", self.exec_txs.clone());
        registry.register("exec_gas", "Gas in committed blocks", self.exec_gas.clone());
        registry.register(
            "state_commit_seconds",
            "Time to write the state of a block",
            self.state_commit_seconds.clone(),
        );
        registry.register(
            "state_root_seconds",
            "Time to compute the roots of a block",
            self.state_root_seconds.clone(),
        );
        let retained = self.state_retained_from_height.clone();
        registry.register("state_retained_from_height", "Oldest height with state", retained);
        registry.register("chain_height", "Newest committed height", self.chain_height.clone());
        registry.register("chain_timestamp_seconds", "Newest block time", self.chain_timestamp_seconds.clone());
        let interval = self.chain_block_interval_seconds.clone();
        registry.register("chain_block_interval_seconds", "Block time to block time", interval);
        let sync = self.chain_decision_sync_seconds.clone();
        registry.register("chain_decision_sync_seconds", "Time to make a decision durable", sync);
        registry.register("chain_proposals", "Proposals made", self.chain_proposals.clone());
        registry.register("chain_proposals_rejected", "Proposals refused", self.chain_proposals_rejected.clone());
        registry.register("query_busy", "Queries refused for want of room", self.query_busy.clone());
    }
}
