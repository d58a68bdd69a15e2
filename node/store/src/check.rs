//! Examination of a closed store: every file, every entry, and what entries say of each other.

use crate::blob_scan;
use crate::commitment::{Commitments, TRIE_HEIGHT};
use crate::database::Database;
use crate::error::StoreError;
use crate::findings::{Progress, Remedy, Report, Stage};
use crate::ledger::decode_header;
use crate::log_scan::{self, Tail};
use crate::open::{
    Opened, manifest, named_file, newest_log, open_read_only, prepare_folder, read_decided, read_head, storage,
};
use crate::options::StoreOptions;
use crate::rebuild::build;
use crate::recent::Recent;
use crate::records::{Head, HeaderRecord, decode, decode_receipts};
use crate::tables::{Origin, Table};
use crate::watermark::{WATERMARK_FILE, Watermark};
use alloy_primitives::B256;
use assay_primitives::{Block, BlockId, CommitCertificate, Fault, Height};
use assay_trie::NodeSource;
use rocksdb::ReadOptions;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Trie nodes held in memory while examining, in bytes.
const CHECK_TRIE_BYTES: usize = 64 * 1024 * 1024;

/// Examines a closed store.
///
/// Reads every log record, blob record, entry and trie node, and compares blocks, certificates, headers, receipts and
/// state with each other. Filters and statistics inside table files are not looked at: RocksDB works without damaged ones.
///
/// # Errors
/// Only where the folder cannot be read or is in use; damage is in the report.
pub fn check(path: &Path, options: StoreOptions, progress: &mut dyn FnMut(Progress)) -> Result<Report, StoreError> {
    let mut report = Report::default();
    if !path.is_dir() || (!path.join("CURRENT").exists() && newest_log(path)? == path) {
        return Err(StoreError::Storage { path: path.to_owned(), reason: "there is no store here".to_owned() });
    }
    let _lock = match prepare_folder(path) {
        Ok(lock) => Some(lock),
        Err(StoreError::Format { path, found, .. }) => {
            report.add(path, format!("it says \"{found}\""), Remedy::Rewrite);
            None
        }
        Err(error) => return Err(error),
    };
    check_files(path, &mut report, progress)?;
    if !report.is_sound() {
        return Ok(report);
    }
    let log = newest_log(path)?;
    match open_read_only(path, &options) {
        Ok(database) => {
            check_database(&database, &mut report, progress)?;
            if report.is_sound() {
                check_watermark(&database, log, &mut report)?;
            }
        }
        Err(StoreError::Damaged { file, reason }) => report.add(file, reason, Remedy::Restore),
        Err(error) => return Err(error),
    }
    Ok(report)
}

/// Logs, manifest, blob files.
fn check_files(path: &Path, report: &mut Report, progress: &mut dyn FnMut(Progress)) -> Result<(), StoreError> {
    match manifest(path) {
        Ok(Some(file)) => match log_scan::scan(&file).map_err(|error| storage(&file, &error))?.tail {
            Tail::Clean | Tail::Torn(_) => {}
            Tail::Bad(offset) | Tail::Damaged(offset) => report.add(file, mismatch(offset), Remedy::Rewrite),
        },
        Ok(None) => {}
        Err(StoreError::Damaged { file, reason }) => report.add(file, reason, Remedy::Rewrite),
        Err(error) => return Err(error),
    }
    match crate::open::examine_wals(path) {
        Ok(torn) => {
            for note in torn {
                report.add(note.file, note.reason, Remedy::None);
            }
        }
        Err(StoreError::Damaged { file, reason }) => report.add(file, reason, Remedy::Replay),
        Err(error) => return Err(error),
    }
    let mut done = 0;
    for entry in std::fs::read_dir(path).map_err(|error| storage(path, &error))? {
        let file = entry.map_err(|error| storage(path, &error))?.path();
        if file.extension().is_some_and(|extension| extension == "blob") {
            if let Some(offset) = blob_scan::scan(&file).map_err(|error| storage(&file, &error))? {
                report.add(file, mismatch(offset), Remedy::Replay);
            }
            done += 1;
            progress(Progress { stage: Stage::Files, done, total: None });
        }
    }
    Ok(())
}

fn mismatch(offset: u64) -> String {
    format!("the record at offset {offset} does not match its checksum")
}

