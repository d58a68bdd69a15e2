//! `delegate` and `undelegate`.

use crate::error::amount;
use crate::pool::{account, bond, current_epoch, params, unbond, validator};
use alloy_primitives::U256;
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx};

/// # Errors
/// `Reverted`: `UnknownValidator`, `WrongStatus` for a tombstoned one, `PoolEmpty`, `AmountTooSmall`, `AmountTooLarge`.
pub(crate) fn delegate(ctx: &mut Ctx<'_>, call: IStaking::delegateCall) -> Result<U256, CallError> {
    let (delegator, value) = (ctx.caller(), amount(ctx.value())?);
    let minimum = params(ctx)?.delegation_min;
    account(ctx, value)?;
    bond(ctx, call.operator, delegator, value, minimum).map(U256::from)
}

/// # Errors
/// `Reverted`: `UnknownValidator`, `AmountTooLarge` for more shares than the caller has, `AmountTooSmall`.
pub(crate) fn undelegate(
    ctx: &mut Ctx<'_>,
    call: IStaking::undelegateCall,
) -> Result<IStaking::undelegateReturn, CallError> {
    let (delegator, shares, params) = (ctx.caller(), amount(call.shares)?, params(ctx)?);
    validator(ctx, call.operator)?;
    let epoch = current_epoch(ctx, &params);
    let amount = unbond(ctx, call.operator, delegator, shares, epoch)?;
    Ok(IStaking::undelegateReturn { amount: U256::from(amount), epoch })
}
