//! The signing guard: every rule, every refusal, every kind of damage.

use super::{CHAIN_ID, block, key, message};
use crate::guard::{self, Answer, Guard, GuardError, guard_path};
use crate::message::{ConsensusMessage, Step};
use assay_primitives::{Height, Round};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

const HEAD: usize = 4_096;
const SLOT: usize = 512;
const SLOTS: usize = 1_024;
const AREA: usize = HEAD + SLOT * SLOTS;

fn fresh() -> (tempfile::TempDir, Guard) {
    let folder = tempfile::tempdir().unwrap();
    guard::create(folder.path(), CHAIN_ID, &key(1)).unwrap();
    let guard = open(folder.path());
    (folder, guard)
}

fn try_open(folder: &Path) -> Result<Guard, GuardError> {
    Guard::open(folder, CHAIN_ID, key(1), Height::ZERO)
}

fn open(folder: &Path) -> Guard {
    try_open(folder).unwrap()
}

fn prevote(height: u64, round: u32, id: Option<u8>) -> ConsensusMessage {
    message(Step::Prevote, height, round, id.map(block))
}

fn precommit(height: u64, round: u32, id: Option<u8>) -> ConsensusMessage {
    message(Step::Precommit, height, round, id.map(block))
}

fn proposal(height: u64, round: u32, id: u8, valid_round: Option<u32>) -> ConsensusMessage {
    let mut message = message(Step::Proposal, height, round, Some(block(id)));
    message.valid_round = valid_round.map(Round);
    message
}

/// Asks for a signature that must be given for exactly this message.
fn signs(guard: &mut Guard, message: &ConsensusMessage) {
    match guard.sign(message).unwrap() {
        Answer::Signed(signed, signature) => {
            assert_eq!(signed, *message);
            let public = key(1).public_key();
            assert!(crate::keys::verify_signature(public, &message.sign_bytes(), &signature));
        }
        Answer::Abstain => panic!("abstains from {message:?}"),
    }
}

fn returns(guard: &mut Guard, asked: &ConsensusMessage, stored: &ConsensusMessage) {
    match guard.sign(asked).unwrap() {
        Answer::Signed(signed, _) => assert_eq!(signed, *stored),
        Answer::Abstain => panic!("abstains from {asked:?}"),
    }
}

fn abstains(guard: &mut Guard, message: &ConsensusMessage) {
    assert_eq!(guard.sign(message).unwrap(), Answer::Abstain);
}

#[test]
fn the_first_message_of_a_step_is_the_only_one() {
    let (folder, mut guard) = fresh();
    signs(&mut guard, &proposal(1, 0, 1, None));
    signs(&mut guard, &prevote(1, 0, Some(1)));
    signs(&mut guard, &precommit(1, 0, None));
    signs(&mut guard, &precommit(1, 1, Some(1)));
    for _ in 0..2 {
        returns(&mut guard, &proposal(1, 0, 2, None), &proposal(1, 0, 1, None));
        returns(&mut guard, &prevote(1, 0, Some(2)), &prevote(1, 0, Some(1)));
        returns(&mut guard, &prevote(1, 0, None), &prevote(1, 0, Some(1)));
        returns(&mut guard, &precommit(1, 0, Some(1)), &precommit(1, 0, None));
        returns(&mut guard, &precommit(1, 1, Some(1)), &precommit(1, 1, Some(1)));
        abstains(&mut guard, &precommit(1, 1, Some(2)));
        drop(guard);
        guard = open(folder.path());
    }
}

#[test]
fn a_stored_proposal_with_another_polka_is_not_returned() {
    let (_folder, mut guard) = fresh();
    signs(&mut guard, &proposal(1, 3, 1, Some(1)));
    returns(&mut guard, &proposal(1, 3, 1, Some(1)), &proposal(1, 3, 1, Some(1)));
    abstains(&mut guard, &proposal(1, 3, 2, None));
    abstains(&mut guard, &proposal(1, 3, 1, Some(2)));
    signs(&mut guard, &proposal(1, 4, 1, None));
    returns(&mut guard, &proposal(1, 4, 1, Some(3)), &proposal(1, 4, 1, None));
}

