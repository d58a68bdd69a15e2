//! How transactions end, and why one is not valid.

use alloy_primitives::{Address, Bytes, Log, U256};
use assay_primitives::Fault;
use thiserror::Error;

/// An exceptional end of a transaction; all its gas is used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HaltReason {
    /// Gas used up.
    #[error("out of gas")]
    OutOfGas,
    /// An undefined opcode, or one of a later fork.
    #[error("invalid opcode")]
    InvalidOpcode,
    /// The designated invalid instruction 0xFE.
    #[error("invalid opcode: INVALID")]
    InvalidFe,
    /// A jump to what is no JUMPDEST.
    #[error("invalid jump destination")]
    InvalidJump,
    /// Too few items on the stack.
    #[error("stack underflow")]
    StackUnderflow,
    /// More than 1,024 items on the stack.
    #[error("stack limit reached 1024")]
    StackOverflow,
    /// RETURNDATACOPY beyond the return data.
    #[error("return data out of bounds")]
    ReturnDataOutOfBounds,
    /// The account to create exists.
    #[error("contract address collision")]
    CreateCollision,
    /// A precompile refused its input.
    #[error("precompile failed")]
    Precompile,
    /// A nonce would exceed 2^64 - 2 (EIP-2681).
    #[error("nonce uint64 overflow")]
    NonceOverflow,
    /// Code over 24,576 bytes (EIP-170).
    #[error("max code size exceeded")]
    CodeSize,
    /// Init code over its bound (EIP-3860).
    #[error("max initcode size exceeded")]
    InitCodeSize,
    /// Code that starts with 0xEF and is no program of a known kind (EIP-3541).
    #[error("invalid code: must not begin with 0xef")]
    CodeStartsWithEf,
    /// A write in a static call.
    #[error("write protection")]
    StaticWrite,
    /// Value exceeds the balance.
    #[error("insufficient balance for transfer")]
    OutOfFunds,
    /// Frames nest too deep.
    #[error("max call depth exceeded")]
    CallTooDeep,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxStatus {
    /// Its effects stand.
    Success,
    /// It reverted; the output is its reason.
    Reverted,
    /// It ended exceptionally.
    Halted(HaltReason),
}

/// What a transaction did, apart from state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxOutcome {
    /// How it ended.
    pub status: TxStatus,
    /// Return data, code of a created contract, or reason of a revert.
    pub output: Bytes,
    /// Gas paid for: refunds deducted, the calldata floor (EIP-7623) applied.
    pub gas_used: u64,
    /// Refund that was deducted.
    pub gas_refunded: u64,
    /// Logs in order; none unless it succeeded.
    pub logs: Vec<Log>,
    /// Address of the contract it created.
    pub created: Option<Address>,
    /// Wei per gas that the sender paid.
    pub effective_gas_price: u128,
    /// Wei that ceased to exist: the burned share of the base fee, and blob fees.
    pub burned: U256,
    /// Wei of priority fees that the beneficiary received.
    pub tip: U256,
}

impl TxOutcome {
    /// Whether its effects stand.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, TxStatus::Success)
    }
}

/// Why a transaction cannot be part of a block. It has no effect at all then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidTx {
    /// The nonce was used.
    #[error("nonce too low: next nonce {expected}, tx nonce {got}")]
    NonceTooLow {
        /// Nonce of the account.
        expected: u64,
        /// Nonce of the transaction.
        got: u64,
    },
    /// Transactions with lower nonces are missing.
    #[error("nonce too high: next nonce {expected}, tx nonce {got}")]
    NonceTooHigh {
        /// Nonce of the account.
        expected: u64,
        /// Nonce of the transaction.
        got: u64,
    },
    /// The account has sent 2^64 - 1 transactions.
    #[error("nonce has max value")]
    NonceMax,
    /// The balance does not cover gas limit times fee cap, plus value.
    #[error("insufficient funds for gas * price + value: have {balance} want {cost}")]
    InsufficientFunds {
        /// Balance in wei.
        balance: U256,
        /// Most that the transaction can cost, in wei.
        cost: U256,
    },
    /// Gas limit times fee cap, plus value, exceeds 2^256 - 1.
    #[error("required funds exceed 256 bits")]
    CostOverflow,
    /// The gas limit does not cover the intrinsic gas.
    #[error("intrinsic gas too low: have {limit}, want {required}")]
    IntrinsicGas {
        /// Gas needed before any code runs.
        required: u64,
        /// Gas limit of the transaction.
        limit: u64,
    },
    /// The gas limit does not cover the calldata floor (EIP-7623).
    #[error("insufficient gas for floor data gas cost: have {limit}, want {required}")]
    FloorGas {
        /// Calldata floor.
        required: u64,
        /// Gas limit of the transaction.
        limit: u64,
    },
    /// The gas limit exceeds the cap of a transaction (EIP-7825).
    #[error("transaction gas limit too high (cap: {cap}, tx: {limit})")]
    GasLimitCap {
        /// Gas limit of the transaction.
        limit: u64,
        /// Largest allowed.
        cap: u64,
    },
    /// The gas limit exceeds that of the block.
    #[error("exceeds block gas limit")]
    BlockGasLimit,
    /// The fee cap is below the base fee.
    #[error("max fee per gas less than block base fee")]
    FeeCapBelowBaseFee,
    /// The priority fee cap exceeds the fee cap.
    #[error("max priority fee per gas higher than max fee per gas")]
    TipAboveFeeCap,
    /// The sender has code and no delegation (EIP-3607).
    #[error("sender not an eoa")]
    SenderHasCode,
    /// Init code over its bound (EIP-3860).
    #[error("max initcode size exceeded")]
    InitCodeSize,
    /// Chain id of another chain.
    #[error("invalid chain id for signer")]
    ChainId,
    /// No chain id although the type has one.
    #[error("missing chain id")]
    MissingChainId,
    /// The transaction's type is not valid under these rules.
    #[error("transaction type {0} not supported")]
    TypeNotSupported(u8),
    /// A blob transaction that breaks EIP-4844.
    #[error("invalid blob transaction: {0}")]
    Blob(&'static str),
    /// A set-code transaction without authorisations, or that creates a contract.
    #[error("invalid set-code transaction: {0}")]
    SetCode(&'static str),
}

/// Why a transaction was not executed.
#[derive(Clone, Debug, Error)]
pub enum TransactError {
    /// It is not valid here; whoever included it is at fault.
    #[error(transparent)]
    Invalid(#[from] InvalidTx),
    /// This node is broken.
    #[error(transparent)]
    Fault(#[from] Fault),
}
