//! `withdraw`, `redelegate`, `withdrawRewards`, `withdrawCommission`: what goes out.

use crate::pool::{bond, current_epoch, params, pay, take_rewards, take_unbonded, validator};
use crate::state::POOLS;
use alloy_primitives::{Address, U256};
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};

/// Takes what is due; what it is worth.
fn take_due(ctx: &mut Ctx<'_>, operator: Address, epoch: u64) -> Result<u128, CallError> {
    let params = params(ctx)?;
    let due = params.due_epoch(epoch);
    if current_epoch(ctx, &params) < due {
        return revert(IStaking::NotDue { dueEpoch: due });
    }
    let delegator = ctx.caller();
    let amount = take_unbonded(ctx, operator, delegator, epoch)?;
    ctx.emit(&IStaking::Withdrawn { operator, delegator, amount: U256::from(amount), epoch })?;
    Ok(amount)
}

/// # Errors
/// `Reverted`: `NotDue`, `NothingToWithdraw`.
pub(crate) fn withdraw(ctx: &mut Ctx<'_>, call: IStaking::withdrawCall) -> Result<U256, CallError> {
    let amount = take_due(ctx, call.operator, call.epoch)?;
    let to = ctx.caller();
    pay(ctx, to, amount)?;
    Ok(U256::from(amount))
}

/// Stake moves to another validator only after it has answered for the first one.
///
/// # Errors
/// `Reverted`: `NotDue`, `NothingToWithdraw`, and as `delegate`.
pub(crate) fn redelegate(ctx: &mut Ctx<'_>, call: IStaking::redelegateCall) -> Result<U256, CallError> {
    let amount = take_due(ctx, call.operator, call.epoch)?;
    let (delegator, minimum) = (ctx.caller(), params(ctx)?.delegation_min);
    bond(ctx, call.to, delegator, amount, minimum).map(U256::from)
}

/// # Errors
/// `Reverted(NothingToWithdraw)`.
pub(crate) fn rewards(ctx: &mut Ctx<'_>, call: IStaking::withdrawRewardsCall) -> Result<U256, CallError> {
    let delegator = ctx.caller();
    let rewards = take_rewards(ctx, call.operator, delegator)?;
    if rewards == 0 {
        return revert(IStaking::NothingToWithdraw {});
    }
    let amount = U256::from(rewards);
    ctx.emit(&IStaking::RewardsWithdrawn { operator: call.operator, delegator, amount })?;
    pay(ctx, delegator, rewards)?;
    Ok(amount)
}

/// # Errors
/// `Reverted`: `UnknownValidator`, `NothingToWithdraw`.
pub(crate) fn commission(ctx: &mut Ctx<'_>, _call: IStaking::withdrawCommissionCall) -> Result<U256, CallError> {
    let operator = ctx.caller();
    validator(ctx, operator)?;
    let mut pool = POOLS.get_or_default(ctx, &operator)?;
    let commission = std::mem::take(&mut pool.commission);
    if commission == 0 {
        return revert(IStaking::NothingToWithdraw {});
    }
    POOLS.set(ctx, &operator, &pool)?;
    let amount = U256::from(commission);
    ctx.emit(&IStaking::CommissionWithdrawn { operator, amount })?;
    pay(ctx, operator, commission)?;
    Ok(amount)
}
