//! What the chain hands out: committed blocks, pool listings, queries and their errors.

use crate::mempool::PoolError;
use alloy_consensus::TxEnvelope;
use alloy_primitives::{Address, B256, Bytes};
use assay_primitives::{BlockId, ExecutionHeader, Fault, Receipt, TimestampMs, TxError};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// A transaction of a committed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedTx {
    /// keccak of the raw bytes.
    pub hash: B256,
    /// Who signed; the zero address for a system transaction.
    pub sender: Address,
    /// The decoded transaction; `None` for a system transaction (type 0x7e), which only its raw bytes describe.
    pub envelope: Option<TxEnvelope>,
    /// EIP-2718 bytes.
    pub raw: Bytes,
}

/// A receipt and what goes with it in `eth_getTransactionReceipt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedReceipt {
    /// The consensus receipt.
    pub receipt: Receipt,
    /// Gas of this transaction alone.
    pub gas_used: u64,
    /// Price per gas that was paid, in wei.
    pub effective_gas_price: u128,
    /// The contract a creation made.
    pub contract_address: Option<Address>,
    /// Index in the block of this receipt's first log.
    pub first_log_index: u64,
}

/// A block that is decided, executed and durable: the only kind a client ever sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBlock {
    /// The execution header.
    pub header: ExecutionHeader,
    /// keccak(RLP(header)).
    pub hash: B256,
    /// Id of the ordering block.
    pub ordering_id: BlockId,
    /// Block time in milliseconds (`header.timestamp` has the whole seconds).
    pub timestamp_ms: TimestampMs,
    /// Transactions in order, a system transaction last where there is one.
    pub transactions: Vec<CommittedTx>,
    /// Their receipts.
    pub receipts: Vec<CommittedReceipt>,
}

impl CommittedBlock {
    /// The height.
    pub const fn number(&self) -> u64 {
        self.header.number
    }
}

/// A transaction's place in a block.
#[derive(Clone, Debug)]
pub struct TxLocation {
    /// The block.
    pub block: Arc<CommittedBlock>,
    /// Position of the transaction and of its receipt.
    pub index: usize,
}

impl TxLocation {
    /// The transaction; always there.
    pub fn transaction(&self) -> Option<&CommittedTx> {
        self.block.transactions.get(self.index)
    }

    /// Its receipt; always there.
    pub fn receipt(&self) -> Option<&CommittedReceipt> {
        self.block.receipts.get(self.index)
    }
}

/// Which block a query means. Tags are the caller's: `latest`, `safe`, `finalized` and `pending` are all [`Self::Latest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockRef {
    /// The newest committed block.
    Latest,
    /// By height.
    Number(u64),
    /// By hash of the execution header.
    Hash(B256),
}

/// What happens on the chain. A receiver that lags gets `Lagged(n)` from the channel and skips `n` events.
#[derive(Clone, Debug)]
pub enum ChainEvent {
    /// A block was committed.
    NewBlock(Arc<CommittedBlock>),
    /// A transaction entered the pool.
    PendingTx(Arc<assay_primitives::CheckedTx>),
}

/// How the chain fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Newest committed height.
    pub height: u64,
    /// Its block time.
    pub timestamp_ms: TimestampMs,
    /// How long ago it was committed by this process; `None` before the first.
    pub since_commit: Option<Duration>,
    /// Whether transactions wait in the pool that the next block could take.
    pub work_waiting: bool,
    /// Why the chain refuses to go on, where it does.
    pub stopped: Option<String>,
}

/// How full the pool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Transactions that can go into the next blocks, in nonce order without a gap.
    pub pending: usize,
    /// Transactions behind a nonce gap or beyond the sender's balance.
    pub queued: usize,
    /// Bytes of all.
    pub bytes: usize,
}

/// The pool's transactions of one sender, by nonce.
#[derive(Clone, Debug, Default)]
pub struct SenderContent {
    /// The sender.
    pub sender: Address,
    /// Executable now, in nonce order.
    pub pending: Vec<Arc<assay_primitives::CheckedTx>>,
    /// Not executable yet.
    pub queued: Vec<Arc<assay_primitives::CheckedTx>>,
}

