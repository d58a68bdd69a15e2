//! Queries that execute or search: calls, estimates, traces, logs, fees, proofs.

use crate::types::{BlockRef, ReadError};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::state::StateOverride;
use alloy_rpc_types_eth::{AccessList, BlockOverrides, TransactionRequest};
use assay_primitives::{Log, TimestampMs};
use thiserror::Error;

/// A message to execute without committing it.
#[derive(Clone, Debug)]
pub struct CallQuery {
    /// The message; missing fields have Ethereum's defaults.
    pub request: TransactionRequest,
    /// Against the state after this block.
    pub block: BlockRef,
    /// Accounts to change first.
    pub state_overrides: Option<StateOverride>,
    /// Header fields to change first.
    pub block_overrides: Option<Box<BlockOverrides>>,
}

impl CallQuery {
    /// A message against a block, nothing overridden.
    pub const fn new(request: TransactionRequest, block: BlockRef) -> Self {
        Self { request, block, state_overrides: None, block_overrides: None }
    }
}

/// An access list for a message, and the gas it uses with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessListOutcome {
    /// The list.
    pub access_list: AccessList,
    /// Gas used with the list.
    pub gas_used: u64,
    /// Why execution failed, where it did.
    pub error: Option<String>,
}

/// Why a message has no result.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum CallError {
    /// It reverted; these are the raw revert data.
    #[error("execution reverted")]
    Reverted(Bytes),
    /// It halted: out of gas, invalid opcode, ...
    #[error("{0}")]
    Halted(String),
    /// It may not run at all: funds, nonce, fee, intrinsic gas.
    #[error("{message}")]
    Invalid {
        /// Stable machine-readable reason, in snake case.
        reason: &'static str,
        /// For people; in geth's words where geth has some.
        message: String,
    },
    /// The query itself makes no sense (conflicting fields, an unknown tracer).
    #[error("{0}")]
    BadQuery(String),
    /// No such transaction.
    #[error("transaction not found")]
    UnknownTransaction,
    /// It ran into the time cap of a query.
    #[error("execution aborted (timeout = {timeout_ms} ms)")]
    TimedOut {
        /// The cap, in milliseconds.
        timeout_ms: u64,
    },
    /// Block or state cannot be read, or the node is busy or has stopped.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Which logs to find.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// First height.
    pub from: u64,
    /// Last height, inclusive.
    pub to: u64,
    /// Any of these emitters; empty: all.
    pub addresses: Vec<Address>,
    /// Per position any of these topics; empty: all. At most 4 positions.
    pub topics: Vec<Vec<B256>>,
}

impl LogQuery {
    /// Whether a log is wanted, its height aside.
    pub fn matches(&self, log: &Log) -> bool {
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.len()
                <= log
                    .topics()
                    .len()
                    .max(self.topics.iter().rposition(|t| !t.is_empty()).map_or(0, |i| i.saturating_add(1)))
            && self
                .topics
                .iter()
                .enumerate()
                .all(|(i, wanted)| wanted.is_empty() || log.topics().get(i).is_some_and(|topic| wanted.contains(topic)))
    }
}

/// A log and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The log.
    pub log: Log,
    /// Height.
    pub block_number: u64,
    /// Hash of the execution header.
    pub block_hash: B256,
    /// Block time.
    pub timestamp_ms: TimestampMs,
    /// Hash of the transaction.
    pub transaction_hash: B256,
    /// Position of the transaction in the block.
    pub transaction_index: u64,
    /// Position of the log in the block.
    pub log_index: u64,
}

/// Fees of a range of blocks, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeeHistory {
    /// First height of the range.
    pub oldest: u64,
    /// Base fee of each block, in wei, and of the one that follows the range.
    pub base_fees: Vec<u64>,
    /// Gas used over gas limit of each block.
    pub gas_used_ratios: Vec<f64>,
    /// Per block the effective tips at the percentiles asked for, weighed by gas; zeros for an empty block.
    pub rewards: Vec<Vec<u128>>,
}

/// A proof of a storage slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotProof {
    /// The slot.
    pub slot: U256,
    /// Its value.
    pub value: U256,
    /// Trie nodes from the storage root down.
    pub proof: Vec<Bytes>,
}

/// A proof of an account and of some of its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account.
    pub address: Address,
    /// Nonce; 0 where the account does not exist.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// keccak of the code; `KECCAK256_EMPTY` for none.
    pub code_hash: B256,
    /// Root of the storage trie.
    pub storage_root: B256,
    /// Trie nodes from the state root down.
    pub proof: Vec<Bytes>,
    /// The slots asked for, in the order asked for.
    pub slots: Vec<SlotProof>,
}
