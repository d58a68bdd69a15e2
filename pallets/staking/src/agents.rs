//! The one thing asked of the identity registry: who owns an agent.

use alloy_primitives::{Address, U256, address};
use alloy_sol_types::SolCall;
use assay_kernel::{CallError, CallStatus, Ctx};
use assay_primitives::NetworkKind;

alloy_sol_types::sol! {
    /// ERC-721.
    function ownerOf(uint256 tokenId) external view returns (address owner);
}

/// Where the identity registry lives.
pub(crate) const fn registry(network: NetworkKind) -> Address {
    match network {
        NetworkKind::Main => address!("0x8004A169FB4a3325136EB29fA0ceB6D2e539a432"),
        NetworkKind::Test | NetworkKind::Dev => address!("0x8004A818BFB912233c491871b3d84c89A494BD9e"),
    }
}

/// The owner of an agent; `None` where there is no such agent.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn owner_of(ctx: &mut Ctx<'_>, agent: U256) -> Result<Option<Address>, CallError> {
    let registry = registry(ctx.environment().network);
    let returned = ctx.static_call(registry, ownerOfCall { tokenId: agent }.abi_encode().into())?;
    if returned.status != CallStatus::Success {
        return Ok(None);
    }
    Ok(ownerOfCall::abi_decode_returns(&returned.output).ok().filter(|owner| !owner.is_zero()))
}
