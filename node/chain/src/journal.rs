//! The pool's journal: accepted transactions on disk, so that a hash once returned survives a kill of the process.
//!
//! ```text
//! file   = records
//! record = length u32 little-endian · crc32 of length and bytes u32 little-endian · raw transaction
//! ```
//! Records are written, not synced: a killed process loses none, a power cut may. A record that is cut off at the end of
//! the file, or damaged, costs that transaction only. The file is written anew from the pool when most of it is
//! obsolete.

use alloy_primitives::Bytes;
use assay_primitives::transaction::TX_BYTES_MAX;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

const HEAD_BYTES: usize = 8;
/// Obsolete bytes below which a rewrite is not worth it. A start recovers every signature in the file again, about 9,000
/// in a mebibyte at 40 microseconds each.
const SLACK_BYTES: u64 = 1024 * 1024;
/// Largest journal that is read; the pool's byte bound with slack is far below.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// What a journal held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Raw transactions in order.
    pub transactions: Vec<Bytes>,
    /// Records with a wrong checksum, skipped.
    pub damaged: usize,
    /// Bytes at the end that are no whole record, cut off.
    pub torn_bytes: u64,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Journal {
    /// Opens or creates a journal and reads it.
    ///
    /// # Errors
    /// The file cannot be read or written, or is absurdly large.
    pub fn open(path: &Path) -> io::Result<(Self, Replayed)> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        if size > FILE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{size} bytes are no pool journal")));
        }
        let mut contents = Vec::new();
        file.read_to_end(&mut contents)?;
        let (replayed, valid) = read(&contents);
        let bytes = valid as u64;
        if replayed.torn_bytes > 0 {
            file.set_len(bytes)?;
        }
        Ok((Self { path: path.to_owned(), file, bytes }, replayed))
    }

    /// Appends a transaction. On return it survives a kill of the process.
    ///
    /// # Errors
    /// The disk refuses; the journal is as before then.
    pub fn append(&mut self, raw: &[u8]) -> io::Result<()> {
        let record = encode(raw)?;
        if let Err(error) = self.file.write_all(&record) {
            // Half a record would hide those after it.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += record.len() as u64;
        Ok(())
    }

    /// Whether most of the file is obsolete, `live_bytes` being what the pool holds.
    pub fn is_wasteful(&self, live_bytes: usize) -> bool {
        self.bytes > (live_bytes as u64).saturating_mul(2).saturating_add(SLACK_BYTES)
    }

    /// Writes the file anew with these transactions and puts it in the old one's place.
    ///
    /// # Errors
    /// The disk refuses; the old file stays.
    pub fn rewrite(&mut self, transactions: impl Iterator<Item = Bytes>) -> io::Result<()> {
        let fresh_path = self.path.with_extension("new");
        let mut writer = BufWriter::new(File::create(&fresh_path)?);
        let mut bytes = 0;
        for raw in transactions {
            let record = encode(&raw)?;
            writer.write_all(&record)?;
            bytes += record.len() as u64;
        }
        writer.flush()?;
        drop(writer);
        std::fs::rename(&fresh_path, &self.path)?;
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        self.bytes = bytes;
        Ok(())
    }
}

fn checksum(length: [u8; 4], raw: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(raw);
    hasher.finalize()
}

fn encode(raw: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(raw.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes();
    let mut record = Vec::with_capacity(HEAD_BYTES + raw.len());
    record.extend_from_slice(&length);
    record.extend_from_slice(&checksum(length, raw).to_le_bytes());
    record.extend_from_slice(raw);
    Ok(record)
}

/// Reads records; returns them and how many bytes of the file are whole records.
fn read(contents: &[u8]) -> (Replayed, usize) {
    let mut replayed = Replayed::default();
    let mut rest = contents;
    while let Some((length, after)) = rest.split_first_chunk::<4>()
        && let Some((crc, after)) = after.split_first_chunk::<4>()
        && let Some((raw, after)) = usize::try_from(u32::from_le_bytes(*length))
            .ok()
            .filter(|length| *length <= TX_BYTES_MAX)
            .and_then(|length| after.split_at_checked(length))
    {
        if checksum(*length, raw) == u32::from_le_bytes(*crc) {
            replayed.transactions.push(Bytes::copy_from_slice(raw));
        } else {
            replayed.damaged += 1;
        }
        rest = after;
    }
    replayed.torn_bytes = rest.len() as u64;
    (replayed, contents.len() - rest.len())
}
