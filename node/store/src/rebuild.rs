//! The trie from the flat state: to build it again, or to compare it with what is stored.
//!
//! The builder wants hashed keys in order, the flat state lies in the order of plain ones. Keys are hashed and sorted in
//! memory a part of the hash space at a time, so memory stays bounded and large states take more passes.

use crate::commitment::{TRIE_HEIGHT, trie_account};
use crate::database::{Database, Durability};
use crate::error::StoreError;
use crate::findings::{Progress, Stage};
use crate::open::{Opened, read_head};
use crate::options::StoreOptions;
use crate::state::{decode_account, decode_slot};
use crate::tables::{Table, table_options};
use alloy_primitives::{Address, B256, U256, keccak256};
use assay_primitives::{Fault, codec};
use assay_trie::{Account, NodeKey, StateBuilder};
use rocksdb::WriteBatch;
use std::path::Path;

/// Most hashed entries held in memory at once: about 100 MB.
const SORTED_MAX: usize = 1 << 20;
/// Bytes of trie nodes written at once.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Builds the trie of the flat state; gives every node to `sink` and returns the root.
pub(crate) fn build(
    database: &Database,
    progress: &mut dyn FnMut(Progress),
    sink: impl FnMut(NodeKey, &[u8]) -> Result<(), Fault>,
) -> Result<B256, Fault> {
    let mut builder = StateBuilder::new(sink);
    let mut total = 0usize;
    database.scan(Table::Accounts, &[], &[], |_, _| {
        total += 1;
        Ok(true)
    })?;
    let bits = pass_bits(total);
    let mut done = 0;
    for pass in 0..1u32 << bits {
        let mut part = hashed_accounts(database, bits, pass)?;
        part.sort_unstable_by_key(|(hash, ..)| *hash);
        for (hash, address, account) in part {
            builder.account(hash, account)?;
            add_slots(database, address, &mut builder)?;
            done += 1;
            if done % 10_000 == 0 {
                progress(Progress { stage: Stage::Trie, done, total: Some(total as u64) });
            }
        }
    }
    builder.finish()
}

/// How many leading bits of the hash tell the passes apart.
fn pass_bits(entries: usize) -> u32 {
    entries.div_ceil(SORTED_MAX).max(1).next_power_of_two().trailing_zeros().min(16)
}

fn in_pass(hash: &B256, bits: u32, pass: u32) -> bool {
    let head = u32::from(u16::from_be_bytes([hash[0], hash[1]]));
    head >> (16 - bits) == pass
}

fn hashed_accounts(database: &Database, bits: u32, pass: u32) -> Result<Vec<(B256, Address, Account)>, Fault> {
    let mut part = Vec::new();
    database.scan(Table::Accounts, &[], &[], |key, value| {
        let address = Address::try_from(key).map_err(|_| Fault::corrupt("an account's key has a wrong length"))?;
        let hash = keccak256(address);
        if in_pass(&hash, bits, pass) {
            part.push((hash, address, trie_account(&decode_account(value)?)));
        }
        Ok(true)
    })?;
    Ok(part)
}

fn add_slots<F>(database: &Database, address: Address, builder: &mut StateBuilder<F>) -> Result<(), Fault>
where
    F: FnMut(NodeKey, &[u8]) -> Result<(), Fault>,
{
    // Nearly every account fits into one pass; only one that does not is counted and read again.
    let mut total = 0;
    let mut part = hashed_slots(database, address, 0, 0, &mut total)?;
    let bits = pass_bits(total);
    for pass in 0..1u32 << bits {
        if bits > 0 {
            part = hashed_slots(database, address, bits, pass, &mut 0)?;
        }
        part.sort_unstable_by_key(|(hash, _)| *hash);
        for (hash, value) in &part {
            builder.slot(*hash, *value)?;
        }
    }
    Ok(())
}

fn hashed_slots(
    database: &Database,
    address: Address,
    bits: u32,
    pass: u32,
    total: &mut usize,
) -> Result<Vec<(B256, U256)>, Fault> {
    let mut part = Vec::new();
    database.scan(Table::Slots, address.as_slice(), address.as_slice(), |key, value| {
        *total += 1;
        let hash = keccak256(key.get(20..).unwrap_or_default());
        if in_pass(&hash, bits, pass) && part.len() <= SORTED_MAX * 2 {
            part.push((hash, decode_slot(value)?));
        }
        Ok(true)
    })?;
    Ok(part)
}

/// Builds the trie of a closed store again from its flat state.
///
/// # Errors
/// [`StoreError::Root`] where the flat state itself is not that of the header: then only a repair helps, which executes
/// the ledger again. Any other as for opening.
pub fn rebuild_trie(
    path: &Path,
    options: StoreOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<B256, StoreError> {
    let mut opened = Opened::open(path, options)?;
    rebuild_in(&mut opened, progress)
}

pub(crate) fn rebuild_in(opened: &mut Opened, progress: &mut dyn FnMut(Progress)) -> Result<B256, StoreError> {
    let path = opened.database.path.clone();
    let Some(head) = read_head(&opened.database)?.0 else { return Ok(assay_trie::EMPTY_ROOT) };
    opened.recreate(Table::Trie)?;
    let database = &opened.database;
    let table = database.table(Table::Trie)?;
    let mut batch = WriteBatch::default();
    let root = build(database, progress, |key, record| {
        batch.put_cf(table, key.encode(), record);
        if batch.size_in_bytes() > BATCH_BYTES {
            database.write(std::mem::take(&mut batch), Durability::Written)?;
        }
        Ok(())
    })?;
    if root != head.header.state_root {
        let reason = format!("the flat state has root {root}, the header {}", head.header.state_root);
        return Err(StoreError::Damaged { file: path, reason });
    }
    // The height that the nodes are of comes last: without it, those of a rebuild that is cut short are not used.
    batch.put_cf(table, TRIE_HEIGHT, codec::encode(&head.height));
    database.write(batch, Durability::Synced)?;
    Ok(root)
}

impl Opened {
    /// Empties a table by removing its files, damaged ones included.
    pub(crate) fn recreate(&mut self, table: Table) -> Result<(), StoreError> {
        let database = &mut self.database;
        let options = table_options(table, &self.options, &database.memory, &database.floor);
        let outcome = match database.db.cf_handle(table.name()) {
            Some(_) => database.db.drop_cf(table.name()),
            None => Ok(()),
        };
        outcome
            .and_then(|()| database.db.create_cf(table.name(), &options))
            .map_err(|error| crate::open::open_error(&database.path, &error))
    }
}
