//! Stake going in and out: what every handler that moves it shares.

use crate::error::{broken, too_large};
use crate::params::StakingParams;
use crate::state::{ACCOUNTED, DELEGATIONS, PARAMS, POOLS, UNBONDING, UNBONDING_POOLS, VALIDATORS};
use crate::types::{Delegation, Pool, Status, Validator};
use alloy_primitives::{Address, U256};
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};

/// The parameters.
///
/// # Errors
/// `Fault` where genesis wrote none.
pub(crate) fn params(ctx: &mut Ctx<'_>) -> Result<StakingParams, CallError> {
    PARAMS.get(ctx)?.ok_or_else(|| broken("no parameters"))
}

/// The running epoch.
pub(crate) fn current_epoch(ctx: &Ctx<'_>, params: &StakingParams) -> u64 {
    params.epoch_of(ctx.environment().number)
}

/// A validator.
///
/// # Errors
/// `Reverted(UnknownValidator)`.
pub(crate) fn validator(ctx: &mut Ctx<'_>, operator: Address) -> Result<Validator, CallError> {
    match VALIDATORS.get(ctx, &operator)? {
        Some(validator) => Ok(validator),
        None => revert(IStaking::UnknownValidator { operator }),
    }
}

/// Counts wei that somebody now has a claim on.
pub(crate) fn account(ctx: &mut Ctx<'_>, amount: u128) -> Result<(), CallError> {
    let sum = ACCOUNTED.get_or_default(ctx)?.checked_add(amount).ok_or_else(too_large)?;
    ACCOUNTED.set(ctx, &sum)
}

/// Counts wei that nobody has a claim on any more.
pub(crate) fn release(ctx: &mut Ctx<'_>, amount: u128) -> Result<(), CallError> {
    let rest = ACCOUNTED.get_or_default(ctx)?.checked_sub(amount);
    let rest = rest.ok_or_else(|| broken("more is paid than is accounted for"))?;
    ACCOUNTED.set(ctx, &rest)
}

/// Pays wei that were accounted for.
pub(crate) fn pay(ctx: &mut Ctx<'_>, to: Address, amount: u128) -> Result<(), CallError> {
    release(ctx, amount)?;
    ctx.transfer(to, U256::from(amount))
}

fn keep(ctx: &mut Ctx<'_>, operator: Address, delegator: Address, held: &Delegation) -> Result<(), CallError> {
    if held.shares == 0 && held.rewards == 0 {
        return DELEGATIONS.remove(ctx, &(operator, delegator));
    }
    DELEGATIONS.set(ctx, &(operator, delegator), held)
}

/// Puts wei that are accounted for into a pool; the shares they buy.
///
/// # Errors
/// `Reverted`: `AmountTooSmall` for less than the minimum or than one share, `WrongStatus` for a tombstoned validator,
/// `PoolEmpty` where all its stake was slashed, `AmountTooLarge`.
pub(crate) fn bond(
    ctx: &mut Ctx<'_>,
    operator: Address,
    delegator: Address,
    amount: u128,
    minimum: U256,
) -> Result<u128, CallError> {
    let status = validator(ctx, operator)?.status;
    if status == Status::Tombstoned {
        return revert(IStaking::WrongStatus { status: status.number() });
    }
    let mut pool = POOLS.get_or_default(ctx, &operator)?;
    let mut held = DELEGATIONS.get_or_default(ctx, &(operator, delegator))?;
    if pool.stake == 0 && pool.shares > 0 {
        return revert(IStaking::PoolEmpty {});
    }
    let shares = pool.shares_for(amount).ok_or_else(too_large)?;
    if shares == 0 || U256::from(amount) < minimum {
        return revert(IStaking::AmountTooSmall { minimum: minimum.max(U256::from(1)) });
    }
    held.settle(pool.per_share);
    held.shares = held.shares.checked_add(shares).ok_or_else(too_large)?;
    pool.stake = pool.stake.checked_add(amount).ok_or_else(too_large)?;
    pool.shares = pool.shares.checked_add(shares).ok_or_else(too_large)?;

    POOLS.set(ctx, &operator, &pool)?;
    DELEGATIONS.set(ctx, &(operator, delegator), &held)?;
    let (amount, shares_out) = (U256::from(amount), U256::from(shares));
    ctx.emit(&IStaking::Delegated { operator, delegator, amount, shares: shares_out })?;
    Ok(shares)
}

