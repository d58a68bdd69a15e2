//! Registration, ERC-721, metadata and enumeration.

use super::support::{ALICE, BOB, CAROL, EVE, REGISTRIES, World, data, refused, refused_because};
use crate::params::{METADATA_BYTES_MAX, STRING_BYTES_MAX, SYSTEM_OWNER};
use alloy_primitives::{Address, B256, Bytes, Log, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolEvent};
use assay_abi::errors::{Reentrant, TooLong};
use assay_abi::identity::IERC721Receiver::onERC721ReceivedCall;
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallKind, CallReturn, CallStatus, Host as _, MemoryHost, OutCall};

const ONE: U256 = U256::ONE;

fn event<E: SolEvent>(log: &Log) -> E {
    assert_eq!(log.address, REGISTRIES.identity);
    E::decode_log_data(&log.data).unwrap()
}

fn wallet_set(wallet: &[u8]) -> abi::MetadataSet {
    abi::MetadataSet {
        agentId: ONE,
        indexedMetadataKey: keccak256("agentWallet"),
        metadataKey: "agentWallet".into(),
        metadataValue: Bytes::copy_from_slice(wallet),
    }
}

fn entry(key: &str, value: &[u8]) -> abi::MetadataEntry {
    abi::MetadataEntry { metadataKey: key.into(), metadataValue: Bytes::copy_from_slice(value) }
}

fn transfer(from: Address, to: Address) -> abi::transferFromCall {
    abi::transferFromCall { from, to, tokenId: ONE }
}

fn owner(world: &mut World) -> Address {
    world.identity(EVE, abi::ownerOfCall { tokenId: ONE }).unwrap()
}

#[test]
fn agent_0_is_the_systems() {
    let mut world = World::new();
    assert_eq!(world.identity(EVE, abi::ownerOfCall { tokenId: U256::ZERO }).unwrap(), SYSTEM_OWNER);
    assert_eq!(world.identity(EVE, abi::totalSupplyCall {}).unwrap(), ONE);
    assert_eq!(world.identity(EVE, abi::balanceOfCall { owner: SYSTEM_OWNER }).unwrap(), ONE);
    world.check_invariants();
}

#[test]
fn register_without_uri() {
    let mut world = World::new();
    let logs = world.logs_of(|world| assert_eq!(world.register(ALICE), ONE));
    assert_eq!(logs.len(), 3);
    assert_eq!(event::<abi::Transfer>(&logs[0]), abi::Transfer { from: Address::ZERO, to: ALICE, tokenId: ONE });
    let registered = abi::Registered { agentId: ONE, agentURI: String::new(), owner: ALICE };
    assert_eq!(event::<abi::Registered>(&logs[1]), registered);
    assert_eq!(event::<abi::MetadataSet>(&logs[2]), wallet_set(ALICE.as_slice()));
    assert_eq!(world.identity(EVE, abi::getAgentWalletCall { agentId: ONE }).unwrap(), ALICE);
    assert_eq!(world.identity(EVE, abi::tokenURICall { tokenId: ONE }).unwrap(), "");
}

#[test]
fn register_with_uri_and_metadata() {
    let mut world = World::new();
    let metadata = vec![entry("name", b"echo"), entry("empty", b"")];
    let call = abi::register_2Call { agentURI: "ipfs://echo".into(), metadata };
    let logs = world.logs_of(|world| assert_eq!(world.identity(ALICE, call).unwrap(), ONE));
    assert_eq!(logs.len(), 6);
    event::<abi::Transfer>(&logs[0]);
    assert_eq!(event::<abi::MetadataUpdate>(&logs[1]), abi::MetadataUpdate { _tokenId: ONE });
    assert_eq!(event::<abi::Registered>(&logs[2]).agentURI, "ipfs://echo");
    assert_eq!(event::<abi::MetadataSet>(&logs[3]), wallet_set(ALICE.as_slice()));
    assert_eq!(event::<abi::MetadataSet>(&logs[4]).metadataKey, "name");
    assert_eq!(event::<abi::MetadataSet>(&logs[5]).metadataValue, Bytes::new());
    let name = world.identity(EVE, abi::getMetadataCall { agentId: ONE, metadataKey: "name".into() }).unwrap();
    assert_eq!(name.as_ref(), b"echo");
    assert_eq!(world.identity(EVE, abi::agentURICall { agentId: ONE }).unwrap(), "ipfs://echo");
    let logs = world.logs_of(|world| {
        world.identity(ALICE, abi::register_1Call { agentURI: "u".into() }).unwrap();
    });
    assert_eq!(logs.len(), 4);
}

