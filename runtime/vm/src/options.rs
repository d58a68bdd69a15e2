//! How calls differ from transactions, and what can go wrong beyond a transaction.

use crate::TransactError;
use alloy_primitives::{Address, Bytes, Log};
use assay_kernel::CallError;
use assay_primitives::Fault;
use thiserror::Error;

/// Which checks a call skips that a transaction must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOptions {
    /// Nonce must be the account's.
    pub check_nonce: bool,
    /// Balance must cover gas limit times fee cap, plus value, and gas is paid for.
    pub charge_fees: bool,
    /// Fee cap must reach the base fee.
    pub check_base_fee: bool,
    /// Gas limit must fit the block and EIP-7825.
    pub check_gas_limit: bool,
    /// Sender must have no code (EIP-3607).
    pub check_sender: bool,
}

impl CallOptions {
    /// As for a transaction.
    pub const STRICT: Self =
        Self { check_nonce: true, charge_fees: true, check_base_fee: true, check_gas_limit: true, check_sender: true };

    /// As for `eth_call` and `eth_estimateGas`: nothing of the sender is checked but the balance for the value.
    pub const RELAXED: Self = Self {
        check_nonce: false,
        charge_fees: false,
        check_base_fee: false,
        check_gas_limit: false,
        check_sender: false,
    };
}

/// Why a trace was not made.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The transaction could not be executed.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// Unknown tracer or malformed tracer config.
    #[error("{0}")]
    Unsupported(String),
    /// The trace exceeds [`crate::TRACE_BYTES_MAX`].
    #[error("the trace exceeds {} bytes", crate::TRACE_BYTES_MAX)]
    TooLarge,
}

/// State overrides that contradict themselves.
#[derive(Debug, Error)]
pub enum OverrideError {
    /// Both `state` and `stateDiff` were given for an account.
    #[error("account {0} has both 'state' and 'stateDiff'")]
    StateAndDiff(Address),
    /// `movePrecompileToAddress` was given.
    #[error("movePrecompileToAddress is not supported")]
    MovePrecompile,
    /// The code is a malformed EIP-7702 designator.
    #[error("account {0}: malformed delegation designator")]
    Code(Address),
    /// This node is broken.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What native work outside a transaction did.
#[derive(Clone, Debug)]
pub struct NativeOutcome {
    /// What the work returned; on an error all its effects are undone.
    pub result: Result<Bytes, CallError>,
    /// Gas it used.
    pub gas_used: u64,
    /// Its logs; none on an error.
    pub logs: Vec<Log>,
}
