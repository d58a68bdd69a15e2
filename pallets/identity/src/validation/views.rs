//! What the validation registry answers without writing.

use super::respond::request;
use super::state::{OF_AGENT, OF_VALIDATOR, RESPONSE_HASHES, SUBJECTS, TAGS, TALLIES};
use crate::error::overflow;
use crate::registries::{OWNER, VERSION, registries};
use crate::types::AnswerTally;
use alloy_primitives::{Address, B256, U256};
use assay_abi::identity::IValidationRegistry as abi;
use assay_kernel::{CallError, Ctx, List};
use std::collections::BTreeSet;

/// Computation per validator of a list, beside the slots read.
const VALIDATOR_GAS: u64 = 100;

/// `getValidationStatus(bytes32)`.
///
/// # Errors
/// `Reverted("unknown")`.
pub fn status(
    ctx: &mut Ctx<'_>,
    call: abi::getValidationStatusCall,
) -> Result<abi::getValidationStatusReturn, CallError> {
    let request = request(ctx, call.requestHash)?;
    let subject = SUBJECTS.get_or_default(ctx, &call.requestHash)?;
    Ok(abi::getValidationStatusReturn {
        validatorAddress: request.validator,
        agentId: subject.agent,
        response: request.response,
        responseHash: RESPONSE_HASHES.get_or_default(ctx, &call.requestHash)?,
        tag: TAGS.text(ctx, subject.tag)?,
        lastUpdate: U256::from(request.changed_at),
    })
}

/// `getSummary(uint256,address[],string)`: the integer average over answered requests; no validators: all. A validator
/// that is listed twice counts once.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn get_summary(ctx: &mut Ctx<'_>, call: abi::getSummaryCall) -> Result<abi::getSummaryReturn, CallError> {
    let nothing = abi::getSummaryReturn { count: 0, avgResponse: 0 };
    let Some(tag) = TAGS.find(ctx, &call.tag)? else { return Ok(nothing) };
    let mut validators = BTreeSet::new();
    if call.validatorAddresses.is_empty() {
        validators.insert(Address::ZERO);
    }
    for validator in call.validatorAddresses {
        ctx.charge(VALIDATOR_GAS)?;
        // The zero address names no validator: in a list it matches nothing.
        if validator != Address::ZERO {
            validators.insert(validator);
        }
    }
    let mut total = AnswerTally::default();
    for validator in validators {
        let tally = TALLIES.get_or_default(ctx, &(call.agentId, validator, tag))?;
        total.count = total.count.checked_add(tally.count).ok_or_else(overflow)?;
        total.sum = total.sum.checked_add(tally.sum).ok_or_else(overflow)?;
    }
    let average = total.sum.checked_div(u128::from(total.count)).unwrap_or_default();
    Ok(abi::getSummaryReturn { count: total.count, avgResponse: u8::try_from(average).map_err(|_| overflow())? })
}

fn all(ctx: &mut Ctx<'_>, list: &List<B256>) -> Result<Vec<B256>, CallError> {
    let mut hashes = Vec::new();
    for position in 0..list.length(ctx)? {
        hashes.push(list.get(ctx, position)?.unwrap_or_default());
    }
    Ok(hashes)
}

fn page(ctx: &mut Ctx<'_>, list: &List<B256>, offset: u64, limit: u64) -> Result<(Vec<B256>, bool), CallError> {
    let hashes = list.page(ctx, offset, limit)?;
    let end = offset.saturating_add(hashes.len() as u64);
    Ok((hashes, end < list.length(ctx)?))
}

/// `getAgentValidations(uint256)`. Unbounded: gas per request.
///
/// # Errors
/// `Halted(OutOfGas)`.
pub fn agent_validations(ctx: &mut Ctx<'_>, call: abi::getAgentValidationsCall) -> Result<Vec<B256>, CallError> {
    let list = OF_AGENT.at(ctx, &call.agentId)?;
    all(ctx, &list)
}

/// `getValidatorRequests(address)`. Unbounded, and anybody may name any validator: gas per request.
///
/// # Errors
/// `Halted(OutOfGas)`.
pub fn validator_requests(ctx: &mut Ctx<'_>, call: abi::getValidatorRequestsCall) -> Result<Vec<B256>, CallError> {
    let list = OF_VALIDATOR.at(ctx, &call.validatorAddress)?;
    all(ctx, &list)
}

/// `getAgentValidationsPage(uint256,uint64,uint64)`: at most 100 requests from an offset on, and whether there are more.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn agent_validations_page(
    ctx: &mut Ctx<'_>,
    call: abi::getAgentValidationsPageCall,
) -> Result<abi::getAgentValidationsPageReturn, CallError> {
    let list = OF_AGENT.at(ctx, &call.agentId)?;
    let (hashes, truncated) = page(ctx, &list, call.offset, call.limit)?;
    Ok(abi::getAgentValidationsPageReturn { requestHashes: hashes, truncated })
}

/// `getValidatorRequestsPage(address,uint64,uint64)`: as [`agent_validations_page`].
///
/// # Errors
/// `Halted`, `Fault`.
pub fn validator_requests_page(
    ctx: &mut Ctx<'_>,
    call: abi::getValidatorRequestsPageCall,
) -> Result<abi::getValidatorRequestsPageReturn, CallError> {
    let list = OF_VALIDATOR.at(ctx, &call.validatorAddress)?;
    let (hashes, truncated) = page(ctx, &list, call.offset, call.limit)?;
    Ok(abi::getValidatorRequestsPageReturn { requestHashes: hashes, truncated })
}

/// `getIdentityRegistry()`.
///
/// # Errors
/// None.
pub fn identity_registry(ctx: &mut Ctx<'_>, _: abi::getIdentityRegistryCall) -> Result<Address, CallError> {
    Ok(registries(ctx).identity)
}

/// `getVersion()`.
///
/// # Errors
/// None.
pub fn version(_: &mut Ctx<'_>, _: abi::getVersionCall) -> Result<String, CallError> {
    Ok(VERSION.to_owned())
}

/// `owner()`.
///
/// # Errors
/// None.
pub fn owner(_: &mut Ctx<'_>, _: abi::ownerCall) -> Result<Address, CallError> {
    Ok(OWNER)
}
