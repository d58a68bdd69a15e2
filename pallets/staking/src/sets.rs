//! Validator sets: chosen at the end of an epoch, changed at once where a member may not stay or changes its key, and in
//! force [`SET_DELAY`] heights later.

use crate::error::broken;
use crate::params::{CANDIDATES_MAX, SET_DELAY, SET_HEIGHTS, SET_MAX, StakingParams};
use crate::pool::own_stake;
use crate::state::{
    CANDIDATES, KEY_COUNT, KEYS, POOLS, SEATS, SET_DIRTY, SET_FROM, SET_NEWEST, SET_OLDEST, SETS, VALIDATORS,
};
use crate::types::{KeyRecord, Member, Seat, SetRecord, Status, Validator};
use alloy_primitives::{Address, U256};
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};
use assay_primitives::ConsensusAddress;
use std::collections::BTreeSet;

/// A member of a set in the making.
struct Seated {
    operator: Address,
    validator: Validator,
    address: ConsensusAddress,
    member: Member,
}

/// The newest set and its number.
pub(crate) fn newest(ctx: &mut Ctx<'_>) -> Result<Option<(u64, SetRecord)>, CallError> {
    let number = SET_NEWEST.get_or_default(ctx)?;
    Ok(SETS.get(ctx, &number)?.map(|set| (number, set)))
}

/// The set of a height: `None` for one that is no longer kept, or below the first.
pub(crate) fn at_height(ctx: &mut Ctx<'_>, height: u64) -> Result<Option<SetRecord>, CallError> {
    let mut number = SET_NEWEST.get_or_default(ctx)?;
    // Sets are kept for a bounded number of heights, and each begins at a height of its own.
    while number > 0 {
        match SET_FROM.get(ctx, &number)? {
            None => return Ok(None),
            Some(from) if from <= height => return SETS.get(ctx, &number),
            Some(_) => number = number.saturating_sub(1),
        }
    }
    Ok(None)
}

/// The keys of a member.
pub(crate) fn keys_of(ctx: &mut Ctx<'_>, member: &Member) -> Result<KeyRecord, CallError> {
    KEYS.get(ctx, &member.key)?.ok_or_else(|| broken("a member without keys"))
}

/// Notes that the newest set has to change at the end of this block.
pub(crate) fn touch(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
    SET_DIRTY.set(ctx, &true)
}

/// Makes a validator a candidate. Where there is no room, the candidate with the smallest stake outside of the set makes
/// it, if that is less than the newcomer's.
///
/// # Errors
/// `Reverted(CandidatesFull)`.
pub(crate) fn add_candidate(ctx: &mut Ctx<'_>, operator: Address, validator: &mut Validator) -> Result<(), CallError> {
    if CANDIDATES.length(ctx)? >= u64::from(CANDIDATES_MAX) {
        displace(ctx, operator)?;
    }
    let position = CANDIDATES.push(ctx, &operator)?;
    validator.candidate = u32::try_from(position).ok();
    validator.status = Status::Active;
    Ok(())
}

fn displace(ctx: &mut Ctx<'_>, newcomer: Address) -> Result<(), CallError> {
    let stake = POOLS.get_or_default(ctx, &newcomer)?.stake;
    let mut smallest: Option<(u128, Address, Validator)> = None;
    for index in 0..CANDIDATES.length(ctx)? {
        let operator = CANDIDATES.get(ctx, index)?.unwrap_or_default();
        let candidate = VALIDATORS.get(ctx, &operator)?.ok_or_else(|| broken("an unknown candidate"))?;
        let held = POOLS.get_or_default(ctx, &operator)?.stake;
        if candidate.seat.is_none() && smallest.as_ref().is_none_or(|(least, ..)| held < *least) {
            smallest = Some((held, operator, candidate));
        }
    }
    match smallest {
        Some((least, operator, mut candidate)) if least < stake => {
            remove_candidate(ctx, &mut candidate)?;
            candidate.status = Status::Inactive;
            VALIDATORS.set(ctx, &operator, &candidate)?;
            ctx.emit(&IStaking::ValidatorDeactivated { operator })
        }
        other => {
            let smallest = other.map_or(U256::MAX, |(least, ..)| U256::from(least));
            revert(IStaking::CandidatesFull { smallest })
        }
    }
}

