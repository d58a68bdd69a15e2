//! What an issuer does: ownership in two steps, pause, block list, minters, minting and burning.

use crate::error::{self, refuse};
use crate::ledger::{self, check_free, check_owner, check_running, control};
use crate::state::{CONTROL, HOLDINGS, MINTABLE, MINTERS, PENDING_OWNER};
use crate::types::Control;
use alloy_primitives::{Address, U256};
use assay_abi::token::INativeToken as I;
use assay_kernel::{CallError, Ctx};

pub(crate) fn owner(ctx: &mut Ctx<'_>, _: I::ownerCall) -> Result<Address, CallError> {
    Ok(control(ctx)?.owner)
}

pub(crate) fn pending_owner(ctx: &mut Ctx<'_>, _: I::pendingOwnerCall) -> Result<Address, CallError> {
    PENDING_OWNER.get_or_default(ctx)
}

/// The zero address withdraws the offer.
pub(crate) fn transfer_ownership(
    ctx: &mut Ctx<'_>,
    call: I::transferOwnershipCall,
) -> Result<I::transferOwnershipReturn, CallError> {
    let control = check_owner(ctx)?;
    PENDING_OWNER.set(ctx, &call.newOwner)?;
    ctx.emit(&I::OwnershipTransferStarted { previousOwner: control.owner, newOwner: call.newOwner })?;
    Ok(I::transferOwnershipReturn {})
}

pub(crate) fn accept_ownership(
    ctx: &mut Ctx<'_>,
    _: I::acceptOwnershipCall,
) -> Result<I::acceptOwnershipReturn, CallError> {
    let (control, successor) = (control(ctx)?, ctx.caller());
    if successor.is_zero() || PENDING_OWNER.get(ctx)? != Some(successor) {
        return refuse(error::NOT_PENDING_OWNER);
    }
    PENDING_OWNER.remove(ctx)?;
    CONTROL.set(ctx, &Control { owner: successor, ..control })?;
    ctx.emit(&I::OwnershipTransferred { previousOwner: control.owner, newOwner: successor })?;
    Ok(I::acceptOwnershipReturn {})
}

pub(crate) fn paused(ctx: &mut Ctx<'_>, _: I::pausedCall) -> Result<bool, CallError> {
    Ok(control(ctx)?.paused)
}

pub(crate) fn pause(ctx: &mut Ctx<'_>, _: I::pauseCall) -> Result<I::pauseReturn, CallError> {
    let control = check_owner(ctx)?;
    CONTROL.set(ctx, &Control { paused: true, ..control })?;
    ctx.emit(&I::Pause {})?;
    Ok(I::pauseReturn {})
}

pub(crate) fn unpause(ctx: &mut Ctx<'_>, _: I::unpauseCall) -> Result<I::unpauseReturn, CallError> {
    let control = check_owner(ctx)?;
    CONTROL.set(ctx, &Control { paused: false, ..control })?;
    ctx.emit(&I::Unpause {})?;
    Ok(I::unpauseReturn {})
}

pub(crate) fn is_blocked(ctx: &mut Ctx<'_>, call: I::isBlacklistedCall) -> Result<bool, CallError> {
    Ok(HOLDINGS.get_or_default(ctx, &call.account)?.blocked)
}

pub(crate) fn block(ctx: &mut Ctx<'_>, call: I::blacklistCall) -> Result<I::blacklistReturn, CallError> {
    set_blocked(ctx, call.account, true)?;
    ctx.emit(&I::Blacklisted { account: call.account })?;
    Ok(I::blacklistReturn {})
}

pub(crate) fn unblock(ctx: &mut Ctx<'_>, call: I::unBlacklistCall) -> Result<I::unBlacklistReturn, CallError> {
    set_blocked(ctx, call.account, false)?;
    ctx.emit(&I::UnBlacklisted { account: call.account })?;
    Ok(I::unBlacklistReturn {})
}

fn set_blocked(ctx: &mut Ctx<'_>, account: Address, blocked: bool) -> Result<(), CallError> {
    check_owner(ctx)?;
    let entry = HOLDINGS.at(ctx, &account)?;
    let mut holding = entry.get_or_default(ctx)?;
    holding.blocked = blocked;
    entry.set(ctx, &holding)
}

pub(crate) fn is_minter(ctx: &mut Ctx<'_>, call: I::isMinterCall) -> Result<bool, CallError> {
    MINTERS.get_or_default(ctx, &call.account)
}

pub(crate) fn minter_allowance(ctx: &mut Ctx<'_>, call: I::minterAllowanceCall) -> Result<U256, CallError> {
    MINTABLE.get_or_default(ctx, &call.minter)
}

pub(crate) fn configure_minter(ctx: &mut Ctx<'_>, call: I::configureMinterCall) -> Result<bool, CallError> {
    check_owner(ctx)?;
    check_running(ctx)?;
    let I::configureMinterCall { minter, minterAllowedAmount } = call;
    MINTERS.set(ctx, &minter, &true)?;
    MINTABLE.set(ctx, &minter, &minterAllowedAmount)?;
    ctx.emit(&I::MinterConfigured { minter, minterAllowedAmount })?;
    Ok(true)
}

pub(crate) fn remove_minter(ctx: &mut Ctx<'_>, call: I::removeMinterCall) -> Result<bool, CallError> {
    check_owner(ctx)?;
    MINTERS.remove(ctx, &call.minter)?;
    MINTABLE.remove(ctx, &call.minter)?;
    ctx.emit(&I::MinterRemoved { oldMinter: call.minter })?;
    Ok(true)
}

/// Refuses whoever is no minter, and a minter that is blocked, while nothing is paused.
fn check_minter(ctx: &mut Ctx<'_>) -> Result<Address, CallError> {
    let minter = ctx.caller();
    check_running(ctx)?;
    if !MINTERS.get_or_default(ctx, &minter)? {
        return refuse(error::NOT_MINTER);
    }
    check_free(ctx, minter)?;
    Ok(minter)
}

pub(crate) fn mint(ctx: &mut Ctx<'_>, call: I::mintCall) -> Result<bool, CallError> {
    // check
    let I::mintCall { to, amount } = call;
    let minter = check_minter(ctx)?;
    check_free(ctx, to)?;
    if to.is_zero() {
        return refuse(error::MINT_TO_ZERO);
    }
    if amount.is_zero() {
        return refuse(error::MINT_NOTHING);
    }
    let mintable = MINTABLE.at(ctx, &minter)?;
    let Some(left) = mintable.get_or_default(ctx)?.checked_sub(amount) else {
        return refuse(error::MINT_ALLOWANCE);
    };
    // apply
    mintable.set(ctx, &left)?;
    ledger::create(ctx, to, amount)?;
    ctx.emit(&I::Mint { minter, to, amount })?;
    ctx.emit(&I::Transfer { from: Address::ZERO, to, value: amount })?;
    Ok(true)
}

pub(crate) fn burn(ctx: &mut Ctx<'_>, call: I::burnCall) -> Result<I::burnReturn, CallError> {
    let burner = check_minter(ctx)?;
    if call.amount.is_zero() {
        return refuse(error::BURN_NOTHING);
    }
    ledger::destroy(ctx, burner, call.amount)?;
    ctx.emit(&I::Burn { burner, amount: call.amount })?;
    ctx.emit(&I::Transfer { from: burner, to: Address::ZERO, value: call.amount })?;
    Ok(I::burnReturn {})
}
