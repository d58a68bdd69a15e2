//! Repair of a closed store: what can be derived is made again, what cannot is named.
//!
//! The ledger's blocks and certificates are the source of everything else, so the order is: make the database open, drop
//! what is damaged and derived (state, receipts, indexes: the node executes the ledger again; the trie: built from the flat
//! state), and report what is neither whole nor derived. Damaged logs are copied to `damaged/` before anything is dropped.

use crate::check::check_table;
use crate::database::Durability;
use crate::error::StoreError;
use crate::findings::{Finding, Progress, Remedy};
use crate::log_scan::{self, Tail};
use crate::open::{
    Opened, examine_wals, manifest, named_file, open_database, prepare_folder, read_decided, read_meta, storage,
    wal_files, write_format,
};
use crate::options::{ChainIdentity, StoreOptions};
use crate::rebuild::rebuild_in;
use crate::store::META_IDENTITY;
use crate::tables::{Memory, Origin, Table, database_options};
use crate::watermark::{WATERMARK_FILE, Watermark};
use assay_primitives::{BlockId, Fault, Height, codec};
use rocksdb::{DB, WriteBatch};
use std::fs::File;
use std::io;
use std::path::Path;

/// Where damaged logs are kept.
const DAMAGED_FOLDER: &str = "damaged";

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Every step, in order, for the operator.
    pub actions: Vec<String>,
    /// Whether the node will execute the ledger again from genesis at its next start.
    pub replay: bool,
    /// Heights that were decided and acknowledged and are not there any more: first and last.
    pub lost: Option<(Height, Height)>,
    /// What only a copy or a fresh sync mends. The store stays as unusable as it was where this is not empty.
    pub unrepaired: Vec<Finding>,
}

/// Repairs a closed store as far as its ledger reaches.
///
/// # Errors
/// Where the folder cannot be read or written, or is in use.
pub fn repair(
    path: &Path,
    options: StoreOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<RepairReport, StoreError> {
    let mut report = RepairReport::default();
    let lock = lock_any_format(path, &mut report)?;
    repair_current(path, &mut report)?;
    let rebuilt = repair_logs(path, &options, &mut report)?;
    let database = match open_database(path, &options) {
        Ok(database) => database,
        Err(StoreError::Damaged { file, reason }) => {
            report.actions.push(format!("{}: {reason}; the manifest was written anew", file.display()));
            rewrite_manifest(path, &options)?;
            open_database(path, &options)?
        }
        Err(error) => return Err(error),
    };
    let log = path.to_owned();
    let mut opened = Opened { database, options, recovered: Vec::new(), log, lock };
    repair_tables(&mut opened, rebuilt, &mut report, progress)?;
    reset_watermark(&opened, &mut report)?;
    Ok(report)
}

/// Takes the lock, and writes the format record again where it is damaged but a database is there.
fn lock_any_format(path: &Path, report: &mut RepairReport) -> Result<File, StoreError> {
    match prepare_folder(path) {
        Err(StoreError::Format { path: file, found, expected }) => {
            // Another version's layout is not damage: the same words with another number.
            let number = found.strip_prefix("assay store ").and_then(|number| number.parse::<u32>().ok());
            if number.is_some() {
                return Err(StoreError::Format { path: file, found, expected });
            }
            write_format(path).map_err(|error| storage(&file, &error))?;
            report.actions.push(format!("{}: written anew", file.display()));
            prepare_folder(path)
        }
        other => other,
    }
}

/// Points `CURRENT` at the newest manifest where it names none.
fn repair_current(path: &Path, report: &mut RepairReport) -> Result<(), StoreError> {
    let Err(StoreError::Damaged { file, .. }) = manifest(path) else { return Ok(()) };
    let mut newest: Option<String> = None;
    for entry in std::fs::read_dir(path).map_err(|error| storage(path, &error))? {
        let name = entry.map_err(|error| storage(path, &error))?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("MANIFEST-") && newest.as_ref().is_none_or(|newest| name > *newest) {
            newest = Some(name);
        }
    }
    let Some(name) = newest else { return Ok(()) };
    let write = || -> io::Result<()> {
        let temporary = path.join("CURRENT.dbtmp");
        let mut out = File::create(&temporary)?;
        io::Write::write_all(&mut out, format!("{name}\n").as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&temporary, &file)?;
        File::open(path)?.sync_all()
    };
    write().map_err(|error| storage(&file, &error))?;
    report.actions.push(format!("{}: now names {name}", file.display()));
    Ok(())
}

/// Sets damaged logs aside. Returns whether tables may disagree with each other afterwards.
fn repair_logs(path: &Path, options: &StoreOptions, report: &mut RepairReport) -> Result<bool, StoreError> {
    let mut rebuilt = false;
    if let Some(file) = manifest(path)? {
        let tail = log_scan::scan(&file).map_err(|error| storage(&file, &error))?.tail;
        if let Tail::Bad(offset) | Tail::Damaged(offset) = tail {
            set_aside(path, &file)?;
            rewrite_manifest(path, options)?;
            report.actions.push(format!("{}: damaged at offset {offset}; written anew", file.display()));
            rebuilt = true;
        }
    }
    if let Err(StoreError::Damaged { file, reason }) = examine_wals(path) {
        for wal in wal_files(path).map_err(|error| storage(path, &error))? {
            set_aside(path, &wal)?;
        }
        // RocksDB's point-in-time recovery stops at the damaged record, so what is left is a state that once was.
        report.actions.push(format!("{}: {reason}; copied to {DAMAGED_FOLDER}/, replayed up to there", file.display()));
    }
    Ok(rebuilt)
}

fn set_aside(path: &Path, file: &Path) -> Result<(), StoreError> {
    let folder = path.join(DAMAGED_FOLDER);
    let copy = || -> io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        let name = file.file_name().unwrap_or_default();
        std::fs::copy(file, folder.join(name)).map(|_| ())
    };
    copy().map_err(|error| storage(&folder, &error))
}

