//! What a chain is opened with. Nothing here changes the result of a block.

use crate::mempool::PoolLimits;
use assay_primitives::ConsensusAddress;
use assay_primitives::vrf::RandomnessSecret;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who this node proposes as.
#[derive(Clone, Debug)]
pub struct ProposerIdentity {
    /// Address of the consensus key.
    pub address: ConsensusAddress,
    /// Key of the randomness VRF.
    pub randomness: RandomnessSecret,
}

/// Bounds of queries, so that they never starve consensus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Threads that execute queries; 1 or 2.
    pub threads: usize,
    /// Queries that may wait for a thread.
    pub queue_max: usize,
    /// Most gas of a simulated call.
    pub gas_cap: u64,
    /// How long a caller waits for a query, in milliseconds; the gas cap ends the query itself.
    pub timeout_ms: u64,
    /// Most blocks of a log query.
    pub log_blocks_max: u64,
    /// Most results of a log query.
    pub logs_max: usize,
    /// Most callers that may wait for a receipt.
    pub waiters_max: usize,
}

impl QueryLimits {
    /// Bounds for a node on few cores.
    pub const fn standard() -> Self {
        Self {
            threads: 2,
            queue_max: 256,
            gas_cap: 50_000_000,
            timeout_ms: 10_000,
            log_blocks_max: 10_000,
            logs_max: 20_000,
            waiters_max: 16_384,
        }
    }
}

/// Milliseconds since the Unix epoch, as a function so that tests and simulation set the time.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The clock of the machine.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Settings of a chain.
#[derive(Clone)]
pub struct ChainConfig {
    /// Who this node proposes as; `None` for a node that only follows.
    pub proposer: Option<ProposerIdentity>,
    /// Bounds of the pool.
    pub pool: PoolLimits,
    /// File of the pool's journal; `None` keeps the pool in memory only.
    pub journal: Option<PathBuf>,
    /// Bounds of queries.
    pub queries: QueryLimits,
    /// Threads that recover signatures; at least 1.
    pub recovery_threads: usize,
    /// Transactions that may wait for recovery; beyond, senders are told to come back.
    pub recovery_queue_max: usize,
    /// The clock.
    pub clock: Clock,
}

impl ChainConfig {
    /// Settings for a node that proposes as `proposer`, or follows.
    pub fn new(proposer: Option<ProposerIdentity>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self {
            proposer,
            pool: PoolLimits::standard(),
            journal: None,
            queries: QueryLimits::standard(),
            recovery_threads: cores.div_ceil(2).min(8),
            recovery_queue_max: 16_384,
            clock: system_clock(),
        }
    }
}

impl fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainConfig")
            .field("proposer", &self.proposer)
            .field("pool", &self.pool)
            .field("journal", &self.journal)
            .field("queries", &self.queries)
            .field("recovery_threads", &self.recovery_threads)
            .field("recovery_queue_max", &self.recovery_queue_max)
            .finish_non_exhaustive()
    }
}
