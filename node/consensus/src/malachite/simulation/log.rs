//! The engine's write-ahead log, as its log thread keeps it: the library's own file and entry format.

use super::super::codec::Codec;
use super::super::context::Assay;
use super::End;
use arc_malachitebft_app::wal;
use arc_malachitebft_core_consensus::Input;
use arc_malachitebft_engine::wal::{decode_entry, encode_entry};
use assay_primitives::{Fault, Height};
use std::io;
use std::path::Path;

/// The open log.
pub(super) struct Log {
    file: wal::Log,
    codec: Codec,
}

fn failed(error: &io::Error) -> End {
    End::Fault(Fault::storage(format!("consensus log: {error}")))
}

impl Log {
    pub(super) fn open(path: &Path, codec: Codec) -> Result<Self, End> {
        Ok(Self { file: wal::Log::open(path).map_err(|error| failed(&error))?, codec })
    }

    pub(super) fn height(&self) -> Height {
        Height(self.file.sequence())
    }

    /// Begins a height: the entries that a crash left of it, or none and an empty log.
    pub(super) fn start(&mut self, height: Height) -> Result<Vec<Input<Assay>>, End> {
        if self.height() != height {
            self.file.reset(height.get()).map_err(|error| failed(&error))?;
            return Ok(Vec::new());
        }
        if self.file.is_empty() {
            return Ok(Vec::new());
        }
        let codec = self.codec;
        let entries = self.file.iter().map_err(|error| failed(&error))?;
        let decode = |entry: io::Result<Vec<u8>>| entry.and_then(|bytes| decode_entry(&codec, io::Cursor::new(bytes)));
        entries.map(|entry| decode(entry).map_err(|error| failed(&error))).collect()
    }

    pub(super) fn append(&mut self, entry: Input<Assay>) -> Result<(), End> {
        let mut bytes = Vec::new();
        encode_entry(entry, &self.codec, &mut bytes)
            .and_then(|()| self.file.append(&bytes))
            .map_err(|error| failed(&error))
    }

    pub(super) fn sync(&mut self) -> Result<(), End> {
        self.file.flush().map_err(|error| failed(&error))
    }
}
