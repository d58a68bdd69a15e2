//! Transfers and allowances.

use super::*;
use crate::error;
use alloy_sol_types::SolEvent as _;
use assay_abi::errors::{NotPayable, UnknownSelector};
use assay_abi::token::INativeToken as I;

fn transfer(to: Address, value: u64) -> I::transferCall {
    I::transferCall { to, value: U256::from(value) }
}

fn transfer_from(from: Address, to: Address, value: u64) -> I::transferFromCall {
    I::transferFromCall { from, to, value: U256::from(value) }
}

fn approve(spender: Address, value: U256) -> I::approveCall {
    I::approveCall { spender, value }
}

#[test]
fn a_transfer_moves_and_says_so() {
    let mut world = World::new();
    let logs = world.logs_of(|world| assert!(world.call(ALICE, &transfer(BOB, 400))));
    assert_eq!((world.balance(ALICE), world.balance(BOB)), (600, 400));
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].address, DEFAULT_TOKEN);
    let expected = I::Transfer { from: ALICE, to: BOB, value: U256::from(400) };
    assert_eq!(I::Transfer::decode_log(&logs[0]).unwrap().data, expected);
    assert_eq!(world.call(BOB, &I::totalSupplyCall {}), U256::from(5_000));
}

#[test]
fn transfers_of_nothing_and_to_oneself_change_nothing() {
    let mut world = World::new();
    let before = world.host.slots().clone();
    for (to, value) in [(BOB, 0), (ALICE, 1_000), (ALICE, 0)] {
        let logs = world.logs_of(|world| assert!(world.call(ALICE, &transfer(to, value))));
        assert_eq!(logs.len(), 1);
    }
    assert_eq!(world.host.slots(), &before);
    // Whoever has nothing sends nothing too.
    assert!(world.call(BOB, &transfer(CAROL, 0)));
}

#[test]
fn transfers_are_refused_by_name() {
    let mut world = World::new();
    assert_eq!(world.refusal(ALICE, &transfer(Address::ZERO, 1)), error::TO_ZERO);
    assert_eq!(world.refusal(ALICE, &transfer(BOB, 1_001)), error::BALANCE);
    assert_eq!(world.refusal(ALICE, &transfer(ALICE, 1_001)), error::BALANCE);
    assert_eq!(world.refusal(BOB, &transfer(ALICE, 1)), error::BALANCE);
    assert_eq!(world.refusal(Address::ZERO, &transfer(ALICE, 0)), error::FROM_ZERO);
    assert_eq!(world.refusal(ALICE, &I::transferCall { to: BOB, value: U256::MAX }), error::BALANCE);
    assert_eq!(world.refusal(ALICE, &I::transferCall { to: BOB, value: U256::from(1) << 128 }), error::BALANCE);
    assert_eq!(world.refusal(BOB, &transfer_from(ALICE, BOB, 1)), error::ALLOWANCE);
    assert_eq!(world.refusal(ALICE, &transfer_from(ALICE, BOB, 1)), error::ALLOWANCE);
    assert_eq!(world.refusal(ALICE, &approve(Address::ZERO, U256::ONE)), error::APPROVE_TO_ZERO);
    assert_eq!(world.refusal(Address::ZERO, &approve(BOB, U256::ONE)), error::APPROVE_FROM_ZERO);
}

#[test]
fn an_allowance_is_used_up() {
    let mut world = World::new();
    let logs = world.logs_of(|world| assert!(world.call(ALICE, &approve(BOB, U256::from(500)))));
    let expected = I::Approval { owner: ALICE, spender: BOB, value: U256::from(500) };
    assert_eq!(I::Approval::decode_log(&logs[0]).unwrap().data, expected);
    let logs = world.logs_of(|world| assert!(world.call(BOB, &transfer_from(ALICE, CAROL, 300))));
    // One event: the reference and OpenZeppelin emit no Approval here.
    assert_eq!(logs.len(), 1);
    assert_eq!((world.balance(ALICE), world.balance(BOB), world.balance(CAROL)), (700, 0, 300));
    assert_eq!(world.call(BOB, &I::allowanceCall { owner: ALICE, spender: BOB }), U256::from(200));
    assert_eq!(world.refusal(BOB, &transfer_from(ALICE, CAROL, 201)), error::ALLOWANCE);
    assert!(world.call(BOB, &transfer_from(ALICE, CAROL, 200)));
    assert_eq!(world.refusal(BOB, &transfer_from(ALICE, CAROL, 1)), error::ALLOWANCE);
    // An allowance beyond the balance does not help.
    world.call(ALICE, &approve(BOB, U256::from(501)));
    assert_eq!(world.refusal(BOB, &transfer_from(ALICE, CAROL, 501)), error::BALANCE);
    assert_eq!(world.call(BOB, &I::allowanceCall { owner: ALICE, spender: BOB }), U256::from(501));
}

