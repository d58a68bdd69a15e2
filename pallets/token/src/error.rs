//! Refusals of a token: the strings of Circle's FiatToken v2.2, as x402 facilitators, wallets and explorers match them.

use alloy_sol_types::Revert;
use assay_kernel::{CallError, revert};

/// Nothing moves while a token is paused.
pub const PAUSED: &str = "Pausable: paused";
/// Only the owner.
pub const NOT_OWNER: &str = "Ownable: caller is not the owner";
/// Only the named successor.
pub const NOT_PENDING_OWNER: &str = "Ownable2Step: caller is not the new owner";
/// An account on the block list.
pub const BLOCKED: &str = "Blacklistable: account is blacklisted";
/// From nobody.
pub const FROM_ZERO: &str = "ERC20: transfer from the zero address";
/// To nobody.
pub const TO_ZERO: &str = "ERC20: transfer to the zero address";
/// More than there is.
pub const BALANCE: &str = "ERC20: transfer amount exceeds balance";
/// More than was allowed.
pub const ALLOWANCE: &str = "ERC20: transfer amount exceeds allowance";
/// An allowance of nobody's.
pub const APPROVE_FROM_ZERO: &str = "ERC20: approve from the zero address";
/// An allowance for nobody.
pub const APPROVE_TO_ZERO: &str = "ERC20: approve to the zero address";
/// Less than nothing.
pub const DECREASED: &str = "ERC20: decreased allowance below zero";
/// Over 256 bits.
pub const OVERFLOW: &str = "SafeMath: addition overflow";
/// EIP-2612, deadline.
pub const PERMIT_EXPIRED: &str = "FiatTokenV2: permit is expired";
/// EIP-2612, signature.
pub const PERMIT_SIGNATURE: &str = "EIP2612: invalid signature";
/// EIP-3009, before its window.
pub const NOT_YET_VALID: &str = "FiatTokenV2: authorization is not yet valid";
/// EIP-3009, after its window.
pub const EXPIRED: &str = "FiatTokenV2: authorization is expired";
/// EIP-3009, replayed.
pub const USED: &str = "FiatTokenV2: authorization is used or canceled";
/// EIP-3009, signature.
pub const SIGNATURE: &str = "FiatTokenV2: invalid signature";
/// EIP-3009, `receiveWithAuthorization` by another than the payee.
pub const NOT_PAYEE: &str = "FiatTokenV2: caller must be the payee";
/// Only minters.
pub const NOT_MINTER: &str = "FiatToken: caller is not a minter";
/// Minted for nobody.
pub const MINT_TO_ZERO: &str = "FiatToken: mint to the zero address";
/// Nothing to mint.
pub const MINT_NOTHING: &str = "FiatToken: mint amount not greater than 0";
/// More than the minter may.
pub const MINT_ALLOWANCE: &str = "FiatToken: mint amount exceeds minterAllowance";
/// More than a token can have.
pub const SUPPLY: &str = "FiatToken: total supply exceeds its bound";
/// Nothing to burn.
pub const BURN_NOTHING: &str = "FiatToken: burn amount not greater than 0";
/// More than the minter has.
pub const BURN_BALANCE: &str = "FiatToken: burn amount exceeds balance";

/// Shorthand for `Err` with a string, so that a handler reads `return refuse(error::PAUSED)`.
///
/// # Errors
/// Always `Reverted`.
pub(crate) fn refuse<T>(reason: &'static str) -> Result<T, CallError> {
    revert(Revert::from(reason))
}
