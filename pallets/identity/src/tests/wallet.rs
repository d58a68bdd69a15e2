//! The proof that an agent's wallet wants to be it.

use super::support::{ALICE, BOB, CAROL, EVE, NOW, REGISTRIES, World, refused_because};
use crate::identity::wallet::{AgentWalletSet, digest};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolStruct as _};
use assay_abi::erc1271::isValidSignatureCall;
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallKind, CallReturn, CallStatus};
use secp256k1::{Message, SECP256K1, SecretKey};

const ONE: U256 = U256::ONE;

fn key() -> SecretKey {
    SecretKey::from_byte_array([7; 32]).unwrap()
}

fn signer() -> Address {
    Address::from_raw_public_key(&key().public_key(SECP256K1).serialize_uncompressed()[1..])
}

fn sign(hash: B256) -> Bytes {
    let (id, compact) = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(hash.0), &key()).serialize_compact();
    let mut bytes = compact.to_vec();
    bytes.push(27 + u8::try_from(i32::from(id)).unwrap());
    bytes.into()
}

fn proof(owner: Address, deadline: u64) -> AgentWalletSet {
    AgentWalletSet { agentId: ONE, newWallet: signer(), owner, deadline: U256::from(deadline) }
}

fn set(signature: Bytes, deadline: u64) -> abi::setAgentWalletCall {
    abi::setAgentWalletCall { agentId: ONE, newWallet: signer(), deadline: U256::from(deadline), signature }
}

fn signed(owner: Address, deadline: u64) -> abi::setAgentWalletCall {
    set(sign(digest(REGISTRIES.identity, 31_337, &proof(owner, deadline))), deadline)
}

fn wallet(world: &mut World) -> Address {
    world.identity(EVE, abi::getAgentWalletCall { agentId: ONE }).unwrap()
}

#[test]
fn the_type_hash_is_the_reference_implementations() {
    let hash = proof(ALICE, 1).eip712_type_hash();
    assert_eq!(hash, keccak256("AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)"));
    assert!(hash.to_string().starts_with("0x678b53cd") && hash.to_string().ends_with("5b7d32"));
}

#[test]
fn a_key_proves_its_wallet() {
    let mut world = World::with_agent();
    let logs = world.logs_of(|world| {
        world.identity(ALICE, signed(ALICE, NOW + 300)).unwrap();
    });
    assert_eq!(logs.len(), 1);
    assert_eq!(wallet(&mut world), signer());
    let read = abi::getMetadataCall { agentId: ONE, metadataKey: "agentWallet".into() };
    assert_eq!(world.identity(EVE, read).unwrap().as_ref(), signer().as_slice());
    world.identity(ALICE, abi::unsetAgentWalletCall { agentId: ONE }).unwrap();
    assert_eq!(wallet(&mut world), Address::ZERO);
    // There is no nonce: until its deadline the proof can be used again, to the same effect only.
    world.identity(ALICE, signed(ALICE, NOW + 300)).unwrap();
    assert_eq!(wallet(&mut world), signer());
}

#[test]
fn refusals_come_in_the_reference_implementations_order() {
    let mut world = World::with_agent();
    let late = NOW - 1;
    refused_because(world.identity(EVE, set(Bytes::new(), late)), "Not authorized");
    let nobody = abi::setAgentWalletCall { newWallet: Address::ZERO, ..set(Bytes::new(), late) };
    refused_because(world.identity(ALICE, nobody), "bad wallet");
    refused_because(world.identity(ALICE, signed(ALICE, late)), "expired");
    refused_because(world.identity(ALICE, signed(ALICE, NOW + 301)), "deadline too far");
    refused_because(world.identity(ALICE, set(Bytes::new(), NOW)), "invalid wallet sig");
    world.identity(ALICE, signed(ALICE, NOW)).unwrap();
    refused_because(world.identity(EVE, abi::unsetAgentWalletCall { agentId: ONE }), "Not authorized");
}

