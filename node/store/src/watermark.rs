//! The decided watermark: which height this node has acknowledged last, in a file of its own.
//!
//! Written after the sync of a decided block, never synced itself, so it costs no disk wait and is never ahead of the
//! database; after power loss it may be behind, which only weakens the check. A database that knows less than its
//! watermark has lost acknowledged blocks, whatever its own logs say.
//!
//! ```text
//! file = two slots of 64 bytes, used in turn: height (8), block id (32), zeros (20), crc32 (4)
//! ```

use assay_primitives::{BlockId, Height};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const SLOT: usize = 64;
/// Name of the file in the store's folder.
pub(crate) const WATERMARK_FILE: &str = "DECIDED";

/// The open watermark file.
pub(crate) struct Watermark {
    file: File,
}

/// What the file said at open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Highest height acknowledged.
    pub height: Height,
    /// Its block.
    pub block_id: BlockId,
    /// Whether a slot does not match its checksum: torn by power loss, or damaged.
    pub damaged: bool,
}

impl Watermark {
    /// Opens the file, creating it where there is none, and reads it.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Acknowledged)> {
        let path = folder.join(WATERMARK_FILE);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut &file, &mut bytes)?;
        Ok((Self { file }, read(&bytes)))
    }

    /// Reads the file without creating it.
    pub(crate) fn peek(folder: &Path) -> io::Result<Acknowledged> {
        match std::fs::read(folder.join(WATERMARK_FILE)) {
            Ok(bytes) => Ok(read(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Acknowledged::default()),
            Err(error) => Err(error),
        }
    }

    /// Records a height whose block is durable.
    pub(crate) fn record(&self, height: Height, block_id: BlockId) -> io::Result<()> {
        let mut slot = [0; SLOT];
        slot[..8].copy_from_slice(&height.get().to_be_bytes());
        slot[8..40].copy_from_slice(block_id.0.as_slice());
        let crc = crc32fast::hash(&slot[..SLOT - 4]);
        slot[SLOT - 4..].copy_from_slice(&crc.to_be_bytes());
        self.file.write_all_at(&slot, (height.get() % 2) * SLOT as u64)
    }

    /// Sets the file to what is there after a repair.
    pub(crate) fn reset(&self, height: Height, block_id: BlockId) -> io::Result<()> {
        self.file.set_len(0)?;
        if height > Height::ZERO {
            self.record(height, block_id)?;
        }
        self.file.sync_all()
    }
}

fn read(bytes: &[u8]) -> Acknowledged {
    let mut found = Acknowledged::default();
    for slot in bytes.chunks(SLOT) {
        if slot.iter().all(|byte| *byte == 0) {
            continue;
        }
        match read_slot(slot) {
            Some((height, block_id)) if height >= found.height => {
                found.height = height;
                found.block_id = block_id;
            }
            Some(_) => {}
            None => found.damaged = true,
        }
    }
    found
}

fn read_slot(slot: &[u8]) -> Option<(Height, BlockId)> {
    let slot: &[u8; SLOT] = slot.try_into().ok()?;
    let (content, crc) = slot.split_last_chunk::<4>()?;
    if crc32fast::hash(content).to_be_bytes() != *crc {
        return None;
    }
    let height = u64::from_be_bytes(*content.first_chunk::<8>()?);
    let block_id = content.get(8..40)?.try_into().ok()?;
    Some((Height(height), BlockId(block_id)))
}
