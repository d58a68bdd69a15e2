//! The three levels at which a native call can fail. They never mix: a contract sees the first two, the operator the
//! third.

use alloy_primitives::{Bytes, FixedBytes};
use alloy_sol_types::SolError;
use assay_primitives::Fault;
use thiserror::Error;

/// A refusal with a reason: ABI-encoded, stable, returned to the caller like Solidity's `revert`. Unused gas returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    /// First four bytes of the signature's keccak; zero where the data are too short to have one.
    pub selector: FixedBytes<4>,
    /// The whole revert data, selector included.
    pub data: Bytes,
}

impl Reverted {
    /// A revert with a Solidity error.
    pub fn with<E: SolError>(error: &E) -> Self {
        Self { selector: E::SELECTOR.into(), data: error.abi_encode().into() }
    }

    /// A revert with data that somebody else encoded, as bubbled up from a call.
    pub fn with_data(data: Bytes) -> Self {
        let selector = data.get(..4).and_then(|head| FixedBytes::try_from(head).ok()).unwrap_or_default();
        Self { selector, data }
    }
}

/// An exceptional end of a frame: all its gas is gone and there is no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Halt {
    /// The frame's gas is used up.
    #[error("out of gas")]
    OutOfGas,
    /// A write, log or value transfer in a static frame.
    #[error("write protection")]
    StaticWrite,
}

/// Why a native call did not succeed.
#[derive(Clone, Debug, Error)]
pub enum CallError {
    /// Refused, with data for the caller.
    #[error("execution reverted: {}", .0.data)]
    Reverted(Reverted),
    /// Ended exceptionally.
    #[error(transparent)]
    Halted(#[from] Halt),
    /// This node is broken; the block must not be voted on.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Reverted> for CallError {
    fn from(reverted: Reverted) -> Self {
        Self::Reverted(reverted)
    }
}

/// Shorthand for `Err` with a Solidity error, so that a handler reads `return revert(DeadlinePassed {})`.
///
/// # Errors
/// Always `Reverted`.
pub fn revert<T, E: SolError>(error: E) -> Result<T, CallError> {
    Err(CallError::Reverted(Reverted::with(&error)))
}