#[test]
fn heights_below_are_over() {
    let (folder, mut guard) = fresh();
    signs(&mut guard, &prevote(5, 0, Some(1)));
    abstains(&mut guard, &prevote(4, 0, Some(1)));
    assert!(guard.holds(Height(5)) && !guard.holds(Height(6)));
    guard.advance(Height(5)).unwrap();
    returns(&mut guard, &prevote(5, 0, None), &prevote(5, 0, Some(1)));
    guard.advance(Height(9)).unwrap();
    drop(guard);
    let mut guard = open(folder.path());
    abstains(&mut guard, &prevote(9, 0, Some(1)));
    assert!(!guard.holds(Height(9)));
    signs(&mut guard, &prevote(10, 0, None));
}

#[test]
fn without_the_engines_log_the_precommit_stays_locked() {
    let (folder, mut guard) = fresh();
    signs(&mut guard, &precommit(1, 0, Some(1)));
    // With the log, a polka may have unlocked the validator: the engine knows.
    signs(&mut guard, &prevote(1, 1, Some(2)));
    guard.log_lost().unwrap();
    drop(guard);
    let mut guard = open(folder.path());
    for _ in 0..2 {
        returns(&mut guard, &prevote(1, 2, Some(2)), &prevote(1, 2, None));
        returns(&mut guard, &precommit(1, 2, Some(2)), &precommit(1, 2, None));
    }
    signs(&mut guard, &proposal(1, 2, 2, None));
    signs(&mut guard, &prevote(1, 3, Some(1)));
    signs(&mut guard, &precommit(1, 3, Some(1)));
    signs(&mut guard, &prevote(1, 4, None));
    signs(&mut guard, &prevote(2, 0, Some(2)));
}

#[test]
fn a_precommit_that_the_engine_forgot_is_given_again_and_locks() {
    let (folder, mut guard) = fresh();
    signs(&mut guard, &precommit(1, 1, Some(1)));
    returns(&mut guard, &precommit(1, 1, None), &precommit(1, 1, Some(1)));
    drop(guard);
    let mut guard = open(folder.path());
    returns(&mut guard, &precommit(1, 1, None), &precommit(1, 1, Some(1)));
    returns(&mut guard, &prevote(1, 2, Some(2)), &prevote(1, 2, None));
    signs(&mut guard, &prevote(1, 3, Some(1)));
    signs(&mut guard, &prevote(2, 0, Some(2)));
}

#[test]
fn refusals_are_typed_and_name_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let missing = try_open(folder.path()).unwrap_err();
    assert!(matches!(missing, GuardError::Missing { .. }) && missing.to_string().contains("assay guard create"));
    guard::create(folder.path(), CHAIN_ID, &key(1)).unwrap();
    assert!(matches!(guard::create(folder.path(), CHAIN_ID, &key(1)), Err(GuardError::Exists { .. })));
    let held = open(folder.path());
    assert!(matches!(try_open(folder.path()), Err(GuardError::Locked { .. })));
    assert!(matches!(guard::reset(folder.path(), CHAIN_ID, &key(1), Height(1)), Err(GuardError::Locked { .. })));
    drop(held);
    let other_key = Guard::open(folder.path(), CHAIN_ID, key(2), Height::ZERO);
    assert!(matches!(other_key, Err(GuardError::OtherKey { .. })));
    let other_chain = Guard::open(folder.path(), 1, key(1), Height::ZERO);
    assert!(matches!(other_chain, Err(GuardError::OtherChain { found: CHAIN_ID, expected: 1, .. })));
    let old = Guard::open(folder.path(), CHAIN_ID, key(1), Height(1)).unwrap_err();
    assert!(matches!(old, GuardError::OlderThanChain { .. }) && old.to_string().contains("assay guard reset"));
}

#[test]
fn an_old_copy_is_refused() {
    let (folder, mut guard) = fresh();
    signs(&mut guard, &prevote(1, 0, Some(1)));
    let copy = std::fs::read(guard_path(folder.path())).unwrap();
    signs(&mut guard, &prevote(2, 0, Some(1)));
    drop(guard);
    Guard::open(folder.path(), CHAIN_ID, key(1), Height(2)).unwrap();
    std::fs::write(guard_path(folder.path()), copy).unwrap();
    let refused = Guard::open(folder.path(), CHAIN_ID, key(1), Height(2));
    assert!(matches!(refused, Err(GuardError::OlderThanChain { guard: Height(1), chain: Height(2), .. })));
}

