//! Trie nodes of the last few blocks that are not written yet.
//!
//! Every block changes the upper levels of the trie, so writing its nodes with each block writes the same nodes again and
//! again, and compaction rewrites them once more. They are kept here instead and written every few blocks, each once. What
//! a crash takes of them is worked out again at open from the undo records, which name every key that changed since.

use crate::database::Database;
use crate::tables::Table;
use alloy_primitives::B256;
use assay_primitives::Fault;
use assay_trie::{NodeKey, NodeSource, Owner, Writes};
use rocksdb::WriteBatch;
use std::collections::BTreeSet;
#[allow(
    clippy::disallowed_types,
    reason = "the order of the nodes never shows: they are written under their names"
)]
use std::collections::HashMap;

/// Bytes that an entry takes beside its record: key, table slot, allocation.
const ENTRY_BYTES: usize = 128;

/// Nodes between the database and the trie in memory.
#[derive(Default)]
#[allow(clippy::disallowed_types, reason = "the order of the nodes never shows: they are written under their names")]
pub(crate) struct Pending {
    nodes: HashMap<NodeKey, Option<Box<[u8]>>>,
    /// Storage tries whose nodes in the database are all void.
    cleared: BTreeSet<B256>,
    bytes: usize,
}

impl Pending {
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.cleared.is_empty()
    }

    /// Lays a block's writes over those before.
    pub(crate) fn add(&mut self, writes: &Writes) {
        for address in writes.cleared() {
            self.nodes.retain(|key, _| key.owner != Owner::Storage(*address));
            self.cleared.insert(*address);
        }
        for (key, record) in writes.nodes() {
            self.bytes += ENTRY_BYTES + record.map_or(0, <[u8]>::len);
            if let Some(old) = self.nodes.insert(*key, record.map(Box::from)) {
                self.bytes -= ENTRY_BYTES + old.map_or(0, |record| record.len());
            }
        }
        // Entries of cleared tries are only subtracted here: clearing is rare.
        if !writes.cleared().is_empty() {
            self.bytes = self.nodes.values().map(|record| ENTRY_BYTES + record.as_ref().map_or(0, |r| r.len())).sum();
        }
    }

    /// Adds everything to a batch; once it is written, the database alone has the whole trie.
    pub(crate) fn write(&self, database: &Database, batch: &mut WriteBatch) -> Result<(), Fault> {
        let table = database.table(Table::Trie)?;
        for address in &self.cleared {
            let prefix = NodeKey::storage_prefix(address);
            database.scan(Table::Trie, &prefix, &prefix, |key, _| {
                batch.delete_cf(table, key);
                Ok(true)
            })?;
        }
        // In key order, which a memtable takes several times as fast as any other.
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.sort_unstable_by_key(|(key, _)| **key);
        let mut name = Vec::with_capacity(NodeKey::MAX_ENCODED);
        for (key, record) in nodes {
            name.clear();
            key.encode_into(&mut name);
            match record {
                Some(record) => batch.put_cf(table, &name, record),
                None => batch.delete_cf(table, &name),
            }
        }
        Ok(())
    }
}

/// The nodes of the latest state: pending ones over those of the database.
pub(crate) struct Source<'a> {
    pub(crate) database: &'a Database,
    pub(crate) pending: &'a Pending,
}

impl NodeSource for Source<'_> {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(record) = self.pending.nodes.get(key) {
            return Ok(record.as_ref().map(|record| record.to_vec()));
        }
        if let Owner::Storage(address) = &key.owner
            && self.pending.cleared.contains(address)
        {
            return Ok(None);
        }
        Ok(self.database.get(Table::Trie, &key.encode())?.map(|bytes| bytes.to_vec()))
    }
}
