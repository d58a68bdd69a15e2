//! The synchronous core: everything the chain knows, and how it takes the next block. No async, no threads of its own.

mod advance;
mod commit;
mod evidence;
mod judge;
mod open;
mod outcome;
mod propose;
mod rotation;
mod votes;

pub use open::OpenError;

use crate::blocks::BlockCache;
use crate::config::ChainConfig;
use crate::journal::Journal;
use crate::mempool::Mempool;
use crate::metrics::Metrics;
use crate::types::{ChainEvent, CommittedBlock, Health, TxLocation};
use alloy_primitives::{B256, Bytes};
use assay_consensus::Rotation;
use assay_executive::{BlockError, Executive, Parent, decode_transactions};
use assay_primitives::{Block, Fault, Height};
use assay_store::{StateAt, Store};
use evidence::Carried;
use outcome::{Outcome, Outcomes};
use parking_lot::{Mutex, RwLock};
use rayon::ThreadPool;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::sync::{broadcast, oneshot};
use votes::LateVotes;

/// The newest committed block and what follows from it.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) block: Arc<CommittedBlock>,
    /// The same block as the executive sees it.
    pub(crate) parent: Parent,
    /// The state after it.
    pub(crate) view: StateAt,
    /// Base fee of the next block, in wei per gas.
    pub(crate) next_base_fee: u64,
    /// Who proposes the next block.
    pub(crate) rotation: Rotation,
    /// When this node took it up, by its own clock, in milliseconds.
    pub(crate) since_ms: u64,
}

impl Head {
    pub(crate) fn height(&self) -> Height {
        Height(self.block.number())
    }
}

/// Senders of events. Whoever lags is told how much it missed; nobody is waited for.
pub(crate) struct Events {
    pub(crate) all: broadcast::Sender<ChainEvent>,
    pub(crate) blocks: broadcast::Sender<Arc<CommittedBlock>>,
}

type Waiters = HashMap<B256, Vec<oneshot::Sender<TxLocation>>>;
type WorkListener = Box<dyn Fn() + Send + Sync>;
/// Told hash and raw bytes of every transaction that the pool has taken in.
pub(crate) type AcceptedListener = Box<dyn Fn(B256, &Bytes) + Send + Sync>;

/// The chain.
pub(crate) struct Core {
    pub(crate) executive: Arc<Executive>,
    pub(crate) store: Store,
    pub(crate) config: ChainConfig,
    /// Changed only with the pool locked: a pool never sees another head than its own.
    head: RwLock<Arc<Head>>,
    pub(crate) pool: Mutex<Mempool>,
    /// Locked before the pool where both are needed.
    pub(crate) journal: Mutex<Option<Journal>>,
    outcomes: Outcomes,
    late_votes: Mutex<LateVotes>,
    /// Evidence in the last blocks, once it was asked for.
    carried: Mutex<Option<Carried>>,
    pub(crate) waiters: Mutex<Waiters>,
    pub(crate) blocks: Mutex<BlockCache>,
    stopped: OnceLock<String>,
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
    /// Recovers the senders of proposals.
    pub(crate) decoding: ThreadPool,
    pub(crate) work_listener: OnceLock<WorkListener>,
    pub(crate) accepted_listener: OnceLock<AcceptedListener>,
    committed_at: Mutex<Option<Instant>>,
    /// The suggested tip, and the height it was computed at.
    pub(crate) suggestion: Mutex<Option<(u64, u128)>>,
}

impl Core {
    pub(crate) fn head(&self) -> Arc<Head> {
        self.head.read().clone()
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.config.clock)()
    }

    /// Refuses to go on after a fault.
    pub(crate) fn check_running(&self) -> Result<(), Fault> {
        match self.stopped.get() {
            Some(reason) => Err(Fault::invariant(format!("the chain has stopped: {reason}"))),
            None => Ok(()),
        }
    }

    pub(crate) fn stop_reason(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }

    /// Stops the chain for good; the first reason stays.
    pub(crate) fn stop(&self, reason: String) {
        if self.stopped.set(reason).is_ok() {
            tracing::error!(reason = self.stop_reason().unwrap_or_default(), "the chain has stopped");
        }
    }

    /// Passes a fault on and stops the chain for it.
    pub(crate) fn stop_on<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &result {
            self.stop(fault.to_string());
        }
        result
    }

    /// Runs one step of consensus; a fault of it stops the chain.
    pub(crate) fn step<T>(&self, step: impl FnOnce(&Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.check_running()?;
        self.stop_on(step(self))
    }

    /// Executes a block on the state of `head`.
    fn execute(&self, head: &Head, block: &Block) -> Result<Outcome, BlockError> {
        let txs = decode_transactions(block, Some(&self.decoding), &|hash| self.pool.lock().get(hash))?;
        let start = Instant::now();
        let executed = self.executive.execute_block(&head.view, &head.parent, block, &txs)?;
        self.observe_execution(executed.gas_used, start);
        Ok(Outcome { executed, txs })
    }

    fn observe_execution(&self, gas_used: u64, start: Instant) {
        let seconds = start.elapsed().as_secs_f64();
        self.metrics.exec_block_seconds.observe(seconds);
        if gas_used > 0 && seconds > 0.0 {
            #[allow(clippy::cast_precision_loss, reason = "a metric")]
            self.metrics.exec_gas_per_second.set(gas_used as f64 / seconds);
        }
    }

    pub(crate) fn health(&self) -> Health {
        let head = self.head();
        Health {
            height: head.block.number(),
            timestamp_ms: head.block.timestamp_ms,
            since_commit: self.committed_at.lock().map(|at| at.elapsed()),
            work_waiting: self.pool.lock().has_work(head.next_base_fee),
            stopped: self.stop_reason().map(str::to_owned),
        }
    }

    /// Tells whoever makes blocks on demand that there may be something to make one of.
    pub(crate) fn signal_work(&self) {
        if let Some(listener) = self.work_listener.get() {
            listener();
        }
    }
}