/// Lets RocksDB find the table files again.
fn rewrite_manifest(path: &Path, options: &StoreOptions) -> Result<(), StoreError> {
    let memory = Memory::new(options);
    DB::repair(&database_options(options, &memory), path).map_err(|error| crate::open::open_error(path, &error))
}

/// Drops damaged tables that can be derived, rebuilds the trie, reports the rest.
fn repair_tables(
    opened: &mut Opened,
    rebuilt: bool,
    report: &mut RepairReport,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), StoreError> {
    let mut replay = rebuilt;
    let mut trie = false;
    for table in Table::ALL {
        let outcome = check_table(&opened.database, table, &mut Default::default(), progress);
        let Err(fault) = outcome else { continue };
        if let Fault::Storage(_) = fault {
            return Err(fault.into());
        }
        let text = fault.to_string();
        match table.origin() {
            Origin::Executed => replay = true,
            Origin::Trie => trie = true,
            Origin::Passing => opened.recreate(table)?,
            Origin::Agreed => {
                let file = named_file(&opened.database.path, &text).unwrap_or_else(|| opened.database.path.clone());
                report.unrepaired.push(Finding { file, reason: text.clone(), remedy: Remedy::Restore });
            }
        }
        report.actions.push(format!("table {}: {text}", table.name()));
    }
    if !report.unrepaired.is_empty() {
        return Ok(());
    }
    if !replay && trie {
        rebuild_in(opened, progress)?;
        report.actions.push("the trie was built again from the flat state".to_owned());
    }
    let findings = if replay { Vec::new() } else { opened.check(progress)?.findings };
    for finding in findings {
        match finding.remedy {
            Remedy::Restore => report.unrepaired.push(finding),
            Remedy::Replay => {
                report.actions.push(format!("{}: {}", finding.file.display(), finding.reason));
                replay = true;
            }
            Remedy::RebuildTrie => {
                rebuild_in(opened, progress)?;
                report.actions.push(format!("{}; the trie was built again", finding.reason));
            }
            Remedy::None | Remedy::Rewrite | Remedy::Refetch => {}
        }
    }
    if replay && report.unrepaired.is_empty() {
        drop_executed(opened, report)?;
    }
    Ok(())
}

/// Empties everything that executing the ledger makes again.
fn drop_executed(opened: &mut Opened, report: &mut RepairReport) -> Result<(), StoreError> {
    let identity = read_meta::<ChainIdentity>(&opened.database, META_IDENTITY).ok().flatten();
    // The first of them holds the marker of the state: a repair that is cut short is simply run again.
    for table in Table::ALL.into_iter().filter(|table| matches!(table.origin(), Origin::Executed | Origin::Trie)) {
        opened.recreate(table)?;
    }
    if let Some(identity) = identity {
        let mut batch = WriteBatch::default();
        batch.put_cf(opened.database.table(Table::Meta)?, META_IDENTITY, codec::encode(&identity));
        opened.database.write(batch, Durability::Synced)?;
    }
    report.replay = true;
    report.actions.push("state, receipts and indexes were dropped; the node executes the ledger again".to_owned());
    Ok(())
}

/// Lets the watermark say what is there, and reports what it said beyond that.
fn reset_watermark(opened: &Opened, report: &mut RepairReport) -> Result<(), StoreError> {
    let file = opened.database.path.join(WATERMARK_FILE);
    let (watermark, acknowledged) = Watermark::open(&opened.database.path).map_err(|error| storage(&file, &error))?;
    if !report.unrepaired.is_empty() {
        return Ok(());
    }
    let (height, block_id) = read_decided(&opened.database)?
        .map_or((Height::ZERO, BlockId::default()), |decided| (decided.height, decided.block_id));
    if acknowledged.height > height {
        report.lost = Some((height.next(), acknowledged.height));
        report.actions.push(format!(
            "heights {} to {} were acknowledged and are lost; peers must supply them",
            height.next(),
            acknowledged.height
        ));
    }
    if acknowledged.height != height || acknowledged.damaged {
        watermark.reset(height, block_id).map_err(|error| storage(&file, &error))?;
    }
    Ok(())
}
