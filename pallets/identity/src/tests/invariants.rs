//! Each invariant notices a state that breaks it.

use super::feedback::give;
use super::support::{ALICE, BOB, CAROL, REGISTRIES, World};
use super::validation::{hash, request, respond};
use crate::api;
use crate::types::JobFeedback;
use alloy_primitives::{Address, B256, U256, keccak256};
use assay_abi::identity::Registries;
use assay_kernel::storage::{item_slot, map_slot};
use borsh::BorshSerialize;

const ONE: U256 = U256::ONE;

/// Slot of an element of a list by key.
fn element_slot<K: BorshSerialize>(name: &str, key: &K, index: u64) -> U256 {
    let base = map_slot(name, key).to_be_bytes::<32>();
    keccak256([&base[..], &index.to_le_bytes()].concat()).into()
}

fn world() -> World {
    let mut world = World::with_agent();
    world.register(ALICE);
    for (value, decimals) in [(5, 0), (7, 2)] {
        world.reputation(BOB, give(value, decimals, "a", "b")).unwrap();
    }
    let (client, job) = (CAROL, B256::ZERO);
    let job = JobFeedback { agent: ONE, client, score: 90, kind: "opml", job, weight: 4, epoch: 1 };
    world.host.run(|ctx| api::record_job(ctx, &job)).unwrap();
    for number in 1..=2 {
        world.validation(ALICE, request(BOB, hash(number))).unwrap();
    }
    world.validation(BOB, respond(hash(1), 70, "t")).unwrap();
    world
}

/// Checks that a state with one slot changed breaks an invariant.
#[track_caller]
fn breaks(name: &str, module: Address, slot: U256, edit: impl FnOnce(U256) -> U256) {
    let world = world();
    let mut state = world.state();
    let before = world.host.slot(module, slot);
    let after = edit(before);
    assert_ne!(before, after);
    state.set_storage(module, slot, after);
    let broken = crate::invariants::check(&state, REGISTRIES).unwrap_err().to_string();
    assert!(broken.contains(&format!("{name}: ")), "{broken}");
}

#[test]
fn a_sound_state_passes() {
    world().check_invariants();
}

#[test]
fn every_invariant_can_break() {
    let Registries { identity, reputation, validation } = REGISTRIES;
    let one_more = |word: U256| word + ONE;
    let gone = |_: U256| U256::ZERO;
    breaks("IDN-1", identity, map_slot("identity.owners", &ONE), gone);
    breaks("IDN-1", identity, item_slot("identity.next_id"), |word| word - ONE);
    breaks("IDN-2", identity, map_slot("identity.owners", &U256::ZERO), one_more);
    breaks("IDN-2", identity, map_slot("identity.approved", &U256::ZERO), one_more);
    breaks("IDN-3", identity, map_slot("identity.balances", &ALICE), one_more);
    breaks("IDN-4", reputation, map_slot("reputation.last_index", &(ONE, BOB)), gone);
    let first_client = element_slot("reputation.clients", &ONE, 0);
    breaks("IDN-4", reputation, first_client, |_| CAROL.into_word().into());
    let entry = map_slot("reputation.feedback", &(ONE, BOB, 1u64));
    breaks("IDN-5", reputation, entry, gone);
    breaks("IDN-5", reputation, entry, |word| word | (U256::from(19) << 128));
    breaks("IDN-5", reputation, entry, |word| word | (U256::from(99) << 200));
    breaks("IDN-6", reputation, entry, one_more);
    breaks("IDN-6", reputation, map_slot("reputation.tallies", &(ONE, BOB, 1u64, 2u64)), one_more);
    breaks("IDN-6", reputation, map_slot("reputation.tally_counts", &(ONE, BOB, 0u64, 0u64, 0u8)), one_more);
    breaks("IDN-7", reputation, map_slot("reputation.weights", &(ONE, CAROL, 1u64)), one_more);
    breaks("IDN-7", reputation, map_slot("reputation.job_tallies", &(ONE, 0u64)), one_more);
    breaks("IDN-7", reputation, map_slot("reputation.job_scores", &(ONE, 4u64)), one_more);
    breaks("IDN-8", validation, map_slot("validation.requests", &hash(2)), gone);
    breaks("IDN-8", validation, map_slot("validation.subjects", &hash(2)), |_| U256::from(2) << 64);
    let second_of_agent = element_slot("validation.of_agent", &ONE, 1);
    breaks("IDN-8", validation, second_of_agent, |_| hash(1).into());
    let second_of_validator = element_slot("validation.of_validator", &BOB, 1);
    breaks("IDN-9", validation, second_of_validator, |_| hash(9).into());
    breaks("IDN-10", validation, map_slot("validation.tallies", &(ONE, BOB, 1u64)), one_more);
    breaks("IDN-10", validation, map_slot("validation.tallies", &(ONE, Address::ZERO, 0u64)), gone);
}