/// Takes shares out of a pool into the unbonding pool of the epoch; what they are worth.
///
/// # Errors
/// `Reverted`: `AmountTooLarge` for more shares than the delegator has, `AmountTooSmall` for shares worth nothing.
pub(crate) fn unbond(
    ctx: &mut Ctx<'_>,
    operator: Address,
    delegator: Address,
    shares: u128,
    epoch: u64,
) -> Result<u128, CallError> {
    let mut pool = POOLS.get_or_default(ctx, &operator)?;
    let mut held = DELEGATIONS.get_or_default(ctx, &(operator, delegator))?;
    held.settle(pool.per_share);
    held.shares = held.shares.checked_sub(shares).ok_or_else(too_large)?;
    let amount = pool.value_of(shares);
    pool.stake = pool.stake.checked_sub(amount).ok_or_else(|| broken("shares worth more than the stake"))?;
    pool.shares = pool.shares.checked_sub(shares).ok_or_else(|| broken("more shares held than there are"))?;
    pool.unbonding = pool.unbonding.checked_add(amount).ok_or_else(too_large)?;
    let mut waiting = UNBONDING_POOLS.get_or_default(ctx, &(operator, epoch))?;
    let waiting_shares = waiting.shares_for(amount).unwrap_or_default();
    if waiting_shares == 0 {
        return revert(IStaking::AmountTooSmall { minimum: U256::from(1) });
    }
    waiting.stake = waiting.stake.checked_add(amount).ok_or_else(too_large)?;
    waiting.shares = waiting.shares.checked_add(waiting_shares).ok_or_else(too_large)?;
    let entry = UNBONDING.get_or_default(ctx, &(operator, delegator, epoch))?;
    let entry = entry.checked_add(waiting_shares).ok_or_else(too_large)?;

    POOLS.set(ctx, &operator, &pool)?;
    keep(ctx, operator, delegator, &held)?;
    UNBONDING_POOLS.set(ctx, &(operator, epoch), &waiting)?;
    UNBONDING.set(ctx, &(operator, delegator, epoch), &entry)?;
    let (value, shares) = (U256::from(amount), U256::from(shares));
    ctx.emit(&IStaking::Undelegated { operator, delegator, amount: value, shares, epoch })?;
    Ok(amount)
}

/// Takes a delegator's part out of an unbonding pool; what it is worth. It stays accounted for.
///
/// # Errors
/// `Reverted(NothingToWithdraw)`.
pub(crate) fn take_unbonded(
    ctx: &mut Ctx<'_>,
    operator: Address,
    delegator: Address,
    epoch: u64,
) -> Result<u128, CallError> {
    let Some(shares) = UNBONDING.get(ctx, &(operator, delegator, epoch))? else {
        return revert(IStaking::NothingToWithdraw {});
    };
    let mut waiting = UNBONDING_POOLS.get_or_default(ctx, &(operator, epoch))?;
    let mut pool = POOLS.get_or_default(ctx, &operator)?;
    let amount = waiting.value_of(shares);
    let what = "an unbonding pool holds less than its entries";
    waiting.stake = waiting.stake.checked_sub(amount).ok_or_else(|| broken(what))?;
    waiting.shares = waiting.shares.checked_sub(shares).ok_or_else(|| broken(what))?;
    pool.unbonding = pool.unbonding.checked_sub(amount).ok_or_else(|| broken(what))?;

    UNBONDING.remove(ctx, &(operator, delegator, epoch))?;
    POOLS.set(ctx, &operator, &pool)?;
    if waiting.shares == 0 {
        UNBONDING_POOLS.remove(ctx, &(operator, epoch))?;
    } else {
        UNBONDING_POOLS.set(ctx, &(operator, epoch), &waiting)?;
    }
    Ok(amount)
}

/// Takes a delegator's rewards out of a pool. They stay accounted for.
pub(crate) fn take_rewards(ctx: &mut Ctx<'_>, operator: Address, delegator: Address) -> Result<u128, CallError> {
    let mut pool = POOLS.get_or_default(ctx, &operator)?;
    let Some(mut held) = DELEGATIONS.get(ctx, &(operator, delegator))? else { return Ok(0) };
    held.settle(pool.per_share);
    let amount = std::mem::take(&mut held.rewards);
    pool.rewards = pool.rewards.checked_sub(amount).ok_or_else(|| broken("more rewards owed than there are"))?;
    POOLS.set(ctx, &operator, &pool)?;
    keep(ctx, operator, delegator, &held)?;
    Ok(amount)
}

/// The pool of a validator and what the operator itself has in it.
pub(crate) fn own_stake(ctx: &mut Ctx<'_>, operator: Address) -> Result<(Pool, u128), CallError> {
    let pool = POOLS.get_or_default(ctx, &operator)?;
    let shares = DELEGATIONS.get_or_default(ctx, &(operator, operator))?.shares;
    let own = pool.value_of(shares);
    Ok((pool, own))
}
