//! The dispatch table.

use crate::memory_host::MemoryHost;
use crate::pallet::{Entry, dispatch};
use crate::storage::Item;
use crate::{CallError, Ctx, Halt, Reverted, calls};
use alloy_primitives::{Address, Bytes, FixedBytes, U256, address};
use alloy_sol_types::{SolCall, SolError, sol};
use assay_abi::errors::{MalformedArguments, NotPayable, Reentrant, UnknownSelector};

const PALLET: Address = address!("0x00000000000000000000000000000000000a5501");
const COUNT: Item<u64> = Item::new("test.count");

sol! {
    interface ICounter {
        function count() external view returns (uint64);
        function sneak() external view returns (uint64);
        function add(uint64 amount, string note) external returns (uint64 before, uint64 afterwards);
        function buy() external payable;
        function bundle(bytes[] parts) external view returns (uint64);
    }
}

fn count(ctx: &mut Ctx<'_>, _: ICounter::countCall) -> Result<u64, CallError> {
    COUNT.get_or_default(ctx)
}

fn sneak(ctx: &mut Ctx<'_>, _: ICounter::sneakCall) -> Result<u64, CallError> {
    COUNT.set(ctx, &99)?;
    Ok(0)
}

fn add(ctx: &mut Ctx<'_>, call: ICounter::addCall) -> Result<ICounter::addReturn, CallError> {
    let before = COUNT.get_or_default(ctx)?;
    let afterwards = before.saturating_add(call.amount);
    COUNT.set(ctx, &afterwards)?;
    Ok(ICounter::addReturn { before, afterwards })
}

fn buy(ctx: &mut Ctx<'_>, _: ICounter::buyCall) -> Result<ICounter::buyReturn, CallError> {
    COUNT.set(ctx, &1000)?;
    Ok(ICounter::buyReturn {})
}

fn bundle(_: &mut Ctx<'_>, call: ICounter::bundleCall) -> Result<u64, CallError> {
    Ok(call.parts.iter().map(|part| part.len() as u64).sum())
}

const ENTRIES: &[Entry] = calls! {
    view(0) ICounter::bundleCall => bundle,
    view(0) ICounter::countCall => count,
    view(0) ICounter::sneakCall => sneak,
    write(50) ICounter::addCall => add,
    payable(50) ICounter::buyCall => buy,
};

fn call(host: &mut MemoryHost, input: &[u8]) -> Result<Bytes, CallError> {
    dispatch(host, ENTRIES, input)
}

fn assert_reverted<E: SolError>(result: Result<Bytes, CallError>, with: &E) {
    let Err(CallError::Reverted(reverted)) = result else { panic!("{result:?}") };
    assert_eq!(reverted, Reverted::with(with));
}

#[test]
fn arguments_and_returns_are_abi_encoded() {
    let mut host = MemoryHost::new(PALLET);
    let output = call(&mut host, &ICounter::addCall { amount: 4, note: "n".into() }.abi_encode()).unwrap();
    let returned = ICounter::addCall::abi_decode_returns(&output).unwrap();
    assert_eq!((returned.before, returned.afterwards), (0, 4));
    let output = call(&mut host, &ICounter::countCall {}.abi_encode()).unwrap();
    assert_eq!(ICounter::countCall::abi_decode_returns(&output).unwrap(), 4);
}

#[test]
fn every_function_of_the_interface_is_dispatched() {
    let dispatched: Vec<[u8; 4]> = ENTRIES.iter().map(|entry| entry.selector).collect();
    assert_eq!(dispatched.len(), ICounter::ICounterCalls::SELECTORS.len());
    for selector in ICounter::ICounterCalls::SELECTORS {
        assert!(dispatched.contains(selector));
    }
}

#[test]
fn unknown_short_and_malformed_inputs_revert() {
    let mut host = MemoryHost::new(PALLET);
    let unknown = FixedBytes([0xde, 0xad, 0xbe, 0xef]);
    assert_reverted(call(&mut host, unknown.as_slice()), &UnknownSelector { selector: unknown });
    assert_reverted(call(&mut host, &[]), &UnknownSelector { selector: FixedBytes::ZERO });
    assert_reverted(call(&mut host, &[0x06]), &UnknownSelector { selector: FixedBytes([6, 0, 0, 0]) });
    let mut cut = ICounter::addCall { amount: 4, note: "n".into() }.abi_encode();
    cut.truncate(40);
    assert_reverted(call(&mut host, &cut), &MalformedArguments {});
}

#[test]
fn aliased_offsets_are_malformed() {
    let mut host = MemoryHost::new(PALLET);
    let canonical = ICounter::bundleCall { parts: vec![vec![7; 32].into(), vec![7; 32].into()] }.abi_encode();
    let output = call(&mut host, &canonical).unwrap();
    assert_eq!(ICounter::bundleCall::abi_decode_returns(&output).unwrap(), 64);
    // Both elements at the place of the first one: words 2 and 3 after the selector are the offsets.
    let mut aliased = canonical;
    let first: Vec<u8> = aliased[4 + 64..4 + 96].to_vec();
    aliased[4 + 96..4 + 128].copy_from_slice(&first);
    assert_reverted(call(&mut host, &aliased), &MalformedArguments {});
}

#[test]
fn value_is_refused_unless_payable() {
    let mut host = MemoryHost::new(PALLET);
    host.frame_mut().value = U256::ONE;
    assert_reverted(call(&mut host, &ICounter::countCall {}.abi_encode()), &NotPayable {});
    call(&mut host, &ICounter::buyCall {}.abi_encode()).unwrap();
}

#[test]
fn views_cannot_write_and_are_served_under_the_lock() {
    let mut host = MemoryHost::new(PALLET);
    let sneaked = call(&mut host, &ICounter::sneakCall {}.abi_encode());
    assert!(matches!(sneaked, Err(CallError::Halted(Halt::StaticWrite))));
    crate::Host::tstore(&mut host, PALLET, U256::ZERO, U256::ONE).unwrap();
    call(&mut host, &ICounter::countCall {}.abi_encode()).unwrap();
    assert_reverted(call(&mut host, &ICounter::buyCall {}.abi_encode()), &Reentrant {});
}

#[test]
fn gas_runs_out_before_the_handler() {
    let mut host = MemoryHost::new(PALLET);
    host.set_gas(crate::gas::CALL);
    let result = call(&mut host, &ICounter::countCall {}.abi_encode());
    assert!(matches!(result, Err(CallError::Halted(Halt::OutOfGas))));
}
