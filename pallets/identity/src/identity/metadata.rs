//! `setAgentURI` and `setMetadata`.

use super::access::check_caller;
use super::mint::{WALLET_KEY, write_metadata};
use super::state::URIS;
use crate::error::{check_metadata, check_string, require};
use crate::types::Blob;
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallError, Ctx};

/// `setAgentURI(uint256,string)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken | "Not authorized" | TooLong)`.
pub fn set_agent_uri(ctx: &mut Ctx<'_>, call: abi::setAgentURICall) -> Result<abi::setAgentURIReturn, CallError> {
    check_caller(ctx, call.agentId)?;
    check_string(&call.newURI)?;

    Blob::write(&URIS, ctx, &call.agentId, call.newURI.as_bytes())?;
    ctx.emit(&abi::MetadataUpdate { _tokenId: call.agentId })?;
    let updated_by = ctx.caller();
    ctx.emit(&abi::URIUpdated { agentId: call.agentId, newURI: call.newURI, updatedBy: updated_by })?;
    Ok(abi::setAgentURIReturn {})
}

/// `setMetadata(uint256,string,bytes)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken | "Not authorized" | "reserved key" | TooLong)`.
pub fn set_metadata(ctx: &mut Ctx<'_>, call: abi::setMetadataCall) -> Result<abi::setMetadataReturn, CallError> {
    check_caller(ctx, call.agentId)?;
    require(call.metadataKey != WALLET_KEY, "reserved key")?;
    check_string(&call.metadataKey)?;
    check_metadata(&call.metadataValue)?;

    write_metadata(ctx, call.agentId, &call.metadataKey, &call.metadataValue)?;
    Ok(abi::setMetadataReturn {})
}