#[test]
fn the_largest_allowance_has_no_end() {
    let mut world = World::new();
    world.call(ALICE, &approve(BOB, U256::MAX));
    world.call(BOB, &transfer_from(ALICE, CAROL, 300));
    assert_eq!(world.call(BOB, &I::allowanceCall { owner: ALICE, spender: BOB }), U256::MAX);
}

#[test]
fn allowances_rise_and_fall() {
    let mut world = World::new();
    let increase = |increment| I::increaseAllowanceCall { spender: BOB, increment };
    let decrease = |decrement| I::decreaseAllowanceCall { spender: BOB, decrement };
    assert!(world.call(ALICE, &increase(U256::from(7))));
    assert!(world.call(ALICE, &decrease(U256::from(3))));
    assert_eq!(world.call(BOB, &I::allowanceCall { owner: ALICE, spender: BOB }), U256::from(4));
    assert_eq!(world.refusal(ALICE, &decrease(U256::from(5))), error::DECREASED);
    assert_eq!(world.refusal(ALICE, &increase(U256::MAX)), error::OVERFLOW);
}

#[test]
fn names_and_domain() {
    let mut world = World::new();
    assert_eq!(world.call(BOB, &I::nameCall {}), "assayUSD");
    assert_eq!(world.call(BOB, &I::symbolCall {}), "aUSD");
    assert_eq!(world.call(BOB, &I::decimalsCall {}), 6);
    assert_eq!(world.call(BOB, &I::versionCall {}), "2");
    assert_eq!(world.call(BOB, &I::DOMAIN_SEPARATORCall {}), domain());
    let said = world.call(BOB, &I::eip712DomainCall {});
    assert_eq!((said.fields.0, said.name.as_str(), said.version.as_str()), ([0x0f], "assayUSD", "2"));
    assert_eq!((said.chainId, said.verifyingContract), (U256::from(CHAIN_ID), DEFAULT_TOKEN));
    assert_eq!((said.salt, said.extensions.len()), (B256::ZERO, 0));
}

#[test]
fn trailing_bytes_are_ignored_and_value_is_not() {
    let mut world = World::new();
    let input = [transfer(BOB, 1).abi_encode(), b"a builder's code".to_vec()].concat();
    world.host.send(ALICE, DEFAULT_TOKEN, TOKEN_ENTRIES, &input).unwrap();
    assert_eq!(world.balance(BOB), 1);
    world.host.frame_mut().value = U256::ONE;
    let error = world.send(ALICE, DEFAULT_TOKEN, &transfer(BOB, 1)).unwrap_err();
    assert!(matches!(error, CallError::Reverted(r) if r.data == NotPayable {}.abi_encode()));
}

#[test]
fn every_selector_is_dispatched_and_no_other() {
    let mut world = World::new();
    let mut seen: Vec<[u8; 4]> = TOKEN_ENTRIES.iter().map(|entry| entry.selector).collect();
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
    let mut declared = I::INativeTokenCalls::SELECTORS.to_vec();
    declared.sort_unstable();
    assert_eq!(seen, declared);
    let error = world.host.send(ALICE, DEFAULT_TOKEN, TOKEN_ENTRIES, &[0; 4]).unwrap_err();
    let unknown = UnknownSelector { selector: [0; 4].into() }.abi_encode();
    assert!(matches!(error, CallError::Reverted(r) if r.data == unknown));
}
