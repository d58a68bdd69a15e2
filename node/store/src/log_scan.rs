//! Examines RocksDB's log-format files (WAL and MANIFEST) before RocksDB replays them.
//!
//! RocksDB's recovery stops at the first bad record and cannot say whether it met the torn end of an unsynced write,
//! which is normal after a crash, or a damaged byte in the middle of acknowledged data. This scan can:
//!
//! ```text
//! file   = 32 KiB blocks of records; a record never crosses a block
//! record = crc32c (4, masked) length (2) type (1) payload      type: 1 whole, 2 first, 3 middle, 4 last
//! ```
//! A bad record with a valid one after it was written and damaged later. A bad record at the very end may be either; what
//! tells them apart then is whether acknowledged heights are missing (see `watermark`).

use crate::crc32c::{crc32c, unmask};
use std::path::Path;

const BLOCK: usize = 32 * 1024;
const HEADER: usize = 7;
/// Header of the record kinds that also carry the log's number.
const HEADER_NUMBERED: usize = 11;

/// How a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// With a whole record.
    Clean,
    /// In the middle of a record, at this offset: the writer stopped there.
    Torn(u64),
    /// A record at this offset does not match its checksum, and none after it is whole either.
    Bad(u64),
    /// A record at this offset does not match its checksum, though whole ones follow, or its length was altered.
    Damaged(u64),
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Whole physical records.
    pub records: u64,
    /// How it ends.
    pub tail: Tail,
}

enum Step {
    /// A whole record: its type and the offset after it.
    Record { kind: u8, next: usize },
    /// Nothing but zeros, or too little room for a header, up to this offset.
    Padding { next: usize },
    /// Ends before its header or payload does.
    Short,
    /// Does not match its checksum.
    Mismatch,
}

/// Scans a log file.
pub(crate) fn scan(path: &Path) -> std::io::Result<Scan> {
    Ok(scan_bytes(&std::fs::read(path)?))
}

pub(crate) fn scan_bytes(bytes: &[u8]) -> Scan {
    let mut records = 0;
    let mut at = 0;
    let mut open_fragment = None;
    while at < bytes.len() {
        match step(bytes, at) {
            Step::Record { kind, next } => {
                records += 1;
                match kind {
                    2 | 6 => open_fragment = Some(at),
                    1 | 4 | 5 | 8 => open_fragment = None,
                    _ => {}
                }
                at = next;
            }
            Step::Padding { next } => at = next,
            Step::Short => return Scan { records, tail: judge(bytes, at, true) },
            Step::Mismatch => return Scan { records, tail: judge(bytes, at, false) },
        }
    }
    // A first fragment without its last: the file was cut between two blocks.
    Scan { records, tail: open_fragment.map_or(Tail::Clean, |offset| Tail::Torn(offset as u64)) }
}

fn step(bytes: &[u8], at: usize) -> Step {
    let block_end = (at / BLOCK + 1) * BLOCK;
    let end = block_end.min(bytes.len());
    let room = &bytes[at..end];
    if block_end - at < HEADER {
        // The writer fills the last bytes of a block with zeros where no header fits.
        return if room.iter().all(|byte| *byte == 0) { Step::Padding { next: end } } else { Step::Mismatch };
    }
    if room.iter().all(|byte| *byte == 0) {
        return Step::Padding { next: end };
    }
    let Some(header) = room.first_chunk::<HEADER>() else { return Step::Short };
    let [c0, c1, c2, c3, l0, l1, kind] = *header;
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let size = header_size(kind) + length;
    if at + size > block_end {
        // No writer makes a record longer than its block: unless the file ends here too, the length is wrong.
        return if end == bytes.len() { Step::Short } else { Step::Mismatch };
    }
    match room.get(HEADER - 1..size) {
        None => Step::Short,
        Some(covered) if crc32c(&[covered]) == unmask(u32::from_le_bytes([c0, c1, c2, c3])) => {
            Step::Record { kind, next: at + size }
        }
        Some(_) => Step::Mismatch,
    }
}

const fn header_size(kind: u8) -> usize {
    if matches!(kind, 5..=8 | 11 | 131) { HEADER_NUMBERED } else { HEADER }
}

/// Decides what a bad record at `at` means by what stands after it.
fn judge(bytes: &[u8], at: usize, short: bool) -> Tail {
    let offset = at as u64;
    let block_end = ((at / BLOCK + 1) * BLOCK).min(bytes.len());
    let whole_follows = (at + 1..block_end).any(|later| is_record(bytes, later))
        || (block_end..bytes.len()).step_by(BLOCK).any(|block| is_record(bytes, block));
    if whole_follows {
        return Tail::Damaged(offset);
    }
    // The same record with the length that the file has room for: then only its length field was altered.
    if let Some([c0, c1, c2, c3, _, _, kind]) = bytes[at..block_end].first_chunk::<HEADER>()
        && header_size(*kind) == HEADER
        && crc32c(&[&bytes[at + HEADER - 1..block_end]]) == unmask(u32::from_le_bytes([*c0, *c1, *c2, *c3]))
    {
        return Tail::Damaged(offset);
    }
    if short { Tail::Torn(offset) } else { Tail::Bad(offset) }
}

fn is_record(bytes: &[u8], at: usize) -> bool {
    matches!(step(bytes, at), Step::Record { kind, .. } if (1..=11).contains(&kind))
}
