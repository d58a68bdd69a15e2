//! STK-1..n over the whole state, as far as the module itself can enumerate it; what delegators hold is enumerated by
//! whoever knows them.

use crate::params::{CANDIDATES_MAX, SET_MAX, StakingParams};
use crate::pool::params;
use crate::state::{
    ACCOUNTED, AGENT_BONDS_TOTAL, CANDIDATES, DELEGATIONS, KEY_OWNERS, OPERATORS, POOLS, RESERVE, SEATS, UNBONDING,
    UNBONDING_POOLS, VALIDATORS,
};
use crate::types::Status;
use crate::{keys, sets};
use alloy_primitives::{Address, U256};
use assay_abi::staking::STAKING;
use assay_kernel::{CallError, Ctx, StateView, read};
use assay_primitives::Fault;
use std::collections::BTreeSet;

/// Checks a state.
///
/// # Errors
/// A `Fault` that begins with the number of the invariant that does not hold.
pub fn check(view: &dyn StateView) -> Result<(), Fault> {
    read(view, STAKING, |ctx| check_in(ctx, 0, &[]))
}

/// Checks the state at a height, and that these are all who hold shares, rewards or unbonding stake.
///
/// # Errors
/// As [`check`].
pub fn check_with(view: &dyn StateView, height: u64, delegators: &[Address]) -> Result<(), Fault> {
    read(view, STAKING, |ctx| check_in(ctx, height, delegators))
}

fn hold(ok: bool, what: &str) -> Result<(), CallError> {
    if ok { Ok(()) } else { Err(CallError::Fault(Fault::invariant(what.to_owned()))) }
}

pub(crate) fn check_in(ctx: &mut Ctx<'_>, height: u64, delegators: &[Address]) -> Result<(), CallError> {
    let params = params(ctx)?;
    let mut claims = RESERVE.get_or_default(ctx)?.saturating_add(AGENT_BONDS_TOTAL.get_or_default(ctx)?);
    let mut candidates = 0u64;
    for index in 0..OPERATORS.length(ctx)? {
        let operator = OPERATORS.get(ctx, index)?.unwrap_or_default();
        let pool = POOLS.get_or_default(ctx, &operator)?;
        for part in [pool.stake, pool.unbonding, pool.rewards, pool.commission] {
            claims = claims.saturating_add(part);
        }
        hold(pool.shares > 0 || pool.stake == 0, "STK-2: stake without shares")?;
        let Some(validator) = VALIDATORS.get(ctx, &operator)? else { return hold(false, "STK-5: unknown operator") };
        hold(
            (validator.status == Status::Active) == validator.candidate.is_some(),
            "STK-5: a candidate that is not active, or an active one that is none",
        )?;
        if let Some(position) = validator.candidate {
            candidates = candidates.saturating_add(1);
            hold(CANDIDATES.get(ctx, position.into())? == Some(operator), "STK-5: a candidate at a wrong place")?;
        }
        let address = keys::consensus_address(validator.public_key);
        hold(KEY_OWNERS.get(ctx, &address.0)? == Some(operator), "STK-6: a key of nobody")?;
        if !delegators.is_empty() {
            check_holders(ctx, &params, operator, height, delegators)?;
        }
    }
    hold(ACCOUNTED.get_or_default(ctx)? == claims, "STK-1: the claims are not what is accounted for")?;
    let balance = ctx.balance(STAKING)?;
    hold(balance >= U256::from(claims), "STK-1: more is owed than there is")?;
    hold(CANDIDATES.length(ctx)? == candidates, "STK-5: a candidate that is no validator")?;
    hold(candidates <= u64::from(CANDIDATES_MAX), "STK-5: too many candidates")?;
    check_set(ctx, &params)
}

fn check_holders(
    ctx: &mut Ctx<'_>,
    params: &StakingParams,
    operator: Address,
    height: u64,
    delegators: &[Address],
) -> Result<(), CallError> {
    let pool = POOLS.get_or_default(ctx, &operator)?;
    let (mut shares, mut rewards, mut value) = (0u128, 0u128, 0u128);
    for delegator in delegators {
        let held = DELEGATIONS.get_or_default(ctx, &(operator, *delegator))?;
        shares = shares.saturating_add(held.shares);
        value = value.saturating_add(pool.value_of(held.shares));
        rewards = rewards.saturating_add(held.rewards_at(pool.per_share));
    }
    hold(shares == pool.shares, "STK-2: the shares held are not those of the pool")?;
    hold(value <= pool.stake, "STK-2: the shares are worth more than the stake")?;
    hold(rewards <= pool.rewards, "STK-3: more rewards are owed than there are")?;
    let mut unbonding = 0u128;
    for epoch in 0..=params.epoch_of(height) {
        let waiting = UNBONDING_POOLS.get_or_default(ctx, &(operator, epoch))?;
        unbonding = unbonding.saturating_add(waiting.stake);
        let mut entries = 0u128;
        for delegator in delegators {
            entries = entries.saturating_add(UNBONDING.get_or_default(ctx, &(operator, *delegator, epoch))?);
        }
        hold(entries == waiting.shares, "STK-4: the entries are not the shares of their pool")?;
    }
    hold(unbonding == pool.unbonding, "STK-4: the pools of the epochs are not what is unbonding")
}

fn check_set(ctx: &mut Ctx<'_>, params: &StakingParams) -> Result<(), CallError> {
    let Some((_, set)) = sets::newest(ctx)? else { return hold(false, "STK-7: no set") };
    hold(!set.members.is_empty() && set.members.len() <= SET_MAX, "STK-7: an empty or oversized set")?;
    let mut operators = BTreeSet::new();
    let mut last = u64::MAX;
    for member in &set.members {
        let keys = sets::keys_of(ctx, member)?;
        hold(member.power > 0 && member.power <= last, "STK-7: a set out of order")?;
        last = member.power;
        hold(operators.insert(keys.operator), "STK-7: a validator twice in a set")?;
        let seat = match VALIDATORS.get(ctx, &keys.operator)?.and_then(|validator| validator.seat) {
            Some(number) => SEATS.get(ctx, &number)?,
            None => None,
        };
        hold(seat.is_some_and(|seat| seat.operator == keys.operator), "STK-8: a member without a seat")?;
        hold(
            seat.is_some_and(|seat| u64::from(seat.missed) <= params.downtime_window),
            "STK-8: more absences than heights",
        )?;
    }
    Ok(())
}
