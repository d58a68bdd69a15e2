//! Modules and contracts inside one another: reverts swallowed and bubbled, the lock, depth, delegated callees.

use super::pallet::{FIRST, ITest, SECOND};
use super::support::{
    BUBBLE, CALLS, CALLS_TOO, REVERT, SENDER, STATIC_CALLS, SWALLOW, World, forward, forwarded, request,
};
use crate::{TxOutcome, TxStatus};
use alloy_primitives::{Address, U256, address, uint};
use alloy_sol_types::{SolCall, SolError};
use assay_abi::errors::Reentrant;

fn relay(to: Address, data: Vec<u8>, bubble: bool) -> Vec<u8> {
    ITest::relayCall { to, value: U256::ZERO, data: data.into(), bubble }.abi_encode()
}

fn relayed(outcome: &TxOutcome) -> (bool, Vec<u8>) {
    assert_eq!(outcome.status, TxStatus::Success);
    let returned = ITest::relayCall::abi_decode_returns(&outcome.output).unwrap();
    (returned.success, returned.output.to_vec())
}

fn bump() -> Vec<u8> {
    ITest::bumpCall { by: 10 }.abi_encode()
}

fn fail() -> Vec<u8> {
    ITest::failCall { reason: "deep".into() }.abi_encode()
}

/// module -> contract -> module, with what happens innermost and how each of the two outer ones takes it.
#[test]
fn reverts_inside_module_contract_module_in_every_combination() {
    for innermost_fails in [false, true] {
        for contract_mode in [SWALLOW, BUBBLE, REVERT] {
            for module_bubbles in [false, true] {
                let mut world = World::new();
                let innermost = if innermost_fails { fail() } else { bump() };
                let inner = forward(SECOND, contract_mode, &innermost);
                let outcome = world.send(FIRST, relay(CALLS, inner, module_bubbles));
                let contract_fails = contract_mode == REVERT || (contract_mode == BUBBLE && innermost_fails);
                let outer_fails = contract_fails && module_bubbles;
                let case = format!("innermost fails {innermost_fails}, contract {contract_mode}, {module_bubbles}");
                assert_eq!(outcome.is_success(), !outer_fails, "{case}");
                let expected = (
                    u64::from(!outer_fails),
                    u64::from(!contract_fails),
                    if innermost_fails || contract_fails { 0 } else { 10 },
                );
                assert_eq!((world.count(FIRST), world.forwards(CALLS), world.count(SECOND)), expected, "{case}");
                let logs = [expected.0, expected.1, u64::from(expected.2 > 0)].iter().sum::<u64>();
                assert_eq!(outcome.logs.len() as u64, logs, "{case}");
                if contract_fails && innermost_fails {
                    let reason = ITest::Failed { reason: "deep".into() }.abi_encode();
                    let arrived = if outer_fails { outcome.output.to_vec() } else { relayed(&outcome).1 };
                    assert_eq!(arrived, reason, "{case}");
                }
            }
        }
    }
}

/// contract -> module -> contract, likewise.
#[test]
fn reverts_inside_contract_module_contract_in_every_combination() {
    for innermost_mode in [SWALLOW, BUBBLE, REVERT] {
        for module_bubbles in [false, true] {
            for outer_mode in [SWALLOW, BUBBLE, REVERT] {
                let mut world = World::new();
                // The innermost contract calls an account without code.
                let nobody = address!("0x000000000000000000000000000000000000d0d0");
                let innermost = forward(nobody, innermost_mode, &[]);
                let module = relay(CALLS_TOO, innermost, module_bubbles);
                let outcome = world.send(CALLS, forward(FIRST, outer_mode, &module));
                let innermost_fails = innermost_mode == REVERT;
                let module_fails = innermost_fails && module_bubbles;
                let outer_fails = outer_mode == REVERT || (outer_mode == BUBBLE && module_fails);
                let case = format!("innermost {innermost_mode}, {module_bubbles}, outer {outer_mode}");
                assert_eq!(outcome.is_success(), !outer_fails, "{case}");
                let expected = (
                    u64::from(!outer_fails),
                    u64::from(!outer_fails && !module_fails),
                    u64::from(!outer_fails && !module_fails && !innermost_fails),
                );
                assert_eq!((world.forwards(CALLS), world.count(FIRST), world.forwards(CALLS_TOO)), expected, "{case}");
                assert_eq!(outcome.logs.len() as u64, expected.0 + expected.1 + expected.2, "{case}");
            }
        }
    }
}

