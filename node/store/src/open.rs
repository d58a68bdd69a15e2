//! Opening: lock, format, examination of the logs, database, chain, watermark, root.

use crate::bulk::remove_leftovers;
use crate::commitment::Commitments;
use crate::database::Database;
use crate::error::StoreError;
use crate::ledger::decode_header;
use crate::log_scan::{Tail, scan};
use crate::options::{ChainIdentity, StoreOptions};
use crate::recent::Recent;
use crate::records::{DecidedHead, Head, HeaderRecord, decode};
use crate::store::{HISTORY_MARGIN, Inner, META_IDENTITY, META_STATE, StateMarker, Store};
use crate::tables::{HistoryFloor, Memory, Table, database_options, descriptors};
use crate::watermark::{Acknowledged, WATERMARK_FILE, Watermark};
use assay_primitives::{CommitCertificate, Height};
use parking_lot::{Mutex, RwLock};
use rocksdb::{DB, ErrorKind};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Layout of the folder; another text means another layout.
const FORMAT: &str = "assay store 3\n";
const FORMAT_FILE: &str = "FORMAT";
const LOCK_FILE: &str = "STORE_LOCK";
/// How often a lock that is held is asked again, and after what pause: a second in all.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Something that was dropped at open because a crash had torn it; nothing acknowledged is among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The file.
    pub file: PathBuf,
    /// What was wrong, and where.
    pub reason: String,
}

pub(crate) fn storage(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Storage { path: path.to_owned(), reason: error.to_string() }
}

/// The database without the checks that [`open`] makes of its content: what check and repair work on.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) options: StoreOptions,
    pub(crate) recovered: Vec<Recovered>,
    /// The newest write-ahead log before RocksDB began another.
    pub(crate) log: PathBuf,
    /// Released after the database is closed.
    pub(crate) lock: File,
}

impl Opened {
    pub(crate) fn open(path: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let lock = prepare_folder(path)?;
        let recovered = examine_logs(path)?;
        let log = newest_log(path)?;
        remove_leftovers(path).map_err(|error| storage(path, &error))?;
        let database = open_database(path, &options)?;
        Ok(Self { database, options, recovered, log, lock })
    }
}

pub(crate) fn open_database(path: &Path, options: &StoreOptions) -> Result<Database, StoreError> {
    let memory = Memory::new(options);
    let floor = HistoryFloor::default();
    let db = DB::open_cf_descriptors(&database_options(options, &memory), path, descriptors(options, &memory, &floor))
        .map_err(|error| open_error(path, &error))?;
    Ok(Database { db, path: path.to_owned(), options: options.clone(), memory, floor })
}

/// Opens without writing anything: logs are replayed into memory only.
pub(crate) fn open_read_only(path: &Path, options: &StoreOptions) -> Result<Database, StoreError> {
    let memory = Memory::new(options);
    let floor = HistoryFloor::default();
    let tables = descriptors(options, &memory, &floor);
    let db = DB::open_cf_descriptors_read_only(&database_options(options, &memory), path, tables, false)
        .map_err(|error| open_error(path, &error))?;
    Ok(Database { db, path: path.to_owned(), options: options.clone(), memory, floor })
}

pub(crate) fn open(path: &Path, options: StoreOptions) -> Result<Store, StoreError> {
    let Opened { database, options, mut recovered, log, lock } = Opened::open(path, options)?;
    let (watermark, acknowledged) =
        Watermark::open(path).map_err(|error| storage(&path.join(WATERMARK_FILE), &error))?;
    let identity = read_meta::<ChainIdentity>(&database, META_IDENTITY)?;
    check_chain(path, identity, options.chain)?;
    let decided = read_decided(&database)?;
    if acknowledged.damaged {
        recovered.push(Recovered {
            file: path.join(WATERMARK_FILE),
            reason: "one of its two entries does not match its checksum".to_owned(),
        });
    }
    check_watermark(acknowledged, decided, log)?;
    let (head, history_start) = read_head(&database)?;
    let commitments = Commitments::open(&database, head.as_ref(), options.trie_bytes())?;
    let recent = Recent::open(&database, head.as_ref(), options.recent_bytes())?;
    database.floor.raise(history_start.get().saturating_sub(HISTORY_MARGIN));
    for note in &recovered {
        tracing::warn!(file = %note.file.display(), reason = note.reason, "recovered from a torn write");
    }
    Ok(Store {
        inner: Arc::new(Inner {
            begun: AtomicU64::new(head.as_ref().map_or(0, |head| head.height.get())),
            database,
            options,
            watermark,
            identity: RwLock::new(identity),
            head: RwLock::new(head.map(Arc::new)),
            history_start: AtomicU64::new(history_start.get()),
            decided: RwLock::new(decided),
            commitments,
            recent,
            writer: Mutex::new(()),
            recovered,
            _lock: lock,
        }),
    })
}

