//! Native modules in transactions of their own and one call away.

use super::assembler::Assembler;
use super::pallet::{FIRST, ITest, SECOND, TestModules};
use super::support::{
    BUBBLE, CALLCODES, CALLS, DELEGATE_CALLS, GAS, REVERT, SENDER, STATIC_CALLS, SWALLOW, World, forward, forwarded,
    request,
};
use crate::{CallOptions, Executor, HaltReason, TransactError, TxStatus};
use alloy_primitives::{Address, Bytes, U256, address, uint};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use assay_abi::errors::{InsufficientBalance, NoDelegate, NotPayable, UnknownSelector};
use assay_kernel::{AccountRecord, MemoryState, StateView};
use assay_primitives::Fault;
use revm::bytecode::opcode as op;

const BUMP: ITest::bumpCall = ITest::bumpCall { by: 3 };

#[test]
fn a_transaction_writes_logs_and_returns() {
    let mut world = World::new();
    let outcome = world.call(FIRST, &BUMP);
    assert_eq!(outcome.status, TxStatus::Success);
    assert_eq!(ITest::bumpCall::abi_decode_returns(&outcome.output).unwrap(), 3);
    assert_eq!(outcome.logs.len(), 1);
    assert_eq!(outcome.logs[0].address, FIRST);
    assert_eq!(ITest::Bumped::decode_log(&outcome.logs[0]).unwrap().count, 3);
    assert_eq!((world.count(FIRST), world.count(SECOND)), (3, 0));
}

#[test]
fn storage_survives_the_commit_through_state_changes() {
    let mut world = World::new();
    let (_, changes) = world.transact(&request(FIRST, BUMP.abi_encode()));
    let change = &changes.accounts[&FIRST];
    assert_eq!(change.account.unwrap().nonce, assay_abi::NATIVE_NONCE);
    assert!(!change.wiped);
    assert_eq!(change.slots.len(), 1);
    world.call(FIRST, &BUMP);
    assert_eq!(world.count(FIRST), 6);
}

#[test]
fn a_module_without_an_account_is_a_fault_not_lost_state() {
    let mut world = World::new();
    world.state.set_account(FIRST, AccountRecord::default());
    let error = world.executor().transact(&request(FIRST, BUMP.abi_encode())).unwrap_err();
    assert!(matches!(error, TransactError::Fault(Fault::Invariant(_))));
}

#[test]
fn an_outer_revert_undoes_storage_and_logs() {
    let mut world = World::new();
    let outcome = world.send(CALLS, forward(FIRST, REVERT, &BUMP.abi_encode()));
    assert_eq!(outcome.status, TxStatus::Reverted);
    assert!(outcome.logs.is_empty());
    assert_eq!((world.count(FIRST), world.forwards(CALLS)), (0, 0));
    let outcome = world.send(CALLS, forward(FIRST, BUBBLE, &BUMP.abi_encode()));
    assert_eq!(outcome.logs.len(), 2);
    assert_eq!((world.count(FIRST), world.forwards(CALLS)), (3, 1));
}

#[test]
fn a_static_call_reads_but_cannot_write() {
    let mut world = World::new();
    world.call(FIRST, &BUMP);
    let outcome = world.send(STATIC_CALLS, forward(FIRST, SWALLOW, &ITest::countCall {}.abi_encode()));
    let (success, output) = forwarded(&outcome.output);
    assert!(success);
    assert_eq!(ITest::countCall::abi_decode_returns(output).unwrap(), 3);
    for call in [BUMP.abi_encode(), ITest::sneakCall {}.abi_encode()] {
        let outcome = world.send(STATIC_CALLS, forward(FIRST, SWALLOW, &call));
        assert_eq!(forwarded(&outcome.output), (false, [].as_slice()));
        assert_eq!(world.count(FIRST), 3);
    }
    // A view that writes fails outside of a static call too.
    assert_eq!(world.call(FIRST, &ITest::sneakCall {}).status, TxStatus::Halted(HaltReason::StaticWrite));
}

#[test]
fn delegatecall_and_callcode_are_refused() {
    let mut world = World::new();
    for forwarder in [DELEGATE_CALLS, CALLCODES] {
        let outcome = world.send(forwarder, forward(FIRST, SWALLOW, &BUMP.abi_encode()));
        assert_eq!(forwarded(&outcome.output), (false, NoDelegate {}.abi_encode().as_slice()));
        assert_eq!(world.count(FIRST), 0);
    }
}

