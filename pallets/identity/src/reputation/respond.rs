//! `appendResponse` and `getResponseCount`.

use super::state::{CLIENTS, LAST_INDEX, RESPONSES, RESPONSES_OF};
use crate::error::{check_string, overflow, require};
use alloy_primitives::{Address, U256};
use assay_abi::identity::IReputationRegistry as abi;
use assay_kernel::{CallError, Ctx};

/// Computation per client, and per entry or responder looked at, beside the slots read.
const CLIENT_GAS: u64 = 100;
const ENTRY_GAS: u64 = 50;

/// `appendResponse(uint256,address,uint64,string,bytes32)`: anyone, also to revoked entries.
///
/// # Errors
/// `Reverted("index must be > 0" | "Empty URI" | "index out of bounds" | TooLong)`.
pub fn append_response(
    ctx: &mut Ctx<'_>,
    call: abi::appendResponseCall,
) -> Result<abi::appendResponseReturn, CallError> {
    let (agent, client, index) = (call.agentId, call.clientAddress, call.feedbackIndex);
    require(index > 0, "index must be > 0")?;
    require(!call.responseURI.is_empty(), "Empty URI")?;
    require(index <= LAST_INDEX.get_or_default(ctx, &(agent, client))?, "index out of bounds")?;
    check_string(&call.responseURI)?;

    let responder = ctx.caller();
    let all = RESPONSES.get_or_default(ctx, &(agent, client, index))?;
    RESPONSES.set(ctx, &(agent, client, index), &all.saturating_add(1))?;
    let own = RESPONSES_OF.get_or_default(ctx, &(agent, client, index, responder))?;
    RESPONSES_OF.set(ctx, &(agent, client, index, responder), &own.saturating_add(1))?;
    ctx.emit(&abi::ResponseAppended {
        agentId: agent,
        clientAddress: client,
        feedbackIndex: index,
        responder,
        responseURI: call.responseURI,
        responseHash: call.responseHash,
    })?;
    Ok(abi::appendResponseReturn {})
}

/// `getResponseCount(uint256,address,uint64,address[])`. No client: of all clients, whatever the index; index 0: of all
/// the client's entries; no responders: of everybody. A responder that is listed twice counts twice.
///
/// # Errors
/// `Halted(OutOfGas)`: the first two forms read every entry.
pub fn response_count(ctx: &mut Ctx<'_>, call: abi::getResponseCountCall) -> Result<u64, CallError> {
    if call.clientAddress == Address::ZERO {
        let clients = CLIENTS.at(ctx, &call.agentId)?;
        let mut total = 0u64;
        for position in 0..clients.length(ctx)? {
            let client = clients.get(ctx, position)?.unwrap_or_default();
            let more = of_client(ctx, call.agentId, client, &call.responders)?;
            total = total.checked_add(more).ok_or_else(overflow)?;
        }
        return Ok(total);
    }
    if call.feedbackIndex == 0 {
        return of_client(ctx, call.agentId, call.clientAddress, &call.responders);
    }
    of_entry(ctx, call.agentId, call.clientAddress, call.feedbackIndex, &call.responders)
}

fn of_client(ctx: &mut Ctx<'_>, agent: U256, client: Address, responders: &[Address]) -> Result<u64, CallError> {
    ctx.charge(CLIENT_GAS)?;
    let mut total = 0u64;
    for index in 1..=LAST_INDEX.get_or_default(ctx, &(agent, client))? {
        let more = of_entry(ctx, agent, client, index, responders)?;
        total = total.checked_add(more).ok_or_else(overflow)?;
    }
    Ok(total)
}

fn of_entry(
    ctx: &mut Ctx<'_>,
    agent: U256,
    client: Address,
    index: u64,
    responders: &[Address],
) -> Result<u64, CallError> {
    ctx.charge(ENTRY_GAS)?;
    if responders.is_empty() {
        return RESPONSES.get_or_default(ctx, &(agent, client, index));
    }
    let mut total = 0u64;
    for responder in responders {
        ctx.charge(ENTRY_GAS)?;
        let more = RESPONSES_OF.get_or_default(ctx, &(agent, client, index, *responder))?;
        total = total.checked_add(more).ok_or_else(overflow)?;
    }
    Ok(total)
}
