//! Work around every block, bounded by candidates, set size and window, never by the number of delegators.
//!
//! ```text
//! begin   absences of the height before, late votes, absences that have become final -> jail; evidence -> slash
//! end     epoch over: rewards, the next set; else a set whose members changed; one old set deleted
//! ```

use crate::error::broken;
use crate::params::{EVIDENCE_HEIGHTS, PRESENCE_HEIGHTS, StakingParams};
use crate::pool::{account, params, release};
use crate::state::{
    ABSENCES, ACCOUNTED, KEY_OWNERS, PENDING_ABSENCES, POOLS, RESERVE, SEATS, SET_DIRTY, UNBONDING_POOLS, VALIDATORS,
};
use crate::types::{Status, mul_div};
use crate::{keys, sets};
use alloy_primitives::{Address, U256};
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx};
use assay_primitives::ConsensusAddress;

/// Heights whose absences may be pending, rounded up to a power of two.
const PENDING_HEIGHTS: u64 = 16;

/// What a block says about its validators. Positions are those of the set of the height that is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFacts {
    /// Positions that the certificate of the height before does not show, one bit each.
    pub absent: U256,
    /// Late votes: height and position.
    pub late: Vec<(u64, u8)>,
    /// Double signatures, verified: who, and at which height.
    pub offences: Vec<(ConsensusAddress, u64)>,
}

fn bit(position: u8) -> U256 {
    U256::ONE.wrapping_shl(usize::from(position))
}

/// Work before the transactions of a block.
///
/// # Errors
/// Only a `Fault`: nothing in a block's facts can be refused here.
pub fn begin(ctx: &mut Ctx<'_>, facts: &BlockFacts) -> Result<(), CallError> {
    let height = ctx.environment().number;
    let params = params(ctx)?;
    if let Some(before) = height.checked_sub(1).filter(|before| *before > 0) {
        put(&PENDING_ABSENCES, ctx, before % PENDING_HEIGHTS, facts.absent)?;
    }
    for (at, position) in &facts.late {
        let slot = at % PENDING_HEIGHTS;
        let pending = PENDING_ABSENCES.get_or_default(ctx, &slot)?;
        put(&PENDING_ABSENCES, ctx, slot, pending & !bit(*position))?;
    }
    if let Some(closed) = height.checked_sub(PRESENCE_HEIGHTS).filter(|closed| *closed > 0) {
        count_absences(ctx, &params, closed)?;
    }
    for (offender, at) in &facts.offences {
        punish(ctx, &params, *offender, *at)?;
    }
    Ok(())
}

/// Writes a word only where it changes: a chain whose validators all sign writes nothing.
fn put(map: &assay_kernel::Map<u64, U256>, ctx: &mut Ctx<'_>, key: u64, word: U256) -> Result<(), CallError> {
    if map.get_or_default(ctx, &key)? == word { Ok(()) } else { map.set(ctx, &key, &word) }
}

/// The absences of a height are final: counts them, and drops those a window before.
fn count_absences(ctx: &mut Ctx<'_>, params: &StakingParams, height: u64) -> Result<(), CallError> {
    let slot = height % PENDING_HEIGHTS;
    let absent = PENDING_ABSENCES.get_or_default(ctx, &slot)?;
    put(&PENDING_ABSENCES, ctx, slot, U256::ZERO)?;
    let window_slot = height.checked_rem(params.downtime_window).unwrap_or_default();
    let old = ABSENCES.get_or_default(ctx, &window_slot)?;
    if absent.is_zero() && old.is_zero() {
        return Ok(());
    }
    let new = absent_seats(ctx, height, absent)?;
    put(&ABSENCES, ctx, window_slot, new)?;
    let dropped_at = height.saturating_sub(params.downtime_window);
    for number in 0..u8::try_from(crate::params::SET_MAX).unwrap_or(u8::MAX) {
        let (missed_now, missed_then) = (new & bit(number) != U256::ZERO, old & bit(number) != U256::ZERO);
        if !missed_now && !missed_then {
            continue;
        }
        let Some(mut seat) = SEATS.get(ctx, &number)? else { continue };
        if missed_then && seat.since <= dropped_at {
            seat.missed = seat.missed.saturating_sub(1);
        }
        seat.missed = seat.missed.saturating_add(missed_now.into());
        SEATS.set(ctx, &number, &seat)?;
        if u64::from(seat.missed) > params.missed_max() {
            jail(ctx, params, seat.operator)?;
        }
    }
    Ok(())
}

/// Positions in the set of a height, as the seats of whoever still sits there since before that height.
fn absent_seats(ctx: &mut Ctx<'_>, height: u64, absent: U256) -> Result<U256, CallError> {
    if absent.is_zero() {
        return Ok(U256::ZERO);
    }
    let members = sets::at_height(ctx, height)?.map(|set| set.members).unwrap_or_default();
    let mut seats = U256::ZERO;
    for (position, member) in (0u8..).zip(&members) {
        if absent & bit(position) == U256::ZERO {
            continue;
        }
        let operator = sets::keys_of(ctx, member)?.operator;
        let Some(number) = VALIDATORS.get(ctx, &operator)?.and_then(|validator| validator.seat) else { continue };
        if SEATS.get(ctx, &number)?.is_some_and(|seat| seat.since <= height) {
            seats |= bit(number);
        }
    }
    Ok(seats)
}

