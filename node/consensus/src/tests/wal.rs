//! Damage of the engine's log: survived, or named.

use super::{CHAIN_ID, block, key, message};
use crate::engine::EngineError;
use crate::guard::{self, Answer, Guard};
use crate::message::{ConsensusMessage, Step};
use crate::wal::{self, WalState, inspect, inspect_bytes, reconcile, wal_path};
use arc_malachitebft_app::wal::Log;
use assay_primitives::Height;
use std::path::Path;

/// Writes a log with the engine's own code.
fn write_log(folder: &Path, height: u64, entries: &[&[u8]]) -> Vec<u8> {
    let mut log = Log::open(wal_path(folder)).unwrap();
    log.reset(height).unwrap();
    for entry in entries {
        log.append(entry).unwrap();
    }
    log.flush().unwrap();
    drop(log);
    std::fs::read(wal_path(folder)).unwrap()
}

fn guarded(folder: &Path, height: u64) -> Guard {
    guard::create(folder, CHAIN_ID, &key(1)).unwrap();
    let mut guard = Guard::open(folder, CHAIN_ID, key(1), Height::ZERO).unwrap();
    guard.sign(&message(Step::Precommit, height, 0, Some(block(1)))).unwrap();
    guard
}

/// Whether the guard keeps the precommit of round 0 locked.
fn locked(guard: &mut Guard, height: u64) -> bool {
    let answer = guard.sign(&message(Step::Prevote, height, 1, Some(block(2)))).unwrap();
    matches!(answer, Answer::Signed(ConsensusMessage { block_id: None, .. }, _))
}

#[test]
fn the_engines_own_log_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(inspect(&wal_path(folder.path())).unwrap(), WalState::Absent);
    write_log(folder.path(), 7, &[]);
    assert_eq!(inspect(&wal_path(folder.path())).unwrap(), WalState::Intact { height: Height(7), entries: 0 });
    write_log(folder.path(), 8, &[b"first", b"second", &[9; 300]]);
    assert_eq!(inspect(&wal_path(folder.path())).unwrap(), WalState::Intact { height: Height(8), entries: 3 });
}

#[test]
fn every_cut_and_every_flip_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let whole = write_log(folder.path(), 8, &[b"first", b"second"]);
    let ends = [12, 12 + 13 + 5, whole.len()];
    for length in 0..whole.len() {
        let state = inspect_bytes(&whole[..length]);
        match state {
            WalState::Absent => assert!(length < 12),
            WalState::Intact { .. } => assert!(ends.contains(&length)),
            WalState::Torn { .. } => assert!(length > 12 && !ends.contains(&length)),
            WalState::Damaged { .. } => panic!("a cut of {length} counts as damage"),
        }
    }
    for offset in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[offset] ^= 0x10;
        let state = inspect_bytes(&bytes);
        match offset {
            0..4 => assert!(matches!(state, WalState::Damaged { .. })),
            4..12 => assert!(matches!(state, WalState::Intact { height, entries: 2 } if height != Height(8))),
            _ => assert!(matches!(state, WalState::Damaged { .. } | WalState::Torn { .. }), "offset {offset}"),
        }
    }
}

#[test]
fn a_log_in_order_resumes_and_locks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 5, &[b"entry"]);
    let mut guard = guarded(folder.path(), 5);
    assert!(reconcile(folder.path(), Some(&mut guard), Height(5)).unwrap());
    assert!(!locked(&mut guard, 5));
    // A log of a height that is decided is nothing to resume; nor is a guard that ends there.
    assert!(!reconcile(folder.path(), Some(&mut guard), Height(6)).unwrap());
}

#[test]
fn what_a_crash_leaves_is_survived_and_the_lock_stays() {
    let cut: fn(&Path) = |folder| {
        let whole = write_log(folder, 5, &[b"first", b"second"]);
        std::fs::write(wal_path(folder), &whole[..whole.len() - 3]).unwrap();
    };
    let headless: fn(&Path) = |folder| std::fs::write(wal_path(folder), [0, 0, 0, 1, 0]).unwrap();
    let stale: fn(&Path) = |folder| drop(write_log(folder, 4, &[b"old"]));
    for (what, damage) in [("gone", (|_| ()) as fn(&Path)), ("cut", cut), ("headless", headless), ("stale", stale)] {
        let folder = tempfile::tempdir().unwrap();
        damage(folder.path());
        let mut guard = guarded(folder.path(), 5);
        assert!(reconcile(folder.path(), Some(&mut guard), Height(5)).unwrap(), "{what}");
        assert!(locked(&mut guard, 5), "{what}");
        // The engine opens what is left.
        Log::open(wal_path(folder.path())).unwrap();
    }
}

