//! The guard's file: preallocated slots, each kept twice, written in a ring.
//!
//! ```text
//! file  = area A + area B                     identical but for the record being written
//! area  = head (4,096 bytes) + SLOTS slots of 512 bytes
//! head  = magic (8) + chain id (8) + public key (32) + checksum (32) + zeros
//! slot  = length (2) + borsh(Record) + zeros + checksum (32, last)
//! ```
//! A record goes to slot `sequence % SLOTS`, in A and in B, and one sync makes both durable before anything is signed
//! with it. So a flipped byte is mended by the other copy, and a slot that is damaged in both can only be the one that
//! was being written when the power went: its signature never left. Anywhere else it is refused.
//!
//! Checksums are BLAKE3 under the guard's domain and cover the chain id, so that a slot of another file never passes.

use super::GuardError;
use alloy_primitives::B256;
use assay_primitives::codec;
use assay_primitives::hash::{Domain, blake3_tagged};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"ASSAYGD1";
const HEAD: usize = 4_096;
const SLOT: usize = 512;
const CHECKSUM: usize = 32;
/// Records kept; a height that needs more than a third of them as rounds loses its oldest.
pub(super) const SLOTS: u64 = 1_024;
const AREA: u64 = HEAD as u64 + SLOTS * SLOT as u64;
const RECORD_MAX: usize = SLOT - CHECKSUM - 2;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Entry {
    /// A message was signed: its sign bytes and the signature.
    Signed {
        /// Bytes that were signed; they hold the whole message.
        sign_bytes: Vec<u8>,
        /// The signature.
        signature: [u8; 64],
    },
    /// Nothing at or below the record's height may be signed any more.
    Passed,
    /// The engine's log of the record's height was lost: what was precommitted there stays locked.
    LogLost,
}

/// One record of the guard.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Record {
    /// Position in the guard's history, from 1.
    pub(super) sequence: u64,
    /// Height that it is about.
    pub(super) height: u64,
    /// What it says.
    pub(super) entry: Entry,
}

/// What the guard's file is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// EIP-155 chain id.
    pub(super) chain_id: u64,
    /// The consensus key whose signatures it guards.
    pub(super) public_key: B256,
}

impl Binding {
    fn checksum(&self, bytes: &[u8]) -> B256 {
        blake3_tagged(Domain::GuardRecord, &[&self.chain_id.to_le_bytes(), self.public_key.as_slice(), bytes])
    }

    fn head(&self) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.extend(self.chain_id.to_le_bytes());
        head.extend(self.public_key);
        let checksum = self.checksum(&head);
        head.extend(checksum);
        head.resize(HEAD, 0);
        head
    }

    fn parse(head: &[u8]) -> Option<Self> {
        let rest = head.strip_prefix(MAGIC)?;
        let (chain_id, rest) = rest.split_first_chunk::<8>()?;
        let (public_key, _) = rest.split_first_chunk::<32>()?;
        let binding = Self { chain_id: u64::from_le_bytes(*chain_id), public_key: B256::from(*public_key) };
        (binding.head() == head).then_some(binding)
    }
}

/// The open, locked file.
#[derive(Debug)]
pub(super) struct GuardFile {
    file: File,
    path: PathBuf,
    binding: Binding,
}

enum SlotState {
    Empty,
    Damaged,
    Holds(Record),
}

impl GuardFile {
    /// Writes a new file; it must not exist.
    pub(super) fn create(path: &Path, binding: Binding) -> Result<Self, GuardError> {
        let io = |source| GuardError::Io { path: path.to_owned(), source };
        if path.exists() {
            return Err(GuardError::Exists { path: path.to_owned() });
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        // Written whole under another name, then renamed: a crash leaves no half-made guard.
        let draft = path.with_extension("new");
        let mut area = binding.head();
        area.resize(usize::try_from(AREA).unwrap_or(HEAD), 0);
        let twice = [area.as_slice(), area.as_slice()].concat();
        std::fs::write(&draft, twice).map_err(io)?;
        File::open(&draft).and_then(|file| file.sync_all()).map_err(io)?;
        std::fs::rename(&draft, path).map_err(io)?;
        if let Some(folder) = path.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        }
        Self::open(path, binding).map(|(file, _)| file)
    }

