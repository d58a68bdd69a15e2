//! The store's handle: where it stands, installing blocks, views.

use crate::commitment::{Commitments, PreparedState, updates};
use crate::database::{Database, Durability};
use crate::error::{HistoryError, StoreError};
use crate::open::Recovered;
use crate::options::{ChainIdentity, StoreOptions};
use crate::recent::Recent;
use crate::records::{ApplyBlock, DecidedHead, Head, HeaderRecord, ReceiptRecord, encode_receipts};
use crate::state::StateWriter;
use crate::tables::Table;
use crate::undo::UndoRecord;
use crate::view::StateAt;
use crate::watermark::Watermark;
use alloy_primitives::B256;
use assay_kernel::{Commitment, StateChanges, StateView};
use assay_primitives::{BlockId, ExecutionHeader, Fault, Height, codec};
use borsh::{BorshDeserialize, BorshSerialize};
use parking_lot::{Mutex, RwLock};
use rocksdb::{WaitForCompactOptions, WriteBatch};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many heights below the latest can be proven.
pub const PROOF_HEIGHTS: u64 = 128;
/// Entries of history kept beyond the promised heights, so that a view taken at the oldest height stays readable for as
/// long as any call may run, and a replay after power loss finds what it had.
pub(crate) const HISTORY_MARGIN: u64 = 1024;

pub(crate) const META_IDENTITY: &[u8] = b"identity";
pub(crate) const META_STATE: &[u8] = b"state";
/// Height up to which `history` is complete.
pub(crate) const META_HISTORY: &[u8] = b"history";

/// Which height the state tables show; written in the same batch as they.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StateMarker {
    pub height: Height,
    pub block_id: BlockId,
    pub hash: B256,
    pub state_root: B256,
    /// Oldest height that history reaches back to.
    pub history_start: Height,
}

pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) options: StoreOptions,
    pub(crate) watermark: Watermark,
    pub(crate) identity: RwLock<Option<ChainIdentity>>,
    pub(crate) head: RwLock<Option<Arc<Head>>>,
    pub(crate) history_start: AtomicU64,
    pub(crate) decided: RwLock<Option<DecidedHead>>,
    /// The height whose batch was announced last; views compare with it.
    pub(crate) begun: AtomicU64,
    pub(crate) commitments: Commitments,
    pub(crate) recent: Recent,
    /// Held by whoever writes the ledger or the state: writers follow one another.
    pub(crate) writer: Mutex<()>,
    pub(crate) recovered: Vec<Recovered>,
    /// Released last: another process may open only when the database is closed.
    pub(crate) _lock: File,
}

/// An open store; clones share it, and it closes with the last of them.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.inner.database.path.display())
    }
}

impl Inner {
    pub(crate) fn has_begun_above(&self, height: Height) -> bool {
        self.begun.load(Ordering::SeqCst) > height.get()
    }

    /// Refuses a view so old that history may have dropped what it needs.
    pub(crate) fn check_history(&self, height: Height) -> Result<(), Fault> {
        let start = self.history_start.load(Ordering::SeqCst);
        if height.get().saturating_add(HISTORY_MARGIN) < start {
            return Err(Fault::invariant(format!("a view of height {height} was kept until history began at {start}")));
        }
        Ok(())
    }

    pub(crate) fn latest(&self) -> Result<Arc<Head>, Fault> {
        self.head.read().clone().ok_or_else(|| Fault::invariant("the store holds no genesis yet"))
    }
}

impl Store {
    /// Opens a store, creating it where there is none, and examines what a crash may have left behind.
    ///
    /// # Errors
    /// See [`StoreError`]; every variant names the file concerned and what to do.
    pub fn open(path: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        crate::open::open(path, options)
    }

    /// What was dropped or repaired silently at open: torn ends of logs. Nothing acknowledged is among it.
    pub fn recovered(&self) -> &[Recovered] {
        &self.inner.recovered
    }

    /// The chain this store belongs to, once it has a genesis.
    pub fn identity(&self) -> Option<ChainIdentity> {
        *self.inner.identity.read()
    }

    /// Where the executed state stands; `None` before genesis, or where a repair dropped the state.
    pub fn head(&self) -> Option<Arc<Head>> {
        self.inner.head.read().clone()
    }

