//! Ends of epochs: who is chosen, who is paid.

use super::world::*;
use crate::params::{Issuance, SET_HEIGHTS};
use alloy_primitives::U256;
use assay_abi::staking::IStaking;

#[test]
fn a_newcomer_waits_two_epochs_and_the_highest_stakes_are_chosen() {
    let mut world = World::new(3, &params());
    world.create(4, 11 * COIN).unwrap();
    world.create(5, 30 * COIN).unwrap();
    world.reach(EPOCH + 1);
    assert_eq!(world.read_set(EPOCH + 2).unwrap().len(), 3);
    world.reach(2 * EPOCH + 1);
    // Four places for five candidates; of equal stakes the lower operator comes first.
    assert_eq!(world.set_at(2 * EPOCH + 1), [account(1), account(2), account(3)]);
    assert_eq!(world.set_at(2 * EPOCH + 2), [account(1), account(2), account(4), account(5)]);
    let set = world.read_set(2 * EPOCH + 2).unwrap();
    assert_eq!(set.iter().map(|v| v.power).collect::<Vec<_>>(), [30, 11, 10, 10]);
    // A delegation lifts the third above the second.
    world.delegate(account(20), 3, COIN);
    world.reach(3 * EPOCH + 1);
    assert_eq!(world.set_at(3 * EPOCH + 2), [account(1), account(3), account(4), account(5)]);
}

#[test]
fn stake_that_leaves_takes_its_power_along() {
    let mut world = World::new(3, &params());
    world.delegate(account(20), 1, 5 * COIN);
    world.reach(EPOCH + 2);
    assert_eq!(world.validator(1).power, 15);
    world.undelegate(account(20), 1, U256::from(5 * COIN));
    // Less than its own minimum: it leaves with the end of the epoch.
    world.undelegate(account(2), 2, U256::from(1));
    world.reach(2 * EPOCH + 2);
    assert_eq!(world.set_at(2 * EPOCH + 2), [account(1), account(3)]);
    assert_eq!((world.validator(1).power, world.validator(2).power), (10, 0));
}

#[test]
fn the_last_set_stays_when_nobody_is_left() {
    let mut world = World::new(1, &params());
    world.call(account(1), &IStaking::deactivateCall {}).unwrap();
    world.reach(3 * EPOCH);
    assert_eq!(world.set_at(3 * EPOCH), [account(1)]);
    world.accuse(1, 3 * EPOCH - 1);
    world.reach(4 * EPOCH);
    assert_eq!(world.set_at(4 * EPOCH), [account(1)]);
}

#[test]
fn income_is_shared_by_power_less_commission() {
    let mut world = World::new(2, &params());
    world.call(account(2), &IStaking::setCommissionCall { commission: 100 }).unwrap();
    world.delegate(account(20), 2, 20 * COIN);
    world.reach_epoch(3);
    world.give(40_000);
    world.reach_epoch(4);
    // 10 and 30 of 40 units of power; what a division leaves over stays in the pool.
    assert_eq!(world.delegation(1, account(1)).rewards, U256::from(9_999));
    assert_eq!(world.validator(2).commissionEarned, U256::from(300));
    // 29,700 for 30 shares; nothing is ever rounded up.
    assert_eq!(world.delegation(2, account(2)).rewards, U256::from(9_899));
    assert_eq!(world.delegation(2, account(20)).rewards, U256::from(19_799));
    let before = world.balance(account(20));
    let call = IStaking::withdrawRewardsCall { operator: account(2) };
    assert_eq!(world.call(account(20), &call), Ok(U256::from(19_799)));
    assert_eq!(world.balance(account(20)), before + U256::from(19_799));
    assert_eq!(world.call(account(2), &IStaking::withdrawCommissionCall {}), Ok(U256::from(300)));
    world.check();
    // Rewards survive the shares.
    world.give(4_000);
    world.reach_epoch(5);
    world.undelegate(account(20), 2, U256::from(20 * COIN));
    assert!(world.delegation(2, account(20)).rewards >= U256::from(1_970));
    world.call(account(20), &call).unwrap();
    assert_eq!(world.call(account(20), &call), Err(refused(IStaking::NothingToWithdraw {})));
    world.check();
}

#[test]
fn issuance_halves_and_ends_with_the_reserve() {
    let issuance = Issuance { reserve: U256::from(1_000), per_epoch: U256::from(400), halving_epochs: 2 };
    let mut params = params();
    params.issuance = issuance.clone();
    let mut world = World::new(1, &params);
    let mut issued = Vec::new();
    for epoch in 1..8 {
        world.reach_epoch(epoch);
        issued.push(world.call(account(9), &IStaking::issuanceCall {}).unwrap().reserve.to::<u64>());
    }
    assert_eq!(issued, [600, 200, 0, 0, 0, 0, 0]);
    assert_eq!(world.delegation(1, account(1)).rewards, U256::from(999), "rounded down");
    assert_eq!([0, 1, 2, 4, 5, 16, 600].map(|e| issuance.of_epoch(e).to::<u64>()), [400, 400, 200, 100, 100, 1, 0]);
}

#[test]
fn old_sets_are_deleted_and_recent_ones_answer() {
    let mut world = World::new(3, &params());
    // A set per epoch.
    for epoch in 0..60 {
        world.reach_epoch(epoch);
        world.delegate(account(20), 1, COIN);
    }
    let height = world.height();
    let power = |height| world.read_set(height).map(|set| set.by_address(&consensus(1)).unwrap().power);
    assert_eq!(power(1), None);
    for back in 0..SET_HEIGHTS {
        let at = height - back;
        assert_eq!(power(at), Some(10 + at.saturating_sub(2) / EPOCH), "{at}");
    }
    let slots = world.host.slot_count(assay_abi::staking::STAKING);
    for epoch in 60..70 {
        world.reach_epoch(epoch);
        world.delegate(account(20), 1, COIN);
    }
    assert!(world.host.slot_count(assay_abi::staking::STAKING) <= slots + 4);
}
