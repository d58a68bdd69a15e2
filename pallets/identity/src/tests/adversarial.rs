//! Lists that others make long, and answers that would be larger than what was paid for.

use super::feedback::{give, summary};
use super::support::{ALICE, BOB, EVE, REGISTRIES, World, entries};
use super::validation::{hash, request};
use crate::params::STRING_BYTES_MAX;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use assay_abi::identity::{IReputationRegistry as reputation, IValidationRegistry as validation};
use assay_kernel::{CallError, Halt, dispatch};

const ONE: U256 = U256::ONE;

fn client(number: u16) -> Address {
    let mut bytes = [1; 20];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

/// Runs a view with some gas; how it ended.
fn with_gas<C: SolCall>(world: &mut World, registry: Address, gas: u64, call: &C) -> Result<usize, CallError> {
    let frame = world.host.frame_mut();
    (frame.address, frame.caller) = (registry, EVE);
    world.host.set_gas(gas);
    dispatch(&mut world.host, entries(registry), &call.abi_encode()).map(|output| output.len())
}

#[test]
fn unbounded_lists_cost_gas_and_pages_stay_cheap() {
    let mut world = World::with_agent();
    for number in 0..300 {
        world.reputation(client(number), give(1, 0, "", "")).unwrap();
    }
    let all = reputation::getClientsCall { agentId: ONE };
    let (clients, gas) = world.priced(REGISTRIES.reputation, EVE, all.clone()).unwrap();
    assert_eq!(clients.len(), 300);
    assert!(gas > 300 * 2_100, "{gas}");
    let starved = with_gas(&mut world, REGISTRIES.reputation, 20_000, &all);
    assert!(matches!(starved, Err(CallError::Halted(Halt::OutOfGas))));
    // What the others do to the lists costs a summary nothing.
    let before = world.priced(REGISTRIES.reputation, EVE, summary_of(&[client(0)])).unwrap().1;
    for number in 300..400 {
        world.reputation(client(number), give(1, 0, "", "")).unwrap();
    }
    assert_eq!(world.priced(REGISTRIES.reputation, EVE, summary_of(&[client(0)])).unwrap().1, before);
    let page = reputation::getClientsPageCall { agentId: ONE, offset: 300, limit: 10 };
    let (page, gas) = world.priced(REGISTRIES.reputation, EVE, page).unwrap();
    assert_eq!((page.clients[0], page.truncated), (client(300), true));
    assert!(gas < 40_000, "{gas}");
}

fn summary_of(clients: &[Address]) -> reputation::getSummaryCall {
    let clientAddresses = clients.to_vec();
    reputation::getSummaryCall { agentId: ONE, clientAddresses, tag1: String::new(), tag2: String::new() }
}

#[test]
fn a_summary_costs_the_same_at_1_and_at_500_entries() {
    let mut world = World::with_agent();
    world.reputation(BOB, give(1, 0, "a", "b")).unwrap();
    let price = |world: &mut World| world.priced(REGISTRIES.reputation, EVE, summary_of(&[BOB])).unwrap().1;
    let one = price(&mut world);
    for _ in 1..500 {
        world.reputation(BOB, give(7, 0, "a", "b")).unwrap();
    }
    assert_eq!(price(&mut world), one);
    assert!(one < 5_000, "{one}");
    // The worst that an author can do to the readers: entries of every number of decimals, four words more.
    for decimals in 0..=18 {
        world.reputation(BOB, give(7, decimals, "a", "b")).unwrap();
    }
    let worst = price(&mut world);
    assert!(worst < one + 4 * 2_600, "{worst}");
    assert_eq!(summary(&mut world, &[BOB], "", "").0, 519);
    world.check_invariants();
}

#[test]
fn requests_that_name_a_validator_cost_it_nothing() {
    let mut world = World::with_agent();
    for number in 1..=200 {
        world.validation(ALICE, request(BOB, hash(number))).unwrap();
    }
    let all = validation::getValidatorRequestsCall { validatorAddress: BOB };
    let starved = with_gas(&mut world, REGISTRIES.validation, 20_000, &all);
    assert!(matches!(starved, Err(CallError::Halted(Halt::OutOfGas))));
    let page = validation::getValidatorRequestsPageCall { validatorAddress: BOB, offset: 190, limit: 100 };
    let (page, _) = world.priced(REGISTRIES.validation, EVE, page).unwrap();
    assert_eq!((page.requestHashes.len(), page.truncated), (10, false));
}

#[test]
fn long_answers_pay_for_the_memory_they_take() {
    let mut world = World::with_agent();
    let tag = "x".repeat(STRING_BYTES_MAX);
    for _ in 0..50 {
        world.reputation(BOB, give(1, 0, &tag, &tag)).unwrap();
    }
    // The same address again and again: every entry is read once from disk, and repeated in the answer.
    let call = |times| reputation::readAllFeedbackCall {
        agentId: ONE,
        clientAddresses: vec![BOB; times],
        tag1: String::new(),
        tag2: String::new(),
        includeRevoked: true,
    };
    let once = with_gas(&mut world, REGISTRIES.reputation, 30_000_000, &call(1)).unwrap();
    assert!(once > 50 * 2 * STRING_BYTES_MAX);
    let bomb = with_gas(&mut world, REGISTRIES.reputation, 120_000_000, &call(50));
    assert!(matches!(bomb, Err(CallError::Halted(Halt::OutOfGas))));
}

#[test]
fn a_tag_is_paid_for_once() {
    let mut world = World::with_agent();
    let tag = "y".repeat(STRING_BYTES_MAX);
    let first = world.priced(REGISTRIES.reputation, BOB, give(1, 0, &tag, "")).unwrap().1;
    let second = world.priced(REGISTRIES.reputation, EVE, give(1, 0, &tag, "")).unwrap().1;
    assert!(first > 64 * 20_000 && second < 250_000, "{first} {second}");
}

#[test]
fn request_hash_zero_is_a_hash_like_any_other() {
    let mut world = World::with_agent();
    world.validation(ALICE, request(BOB, B256::ZERO)).unwrap();
    assert_eq!(world.validation(EVE, validation::getAgentValidationsCall { agentId: ONE }).unwrap(), [B256::ZERO]);
    world.check_invariants();
}