#[test]
fn register_refuses() {
    let mut world = World::new();
    let register = |agentURI: String, metadata| abi::register_2Call { agentURI, metadata };
    refused_because(world.identity(ALICE, register("u".into(), vec![entry("agentWallet", b"x")])), "reserved key");
    refused(world.identity(ALICE, register("u".repeat(STRING_BYTES_MAX + 1), vec![])), &TooLong {});
    let long = vec![entry(&"k".repeat(STRING_BYTES_MAX + 1), b"")];
    refused(world.identity(ALICE, register("u".into(), long)), &TooLong {});
    let long = vec![entry("k", &vec![1; METADATA_BYTES_MAX + 1])];
    refused(world.identity(ALICE, register("u".into(), long)), &TooLong {});
    let nobody = abi::ERC721InvalidReceiver { receiver: Address::ZERO };
    refused(world.identity(Address::ZERO, abi::register_0Call {}), &nobody);
    assert_eq!(world.identity(EVE, abi::totalSupplyCall {}).unwrap(), ONE);
    let longest = vec![entry(&"k".repeat(STRING_BYTES_MAX), &vec![1; METADATA_BYTES_MAX])];
    world.identity(ALICE, register("u".repeat(STRING_BYTES_MAX), longest)).unwrap();
    assert_eq!(world.identity(EVE, abi::tokenURICall { tokenId: ONE }).unwrap().len(), STRING_BYTES_MAX);
}

#[test]
fn enumeration() {
    let mut world = World::with_agent();
    assert_eq!(world.identity(EVE, abi::tokenByIndexCall { index: ONE }).unwrap(), ONE);
    let two = U256::from(2);
    let beyond = abi::ERC721OutOfBoundsIndex { owner: Address::ZERO, index: two };
    refused(world.identity(EVE, abi::tokenByIndexCall { index: two }), &beyond);
    refused(
        world.identity(EVE, abi::balanceOfCall { owner: Address::ZERO }),
        &abi::ERC721InvalidOwner { owner: Address::ZERO },
    );
}

#[test]
fn unknown_agents_are_refused_or_empty_as_in_the_reference() {
    let mut world = World::new();
    for id in [ONE, U256::MAX, U256::from(u64::MAX) + ONE] {
        let nonexistent = abi::ERC721NonexistentToken { tokenId: id };
        refused(world.identity(ALICE, abi::ownerOfCall { tokenId: id }), &nonexistent);
        refused(world.identity(ALICE, abi::tokenURICall { tokenId: id }), &nonexistent);
        refused(world.identity(ALICE, abi::getApprovedCall { tokenId: id }), &nonexistent);
        refused(world.identity(ALICE, abi::isAuthorizedOrOwnerCall { spender: ALICE, agentId: id }), &nonexistent);
        refused(world.identity(ALICE, abi::setAgentURICall { agentId: id, newURI: String::new() }), &nonexistent);
        refused(world.identity(ALICE, abi::unsetAgentWalletCall { agentId: id }), &nonexistent);
        refused(world.identity(ALICE, abi::approveCall { to: BOB, tokenId: id }), &nonexistent);
        refused(world.identity(ALICE, abi::transferFromCall { from: ALICE, to: BOB, tokenId: id }), &nonexistent);
        assert_eq!(world.identity(ALICE, abi::getAgentWalletCall { agentId: id }).unwrap(), Address::ZERO);
        let key = "name".to_owned();
        assert_eq!(
            world.identity(ALICE, abi::getMetadataCall { agentId: id, metadataKey: key }).unwrap(),
            Bytes::new()
        );
    }
}

