//! `validationRequest`.

use super::state::{OF_AGENT, OF_VALIDATOR, REQUESTS, SUBJECTS};
use crate::error::{check_string, require};
use crate::identity::access;
use crate::registries::registries;
use crate::types::{Request, Subject};
use alloy_primitives::{Address, B256, U256};
use assay_abi::identity::{COURT_HASH_PREFIX, IValidationRegistry as abi};
use assay_kernel::{CallError, Ctx};

/// `validationRequest(address,uint256,string,bytes32)`. A hash with the court's prefix counts as taken.
///
/// # Errors
/// `Reverted("bad validator" | "exists" | ERC721NonexistentToken | "Not authorized" | TooLong)`.
pub fn validation_request(
    ctx: &mut Ctx<'_>,
    call: abi::validationRequestCall,
) -> Result<abi::validationRequestReturn, CallError> {
    require(call.validatorAddress != Address::ZERO, "bad validator")?;
    let taken = call.requestHash.starts_with(&COURT_HASH_PREFIX) || REQUESTS.get(ctx, &call.requestHash)?.is_some();
    require(!taken, "exists")?;
    let caller = ctx.caller();
    let may = ctx.view_of(registries(ctx).identity, |ctx| {
        let owner = access::owner_of(ctx, call.agentId)?;
        access::is_authorized(ctx, owner, caller, call.agentId)
    })?;
    require(may, "Not authorized")?;
    check_string(&call.requestURI)?;

    write(ctx, call.validatorAddress, call.agentId, call.requestURI, call.requestHash)?;
    Ok(abi::validationRequestReturn {})
}

/// Writes a request about an agent that exists, under a hash that is free.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn write(
    ctx: &mut Ctx<'_>,
    validator: Address,
    agent: U256,
    uri: String,
    hash: B256,
) -> Result<(), CallError> {
    let changed_at = ctx.environment().timestamp;
    REQUESTS.set(ctx, &hash, &Request { validator, response: 0, answered: false, changed_at })?;
    SUBJECTS.set(ctx, &hash, &Subject { agent, tag: 0 })?;
    OF_AGENT.at(ctx, &agent)?.push(ctx, &hash)?;
    OF_VALIDATOR.at(ctx, &validator)?.push(ctx, &hash)?;
    ctx.emit(&abi::ValidationRequest {
        validatorAddress: validator,
        agentId: agent,
        requestURI: uri,
        requestHash: hash,
    })
}
