//! Refusals: the reference implementation's exact strings and custom errors, and the bounds of strings.

use crate::params::{METADATA_BYTES_MAX, STRING_BYTES_MAX};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{Panic, PanicKind, Revert};
use assay_abi::errors::TooLong;
use assay_abi::identity::IIdentityRegistry::ERC721NonexistentToken;
use assay_kernel::{CallError, Reverted, revert};

/// Solidity's `require(condition, reason)`.
///
/// # Errors
/// `Reverted(Error(reason))` where the condition does not hold.
pub fn require(condition: bool, reason: &'static str) -> Result<(), CallError> {
    if condition { Ok(()) } else { revert(Revert::from(reason)) }
}

/// There is no agent with this id.
pub fn nonexistent(agent: U256) -> CallError {
    Reverted::with(&ERC721NonexistentToken { tokenId: agent }).into()
}

/// Checked arithmetic failed, as in Solidity.
pub fn overflow() -> CallError {
    Reverted::with(&Panic::from(PanicKind::UnderOverflow)).into()
}

/// A callee's answer that Solidity cannot decode: a revert without data.
pub fn undecodable() -> CallError {
    Reverted::with_data(Bytes::new()).into()
}

/// # Errors
/// `Reverted(TooLong)` for more than [`STRING_BYTES_MAX`].
pub fn check_string(text: &str) -> Result<(), CallError> {
    if text.len() <= STRING_BYTES_MAX { Ok(()) } else { revert(TooLong {}) }
}

/// # Errors
/// `Reverted(TooLong)` for more than [`METADATA_BYTES_MAX`].
pub fn check_metadata(value: &[u8]) -> Result<(), CallError> {
    if value.len() <= METADATA_BYTES_MAX { Ok(()) } else { revert(TooLong {}) }
}
