//! What is signed, against EIP-712 spelled out and known type hashes; nobody else's signature counts.

use super::*;
use assay_abi::token::INativeToken as I;

#[test]
fn type_hashes_are_the_standards() {
    let mut world = World::new();
    let permit = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
    assert_eq!(world.call(BOB, &I::PERMIT_TYPEHASHCall {}), keccak256(permit));
    let members = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";
    let of = |name: &str| keccak256(format!("{name}{members}"));
    let transfer = world.call(BOB, &I::TRANSFER_WITH_AUTHORIZATION_TYPEHASHCall {});
    assert_eq!(transfer, of("TransferWithAuthorization"));
    let receive = world.call(BOB, &I::RECEIVE_WITH_AUTHORIZATION_TYPEHASHCall {});
    assert_eq!(receive, of("ReceiveWithAuthorization"));
    let cancel = world.call(BOB, &I::CANCEL_AUTHORIZATION_TYPEHASHCall {});
    assert_eq!(cancel, keccak256("CancelAuthorization(address authorizer,bytes32 nonce)"));
}

#[test]
fn the_domain_is_of_name_version_chain_and_address() {
    let text = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    let words = (keccak256("assayUSD"), keccak256("2"), U256::from(CHAIN_ID), DEFAULT_TOKEN);
    let mut encoded = keccak256(text).to_vec();
    encoded.extend(words.abi_encode());
    assert_eq!(domain(), keccak256(encoded));
}