/// Takes the lock of a folder, patiently: a process that is just ending still holds it, and so does a child of this
/// process between its fork and the start of its own program.
fn take_lock(lock: &File) -> Result<(), TryLockError> {
    for _ in 1..LOCK_TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            result => return result,
        }
    }
    lock.try_lock()
}

/// Creates the folder where there is none, takes its lock and compares the format.
pub(crate) fn prepare_folder(path: &Path) -> Result<File, StoreError> {
    std::fs::create_dir_all(path).map_err(|error| storage(path, &error))?;
    let lock_path = path.join(LOCK_FILE);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock_path)
        .map_err(|error| storage(&lock_path, &error))?;
    take_lock(&lock).map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::Locked { path: path.to_owned() },
        TryLockError::Error(error) => storage(&lock_path, &error),
    })?;
    let format_path = path.join(FORMAT_FILE);
    match std::fs::read(&format_path) {
        Ok(found) if found == FORMAT.as_bytes() => {}
        Ok(found) => {
            let found = String::from_utf8_lossy(&found).trim().to_owned();
            return Err(StoreError::Format { path: format_path, found, expected: FORMAT.trim() });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.join("CURRENT").exists() => {
            write_format(path).map_err(|error| storage(&format_path, &error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Format { path: format_path, found: String::new(), expected: FORMAT.trim() });
        }
        Err(error) => return Err(storage(&format_path, &error)),
    }
    Ok(lock)
}

/// Writes the format record and syncs it before any database file exists.
pub(crate) fn write_format(path: &Path) -> io::Result<()> {
    let mut file = File::create(path.join(FORMAT_FILE))?;
    io::Write::write_all(&mut file, FORMAT.as_bytes())?;
    file.sync_all()?;
    File::open(path)?.sync_all()
}

/// The log files of the folder, in the order in which they were written.
pub(crate) fn wal_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        let number = file.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        if let (Some(number), Some("log")) = (number, file.extension().and_then(|extension| extension.to_str())) {
            files.push((number, file));
        }
    }
    files.sort();
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

/// The log written last; the folder itself where there is none.
pub(crate) fn newest_log(path: &Path) -> Result<PathBuf, StoreError> {
    let mut files = wal_files(path).map_err(|error| storage(path, &error))?;
    Ok(files.pop().unwrap_or_else(|| path.to_owned()))
}

/// The manifest that `CURRENT` names; `None` for a new database.
pub(crate) fn manifest(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let current = path.join("CURRENT");
    let text = match std::fs::read(&current) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(storage(&current, &error)),
    };
    let name = std::str::from_utf8(&text).ok().and_then(|text| text.strip_suffix('\n')).unwrap_or_default();
    let file = path.join(name);
    if !name.starts_with("MANIFEST-") || !file.is_file() {
        return Err(StoreError::Damaged {
            file: current,
            reason: "it does not name a manifest that is there".to_owned(),
        });
    }
    Ok(Some(file))
}

/// Refuses damage in the middle of a log; returns the torn ends that replay will drop.
pub(crate) fn examine_logs(path: &Path) -> Result<Vec<Recovered>, StoreError> {
    if let Some(file) = manifest(path)? {
        match scan(&file).map_err(|error| storage(&file, &error))?.tail {
            // A manifest is synced with every change, so its end is bad only if it was damaged; RocksDB itself drops
            // an edit that it was writing when the power failed.
            Tail::Clean | Tail::Torn(_) => {}
            Tail::Bad(offset) | Tail::Damaged(offset) => return Err(damaged(file, offset)),
        }
    }
    examine_wals(path)
}

/// The same for the write-ahead logs alone.
pub(crate) fn examine_wals(path: &Path) -> Result<Vec<Recovered>, StoreError> {
    let mut recovered = Vec::new();
    let files = wal_files(path).map_err(|error| storage(path, &error))?;
    let mut bad: Option<(PathBuf, u64)> = None;
    for file in files {
        let found = scan(&file).map_err(|error| storage(&file, &error))?;
        // Whole records in a later log mean that the bad one was written whole once.
        if let Some((earlier, offset)) = bad.take_if(|_| found.records > 0) {
            return Err(damaged(earlier, offset));
        }
        match found.tail {
            Tail::Clean => {}
            Tail::Damaged(offset) => return Err(damaged(file, offset)),
            Tail::Torn(offset) | Tail::Bad(offset) => {
                let reason = format!("its end is torn at offset {offset}; what follows was dropped");
                recovered.push(Recovered { file: file.clone(), reason });
                bad = Some((file, offset));
            }
        }
    }
    Ok(recovered)
}

