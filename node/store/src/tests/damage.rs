//! One flipped bit in every kind of file: detected, named, and repaired as far as the ledger reaches.

use super::fixture::{Random, TestChain, copy_folder, files, flip, replay, small_options};
use crate::commitment::TRIE_HEIGHT;
use crate::tables::Table;
use crate::{Remedy, RepairReport, Report, Store, StoreError, check, rebuild_trie, repair};
use assay_primitives::Height;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const BLOCKS: u64 = 24;

/// A closed chain with table, blob and log files, and a copy of its folder to damage.
struct Damaged {
    chain: TestChain,
    copy: TempDir,
}

impl Damaged {
    fn new() -> Self {
        let mut random = Random::new(21);
        let mut chain = TestChain::new(small_options());
        chain.grow_random(&mut random, BLOCKS / 2);
        // Opening writes what the log held into tables.
        chain.reopen();
        chain.grow_random(&mut random, BLOCKS / 2);
        chain.close();
        let mut this = Self { chain, copy: tempfile::tempdir().unwrap() };
        this.restore();
        this
    }

    fn restore(&mut self) {
        self.copy = tempfile::tempdir().unwrap();
        copy_folder(&self.chain.path(), self.copy.path());
    }

    fn path(&self) -> &Path {
        self.copy.path()
    }

    fn files(&self, which: &str) -> Vec<PathBuf> {
        files(self.path(), which)
    }

    fn open(&self) -> Result<Store, StoreError> {
        Store::open(self.path(), small_options())
    }

    fn check(&self) -> Report {
        check(self.path(), small_options(), &mut |_| {}).unwrap()
    }

    fn repair(&self) -> RepairReport {
        repair(self.path(), small_options(), &mut |_| {}).unwrap()
    }

    /// Drops all trie nodes, but not the height that they are of.
    fn drop_nodes(&self) {
        let mut opened = crate::open::Opened::open(self.path(), small_options()).unwrap();
        let height = opened.database.get(Table::Trie, TRIE_HEIGHT).unwrap().unwrap().to_vec();
        opened.recreate(Table::Trie).unwrap();
        opened.database.db.put_cf(opened.database.table(Table::Trie).unwrap(), TRIE_HEIGHT, height).unwrap();
    }

    /// The repaired store holds the same chain up to a height.
    fn assert_whole(&self, height: u64) {
        let store = self.open().unwrap();
        replay(&store, &self.chain);
        assert_eq!(store.decided_head().unwrap().height, Height(height));
        drop(store);
        let report = self.check();
        assert!(report.findings.is_empty(), "{report:?}");
    }
}

fn offsets(file: &Path, parts: u64) -> Vec<usize> {
    let length = std::fs::metadata(file).unwrap().len();
    (0..parts).map(|part| (length * part / parts + part) as usize).filter(|offset| (*offset as u64) < length).collect()
}

#[test]
fn a_sound_store_has_no_findings() {
    let damaged = Damaged::new();
    let report = damaged.check();
    assert!(report.findings.is_empty() && report.entries > 100, "{report:?}");
    let repaired = damaged.repair();
    assert!(repaired.actions.is_empty() && !repaired.replay && repaired.lost.is_none(), "{repaired:?}");
    damaged.assert_whole(BLOCKS);
}

#[test]
fn flipped_bits_in_table_files_are_named_and_repaired() {
    let mut damaged = Damaged::new();
    let count = damaged.files("sst").len();
    assert!(count >= 8, "{count} table files");
    let mut unrepairable = 0;
    for index in 0..count {
        damaged.restore();
        let file = damaged.files("sst").swap_remove(index);
        flip(&file, 3);
        let report = damaged.check();
        assert!(report.findings.iter().any(|finding| finding.file == file), "{}: {report:?}", file.display());
        let repaired = damaged.repair();
        if repaired.unrepaired.is_empty() {
            damaged.assert_whole(BLOCKS);
        } else {
            // Blocks and certificates come from nowhere else.
            assert!(
                repaired.unrepaired.iter().all(|finding| finding.remedy == Remedy::Restore && finding.file == file)
            );
            unrepairable += 1;
        }
    }
    assert!(unrepairable < count / 2, "{unrepairable} of {count}");
}

#[test]
fn flipped_bits_in_blob_files_are_named_and_repaired() {
    let mut damaged = Damaged::new();
    let count = damaged.files("blob").len();
    assert!(count > 0, "no blob files");
    for index in 0..count {
        for part in 1..5 {
            damaged.restore();
            let file = damaged.files("blob").swap_remove(index);
            flip(&file, offsets(&file, 5)[part]);
            let report = damaged.check();
            assert!(report.findings.iter().any(|finding| finding.file == file), "{report:?}");
            assert!(damaged.repair().replay);
            damaged.assert_whole(BLOCKS);
        }
    }
}

