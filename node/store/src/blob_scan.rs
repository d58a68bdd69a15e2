//! Examines RocksDB's blob files: every record carries two checksums, which only a read of that record would look at.
//!
//! ```text
//! file   = header (30) records footer (32, where the file was closed)
//! record = key length (8) value length (8) expiration (8) crc32c of these (4, masked) crc32c of key and value (4, masked)
//!          key value
//! ```

use crate::crc32c::{crc32c, unmask};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const MAGIC: [u8; 4] = 2_395_959u32.to_le_bytes();
const FILE_HEADER: usize = 30;
const RECORD_HEADER: usize = 32;
const FOOTER: u64 = 32;

/// Scans a blob file; gives the offset of the first record that does not match its checksums.
pub(crate) fn scan(path: &Path) -> io::Result<Option<u64>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1024 * 1024, file);
    let mut header = [0; FILE_HEADER];
    if length < FILE_HEADER as u64 {
        return Ok(Some(0));
    }
    reader.read_exact(&mut header)?;
    let (content, crc) = header.split_at(FILE_HEADER - 4);
    // The header has no checksum of its own in this format: its fixed fields are magic number, version and flags.
    if content[..4] != MAGIC || content[4..8] != 1u32.to_le_bytes() || crc.len() != 4 {
        return Ok(Some(0));
    }
    let mut at = FILE_HEADER as u64;
    let mut buffer = Vec::new();
    while at < length {
        if length - at == FOOTER {
            let mut footer = [0; FOOTER as usize];
            reader.read_exact(&mut footer)?;
            let (content, crc) = footer.split_at(FOOTER as usize - 4);
            let whole = content[..4] == MAGIC && crc32c(&[content]) == unmask(word(crc));
            return Ok((!whole).then_some(at));
        }
        let mut header = [0; RECORD_HEADER];
        if length - at < RECORD_HEADER as u64 {
            return Ok(Some(at));
        }
        reader.read_exact(&mut header)?;
        if crc32c(&[&header[..24]]) != unmask(word(&header[24..28])) {
            return Ok(Some(at));
        }
        let size = long(&header[..8]).saturating_add(long(&header[8..16]));
        if size > length - at - RECORD_HEADER as u64 {
            return Ok(Some(at));
        }
        buffer.resize(size as usize, 0);
        reader.read_exact(&mut buffer)?;
        if crc32c(&[&buffer]) != unmask(word(&header[28..32])) {
            return Ok(Some(at));
        }
        at += RECORD_HEADER as u64 + size;
    }
    Ok(None)
}

fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn long(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