#[test]
fn out_of_gas_inside_unwinds_its_own_frame_only() {
    let mut world = World::new();
    let inner = forward(SECOND, SWALLOW, &ITest::burnCall {}.abi_encode());
    let outcome = world.send(FIRST, relay(CALLS, inner, true));
    let (success, output) = relayed(&outcome);
    assert!(success && !forwarded(&output).0);
    assert_eq!((world.count(FIRST), world.forwards(CALLS), world.count(SECOND)), (1, 1, 0));
}

#[test]
fn a_module_that_calls_out_refuses_to_be_entered() {
    let mut world = World::new();
    let back = forward(FIRST, SWALLOW, &bump());
    let outcome = world.send(FIRST, relay(CALLS, back, false));
    let (_, output) = relayed(&outcome);
    assert_eq!(forwarded(&output), (false, Reentrant {}.abi_encode().as_slice()));
    assert_eq!(world.count(FIRST), 1);
    // Through another module's api just the same.
    let through = ITest::bumpOtherCall { module: FIRST }.abi_encode();
    let outcome = world.send(FIRST, relay(SECOND, through, false));
    assert_eq!(relayed(&outcome), (false, Reentrant {}.abi_encode()));
    // Views are served, and see the state of the moment.
    let view = forward(FIRST, SWALLOW, &ITest::countCall {}.abi_encode());
    let outcome = world.send(FIRST, relay(CALLS, view, false));
    let (success, output) = relayed(&outcome);
    assert!(success && forwarded(&output).0);
    assert_eq!(ITest::countCall::abi_decode_returns(forwarded(&output).1).unwrap(), 3);
    // The lock is gone after the call, also within the same transaction, and also where the callee reverted.
    let twice = forward(FIRST, SWALLOW, &relay(CALLS_TOO, forward(SECOND, REVERT, &bump()), false));
    assert!(forwarded(&world.send(CALLS, twice).output).0);
    assert!(world.send(FIRST, bump()).is_success());
}

#[test]
fn static_frames_stay_static_through_modules() {
    let mut world = World::new();
    let peek = ITest::peekCall { to: CALLS, data: forward(SECOND, SWALLOW, &bump()).into() };
    let outcome = world.send(FIRST, peek.abi_encode());
    let returned = ITest::peekCall::abi_decode_returns(&outcome.output).unwrap();
    assert!(!returned.success);
    let peek = ITest::peekCall { to: SECOND, data: ITest::countCall {}.abi_encode().into() };
    let outcome = world.send(STATIC_CALLS, forward(FIRST, BUBBLE, &peek.abi_encode()));
    let returned = ITest::peekCall::abi_decode_returns(forwarded(&outcome.output).1).unwrap();
    assert!(returned.success);
    assert_eq!((world.count(SECOND), world.forwards(CALLS)), (0, 0));
}

#[test]
fn value_travels_with_calls_out() {
    let mut world = World::new();
    let receiver = address!("0x00000000000000000000000000000000000f4e54");
    let call = ITest::relayCall { to: receiver, value: uint!(40_U256), data: Default::default(), bubble: false };
    let mut request = request(FIRST, call.abi_encode());
    request.value = uint!(100_U256);
    let (outcome, _) = world.transact(&request);
    assert!(relayed(&outcome).0);
    assert_eq!((world.balance(FIRST), world.balance(receiver)), (uint!(60_U256), uint!(40_U256)));
    // More than the module has: the call fails, the module goes on.
    let call = ITest::relayCall { to: receiver, value: uint!(1000_U256), data: Default::default(), bubble: false };
    let outcome = world.call(FIRST, &call);
    assert!(!relayed(&outcome).0);
    assert_eq!(world.balance(receiver), uint!(40_U256));
}

