//! What a store is opened with.

use alloy_primitives::B256;
use borsh::{BorshDeserialize, BorshSerialize};

/// Which chain a store belongs to; written once with genesis and compared at every open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChainIdentity {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of the execution header of height 0.
    pub genesis_hash: B256,
    /// Hash of the chain specification.
    pub spec_hash: B256,
}

/// Settings of a store; none of them changes what is stored at the latest height.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Bytes of memory for caches: half for the trie, a quarter for the block cache, three sixteenths for memtables, a
    /// sixteenth for what the last blocks overwrote.
    pub memory_bytes: usize,
    /// How many heights below the latest can be read.
    pub history_heights: u64,
    /// The chain the caller expects; another one is refused.
    pub chain: Option<ChainIdentity>,
}

/// Heights of old state kept by default.
pub const HISTORY_HEIGHTS: u64 = 10_000;
/// Memory for caches by default, in bytes.
pub const MEMORY_BYTES: usize = 512 * 1024 * 1024;
/// Smallest budget that is honoured, in bytes; below it every option is set as if it were this.
pub const MEMORY_BYTES_MIN: usize = 32 * 1024 * 1024;

impl Default for StoreOptions {
    fn default() -> Self {
        Self { memory_bytes: MEMORY_BYTES, history_heights: HISTORY_HEIGHTS, chain: None }
    }
}

impl StoreOptions {
    fn budget(&self) -> usize {
        self.memory_bytes.max(MEMORY_BYTES_MIN)
    }

    /// Bytes for RocksDB's block cache: a quarter of the budget; the system's page cache stands behind it.
    pub(crate) fn cache_bytes(&self) -> usize {
        self.budget() / 4
    }

    /// Bytes for all memtables together: three sixteenths of the budget.
    pub(crate) fn write_buffer_bytes(&self) -> usize {
        self.budget() / 16 * 3
    }

    /// Bytes for the undo records of the last blocks, which go into history once they take more: a sixteenth of the budget.
    pub(crate) fn recent_bytes(&self) -> usize {
        self.budget() / 16
    }

    /// Bytes for trie nodes held in memory, those not written yet included: half of the budget, because what is not there
    /// costs a read and a hash for every level of every changed key.
    pub(crate) fn trie_bytes(&self) -> usize {
        self.budget() / 2
    }
}
