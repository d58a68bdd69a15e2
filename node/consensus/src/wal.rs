//! Damage of the engine's write-ahead log: what a crash leaves is survived, anything else is named with its repair.
//!
//! ```text
//! log   = version (4, = 1) + height (8) + entries        big-endian, the engine's own format
//! entry = compressed (1) + length (8) + CRC-32 (4) + data
//! ```
//! | found                                   | then |
//! |---|---|
//! | no file, or one without a whole head    | survived: nothing was logged, or the file is gone; the guard keeps what was locked |
//! | log of another height                   | survived: the engine starts it anew |
//! | last entry cut short (a torn write)     | survived: the engine cuts it off; the guard keeps what was locked |
//! | any entry damaged, or a head not ours   | [`WalDamaged`], and [`repair`] sets it aside |
//!
//! The log holds why a validator may unlock, so losing it must not free the validator to vote against its own
//! precommit: the signing guard holds that precommit and abstains for the rest of the height. A full node signs nothing
//! and simply starts a new log.
//!
//! The validator's own votes are taken out of a log before it is replayed: the guard keeps them. After a crash between
//! the guard's record and the log's, the guard answers with a vote that the engine would not derive again, that vote
//! enters the log, and the next replay would stop at the difference and never start again.

use crate::guard::{Guard, GuardError};
use crate::keys::ConsensusKey;
use assay_primitives::Height;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Command that sets a damaged log aside.
pub const REPAIR_COMMAND: &str = "assay wal repair";

const HEAD: usize = 12;
const ENTRY_HEAD: usize = 13;

/// A log that cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the consensus log {path} is damaged ({reason}); `{command}` sets it aside without risk of a double signature",
    path = path.display()
)]
pub struct WalDamaged {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// The command that repairs it.
    pub command: String,
}

impl WalDamaged {
    pub(crate) fn new(path: &Path, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), reason: reason.into(), command: REPAIR_COMMAND.to_owned() }
    }
}

/// What stands in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalState {
    /// No log, or no whole head.
    Absent,
    /// Every entry is whole.
    Intact {
        /// Height it belongs to.
        height: Height,
        /// How many entries it has.
        entries: usize,
    },
    /// The last entry was cut short.
    Torn {
        /// Height it belongs to.
        height: Height,
    },
    /// Something else than a crash happened to it.
    Damaged {
        /// What is wrong.
        reason: String,
    },
}

/// Path of the log in a consensus folder.
pub fn wal_path(data_dir: &Path) -> PathBuf {
    data_dir.join("wal")
}

/// Reads a log without changing it.
///
/// # Errors
/// The system's, where the file cannot be read.
pub fn inspect(path: &Path) -> io::Result<WalState> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(inspect_bytes(&bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(WalState::Absent),
        Err(e) => Err(e),
    }
}

/// Reads the bytes of a log.
pub fn inspect_bytes(bytes: &[u8]) -> WalState {
    let Some((head, mut rest)) = bytes.split_first_chunk::<HEAD>() else {
        return WalState::Absent;
    };
    let (version, height) = head.split_at(4);
    let height = Height(height.try_into().map_or(0, u64::from_be_bytes));
    if version != 1u32.to_be_bytes() {
        return WalState::Damaged { reason: "unknown version".to_owned() };
    }
    let mut entries = 0usize;
    while !rest.is_empty() {
        let Some((entry, next)) = split_entry(rest) else {
            return WalState::Torn { height };
        };
        if !entry.intact {
            return WalState::Damaged { reason: format!("entry {entries} does not match its checksum") };
        }
        entries = entries.saturating_add(1);
        rest = next;
    }
    WalState::Intact { height, entries }
}

/// One entry of a log.
struct Entry<'a> {
    data: &'a [u8],
    intact: bool,
}

