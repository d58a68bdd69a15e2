//! A new agent: all its writes and events, before any receiver is called.

use super::state::{BALANCES, METADATA, NEXT_ID, OWNERS, URIS, WALLETS};
use crate::types::Blob;
use alloy_primitives::{Address, Bytes, U256};
use assay_abi::identity::IIdentityRegistry::{MetadataSet, MetadataUpdate, Registered, Transfer};
use assay_kernel::{CallError, Ctx};

/// The metadata key under which clients read the wallet; nobody writes it as metadata.
pub const WALLET_KEY: &str = "agentWallet";

/// What an agent is registered with.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// Its URI; `None` where it was registered without one, which also emits no `MetadataUpdate`.
    pub uri: Option<String>,
    /// Its metadata, checked.
    pub metadata: Vec<(String, Bytes)>,
}

/// Registers an agent and returns its id. The events, in the reference implementation's order: Transfer,
/// MetadataUpdate, Registered, MetadataSet of the wallet, MetadataSet of each entry.
///
/// # Errors
/// `Reverted(TooLong)`; `Halted`, `Fault`.
pub fn mint(ctx: &mut Ctx<'_>, owner: Address, registration: &Registration) -> Result<U256, CallError> {
    let next = NEXT_ID.get_or_default(ctx)?;
    NEXT_ID.set(ctx, &next.saturating_add(1))?;
    let agent = U256::from(next);
    OWNERS.set(ctx, &agent, &owner)?;
    let balance = BALANCES.get_or_default(ctx, &owner)?;
    BALANCES.set(ctx, &owner, &balance.saturating_add(1))?;
    WALLETS.set(ctx, &agent, &owner)?;
    ctx.emit(&Transfer { from: Address::ZERO, to: owner, tokenId: agent })?;
    if let Some(uri) = &registration.uri {
        Blob::write(&URIS, ctx, &agent, uri.as_bytes())?;
        ctx.emit(&MetadataUpdate { _tokenId: agent })?;
    }
    let uri = registration.uri.clone().unwrap_or_default();
    ctx.emit(&Registered { agentId: agent, agentURI: uri, owner })?;
    emit_metadata(ctx, agent, WALLET_KEY, Bytes::copy_from_slice(owner.as_slice()))?;
    for (key, value) in &registration.metadata {
        write_metadata(ctx, agent, key, value)?;
    }
    Ok(agent)
}

/// Stores a metadata value and says so.
///
/// # Errors
/// `Reverted(TooLong)`; `Halted`, `Fault`.
pub fn write_metadata(ctx: &mut Ctx<'_>, agent: U256, key: &str, value: &Bytes) -> Result<(), CallError> {
    let hash = ctx.keccak(key.as_bytes())?;
    Blob::write(&METADATA, ctx, &(agent, hash), value)?;
    emit_metadata(ctx, agent, key, value.clone())
}

/// Says that a metadata value was set.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn emit_metadata(ctx: &mut Ctx<'_>, agent: U256, key: &str, value: Bytes) -> Result<(), CallError> {
    let indexed = ctx.keccak(key.as_bytes())?;
    ctx.emit(&MetadataSet {
        agentId: agent,
        indexedMetadataKey: indexed,
        metadataKey: key.to_owned(),
        metadataValue: value,
    })
}