fn damaged(file: PathBuf, offset: u64) -> StoreError {
    StoreError::Damaged { file, reason: format!("the record at offset {offset} does not match its checksum") }
}

/// Sorts an error of RocksDB's open into ours and names the file.
pub(crate) fn open_error(path: &Path, error: &rocksdb::Error) -> StoreError {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::Corruption | ErrorKind::NotFound | ErrorKind::InvalidArgument | ErrorKind::NotSupported => {
            StoreError::Damaged { file: named_file(path, &text).unwrap_or_else(|| path.to_owned()), reason: text }
        }
        ErrorKind::IOError if text.contains("lock ") || text.contains("LOCK") => {
            StoreError::Locked { path: path.to_owned() }
        }
        _ if text.contains("No such file") => StoreError::Damaged {
            file: named_file(path, &text).unwrap_or_else(|| path.to_owned()),
            reason: format!("a file is missing: {text}"),
        },
        _ => StoreError::Storage { path: path.to_owned(), reason: text },
    }
}

/// The file that a message of RocksDB names.
pub(crate) fn named_file(path: &Path, text: &str) -> Option<PathBuf> {
    let name = |word: &str| -> Option<String> {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let last = word.rsplit('/').next()?;
        let known = ["sst", "log", "blob"].iter().any(|extension| {
            last.strip_suffix(extension)
                .and_then(|stem| stem.strip_suffix('.'))
                .is_some_and(|stem| !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()))
        });
        (known || last.starts_with("MANIFEST-") || last == "CURRENT").then(|| last.to_owned())
    };
    text.split(|c: char| c.is_whitespace() || c == ',' || c == ':').find_map(name).map(|name| path.join(name))
}

pub(crate) fn read_meta<T: borsh::BorshDeserialize>(database: &Database, key: &[u8]) -> Result<Option<T>, StoreError> {
    Ok(database.get(Table::Meta, key)?.map(|bytes| decode("store record", &bytes)).transpose()?)
}

/// Refuses a chain other than the expected one.
pub(crate) fn check_chain(
    path: &Path,
    found: Option<ChainIdentity>,
    expected: Option<ChainIdentity>,
) -> Result<(), StoreError> {
    match (found, expected) {
        (Some(found), Some(expected)) if found != expected => {
            Err(StoreError::WrongChain { path: path.to_owned(), found: Box::new(found), expected: Box::new(expected) })
        }
        _ => Ok(()),
    }
}

pub(crate) fn read_decided(database: &Database) -> Result<Option<DecidedHead>, StoreError> {
    let Some(bytes) = database.last(Table::Certificates)? else { return Ok(None) };
    let certificate: CommitCertificate = decode("certificate", &bytes)?;
    Ok(Some(DecidedHead { height: certificate.height, block_id: certificate.block_id }))
}

fn check_watermark(acknowledged: Acknowledged, decided: Option<DecidedHead>, log: PathBuf) -> Result<(), StoreError> {
    let found = decided.map_or(Height::ZERO, |decided| decided.height);
    if found >= acknowledged.height {
        return Ok(());
    }
    Err(StoreError::Lost { file: log, acknowledged: acknowledged.height, found })
}

/// The executed head and where history begins.
pub(crate) fn read_head(database: &Database) -> Result<(Option<Head>, Height), StoreError> {
    let Some(marker) = read_meta::<StateMarker>(database, META_STATE)? else { return Ok((None, Height::ZERO)) };
    let missing = || assay_primitives::Fault::corrupt(format!("no header at the state's height {}", marker.height));
    let bytes = database.get(Table::Headers, &marker.height.get().to_be_bytes())?.ok_or_else(missing)?;
    let record: HeaderRecord = decode("header", &bytes)?;
    let header = decode_header(&record.rlp)?;
    if record.hash != marker.hash || header.state_root != marker.state_root {
        let height = marker.height;
        return Err(StoreError::Root { height, reason: "the state's marker is of another header".to_owned() });
    }
    let head = Head { height: marker.height, block_id: marker.block_id, hash: marker.hash, header };
    Ok((Some(head), marker.history_start))
}
