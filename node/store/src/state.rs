//! Flat state: what accounts and slots look like on disk, and the batch that takes them from one height to the next.
//!
//! Every value that a block overwrites goes into the block's `undo` record, which takes the trie back for proofs, and from
//! there into `history` under its key and the block's height, for reads at old heights (see `recent`).

use crate::database::{Database, scan_options};
use crate::tables::Table;
use crate::undo::UndoRecord;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use assay_kernel::{AccountChange, AccountRecord, StateChanges};
use assay_primitives::Fault;
use assay_trie::{Account, Overwritten};
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

pub(crate) fn parse_account(bytes: &[u8]) -> Option<AccountRecord> {
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

/// Writes the state changes of a block into a batch and returns what they overwrite.
pub(crate) struct StateWriter<'a> {
    database: &'a Database,
    accounts: &'a ColumnFamily,
    slots: &'a ColumnFamily,
    undo: UndoRecord,
}

impl<'a> StateWriter<'a> {
    pub(crate) fn new(database: &'a Database) -> Result<Self, Fault> {
        Ok(Self {
            database,
            accounts: database.table(Table::Accounts)?,
            slots: database.table(Table::Slots)?,
            undo: UndoRecord::default(),
        })
    }

    /// Adds all changes to the batch. The values before come from the trie, which holds them in memory.
    pub(crate) fn write(
        mut self,
        changes: &StateChanges,
        before: &Overwritten,
        batch: &mut WriteBatch,
    ) -> Result<UndoRecord, Fault> {
        let code = self.database.table(Table::Code)?;
        for (hash, bytes) in &changes.code {
            batch.put_cf(code, hash.as_slice(), bytes);
        }
        let given: usize = changes.accounts.values().map(|change| change.slots.len()).sum();
        if (before.accounts.len(), before.slots.len()) != (changes.accounts.len(), given) {
            return Err(Fault::invariant("the values before a block are not of its changes"));
        }
        let mut slots = before.slots.as_slice();
        for ((address, change), before) in changes.accounts.iter().zip(&before.accounts) {
            let (of_account, rest) = slots.split_at(change.slots.len());
            slots = rest;
            self.write_account(address, change, before.as_ref(), of_account, batch)?;
        }
        Ok(self.undo)
    }

    fn write_account(
        &mut self,
        address: &Address,
        change: &AccountChange,
        before: Option<&Account>,
        slots: &[U256],
        batch: &mut WriteBatch,
    ) -> Result<(), Fault> {
        let before = before.map(|account| {
            let Account { nonce, balance, code_hash } = *account;
            encode_account(&AccountRecord { nonce, balance, code_hash })
        });
        let before = before.unwrap_or_default();
        let after = change.account.as_ref().map(encode_account).unwrap_or_default();
        if before != after {
            if after.is_empty() {
                batch.delete_cf(self.accounts, address);
            } else {
                batch.put_cf(self.accounts, address, &after);
            }
        }
        self.undo.account(address, &before, before == after);
        if change.wiped || change.account.is_none() {
            for (slot, value, before) in self.wiped_slots(address, change)? {
                self.write_slot(address, (&slot, &value), &before, batch);
            }
        } else {
            for ((slot, value), before) in change.slots.iter().zip(slots) {
                self.write_slot(address, (slot, value), before, batch);
            }
        }
        self.undo.end();
        Ok(())
    }

    /// All slots from before the block and those it set afterwards, with their values after and before.
    fn wiped_slots(&self, address: &Address, change: &AccountChange) -> Result<Vec<(U256, U256, U256)>, Fault> {
        let mut before = BTreeMap::new();
        self.database.scan(Table::Slots, address.as_slice(), address.as_slice(), |key, value| {
            let slot = key.get(20..).and_then(U256::try_from_be_slice);
            before.insert(slot.ok_or_else(|| Fault::corrupt("a slot's key has a wrong length"))?, decode_slot(value)?);
            Ok(true)
        })?;
        let mut after: BTreeMap<U256, U256> = before.keys().map(|slot| (*slot, U256::ZERO)).collect();
        if change.account.is_some() {
            after.extend(&change.slots);
        }
        Ok(after
            .into_iter()
            .map(|(slot, value)| (slot, value, before.get(&slot).copied().unwrap_or_default()))
            .collect())
    }

    /// Writes a slot that changes.
    fn write_slot(&mut self, address: &Address, (slot, value): (&U256, &U256), before: &U256, batch: &mut WriteBatch) {
        if before == value {
            return;
        }
        let before: [u8; 32] = before.to_be_bytes();
        let before = trim(&before);
        let key = slot_key(address, slot);
        if value.is_zero() {
            batch.delete_cf(self.slots, key);
        } else {
            batch.put_cf(self.slots, key, trim(&value.to_be_bytes::<32>()));
        }
        self.undo.slot(slot, before);
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