#[test]
fn a_callee_with_a_delegation_runs_the_delegate_code_on_its_own_state() {
    let mut world = World::new();
    let delegating = address!("0x0000000000000000000000000000000000de1e6a");
    world.put_code(delegating, &[&[0xef, 0x01, 0x00], CALLS.as_slice()].concat());
    let outcome = world.send(FIRST, relay(delegating, forward(SECOND, BUBBLE, &bump()), true));
    assert!(relayed(&outcome).0);
    assert_eq!((world.forwards(delegating), world.forwards(CALLS), world.count(SECOND)), (1, 0, 10));
}

#[test]
fn a_module_can_call_a_precompile() {
    let mut world = World::new();
    let identity = Address::with_last_byte(4);
    let outcome = world.send(FIRST, relay(identity, b"echo".to_vec(), true));
    assert_eq!(relayed(&outcome), (true, b"echo".to_vec()));
}

/// FIRST -> CALLS -> SECOND -> CALLS -> ... cannot use the same module twice because of the lock, so depth is reached
/// through views.
#[test]
fn native_frames_nest_sixty_four_deep() {
    let mut world = World::new();
    let nested = |levels: u32| {
        let mut data = ITest::countCall {}.abi_encode();
        for level in 1..levels {
            let to = if level % 2 == 1 { FIRST } else { SECOND };
            data = ITest::peekCall { to, data: data.into() }.abi_encode();
        }
        data
    };
    let depth_reached = |mut output: Vec<u8>, levels: u32| {
        for level in (1..levels).rev() {
            let returned = ITest::peekCall::abi_decode_returns(&output).unwrap();
            if !returned.success {
                return levels - level;
            }
            output = returned.output.to_vec();
        }
        levels
    };
    for (levels, reached) in [(64, 64), (65, 64)] {
        let mut request = request(FIRST, nested(levels));
        request.gas_limit = 16_000_000;
        let (outcome, _) = world.transact(&request);
        assert!(outcome.is_success(), "{:?}", outcome.status);
        assert_eq!(depth_reached(outcome.output.to_vec(), levels), reached);
    }
}

#[test]
fn contracts_and_modules_share_the_depth_of_1024() {
    // A contract that calls itself until it cannot, then calls the module with what is left.
    let mut world = World::new();
    let deep = address!("0x000000000000000000000000000000000000dee9");
    world.put_code(deep, &super::assembler::recursive_then(FIRST, &bump()));
    let mut request = request(deep, Vec::new());
    request.gas_limit = 2_000_000_000_000;
    world.rules.tx_gas_limit_cap = Some(u64::MAX);
    let mut executor = crate::Executor::new(
        &world.state,
        world.rules.clone(),
        crate::BlockEnvironment { gas_limit: u64::MAX, base_fee: 0, ..super::support::block() },
        &super::pallet::TestModules,
    );
    world_fee_free(&mut request);
    let outcome = executor.transact(&request).unwrap();
    assert!(outcome.is_success(), "{:?}", outcome.status);
    // Depths 0 to 1024 are the contract's: the last of them could call nobody, the 1024 before it bumped once each.
    let changes = executor.finish();
    world.state.apply(&changes);
    assert_eq!(world.count(FIRST), 1024 * 10);
    let _ = SENDER;
}

fn world_fee_free(request: &mut crate::TxRequest) {
    request.max_fee_per_gas = 0;
    request.max_priority_fee_per_gas = Some(0);
}

/// Native frames are the only ones that nest the thread's own stack: their bound must fit any thread, traced or not.
#[test]
fn the_deepest_nesting_needs_little_native_stack() {
    const STACK_BYTES: usize = 768 * 1024;
    let deepest = || {
        let world = World::new();
        let mut data = ITest::countCall {}.abi_encode();
        for level in 1..64 {
            let to = if level % 2 == 1 { FIRST } else { SECOND };
            data = ITest::peekCall { to, data: data.into() }.abi_encode();
        }
        let mut request = request(FIRST, data);
        request.gas_limit = 16_000_000;
        let tracer = serde_json::from_value(serde_json::json!({ "tracer": "callTracer" })).unwrap();
        let mut executor = world.executor();
        let (outcome, _) = executor.trace(&request, crate::CallOptions::STRICT, &tracer, false).unwrap();
        assert_eq!(executor.transact(&request).unwrap(), outcome);
        assert!(outcome.is_success());
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(deepest).unwrap().join().unwrap();
}
