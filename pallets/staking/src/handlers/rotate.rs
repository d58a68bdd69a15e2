//! `rotateConsensusKey` and `rotateRandomnessKey`. Old keys stay their operator's for ever: for evidence, and so that
//! none comes back.

use crate::keys::{consensus_address, register_consensus, register_randomness};
use crate::params::RANDOMNESS_EPOCHS;
use crate::pool::{current_epoch, params, validator};
use crate::sets::touch;
use crate::state::VALIDATORS;
use crate::types::{Announced, Status, Validator};
use alloy_primitives::{Address, FixedBytes};
use assay_abi::staking::IStaking;
use assay_kernel::{CallError, Ctx, revert};

fn check_not_tombstoned(validator: &Validator) -> Result<(), CallError> {
    match validator.status {
        Status::Tombstoned => revert(IStaking::WrongStatus { status: validator.status.number() }),
        _ => Ok(()),
    }
}

/// Once per epoch, because each change makes another set.
///
/// # Errors
/// `Reverted`: `UnknownValidator`, `WrongStatus` for a tombstoned one, `ChangePending` for a second change in an epoch,
/// `InvalidProof`, `KeyUsed`.
pub(crate) fn consensus_key(
    ctx: &mut Ctx<'_>,
    call: IStaking::rotateConsensusKeyCall,
) -> Result<IStaking::rotateConsensusKeyReturn, CallError> {
    let (operator, params) = (ctx.caller(), params(ctx)?);
    let mut validator = validator(ctx, operator)?;
    check_not_tombstoned(&validator)?;
    let epoch = current_epoch(ctx, &params);
    if validator.rotated_epoch == Some(epoch) {
        return revert(IStaking::ChangePending { epoch: epoch.saturating_add(1) });
    }

    let address = register_consensus(ctx, operator, call.publicKey, &call.proof)?;
    validator.public_key = call.publicKey;
    validator.rotated_epoch = Some(epoch);
    VALIDATORS.set(ctx, &operator, &validator)?;
    if validator.seat.is_some() {
        touch(ctx)?;
    }
    let consensus = FixedBytes(Address::into_array(address.0));
    ctx.emit(&IStaking::ConsensusKeyRotated { operator, consensusAddress: consensus, publicKey: call.publicKey })?;
    Ok(IStaking::rotateConsensusKeyReturn {})
}

/// # Errors
/// `Reverted`: `UnknownValidator`, `WrongStatus` for a tombstoned one, `ChangePending` where one is announced,
/// `InvalidProof`, `KeyUsed`.
pub(crate) fn randomness_key(ctx: &mut Ctx<'_>, call: IStaking::rotateRandomnessKeyCall) -> Result<u64, CallError> {
    let (operator, params) = (ctx.caller(), params(ctx)?);
    let mut validator = validator(ctx, operator)?;
    check_not_tombstoned(&validator)?;
    let epoch = current_epoch(ctx, &params);
    if let Some(next) = validator.next_randomness.filter(|next| next.epoch > epoch) {
        return revert(IStaking::ChangePending { epoch: next.epoch });
    }
    if call.randomnessKey == validator.public_key {
        return revert(IStaking::InvalidProof {});
    }
    let from = epoch.saturating_add(RANDOMNESS_EPOCHS);

    let consensus = consensus_address(validator.public_key);
    register_randomness(ctx, operator, call.randomnessKey, consensus, &call.proof)?;
    validator.randomness_key = validator.randomness_in(epoch);
    validator.next_randomness = Some(Announced { value: call.randomnessKey, epoch: from });
    VALIDATORS.set(ctx, &operator, &validator)?;
    ctx.emit(&IStaking::RandomnessKeyRotated { operator, randomnessKey: call.randomnessKey, epoch: from })?;
    Ok(from)
}