#[test]
fn abi_revert_data_arrives() {
    let mut world = World::new();
    let reason = ITest::Failed { reason: "because".into() }.abi_encode();
    let fail = ITest::failCall { reason: "because".into() }.abi_encode();
    let direct = world.send(FIRST, fail.clone());
    assert_eq!((direct.status, direct.output.as_ref()), (TxStatus::Reverted, reason.as_slice()));
    let swallowed = world.send(CALLS, forward(FIRST, SWALLOW, &fail));
    assert_eq!(forwarded(&swallowed.output), (false, reason.as_slice()));
    let bubbled = world.send(CALLS, forward(FIRST, BUBBLE, &fail));
    assert_eq!((bubbled.status, bubbled.output.as_ref()), (TxStatus::Reverted, reason.as_slice()));
    let unknown = world.send(FIRST, vec![1, 2, 3, 4]);
    assert_eq!(unknown.output, UnknownSelector { selector: [1, 2, 3, 4].into() }.abi_encode());
    assert_eq!(world.count(FIRST), 0);
}

#[test]
fn a_revert_returns_unused_gas_and_a_halt_takes_it() {
    let mut world = World::new();
    let reverted = world.send(FIRST, ITest::failCall { reason: "r".into() }.abi_encode());
    assert!(reverted.gas_used < 60_000);
    let mut burn = request(FIRST, ITest::burnCall {}.abi_encode());
    burn.gas_limit = 300_000;
    let (halted, _) = world.transact(&burn);
    assert_eq!((halted.status, halted.gas_used), (TxStatus::Halted(HaltReason::OutOfGas), 300_000));
    assert!(halted.logs.is_empty());
    assert_eq!(world.count(FIRST), 0);
    let swallowed = world.send(CALLS, forward(FIRST, SWALLOW, &ITest::burnCall {}.abi_encode()));
    assert_eq!(forwarded(&swallowed.output), (false, [].as_slice()));
    // All but one 64th of the gas is gone.
    assert!(swallowed.gas_used > GAS / 64 * 62);
    assert_eq!((world.count(FIRST), world.forwards(CALLS)), (0, 1));
}

#[test]
fn value_reaches_a_module_and_leaves_it() {
    let mut world = World::new();
    let mut deposit = request(FIRST, ITest::depositCall {}.abi_encode());
    deposit.value = uint!(500_U256);
    assert!(world.transact(&deposit).0.is_success());
    assert_eq!(world.balance(FIRST), uint!(500_U256));
    let mut unpayable = request(FIRST, BUMP.abi_encode());
    unpayable.value = U256::ONE;
    assert_eq!(world.transact(&unpayable).0.output, NotPayable {}.abi_encode());
    let fresh = address!("0x00000000000000000000000000000000000f4e54");
    assert!(world.call(FIRST, &ITest::payCall { to: fresh, amount: uint!(200_U256) }).is_success());
    let too_much = world.call(FIRST, &ITest::payCall { to: fresh, amount: uint!(301_U256) });
    assert_eq!(too_much.output, InsufficientBalance {}.abi_encode());
    assert_eq!((world.balance(FIRST), world.balance(fresh)), (uint!(300_U256), uint!(200_U256)));
}

#[test]
fn new_slots_cost_no_less_than_in_the_evm() {
    let mut world = World::new();
    let one = world.call(FIRST, &ITest::fillCall { cells: 1 }).gas_used;
    let many = world.call(FIRST, &ITest::fillCall { cells: 11 }).gas_used;
    assert!(one > 21_000 + 2 * 22_100);
    assert!(many > 21_000 + 11 * 22_100);
}

#[test]
fn modules_are_warm_and_their_slots_cold_first() {
    let mut world = World::new();
    let code = |address: Address| {
        let pushed = Assembler::default().push_bytes(address.as_slice());
        pushed.ops(&[op::GAS, op::SWAP1, op::BALANCE, op::POP, op::GAS, op::SWAP1, op::SUB]).push(0).ops(&[op::MSTORE])
    };
    let cost = |world: &mut World, address: Address| -> u64 {
        let contract = address!("0x00000000000000000000000000000000000c0575");
        world.put_code(contract, &code(address).push(32).push(0).ops(&[op::RETURN]).build());
        U256::from_be_slice(&world.send(contract, Vec::new()).output).to()
    };
    let (warm, cold) = (cost(&mut world, FIRST), cost(&mut world, STATIC_CALLS));
    assert_eq!(cold - warm, 2_500);
    let first = world.call(FIRST, &ITest::countCall {}).gas_used;
    let mut listed = request(FIRST, ITest::countCall {}.abi_encode());
    listed.access_list = vec![alloy_eips::eip2930::AccessListItem {
        address: FIRST,
        storage_keys: vec![super::pallet::count_slot().into()],
    }]
    .into();
    let with_list = world.transact(&listed).0.gas_used;
    assert_eq!(with_list + 2_000, first + 2_400 + 1_900);
}

