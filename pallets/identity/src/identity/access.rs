//! Who may act for an agent.

use super::state::{APPROVED, OPERATORS, OWNERS};
use crate::error::{nonexistent, require};
use alloy_primitives::{Address, U256};
use assay_kernel::{CallError, Ctx};

/// The owner of an agent.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken)`.
pub fn owner_of(ctx: &mut Ctx<'_>, agent: U256) -> Result<Address, CallError> {
    OWNERS.get(ctx, &agent)?.ok_or_else(|| nonexistent(agent))
}

/// Whether an account is the owner of an agent, an operator of the owner, or approved for the agent.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn is_authorized(ctx: &mut Ctx<'_>, owner: Address, spender: Address, agent: U256) -> Result<bool, CallError> {
    if spender == Address::ZERO {
        return Ok(false);
    }
    Ok(spender == owner
        || OPERATORS.get_or_default(ctx, &(owner, spender))?
        || APPROVED.get(ctx, &agent)? == Some(spender))
}

/// The owner of an agent for which the caller may act.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken | "Not authorized")`.
pub fn check_caller(ctx: &mut Ctx<'_>, agent: U256) -> Result<Address, CallError> {
    let owner = owner_of(ctx, agent)?;
    let caller = ctx.caller();
    require(is_authorized(ctx, owner, caller, agent)?, "Not authorized")?;
    Ok(owner)
}
