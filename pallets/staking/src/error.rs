//! Shorthands for the errors of the module; their meaning stands in [`assay_abi::staking`].

use alloy_primitives::U256;
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Reverted};
use assay_primitives::Fault;

/// `Reverted(AmountTooLarge)`.
pub(crate) fn too_large() -> CallError {
    CallError::Reverted(Reverted::with(&IStaking::AmountTooLarge {}))
}

/// An amount as the module counts: all wei there are fit into 128 bits.
///
/// # Errors
/// `Reverted(AmountTooLarge)`.
pub(crate) fn amount(value: U256) -> Result<u128, CallError> {
    value.try_into().map_err(|_| too_large())
}

/// State that contradicts itself.
pub(crate) fn broken(what: &str) -> CallError {
    CallError::Fault(Fault::invariant(format!("staking: {what}")))
}
