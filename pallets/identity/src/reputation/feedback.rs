//! `giveFeedback` and `revokeFeedback`.

use super::filter;
use super::state::{CLIENTS, FEEDBACK, LAST_INDEX, TAGS};
use crate::error::{check_string, require};
use crate::identity::access;
use crate::params::{DECIMALS_MAX, FEEDBACK_VALUE_MAX};
use crate::registries::registries;
use crate::types::Feedback;
use alloy_primitives::{Address, B256, U256};
use assay_abi::identity::IReputationRegistry as abi;
use assay_kernel::{CallError, Ctx};

/// `giveFeedback(uint256,int128,uint8,string,string,string,string,bytes32)`.
///
/// # Errors
/// `Reverted("too many decimals" | "value too large" | ERC721NonexistentToken | "Self-feedback not allowed" | TooLong)`.
pub fn give_feedback(ctx: &mut Ctx<'_>, call: abi::giveFeedbackCall) -> Result<abi::giveFeedbackReturn, CallError> {
    require(call.valueDecimals <= DECIMALS_MAX, "too many decimals")?;
    require((-FEEDBACK_VALUE_MAX..=FEEDBACK_VALUE_MAX).contains(&call.value), "value too large")?;
    let client = ctx.caller();
    let own = ctx.view_of(registries(ctx).identity, |ctx| {
        let owner = access::owner_of(ctx, call.agentId)?;
        access::is_authorized(ctx, owner, client, call.agentId)
    })?;
    require(!own, "Self-feedback not allowed")?;
    check_string(&call.endpoint)?;
    check_string(&call.feedbackURI)?;

    write(
        ctx,
        client,
        Given {
            agent: call.agentId,
            value: call.value,
            decimals: call.valueDecimals,
            tag1: call.tag1,
            tag2: call.tag2,
            endpoint: call.endpoint,
            uri: call.feedbackURI,
            hash: call.feedbackHash,
        },
    )?;
    Ok(abi::giveFeedbackReturn {})
}

/// Feedback to write; value and decimals in their bounds.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) agent: U256,
    pub(super) value: i128,
    pub(super) decimals: u8,
    pub(super) tag1: String,
    pub(super) tag2: String,
    pub(super) endpoint: String,
    pub(super) uri: String,
    pub(super) hash: B256,
}

/// Writes feedback of a client and returns its index.
///
/// # Errors
/// `Reverted(TooLong)` for a tag; `Halted`, `Fault`.
pub(super) fn write(ctx: &mut Ctx<'_>, client: Address, given: Given) -> Result<u64, CallError> {
    let (agent, value, decimals) = (given.agent, given.value, given.decimals);
    let tag1 = TAGS.intern(ctx, &given.tag1)?;
    let tag2 = TAGS.intern(ctx, &given.tag2)?;
    let last = LAST_INDEX.get_or_default(ctx, &(agent, client))?;
    if last == 0 {
        CLIENTS.at(ctx, &agent)?.push(ctx, &client)?;
    }
    let index = last.saturating_add(1);
    LAST_INDEX.set(ctx, &(agent, client), &index)?;
    let entry = Feedback { value, decimals, revoked: false, tag1, tag2 };
    FEEDBACK.set(ctx, &(agent, client, index), &entry)?;
    filter::count(ctx, agent, client, &entry, true)?;
    let indexed = ctx.keccak(given.tag1.as_bytes())?;
    ctx.emit(&abi::NewFeedback {
        agentId: agent,
        clientAddress: client,
        feedbackIndex: index,
        value,
        valueDecimals: decimals,
        indexedTag1: indexed,
        tag1: given.tag1,
        tag2: given.tag2,
        endpoint: given.endpoint,
        feedbackURI: given.uri,
        feedbackHash: given.hash,
    })?;
    Ok(index)
}

/// An entry of a client.
///
/// # Errors
/// `Reverted("index must be > 0" | "index out of bounds")`.
pub(super) fn entry(ctx: &mut Ctx<'_>, agent: U256, client: Address, index: u64) -> Result<Feedback, CallError> {
    require(index > 0, "index must be > 0")?;
    require(index <= LAST_INDEX.get_or_default(ctx, &(agent, client))?, "index out of bounds")?;
    stored(ctx, agent, client, index)
}

/// An entry that is known to be there.
///
/// # Errors
/// `Fault` where it is not; `Halted`.
pub(super) fn stored(ctx: &mut Ctx<'_>, agent: U256, client: Address, index: u64) -> Result<Feedback, CallError> {
    let entry = FEEDBACK.get(ctx, &(agent, client, index))?;
    entry.ok_or_else(|| CallError::Fault(assay_primitives::Fault::corrupt("an entry of feedback is missing")))
}

/// `revokeFeedback(uint256,uint64)`. A job-backed entry leaves the plain summaries, not the verified ones.
///
/// # Errors
/// `Reverted("index must be > 0" | "index out of bounds" | "Already revoked")`.
pub fn revoke_feedback(
    ctx: &mut Ctx<'_>,
    call: abi::revokeFeedbackCall,
) -> Result<abi::revokeFeedbackReturn, CallError> {
    let client = ctx.caller();
    let entry = entry(ctx, call.agentId, client, call.feedbackIndex)?;
    require(!entry.revoked, "Already revoked")?;

    let revoked = Feedback { revoked: true, ..entry };
    FEEDBACK.set(ctx, &(call.agentId, client, call.feedbackIndex), &revoked)?;
    filter::count(ctx, call.agentId, client, &entry, false)?;
    ctx.emit(&abi::FeedbackRevoked {
        agentId: call.agentId,
        clientAddress: client,
        feedbackIndex: call.feedbackIndex,
    })?;
    Ok(abi::revokeFeedbackReturn {})
}