/// Takes a validator off the list of candidates; the last one moves to its place.
pub(crate) fn remove_candidate(ctx: &mut Ctx<'_>, validator: &mut Validator) -> Result<(), CallError> {
    let Some(position) = validator.candidate.take() else { return Ok(()) };
    let last = CANDIDATES.length(ctx)?.saturating_sub(1);
    if u64::from(position) != last {
        let moved = CANDIDATES.get(ctx, last)?.unwrap_or_default();
        CANDIDATES.set(ctx, position.into(), &moved)?;
        let mut other = VALIDATORS.get(ctx, &moved)?.ok_or_else(|| broken("an unknown candidate"))?;
        other.candidate = Some(position);
        VALIDATORS.set(ctx, &moved, &other)?;
    }
    CANDIDATES.pop(ctx)
}

/// The set for the next epoch, by stake. Bounded by [`CANDIDATES_MAX`].
pub(crate) fn choose(ctx: &mut Ctx<'_>, params: &StakingParams, height: u64) -> Result<(), CallError> {
    let epoch = params.epoch_of(height.saturating_add(SET_DELAY));
    let own_min = params.self_bond_min.saturating_to::<u128>();
    let mut ranked = Vec::new();
    for index in 0..CANDIDATES.length(ctx)? {
        let operator = CANDIDATES.get(ctx, index)?.unwrap_or_default();
        let validator = VALIDATORS.get(ctx, &operator)?.ok_or_else(|| broken("an unknown candidate"))?;
        let (pool, own) = own_stake(ctx, operator)?;
        let power = params.power(pool.stake);
        if validator.eligible_epoch <= epoch && own >= own_min && power > 0 {
            ranked.push((std::cmp::Reverse(pool.stake), operator, validator, power));
        }
    }
    ranked.sort_by_key(|(stake, operator, ..)| (*stake, *operator));
    ranked.truncate(params.validators_max.into());
    let mut seated = Vec::new();
    for (_, operator, validator, power) in ranked {
        seated.push(seat(ctx, operator, validator, power, epoch)?);
    }
    install(ctx, height, seated)
}

/// The newest set again, with new keys and without members that may not stay.
pub(crate) fn refresh(ctx: &mut Ctx<'_>, params: &StakingParams, height: u64) -> Result<(), CallError> {
    let epoch = params.epoch_of(height.saturating_add(SET_DELAY));
    let Some((_, set)) = newest(ctx)? else { return Ok(()) };
    let mut seated = Vec::new();
    for member in &set.members {
        let operator = keys_of(ctx, member)?.operator;
        let validator = VALIDATORS.get(ctx, &operator)?.ok_or_else(|| broken("an unknown member"))?;
        if !matches!(validator.status, Status::Jailed { .. } | Status::Tombstoned) {
            seated.push(seat(ctx, operator, validator, member.power, epoch)?);
        }
    }
    install(ctx, height, seated)
}

/// The place of a validator; its keys get a record of their own where they differ from the last one's.
fn seat(
    ctx: &mut Ctx<'_>,
    operator: Address,
    mut validator: Validator,
    power: u64,
    epoch: u64,
) -> Result<Seated, CallError> {
    let address = crate::keys::consensus_address(validator.public_key);
    let keys = KeyRecord {
        operator,
        address,
        public_key: validator.public_key,
        randomness_key: validator.randomness_in(epoch),
        fee_address: validator.fee_address,
    };
    if let Some(key) = validator.key
        && KEYS.get(ctx, &key)?.as_ref() == Some(&keys)
    {
        return Ok(Seated { operator, validator, address, member: Member { key, power } });
    }
    let key = KEY_COUNT.get_or_default(ctx)?;
    KEY_COUNT.set(ctx, &key.checked_add(1).ok_or_else(|| broken("too many keys"))?)?;
    KEYS.set(ctx, &key, &keys)?;
    validator.key = Some(key);
    VALIDATORS.set(ctx, &operator, &validator)?;
    Ok(Seated { operator, validator, address, member: Member { key, power } })
}