#[test]
fn calling_a_module_that_delegates_is_not_dispatch() {
    let mut world = World::new();
    let delegating = address!("0x0000000000000000000000000000000000de1e6a");
    let designator = [&[0xef, 0x01, 0x00], FIRST.as_slice()].concat();
    world.put_code(delegating, &designator);
    let outcome = world.send(delegating, BUMP.abi_encode());
    assert_eq!(outcome.status, TxStatus::Halted(HaltReason::InvalidFe));
    assert_eq!((outcome.gas_used, world.count(FIRST), world.count(delegating)), (GAS, 0, 0));
}

#[test]
fn faults_are_never_reverts() {
    let world = World::new();
    let broken = ITest::brokenCall {}.abi_encode();
    let direct = request(FIRST, broken.clone());
    let swallowed = request(CALLS, forward(FIRST, SWALLOW, &broken));
    let relayed = ITest::relayCall { to: FIRST, value: U256::ZERO, data: broken.into(), bubble: false };
    for request in [direct, swallowed, request(SECOND, relayed.abi_encode())] {
        let mut executor = world.executor();
        let error = executor.transact(&request).unwrap_err();
        assert!(matches!(error, TransactError::Fault(Fault::Storage(_))), "{error}");
        assert!(executor.changes().accounts.is_empty());
    }
}

/// A view whose disk fails for one contract's storage.
struct Torn<'a>(&'a MemoryState, Address);

impl StateView for Torn<'_> {
    fn account(&self, address: Address) -> Result<Option<AccountRecord>, Fault> {
        self.0.account(address)
    }
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault> {
        if address == self.1 { Err(Fault::storage("torn")) } else { self.0.storage(address, slot) }
    }
    fn code(&self, hash: alloy_primitives::B256) -> Result<Bytes, Fault> {
        self.0.code(hash)
    }
    fn block_hash(&self, number: u64) -> Result<alloy_primitives::B256, Fault> {
        self.0.block_hash(number)
    }
}

#[test]
fn a_torn_disk_is_a_fault_wherever_it_is_read() {
    let world = World::new();
    let forwarded = forward(FIRST, SWALLOW, &BUMP.abi_encode());
    let relay = |to, data: Vec<u8>| ITest::relayCall { to, value: U256::ZERO, data: data.into(), bubble: false };
    let cases = [
        (FIRST, request(FIRST, BUMP.abi_encode())),
        (FIRST, request(CALLS, forwarded.clone())),
        (CALLS, request(CALLS, forwarded.clone())),
        (CALLS, request(SECOND, relay(CALLS, forwarded).abi_encode())),
    ];
    for (torn, request) in cases {
        let view = Torn(&world.state, torn);
        let mut executor = Executor::new(&view, world.rules.clone(), super::support::block(), &TestModules);
        let error = executor.transact(&request).unwrap_err();
        assert!(matches!(error, TransactError::Fault(Fault::Storage(_))), "{error}");
    }
}

#[test]
fn work_at_the_end_of_a_block_has_its_own_bound_and_logs() {
    let mut world = World::new();
    let mut executor = world.executor();
    executor.transact(&request(FIRST, BUMP.abi_encode())).unwrap();
    let bump: &mut dyn FnMut(&mut dyn assay_kernel::Host) -> _ =
        &mut |host| assay_kernel::dispatch(host, super::pallet::ENTRIES, &BUMP.abi_encode());
    let done = executor.native_work(FIRST, 100_000, bump).unwrap();
    assert_eq!((done.result.is_ok(), done.logs.len()), (true, 1));
    assert!(done.gas_used > 0 && done.gas_used < 100_000);
    let starved = executor.native_work(FIRST, 1_000, bump).unwrap();
    assert!(starved.result.is_err() && starved.logs.is_empty());
    let relay = ITest::relayCall {
        to: CALLS,
        value: U256::ZERO,
        data: forward(SECOND, BUBBLE, &BUMP.abi_encode()).into(),
        bubble: true,
    };
    let nested = executor
        .native_work(FIRST, 1_000_000, &mut |host| {
            assert_eq!(host.frame().caller, revm::handler::SYSTEM_ADDRESS);
            assay_kernel::dispatch(host, super::pallet::ENTRIES, &relay.abi_encode())
        })
        .unwrap();
    assert_eq!((nested.result.is_ok(), nested.logs.len()), (true, 3));
    let changes = executor.finish();
    world.state.apply(&changes);
    assert_eq!((world.count(FIRST), world.count(SECOND), world.forwards(CALLS)), (7, 3, 1));
    assert_eq!(world.state.account(revm::handler::SYSTEM_ADDRESS).unwrap(), None);
}

#[test]
fn a_call_leaves_nothing_behind() {
    let world = World::new();
    let mut executor = world.executor();
    let outcome = executor.call(&request(FIRST, BUMP.abi_encode()), CallOptions::RELAXED).unwrap();
    assert!(outcome.is_success());
    assert!(executor.changes().accounts.is_empty());
    let _ = SENDER;
}
