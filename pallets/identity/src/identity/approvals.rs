//! `approve` and `setApprovalForAll`.

use super::access::owner_of;
use super::state::{APPROVED, OPERATORS};
use alloy_primitives::Address;
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallError, Ctx, revert};

/// `approve(address,uint256)`; the zero address takes an approval back.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken | ERC721InvalidApprover)`.
pub fn approve(ctx: &mut Ctx<'_>, call: abi::approveCall) -> Result<abi::approveReturn, CallError> {
    let owner = owner_of(ctx, call.tokenId)?;
    let caller = ctx.caller();
    if caller != owner && !OPERATORS.get_or_default(ctx, &(owner, caller))? {
        return revert(abi::ERC721InvalidApprover { approver: caller });
    }

    APPROVED.set(ctx, &call.tokenId, &call.to)?;
    ctx.emit(&abi::Approval { owner, approved: call.to, tokenId: call.tokenId })?;
    Ok(abi::approveReturn {})
}

/// `setApprovalForAll(address,bool)`.
///
/// # Errors
/// `Reverted(ERC721InvalidOperator)` for the zero address.
pub fn set_approval_for_all(
    ctx: &mut Ctx<'_>,
    call: abi::setApprovalForAllCall,
) -> Result<abi::setApprovalForAllReturn, CallError> {
    if call.operator == Address::ZERO {
        return revert(abi::ERC721InvalidOperator { operator: call.operator });
    }
    let owner = ctx.caller();

    OPERATORS.set(ctx, &(owner, call.operator), &call.approved)?;
    ctx.emit(&abi::ApprovalForAll { owner, operator: call.operator, approved: call.approved })?;
    Ok(abi::setApprovalForAllReturn {})
}
