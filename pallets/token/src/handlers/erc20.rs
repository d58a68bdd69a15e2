//! ERC-20: balances, transfers, allowances.

use crate::error::{self, refuse};
use crate::ledger::{self, check_running};
use crate::state::{ALLOWANCES, HOLDINGS, SUPPLY};
use alloy_primitives::U256;
use assay_abi::token::INativeToken as I;
use assay_kernel::{CallError, Ctx};

pub(crate) fn total_supply(ctx: &mut Ctx<'_>, _: I::totalSupplyCall) -> Result<U256, CallError> {
    Ok(U256::from(SUPPLY.get_or_default(ctx)?))
}

pub(crate) fn balance_of(ctx: &mut Ctx<'_>, call: I::balanceOfCall) -> Result<U256, CallError> {
    Ok(U256::from(HOLDINGS.get_or_default(ctx, &call.account)?.balance))
}

pub(crate) fn allowance(ctx: &mut Ctx<'_>, call: I::allowanceCall) -> Result<U256, CallError> {
    ALLOWANCES.get_or_default(ctx, &(call.owner, call.spender))
}

pub(crate) fn transfer(ctx: &mut Ctx<'_>, call: I::transferCall) -> Result<bool, CallError> {
    check_running(ctx)?;
    ledger::transfer(ctx, ctx.caller(), call.to, call.value)?;
    Ok(true)
}

pub(crate) fn transfer_from(ctx: &mut Ctx<'_>, call: I::transferFromCall) -> Result<bool, CallError> {
    check_running(ctx)?;
    ledger::transfer_from(ctx, ctx.caller(), call.from, call.to, call.value)?;
    Ok(true)
}

pub(crate) fn approve(ctx: &mut Ctx<'_>, call: I::approveCall) -> Result<bool, CallError> {
    check_running(ctx)?;
    ledger::approve(ctx, ctx.caller(), call.spender, call.value)?;
    Ok(true)
}

pub(crate) fn increase_allowance(ctx: &mut Ctx<'_>, call: I::increaseAllowanceCall) -> Result<bool, CallError> {
    check_running(ctx)?;
    let owner = ctx.caller();
    match ALLOWANCES.get_or_default(ctx, &(owner, call.spender))?.checked_add(call.increment) {
        Some(value) => ledger::approve(ctx, owner, call.spender, value)?,
        None => return refuse(error::OVERFLOW),
    }
    Ok(true)
}

pub(crate) fn decrease_allowance(ctx: &mut Ctx<'_>, call: I::decreaseAllowanceCall) -> Result<bool, CallError> {
    check_running(ctx)?;
    let owner = ctx.caller();
    match ALLOWANCES.get_or_default(ctx, &(owner, call.spender))?.checked_sub(call.decrement) {
        Some(value) => ledger::approve(ctx, owner, call.spender, value)?,
        None => return refuse(error::DECREASED),
    }
    Ok(true)
}