#[test]
fn a_reset_signs_nothing_up_to_its_height() {
    let (folder, mut guard) = fresh();
    signs(&mut guard, &prevote(3, 0, Some(1)));
    drop(guard);
    guard::reset(folder.path(), CHAIN_ID, &key(1), Height(7)).unwrap();
    assert!(folder.path().join("guard.damaged-1").exists());
    let mut guard = Guard::open(folder.path(), CHAIN_ID, key(1), Height(7)).unwrap();
    abstains(&mut guard, &prevote(3, 0, Some(1)));
    abstains(&mut guard, &prevote(7, 5, Some(1)));
    signs(&mut guard, &prevote(8, 0, Some(1)));
}

#[test]
fn a_foreign_signature_is_told_from_our_own() {
    let (folder, mut guard) = fresh();
    signs(&mut guard, &prevote(5, 0, Some(1)));
    signs(&mut guard, &precommit(5, 0, Some(1)));
    for _ in 0..2 {
        assert!(guard.may_have_signed(&prevote(5, 0, Some(1))) && guard.may_have_signed(&precommit(5, 0, Some(1))));
        // Below, nothing is remembered, so nothing is told.
        assert!(guard.may_have_signed(&prevote(4, 0, Some(9))));
        for foreign in [prevote(5, 0, Some(2)), prevote(5, 0, None), prevote(5, 1, Some(1)), precommit(6, 0, Some(1))] {
            assert!(!guard.may_have_signed(&foreign), "{foreign:?}");
        }
        drop(guard);
        guard = open(folder.path());
    }
    guard.advance(Height(8)).unwrap();
    assert!(guard.may_have_signed(&prevote(8, 0, Some(1))), "passed without a record");
    assert!(!guard.may_have_signed(&prevote(9, 0, Some(1))));
}

fn three_records(folder: &Path) -> Vec<u8> {
    guard::create(folder, CHAIN_ID, &key(1)).unwrap();
    let mut guard = open(folder);
    signs(&mut guard, &prevote(1, 0, Some(1)));
    signs(&mut guard, &precommit(1, 0, Some(1)));
    signs(&mut guard, &prevote(2, 0, Some(2)));
    drop(guard);
    std::fs::read(guard_path(folder)).unwrap()
}

fn remembers(guard: &mut Guard) {
    returns(guard, &prevote(2, 0, Some(9)), &prevote(2, 0, Some(2)));
    abstains(guard, &prevote(1, 0, Some(9)));
}

#[test]
fn one_flipped_byte_anywhere_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let whole = three_records(folder.path());
    let path = guard_path(folder.path());
    let used = (0..80).chain(HEAD..HEAD + 4 * SLOT).step_by(41);
    for offset in used.flat_map(|offset| [offset, AREA + offset]) {
        let mut bytes = whole.clone();
        bytes[offset] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        remembers(&mut open(folder.path()));
        // What can be mended is mended: a second flip in the other copy later does no more harm.
        if offset >= HEAD && (offset - HEAD) % AREA >= SLOT && (offset - HEAD) % AREA < 4 * SLOT {
            assert_eq!(std::fs::read(&path).unwrap()[offset], whole[offset]);
        }
    }
}

#[test]
fn a_torn_write_loses_only_what_never_left() {
    let folder = tempfile::tempdir().unwrap();
    let whole = three_records(folder.path());
    let path = guard_path(folder.path());
    // The next record, sequence 4, was being written to slot 4: any prefix of it, in one copy or in both.
    for length in [1, 100, 300, SLOT] {
        for copies in [&[0][..], &[AREA][..], &[0, AREA][..]] {
            let mut bytes = whole.clone();
            for copy in copies {
                let slot = copy + HEAD + 4 * SLOT;
                bytes[slot..slot + length].fill(0xa5);
            }
            std::fs::write(&path, &bytes).unwrap();
            let mut guard = open(folder.path());
            remembers(&mut guard);
            signs(&mut guard, &precommit(2, 0, Some(2)));
            drop(guard);
            returns(&mut open(folder.path()), &precommit(2, 0, Some(2)), &precommit(2, 0, Some(2)));
        }
    }
}

