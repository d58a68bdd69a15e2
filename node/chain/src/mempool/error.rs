//! Why the pool refuses a transaction that the chain's rules would admit.

use alloy_primitives::{Address, U256};
use thiserror::Error;

/// A refusal by the pool. Nothing of it is consensus.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PoolError {
    /// The nonce was used already.
    #[error("nonce too low: next nonce {expected}, tx nonce {got}")]
    NonceTooLow {
        /// The sender's next nonce.
        expected: u64,
        /// Nonce of the transaction.
        got: u64,
    },
    /// The nonce is further ahead than the pool keeps room for.
    #[error("nonce too high: next nonce {expected}, tx nonce {got}, at most {ahead_max} ahead")]
    NonceTooHigh {
        /// The nonce that would be executable next.
        expected: u64,
        /// Nonce of the transaction.
        got: u64,
        /// How far ahead a nonce may be.
        ahead_max: u64,
    },
    /// With what the sender already has in the pool, its balance does not reach.
    #[error("insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, tx cost {cost}")]
    InsufficientFunds {
        /// Balance at the head, in wei.
        balance: U256,
        /// Cost of the sender's earlier transactions in the pool, in wei.
        queued: U256,
        /// Cost of this one, in wei.
        cost: U256,
    },
    /// A transaction with this nonce waits already, and both fee caps must rise by a tenth to replace it.
    #[error("replacement transaction underpriced: needs maxFeePerGas {fee_min} and maxPriorityFeePerGas {tip_min}")]
    ReplacementUnderpriced {
        /// Least fee cap of a replacement, in wei per gas.
        fee_min: u128,
        /// Least tip cap of a replacement, in wei per gas.
        tip_min: u128,
    },
    /// The sender has as many transactions, or bytes, in the pool as one may have.
    #[error(
        "the sender has {count} transactions and {bytes} bytes in the pool; the limit is {count_max} and {bytes_max}"
    )]
    SenderLimit {
        /// Transactions of the sender.
        count: usize,
        /// Bytes of the sender.
        bytes: usize,
        /// Most transactions of one sender.
        count_max: usize,
        /// Most bytes of one sender.
        bytes_max: usize,
    },
    /// The pool is full of transactions that pay more.
    #[error("txpool is full: a tip of more than {tip_min} wei per gas is needed")]
    Full {
        /// Effective tip to beat, in wei per gas.
        tip_min: u128,
    },
    /// The account has code, a delegation or a pending authorisation, and one transaction in the pool already.
    #[error("account {address} is delegated or about to be and may have only one transaction in the pool")]
    OnePending {
        /// The account.
        address: Address,
    },
    /// An authorisation is for an account that has transactions in the pool.
    #[error("authority {address} has transactions in the pool")]
    AuthorityReserved {
        /// The account.
        address: Address,
    },
}

impl PoolError {
    /// Stable machine-readable reason, in snake case.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NonceTooLow { .. } => "nonce_too_low",
            Self::NonceTooHigh { .. } => "nonce_too_high",
            Self::InsufficientFunds { .. } => "insufficient_funds",
            Self::ReplacementUnderpriced { .. } => "replacement_underpriced",
            Self::SenderLimit { .. } => "sender_limit",
            Self::Full { .. } => "pool_full",
            Self::OnePending { .. } => "delegated_account_limit",
            Self::AuthorityReserved { .. } => "authority_reserved",
        }
    }

    /// The nonce that the sender should use, where the nonce is the trouble.
    pub const fn expected_nonce(&self) -> Option<u64> {
        match self {
            Self::NonceTooLow { expected, .. } | Self::NonceTooHigh { expected, .. } => Some(*expected),
            _ => None,
        }
    }
}