#[test]
fn other_damage_is_named_and_the_repair_keeps_the_lock() {
    let garbage: fn(&Path) = |folder| std::fs::write(wal_path(folder), [0xff; 64]).unwrap();
    let flipped: fn(&Path) = |folder| {
        let mut bytes = write_log(folder, 5, &[b"first", b"second"]);
        bytes[12 + 13] ^= 1;
        std::fs::write(wal_path(folder), bytes).unwrap();
    };
    for damage in [garbage, flipped] {
        let folder = tempfile::tempdir().unwrap();
        damage(folder.path());
        let mut guard = guarded(folder.path(), 5);
        let error = reconcile(folder.path(), Some(&mut guard), Height(5)).unwrap_err();
        let EngineError::WalDamaged(named) = &error else { panic!("{error}") };
        assert_eq!((named.path.clone(), named.command.as_str()), (wal_path(folder.path()), "assay wal repair"));
        assert!(error.to_string().contains("assay wal repair"));
        drop(guard);
        let aside = wal::repair(folder.path(), Some((CHAIN_ID, key(1)))).unwrap().unwrap();
        assert!(aside.exists() && !wal_path(folder.path()).exists());
        let mut guard = Guard::open(folder.path(), CHAIN_ID, key(1), Height(4)).unwrap();
        assert!(reconcile(folder.path(), Some(&mut guard), Height(5)).unwrap());
        assert!(locked(&mut guard, 5));
        assert!(wal::repair(folder.path(), Some((CHAIN_ID, key(2)))).is_err(), "another key is refused");
    }
}

#[test]
fn a_full_node_starts_a_new_log() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(wal_path(folder.path()), [0xff; 64]).unwrap();
    assert!(!reconcile(folder.path(), None, Height(5)).unwrap());
    Log::open(wal_path(folder.path())).unwrap();
    assert!(wal::repair(folder.path(), None).unwrap().is_some());
}

/// A vote as the engine logs it.
fn logged_vote(key: u8, round: u32) -> Vec<u8> {
    use crate::malachite::simulation::Forger;
    let key = super::key(key);
    let mut vote = message(Step::Prevote, 5, round, Some(block(1)));
    vote.address = key.address();
    let vote = Forger { chain_id: CHAIN_ID, key }.sign(&vote).unwrap();
    [&[1][..], &(vote.len() as u64).to_be_bytes(), &vote].concat()
}

#[test]
fn own_votes_are_the_guards_and_leave_the_log() {
    for torn in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (own, others) = (logged_vote(1, 1), logged_vote(2, 1));
        let mut whole = write_log(folder.path(), 5, &[b"timeout", &own, &others, &own, b"value"]);
        let kept = write_log(folder.path(), 5, &[b"timeout", &others, b"value"]);
        if torn {
            whole.extend([0, 0, 0]);
        }
        std::fs::write(wal_path(folder.path()), &whole).unwrap();
        let mut guard = guarded(folder.path(), 5);
        assert!(reconcile(folder.path(), Some(&mut guard), Height(5)).unwrap());
        assert_eq!(std::fs::read(wal_path(folder.path())).unwrap(), kept);
        // Again, there is nothing to take out; and a log of another height is left to the engine.
        assert!(reconcile(folder.path(), Some(&mut guard), Height(5)).unwrap());
        std::fs::write(wal_path(folder.path()), &whole).unwrap();
        reconcile(folder.path(), Some(&mut guard), Height(6)).unwrap();
        assert_eq!(std::fs::read(wal_path(folder.path())).unwrap(), whole);
    }
}

/// Everything that may happen to a log of two entries.
fn damages(whole: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let mut all = vec![("gone".to_owned(), None), ("zeros".to_owned(), Some(vec![0; whole.len()]))];
    all.extend((0..whole.len()).map(|length| (format!("cut to {length}"), Some(whole[..length].to_vec()))));
    all.extend((0..whole.len()).map(|offset| {
        let mut bytes = whole.to_vec();
        bytes[offset] ^= 0x20;
        (format!("flipped at {offset}"), Some(bytes))
    }));
    for tail in [1usize, 12, 13, 40] {
        let bytes = [whole, &vec![0xa5; tail]].concat();
        all.push((format!("garbage of {tail} bytes behind it"), Some(bytes)));
    }
    all
}

#[test]
fn whatever_happens_to_the_log_it_is_survived_or_named_and_the_lock_stays() {
    let folder = tempfile::tempdir().unwrap();
    let whole = write_log(folder.path(), 5, &[b"first", b"second"]);
    drop(guarded(folder.path(), 5));
    let fresh = std::fs::read(guard::guard_path(folder.path())).unwrap();
    let path = wal_path(folder.path());
    let mut named = 0;
    for (what, bytes) in damages(&whole) {
        std::fs::write(guard::guard_path(folder.path()), &fresh).unwrap();
        match &bytes {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let open = || Guard::open(folder.path(), CHAIN_ID, key(1), Height(4)).unwrap();
        let mut guard = open();
        if let Err(error) = reconcile(folder.path(), Some(&mut guard), Height(5)) {
            assert!(matches!(error, EngineError::WalDamaged(_)), "{what}: {error}");
            named += 1;
            drop(guard);
            std::fs::remove_file(wal::repair(folder.path(), Some((CHAIN_ID, key(1)))).unwrap().unwrap()).unwrap();
            guard = open();
            assert!(reconcile(folder.path(), Some(&mut guard), Height(5)).unwrap(), "{what}");
        }
        // A log cut exactly between two entries cannot be told from a shorter one; no crash cuts what was synced.
        let before = bytes.as_deref().map_or(WalState::Absent, inspect_bytes);
        let shorter = matches!(before, WalState::Intact { height: Height(5), .. });
        assert!(shorter || locked(&mut guard, 5), "{what}: free to vote for another block");
        assert!(!shorter || [12, 30].contains(&bytes.map_or(0, |bytes| bytes.len())), "{what}");
        Log::open(&path).unwrap();
    }
    assert!(named > 20, "{named}");
}
