//! The factory: tokens are made and enumerated here.

use crate::domain::domain_separator;
use crate::params::{DECIMALS_MAX, NAME_BYTES_MAX, SYMBOL_BYTES_MAX};
use crate::state::{CONTROL, DEFAULT, DOMAIN, METADATA, NEXT_ID};
use crate::types::{Control, Metadata};
use alloy_primitives::{Address, U256};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken, INativeTokenFactory as I};
use assay_abi::{token_address, token_id};
use assay_kernel::storage::PAGE_MAX;
use assay_kernel::{CallError, Ctx, gas, revert};
use assay_primitives::Fault;

/// First id of a chain whose genesis made no tokens: id 1, the default token, is genesis's to give.
const FIRST_ID: u64 = 2;

pub(crate) fn create_token(ctx: &mut Ctx<'_>, call: I::createTokenCall) -> Result<Address, CallError> {
    // check
    let I::createTokenCall { name, symbol, decimals, owner } = call;
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return revert(I::InvalidName {});
    }
    if symbol.is_empty() || symbol.len() > SYMBOL_BYTES_MAX {
        return revert(I::InvalidSymbol {});
    }
    if decimals > DECIMALS_MAX {
        return revert(I::TooManyDecimals { decimals });
    }
    if owner.is_zero() {
        return revert(I::InvalidOwner {});
    }
    let id = next_id(ctx)?;
    // apply
    NEXT_ID.set(ctx, &id.saturating_add(1))?;
    let metadata = Metadata { name, symbol, decimals };
    let token = make(ctx, id, &metadata, owner)?;
    ctx.act_for(token, |ctx| {
        ctx.emit(&INativeToken::OwnershipTransferred { previousOwner: Address::ZERO, newOwner: owner })
    })?;
    let (Metadata { name, symbol, decimals }, creator) = (metadata, ctx.caller());
    ctx.emit(&I::TokenCreated { token, creator, owner, name, symbol, decimals })?;
    Ok(token)
}

/// Makes a token's account and what never changes of it; the bounds were checked.
pub(crate) fn make(ctx: &mut Ctx<'_>, id: u64, metadata: &Metadata, owner: Address) -> Result<Address, CallError> {
    let token = token_address(id);
    if !ctx.create_native(token)? {
        // Nobody can have a key or a contract at an address that is chosen here.
        return Err(Fault::invariant(format!("the account of token {id} exists already")).into());
    }
    ctx.charge(gas::hash(metadata.name.len()).saturating_add(gas::hash(5 * 32)))?;
    let domain = domain_separator(&metadata.name, ctx.environment().chain_id, token);
    ctx.act_for(token, |ctx| {
        METADATA.set(ctx, metadata)?;
        DOMAIN.set(ctx, &domain)?;
        CONTROL.set(ctx, &Control { owner, paused: false })
    })?;
    Ok(token)
}

pub(crate) fn next_id(ctx: &mut Ctx<'_>) -> Result<u64, CallError> {
    Ok(NEXT_ID.get(ctx)?.unwrap_or(FIRST_ID))
}

/// The ids that are tokens: all from the first up to the next.
pub(crate) fn ids(ctx: &mut Ctx<'_>) -> Result<std::ops::Range<u64>, CallError> {
    let first = if DEFAULT.get_or_default(ctx)? { 1 } else { FIRST_ID };
    Ok(first..next_id(ctx)?)
}

pub(crate) fn token_count(ctx: &mut Ctx<'_>, _: I::tokenCountCall) -> Result<U256, CallError> {
    let ids = ids(ctx)?;
    Ok(U256::from(ids.end.saturating_sub(ids.start)))
}

pub(crate) fn tokens(ctx: &mut Ctx<'_>, call: I::tokensCall) -> Result<I::tokensReturn, CallError> {
    let ids = ids(ctx)?;
    let (start, count): (u64, u64) = (call.start.saturating_to(), call.count.saturating_to());
    let from = ids.start.saturating_add(start).min(ids.end);
    let to = from.saturating_add(count.min(PAGE_MAX)).min(ids.end);
    Ok(I::tokensReturn { page: (from..to).map(token_address).collect(), more: to < ids.end })
}

pub(crate) fn is_token(ctx: &mut Ctx<'_>, call: I::isTokenCall) -> Result<bool, CallError> {
    let ids = ids(ctx)?;
    Ok(token_id(call.token).is_some_and(|id| ids.contains(&id)))
}

pub(crate) fn default_token(ctx: &mut Ctx<'_>, _: I::defaultTokenCall) -> Result<Address, CallError> {
    Ok(if DEFAULT.get_or_default(ctx)? { DEFAULT_TOKEN } else { Address::ZERO })
}