/// Tables, then what they say of each other.
fn check_database(
    database: &Database,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), StoreError> {
    for table in Table::ALL {
        if let Err(fault) = check_table(database, table, report, progress) {
            add_fault(database, table.origin(), &fault, report)?;
        }
    }
    if !report.is_sound() {
        return Ok(());
    }
    let decided = read_decided(database)?.map_or(Height::ZERO, |decided| decided.height);
    if let Err(fault) = check_ledger(database, decided, report, progress) {
        add_fault(database, Origin::Agreed, &fault, report)?;
    }
    match read_head(database) {
        Ok((Some(head), _)) => check_state(database, &head, report, progress)?,
        Ok((None, _)) => {}
        Err(StoreError::Root { reason, .. }) => report.add(database.path.clone(), reason, Remedy::Replay),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Compares the ledger with what was acknowledged.
fn check_watermark(database: &Database, log: PathBuf, report: &mut Report) -> Result<(), StoreError> {
    let file = database.path.join(WATERMARK_FILE);
    let acknowledged = Watermark::peek(&database.path).map_err(|error| storage(&file, &error))?;
    if acknowledged.damaged {
        report.add(file, "an entry does not match its checksum", Remedy::None);
    }
    let decided = read_decided(database)?.map_or(Height::ZERO, |decided| decided.height);
    if acknowledged.height > decided {
        let reason = format!("height {} was acknowledged, the ledger ends at {decided}", acknowledged.height);
        report.add(log, reason, Remedy::Refetch);
    }
    Ok(())
}

fn add_fault(database: &Database, origin: Origin, fault: &Fault, report: &mut Report) -> Result<(), StoreError> {
    if let Fault::Storage(_) = fault {
        return Err(fault.clone().into());
    }
    let text = fault.to_string();
    let file = named_file(&database.path, &text).unwrap_or_else(|| database.path.clone());
    let remedy = match origin {
        Origin::Agreed => Remedy::Restore,
        Origin::Executed | Origin::Passing => Remedy::Replay,
        Origin::Trie => Remedy::RebuildTrie,
    };
    report.add(file, text, remedy);
    Ok(())
}

/// Reads every entry of a table, so that every block's checksum is compared.
pub(crate) fn check_table(
    database: &Database,
    table: Table,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Fault> {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options.set_total_order_seek(true);
    // What is read once here must not push out what the cache is for.
    options.fill_cache(false);
    options.set_readahead_size(1024 * 1024);
    let mut iterator = database.db.raw_iterator_cf_opt(database.table(table)?, options);
    iterator.seek_to_first();
    while let Some((key, value)) = iterator.item() {
        report.entries += 1;
        report.bytes += (key.len() + value.len()) as u64;
        if report.entries.is_multiple_of(100_000) {
            progress(Progress { stage: Stage::Tables, done: report.entries, total: None });
        }
        iterator.next();
    }
    iterator.status().map_err(|error| database.fault(&error))
}

/// Every height: block, certificate and, up to the state, header, receipts and indexes.
fn check_ledger(
    database: &Database,
    decided: Height,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Fault> {
    let mut parent_id = BlockId::default();
    let mut parent_hash = None;
    for height in 0..=decided.get() {
        let key = height.to_be_bytes();
        if height > 0 {
            parent_id = check_block(database, height, parent_id)?;
        }
        if let Some(bytes) = database.get(Table::Headers, &key)? {
            let record: HeaderRecord = decode("header", &bytes)?;
            if let Err(reason) = check_header(database, height, &record, parent_hash, parent_id)? {
                report.add(database.path.clone(), format!("height {height}: {reason}"), Remedy::Replay);
                return Ok(());
            }
            parent_hash = Some(record.hash);
        }
        if height.is_multiple_of(1000) {
            progress(Progress { stage: Stage::Ledger, done: height, total: Some(decided.get()) });
        }
    }
    Ok(())
}

fn check_block(database: &Database, height: u64, parent_id: BlockId) -> Result<BlockId, Fault> {
    let key = height.to_be_bytes();
    let missing = |what: &str| Fault::corrupt(format!("no {what} at height {height}"));
    let block = database.get(Table::Blocks, &key)?.ok_or_else(|| missing("block"))?;
    let block = Block::decode(&block).map_err(|error| Fault::corrupt(format!("block {height}: {error}")))?;
    let certificate = database.get(Table::Certificates, &key)?.ok_or_else(|| missing("certificate"))?;
    let certificate: CommitCertificate = decode("certificate", &certificate)?;
    if block.header().parent_id != parent_id || certificate.block_id != block.id() || block.height().get() != height {
        return Err(Fault::corrupt(format!("block {height} is not what its neighbours or its certificate say")));
    }
    Ok(block.id())
}

fn check_header(
    database: &Database,
    height: u64,
    record: &HeaderRecord,
    parent_hash: Option<B256>,
    block_id: BlockId,
) -> Result<Result<(), &'static str>, Fault> {
    let header = decode_header(&record.rlp)?;
    if header.hash_slow() != record.hash {
        return Ok(Err("the header does not have its hash"));
    }
    if header.number != height || parent_hash.is_some_and(|parent| parent != header.parent_hash) {
        return Ok(Err("the header does not follow the one before"));
    }
    if height > 0 && record.block_id != block_id {
        return Ok(Err("the header is of another ordering block"));
    }
    let key = height.to_be_bytes();
    if database.get(Table::HeaderIndex, record.hash.as_slice())?.as_deref() != Some(&key[..]) {
        return Ok(Err("the header is not in the index"));
    }
    if let Some(bytes) = database.get(Table::Receipts, &key)? {
        for (index, record) in (0u32..).zip(decode_receipts(&bytes)?) {
            let place = [&key[..], &index.to_be_bytes()[..]].concat();
            if database.get(Table::Transactions, record.tx_hash.as_slice())?.as_deref() != Some(&place[..]) {
                return Ok(Err("a transaction is not in the index"));
            }
        }
    }
    Ok(Ok(()))
}

/// Computes the trie of the flat state and compares every node and the root.
fn check_state(
    database: &Database,
    head: &Head,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), StoreError> {
    let path = database.path.clone();
    match Recent::open(database, Some(head), 0) {
        Ok(_) => {}
        Err(StoreError::Damaged { file, reason }) => report.add(file, reason, Remedy::Replay),
        Err(error) => return Err(error),
    }
    let commitments = match Commitments::open(database, Some(head), CHECK_TRIE_BYTES) {
        Ok(commitments) => commitments,
        Err(StoreError::Root { reason, .. }) => {
            report.add(path, reason, Remedy::RebuildTrie);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let resident = commitments.resident.read();
    // Nodes that the next write would change, by their names: what the table has of these may be older.
    let mut changed: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    resident.changed(database, &mut |name, record| {
        changed.insert(name.to_vec(), record.map(<[u8]>::to_vec));
        Ok(())
    })?;
    let mut wrong = None;
    let mut nodes = 0u64;
    let built = build(database, progress, |key, record| {
        nodes += 1;
        let same = match changed.get(&key.encode()) {
            Some(changed) => changed.as_deref() == Some(record),
            None => database.node(&key)?.as_deref() == Some(record),
        };
        if !same {
            wrong.get_or_insert(key);
        }
        Ok(())
    });
    let mut stored = changed.values().filter(|record| record.is_some()).count() as u64;
    database.scan(Table::Trie, &[], &[], |name, _| {
        stored += u64::from(name != TRIE_HEIGHT && !changed.contains_key(name));
        Ok(true)
    })?;
    let root = head.header.state_root;
    match built {
        Ok(found) if found != root => {
            report.add(path, format!("the flat state has root {found}, its header {root}"), Remedy::Replay);
        }
        Ok(_) if wrong.is_some() => {
            let name = wrong.map(|key| key.to_string()).unwrap_or_default();
            report.add(path, format!("{name} is not that of the flat state"), Remedy::RebuildTrie);
        }
        Ok(_) if stored != nodes => {
            report.add(path, format!("{stored} trie nodes where there should be {nodes}"), Remedy::RebuildTrie);
        }
        Ok(_) => {}
        Err(fault) => add_fault(database, Origin::Executed, &fault, report)?,
    }
    Ok(())
}

impl Opened {
    /// Examines what is open.
    pub(crate) fn check(&self, progress: &mut dyn FnMut(Progress)) -> Result<Report, StoreError> {
        let mut report = Report::default();
        check_database(&self.database, &mut report, progress)?;
        Ok(report)
    }
}
