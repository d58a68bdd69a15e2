//! Changes of a block: sorted, minimal, and right about accounts that die and come back.

use super::assembler::{Assembler, deployer};
use super::support::{OTHER_SENDER, SENDER, World, block, request};
use crate::{ChainRules, Executor, Fork, TxRequest};
use alloy_primitives::{Address, Bytes, TxKind, U256, address, uint};
use assay_kernel::{AccountRecord, MemoryState, NoNatives, StateView};
use revm::bytecode::opcode as op;

const TARGET: Address = address!("0x000000000000000000000000000000000000c0de");

/// Stores calldata word 1 at slot calldata word 0.
fn store() -> Vec<u8> {
    Assembler::default()
        .push(32)
        .ops(&[op::CALLDATALOAD])
        .push(0)
        .ops(&[op::CALLDATALOAD, op::SSTORE, op::STOP])
        .build()
}

fn set(slot: u64, value: u64) -> TxRequest {
    let mut data = U256::from(slot).to_be_bytes::<32>().to_vec();
    data.extend_from_slice(&U256::from(value).to_be_bytes::<32>());
    request(TARGET, data)
}

#[test]
fn a_slot_set_back_is_no_change() {
    let mut world = World::new();
    world.put_code(TARGET, &store());
    world.state.set_storage(TARGET, uint!(1_U256), uint!(5_U256));
    let mut executor = world.executor();
    executor.transact(&set(1, 9)).unwrap();
    assert_eq!(executor.changes().accounts[&TARGET].slots[&uint!(1_U256)], uint!(9_U256));
    executor.transact(&set(1, 5)).unwrap();
    executor.transact(&set(2, 0)).unwrap();
    assert!(!executor.finish().accounts.contains_key(&TARGET));
}

#[test]
fn a_cleared_slot_is_a_change_to_zero() {
    let mut world = World::new();
    world.put_code(TARGET, &store());
    world.state.set_storage(TARGET, uint!(1_U256), uint!(5_U256));
    let (_, changes) = world.transact(&set(1, 0));
    assert_eq!(changes.accounts[&TARGET].slots[&uint!(1_U256)], U256::ZERO);
    assert_eq!(world.state.slots(&TARGET).count(), 0);
}

#[test]
fn an_emptied_account_is_deleted_and_an_untouched_one_is_not_named() {
    let mut world = World::new();
    let receiver = address!("0x00000000000000000000000000000000000f4e54");
    // A transfer of nothing to nobody leaves nothing.
    let (_, changes) = world.transact(&request(receiver, Vec::new()));
    assert!(!changes.accounts.contains_key(&receiver));
    assert_eq!(world.state.account(receiver).unwrap(), None);
}

/// A contract that, before Cancun, destroys itself when called with data, and stores 1 at slot 1 when called without.
fn mortal() -> Vec<u8> {
    let code = Assembler::default().ops(&[op::CALLDATASIZE]).jump_if("die");
    let code = code.push(1).push(1).ops(&[op::SSTORE, op::STOP]);
    code.label("die").push_bytes(OTHER_SENDER.as_slice()).ops(&[op::SELFDESTRUCT]).build()
}

/// A contract that deploys init code from its calldata with CREATE2 and salt 0.
fn factory() -> Vec<u8> {
    let code = Assembler::default().ops(&[op::CALLDATASIZE]).push(0).push(0).ops(&[op::CALLDATACOPY]);
    code.push(0).ops(&[op::CALLDATASIZE]).push(0).push(0).ops(&[op::CREATE2, op::STOP]).build()
}

fn put(state: &mut MemoryState, address: Address, code: Vec<u8>) {
    let code_hash = state.set_code(Bytes::from(code));
    state.set_account(address, AccountRecord { nonce: 1, code_hash, balance: U256::ZERO });
}

fn legacy(to: Address, data: Vec<u8>) -> TxRequest {
    TxRequest {
        caller: SENDER,
        kind: TxKind::Call(to),
        gas_limit: 1_000_000,
        data: data.into(),
        ..TxRequest::default()
    }
}

#[test]
fn a_contract_destroyed_and_created_again_in_one_block_is_wiped() {
    let mut state = MemoryState::default();
    let maker = address!("0x000000000000000000000000000000000000fac7");
    put(&mut state, maker, factory());
    let init = deployer(&mortal());
    let child = maker.create2(U256::ZERO.to_be_bytes::<32>(), alloy_primitives::keccak256(&init));
    put(&mut state, child, mortal());
    state.set_storage(child, uint!(1_U256), uint!(7_U256));
    state.set_storage(child, uint!(2_U256), uint!(8_U256));
    let environment = crate::BlockEnvironment { base_fee: 0, ..block() };
    let executor = || Executor::new(&state, ChainRules::ethereum(Fork::London, 1), environment.clone(), &NoNatives);

    let mut destroyed = executor();
    destroyed.transact(&legacy(child, vec![1])).unwrap();
    let change = destroyed.finish().accounts.remove(&child).unwrap();
    assert_eq!((change.account, change.slots.len()), (None, 0));

    let mut reborn = executor();
    for request in [legacy(child, vec![1]), legacy(maker, init.clone()), legacy(child, Vec::new())] {
        assert!(reborn.transact(&request).unwrap().is_success());
    }
    let change = reborn.finish().accounts.remove(&child).unwrap();
    assert!(change.wiped && change.account.is_some());
    assert_eq!(change.slots.into_iter().collect::<Vec<_>>(), [(uint!(1_U256), U256::ONE)]);

    // Created and destroyed within one block, on nothing: no change at all.
    let mut fresh = MemoryState::default();
    put(&mut fresh, maker, factory());
    let mut brief = Executor::new(&fresh, ChainRules::ethereum(Fork::London, 1), environment.clone(), &NoNatives);
    for request in [legacy(maker, init), legacy(child, Vec::new()), legacy(child, vec![1])] {
        assert!(brief.transact(&request).unwrap().is_success());
    }
    assert!(!brief.finish().accounts.contains_key(&child));
}

#[test]
fn from_cancun_on_selfdestruct_keeps_an_old_contract() {
    let mut world = World::new();
    world.put_code(TARGET, &mortal());
    world.state.set_storage(TARGET, uint!(1_U256), uint!(7_U256));
    world.fund(TARGET, uint!(50_U256));
    let (outcome, changes) = world.transact(&request(TARGET, vec![1]));
    assert!(outcome.is_success());
    let change = &changes.accounts[&TARGET];
    assert_eq!((change.wiped, change.account.unwrap().balance), (false, U256::ZERO));
    assert_eq!(world.state.slots(&TARGET).count(), 1);
}