    /// The highest decided block; `None` before height 1.
    pub fn decided_head(&self) -> Option<DecidedHead> {
        *self.inner.decided.read()
    }

    /// Installs genesis: header and state of height 0. Synced on return. Also used when a repair dropped the state.
    ///
    /// # Errors
    /// [`StoreError::WrongChain`] where the store belongs to another chain; a fault where the state is not the header's.
    pub fn init_genesis(
        &self,
        header: &ExecutionHeader,
        changes: StateChanges,
        chain_id: u64,
        spec_hash: B256,
    ) -> Result<(), StoreError> {
        let hash = header.hash_slow();
        let identity = ChainIdentity { chain_id, genesis_hash: hash, spec_hash };
        crate::open::check_chain(&self.inner.database.path, self.identity(), Some(identity))?;
        if self.inner.head.read().is_some() {
            return Ok(());
        }
        let prepared = self.prepare(changes)?;
        let block =
            ApplyBlock { block_id: BlockId::default(), header, prepared, receipts: &[], system_transaction: None };
        let _writer = self.inner.writer.lock();
        let mut batch = WriteBatch::default();
        batch.put_cf(self.inner.database.table(Table::Meta)?, META_IDENTITY, codec::encode(&identity));
        self.install(block, Height::ZERO, hash, batch, Durability::Synced)?;
        *self.inner.identity.write() = Some(identity);
        Ok(())
    }

    /// Installs an executed block in one batch: state, trie, header, receipts, transaction index, history. Written, not
    /// synced: after power loss the block is executed again from the ledger.
    ///
    /// # Errors
    /// A fault where the block does not follow the head, was not decided, or its root is not the header's; nothing is
    /// written then.
    pub fn apply(&self, block: ApplyBlock<'_>) -> Result<Arc<Head>, Fault> {
        let _writer = self.inner.writer.lock();
        let head = self.inner.latest()?;
        let height = Height(block.header.number);
        if height != head.height.next() || block.header.parent_hash != head.hash {
            return Err(Fault::invariant(format!("block {height} does not follow the head at {}", head.height)));
        }
        if self.decided_head().is_none_or(|decided| decided.height < height) {
            return Err(Fault::invariant(format!("block {height} is to be installed before it is decided")));
        }
        let hash = block.header.hash_slow();
        self.install(block, height, hash, WriteBatch::default(), Durability::Written)?;
        self.inner.latest()
    }

    fn install(
        &self,
        block: ApplyBlock<'_>,
        height: Height,
        hash: B256,
        mut batch: WriteBatch,
        durability: Durability,
    ) -> Result<(), Fault> {
        let inner = &self.inner;
        let PreparedState { base, changes, trie: prepared } = block.prepared;
        if base != inner.head.read().as_ref().map(|head| head.height) {
            return Err(Fault::invariant(format!("the state of block {height} was prepared on another height")));
        }
        let state_root = prepared.root();
        if state_root != block.header.state_root {
            let expected = block.header.state_root;
            return Err(Fault::corrupt(format!("block {height}: state root {state_root}, its header has {expected}")));
        }
        let writer = StateWriter::new(&inner.database)?;
        let undo = writer.write(&changes, prepared.overwritten(), &mut batch)?;
        let record = HeaderRecord {
            hash,
            rlp: alloy_rlp::encode(block.header),
            block_id: block.block_id,
            system_transaction: block.system_transaction.map(|raw| raw.to_vec()),
        };
        self.write_outcome(height, &record, block.receipts, &mut batch)?;
        let history_start = self.write_history(height, &undo, &mut batch)?;
        let marker = StateMarker { height, block_id: block.block_id, hash, state_root, history_start };
        batch.put_cf(inner.database.table(Table::Meta)?, META_STATE, codec::encode(&marker));
        let head = Head { height, block_id: block.block_id, hash, header: block.header.clone() };

        // Nodes on disk, trie in memory and head change together for whoever proves or prepares.
        let mut resident = inner.commitments.resident.write();
        inner.begun.store(height.get(), Ordering::SeqCst);
        inner.recent.add(height, undo);
        inner.database.write(batch, durability)?;
        resident.install(&inner.database, height, prepared)?;
        inner.history_start.store(history_start.get(), Ordering::SeqCst);
        inner.database.floor.raise(history_start.get().saturating_sub(HISTORY_MARGIN));
        *inner.head.write() = Some(Arc::new(head));
        drop(resident);
        inner.recent.index(&inner.database, height)
    }

