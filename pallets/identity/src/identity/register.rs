//! `register`, in its three forms.

use super::mint::{Registration, WALLET_KEY, mint};
use super::receiver::check_accepts;
use crate::error::{check_metadata, check_string, require};
use alloy_primitives::{Address, Bytes, U256};
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallError, Ctx, revert};

/// `register()`.
///
/// # Errors
/// As [`register_with_metadata`].
pub fn register(ctx: &mut Ctx<'_>, _: abi::register_0Call) -> Result<U256, CallError> {
    register_for_caller(ctx, &Registration::default())
}

/// `register(string)`.
///
/// # Errors
/// As [`register_with_metadata`].
pub fn register_with_uri(ctx: &mut Ctx<'_>, call: abi::register_1Call) -> Result<U256, CallError> {
    check_string(&call.agentURI)?;
    register_for_caller(ctx, &Registration { uri: Some(call.agentURI), metadata: Vec::new() })
}

/// `register(string,(string,bytes)[])`.
///
/// # Errors
/// `Reverted("reserved key" | TooLong | ERC721InvalidReceiver)`, or with the receiver's own reason.
pub fn register_with_metadata(ctx: &mut Ctx<'_>, call: abi::register_2Call) -> Result<U256, CallError> {
    check_string(&call.agentURI)?;
    let mut metadata = Vec::new();
    for entry in call.metadata {
        require(entry.metadataKey != WALLET_KEY, "reserved key")?;
        check_string(&entry.metadataKey)?;
        check_metadata(&entry.metadataValue)?;
        metadata.push((entry.metadataKey, entry.metadataValue));
    }
    register_for_caller(ctx, &Registration { uri: Some(call.agentURI), metadata })
}

fn register_for_caller(ctx: &mut Ctx<'_>, registration: &Registration) -> Result<U256, CallError> {
    let owner = ctx.caller();
    if owner == Address::ZERO {
        return revert(abi::ERC721InvalidReceiver { receiver: owner });
    }

    let agent = mint(ctx, owner, registration)?;

    check_accepts(ctx, Address::ZERO, owner, agent, Bytes::new())?;
    Ok(agent)
}
