//! What the last blocks overwrote, until `history` has it.
//!
//! A block's undo record holds everything that reads at the heights below need. Writing the same values into `history` under
//! their keys with every block would cost more than the block's state itself, so records stay in memory for some heights,
//! where views search them, and then go into `history` all at once and in the order of its keys. What a crash takes of them is read
//! from the `undo` table again at open.
//!
//! A view must find every value either here or there: a record is added before its block's batch is written, and removed after
//! `history` has it; a view takes the records first and reads `history` then.

use crate::bulk::Sink;
use crate::database::{Database, Durability};
use crate::error::StoreError;
use crate::records::{Head, decode};
use crate::store::META_HISTORY;
use crate::tables::Table;
use crate::undo::UndoRecord;
use alloy_primitives::{Address, U256};
use assay_primitives::{Fault, Height, codec};
use parking_lot::RwLock;
use rocksdb::WriteBatch;
use std::sync::Arc;

/// Every how many heights records go into `history`; few in tests, so that these see it often.
const INDEX_HEIGHTS: u64 = if cfg!(test) { 8 } else { 64 };
/// The height within so many at which they go, so that they do not with the trie's nodes.
const INDEX_PHASE: u64 = INDEX_HEIGHTS / 2;

/// Key of `history` as far as the height, the account's one filled up with zeros.
const KEY_BYTES: usize = 53;

/// The records that `history` does not have, in the order of their heights, which follow one another.
pub(crate) type Records = Arc<Vec<(Height, Arc<UndoRecord>)>>;

/// What the last blocks overwrote.
pub(crate) struct Recent {
    records: RwLock<Records>,
    bytes_max: usize,
}

impl Recent {
    /// The records above the height up to which `history` is complete.
    pub(crate) fn open(database: &Database, head: Option<&Head>, bytes_max: usize) -> Result<Self, StoreError> {
        let records = match head {
            Some(head) => match read(database, head.height) {
                Ok(records) => records,
                Err(Fault::Storage(reason)) => {
                    return Err(StoreError::Storage { path: database.path.clone(), reason });
                }
                Err(fault) => {
                    let (file, reason) = (database.path.clone(), fault.to_string());
                    return Err(StoreError::Damaged { file, reason });
                }
            },
            None => Vec::new(),
        };
        Ok(Self { records: RwLock::new(Arc::new(records)), bytes_max })
    }

    /// The records as they are now.
    pub(crate) fn records(&self) -> Records {
        Arc::clone(&self.records.read())
    }

    /// Adds a block's record; before its batch is written.
    pub(crate) fn add(&self, height: Height, record: UndoRecord) {
        let mut records = self.records.write();
        let records = Arc::make_mut(&mut records);
        // Of a block whose batch could not be written, and that is installed again.
        records.retain(|(held, _)| *held < height);
        records.push((height, Arc::new(record)));
    }

    /// Puts the records into `history` where it is time.
    pub(crate) fn index(&self, database: &Database, head: Height) -> Result<(), Fault> {
        let records = self.records();
        let bytes: usize = records.iter().map(|(_, record)| record.size()).sum();
        let is_long = records.len() as u64 >= INDEX_HEIGHTS;
        if head.get() % INDEX_HEIGHTS != INDEX_PHASE && !is_long && bytes <= self.bytes_max {
            return Ok(());
        }
        database.write_sorted(Table::History, bytes, &mut |sink| entries(&records, sink))?;
        let mut batch = WriteBatch::default();
        batch.put_cf(database.table(Table::Meta)?, META_HISTORY, codec::encode(&head));
        database.write(batch, Durability::Written)?;
        *self.records.write() = Records::default();
        Ok(())
    }
}

fn read(database: &Database, head: Height) -> Result<Vec<(Height, Arc<UndoRecord>)>, Fault> {
    let first = match database.get(Table::Meta, META_HISTORY)? {
        Some(bytes) => decode::<Height>("history height", &bytes)?.next(),
        None => Height::ZERO,
    };
    let mut records = Vec::new();
    for height in first.get()..=head.get() {
        let bytes = database.get(Table::Undo, &height.to_be_bytes())?;
        let bytes = bytes.ok_or_else(|| Fault::corrupt(format!("no undo record of height {height}")))?;
        records.push((Height(height), Arc::new(UndoRecord::read(bytes.to_vec())?)));
    }
    Ok(records)
}

/// The stored form of an account before the first block above `height` that changed it.
pub(crate) fn account_after(records: &Records, address: &Address, height: Height) -> Option<Vec<u8>> {
    above(records, height).find_map(|record| record.account_before(address)).map(<[u8]>::to_vec)
}

/// The stored form of a slot before the first block above `height` that changed it.
pub(crate) fn slot_after(records: &Records, address: &Address, slot: &U256, height: Height) -> Option<Vec<u8>> {
    above(records, height).find_map(|record| record.slot_before(address, slot)).map(<[u8]>::to_vec)
}

fn above(records: &Records, height: Height) -> impl Iterator<Item = &UndoRecord> {
    records.iter().filter(move |(held, _)| *held > height).map(|(_, record)| &**record)
}

/// An account in one record: its address as a number, the record, its place there.
type Mention = ((u128, u32), u32, u32);

/// Gives the entries of `history` that the records hold, in the order of their keys.
fn entries(records: &Records, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut mentions: Vec<Mention> =
        Vec::with_capacity(records.iter().map(|(_, record)| record.accounts().len()).sum());
    for (at, (_, record)) in (0u32..).zip(&**records) {
        for (place, account) in (0u32..).zip(record.accounts()) {
            mentions.push((number(record.address(*account)), at, place));
        }
    }
    mentions.sort_unstable();
    let mut slots = Vec::new();
    for account in mentions.chunk_by(|a, b| a.0 == b.0) {
        account_entries(records, account, &mut slots, sink)?;
    }
    Ok(())
}

fn number(address: &[u8; 20]) -> (u128, u32) {
    let (mut high, mut low) = ([0; 16], [0; 4]);
    high.copy_from_slice(&address[..16]);
    low.copy_from_slice(&address[16..]);
    (u128::from_be_bytes(high), u32::from_be_bytes(low))
}

/// A slot in one record: its key, the record, its place there.
type SlotMention = (U256, u32, u32);

/// The entries of one account: itself at all heights, then its slots.
fn account_entries(
    records: &Records,
    account: &[Mention],
    slots: &mut Vec<SlotMention>,
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    let mut key = [0; KEY_BYTES + 8];
    slots.clear();
    for (_, at, place) in account {
        let (height, record) = &records[*at as usize];
        let place = record.accounts()[*place as usize];
        let (address, before) = record.entry(place);
        key[..20].copy_from_slice(address);
        if let Some(before) = before {
            key[21..29].copy_from_slice(&height.get().to_be_bytes());
            sink(&key[..29], Some(before))?;
        }
        slots.extend(record.slots(place).iter().map(|slot| {
            let (slot_key, _) = record.slot_entry(*slot);
            (U256::from_be_bytes(*slot_key), *at, *slot)
        }));
    }
    // Those of one record are in order already.
    if account.len() > 1 {
        slots.sort_unstable();
    }
    key[20] = 1;
    for (slot, at, place) in slots {
        let (height, record) = &records[*at as usize];
        key[21..KEY_BYTES].copy_from_slice(&slot.to_be_bytes::<32>());
        key[KEY_BYTES..].copy_from_slice(&height.get().to_be_bytes());
        sink(&key, Some(record.slot_entry(*place).1))?;
    }
    Ok(())
}
