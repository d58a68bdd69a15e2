//! Shorthands for refusals; their meaning stands in [`assay_abi::escrow`].

use alloy_primitives::U256;
use assay_abi::errors::TooLong;
use assay_abi::escrow::IEscrowErrors as E;
use assay_kernel::{CallError, Reverted, revert};
use assay_primitives::Fault;

/// # Errors
/// `Reverted` with the refusal where the condition does not hold.
pub(crate) fn require<R: alloy_sol_types::SolError>(holds: bool, otherwise: R) -> Result<(), CallError> {
    if holds { Ok(()) } else { revert(otherwise) }
}

/// # Errors
/// `Reverted(TooLong)`.
pub(crate) fn check_length(bytes: usize, most: usize) -> Result<(), CallError> {
    require(bytes <= most, TooLong {})
}

/// An amount as the module counts.
///
/// # Errors
/// `Reverted(AmountTooLarge)`.
pub(crate) fn amount(value: U256) -> Result<u128, CallError> {
    value.try_into().map_err(|_| too_large())
}

/// `Reverted(AmountTooLarge)`.
pub(crate) fn too_large() -> CallError {
    CallError::Reverted(Reverted::with(&E::AmountTooLarge {}))
}

/// State that contradicts itself.
pub(crate) fn broken(what: &str) -> CallError {
    CallError::Fault(Fault::invariant(format!("escrow: {what}")))
}
