//! `deactivate`, `activate`, `unjail`: whether a validator is a candidate.

use crate::pool::{own_stake, params, validator};
use crate::sets::{add_candidate, remove_candidate};
use crate::state::VALIDATORS;
use crate::types::{Status, Validator};
use alloy_primitives::U256;
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};

fn wrong_status<T>(validator: &Validator) -> Result<T, CallError> {
    revert(IStaking::WrongStatus { status: validator.status.number() })
}

/// # Errors
/// `Reverted`: `UnknownValidator`; `WrongStatus` unless it is active.
pub(crate) fn deactivate(
    ctx: &mut Ctx<'_>,
    _call: IStaking::deactivateCall,
) -> Result<IStaking::deactivateReturn, CallError> {
    let operator = ctx.caller();
    let mut validator = validator(ctx, operator)?;
    if validator.status != Status::Active {
        return wrong_status(&validator);
    }
    remove_candidate(ctx, &mut validator)?;
    validator.status = Status::Inactive;
    VALIDATORS.set(ctx, &operator, &validator)?;
    ctx.emit(&IStaking::ValidatorDeactivated { operator })?;
    Ok(IStaking::deactivateReturn {})
}

/// # Errors
/// `Reverted`: `UnknownValidator`, `WrongStatus` unless it is inactive, `AmountTooSmall` for its own stake,
/// `CandidatesFull`.
pub(crate) fn activate(
    ctx: &mut Ctx<'_>,
    _call: IStaking::activateCall,
) -> Result<IStaking::activateReturn, CallError> {
    let operator = ctx.caller();
    let validator = validator(ctx, operator)?;
    if validator.status != Status::Inactive {
        return wrong_status(&validator);
    }
    come_back(ctx, validator)?;
    Ok(IStaking::activateReturn {})
}

/// # Errors
/// `Reverted`: `UnknownValidator`, `WrongStatus` unless it is jailed, `StillJailed`, `AmountTooSmall` for its own stake,
/// `CandidatesFull`.
pub(crate) fn unjail(ctx: &mut Ctx<'_>, _call: IStaking::unjailCall) -> Result<IStaking::unjailReturn, CallError> {
    let operator = ctx.caller();
    let validator = validator(ctx, operator)?;
    let Status::Jailed { until } = validator.status else { return wrong_status(&validator) };
    if ctx.environment().number < until {
        return revert(IStaking::StillJailed { untilHeight: until });
    }
    come_back(ctx, validator)?;
    Ok(IStaking::unjailReturn {})
}

fn come_back(ctx: &mut Ctx<'_>, mut validator: Validator) -> Result<(), CallError> {
    let (operator, minimum) = (ctx.caller(), params(ctx)?.self_bond_min);
    let (_, own) = own_stake(ctx, operator)?;
    if U256::from(own) < minimum {
        return revert(IStaking::AmountTooSmall { minimum });
    }
    add_candidate(ctx, operator, &mut validator)?;
    VALIDATORS.set(ctx, &operator, &validator)?;
    ctx.emit(&IStaking::ValidatorActivated { operator })
}
