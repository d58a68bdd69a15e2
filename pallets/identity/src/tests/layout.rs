//! Where everything lies: other chains prove feedback and verdicts against these slots, so a change is a new format.

use super::feedback::give;
use super::support::{ALICE, BOB, NOW, REGISTRIES, World};
use super::validation::{hash, request, respond};
use alloy_primitives::{Address, U256, uint};
use assay_kernel::storage::{item_slot, map_slot};

const ONE: U256 = U256::ONE;

fn word(address: Address) -> U256 {
    address.into_word().into()
}

#[test]
fn identity() {
    let world = World::with_agent();
    let slot = |slot| world.host.slot(REGISTRIES.identity, slot);
    assert_eq!(slot(item_slot("identity.next_id")), U256::from(2));
    assert_eq!(slot(map_slot("identity.owners", &ONE)), word(ALICE));
    assert_eq!(slot(map_slot("identity.wallets", &ONE)), word(ALICE));
    assert_eq!(slot(map_slot("identity.balances", &ALICE)), ONE);
    // Agent 0 has an owner, a wallet and a balance too.
    assert_eq!(world.host.slot_count(REGISTRIES.identity), 7);
}

#[test]
fn an_entry_is_one_word() {
    let mut world = World::with_agent();
    world.reputation(BOB, give(-2, 3, "a", "b")).unwrap();
    let slot = |world: &World, slot| world.host.slot(REGISTRIES.reputation, slot);
    let entry = map_slot("reputation.feedback", &(ONE, BOB, 1u64));
    let expected = uint!(0x00000000000002_00000000000001_01_03_fffffffffffffffffffffffffffffffe_U256);
    assert_eq!(slot(&world, entry), expected);
    assert_eq!(slot(&world, map_slot("reputation.last_index", &(ONE, BOB))), ONE);
    // decimals 3, count 1, sum -2 in 176 bits
    let tally = map_slot("reputation.tallies", &(ONE, BOB, 1u64, 2u64));
    let expected = uint!(0x00000003_000000000001_fffffffffffffffffffffffffffffffffffffffffffe_U256);
    assert_eq!(slot(&world, tally), expected);
    world.reputation(BOB, give(1, 18, "a", "b")).unwrap();
    // mixed, decimals 3 and 18, sum 1 - 2 * 10^15 in 236 bits
    let sum = U256::ZERO.wrapping_sub(U256::from(1_999_999_999_999_999u64)) & (U256::MAX >> 20);
    let mixed = (ONE << 255) | (U256::from((1u32 << 3) | (1 << 18)) << 236) | sum;
    assert_eq!(slot(&world, tally), mixed);
    let counts = |word: u8| map_slot("reputation.tally_counts", &(ONE, BOB, 1u64, 2u64, word));
    assert_eq!(slot(&world, counts(0)), ONE << 144);
    assert_eq!(slot(&world, counts(3)), ONE << 144);
    world
        .reputation(
            BOB,
            assay_abi::identity::IReputationRegistry::revokeFeedbackCall { agentId: ONE, feedbackIndex: 1 },
        )
        .unwrap();
    assert_eq!(slot(&world, entry) >> 136 & U256::from(0xff), U256::from(3));
}

#[test]
fn a_request_is_two_words_and_its_answer_one_more() {
    let mut world = World::with_agent();
    world.validation(ALICE, request(BOB, hash(1))).unwrap();
    let slot = |world: &World, slot| world.host.slot(REGISTRIES.validation, slot);
    let head = map_slot("validation.requests", &hash(1));
    assert_eq!(slot(&world, head), word(BOB) | (U256::from(NOW) << 176));
    assert_eq!(slot(&world, map_slot("validation.subjects", &hash(1))), ONE << 64);
    world.validation(BOB, respond(hash(1), 7, "t")).unwrap();
    assert_eq!(slot(&world, head), word(BOB) | (U256::from(0x107) << 160) | (U256::from(NOW) << 176));
    assert_eq!(slot(&world, map_slot("validation.subjects", &hash(1))), (ONE << 64) | ONE);
    assert_eq!(slot(&world, map_slot("validation.response_hashes", &hash(1))), U256::from_be_bytes([5; 32]));
    let tally = map_slot("validation.tallies", &(ONE, BOB, 1u64));
    assert_eq!(slot(&world, tally), (U256::from(7) << 64) | ONE);
}
