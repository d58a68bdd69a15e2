//! The EVM itself under our wrapper: transfers, creation, rules by value, system calls, overrides.

use super::assembler::{Assembler, deployer, forwarder};
use super::support::{BENEFICIARY, CALLS, CHAIN_ID, OTHER_SENDER, SENDER, World, block, request};
use crate::{BlockEnvironment, CallOptions, ChainRules, Executor, Fork, HaltReason, TxOutcome, TxRequest, TxStatus};
use alloy_eips::eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, keccak256, uint};
use alloy_rpc_types_eth::state::StateOverridesBuilder;
use assay_kernel::{MemoryState, NoNatives, StateView};
use revm::bytecode::opcode as op;

fn create(init: Vec<u8>) -> TxRequest {
    TxRequest { kind: TxKind::Create, ..request(Address::ZERO, init) }
}

#[test]
fn a_transfer_moves_value_and_costs_21000() {
    let mut world = World::new();
    let receiver = address!("0x00000000000000000000000000000000000f4e54");
    let mut transfer = request(receiver, Vec::new());
    transfer.value = uint!(1234_U256);
    let (outcome, changes) = world.transact(&transfer);
    assert_eq!((outcome.gas_used, outcome.effective_gas_price), (21_000, 9));
    assert_eq!(world.balance(receiver), uint!(1234_U256));
    assert_eq!(world.state.account(SENDER).unwrap().unwrap().nonce, 1);
    assert!(changes.accounts.values().all(|change| change.slots.is_empty() && !change.wiped));
}

#[test]
fn creation_stores_code_at_the_derived_address() {
    let mut world = World::new();
    let code = forwarder(op::CALL, false);
    let (outcome, changes) = world.transact(&create(deployer(&code)));
    assert_eq!(outcome.created, Some(SENDER.create(0)));
    assert_eq!(outcome.output.as_ref(), code);
    let account = changes.accounts[&SENDER.create(0)].account.unwrap();
    assert_eq!((account.nonce, account.code_hash), (1, keccak256(&code)));
    assert_eq!(changes.code[&keccak256(&code)].as_ref(), code);
}

#[test]
fn code_that_starts_with_ef_is_deployed_only_as_a_program() {
    let program = [0xef, 0xf0, 0x00, 0x00, 1, 2, 3];
    for (code, deployed) in
        [(&program[..], true), (&[0xef, 0x01, 0x00][..], false), (&[0xef][..], false), (&[0xef, 0xf0, 3][..], false)]
    {
        let mut world = World::new();
        let (outcome, _) = world.transact(&create(deployer(code)));
        assert_eq!(outcome.is_success(), deployed, "{code:x?}");
        if !deployed {
            assert_eq!(outcome.status, TxStatus::Halted(HaltReason::CodeStartsWithEf));
        }
        // EIP-3541 refuses all of them.
        let mut world = World::new();
        world.rules.native_code_rule = false;
        let (outcome, _) = world.transact(&create(deployer(code)));
        assert_eq!(outcome.status, TxStatus::Halted(HaltReason::CodeStartsWithEf));
    }
}

#[test]
fn transactions_of_a_block_see_one_another() {
    let world = World::new();
    let mut executor = world.executor();
    for nonce in 0..3 {
        let mut transfer = request(OTHER_SENDER, Vec::new());
        (transfer.nonce, transfer.value) = (Some(nonce), uint!(5_U256));
        assert!(executor.transact(&transfer).unwrap().is_success());
    }
    let before = world.balance(OTHER_SENDER);
    let changes = executor.finish();
    assert_eq!(changes.accounts[&OTHER_SENDER].account.unwrap().balance, before + uint!(15_U256));
}

/// PUSH0 is Shanghai's, CLZ is Osaka's: the same code under each fork's rules.
#[test]
fn rules_are_a_value() {
    let run = |code: Vec<u8>, fork: Fork| -> TxOutcome {
        let mut state = MemoryState::default();
        let contract = address!("0x000000000000000000000000000000000000c0de");
        let code_hash = state.set_code(code.into());
        state.set_account(contract, assay_kernel::AccountRecord { nonce: 1, code_hash, ..Default::default() });
        let rules = ChainRules::ethereum(fork, 1);
        let environment = BlockEnvironment { base_fee: 0, ..block() };
        let mut executor = Executor::new(&state, rules, environment, &NoNatives);
        let legacy =
            TxRequest { caller: SENDER, kind: TxKind::Call(contract), gas_limit: 100_000, ..TxRequest::default() };
        executor.transact(&legacy).unwrap()
    };
    let push0 = vec![op::PUSH0, op::STOP];
    let clz = vec![op::PUSH1, 1, op::CLZ, op::STOP];
    let forks = [Fork::Frontier, Fork::Istanbul, Fork::London, Fork::Paris, Fork::Shanghai, Fork::Cancun, Fork::Osaka];
    for fork in forks {
        assert_eq!(run(push0.clone(), fork).is_success(), fork >= Fork::Shanghai, "{fork:?}");
        assert_eq!(run(clz.clone(), fork).is_success(), fork >= Fork::Osaka, "{fork:?}");
    }
}

#[test]
fn the_parent_hash_is_stored_by_the_system_call() {
    let mut world = World::new();
    let hash = B256::repeat_byte(7);
    // Without the contract nothing happens.
    let mut executor = world.executor();
    executor.begin_block(hash).unwrap();
    assert!(executor.finish().accounts.is_empty());
    world.put_code(HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE);
    let mut executor = world.executor();
    executor.begin_block(hash).unwrap();
    let changes = executor.finish();
    assert_eq!(changes.accounts.len(), 1);
    assert_eq!(changes.accounts[&HISTORY_STORAGE_ADDRESS].slots[&uint!(8_U256)], U256::from_be_bytes(hash.0));
    world.state.apply(&changes);
    let read = world.send(HISTORY_STORAGE_ADDRESS, uint!(8_U256).to_be_bytes::<32>().to_vec());
    assert_eq!(read.output.as_ref(), hash.as_slice());
}

