//! Flat state: what accounts and slots look like on disk, and the batch that takes them from one height to the next.
//!
//! Every value that a block overwrites is kept twice: in `history` under its key and the block's height, for reads at old
//! heights, and in one `undo` record of the block, which takes the trie back for proofs.

use crate::database::{Database, scan_options};
use crate::tables::Table;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use assay_kernel::{AccountChange, AccountRecord, StateChanges};
use assay_primitives::Fault;
use borsh::{BorshDeserialize, BorshSerialize};
use rocksdb::{ColumnFamily, WriteBatch};
use std::collections::BTreeMap;

const CODE_FLAG: u8 = 0x80;

/// nonce length and code flag (1), nonce, balance length (1), balance, code hash (32, only with the flag); numbers are
/// big-endian without leading zeros.
pub(crate) fn encode_account(account: &AccountRecord) -> Vec<u8> {
    let nonce = account.nonce.to_be_bytes();
    let nonce = trim(&nonce);
    let balance: [u8; 32] = account.balance.to_be_bytes();
    let balance = trim(&balance);
    let has_code = account.code_hash != KECCAK256_EMPTY;
    let mut out = Vec::with_capacity(2 + nonce.len() + balance.len() + 32);
    out.push(nonce.len().to_le_bytes()[0] | if has_code { CODE_FLAG } else { 0 });
    out.extend_from_slice(nonce);
    out.push(balance.len().to_le_bytes()[0]);
    out.extend_from_slice(balance);
    if has_code {
        out.extend_from_slice(account.code_hash.as_slice());
    }
    out
}

/// Reads what [`encode_account`] wrote.
pub(crate) fn decode_account(bytes: &[u8]) -> Result<AccountRecord, Fault> {
    parse_account(bytes).ok_or_else(|| Fault::corrupt("an account does not decode"))
}

fn parse_account(bytes: &[u8]) -> Option<AccountRecord> {
    let (head, rest) = bytes.split_first()?;
    let (nonce, rest) = rest.split_at_checked(usize::from(head & !CODE_FLAG))?;
    let (length, rest) = rest.split_first()?;
    let (balance, rest) = rest.split_at_checked(usize::from(*length))?;
    let code_hash =
        if head & CODE_FLAG == 0 { rest.is_empty().then_some(KECCAK256_EMPTY)? } else { B256::try_from(rest).ok()? };
    Some(AccountRecord {
        nonce: u64::try_from(U256::try_from_be_slice(nonce)?).ok()?,
        balance: U256::try_from_be_slice(balance)?,
        code_hash,
    })
}

/// Reads a slot: big-endian without leading zeros, empty for zero.
pub(crate) fn decode_slot(bytes: &[u8]) -> Result<U256, Fault> {
    U256::try_from_be_slice(bytes).ok_or_else(|| Fault::corrupt("a slot is longer than 32 bytes"))
}

fn trim(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

/// Key of a slot.
pub(crate) fn slot_key(address: &Address, slot: &U256) -> [u8; 52] {
    let mut key = [0; 52];
    key[..20].copy_from_slice(address.as_slice());
    key[20..].copy_from_slice(&slot.to_be_bytes::<32>());
    key
}

/// Key of an account's value before a height.
pub(crate) fn account_history_key(address: &Address, height: u64) -> [u8; 29] {
    let mut key = [0; 29];
    key[..20].copy_from_slice(address.as_slice());
    key[21..].copy_from_slice(&height.to_be_bytes());
    key
}

/// Key of a slot's value before a height.
pub(crate) fn slot_history_key(address: &Address, slot: &U256, height: u64) -> [u8; 61] {
    let mut key = [0; 61];
    key[..20].copy_from_slice(address.as_slice());
    key[20] = 1;
    key[21..53].copy_from_slice(&slot.to_be_bytes::<32>());
    key[53..].copy_from_slice(&height.to_be_bytes());
    key
}

/// What one block overwrote in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct AccountUndo {
    /// The account before, in its stored form; empty where there was none.
    pub account: Vec<u8>,
    /// The slots before, in their stored form; empty for zero.
    pub slots: Vec<(B256, Vec<u8>)>,
}

/// What one block overwrote.
pub(crate) type Undo = BTreeMap<Address, AccountUndo>;

/// Writes the state changes of a block into a batch and returns what they overwrite.
pub(crate) struct StateWriter<'a> {
    database: &'a Database,
    accounts: &'a ColumnFamily,
    slots: &'a ColumnFamily,
    history: &'a ColumnFamily,
    height: u64,
    undo: Undo,
}

impl<'a> StateWriter<'a> {
    pub(crate) fn new(database: &'a Database, height: u64) -> Result<Self, Fault> {
        Ok(Self {
            database,
            accounts: database.table(Table::Accounts)?,
            slots: database.table(Table::Slots)?,
            history: database.table(Table::History)?,
            height,
            undo: Undo::new(),
        })
    }