/// Why a transaction was not accepted.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum SubmitError {
    /// Not a transaction of this chain at all.
    #[error(transparent)]
    Malformed(#[from] TxError),
    /// Refused by the rules of the chain.
    #[error("{message}")]
    Rejected {
        /// Stable machine-readable reason, in snake case (`nonce_too_low`, `insufficient_funds`, ...).
        reason: &'static str,
        /// The nonce the chain expects of this sender, for nonce errors.
        expected_nonce: Option<u64>,
        /// For people; in geth's words where geth has some.
        message: String,
    },
    /// Refused by the bounds of the pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// Too much to do; try again.
    #[error("node is busy; retry after {retry_after_ms} ms")]
    Busy {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// It would not survive a kill, since the pool's journal cannot be written; what is not kept is not taken.
    #[error("the transaction cannot be kept: {0}")]
    Unkept(String),
    /// The chain has stopped.
    #[error("the chain has stopped: {0}")]
    Stopped(String),
}

impl SubmitError {
    /// Stable machine-readable reason, in snake case.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(TxError::TooLarge { .. }) => "oversized",
            Self::Malformed(TxError::Malformed(_)) => "malformed",
            Self::Malformed(TxError::Blob) => "blob_unsupported",
            Self::Malformed(TxError::Signature(_)) => "invalid_signature",
            Self::Rejected { reason, .. } => reason,
            Self::Pool(error) => error.reason(),
            Self::Busy { .. } => "busy",
            Self::Unkept(_) => "disk",
            Self::Stopped(_) => "stopped",
        }
    }

    /// The nonce the chain expects of this sender, where the nonce is the trouble.
    pub const fn expected_nonce(&self) -> Option<u64> {
        match self {
            Self::Rejected { expected_nonce, .. } => *expected_nonce,
            Self::Pool(error) => error.expected_nonce(),
            _ => None,
        }
    }
}

/// Why `submit_and_wait` has no receipt.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum WaitError {
    /// The transaction was not accepted.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// It is in the pool, but in no block yet.
    #[error("the transaction was added to the mempool but was not processed within {timeout_ms} ms")]
    TimedOut {
        /// Hash of the transaction.
        hash: B256,
        /// How long was waited.
        timeout_ms: u64,
        /// The nonce the chain expects of this sender next, where it is below the transaction's (a gap).
        expected_nonce: Option<u64>,
    },
    /// The chain failed meanwhile.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a read has no answer.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum ReadError {
    /// No such block.
    #[error("header not found")]
    UnknownBlock,
    /// The state of that height is no longer kept.
    #[error("state at block {height} is pruned; the oldest kept is {oldest}")]
    Pruned {
        /// Height asked for.
        height: u64,
        /// Oldest height that can be read.
        oldest: u64,
    },
    /// The range is larger than one query may span.
    #[error("range of {blocks} blocks exceeds the limit of {max_blocks}")]
    RangeTooLarge {
        /// Blocks asked for.
        blocks: u64,
        /// Most blocks of a query.
        max_blocks: u64,
        /// Last block of a range that would be accepted.
        suggested_to: u64,
    },
    /// More results than one answer may hold.
    #[error("query returned more than {max_results} results")]
    TooManyResults {
        /// Most results of a query.
        max_results: usize,
        /// Last block of a range that would be accepted; below the first block where one block alone is too much.
        suggested_to: u64,
    },
    /// First block above last block, or above the head.
    #[error("invalid block range")]
    InvalidRange,
    /// Too much to do; try again.
    #[error("node is busy; retry after {retry_after_ms} ms")]
    Busy {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// The chain has stopped.
    #[error("the chain has stopped: {0}")]
    Stopped(String),
    /// A fault of this node, as text.
    #[error("{0}")]
    Fault(String),
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault.to_string())
    }
}