/// Makes a set the newest one, in force two heights on. One without members, or the same again, changes nothing: a chain
/// never ends for want of validators.
fn install(ctx: &mut Ctx<'_>, height: u64, mut seated: Vec<Seated>) -> Result<(), CallError> {
    seated.sort_by(|a, b| b.member.power.cmp(&a.member.power).then(a.address.cmp(&b.address)));
    let members: Vec<Member> = seated.iter().map(|seated| seated.member).collect();
    let before = newest(ctx)?;
    if members.is_empty() || before.as_ref().is_some_and(|(_, set)| set.members == members) {
        return Ok(());
    }
    // Genesis decides on the first height itself.
    let from = if height == 0 { 1 } else { height.saturating_add(SET_DELAY) };
    let size = seated.len() as u64;
    let stay: BTreeSet<Address> = seated.iter().map(|seated| seated.operator).collect();
    let (last, leaving) = before.map_or((0, Vec::new()), |(number, set)| (number, set.members));
    for member in &leaving {
        let operator = keys_of(ctx, member)?.operator;
        if !stay.contains(&operator) {
            stand_up(ctx, operator)?;
        }
    }
    sit_down(ctx, from, seated)?;
    let number = last.saturating_add(1);
    SETS.set(ctx, &number, &SetRecord { from, members })?;
    SET_FROM.set(ctx, &number, &from)?;
    SET_NEWEST.set(ctx, &number)?;
    if last == 0 {
        SET_OLDEST.set(ctx, &number)?;
        return Ok(());
    }
    ctx.emit(&IStaking::ValidatorSetChanged { number, fromHeight: from, size })
}

fn stand_up(ctx: &mut Ctx<'_>, operator: Address) -> Result<(), CallError> {
    let mut validator = VALIDATORS.get(ctx, &operator)?.ok_or_else(|| broken("an unknown member"))?;
    if let Some(seat) = validator.seat.take() {
        SEATS.remove(ctx, &seat)?;
        VALIDATORS.set(ctx, &operator, &validator)?;
    }
    Ok(())
}

/// Gives a free seat to everybody who has none.
fn sit_down(ctx: &mut Ctx<'_>, from: u64, seated: Vec<Seated>) -> Result<(), CallError> {
    let mut seats = 0u8..u8::try_from(SET_MAX).unwrap_or(u8::MAX);
    for Seated { operator, mut validator, .. } in seated.into_iter().filter(|seated| seated.validator.seat.is_none()) {
        let free = loop {
            let seat = seats.next().ok_or_else(|| broken("no free seat"))?;
            if SEATS.get(ctx, &seat)?.is_none() {
                break seat;
            }
        };
        SEATS.set(ctx, &free, &Seat { operator, since: from, missed: 0 })?;
        validator.seat = Some(free);
        VALIDATORS.set(ctx, &operator, &validator)?;
    }
    Ok(())
}

/// Deletes the oldest set where nobody asks for its heights any more.
pub(crate) fn prune(ctx: &mut Ctx<'_>, height: u64) -> Result<(), CallError> {
    let oldest = SET_OLDEST.get_or_default(ctx)?;
    let next = oldest.saturating_add(1);
    match SET_FROM.get(ctx, &next)? {
        Some(from) if from.saturating_add(SET_HEIGHTS) < height => {
            SETS.remove(ctx, &oldest)?;
            SET_FROM.remove(ctx, &oldest)?;
            SET_OLDEST.set(ctx, &next)
        }
        _ => Ok(()),
    }
}