    /// Adds all changes to the batch.
    pub(crate) fn write(mut self, changes: &StateChanges, batch: &mut WriteBatch) -> Result<Undo, Fault> {
        let code = self.database.table(Table::Code)?;
        for (hash, bytes) in &changes.code {
            batch.put_cf(code, hash.as_slice(), bytes);
        }
        let before = self.read_all(self.accounts, changes.accounts.keys().map(|address| address.as_slice()))?;
        for ((address, change), before) in changes.accounts.iter().zip(before) {
            self.write_account(address, change, before, batch)?;
        }
        Ok(self.undo)
    }

    fn write_account(
        &mut self,
        address: &Address,
        change: &AccountChange,
        before: Vec<u8>,
        batch: &mut WriteBatch,
    ) -> Result<(), Fault> {
        let after = change.account.as_ref().map(encode_account).unwrap_or_default();
        if before != after {
            batch.put_cf(self.history, account_history_key(address, self.height), &before);
            if after.is_empty() {
                batch.delete_cf(self.accounts, address);
            } else {
                batch.put_cf(self.accounts, address, &after);
            }
        }
        let mut undo = AccountUndo { account: before, slots: Vec::new() };
        if change.wiped || change.account.is_none() {
            self.wipe(address, change, &mut undo, batch)?;
        } else {
            self.write_slots(address, change, &mut undo, batch)?;
        }
        self.undo.insert(*address, undo);
        Ok(())
    }

    fn write_slots(
        &self,
        address: &Address,
        change: &AccountChange,
        undo: &mut AccountUndo,
        batch: &mut WriteBatch,
    ) -> Result<(), Fault> {
        let keys: Vec<[u8; 52]> = change.slots.keys().map(|slot| slot_key(address, slot)).collect();
        let before = self.read_all(self.slots, keys.iter().map(|key| key.as_slice()))?;
        for (((slot, value), key), before) in change.slots.iter().zip(&keys).zip(before) {
            self.write_slot(address, (slot, value), key, before, undo, batch);
        }
        Ok(())
    }

    /// Removes all slots from before the block and writes those it set afterwards.
    fn wipe(
        &self,
        address: &Address,
        change: &AccountChange,
        undo: &mut AccountUndo,
        batch: &mut WriteBatch,
    ) -> Result<(), Fault> {
        let mut before = BTreeMap::new();
        self.database.scan(Table::Slots, address.as_slice(), address.as_slice(), |key, value| {
            let slot = key.get(20..).and_then(U256::try_from_be_slice);
            before.insert(slot.ok_or_else(|| Fault::corrupt("a slot's key has a wrong length"))?, value.to_vec());
            Ok(true)
        })?;
        let mut after: BTreeMap<U256, U256> = before.keys().map(|slot| (*slot, U256::ZERO)).collect();
        if change.account.is_some() {
            after.extend(&change.slots);
        }
        for (slot, value) in &after {
            let before = before.remove(slot).unwrap_or_default();
            self.write_slot(address, (slot, value), &slot_key(address, slot), before, undo, batch);
        }
        Ok(())
    }

    fn write_slot(
        &self,
        address: &Address,
        (slot, value): (&U256, &U256),
        key: &[u8; 52],
        before: Vec<u8>,
        undo: &mut AccountUndo,
        batch: &mut WriteBatch,
    ) {
        let bytes: [u8; 32] = value.to_be_bytes();
        let after = trim(&bytes);
        if before == after {
            return;
        }
        batch.put_cf(self.history, slot_history_key(address, slot, self.height), &before);
        if after.is_empty() {
            batch.delete_cf(self.slots, key);
        } else {
            batch.put_cf(self.slots, key, after);
        }
        undo.slots.push((B256::from(*slot), before));
    }

    /// The values of sorted keys, empty where there is none.
    fn read_all<'k>(
        &self,
        table: &ColumnFamily,
        keys: impl ExactSizeIterator<Item = &'k [u8]>,
    ) -> Result<Vec<Vec<u8>>, Fault> {
        let keys: Vec<&[u8]> = keys.collect();
        let mut values = Vec::with_capacity(keys.len());
        // In pieces, so that the pinned results never hold more than a little of the block cache.
        for piece in keys.chunks(256) {
            for value in self.database.db.batched_multi_get_cf(table, piece.iter().copied(), true) {
                let value = value.map_err(|error| self.database.fault(&error))?;
                values.push(value.map(|bytes| bytes.to_vec()).unwrap_or_default());
            }
        }
        Ok(values)
    }
}

/// The value a key had before the first block above `height` that changed it; `None` where none did.
pub(crate) fn value_after(database: &Database, key: &[u8], next_height_at: usize) -> Result<Option<Vec<u8>>, Fault> {
    let prefix = key.get(..next_height_at).unwrap_or_default();
    let table = database.table(Table::History)?;
    let mut iterator = database.db.raw_iterator_cf_opt(table, scan_options(prefix));
    iterator.seek(key);
    let found = iterator.item().map(|(_, value)| value.to_vec());
    iterator.status().map_err(|error| database.fault(&error))?;
    Ok(found)
}