    /// Opens, locks and reads the file; gives the records in order of writing.
    pub(super) fn open(path: &Path, binding: Binding) -> Result<(Self, Vec<Record>), GuardError> {
        let io = |source| GuardError::Io { path: path.to_owned(), source };
        let damaged = |reason: &str| GuardError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(GuardError::Missing { path: path.to_owned() });
            }
            Err(e) => return Err(io(e)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(GuardError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(e)) => return Err(io(e)),
        }
        if file.metadata().map_err(io)?.len() != AREA * 2 {
            return Err(damaged("wrong length"));
        }
        let mut areas = vec![0u8; usize::try_from(AREA * 2).map_err(|_| damaged("wrong length"))?];
        file.read_exact_at(&mut areas, 0).map_err(io)?;
        let (a, b) = areas.split_at(areas.len() / 2);
        let found = Binding::parse(a.get(..HEAD).unwrap_or_default())
            .or_else(|| Binding::parse(b.get(..HEAD).unwrap_or_default()))
            .ok_or_else(|| damaged("both heads are damaged"))?;
        if found.chain_id != binding.chain_id {
            let (found, expected) = (found.chain_id, binding.chain_id);
            return Err(GuardError::OtherChain { path: path.to_owned(), found, expected });
        }
        if found.public_key != binding.public_key {
            let (found, expected) = (found.public_key, binding.public_key);
            return Err(GuardError::OtherKey { path: path.to_owned(), found, expected });
        }
        let Slots { records, clear } = read_slots(&binding, a, b).map_err(|reason| damaged(&reason))?;
        let guard = Self { file, path: path.to_owned(), binding };
        // Mends whatever a flipped byte or a torn write left behind, so that damage never adds up.
        for position in clear {
            guard.write_slot(position, &[0; SLOT])?;
        }
        for record in &records {
            guard.write(record)?;
        }
        guard.sync()?;
        Ok((guard, records))
    }

    /// Writes a record and makes it durable.
    pub(super) fn append(&self, record: &Record) -> Result<(), GuardError> {
        self.write(record)?;
        self.sync()
    }

    fn write(&self, record: &Record) -> Result<(), GuardError> {
        let slot =
            encode_slot(&self.binding, record).ok_or_else(|| self.io(io::Error::other("a record exceeds its slot")))?;
        self.write_slot(record.sequence % SLOTS, &slot)
    }

    fn write_slot(&self, position: u64, slot: &[u8]) -> Result<(), GuardError> {
        let offset = HEAD as u64 + position * SLOT as u64;
        self.file.write_all_at(slot, offset).map_err(|e| self.io(e))?;
        self.file.write_all_at(slot, AREA + offset).map_err(|e| self.io(e))
    }

    fn sync(&self) -> Result<(), GuardError> {
        self.file.sync_data().map_err(|e| self.io(e))
    }

    fn io(&self, source: io::Error) -> GuardError {
        GuardError::Io { path: self.path.clone(), source }
    }
}

fn encode_slot(binding: &Binding, record: &Record) -> Option<Vec<u8>> {
    let body = codec::encode(record);
    if body.len() > RECORD_MAX {
        return None;
    }
    let mut slot = u16::try_from(body.len()).ok()?.to_le_bytes().to_vec();
    slot.extend(body);
    slot.resize(SLOT - CHECKSUM, 0);
    let checksum = binding.checksum(&slot);
    slot.extend(checksum);
    Some(slot)
}

fn decode_slot(binding: &Binding, slot: &[u8]) -> SlotState {
    if slot.iter().all(|byte| *byte == 0) {
        return SlotState::Empty;
    }
    let parsed = || {
        let (body, checksum) = slot.split_last_chunk::<CHECKSUM>()?;
        if binding.checksum(body).0 != *checksum {
            return None;
        }
        let (length, rest) = body.split_first_chunk::<2>()?;
        let bytes = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
        codec::decode("guard record", bytes, RECORD_MAX).ok()
    };
    parsed().map_or(SlotState::Damaged, SlotState::Holds)
}

/// What stands in the slots: the records, and the slots that hold none but are not empty.
struct Slots {
    records: Vec<Record>,
    clear: Vec<u64>,
}

/// Reads both areas and checks that the records are one unbroken run up to the newest.
fn read_slots(binding: &Binding, a: &[u8], b: &[u8]) -> Result<Slots, String> {
    let slots = |area: &'_ [u8]| area.get(HEAD..).unwrap_or_default().chunks_exact(SLOT).map(<[u8]>::to_vec).collect();
    let (a, b): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (slots(a), slots(b));
    let mut records: Vec<Record> = Vec::new();
    let (mut damaged, mut clear) = (Vec::new(), Vec::new());
    for (position, (a, b)) in (0u64..).zip(a.iter().zip(&b)) {
        let record = match (decode_slot(binding, a), decode_slot(binding, b)) {
            (SlotState::Empty, SlotState::Empty) => continue,
            // Records are written twice: a slot that is empty in one copy never held one. (If it did, a gap shows.)
            (SlotState::Empty, SlotState::Damaged) | (SlotState::Damaged, SlotState::Empty) => {
                clear.push(position);
                continue;
            }
            // Both hold: the newer one; the older is what the interrupted write had not reached.
            (SlotState::Holds(a), SlotState::Holds(b)) => Some(if a.sequence >= b.sequence { a } else { b }),
            (SlotState::Holds(record), _) | (_, SlotState::Holds(record)) => Some(record),
            _ => None,
        };
        match record {
            Some(record) if record.sequence % SLOTS == position => records.push(record),
            Some(_) => return Err(format!("slot {position} holds a record of another place")),
            None => damaged.push(position),
        }
    }
    records.sort_by_key(|record| record.sequence);
    let newest = records.last().map_or(0, |record| record.sequence);
    let next = (newest + 1) % SLOTS;
    clear.extend(&damaged);
    if let Some(position) = damaged.into_iter().find(|position| *position != next) {
        return Err(format!("slot {position} is damaged in both copies"));
    }
    let torn_over = u64::from(newest >= SLOTS);
    let expected = newest.min(SLOTS);
    let held = records.len() as u64;
    let unbroken = records.windows(2).all(|pair| matches!(pair, [x, y] if x.sequence + 1 == y.sequence));
    if !unbroken || held > expected || held + torn_over < expected {
        return Err("records are missing between others".to_owned());
    }
    Ok(Slots { records, clear })
}
