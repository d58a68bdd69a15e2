//! `createValidator`: keys proven, own stake bonded, a place among the candidates.

use crate::error::amount;
use crate::keys::{register_consensus, register_randomness};
use crate::params::RANDOMNESS_EPOCHS;
use crate::pool::{account, bond, current_epoch, params};
use crate::sets::add_candidate;
use crate::state::{OPERATORS, VALIDATORS};
use crate::types::{Status, Validator};
use alloy_primitives::{FixedBytes, U256};
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};
use assay_primitives::Bps;

/// # Errors
/// `Reverted`: `ValidatorExists`, `InvalidFeeAddress`, `InvalidCommission`, `InvalidProof`, `KeyUsed`, `AmountTooSmall`,
/// `CandidatesFull`.
pub(crate) fn create_validator(ctx: &mut Ctx<'_>, call: IStaking::createValidatorCall) -> Result<U256, CallError> {
    let (operator, params) = (ctx.caller(), params(ctx)?);
    if VALIDATORS.get(ctx, &operator)?.is_some() {
        return revert(IStaking::ValidatorExists {});
    }
    if call.feeAddress.is_zero() {
        return revert(IStaking::InvalidFeeAddress {});
    }
    if Bps(call.commission) > Bps::WHOLE {
        return revert(IStaking::InvalidCommission {});
    }
    // One key for two purposes could leak through the weaker use.
    if call.publicKey == call.randomnessKey {
        return revert(IStaking::InvalidProof {});
    }
    let value = amount(ctx.value())?;
    let epoch = current_epoch(ctx, &params);

    let address = register_consensus(ctx, operator, call.publicKey, &call.publicKeyProof)?;
    register_randomness(ctx, operator, call.randomnessKey, address, &call.randomnessProof)?;
    let mut validator = Validator {
        status: Status::Active,
        public_key: call.publicKey,
        randomness_key: call.randomnessKey,
        next_randomness: None,
        fee_address: call.feeAddress,
        commission: call.commission,
        next_commission: None,
        eligible_epoch: epoch.saturating_add(RANDOMNESS_EPOCHS),
        rotated_epoch: None,
        key: None,
        candidate: None,
        seat: None,
    };
    VALIDATORS.set(ctx, &operator, &validator)?;
    OPERATORS.push(ctx, &operator)?;
    account(ctx, value)?;
    let consensus = FixedBytes(address.0.into_array());
    let (public_key, commission) = (call.publicKey, call.commission);
    ctx.emit(&IStaking::ValidatorCreated { operator, consensusAddress: consensus, publicKey: public_key, commission })?;
    let shares = bond(ctx, operator, operator, value, params.self_bond_min)?;
    add_candidate(ctx, operator, &mut validator)?;
    VALIDATORS.set(ctx, &operator, &validator)?;
    Ok(U256::from(shares))
}
