//! RocksDB behind typed tables, with every error turned into a [`Fault`] that names the file.

use crate::error::REPAIR_COMMAND;
use crate::options::StoreOptions;
use crate::tables::{HistoryFloor, Memory, Table};
use assay_primitives::Fault;
use rocksdb::{ColumnFamily, DB, DBPinnableSlice, ErrorKind, ReadOptions, WriteBatch, WriteOptions};
use std::path::{Path, PathBuf};

/// The open database.
pub(crate) struct Database {
    pub(crate) db: DB,
    pub(crate) path: PathBuf,
    pub(crate) options: StoreOptions,
    pub(crate) memory: Memory,
    pub(crate) floor: HistoryFloor,
}

/// Turns a RocksDB error into a fault; RocksDB's text names the file where it knows it.
pub(crate) fn fault(path: &Path, error: &rocksdb::Error) -> Fault {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::Corruption => Fault::corrupt(format!("{}: {text}; run `{REPAIR_COMMAND}`", path.display())),
        _ => Fault::storage(format!("{}: {text}", path.display())),
    }
}

/// How long a write waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Handed to the operating system: survives a killed process.
    Written,
    /// On the disk: survives power loss, with everything written before.
    Synced,
}

impl Database {
    /// The handle of a table.
    pub(crate) fn table(&self, table: Table) -> Result<&ColumnFamily, Fault> {
        self.db.cf_handle(table.name()).ok_or_else(|| Fault::invariant(format!("no table {}", table.name())))
    }

    pub(crate) fn fault(&self, error: &rocksdb::Error) -> Fault {
        fault(&self.path, error)
    }

    /// A value without copying it.
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, Fault> {
        self.db.get_pinned_cf(self.table(table)?, key).map_err(|error| self.fault(&error))
    }

    /// Writes a batch as a whole.
    pub(crate) fn write(&self, batch: WriteBatch, durability: Durability) -> Result<(), Fault> {
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        self.db.write_opt(batch, &options).map_err(|error| self.fault(&error))
    }

    /// Calls `visit` with every entry whose key starts with `prefix`, from `start` on, until it says stop.
    pub(crate) fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        start: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut iterator = self.db.raw_iterator_cf_opt(self.table(table)?, scan_options(prefix));
        iterator.seek(start);
        while let Some((key, value)) = iterator.item() {
            if !visit(key, value)? {
                return Ok(());
            }
            iterator.next();
        }
        iterator.status().map_err(|error| self.fault(&error))
    }

    /// The value under the last key of a table.
    pub(crate) fn last(&self, table: Table) -> Result<Option<Vec<u8>>, Fault> {
        let mut iterator = self.db.raw_iterator_cf(self.table(table)?);
        iterator.seek_to_last();
        let found = iterator.value().map(<[u8]>::to_vec);
        iterator.status().map_err(|error| self.fault(&error))?;
        Ok(found)
    }
}

/// Options of a bounded walk over keys with a prefix.
pub(crate) fn scan_options(prefix: &[u8]) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_total_order_seek(true);
    if let Some(end) = prefix_end(prefix) {
        options.set_iterate_upper_bound(end);
    }
    options
}

/// The first key after all that start with `prefix`; `None` where no key can follow.
fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}
