//! The storage layout and the ABI are part of the chain: these values change only with an upgrade.

use super::world::*;
use crate::Staking;
use alloy_primitives::{U256, keccak256};
use alloy_sol_types::SolInterface;
use assay_abi::staking::{IStaking, STAKING};
use assay_kernel::Pallet as _;
use assay_kernel::storage::{item_slot, map_slot};
use std::collections::BTreeSet;

#[test]
fn records_lie_where_proofs_expect_them() {
    let mut world = World::new(2, &params());
    world.delegate(account(20), 1, COIN);
    let word = |slot: U256| world.host.slot(STAKING, slot);
    assert_eq!(word(item_slot("staking.reserve")), U256::from(1_000 * COIN));
    assert_eq!(word(item_slot("staking.accounted")), U256::from(1_021 * COIN));
    let pool = map_slot("staking.pools", &account(1));
    assert_eq!(word(pool), U256::from(112), "length of the record");
    // stake and shares, little-endian.
    let first = word(pool + U256::from(1)).to_be_bytes::<32>();
    assert_eq!(u128::from_le_bytes(first[..16].try_into().unwrap()), 11 * COIN);
    assert_eq!(u128::from_le_bytes(first[16..].try_into().unwrap()), 11 * COIN);
    let held = map_slot("staking.delegations", &(account(1), account(20)));
    assert_eq!(word(held), U256::from(64));
    assert_eq!(word(map_slot("staking.set_from", &1u64)), U256::from(1));
}

#[test]
fn every_selector_is_dispatched_once() {
    let entries = Staking::entries();
    let selectors: BTreeSet<[u8; 4]> = entries.iter().map(|entry| entry.selector).collect();
    assert_eq!(selectors.len(), entries.len());
    assert_eq!(entries.len(), <IStaking::IStakingCalls as SolInterface>::COUNT);
    for entry in entries {
        assert_eq!(entry.selector, keccak256(entry.signature)[..4]);
    }
}
