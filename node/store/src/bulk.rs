//! Writing many entries of one table at once, in the order of its keys.
//!
//! A large set becomes a table file of its own, which the database takes over as it is: its entries pass neither the
//! write-ahead log nor a memtable nor a flush. A small one goes the common way, because every file costs something in
//! later compactions. Either way all of it is there or nothing.

use crate::database::{Database, Durability};
use crate::tables::{Table, table_options};
use assay_primitives::Fault;
use rocksdb::{IngestExternalFileOptions, SstFileWriter, WriteBatch};
use std::io;
use std::path::{Path, PathBuf};

/// Bytes from which on a set becomes a file; few in tests, so that these go both ways.
const FILE_BYTES: usize = if cfg!(test) { 8 * 1024 } else { 8 * 1024 * 1024 };
/// Extension of a file that is being written.
const EXTENSION: &str = "ingest";

/// Takes a key and its value, or `None` where it is to be deleted; keys ascend.
pub(crate) type Sink<'a> = dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), Fault> + 'a;

impl Database {
    /// Writes the entries that `fill` gives, about `bytes` in all. A large set is on the disk on return, with everything
    /// written before it; a small one is written like any batch.
    pub(crate) fn write_sorted(
        &self,
        table: Table,
        bytes: usize,
        fill: &mut dyn FnMut(&mut Sink<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if bytes >= FILE_BYTES {
            return self.ingest(table, fill);
        }
        let handle = self.table(table)?;
        let mut batch = WriteBatch::default();
        fill(&mut |key, value| {
            match value {
                Some(value) => batch.put_cf(handle, key, value),
                None => batch.delete_cf(handle, key),
            }
            Ok(())
        })?;
        self.write(batch, Durability::Written)
    }

    fn ingest(&self, table: Table, fill: &mut dyn FnMut(&mut Sink<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let path = ingest_path(&self.path, table);
        let options = table_options(table, &self.options, &self.memory, &self.floor);
        let failed = |error: rocksdb::Error| self.fault(&error);
        let mut writer = SstFileWriter::create(&options);
        writer.open(&path).map_err(failed)?;
        let mut is_empty = true;
        fill(&mut |key, value| {
            is_empty = false;
            match value {
                Some(value) => writer.put(key, value),
                None => writer.delete(key),
            }
            .map_err(failed)
        })?;
        if is_empty {
            // RocksDB has no table files without entries.
            return Ok(());
        }
        writer.finish().map_err(failed)?;
        // The file is durable as soon as it is taken over. What it follows from must be so before.
        self.db.flush_wal(true).map_err(failed)?;
        let mut ingest = IngestExternalFileOptions::default();
        // The file gets another name instead of being copied.
        ingest.set_move_files(true);
        self.db.ingest_external_file_cf_opts(self.table(table)?, &ingest, vec![&path]).map_err(failed)
    }
}

fn ingest_path(folder: &Path, table: Table) -> PathBuf {
    folder.join(table.name()).with_extension(EXTENSION)
}

/// Removes what a killed process was writing.
pub(crate) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for table in Table::ALL {
        match std::fs::remove_file(ingest_path(folder, table)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