#[test]
fn a_proof_is_worth_nothing_elsewhere_or_later() {
    let mut world = World::with_agent();
    let deadline = NOW + 100;
    // Of another chain, another registry, another agent, another owner.
    let here = proof(ALICE, deadline);
    let other_chain = digest(REGISTRIES.identity, 31_338, &here);
    let other_registry = digest(REGISTRIES.reputation, 31_337, &here);
    let other_agent = AgentWalletSet { agentId: U256::from(2), ..proof(ALICE, deadline) };
    let others = [other_chain, other_registry, digest(REGISTRIES.identity, 31_337, &other_agent)];
    for hash in others {
        refused_because(world.identity(ALICE, set(sign(hash), deadline)), "invalid wallet sig");
    }
    refused_because(world.identity(ALICE, signed(BOB, deadline)), "invalid wallet sig");
    // The deadline is part of it.
    let good = signed(ALICE, deadline);
    refused_because(world.identity(ALICE, set(good.signature.clone(), deadline + 1)), "invalid wallet sig");
    // A transfer clears the wallet, and the proof names the owner before it.
    world.identity(ALICE, good.clone()).unwrap();
    world.identity(ALICE, abi::transferFromCall { from: ALICE, to: BOB, tokenId: ONE }).unwrap();
    assert_eq!(wallet(&mut world), Address::ZERO);
    refused_because(world.identity(BOB, good.clone()), "invalid wallet sig");
    // After its deadline it is expired, for the old owner too.
    world.identity(BOB, abi::transferFromCall { from: BOB, to: ALICE, tokenId: ONE }).unwrap();
    world.host.environment_mut().timestamp = deadline + 1;
    refused_because(world.identity(ALICE, good), "expired");
}

#[test]
fn odd_signatures_are_refused() {
    let mut world = World::with_agent();
    let good = signed(ALICE, NOW).signature.to_vec();
    let order = hex_order();
    let mut high_s = good.clone();
    let s = U256::from_be_slice(&good[32..64]);
    high_s[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
    high_s[64] = 27 + (28 - good[64]);
    let mut v_0 = good.clone();
    v_0[64] -= 27;
    let mut compact = good[..64].to_vec();
    compact[32] |= (good[64] - 27) << 7;
    for odd in [high_s, v_0, compact, good[..64].to_vec(), [good.clone(), vec![0]].concat(), vec![0; 65]] {
        refused_because(world.identity(ALICE, set(odd.into(), NOW)), "invalid wallet sig");
    }
    world.identity(ALICE, set(good.into(), NOW)).unwrap();
}

fn hex_order() -> U256 {
    U256::from_be_slice(&secp256k1::constants::CURVE_ORDER)
}

#[test]
fn a_contract_proves_its_wallet() {
    let mut world = World::with_agent();
    let call = abi::setAgentWalletCall { newWallet: CAROL, ..set(b"let me in".into(), NOW) };
    // An account without code says nothing.
    refused_because(world.identity(ALICE, call.clone()), "invalid wallet sig");
    world.host.set_callee(CAROL, |_, call| {
        let asked = isValidSignatureCall::abi_decode(&call.input).unwrap();
        let expected = AgentWalletSet { agentId: ONE, newWallet: CAROL, owner: ALICE, deadline: U256::from(NOW) };
        assert_eq!((call.kind, call.from), (CallKind::Static, REGISTRIES.identity));
        assert_eq!(asked.hash, digest(REGISTRIES.identity, 31_337, &expected));
        let magic = if asked.signature.as_ref() == b"let me in" { 0x1626_ba7eu32 } else { u32::MAX };
        let output = B256::right_padding_from(&magic.to_be_bytes()).0.into();
        CallReturn { status: CallStatus::Success, output }
    });
    let wrong = abi::setAgentWalletCall { signature: b"please".into(), ..call.clone() };
    refused_because(world.identity(ALICE, wrong), "invalid wallet sig");
    world.identity(ALICE, call.clone()).unwrap();
    assert_eq!(wallet(&mut world), CAROL);
    world.host.set_callee(CAROL, |_, _| CallReturn { status: CallStatus::Reverted, output: b"broken".into() });
    refused_because(world.identity(ALICE, call), "invalid wallet sig");
}

#[test]
fn an_account_that_delegates_to_code_signs_with_its_key() {
    let mut world = World::with_agent();
    world.host.set_callee(signer(), |_, _| panic!("the key comes first"));
    world.identity(ALICE, signed(ALICE, NOW)).unwrap();
    assert_eq!(wallet(&mut world), signer());
}