fn jail(ctx: &mut Ctx<'_>, params: &StakingParams, operator: Address) -> Result<(), CallError> {
    let mut validator = VALIDATORS.get(ctx, &operator)?.ok_or_else(|| broken("an unknown seat"))?;
    if matches!(validator.status, Status::Jailed { .. } | Status::Tombstoned) {
        return Ok(());
    }
    let until = ctx.environment().number.saturating_add(params.jail_heights);
    sets::remove_candidate(ctx, &mut validator)?;
    validator.status = Status::Jailed { until };
    VALIDATORS.set(ctx, &operator, &validator)?;
    sets::touch(ctx)?;
    ctx.emit(&IStaking::ValidatorJailed { operator, untilHeight: until })
}

/// Slashes and tombstones whoever signed twice. Once per validator: a second offence finds it tombstoned.
fn punish(
    ctx: &mut Ctx<'_>,
    params: &StakingParams,
    offender: ConsensusAddress,
    offence: u64,
) -> Result<(), CallError> {
    let height = ctx.environment().number;
    let is_fresh = offence < height && offence.saturating_add(EVIDENCE_HEIGHTS) >= height;
    let Some(operator) = KEY_OWNERS.get(ctx, &offender.0)?.filter(|_| is_fresh) else { return Ok(()) };
    let mut validator = VALIDATORS.get(ctx, &operator)?.ok_or_else(|| broken("a key without validator"))?;
    if validator.status == Status::Tombstoned {
        return Ok(());
    }
    sets::remove_candidate(ctx, &mut validator)?;
    validator.status = Status::Tombstoned;
    VALIDATORS.set(ctx, &operator, &validator)?;
    sets::touch(ctx)?;

    let bps = params.double_sign_slash.get();
    let mut pool = POOLS.get_or_default(ctx, &operator)?;
    let mut cut = pool.slash(bps);
    // The set of a height rests on the stake of the epoch in which the height before lies, or of a later one.
    for epoch in params.epoch_of(offence.saturating_sub(1))..=params.epoch_of(height) {
        let Some(mut waiting) = UNBONDING_POOLS.get(ctx, &(operator, epoch))? else { continue };
        let taken = waiting.slash(bps);
        UNBONDING_POOLS.set(ctx, &(operator, epoch), &waiting)?;
        pool.unbonding = pool.unbonding.saturating_sub(taken);
        cut = cut.saturating_add(taken);
    }
    POOLS.set(ctx, &operator, &pool)?;
    let reserve = RESERVE.get_or_default(ctx)?.saturating_add(cut);
    RESERVE.set(ctx, &reserve)?;
    ctx.emit(&IStaking::ValidatorSlashed { operator, offenceHeight: offence, amount: U256::from(cut) })
}

/// Work after the transactions of a block.
///
/// # Errors
/// Only a `Fault`.
pub fn end(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
    let height = ctx.environment().number;
    let params = params(ctx)?;
    if params.ends_epoch(height) {
        distribute(ctx, &params, height)?;
        sets::choose(ctx, &params, height)?;
        SET_DIRTY.remove(ctx)?;
    } else if SET_DIRTY.get_or_default(ctx)? {
        sets::refresh(ctx, &params, height)?;
        SET_DIRTY.remove(ctx)?;
    }
    sets::prune(ctx, height)
}

/// Gives the income of the epoch, and what it issues, to the members of the set, by power. What cannot be divided, or
/// would go to somebody who is jailed, is income of the next epoch.
fn distribute(ctx: &mut Ctx<'_>, params: &StakingParams, height: u64) -> Result<(), CallError> {
    let (epoch, module) = (params.epoch_of(height), ctx.address());
    let reserve = RESERVE.get_or_default(ctx)?;
    let issued = params.issuance.of_epoch(epoch).saturating_to::<u128>().min(reserve);
    if issued > 0 {
        RESERVE.set(ctx, &reserve.saturating_sub(issued))?;
        release(ctx, issued)?;
    }
    let accounted = ACCOUNTED.get_or_default(ctx)?;
    let balance = ctx.balance(module)?.saturating_to::<u128>();
    let income = balance.checked_sub(accounted).ok_or_else(|| broken("more is accounted for than there is"))?;
    if income == 0 {
        return Ok(());
    }
    let members = sets::at_height(ctx, height)?.map(|set| set.members).unwrap_or_default();
    let total = members.iter().map(|member| u128::from(member.power)).fold(0, u128::saturating_add);
    let mut given = 0u128;
    for member in &members {
        let operator = sets::keys_of(ctx, member)?.operator;
        let validator = VALIDATORS.get(ctx, &operator)?.ok_or_else(|| broken("an unknown member"))?;
        if matches!(validator.status, Status::Jailed { .. } | Status::Tombstoned) {
            continue;
        }
        let part = mul_div(income, member.power.into(), total).unwrap_or_default();
        let commission = mul_div(part, validator.commission_in(epoch).into(), 10_000).unwrap_or_default();
        let mut pool = POOLS.get_or_default(ctx, &operator)?;
        if part == 0 || pool.reward(part.saturating_sub(commission)).is_none() {
            continue;
        }
        pool.commission = pool.commission.saturating_add(commission);
        POOLS.set(ctx, &operator, &pool)?;
        given = given.saturating_add(part);
    }
    account(ctx, given)
}

/// The address under which a key signs, for whoever makes [`BlockFacts`].
pub use keys::consensus_address;
