//! EIP-712: the domain of a token and what is signed under it.

use crate::params::VERSION;
use crate::state::DOMAIN;
use alloy_primitives::{Address, B256, U256, b256, keccak256};
use assay_kernel::{CallError, Ctx};
use assay_primitives::Fault;

/// `EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)`
const DOMAIN_TYPEHASH: B256 = b256!("0x8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");
/// `Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)`
pub(crate) const PERMIT_TYPEHASH: B256 = b256!("0x6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9");
/// `TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)`
pub(crate) const TRANSFER_TYPEHASH: B256 = b256!("0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267");
/// `ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)`
pub(crate) const RECEIVE_TYPEHASH: B256 = b256!("0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8");
/// `CancelAuthorization(address authorizer,bytes32 nonce)`
pub(crate) const CANCEL_TYPEHASH: B256 = b256!("0x158b0a9edf7a828aad02f63cd515c68ef2f50ba807396f6d12842833a1597429");

/// Hash of a token's domain (EIP-712).
pub fn domain_separator(name: &str, chain_id: u64, token: Address) -> B256 {
    let (name, version) = (keccak256(name), keccak256(VERSION));
    keccak256(
        [DOMAIN_TYPEHASH, name, version, U256::from(chain_id).into(), token.into_word()]
            .map(|word| word.0)
            .as_flattened(),
    )
}

/// What is signed: a struct's hash under a domain (EIP-712).
pub fn digest(domain: B256, struct_hash: B256) -> B256 {
    keccak256([&[0x19, 0x01][..], domain.as_slice(), struct_hash.as_slice()].concat())
}

/// What is signed for a struct, a type's hash and its members, under the acting token's domain; paid for.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn signed<const N: usize>(ctx: &mut Ctx<'_>, words: [B256; N]) -> Result<B256, CallError> {
    let domain = stored(ctx)?;
    let struct_hash = ctx.keccak(words.map(|word| word.0).as_flattened())?;
    ctx.keccak(&[&[0x19, 0x01][..], domain.as_slice(), struct_hash.as_slice()].concat())
}

/// The acting token's domain.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn stored(ctx: &mut Ctx<'_>) -> Result<B256, CallError> {
    DOMAIN.get(ctx)?.ok_or_else(|| Fault::invariant(format!("token {} has no domain", ctx.address())).into())
}
