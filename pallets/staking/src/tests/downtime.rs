//! Absences: counted once they are final, forgiven after a window, and the jail between.

use super::world::*;
use crate::blocks::BlockFacts;
use alloy_primitives::U256;
use assay_abi::staking::IStaking;

fn absent(position: u8) -> BlockFacts {
    BlockFacts { absent: U256::ONE << usize::from(position), ..BlockFacts::default() }
}

/// One validator is away for so many heights.
fn away(world: &mut World, n: u8, heights: u64) {
    for _ in 0..heights {
        let height = world.height();
        let facts = absent(world.position(n, height));
        world.next_with(&facts);
    }
}

#[test]
fn a_chain_whose_validators_all_sign_writes_nothing() {
    let mut world = World::new(3, &params());
    world.reach(3);
    let slots = world.host.slot_count(assay_abi::staking::STAKING);
    world.reach(EPOCH - 1);
    assert_eq!(world.host.slot_count(assay_abi::staking::STAKING), slots);
}

#[test]
fn late_votes_count_as_presence() {
    let mut world = World::new(3, &params());
    world.reach(5);
    let position = world.position(2, 5);
    world.next_with(&absent(position));
    // The vote for height 5 comes with the last block that may carry it.
    world.reach(14);
    world.next_with(&BlockFacts { late: vec![(5, position)], ..BlockFacts::default() });
    assert_eq!(world.height(), 15);
    world.reach(18);
    assert_eq!(world.validator(2).missed, 0);
    // Without one it is missed, from the eleventh block on.
    let position = world.position(2, 18);
    world.next_with(&absent(position));
    world.reach(28);
    assert_eq!(world.validator(2).missed, 0);
    world.reach(29);
    assert_eq!(world.validator(2).missed, 1);
    // And forgotten a window later.
    world.reach(29 + 39);
    assert_eq!(world.validator(2).missed, 1);
    world.next();
    assert_eq!(world.validator(2).missed, 0);
}

#[test]
fn who_signs_less_than_the_minimum_is_jailed_and_comes_back() {
    let mut world = World::new(4, &params());
    world.reach(3);
    // 38 of 40 may be missed: five per cent of 40 are two.
    away(&mut world, 2, 38);
    world.reach(41 + 10);
    let shown = world.validator(2);
    assert_eq!((shown.missed, shown.status), (38, 0));
    let height = world.height();
    let position = world.position(2, height);
    // Absences go on; the window drops none of those before the first one yet.
    let mut world2 = World::new(4, &params());
    world2.reach(3);
    away(&mut world2, 2, 39);
    world2.reach(41 + 11);
    let shown = world2.validator(2);
    assert_eq!(shown.status, 2);
    let jailed_at = 52;
    assert_eq!((world2.height(), shown.jailedUntil), (jailed_at, jailed_at + 30));
    world2.next();
    assert_eq!(world2.set_at(jailed_at + 1), [account(1), account(2), account(3), account(4)]);
    assert_eq!(world2.set_at(jailed_at + 2), [account(1), account(3), account(4)]);
    // Nothing is lost by it but time.
    assert_eq!(world2.validator(2).stake, U256::from(10 * COIN));
    let early = world2.call(account(2), &IStaking::unjailCall {});
    assert_eq!(early, Err(refused(IStaking::StillJailed { untilHeight: jailed_at + 30 })));
    world2.reach(jailed_at + 30);
    world2.call(account(2), &IStaking::unjailCall {}).unwrap();
    world2.reach(101 + 1);
    assert_eq!(world2.set_at(102), [account(1), account(2), account(3), account(4)]);
    assert_eq!(world2.validator(2).missed, 0, "a new seat");
    drop((world, position));
}

#[test]
fn a_seat_does_not_inherit_the_absences_of_who_sat_there() {
    let mut world = World::new(4, &params());
    world.reach(3);
    away(&mut world, 2, 20);
    world.call(account(2), &IStaking::deactivateCall {}).unwrap();
    world.create(5, 20 * COIN).unwrap();
    world.reach(4 * EPOCH);
    assert!(world.set_at(4 * EPOCH).contains(&account(5)));
    // The old absences fall out of the window while the newcomer has some of its own.
    away(&mut world, 5, 3);
    world.reach(4 * EPOCH + 3 + 11);
    assert_eq!(world.validator(5).missed, 3);
    world.reach(4 * EPOCH + 3 + 11 + 36);
    assert_eq!(world.validator(5).missed, 3);
}

#[test]
fn the_last_validator_is_not_jailed_out_of_the_set() {
    let mut world = World::new(1, &params());
    world.reach(2);
    away(&mut world, 1, 60);
    assert_eq!(world.validator(1).status, 2);
    let height = world.height();
    assert_eq!(world.set_at(height), [account(1)]);
}