#[test]
fn set_metadata_and_uri() {
    let mut world = World::with_agent();
    let set = |value: &[u8]| abi::setMetadataCall {
        agentId: ONE,
        metadataKey: "k".into(),
        metadataValue: Bytes::copy_from_slice(value),
    };
    refused_because(world.identity(EVE, set(b"v")), "Not authorized");
    let reserved = abi::setMetadataCall { metadataKey: "agentWallet".into(), ..set(b"v") };
    refused_because(world.identity(ALICE, reserved), "reserved key");
    let logs = world.logs_of(|world| {
        world.identity(ALICE, set(b"v")).unwrap();
    });
    assert_eq!(event::<abi::MetadataSet>(&logs[0]).indexedMetadataKey, keccak256("k"));
    let slots = world.host.slot_count(REGISTRIES.identity);
    world.identity(ALICE, set(&[7; 100])).unwrap();
    world.identity(ALICE, set(b"")).unwrap();
    assert_eq!(world.host.slot_count(REGISTRIES.identity), slots - 2, "an empty value frees its slots");
    refused_because(world.identity(EVE, abi::setAgentURICall { agentId: ONE, newURI: "x".into() }), "Not authorized");
    let logs = world.logs_of(|world| {
        world.identity(ALICE, abi::setAgentURICall { agentId: ONE, newURI: "x".into() }).unwrap();
    });
    event::<abi::MetadataUpdate>(&logs[0]);
    let updated = abi::URIUpdated { agentId: ONE, newURI: "x".into(), updatedBy: ALICE };
    assert_eq!(event::<abi::URIUpdated>(&logs[1]), updated);
    assert_eq!(logs.len(), 2);
}

#[test]
fn approvals() {
    let mut world = World::with_agent();
    let not_his = abi::ERC721InvalidApprover { approver: EVE };
    refused(world.identity(EVE, abi::approveCall { to: EVE, tokenId: ONE }), &not_his);
    let nobody = abi::ERC721InvalidOperator { operator: Address::ZERO };
    let all = |operator, approved| abi::setApprovalForAllCall { operator, approved };
    refused(world.identity(ALICE, all(Address::ZERO, true)), &nobody);
    world.identity(ALICE, all(BOB, true)).unwrap();
    // An operator approves, and acts; the approved acts, but does not approve.
    world.identity(BOB, abi::approveCall { to: CAROL, tokenId: ONE }).unwrap();
    assert_eq!(world.identity(EVE, abi::getApprovedCall { tokenId: ONE }).unwrap(), CAROL);
    refused(
        world.identity(CAROL, abi::approveCall { to: EVE, tokenId: ONE }),
        &abi::ERC721InvalidApprover { approver: CAROL },
    );
    for (spender, expected) in [(ALICE, true), (BOB, true), (CAROL, true), (EVE, false), (Address::ZERO, false)] {
        let asked = abi::isAuthorizedOrOwnerCall { spender, agentId: ONE };
        assert_eq!(world.identity(EVE, asked).unwrap(), expected, "{spender}");
    }
    world.identity(CAROL, abi::setAgentURICall { agentId: ONE, newURI: "c".into() }).unwrap();
    world.identity(ALICE, all(BOB, false)).unwrap();
    assert!(!world.identity(EVE, abi::isApprovedForAllCall { owner: ALICE, operator: BOB }).unwrap());
    refused_because(world.identity(BOB, abi::setAgentURICall { agentId: ONE, newURI: "b".into() }), "Not authorized");
    world.identity(ALICE, abi::approveCall { to: Address::ZERO, tokenId: ONE }).unwrap();
    refused_because(world.identity(CAROL, abi::setAgentURICall { agentId: ONE, newURI: "c".into() }), "Not authorized");
}

