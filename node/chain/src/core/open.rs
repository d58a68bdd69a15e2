//! Start: genesis, replay of decided blocks above the state, the pool's journal.

use super::rotation::rotation_at;
use super::{Core, Events, Head, LateVotes, Outcomes};
use crate::blocks::{BlockCache, load_block};
use crate::config::ChainConfig;
use crate::journal::{Journal, Replayed};
use crate::mempool::Mempool;
use crate::metrics::Metrics;
use assay_executive::{Executive, Parent};
use assay_genesis::SpecError;
use assay_primitives::{Fault, Height};
use assay_store::{Store, StoreError};
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::broadcast;

/// Blocks that a lagging receiver may be behind; it keeps them in memory.
const BLOCK_EVENTS: usize = 256;
/// Events of both kinds that a lagging receiver may be behind.
const ALL_EVENTS: usize = 4_096;
/// How often a long replay reports.
const PROGRESS: Duration = Duration::from_secs(2);

/// Why a chain does not start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The specification cannot be used.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The ledger cannot be executed again, or its state read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The pool's journal cannot be used.
    #[error("pool journal {path}: {error}")]
    Journal {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(String),
}

impl Core {
    /// Opens a chain and brings its state up to its ledger. The transactions of the journal are returned for admission.
    pub(crate) fn open(
        store: Store,
        executive: Arc<Executive>,
        config: ChainConfig,
    ) -> Result<(Self, Replayed), OpenError> {
        let ours = (executive.chain_id(), executive.spec_hash());
        let stored = store.identity().map(|identity| (identity.chain_id, identity.spec_hash));
        // Of another chain, the store itself says what is wrong.
        if store.head().is_none() || stored != Some(ours) {
            let genesis = executive.init_chain()?;
            store.init_genesis(&genesis.header, genesis.changes, executive.chain_id(), executive.spec_hash())?;
        }
        let head = Arc::new(stored_head(&store, &executive, (config.clock)())?);
        let (journal, replayed) = open_journal(&config)?;
        let decoding = rayon::ThreadPoolBuilder::new()
            .num_threads(config.recovery_threads.max(1))
            .thread_name(|index| format!("decode-{index}"))
            .build()
            .map_err(|error| OpenError::Thread(error.to_string()))?;
        let core = Self {
            pool: Mutex::new(Mempool::new(config.pool.clone(), head.next_base_fee)),
            head: RwLock::new(head),
            journal: Mutex::new(journal),
            outcomes: Outcomes::default(),
            late_votes: Mutex::new(LateVotes::default()),
            carried: Mutex::new(None),
            waiters: Mutex::new(HashMap::new()),
            blocks: Mutex::new(BlockCache::default()),
            stopped: OnceLock::new(),
            events: Events { all: broadcast::channel(ALL_EVENTS).0, blocks: broadcast::channel(BLOCK_EVENTS).0 },
            metrics: Metrics::default(),
            decoding,
            work_listener: OnceLock::new(),
            accepted_listener: OnceLock::new(),
            committed_at: Mutex::new(None),
            suggestion: Mutex::new(None),
            executive,
            store,
            config,
        };
        core.replay()?;
        let head = core.head();
        core.observe_start(&head);
        Ok((core, replayed))
    }

    /// Executes what was decided but not yet part of the state. Each block names the header hash before it, so a
    /// difference from what was agreed on shows.
    fn replay(&self) -> Result<(), Fault> {
        let Some(decided) = self.store.decided_head() else { return Ok(()) };
        let first = self.head().height();
        let mut reported = Instant::now();
        while self.head().height() < decided.height {
            let height = self.head().height().next();
            let block = self.store.block(height)?;
            let block = block.ok_or_else(|| Fault::corrupt(format!("the ledger has no block {height}")))?;
            self.install(&self.head(), &block)?;
            if reported.elapsed() >= PROGRESS {
                tracing::info!(%height, of = %decided.height, "executing decided blocks again");
                reported = Instant::now();
            }
        }
        let head = self.head();
        if head.height() > Height::ZERO && head.parent.block_id() != decided.block_id {
            return Err(Fault::corrupt(format!("the state at {} is not that of the ledger", head.height())));
        }
        if head.height() > first {
            tracing::info!(from = %first.next(), to = %head.height(), "executed decided blocks again");
        }
        Ok(())
    }

    fn observe_start(&self, head: &Head) {
        self.metrics.chain_height.set(i64::try_from(head.block.number()).unwrap_or(i64::MAX));
        let retained = self.store.oldest_height().get();
        self.metrics.state_retained_from_height.set(i64::try_from(retained).unwrap_or(i64::MAX));
    }
}

fn stored_head(store: &Store, executive: &Executive, since_ms: u64) -> Result<Head, Fault> {
    let stored = store.head().ok_or_else(|| Fault::invariant("the store holds no genesis"))?;
    let block = load_block(store, executive.spec().genesis_time_ms, stored.height)?
        .ok_or_else(|| Fault::corrupt(format!("the ledger has no block {}", stored.height)))?;
    Ok(Head {
        parent: Parent::new(block.header.clone(), block.timestamp_ms),
        view: store.view_latest()?,
        next_base_fee: executive.next_base_fee(&block.header),
        rotation: rotation_at(store, executive, stored.height.next())?,
        block: Arc::new(block),
        since_ms,
    })
}

fn open_journal(config: &ChainConfig) -> Result<(Option<Journal>, Replayed), OpenError> {
    let Some(path) = &config.journal else { return Ok((None, Replayed::default())) };
    let (journal, replayed) = Journal::open(path).map_err(|error| OpenError::Journal { path: path.clone(), error })?;
    if replayed.damaged > 0 || replayed.torn_bytes > 0 {
        tracing::warn!(
            path = %path.display(),
            damaged = replayed.damaged,
            torn_bytes = replayed.torn_bytes,
            "the pool journal was damaged; the other transactions were kept"
        );
    }
    Ok((Some(journal), replayed))
}