#[test]
fn damage_that_no_crash_makes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = three_records(folder.path());
    let path = guard_path(folder.path());
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = try_open(folder.path()).unwrap_err();
        assert!(matches!(error, GuardError::Damaged { .. }), "{error}");
    };
    // A record before the newest, in both copies.
    let mut bytes = whole.clone();
    bytes[HEAD + 2 * SLOT + 20] ^= 1;
    bytes[AREA + HEAD + 2 * SLOT + 20] ^= 1;
    refused(&bytes);
    // The same, wiped.
    let mut bytes = whole.clone();
    for copy in [0, AREA] {
        bytes[copy + HEAD + 2 * SLOT..copy + HEAD + 3 * SLOT].fill(0);
    }
    refused(&bytes);
    // A record moved to another slot.
    let mut bytes = whole.clone();
    for copy in [0, AREA] {
        bytes.copy_within(copy + HEAD + 2 * SLOT..copy + HEAD + 3 * SLOT, copy + HEAD + 9 * SLOT);
    }
    refused(&bytes);
    // Both heads; a cut file.
    let mut bytes = whole.clone();
    bytes[3] ^= 1;
    bytes[AREA + 3] ^= 1;
    refused(&bytes);
    refused(&whole[..whole.len() - 1]);
    refused(&[]);
}

#[test]
fn the_ring_comes_round_within_a_height_and_across_heights() {
    let (folder, mut guard) = fresh();
    let rounds = u32::try_from(SLOTS).unwrap() + 50;
    for round in 0..rounds {
        signs(&mut guard, &prevote(1, round, None));
    }
    for _ in 0..2 {
        abstains(&mut guard, &prevote(1, 10, None));
        abstains(&mut guard, &precommit(1, 10, None));
        returns(&mut guard, &prevote(1, rounds - 1, Some(1)), &prevote(1, rounds - 1, None));
        returns(&mut guard, &prevote(1, rounds - 900, Some(1)), &prevote(1, rounds - 900, None));
        drop(guard);
        guard = open(folder.path());
    }
    for height in 2..40 {
        signs(&mut guard, &prevote(height, 0, Some(1)));
    }
    drop(guard);
    let mut guard = Guard::open(folder.path(), CHAIN_ID, key(1), Height(39)).unwrap();
    returns(&mut guard, &prevote(39, 0, None), &prevote(39, 0, Some(1)));
}

#[derive(Clone, Debug)]
enum Act {
    Ask(ConsensusMessage),
    Advance(u64),
    LogLost,
    Restart,
    Tear,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let ask = (0u8..3, 1u64..4, 0u32..3, proptest::option::of(1u8..4), proptest::option::of(0u32..2)).prop_map(
        |(step, height, round, id, valid)| {
            Act::Ask(match step {
                0 => proposal(height, round, id.unwrap_or(1), valid),
                1 => prevote(height, round, id),
                _ => precommit(height, round, id),
            })
        },
    );
    let act = prop_oneof![
        12 => ask,
        1 => (1u64..4).prop_map(Act::Advance),
        1 => Just(Act::LogLost),
        2 => Just(Act::Restart),
        1 => Just(Act::Tear),
    ];
    proptest::collection::vec(act, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked, crashes included: never two messages of one kind, height and round, and heights never fall.
    #[test]
    fn no_double_signature_ever(acts in acts()) {
        let (folder, mut guard) = fresh();
        let mut signed: BTreeMap<(Height, Round, Step), ConsensusMessage> = BTreeMap::new();
        let mut records = 0u64;
        for act in acts {
            match act {
                Act::Ask(asked) => {
                    if let Answer::Signed(message, _) = guard.sign(&asked).unwrap() {
                        let place = (message.height, message.round, message.step);
                        prop_assert_eq!(place, (asked.height, asked.round, asked.step));
                        if signed.insert(place, message.clone()).is_none() {
                            records += 1;
                        }
                        prop_assert_eq!(&signed[&place], &message);
                        let newest = signed.keys().map(|(height, _, _)| *height).max();
                        prop_assert_eq!(Some(message.height), newest);
                    }
                }
                Act::Advance(height) => guard.advance(Height(height)).unwrap(),
                Act::LogLost => guard.log_lost().unwrap(),
                Act::Restart => {
                    drop(guard);
                    guard = open(folder.path());
                }
                Act::Tear => {
                    drop(guard);
                    let path = guard_path(folder.path());
                    let mut bytes = std::fs::read(&path).unwrap();
                    // One copy of the newest record, as a lost sector would.
                    if let Some(slot) = (0..SLOTS).rev().find(|s| bytes[HEAD + s * SLOT] != 0) {
                        bytes[HEAD + slot * SLOT..HEAD + (slot + 1) * SLOT].fill(0xee);
                    }
                    std::fs::write(&path, bytes).unwrap();
                    guard = open(folder.path());
                }
            }
        }
        prop_assert!(records <= 27);
    }
}