/// The first entry, and what follows; `None` where it is cut short.
fn split_entry(bytes: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let ([flag, tail @ ..], body) = bytes.split_first_chunk::<ENTRY_HEAD>()?;
    let (length, checksum) = tail.split_at(8);
    let length = length.try_into().map_or(u64::MAX, u64::from_be_bytes);
    let (data, next) = usize::try_from(length).ok().and_then(|length| body.split_at_checked(length))?;
    Some((Entry { data, intact: *flag == 0 && checksum == crc32fast::hash(data).to_be_bytes() }, next))
}

/// Takes out entries of a log and whatever follows the last whole one. A crash leaves the old log or the new one.
fn retain_entries(path: &Path, keep: impl Fn(&[u8]) -> bool) -> io::Result<()> {
    let old = std::fs::read(path)?;
    let Some((head, mut rest)) = old.split_at_checked(HEAD) else { return Ok(()) };
    let mut new = head.to_vec();
    while let Some((entry, next)) = split_entry(rest) {
        if keep(entry.data) {
            new.extend(rest.iter().take(rest.len().saturating_sub(next.len())));
        }
        rest = next;
    }
    if new.len() == old.len() {
        return Ok(());
    }
    let draft = path.with_extension("new");
    std::fs::write(&draft, new)?;
    std::fs::File::open(&draft)?.sync_all()?;
    std::fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

/// A free name beside a file, for setting it aside.
pub(crate) fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (1u32..)
        .map(|n| path.with_file_name(format!("{name}.damaged-{n}")))
        .find(|free| !free.exists())
        .unwrap_or_else(|| path.with_extension("damaged"))
}

/// Sets a damaged log aside and tells the signing guard, so that the validator cannot vote against what it had
/// precommitted. A full node passes no key. Returns where the old log went.
///
/// # Errors
/// Those of the guard, `Io` among them.
pub fn repair(data_dir: &Path, validator: Option<(u64, ConsensusKey)>) -> Result<Option<PathBuf>, GuardError> {
    if let Some((chain_id, key)) = validator {
        // The guard first: a crash in between leaves the damaged log, which is refused again.
        Guard::open_unchecked(data_dir, chain_id, key)?.log_lost()?;
    }
    let path = wal_path(data_dir);
    if !path.exists() {
        return Ok(None);
    }
    let free = aside(&path);
    std::fs::rename(&path, &free).map_err(|source| GuardError::Io { path, source })?;
    Ok(Some(free))
}

/// Brings log and guard together at start: what may be survived is, the rest is named. Returns whether log or guard
/// hold anything of the height that comes next, so that it must be taken up at once.
pub(crate) fn reconcile(
    data_dir: &Path,
    guard: Option<&mut Guard>,
    next: Height,
) -> Result<bool, crate::engine::EngineError> {
    let path = wal_path(data_dir);
    let io = |source| crate::engine::EngineError::Io { path: path.clone(), source };
    let state = inspect(&path).map_err(io)?;
    let Some(guard) = guard else {
        if matches!(state, WalState::Damaged { .. } | WalState::Absent) && path.exists() {
            std::fs::remove_file(&path).map_err(io)?;
        }
        return Ok(false);
    };
    let (lost, resumes) = match &state {
        WalState::Absent => {
            if path.exists() {
                std::fs::remove_file(&path).map_err(io)?;
            }
            (true, false)
        }
        WalState::Intact { height, entries } => (*height != next, *height == next && *entries > 0),
        WalState::Torn { height } => (true, *height == next),
        WalState::Damaged { reason } => return Err(WalDamaged::new(&path, reason.clone()).into()),
    };
    let holds = guard.holds(next);
    if lost && holds {
        tracing::warn!(height = %next, ?state, "the consensus log is gone or was cut short; what was precommitted stays locked");
        guard.log_lost()?;
    }
    if matches!(state, WalState::Intact { height, .. } | WalState::Torn { height } if height == next) {
        retain_entries(&path, |entry| !guard.made(entry)).map_err(io)?;
    }
    Ok(resumes || holds)
}
