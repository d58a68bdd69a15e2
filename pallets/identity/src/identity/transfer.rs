//! `transferFrom` and `safeTransferFrom`. A transfer, also to oneself, clears the wallet first.

use super::access::{is_authorized, owner_of};
use super::receiver::check_accepts;
use super::state::{APPROVED, BALANCES, OWNERS};
use super::wallet;
use alloy_primitives::{Address, Bytes, U256};
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallError, Ctx, revert};

/// `transferFrom(address,address,uint256)`.
///
/// # Errors
/// `Reverted(ERC721InvalidReceiver | ERC721NonexistentToken | ERC721InsufficientApproval | ERC721IncorrectOwner)`.
pub fn transfer_from(ctx: &mut Ctx<'_>, call: abi::transferFromCall) -> Result<abi::transferFromReturn, CallError> {
    transfer(ctx, call.from, call.to, call.tokenId)?;
    Ok(abi::transferFromReturn {})
}

/// `safeTransferFrom(address,address,uint256)`.
///
/// # Errors
/// As [`transfer_from`] and [`check_accepts`].
pub fn safe_transfer_from(
    ctx: &mut Ctx<'_>,
    call: abi::safeTransferFrom_0Call,
) -> Result<abi::safeTransferFrom_0Return, CallError> {
    transfer(ctx, call.from, call.to, call.tokenId)?;
    check_accepts(ctx, call.from, call.to, call.tokenId, Bytes::new())?;
    Ok(abi::safeTransferFrom_0Return {})
}

/// `safeTransferFrom(address,address,uint256,bytes)`.
///
/// # Errors
/// As [`transfer_from`] and [`check_accepts`].
pub fn safe_transfer_from_with_data(
    ctx: &mut Ctx<'_>,
    call: abi::safeTransferFrom_1Call,
) -> Result<abi::safeTransferFrom_1Return, CallError> {
    transfer(ctx, call.from, call.to, call.tokenId)?;
    check_accepts(ctx, call.from, call.to, call.tokenId, call.data)?;
    Ok(abi::safeTransferFrom_1Return {})
}

fn transfer(ctx: &mut Ctx<'_>, from: Address, to: Address, agent: U256) -> Result<(), CallError> {
    if to == Address::ZERO {
        return revert(abi::ERC721InvalidReceiver { receiver: to });
    }
    let owner = owner_of(ctx, agent)?;
    let operator = ctx.caller();
    if !is_authorized(ctx, owner, operator, agent)? {
        return revert(abi::ERC721InsufficientApproval { operator, tokenId: agent });
    }
    if owner != from {
        return revert(abi::ERC721IncorrectOwner { sender: from, tokenId: agent, owner });
    }

    wallet::clear(ctx, agent)?;
    APPROVED.remove(ctx, &agent)?;
    if from != to {
        let left = BALANCES.get_or_default(ctx, &from)?.saturating_sub(1);
        BALANCES.set(ctx, &from, &left)?;
        let held = BALANCES.get_or_default(ctx, &to)?;
        BALANCES.set(ctx, &to, &held.saturating_add(1))?;
        OWNERS.set(ctx, &agent, &to)?;
    }
    ctx.emit(&abi::Transfer { from, to, tokenId: agent })
}