#[test]
fn flipped_bits_in_the_log_are_never_silent() {
    let mut damaged = Damaged::new();
    let log = damaged.files("log").pop().unwrap();
    let (mut refused, mut dropped, mut lost) = (0, 0, 0);
    let length = std::fs::metadata(&log).unwrap().len() as usize;
    for offset in offsets(&log, 60).into_iter().chain([length - 1, length - 40]) {
        damaged.restore();
        let log = damaged.files("log").pop().unwrap();
        flip(&log, offset);
        match damaged.open() {
            Err(StoreError::Damaged { file, .. }) => {
                assert_eq!(file, log);
                refused += 1;
            }
            Err(StoreError::Lost { file, .. }) => {
                assert_eq!(file, log);
                lost += 1;
            }
            Err(other) => panic!("offset {offset}: {other}"),
            Ok(store) => {
                assert_eq!(store.recovered().first().map(|note| note.file.clone()), Some(log), "offset {offset}");
                replay(&store, &damaged.chain);
                dropped += 1;
            }
        }
    }
    assert!(refused > 40 && dropped > 0, "{refused} refused, {dropped} dropped, {lost} lost");
}

#[test]
fn a_damaged_log_is_replayed_up_to_the_damage_and_the_loss_is_stated() {
    let damaged = Damaged::new();
    let log = damaged.files("log").pop().unwrap();
    let length = std::fs::metadata(&log).unwrap().len() as usize;
    flip(&log, length / 2);
    let report = damaged.check();
    assert_eq!(report.findings.first().map(|finding| finding.file.clone()), Some(log.clone()));
    let repaired = damaged.repair();
    let (first, last) = repaired.lost.unwrap();
    assert_eq!(last, Height(BLOCKS));
    assert!(first > Height(BLOCKS / 2) && repaired.unrepaired.is_empty(), "{repaired:?}");
    assert!(damaged.path().join("damaged").join(log.file_name().unwrap()).exists());
    damaged.assert_whole(first.get() - 1);
}

#[test]
fn flipped_bits_in_the_manifest_are_named_and_repaired() {
    let mut damaged = Damaged::new();
    let manifest = damaged.files("MANIFEST").pop().unwrap();
    for (turn, offset) in offsets(&manifest, 24).into_iter().enumerate() {
        damaged.restore();
        let manifest = damaged.files("MANIFEST").pop().unwrap();
        flip(&manifest, offset);
        let Err(StoreError::Damaged { file, .. }) = damaged.open() else { panic!("offset {offset} went unnoticed") };
        assert_eq!(file, manifest);
        if turn % 6 == 0 {
            let repaired = damaged.repair();
            assert!(repaired.replay && repaired.unrepaired.is_empty(), "{repaired:?}");
            damaged.assert_whole(BLOCKS);
        }
    }
}

#[test]
fn flipped_bits_in_the_small_files_are_named_and_repaired() {
    let mut damaged = Damaged::new();
    flip(&damaged.path().join("CURRENT"), 3);
    let error = damaged.open().unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { file, .. } if file.ends_with("CURRENT")), "{error}");
    damaged.repair();
    damaged.assert_whole(BLOCKS);

    damaged.restore();
    flip(&damaged.path().join("FORMAT"), 3);
    let error = damaged.open().unwrap_err();
    assert!(matches!(&error, StoreError::Format { path, .. } if path.ends_with("FORMAT")), "{error}");
    damaged.repair();
    damaged.assert_whole(BLOCKS);

    damaged.restore();
    flip(&damaged.path().join("DECIDED"), 3);
    let store = damaged.open().unwrap();
    assert!(store.recovered().iter().any(|note| note.file.ends_with("DECIDED")));
    drop(store);
    damaged.repair();
    damaged.assert_whole(BLOCKS);

    // Read by nobody: what they say is in the manifest too.
    for which in ["IDENTITY", "OPTIONS"] {
        damaged.restore();
        for file in damaged.files(which) {
            flip(&file, 9);
        }
        replay(&damaged.open().unwrap(), &damaged.chain);
    }
}

#[test]
fn another_format_is_not_taken_for_damage() {
    let damaged = Damaged::new();
    std::fs::write(damaged.path().join("FORMAT"), "assay store 1\n").unwrap();
    assert!(matches!(damaged.open(), Err(StoreError::Format { .. })));
    assert!(matches!(repair(damaged.path(), small_options(), &mut |_| {}), Err(StoreError::Format { .. })));
}

#[test]
fn a_missing_table_file_is_named() {
    let damaged = Damaged::new();
    let file = damaged.files("sst").remove(0);
    std::fs::remove_file(&file).unwrap();
    let report = damaged.check();
    assert!(report.findings.iter().any(|finding| finding.file == file), "{report:?}");
}

#[test]
fn a_trie_that_is_not_the_headers_is_refused_and_rebuilt() {
    let mut damaged = Damaged::new();
    damaged.drop_nodes();
    let error = damaged.open().unwrap_err();
    assert!(matches!(error, StoreError::Root { .. }), "{error}");
    assert!(error.to_string().contains(crate::REBUILD_TRIE_COMMAND));
    assert!(damaged.check().findings.iter().any(|finding| finding.remedy == Remedy::RebuildTrie));
    rebuild_trie(damaged.path(), small_options(), &mut |_| {}).unwrap();
    damaged.assert_whole(BLOCKS);

    damaged.restore();
    damaged.drop_nodes();
    assert!(!damaged.repair().replay);
    damaged.assert_whole(BLOCKS);
}

/// A kill right after genesis or one of the first blocks may leave no node at all: they are worked out from the undo records.
#[test]
fn nodes_that_were_never_written_are_worked_out_at_open() {
    let damaged = Damaged::new();
    let mut opened = crate::open::Opened::open(damaged.path(), small_options()).unwrap();
    opened.recreate(Table::Trie).unwrap();
    drop(opened);
    damaged.assert_whole(BLOCKS);
}
