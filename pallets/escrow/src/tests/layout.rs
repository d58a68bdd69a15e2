//! Golden storage layout: other chains prove jobs by it.

use super::base;
use super::doubles::{HOOK, PLAIN, mint};
use super::support::*;
use alloy_primitives::{Address, B256, U256, keccak256};
use assay_abi::escrow::{ESCROW, ESCROW_BASE};
use assay_abi::token::DEFAULT_TOKEN;
use assay_kernel::storage::{item_slot, map_slot};

fn word(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

#[test]
fn the_layout_of_a_job_never_changes() {
    let mut world = World::with_fees();
    mint(&mut world.host, PLAIN, CLIENT, 500);
    let job = world.ok(CLIENT, ESCROW_BASE, &base::create(PROVIDER, HOOK, 6));
    world.ok(CLIENT, ESCROW_BASE, &base::budget(job, PLAIN, 500));
    world.ok(CLIENT, ESCROW_BASE, &base::fund(job, 500));
    world.ok(PROVIDER, ESCROW_BASE, &submit_of(job));
    let at = |slot: U256| world.host.slot(ESCROW, slot);
    let slot = map_slot("escrow.jobs", &1u64);
    assert_eq!(at(slot), word(CLIENT) | (U256::from(2) << 160) | (U256::from(1) << 168));
    assert_eq!(at(slot + U256::from(1)), word(PROVIDER) | (U256::from(EXPIRY) << 160));
    assert_eq!(at(slot + U256::from(2)), word(EVALUATOR) | (U256::from(NOW) << 160));
    assert_eq!(at(slot + U256::from(3)), word(HOOK) | (U256::from(6) << 160));
    assert_eq!(at(slot + U256::from(4)), U256::from(500) | (U256::from(500) << 128));
    assert_eq!(at(slot + U256::from(5)), word(PLAIN));
    assert_eq!(at(map_slot("escrow.deliverables", &1u64)), U256::from_be_bytes(WORK.0));
    assert_eq!(at(map_slot("escrow.descriptions", &1u64)), U256::from(4 + "Summarise the report".len()));
    assert_eq!(at(item_slot("escrow.count")), U256::ONE);
    assert_eq!(B256::from(at(item_slot("escrow.times"))).0[..8], 5u64.to_be_bytes());
    let fees = at(item_slot("escrow.fees"));
    let shares = (U256::from(250) << 160) | (U256::from(150) << 176) | (U256::from(100) << 192);
    assert_eq!(fees, word(TREASURY) | shares | (U256::ONE << 255));
    // keccak256("escrow.jobs" padded to 32 bytes ‖ the number, 8 bytes little-endian).
    let by_hand = keccak256([&b"escrow.jobs"[..], &[0; 21], &1u64.to_le_bytes()].concat());
    assert_eq!(B256::from(slot), by_hand);
    // Nothing lies under the facade that made it.
    assert_eq!(world.host.slot_count(ESCROW_BASE), 0);
}

#[test]
fn a_credit_lies_under_facade_token_and_payee() {
    let mut world = World::new();
    let job = world.funded(10, Address::ZERO);
    world.block(CLIENT);
    world.ok(EVALUATOR, ESCROW, &reject_of(job));
    let at = |slot: U256| world.host.slot(ESCROW, slot);
    assert_eq!(at(map_slot("escrow.credits", &(0u8, DEFAULT_TOKEN, CLIENT))), U256::from(10));
    assert_eq!(at(map_slot("escrow.credited", &(0u8, DEFAULT_TOKEN))), U256::from(10));
    let slot = map_slot("escrow.jobs", &1u64);
    assert_eq!(at(slot), word(CLIENT) | (U256::from(4) << 160));
}