#[test]
fn prevrandao_number_and_chain_id_are_those_of_the_block() {
    let world = World::new();
    let contract = address!("0x000000000000000000000000000000000000c0de");
    for (opcode, expected) in [
        (op::DIFFICULTY, U256::from_be_bytes(B256::repeat_byte(9).0)),
        (op::NUMBER, uint!(9_U256)),
        (op::CHAINID, U256::from(CHAIN_ID)),
        (op::COINBASE, U256::from_be_bytes(BENEFICIARY.into_word().0)),
        (op::BLOBBASEFEE, U256::ONE),
    ] {
        let mut world = World { state: world.state.clone(), rules: world.rules.clone() };
        let code = Assembler::default().ops(&[opcode]).push(0).ops(&[op::MSTORE]).push(32).push(0).ops(&[op::RETURN]);
        world.put_code(contract, &code.build());
        let environment = BlockEnvironment { prevrandao: B256::repeat_byte(9), ..block() };
        let mut executor = Executor::new(&world.state, world.rules.clone(), environment, &super::pallet::TestModules);
        let outcome = executor.call(&request(contract, Vec::new()), CallOptions::STRICT).unwrap();
        assert_eq!(U256::from_be_slice(&outcome.output), expected);
    }
}

#[test]
fn overrides_change_what_a_call_sees() {
    let mut world = World::new();
    let target = address!("0x000000000000000000000000000000000000c0de");
    let read_slot = |slot: u64| {
        Assembler::default().push(slot).ops(&[op::SLOAD]).push(0).ops(&[op::MSTORE]).push(32).push(0).ops(&[op::RETURN])
    };
    world.put_code(target, &read_slot(1).build());
    world.state.set_storage(target, uint!(1_U256), uint!(11_U256));
    world.state.set_storage(target, uint!(2_U256), uint!(22_U256));
    let word = |value: u64| B256::from(U256::from(value));
    let read = |overrides: StateOverridesBuilder| -> U256 {
        let mut executor = world.executor();
        executor.override_state(&overrides.build()).unwrap();
        let outcome = executor.call(&request(target, Vec::new()), CallOptions::RELAXED).unwrap();
        U256::from_be_slice(&outcome.output)
    };
    let none = StateOverridesBuilder::default;
    assert_eq!(read(none()), uint!(11_U256));
    assert_eq!(read(none().with_state_diff(target, [(word(1), word(5))])), uint!(5_U256));
    assert_eq!(read(none().with_state_diff(target, [(word(2), word(5))])), uint!(11_U256));
    assert_eq!(read(none().with_state(target, [(word(2), word(5))])), U256::ZERO);
    assert_eq!(read(none().with_code(target, read_slot(2).build())), uint!(22_U256));
    let both = none().with_state(target, []).with_state_diff(target, []);
    assert!(world.executor().override_state(&both.build()).is_err());
    // A sender without funds can be given some.
    let poor = address!("0x000000000000000000000000000000000000900f");
    let mut rich = request(OTHER_SENDER, Vec::new());
    (rich.caller, rich.value) = (poor, uint!(77_U256));
    let mut executor = world.executor();
    assert!(!executor.call(&rich, CallOptions::RELAXED).unwrap().is_success());
    executor.override_state(&none().with_balance(poor, uint!(77_U256)).build()).unwrap();
    assert!(executor.call(&rich, CallOptions::RELAXED).unwrap().is_success());
}

#[test]
fn an_access_list_names_what_was_touched() {
    let world = World::new();
    let mut executor = world.executor();
    let data = super::support::forward(OTHER_SENDER, super::support::SWALLOW, &[]);
    let (outcome, list) = executor.access_list(&request(CALLS, data), CallOptions::RELAXED).unwrap();
    assert!(outcome.is_success());
    let named: Vec<Address> = list.0.iter().map(|item| item.address).collect();
    assert_eq!(named, [OTHER_SENDER, CALLS]);
    assert_eq!(list.0[1].storage_keys, [B256::ZERO]);
    assert!(executor.changes().accounts.is_empty());
}

#[test]
fn a_set_code_transaction_delegates_its_authority() {
    use alloy_eips::eip7702::{Authorization, SignedAuthorization};
    let mut world = World::new();
    // Any signature recovers to somebody.
    let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: CALLS, nonce: 0 };
    let signed = SignedAuthorization::new_unchecked(authorization, 0, uint!(1_U256), uint!(2_U256));
    let mut set_code = request(OTHER_SENDER, Vec::new());
    (set_code.tx_type, set_code.authorization_list) = (4, vec![signed.clone()]);
    let (outcome, changes) = world.transact(&set_code);
    assert!(outcome.is_success());
    let designator: Bytes = [&[0xef, 0x01, 0x00], CALLS.as_slice()].concat().into();
    let authority = changes
        .accounts
        .iter()
        .find(|(_, change)| change.account.is_some_and(|account| account.code_hash == keccak256(&designator)));
    let (authority, change) = authority.unwrap();
    assert_eq!(change.account.unwrap().nonce, 1);
    assert_eq!(changes.code[&keccak256(&designator)], designator);
    // Its code is read back as a delegation.
    let data = super::support::forward(OTHER_SENDER, super::support::SWALLOW, &[]);
    let authority = *authority;
    assert!(world.send(authority, data).is_success());
    assert_eq!(world.forwards(authority), 1);
}
