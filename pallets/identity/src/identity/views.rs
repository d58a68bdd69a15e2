//! What the identity registry answers without writing.

use super::access;
use super::mint::WALLET_KEY;
use super::state::{APPROVED, BALANCES, METADATA, NEXT_ID, OPERATORS, URIS, WALLETS};
use crate::registries::{OWNER, VERSION};
use crate::types::Blob;
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallError, Ctx, revert};

/// Name of the EIP-712 domain.
pub const DOMAIN_NAME: &str = "ERC8004IdentityRegistry";
/// Version of the EIP-712 domain.
pub const DOMAIN_VERSION: &str = "1";
/// EIP-5267: name, version, chain id and contract are set.
const DOMAIN_FIELDS: FixedBytes<1> = FixedBytes([0x0f]);
/// ERC-165, ERC-721, ERC-721 metadata, ERC-4906.
const INTERFACES: [[u8; 4]; 4] =
    [[0x01, 0xff, 0xc9, 0xa7], [0x80, 0xac, 0x58, 0xcd], [0x5b, 0x5e, 0x13, 0x9f], [0x49, 0x06, 0x49, 0x06]];

/// `ownerOf(uint256)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken)`.
pub fn owner_of(ctx: &mut Ctx<'_>, call: abi::ownerOfCall) -> Result<Address, CallError> {
    access::owner_of(ctx, call.tokenId)
}

/// `isAuthorizedOrOwner(address,uint256)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken)`.
pub fn is_authorized_or_owner(ctx: &mut Ctx<'_>, call: abi::isAuthorizedOrOwnerCall) -> Result<bool, CallError> {
    let owner = access::owner_of(ctx, call.agentId)?;
    access::is_authorized(ctx, owner, call.spender, call.agentId)
}

/// `getAgentWallet(uint256)`: zero where there is none, or no such agent.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn agent_wallet(ctx: &mut Ctx<'_>, call: abi::getAgentWalletCall) -> Result<Address, CallError> {
    WALLETS.get_or_default(ctx, &call.agentId)
}

/// `tokenURI(uint256)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken)`.
pub fn token_uri(ctx: &mut Ctx<'_>, call: abi::tokenURICall) -> Result<String, CallError> {
    access::owner_of(ctx, call.tokenId)?;
    Blob::read_text(&URIS, ctx, &call.tokenId)
}

/// `agentURI(uint256)`, the same under the name of the standard's prose.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken)`.
pub fn agent_uri(ctx: &mut Ctx<'_>, call: abi::agentURICall) -> Result<String, CallError> {
    token_uri(ctx, abi::tokenURICall { tokenId: call.agentId })
}

/// `getMetadata(uint256,string)`: empty where there is none, or no such agent. The key `agentWallet` reads the wallet.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn metadata(ctx: &mut Ctx<'_>, call: abi::getMetadataCall) -> Result<Bytes, CallError> {
    if call.metadataKey == WALLET_KEY {
        let wallet = WALLETS.get(ctx, &call.agentId)?;
        return Ok(wallet.map(|wallet| Bytes::copy_from_slice(wallet.as_slice())).unwrap_or_default());
    }
    let hash = ctx.keccak(call.metadataKey.as_bytes())?;
    Ok(Blob::read(&METADATA, ctx, &(call.agentId, hash))?.into())
}

/// `balanceOf(address)`.
///
/// # Errors
/// `Reverted(ERC721InvalidOwner)` for the zero address.
pub fn balance_of(ctx: &mut Ctx<'_>, call: abi::balanceOfCall) -> Result<U256, CallError> {
    if call.owner == Address::ZERO {
        return revert(abi::ERC721InvalidOwner { owner: call.owner });
    }
    Ok(U256::from(BALANCES.get_or_default(ctx, &call.owner)?))
}

/// `getApproved(uint256)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken)`.
pub fn approved(ctx: &mut Ctx<'_>, call: abi::getApprovedCall) -> Result<Address, CallError> {
    access::owner_of(ctx, call.tokenId)?;
    APPROVED.get_or_default(ctx, &call.tokenId)
}

/// `isApprovedForAll(address,address)`.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn is_approved_for_all(ctx: &mut Ctx<'_>, call: abi::isApprovedForAllCall) -> Result<bool, CallError> {
    OPERATORS.get_or_default(ctx, &(call.owner, call.operator))
}

/// `supportsInterface(bytes4)`.
///
/// # Errors
/// None.
pub fn supports_interface(_: &mut Ctx<'_>, call: abi::supportsInterfaceCall) -> Result<bool, CallError> {
    Ok(INTERFACES.contains(&call.interfaceId.0))
}

/// `name()`.
///
/// # Errors
/// None.
pub fn name(_: &mut Ctx<'_>, _: abi::nameCall) -> Result<String, CallError> {
    Ok("AgentIdentity".to_owned())
}

/// `symbol()`.
///
/// # Errors
/// None.
pub fn symbol(_: &mut Ctx<'_>, _: abi::symbolCall) -> Result<String, CallError> {
    Ok("AGENT".to_owned())
}

/// `totalSupply()`: how many agents there are, agent 0 among them.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn total_supply(ctx: &mut Ctx<'_>, _: abi::totalSupplyCall) -> Result<U256, CallError> {
    Ok(U256::from(NEXT_ID.get_or_default(ctx)?))
}

/// `tokenByIndex(uint256)`: agents are never burned, so index and id are the same.
///
/// # Errors
/// `Reverted(ERC721OutOfBoundsIndex)`.
pub fn token_by_index(ctx: &mut Ctx<'_>, call: abi::tokenByIndexCall) -> Result<U256, CallError> {
    if call.index >= U256::from(NEXT_ID.get_or_default(ctx)?) {
        return revert(abi::ERC721OutOfBoundsIndex { owner: Address::ZERO, index: call.index });
    }
    Ok(call.index)
}

/// `eip712Domain()` (EIP-5267).
///
/// # Errors
/// None.
pub fn eip712_domain(ctx: &mut Ctx<'_>, _: abi::eip712DomainCall) -> Result<abi::eip712DomainReturn, CallError> {
    Ok(abi::eip712DomainReturn {
        fields: DOMAIN_FIELDS,
        name: DOMAIN_NAME.to_owned(),
        version: DOMAIN_VERSION.to_owned(),
        chainId: U256::from(ctx.environment().chain_id),
        verifyingContract: ctx.address(),
        salt: B256::ZERO,
        extensions: Vec::new(),
    })
}

/// `getVersion()`.
///
/// # Errors
/// None.
pub fn version(_: &mut Ctx<'_>, _: abi::getVersionCall) -> Result<String, CallError> {
    Ok(VERSION.to_owned())
}

/// `owner()`.
///
/// # Errors
/// None.
pub fn owner(_: &mut Ctx<'_>, _: abi::ownerCall) -> Result<Address, CallError> {
    Ok(OWNER)
}
