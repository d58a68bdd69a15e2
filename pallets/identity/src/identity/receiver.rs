//! The question to a contract whether it takes an agent (ERC-721's safe transfer and safe mint). It is the last thing
//! of a call: everything is written, and a refusal undoes all of it.

use crate::error::undecodable;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall as _;
use assay_abi::identity::IERC721Receiver::onERC721ReceivedCall;
use assay_abi::identity::IIdentityRegistry::ERC721InvalidReceiver;
use assay_kernel::{CallError, CallStatus, Ctx, Reverted, gas, revert};

/// Asks a receiver with code whether it takes an agent; accounts without code are not asked.
///
/// # Errors
/// `Reverted` with the receiver's own reason, or `ERC721InvalidReceiver` where it gives none or another answer than the
/// selector; without data where the answer is no `bytes4` (as Solidity's decoder).
pub fn check_accepts(ctx: &mut Ctx<'_>, from: Address, to: Address, agent: U256, data: Bytes) -> Result<(), CallError> {
    if !ctx.has_code(to)? {
        return Ok(());
    }
    let call = onERC721ReceivedCall { operator: ctx.caller(), from, tokenId: agent, data }.abi_encode();
    ctx.charge(gas::codec(call.len()))?;
    let returned = ctx.call(to, U256::ZERO, call.into())?;
    if returned.status != CallStatus::Success {
        return if returned.output.is_empty() {
            revert(ERC721InvalidReceiver { receiver: to })
        } else {
            Err(Reverted::with_data(returned.output).into())
        };
    }
    let answer = returned.output.get(..32).ok_or_else(undecodable)?;
    let (selector, padding) = answer.split_at_checked(4).ok_or_else(undecodable)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(undecodable());
    }
    if selector == onERC721ReceivedCall::SELECTOR { Ok(()) } else { revert(ERC721InvalidReceiver { receiver: to }) }
}
