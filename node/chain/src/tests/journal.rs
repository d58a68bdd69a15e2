//! The pool's journal: what a kill leaves behind, damage, rewriting.

use super::driver::Driver;
use crate::journal::Journal;
use alloy_primitives::Bytes;
use std::fs::OpenOptions;
use std::io::Write as _;

fn raws() -> Vec<Bytes> {
    (1..=3u8).map(|byte| vec![byte; 50 * usize::from(byte)].into()).collect()
}

fn written(path: &std::path::Path) {
    let (mut journal, replayed) = Journal::open(path).unwrap();
    assert!(replayed.transactions.is_empty());
    for raw in raws() {
        journal.append(&raw).unwrap();
    }
}

#[test]
fn what_was_appended_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    written(&path);
    let (mut journal, replayed) = Journal::open(&path).unwrap();
    assert_eq!((replayed.transactions, replayed.damaged, replayed.torn_bytes), (raws(), 0, 0));
    journal.rewrite(raws().into_iter().skip(2)).unwrap();
    journal.append(&raws()[0]).unwrap();
    let (_, replayed) = Journal::open(&path).unwrap();
    assert_eq!(replayed.transactions, [raws()[2].clone(), raws()[0].clone()]);
}

#[test]
fn every_cut_keeps_the_whole_records_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    written(&path);
    let whole = std::fs::read(&path).unwrap();
    let ends = [58, 58 + 108, 58 + 108 + 158];
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (mut journal, replayed) = Journal::open(&path).unwrap();
        let kept = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!((replayed.transactions.len(), replayed.damaged), (kept, 0));
        // What follows is readable: the torn end is gone.
        journal.append(b"next").unwrap();
        assert_eq!(Journal::open(&path).unwrap().1.transactions.len(), kept + 1);
    }
}

#[test]
fn a_flipped_byte_costs_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    written(&path);
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[70] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    let (_, replayed) = Journal::open(&path).unwrap();
    assert_eq!((replayed.transactions.len(), replayed.damaged, replayed.torn_bytes), (2, 1, 0));
}

#[test]
fn the_pool_survives_a_kill() {
    let driver = Driver::new();
    driver.transfer(0, 0).unwrap();
    driver.produce();
    for nonce in 1..4 {
        driver.transfer(0, nonce).unwrap();
    }
    driver.transfer(1, 2).unwrap();
    let path = driver.dir.path().join("pool.journal");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&[9, 0, 0, 0, 1]).unwrap();
    let driver = driver.restart();
    let status = driver.chain.pool_status();
    assert_eq!((status.pending, status.queued), (3, 1));
    driver.produce();
    assert_eq!(driver.chain.head().transactions.len(), 3);
}
