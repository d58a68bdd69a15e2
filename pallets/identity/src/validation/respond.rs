//! `validationResponse`.

use super::state::{REQUESTS, RESPONSE_HASHES, SUBJECTS, TAGS, TALLIES};
use crate::error::{check_string, overflow, require};
use crate::params::RESPONSE_MAX;
use crate::types::{AnswerTally, Request, Subject, TagId};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::Revert;
use assay_abi::identity::IValidationRegistry as abi;
use assay_kernel::{CallError, Ctx, Reverted};
use assay_primitives::Fault;

/// A request by its hash.
///
/// # Errors
/// `Reverted("unknown")`.
pub(crate) fn request(ctx: &mut Ctx<'_>, hash: B256) -> Result<Request, CallError> {
    REQUESTS.get(ctx, &hash)?.ok_or_else(|| Reverted::with(&Revert::from("unknown")).into())
}

/// `validationResponse(bytes32,uint8,string,bytes32,string)`; may be repeated, the last one stands.
///
/// # Errors
/// `Reverted("unknown" | "not validator" | "resp>100" | TooLong)`.
pub fn validation_response(
    ctx: &mut Ctx<'_>,
    call: abi::validationResponseCall,
) -> Result<abi::validationResponseReturn, CallError> {
    let request = request(ctx, call.requestHash)?;
    require(ctx.caller() == request.validator, "not validator")?;
    require(call.response <= RESPONSE_MAX, "resp>100")?;
    check_string(&call.responseURI)?;

    write(
        ctx,
        call.requestHash,
        request,
        Answer { response: call.response, uri: call.responseURI, hash: call.responseHash, tag: call.tag },
    )?;
    Ok(abi::validationResponseReturn {})
}

/// An answer of a validator.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) response: u8,
    pub(crate) uri: String,
    pub(crate) hash: B256,
    pub(crate) tag: String,
}

/// Writes the answer to a request, in the place of the one before.
///
/// # Errors
/// `Reverted(TooLong)` for the tag; `Halted`, `Fault`.
pub(crate) fn write(ctx: &mut Ctx<'_>, hash: B256, request: Request, answer: Answer) -> Result<(), CallError> {
    let subject = SUBJECTS.get_or_default(ctx, &hash)?;
    let (validator, agent) = (request.validator, subject.agent);
    let tag = TAGS.intern(ctx, &answer.tag)?;
    let now = Request { response: answer.response, answered: true, changed_at: ctx.environment().timestamp, ..request };
    REQUESTS.set(ctx, &hash, &now)?;
    SUBJECTS.set(ctx, &hash, &Subject { agent, tag })?;
    RESPONSE_HASHES.set(ctx, &hash, &answer.hash)?;
    if request.answered {
        for key in keys(agent, validator, subject.tag) {
            change(ctx, key, |tally| take(tally, request.response))?;
        }
    }
    for key in keys(agent, validator, tag) {
        change(ctx, key, |tally| add(tally, answer.response))?;
    }
    ctx.emit(&abi::ValidationResponse {
        validatorAddress: validator,
        agentId: agent,
        requestHash: hash,
        response: answer.response,
        responseURI: answer.uri,
        responseHash: answer.hash,
        tag: answer.tag,
    })
}

type Key = (U256, Address, TagId);

/// The tallies that an answer counts in: of its validator and of all, under its tag and under any.
fn keys(agent: U256, validator: Address, tag: TagId) -> impl Iterator<Item = Key> {
    let tags = std::iter::once(0).chain((tag != 0).then_some(tag));
    tags.flat_map(move |tag| [(agent, Address::ZERO, tag), (agent, validator, tag)])
}

fn change(
    ctx: &mut Ctx<'_>,
    key: Key,
    change: impl FnOnce(AnswerTally) -> Result<AnswerTally, CallError>,
) -> Result<(), CallError> {
    let before = TALLIES.get_or_default(ctx, &key)?;
    TALLIES.set(ctx, &key, &change(before)?)
}

fn add(tally: AnswerTally, response: u8) -> Result<AnswerTally, CallError> {
    let count = tally.count.checked_add(1).ok_or_else(overflow)?;
    Ok(AnswerTally { count, sum: tally.sum.checked_add(response.into()).ok_or_else(overflow)? })
}

fn take(tally: AnswerTally, response: u8) -> Result<AnswerTally, CallError> {
    let missing = || CallError::Fault(Fault::corrupt("a tally does not hold the answer that leaves it"));
    let count = tally.count.checked_sub(1).ok_or_else(missing)?;
    Ok(AnswerTally { count, sum: tally.sum.checked_sub(response.into()).ok_or_else(missing)? })
}