    /// Header, receipts and transaction index of a block.
    fn write_outcome(
        &self,
        height: Height,
        record: &HeaderRecord,
        receipts: &[ReceiptRecord],
        batch: &mut WriteBatch,
    ) -> Result<(), Fault> {
        let database = &self.inner.database;
        let height = height.get().to_be_bytes();
        batch.put_cf(database.table(Table::Headers)?, height, codec::encode(record));
        batch.put_cf(database.table(Table::HeaderIndex)?, record.hash, height);
        if receipts.is_empty() {
            return Ok(());
        }
        batch.put_cf(database.table(Table::Receipts)?, height, encode_receipts(receipts));
        let index_table = database.table(Table::Transactions)?;
        for (index, record) in (0u32..).zip(receipts) {
            let mut location = [0; 12];
            location[..8].copy_from_slice(&height);
            location[8..].copy_from_slice(&index.to_be_bytes());
            batch.put_cf(index_table, record.tx_hash, location);
        }
        Ok(())
    }

    /// The block's undo record, and the removal of the one that no proof needs any more. Returns where history begins.
    fn write_history(&self, height: Height, undo: &UndoRecord, batch: &mut WriteBatch) -> Result<Height, Fault> {
        let table = self.inner.database.table(Table::Undo)?;
        batch.put_cf(table, height.get().to_be_bytes(), undo.bytes());
        if let Some(old) = height.get().checked_sub(PROOF_HEIGHTS) {
            batch.delete_cf(table, old.to_be_bytes());
        }
        let start = height.saturating_sub(self.inner.options.history_heights);
        Ok(start.max(Height(self.inner.history_start.load(Ordering::SeqCst))))
    }

    /// The state at the latest height.
    ///
    /// # Errors
    /// A fault before genesis.
    pub fn view_latest(&self) -> Result<StateAt, Fault> {
        let head = self.inner.latest()?;
        Ok(StateAt { inner: Arc::clone(&self.inner), height: head.height })
    }

    /// The state at a height, for callers that take any view.
    ///
    /// # Errors
    /// [`HistoryError`] with the bound where the height is too old or not there yet.
    pub fn view_at(&self, height: Height) -> Result<Arc<dyn StateView>, HistoryError> {
        Ok(Arc::new(self.state_at(height)?))
    }

    /// The state at a height.
    ///
    /// # Errors
    /// [`HistoryError`] with the bound where the height is too old or not there yet.
    pub fn state_at(&self, height: Height) -> Result<StateAt, HistoryError> {
        let latest = self.inner.latest()?.height;
        if height > latest {
            return Err(HistoryError::Future { height, latest });
        }
        let oldest = self.oldest_height();
        if height < oldest {
            return Err(HistoryError::Pruned { height, oldest, bound: self.inner.options.history_heights });
        }
        Ok(StateAt { inner: Arc::clone(&self.inner), height })
    }

    /// Writes everything in memory to table files and waits for the compactions that follow: before copying the folder
    /// of a running node, and to measure all of a write's cost.
    ///
    /// # Errors
    /// A fault of the disk.
    pub fn flush(&self) -> Result<(), Fault> {
        let database = &self.inner.database;
        for table in Table::ALL {
            database.db.flush_cf(database.table(table)?).map_err(|error| database.fault(&error))?;
        }
        database.db.wait_for_compact(&WaitForCompactOptions::default()).map_err(|error| database.fault(&error))
    }

    /// The oldest height whose state can be read.
    pub fn oldest_height(&self) -> Height {
        Height(self.inner.history_start.load(Ordering::SeqCst))
    }
}

impl Commitment for Store {
    fn root_after(&self, changes: &StateChanges) -> Result<B256, Fault> {
        let resident = self.inner.commitments.resident.read();
        Ok(resident.trie.prepare(&self.inner.database, updates(changes))?.root())
    }
}
