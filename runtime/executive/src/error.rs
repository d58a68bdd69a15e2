//! Why a block is refused, apart from faults of our own.

use crate::Reject;
use alloy_primitives::B256;
use assay_primitives::vrf::VrfError;
use assay_primitives::{BlockId, CodecError, ConsensusAddress, Fault, Height, TimestampMs, TxError};
use thiserror::Error;

/// Outcome of judging a block that is not executed.
#[derive(Debug, Error, Clone)]
pub enum BlockError {
    /// The block breaks a rule: every correct node refuses it.
    #[error("invalid block: {0}")]
    Invalid(#[from] InvalidBlock),
    /// This node failed; nothing is known about the block.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The rule a block breaks. The text is for the log and never enters consensus.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum InvalidBlock {
    /// Made for another chain.
    #[error("chain id {got}, this chain has {expected}")]
    ChainId {
        /// Ours.
        expected: u64,
        /// The block's.
        got: u64,
    },
    /// Not the next height.
    #[error("height {got}, expected {expected}")]
    Height {
        /// Height after the parent's.
        expected: Height,
        /// The block's.
        got: Height,
    },
    /// Not a child of the last block.
    #[error("parent {got}, expected {expected}")]
    ParentId {
        /// Id of the last block.
        expected: BlockId,
        /// The block's.
        got: BlockId,
    },
    /// The proposer disagrees about the state after the last block.
    #[error("previous execution hash {got}, expected {expected}")]
    PreviousExecutionHash {
        /// Hash of our header.
        expected: B256,
        /// The block's.
        got: B256,
    },
    /// Item 0 is no system payload.
    #[error("system payload: {0}")]
    Payload(#[from] CodecError),
    /// Time does not rise, or lies beyond all bounds.
    #[error("timestamp {got} ms, the parent has {parent} ms")]
    Timestamp {
        /// The parent's time.
        parent: TimestampMs,
        /// The block's.
        got: TimestampMs,
    },
    /// The creator is no validator of this height.
    #[error("creator {0} is no validator")]
    Creator(ConsensusAddress),
    /// The certificate of the height before breaks a rule.
    #[error("last commit: {0}")]
    LastCommit(&'static str),
    /// The late votes break a rule.
    #[error("late votes: {0}")]
    LateVotes(&'static str),
    /// The evidence breaks a rule.
    #[error("evidence: {0}")]
    Evidence(&'static str),
    /// The randomness proof does not verify.
    #[error("randomness: {0}")]
    Randomness(VrfError),
    /// An item that is no transaction.
    #[error("transaction {index}: {error}")]
    Undecodable {
        /// Index among the transactions, from 0.
        index: usize,
        /// What is wrong with it.
        error: TxError,
    },
    /// A transaction that can stand in no block now.
    #[error("transaction {index}: {reject}")]
    Transaction {
        /// Index among the transactions, from 0.
        index: usize,
        /// Why it must be refused.
        reject: Reject,
    },
}
