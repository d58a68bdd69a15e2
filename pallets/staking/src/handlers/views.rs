//! What anybody may read.

use crate::keys::consensus_address;
use crate::pool::{current_epoch, params};
use crate::sets;
use crate::state::{DELEGATIONS, KEY_OWNERS, OPERATORS, POOLS, RESERVE, SEATS, UNBONDING, UNBONDING_POOLS};
use crate::types::Status;
use alloy_primitives::{Address, FixedBytes, U256};
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};

/// # Errors
/// `Reverted(UnknownValidator)`.
pub(crate) fn validator(ctx: &mut Ctx<'_>, call: IStaking::validatorCall) -> Result<IStaking::Validator, CallError> {
    let operator = call.operator;
    let validator = crate::pool::validator(ctx, operator)?;
    let params = params(ctx)?;
    let epoch = current_epoch(ctx, &params);
    let pool = POOLS.get_or_default(ctx, &operator)?;
    let own = DELEGATIONS.get_or_default(ctx, &(operator, operator))?.shares;
    let missed = match validator.seat {
        Some(seat) => SEATS.get(ctx, &seat)?.map_or(0, |seat| seat.missed),
        None => 0,
    };
    let members = sets::newest(ctx)?.map(|(_, set)| set.members).unwrap_or_default();
    let member = validator.seat.and(validator.key);
    let power = members.iter().find(|m| Some(m.key) == member).map_or(0, |m| m.power);
    let next = validator.next_commission.filter(|next| next.epoch > epoch);
    Ok(IStaking::Validator {
        operator,
        consensusAddress: FixedBytes(Address::into_array(consensus_address(validator.public_key).0)),
        publicKey: validator.public_key,
        randomnessKey: validator.randomness_in(epoch),
        feeAddress: validator.fee_address,
        status: validator.status.number(),
        jailedUntil: if let Status::Jailed { until } = validator.status { until } else { 0 },
        commission: validator.commission_in(epoch),
        nextCommission: next.map_or(validator.commission_in(epoch), |next| next.value),
        nextCommissionEpoch: next.map_or(0, |next| next.epoch),
        stake: U256::from(pool.stake),
        shares: U256::from(pool.shares),
        unbonding: U256::from(pool.unbonding),
        selfShares: U256::from(own),
        commissionEarned: U256::from(pool.commission),
        eligibleEpoch: validator.eligible_epoch,
        power,
        missed,
    })
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn operators(
    ctx: &mut Ctx<'_>,
    call: IStaking::operatorsCall,
) -> Result<IStaking::operatorsReturn, CallError> {
    let total = OPERATORS.length(ctx)?;
    Ok(IStaking::operatorsReturn { page: OPERATORS.page(ctx, call.start, call.count)?, total })
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn operator_of(ctx: &mut Ctx<'_>, call: IStaking::operatorOfCall) -> Result<Address, CallError> {
    KEY_OWNERS.get_or_default(ctx, &Address::from(call.consensusAddress.0))
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn delegation(
    ctx: &mut Ctx<'_>,
    call: IStaking::delegationCall,
) -> Result<IStaking::delegationReturn, CallError> {
    let pool = POOLS.get_or_default(ctx, &call.operator)?;
    let held = DELEGATIONS.get_or_default(ctx, &(call.operator, call.delegator))?;
    Ok(IStaking::delegationReturn {
        shares: U256::from(held.shares),
        value: U256::from(pool.value_of(held.shares)),
        rewards: U256::from(held.rewards_at(pool.per_share)),
    })
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn unbonding(
    ctx: &mut Ctx<'_>,
    call: IStaking::unbondingCall,
) -> Result<IStaking::unbondingReturn, CallError> {
    let shares = UNBONDING.get_or_default(ctx, &(call.operator, call.delegator, call.epoch))?;
    let pool = UNBONDING_POOLS.get_or_default(ctx, &(call.operator, call.epoch))?;
    let due = params(ctx)?.due_epoch(call.epoch);
    Ok(IStaking::unbondingReturn { amount: U256::from(pool.value_of(shares)), dueEpoch: due })
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn epoch(ctx: &mut Ctx<'_>, _call: IStaking::epochCall) -> Result<IStaking::epochReturn, CallError> {
    let params = params(ctx)?;
    let epoch = current_epoch(ctx, &params);
    Ok(IStaking::epochReturn { epoch, start: params.epoch_start(epoch), length: params.epoch_length })
}

/// # Errors
/// `Reverted(UnknownHeight)`.
pub(crate) fn validator_set(
    ctx: &mut Ctx<'_>,
    call: IStaking::validatorSetCall,
) -> Result<IStaking::validatorSetReturn, CallError> {
    let known = ctx.environment().number.saturating_add(crate::params::SET_DELAY);
    let set = if call.height < known { sets::at_height(ctx, call.height)? } else { None };
    let Some(set) = set else { return revert(IStaking::UnknownHeight {}) };
    let (mut operators, mut powers) = (Vec::new(), Vec::new());
    for member in &set.members {
        operators.push(sets::keys_of(ctx, member)?.operator);
        powers.push(member.power);
    }
    Ok(IStaking::validatorSetReturn { operators, powers })
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn issuance(
    ctx: &mut Ctx<'_>,
    _call: IStaking::issuanceCall,
) -> Result<IStaking::issuanceReturn, CallError> {
    let (params, reserve) = (params(ctx)?, U256::from(RESERVE.get_or_default(ctx)?));
    let epoch = current_epoch(ctx, &params);
    Ok(IStaking::issuanceReturn { reserve, perEpoch: params.issuance.of_epoch(epoch).min(reserve) })
}
