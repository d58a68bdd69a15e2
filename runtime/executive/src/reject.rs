//! Why a transaction can stand in no block: the mempool's answer to whoever sent it.

use alloy_primitives::{Address, U256};
use assay_primitives::Fault;
use assay_vm::{InvalidTx, TransactError};
use thiserror::Error;

/// Why a transaction was not admitted.
#[derive(Debug, Error, Clone)]
pub enum AdmitError {
    /// The transaction breaks a rule.
    #[error(transparent)]
    Rejected(#[from] Reject),
    /// This node failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a transaction is refused. Wording follows what Ethereum's clients look for.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum Reject {
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {got}, want {expected}")]
    ChainId {
        /// This chain's id.
        expected: u64,
        /// The transaction's.
        got: u64,
    },
    /// The sender has sent a transaction with this nonce already.
    #[error("nonce too low: next nonce {expected}, tx nonce {got}")]
    NonceTooLow {
        /// The sender's next nonce.
        expected: u64,
        /// The transaction's.
        got: u64,
    },
    /// Earlier transactions of the sender are missing (in a block only; the mempool queues).
    #[error("nonce too high: next nonce {expected}, tx nonce {got}")]
    NonceTooHigh {
        /// The sender's next nonce.
        expected: u64,
        /// The transaction's.
        got: u64,
    },
    /// EIP-2681: no account can have more than 2^64 - 2 transactions.
    #[error("nonce has max value: {0}")]
    NonceMax(u64),
    /// The sender cannot pay gas limit times fee cap plus value.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    InsufficientFunds {
        /// The sender's balance, in wei.
        balance: U256,
        /// What the transaction may cost, in wei.
        cost: U256,
    },
    /// The gas limit does not cover what is due before the first instruction.
    #[error("intrinsic gas too low: have {gas_limit}, want {required}")]
    IntrinsicGas {
        /// The transaction's gas limit.
        gas_limit: u64,
        /// What is due.
        required: u64,
    },
    /// The gas limit is over what a block, the rest of it, or a transaction (EIP-7825) may have.
    #[error("exceeds block gas limit: tx gas limit {gas_limit}, available {max}")]
    GasLimitTooHigh {
        /// The transaction's gas limit.
        gas_limit: u64,
        /// The largest that fits.
        max: u64,
    },
    /// The fee cap is below the base fee: of the block, or at admission below the floor under all base fees.
    #[error("max fee per gas less than block base fee: maxFeePerGas {max_fee}, baseFee {base_fee}")]
    FeeTooLow {
        /// The transaction's fee cap, in wei per gas.
        max_fee: u128,
        /// The base fee it must reach, in wei per gas.
        base_fee: u64,
    },
    /// EIP-1559: the tip is above the fee cap.
    #[error(
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas {priority}, maxFeePerGas {max_fee}"
    )]
    PriorityAboveMaxFee {
        /// The tip cap, in wei per gas.
        priority: u128,
        /// The fee cap, in wei per gas.
        max_fee: u128,
    },
    /// EIP-3860.
    #[error("max initcode size exceeded: code size {size}, limit {max}")]
    InitCodeTooLarge {
        /// Bytes of init code.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// EIP-7702: a set-code transaction without an authorization.
    #[error("set code transaction must not have an empty authorization list")]
    EmptyAuthorizationList,
    /// EIP-4844: this chain carries no blobs.
    #[error("blob transactions (type 3) are not supported on this chain")]
    Blob,
    /// EIP-3607: the sender is a contract.
    #[error("sender not an eoa: {0} has code")]
    SenderHasCode(Address),
    /// The gas fee or the balance does not fit into its number.
    #[error("fee or value overflow")]
    Overflow,
    /// The block under construction has no room for it.
    #[error("the block is full")]
    BlockFull,
    /// A rule that no transaction built by a wallet breaks.
    #[error("{0}")]
    Rule(String),
}

impl Reject {
    /// Whether a later block may take the same transaction.
    pub const fn may_pass_later(&self) -> bool {
        matches!(
            self,
            Self::NonceTooHigh { .. }
                | Self::InsufficientFunds { .. }
                | Self::GasLimitTooHigh { .. }
                | Self::FeeTooLow { .. }
                | Self::BlockFull
        )
    }
}

impl From<InvalidTx> for Reject {
    fn from(invalid: InvalidTx) -> Self {
        match invalid {
            InvalidTx::NonceTooLow { expected, got } => Self::NonceTooLow { expected, got },
            InvalidTx::NonceTooHigh { expected, got } => Self::NonceTooHigh { expected, got },
            InvalidTx::NonceMax => Self::NonceMax(u64::MAX),
            InvalidTx::InsufficientFunds { balance, cost } => Self::InsufficientFunds { balance, cost },
            InvalidTx::CostOverflow => Self::Overflow,
            InvalidTx::IntrinsicGas { required, limit } | InvalidTx::FloorGas { required, limit } => {
                Self::IntrinsicGas { gas_limit: limit, required }
            }
            InvalidTx::GasLimitCap { limit, cap } => Self::GasLimitTooHigh { gas_limit: limit, max: cap },
            InvalidTx::TypeNotSupported(3) | InvalidTx::Blob(_) => Self::Blob,
            other => Self::Rule(other.to_string()),
        }
    }
}

impl From<TransactError> for AdmitError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Invalid(invalid) => Self::Rejected(invalid.into()),
            TransactError::Fault(fault) => Self::Fault(fault),
        }
    }
}
