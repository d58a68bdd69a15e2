//! What other pallets may call: moving and reading tokens as plain functions, without a frame of the token's own. No
//! foreign code runs: a native token calls nobody when it moves.

use crate::ledger;
use crate::state::{ALLOWANCES, CONTROL, HOLDINGS, SUPPLY};
use alloy_primitives::{Address, U256};
use assay_abi::token::INativeToken::Transfer;
use assay_abi::token::INativeTokenFactory::UnknownToken;
use assay_abi::token_id;
use assay_kernel::{CallError, Ctx, StateView, read, revert};
use assay_primitives::Fault;

/// Whether an address is a native token's: those, and only those, may take the fast path.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn is_token(ctx: &mut Ctx<'_>, address: Address) -> Result<bool, CallError> {
    if token_id(address).is_none_or(|id| id == 0) {
        return Ok(false);
    }
    ctx.view_of(address, |ctx| Ok(CONTROL.get(ctx)?.is_some()))
}

/// Moves tokens of the module that is acting.
///
/// # Errors
/// `Reverted(UnknownToken)`; the strings of `transfer`; `Reverted(Reentrant)`; `Halted`, `Fault`.
pub fn transfer(ctx: &mut Ctx<'_>, token: Address, to: Address, value: U256) -> Result<(), CallError> {
    let from = ctx.address();
    check_address(token)?;
    ctx.act_for(token, |ctx| {
        ledger::check_running(ctx)?;
        ledger::transfer(ctx, from, to, value)
    })
}

/// Moves tokens of an account by the allowance that it gave the module that is acting.
///
/// # Errors
/// `Reverted(UnknownToken)`; the strings of `transferFrom`; `Reverted(Reentrant)`; `Halted`, `Fault`.
pub fn transfer_from(
    ctx: &mut Ctx<'_>,
    token: Address,
    from: Address,
    to: Address,
    value: U256,
) -> Result<(), CallError> {
    let spender = ctx.address();
    check_address(token)?;
    ctx.act_for(token, |ctx| {
        ledger::check_running(ctx)?;
        ledger::transfer_from(ctx, spender, from, to, value)
    })
}

/// Destroys tokens of the module that is acting, as part of a settlement.
///
/// # Errors
/// `Reverted(UnknownToken)`; the strings of `burn` about pause, block list and balance; `Reverted(Reentrant)`; `Halted`,
/// `Fault`.
pub fn burn(ctx: &mut Ctx<'_>, token: Address, value: U256) -> Result<(), CallError> {
    let from = ctx.address();
    check_address(token)?;
    ctx.act_for(token, |ctx| {
        ledger::check_running(ctx)?;
        ledger::check_free(ctx, from)?;
        ledger::destroy(ctx, from, value)?;
        ctx.emit(&Transfer { from, to: Address::ZERO, value })
    })
}

/// Balance of an account, in the token's smallest unit; zero for an address that is no token's.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn balance_of(ctx: &mut Ctx<'_>, token: Address, account: Address) -> Result<U256, CallError> {
    if token_id(token).is_none() {
        return Ok(U256::ZERO);
    }
    ctx.view_of(token, |ctx| Ok(U256::from(HOLDINGS.get_or_default(ctx, &account)?.balance)))
}

/// What a spender may still move of an owner's tokens; zero for an address that is no token's.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn allowance(ctx: &mut Ctx<'_>, token: Address, owner: Address, spender: Address) -> Result<U256, CallError> {
    if token_id(token).is_none() {
        return Ok(U256::ZERO);
    }
    ctx.view_of(token, |ctx| ALLOWANCES.get_or_default(ctx, &(owner, spender)))
}

/// All there is of a token; zero for an address that is no token's.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn total_supply(ctx: &mut Ctx<'_>, token: Address) -> Result<U256, CallError> {
    if token_id(token).is_none() {
        return Ok(U256::ZERO);
    }
    ctx.view_of(token, |ctx| Ok(U256::from(SUPPLY.get_or_default(ctx)?)))
}

/// All there is of a token after a block, and what some accounts hold of it; `None` for an address that is no token's.
///
/// # Errors
/// A `Fault` of the view.
pub fn supply_at(view: &dyn StateView, token: Address, accounts: &[Address]) -> Result<Option<(U256, U256)>, Fault> {
    read(view, token, |ctx| {
        if !is_token(ctx, token)? {
            return Ok(None);
        }
        let mut held = U256::ZERO;
        for account in accounts {
            held = held.saturating_add(balance_of(ctx, token, *account)?);
        }
        Ok(Some((total_supply(ctx, token)?, held)))
    })
}

/// Refuses what cannot be a token: a host takes nobody for a native module whose address is not one of the family's.
fn check_address(token: Address) -> Result<(), CallError> {
    if token_id(token).is_some_and(|id| id != 0) { Ok(()) } else { revert(UnknownToken { token }) }
}
