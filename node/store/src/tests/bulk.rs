//! Entries that are written many at a time: both ways, and what a kill or a damaged log leaves of them.

use super::fixture::{
    Random, TestChain, assert_state, certificate, copy_folder, files, random_changes, replay, small_options,
};
use crate::commitment::TRIE_HEIGHT;
use crate::database::{Database, Durability};
use crate::open::Opened;
use crate::records::decode;
use crate::store::META_HISTORY;
use crate::tables::Table;
use crate::{Store, check};
use assay_primitives::{Fault, Height, codec};
use rocksdb::WriteBatch;
use std::path::Path;

/// Accounts of the chains here: enough for sets of every size.
const ACCOUNTS: u64 = 60;

fn chain(seed: u64, blocks: u64, touched: u64) -> TestChain {
    let mut random = Random::new(seed);
    let mut chain = TestChain::new(small_options());
    for _ in 0..blocks {
        let changes = random_changes(&mut random, chain.state(), ACCOUNTS, touched);
        chain.grow(changes);
    }
    chain
}

fn table_files(database: &Database, table: Table) -> usize {
    database.db.live_files().unwrap().iter().filter(|file| file.column_family_name == table.name()).count()
}

fn indexed(database: &Database) -> Height {
    decode("height", &database.get(Table::Meta, META_HISTORY).unwrap().unwrap()).unwrap()
}

fn assert_heights(store: &Store, chain: &TestChain, heights: u64) {
    for height in 0..=heights {
        assert_state(&store.view_at(Height(height)).unwrap(), &chain.states[height as usize], ACCOUNTS);
    }
}

fn assert_sound(path: &Path) {
    let report = check(path, small_options(), &mut |_| {}).unwrap();
    assert!(report.findings.is_empty(), "{report:?}");
}

#[test]
fn large_sets_become_files_and_small_ones_do_not() {
    let large = chain(51, 80, 30);
    let database = &large.store().inner.database;
    // Nothing was flushed: these are the files that were taken over.
    assert!(table_files(database, Table::History) > 0 && table_files(database, Table::Trie) > 0);
    assert_eq!(files(&large.path(), "ingest"), Vec::<std::path::PathBuf>::new());
    assert_heights(large.store(), &large, 80);

    let small = chain(52, 80, 1);
    let database = &small.store().inner.database;
    assert_eq!(table_files(database, Table::History), 0);
    assert!(indexed(database) > Height(64));
    assert_heights(small.store(), &small, 80);
}

#[test]
fn a_set_that_fails_half_way_leaves_nothing() {
    let chain = chain(53, 10, 4);
    let database = &chain.store().inner.database;
    let key = [0xee; 29];
    for bytes in [1, usize::MAX] {
        let failed = database.write_sorted(Table::History, bytes, &mut |sink| {
            sink(&key, Some(b"half"))?;
            Err(Fault::invariant("stop"))
        });
        assert!(matches!(failed, Err(Fault::Invariant(_))), "{failed:?}");
        assert!(database.get(Table::History, &key).unwrap().is_none());
        // The next one is not disturbed by what is left, and an empty one is none.
        database.write_sorted(Table::History, bytes, &mut |sink| sink(&key, Some(b"whole"))).unwrap();
        assert_eq!(&*database.get(Table::History, &key).unwrap().unwrap(), b"whole");
        database.write_sorted(Table::History, bytes, &mut |sink| sink(&key, None)).unwrap();
        database.write_sorted(Table::History, bytes, &mut |_| Ok(())).unwrap();
        assert!(database.get(Table::History, &key).unwrap().is_none());
    }
}

#[test]
fn a_half_written_file_is_removed_at_open() {
    let mut chain = chain(54, 20, 12);
    chain.close();
    for table in [Table::History, Table::Trie] {
        std::fs::write(chain.path().join(table.name()).with_extension("ingest"), b"half a table file").unwrap();
    }
    assert_sound(&chain.path());
    chain.try_reopen().unwrap();
    assert_eq!(files(&chain.path(), "ingest"), Vec::<std::path::PathBuf>::new());
    assert_heights(chain.store(), &chain, 20);
}

#[test]
fn a_kill_after_history_took_the_records_and_before_that_is_noted_is_harmless() {
    let mut chain = chain(55, 30, 12);
    let expected = indexed(&chain.store().inner.database);
    chain.close();
    for noted in [None, Some(Height(4)), Some(Height(12))] {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&chain.path(), folder.path());
        let opened = Opened::open(folder.path(), small_options()).unwrap();
        let mut batch = WriteBatch::default();
        let meta = opened.database.table(Table::Meta).unwrap();
        match noted {
            Some(height) => batch.put_cf(meta, META_HISTORY, codec::encode(&height)),
            None => batch.delete_cf(meta, META_HISTORY),
        }
        opened.database.write(batch, Durability::Synced).unwrap();
        drop(opened);
        assert_sound(folder.path());
        let store = Store::open(folder.path(), small_options()).unwrap();
        assert_heights(&store, &chain, 30);
        assert!(noted.is_none_or(|noted| noted < expected));
    }
}

#[test]
fn a_log_that_is_cut_after_files_were_taken_over_catches_up() {
    let mut chain = chain(56, 70, 12);
    chain.close();
    let log = files(&chain.path(), "log").pop().unwrap();
    let whole = std::fs::metadata(&log).unwrap().len();
    for part in 1..16 {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&chain.path(), folder.path());
        let copy = folder.path().join(log.file_name().unwrap());
        std::fs::File::options().write(true).open(&copy).unwrap().set_len(whole * part / 16).unwrap();
        std::fs::remove_file(folder.path().join("DECIDED")).unwrap();
        let store = match Store::open(folder.path(), small_options()) {
            Ok(store) => store,
            // The nodes are of a later height than the state, which only damage can do; the rebuild mends it.
            Err(error) => {
                assert!(error.to_string().contains(crate::REBUILD_TRIE_COMMAND), "{error}");
                crate::rebuild_trie(folder.path(), small_options(), &mut |_| {}).unwrap();
                Store::open(folder.path(), small_options()).unwrap()
            }
        };
        let head = store.head().unwrap().height;
        let nodes = store.inner.database.get(Table::Trie, TRIE_HEIGHT).unwrap().unwrap().to_vec();
        assert!(decode::<Height>("height", &nodes).unwrap() <= head);
        assert_heights(&store, &chain, head.get());
        let decided = store.decided_head().map_or(0, |decided| decided.height.get());
        for block in &chain.blocks[decided as usize..] {
            store.put_decided(block, &certificate(block, 1)).unwrap();
        }
        replay(&store, &chain);
        assert_heights(&store, &chain, 70);
    }
}