#[test]
fn transfers() {
    let mut world = World::with_agent();
    refused(
        world.identity(ALICE, transfer(ALICE, Address::ZERO)),
        &abi::ERC721InvalidReceiver { receiver: Address::ZERO },
    );
    refused(
        world.identity(EVE, transfer(ALICE, EVE)),
        &abi::ERC721InsufficientApproval { operator: EVE, tokenId: ONE },
    );
    refused(
        world.identity(ALICE, transfer(BOB, CAROL)),
        &abi::ERC721IncorrectOwner { sender: BOB, tokenId: ONE, owner: ALICE },
    );
    world.identity(ALICE, abi::approveCall { to: CAROL, tokenId: ONE }).unwrap();
    let logs = world.logs_of(|world| {
        world.identity(CAROL, transfer(ALICE, BOB)).unwrap();
    });
    // The wallet is cleared before the transfer is said.
    assert_eq!(event::<abi::MetadataSet>(&logs[0]), wallet_set(&[]));
    assert_eq!(event::<abi::Transfer>(&logs[1]), abi::Transfer { from: ALICE, to: BOB, tokenId: ONE });
    assert_eq!(logs.len(), 2);
    assert_eq!(owner(&mut world), BOB);
    assert_eq!(world.identity(EVE, abi::getApprovedCall { tokenId: ONE }).unwrap(), Address::ZERO);
    assert_eq!(world.identity(EVE, abi::balanceOfCall { owner: ALICE }).unwrap(), U256::ZERO);
    assert_eq!(world.identity(EVE, abi::balanceOfCall { owner: BOB }).unwrap(), ONE);
    refused(
        world.identity(CAROL, transfer(BOB, CAROL)),
        &abi::ERC721InsufficientApproval { operator: CAROL, tokenId: ONE },
    );
    world.check_invariants();
}

#[test]
fn transfer_clears_the_wallet_also_to_oneself() {
    let mut world = World::with_agent();
    world.identity(ALICE, transfer(ALICE, ALICE)).unwrap();
    assert_eq!(owner(&mut world), ALICE);
    assert_eq!(world.identity(EVE, abi::balanceOfCall { owner: ALICE }).unwrap(), ONE);
    assert_eq!(world.identity(EVE, abi::getAgentWalletCall { agentId: ONE }).unwrap(), Address::ZERO);
    let key = "agentWallet".to_owned();
    assert_eq!(world.identity(EVE, abi::getMetadataCall { agentId: ONE, metadataKey: key }).unwrap(), Bytes::new());
    world.check_invariants();
}

fn answer(word: B256) -> CallReturn {
    CallReturn { status: CallStatus::Success, output: word.0.into() }
}

fn accepts(_: &mut MemoryHost, call: &OutCall) -> CallReturn {
    assert_eq!((call.kind, call.from), (CallKind::Call, REGISTRIES.identity));
    assert_eq!(call.input[..4], onERC721ReceivedCall::SELECTOR);
    answer(B256::right_padding_from(&onERC721ReceivedCall::SELECTOR))
}

#[test]
fn receivers_decide() {
    type Case = (fn(&mut MemoryHost, &OutCall) -> CallReturn, Option<Vec<u8>>);
    let invalid = alloy_sol_types::SolError::abi_encode(&abi::ERC721InvalidReceiver { receiver: BOB });
    let cases: [Case; 8] = [
        (accepts, None),
        (|_, _| answer(B256::right_padding_from(&[1, 2, 3, 4])), Some(invalid.clone())),
        (|_, _| CallReturn { status: CallStatus::Reverted, output: b"no".into() }, Some(b"no".to_vec())),
        (|_, _| CallReturn { status: CallStatus::Reverted, output: Bytes::new() }, Some(invalid.clone())),
        (|_, _| CallReturn { status: CallStatus::Failed, output: Bytes::new() }, Some(invalid)),
        // What Solidity's decoder refuses: nothing, a short answer, a dirty one.
        (|_, _| CallReturn { status: CallStatus::Success, output: Bytes::new() }, Some(vec![])),
        (|_, _| CallReturn { status: CallStatus::Success, output: vec![0x15; 31].into() }, Some(vec![])),
        (|_, _| answer(B256::repeat_byte(0x15)), Some(vec![])),
    ];
    for (callee, refusal) in cases {
        let mut world = World::with_agent();
        world.host.set_callee(BOB, callee);
        let moved = world.identity(ALICE, abi::safeTransferFrom_0Call { from: ALICE, to: BOB, tokenId: ONE });
        let minted = world.identity(BOB, abi::register_1Call { agentURI: "u".into() });
        match refusal {
            None => {
                moved.unwrap();
                assert_eq!(minted.unwrap(), U256::from(2));
                assert_eq!(owner(&mut world), BOB);
            }
            Some(expected) => {
                assert_eq!(data(moved), Bytes::from(expected.clone()));
                assert_eq!(data(minted), Bytes::from(expected));
                assert_eq!(owner(&mut world), ALICE, "a refusal undoes the transfer");
                assert_eq!(world.identity(EVE, abi::totalSupplyCall {}).unwrap(), U256::from(2));
            }
        }
        world.check_invariants();
    }
}

