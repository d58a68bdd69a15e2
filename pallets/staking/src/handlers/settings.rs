//! `setCommission` and `setFeeAddress`.

use crate::params::COMMISSION_EPOCHS;
use crate::pool::{current_epoch, params, validator};
use crate::state::VALIDATORS;
use crate::types::Announced;
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};
use assay_primitives::Bps;

/// Whoever delegates hears of it a whole epoch before, and of one bounded step at a time.
///
/// # Errors
/// `Reverted`: `UnknownValidator`, `ChangePending` where one is announced, `InvalidCommission` for more than the whole
/// or a larger step than allowed.
pub(crate) fn set_commission(ctx: &mut Ctx<'_>, call: IStaking::setCommissionCall) -> Result<u64, CallError> {
    let (operator, params) = (ctx.caller(), params(ctx)?);
    let mut validator = validator(ctx, operator)?;
    let epoch = current_epoch(ctx, &params);
    if let Some(next) = validator.next_commission.filter(|next| next.epoch > epoch) {
        return revert(IStaking::ChangePending { epoch: next.epoch });
    }
    let current = validator.commission_in(epoch);
    let step = call.commission.abs_diff(current);
    if Bps(call.commission) > Bps::WHOLE || Bps(step) > params.commission_step_max {
        return revert(IStaking::InvalidCommission {});
    }
    let from = epoch.saturating_add(COMMISSION_EPOCHS);

    validator.commission = current;
    validator.next_commission = Some(Announced { value: call.commission, epoch: from });
    VALIDATORS.set(ctx, &operator, &validator)?;
    ctx.emit(&IStaking::CommissionAnnounced { operator, commission: call.commission, epoch: from })?;
    Ok(from)
}

/// # Errors
/// `Reverted`: `UnknownValidator`, `InvalidFeeAddress`.
pub(crate) fn set_fee_address(
    ctx: &mut Ctx<'_>,
    call: IStaking::setFeeAddressCall,
) -> Result<IStaking::setFeeAddressReturn, CallError> {
    let operator = ctx.caller();
    let mut validator = validator(ctx, operator)?;
    if call.feeAddress.is_zero() {
        return revert(IStaking::InvalidFeeAddress {});
    }
    validator.fee_address = call.feeAddress;
    VALIDATORS.set(ctx, &operator, &validator)?;
    ctx.emit(&IStaking::FeeAddressChanged { operator, feeAddress: call.feeAddress })?;
    Ok(IStaking::setFeeAddressReturn {})
}
