//! Balances, supply and allowances: what every handler moves tokens with, on the acting token's state.

use crate::error::{self, refuse};
use crate::state::{ALLOWANCES, CONTROL, HOLDINGS, SUPPLY};
use crate::types::{Control, Holding};
use alloy_primitives::{Address, U256};
use assay_abi::token::INativeToken::{Approval, Transfer};
use assay_abi::token::INativeTokenFactory::UnknownToken;
use assay_kernel::{CallError, Ctx, revert};

/// Who rules the acting token.
///
/// # Errors
/// `Reverted(UnknownToken)` where there is no such token; `Halted`, `Fault`.
pub(crate) fn control(ctx: &mut Ctx<'_>) -> Result<Control, CallError> {
    match CONTROL.get(ctx)? {
        Some(control) => Ok(control),
        None => revert(UnknownToken { token: ctx.address() }),
    }
}

/// Refuses while the acting token is paused.
///
/// # Errors
/// [`error::PAUSED`]; as [`control`].
pub(crate) fn check_running(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
    if control(ctx)?.paused { refuse(error::PAUSED) } else { Ok(()) }
}

/// Refuses anybody but the acting token's owner; gives what it rules.
///
/// # Errors
/// [`error::NOT_OWNER`]; as [`control`].
pub(crate) fn check_owner(ctx: &mut Ctx<'_>) -> Result<Control, CallError> {
    let control = control(ctx)?;
    if control.owner == ctx.caller() { Ok(control) } else { refuse(error::NOT_OWNER) }
}

/// Refuses a blocked account.
///
/// # Errors
/// [`error::BLOCKED`]; `Halted`, `Fault`.
pub(crate) fn check_free(ctx: &mut Ctx<'_>, account: Address) -> Result<(), CallError> {
    if HOLDINGS.get_or_default(ctx, &account)?.blocked { refuse(error::BLOCKED) } else { Ok(()) }
}

/// Moves tokens. The caller has seen to it that the token is not paused and that `from` agrees.
///
/// # Errors
/// [`error::BLOCKED`], [`error::FROM_ZERO`], [`error::TO_ZERO`], [`error::BALANCE`]; `Halted`, `Fault`.
pub(crate) fn transfer(ctx: &mut Ctx<'_>, from: Address, to: Address, value: U256) -> Result<(), CallError> {
    // check
    let (source, target) = (HOLDINGS.at(ctx, &from)?, HOLDINGS.at(ctx, &to)?);
    let (sender, receiver) = (source.get_or_default(ctx)?, target.get_or_default(ctx)?);
    if sender.blocked || receiver.blocked {
        return refuse(error::BLOCKED);
    }
    if from.is_zero() {
        return refuse(error::FROM_ZERO);
    }
    if to.is_zero() {
        return refuse(error::TO_ZERO);
    }
    // compute
    let amount = u128::try_from(value).ok();
    let Some((amount, left)) = amount.and_then(|amount| Some((amount, sender.balance.checked_sub(amount)?))) else {
        return refuse(error::BALANCE);
    };
    // apply
    if from != to && amount > 0 {
        // The sum of all balances fits, so this one does.
        let balance = receiver.balance.saturating_add(amount);
        source.set(ctx, &Holding { balance: left, ..sender })?;
        target.set(ctx, &Holding { balance, ..receiver })?;
    }
    ctx.emit(&Transfer { from, to, value })
}

/// Makes tokens.
///
/// # Errors
/// [`error::SUPPLY`]; `Halted`, `Fault`.
pub(crate) fn create(ctx: &mut Ctx<'_>, to: Address, value: U256) -> Result<(), CallError> {
    let (supply, target) = (SUPPLY.get_or_default(ctx)?, HOLDINGS.at(ctx, &to)?);
    let receiver = target.get_or_default(ctx)?;
    let amount = u128::try_from(value).ok();
    // The type's bound is the supply's, `SUPPLY_MAX`.
    let Some((amount, supply)) = amount.and_then(|amount| Some((amount, supply.checked_add(amount)?))) else {
        return refuse(error::SUPPLY);
    };
    SUPPLY.set(ctx, &supply)?;
    target.set(ctx, &Holding { balance: receiver.balance.saturating_add(amount), ..receiver })
}

/// Destroys tokens of an account.
///
/// # Errors
/// [`error::BURN_BALANCE`]; `Halted`, `Fault`.
pub(crate) fn destroy(ctx: &mut Ctx<'_>, from: Address, value: U256) -> Result<(), CallError> {
    let (supply, source) = (SUPPLY.get_or_default(ctx)?, HOLDINGS.at(ctx, &from)?);
    let holder = source.get_or_default(ctx)?;
    let amount = u128::try_from(value).ok();
    let Some((amount, left)) = amount.and_then(|amount| Some((amount, holder.balance.checked_sub(amount)?))) else {
        return refuse(error::BURN_BALANCE);
    };
    // A balance is part of the supply.
    SUPPLY.set(ctx, &supply.saturating_sub(amount))?;
    source.set(ctx, &Holding { balance: left, ..holder })
}

/// Sets an allowance.
///
/// # Errors
/// [`error::APPROVE_FROM_ZERO`], [`error::APPROVE_TO_ZERO`]; `Halted`, `Fault`.
pub(crate) fn approve(ctx: &mut Ctx<'_>, owner: Address, spender: Address, value: U256) -> Result<(), CallError> {
    if owner.is_zero() {
        return refuse(error::APPROVE_FROM_ZERO);
    }
    if spender.is_zero() {
        return refuse(error::APPROVE_TO_ZERO);
    }
    ALLOWANCES.set(ctx, &(owner, spender), &value)?;
    ctx.emit(&Approval { owner, spender, value })
}

/// Moves tokens of an account by a spender's allowance. The largest number is an allowance without end.
///
/// # Errors
/// [`error::BLOCKED`] also where the spender is; [`error::ALLOWANCE`]; as [`transfer`].
pub(crate) fn transfer_from(
    ctx: &mut Ctx<'_>,
    spender: Address,
    from: Address,
    to: Address,
    value: U256,
) -> Result<(), CallError> {
    check_free(ctx, spender)?;
    let allowance = ALLOWANCES.at(ctx, &(from, spender))?;
    let allowed = allowance.get_or_default(ctx)?;
    let Some(left) = allowed.checked_sub(value) else {
        return refuse(error::ALLOWANCE);
    };
    if allowed != U256::MAX && !value.is_zero() {
        allowance.set(ctx, &left)?;
    }
    transfer(ctx, from, to, value)
}