#[test]
fn the_receiver_hears_who_where_from_what_and_why() {
    let mut world = World::with_agent();
    world.identity(ALICE, abi::approveCall { to: CAROL, tokenId: ONE }).unwrap();
    world.host.set_callee(BOB, |_, call| {
        let heard = onERC721ReceivedCall::abi_decode(&call.input).unwrap();
        assert_eq!((heard.operator, heard.from, heard.tokenId), (CAROL, ALICE, ONE));
        assert_eq!(heard.data.as_ref(), b"why");
        answer(B256::right_padding_from(&onERC721ReceivedCall::SELECTOR))
    });
    let call = abi::safeTransferFrom_1Call { from: ALICE, to: BOB, tokenId: ONE, data: b"why".into() };
    world.identity(CAROL, call).unwrap();
    assert_eq!(owner(&mut world), BOB);
}

/// Calls the registry back, and passes its refusal on.
fn call_back(host: &mut MemoryHost, call: &OutCall, input: Vec<u8>) -> CallReturn {
    let returned = host.call(OutCall { from: call.to, to: call.from, input: input.into(), ..call.clone() }).unwrap();
    match returned.status {
        CallStatus::Success => answer(B256::right_padding_from(&onERC721ReceivedCall::SELECTOR)),
        _ => returned,
    }
}

#[test]
fn a_reentrant_receiver_cannot_move_the_agent_mid_call() {
    let mut world = World::new();
    world.host.set_callee(EVE, |host, call| {
        let heard = onERC721ReceivedCall::abi_decode(&call.input).unwrap();
        call_back(host, call, abi::transferFromCall { from: EVE, to: BOB, tokenId: heard.tokenId }.abi_encode())
    });
    refused(world.identity(EVE, abi::register_1Call { agentURI: "u".into() }), &Reentrant {});
    assert_eq!(world.identity(EVE, abi::totalSupplyCall {}).unwrap(), ONE);
    world.check_invariants();
}

#[test]
fn a_receiver_sees_everything_written() {
    let mut world = World::new();
    world.host.set_callee(EVE, |host, call| {
        let heard = onERC721ReceivedCall::abi_decode(&call.input).unwrap();
        let view = abi::tokenURICall { tokenId: heard.tokenId }.abi_encode();
        let returned = host.call(OutCall { from: call.to, to: call.from, input: view.into(), ..call.clone() }).unwrap();
        assert_eq!(abi::tokenURICall::abi_decode_returns(&returned.output).unwrap(), "u");
        assert_eq!(host.logs().iter().filter(|log| log.address == REGISTRIES.identity).count(), 3 + 5);
        answer(B256::right_padding_from(&onERC721ReceivedCall::SELECTOR))
    });
    let metadata = vec![entry("k", b"v")];
    world.identity(EVE, abi::register_2Call { agentURI: "u".into(), metadata }).unwrap();
}

#[test]
fn interfaces_and_names() {
    let mut world = World::new();
    for (id, expected) in [
        (0x01ff_c9a7u32, true),
        (0x80ac_58cd, true),
        (0x5b5e_139f, true),
        (0x4906_4906, true),
        (0x780e_9d63, false),
        (u32::MAX, false),
    ] {
        let asked = abi::supportsInterfaceCall { interfaceId: id.to_be_bytes().into() };
        assert_eq!(world.identity(EVE, asked).unwrap(), expected, "{id:x}");
    }
    assert_eq!(world.identity(EVE, abi::nameCall {}).unwrap(), "AgentIdentity");
    assert_eq!(world.identity(EVE, abi::symbolCall {}).unwrap(), "AGENT");
}
