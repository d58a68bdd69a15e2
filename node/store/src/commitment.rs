//! The state trie over the database: what a block's changes lead to, the nodes that carry it, proofs, and the rebuild
//! from flat state.
//!
//! Nodes lie in the `trie` table under [`NodeKey::encode`]. The trie in memory and the nodes on disk change under one write
//! lock, so whoever holds the read lock sees both at the same height.

use crate::database::Database;
use crate::error::{HistoryError, StoreError};
use crate::records::{Head, decode};
use crate::state::{Undo, decode_account, decode_slot};
use crate::store::{PROOF_HEIGHTS, Store};
use crate::tables::Table;
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{AccountChange, AccountRecord, StateChanges};
use assay_primitives::{Fault, Height};
use assay_trie::{Account, AccountProof, AccountUpdate, EMPTY_ROOT, NodeKey, NodeSource, Prepared, StateTrie, Writes};
use parking_lot::RwLock;
use rocksdb::WriteBatch;
use std::collections::BTreeMap;

/// A block's state changes with the root they lead to and the trie nodes that carry it; made by
/// [`crate::Store::prepare`], used up by [`crate::Store::apply`].
pub struct PreparedState {
    pub(crate) base: Option<Height>,
    pub(crate) changes: StateChanges,
    pub(crate) trie: Prepared,
}

impl std::fmt::Debug for PreparedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedState({} on {:?})", self.root(), self.base)
    }
}

impl PreparedState {
    /// The state root after the block.
    pub const fn root(&self) -> B256 {
        self.trie.root()
    }

    /// The changes.
    pub const fn changes(&self) -> &StateChanges {
        &self.changes
    }
}

/// The trie in memory.
pub(crate) struct Commitments {
    pub(crate) trie: RwLock<StateTrie>,
    budget_bytes: usize,
}

impl NodeSource for Database {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.get(Table::Trie, &key.encode())?.map(|bytes| bytes.to_vec()))
    }
}

impl Commitments {
    pub(crate) fn open(head: Option<&Head>, budget_bytes: usize) -> Result<Self, Fault> {
        let trie = StateTrie::open(head.map_or(EMPTY_ROOT, |head| head.header.state_root))?;
        Ok(Self { trie: RwLock::new(trie), budget_bytes })
    }

    /// Compares the persisted root node with the header's state root: reading any account loads it and checks its hash.
    pub(crate) fn check(&self, database: &Database, head: &Head) -> Result<(), StoreError> {
        match self.trie.read().account(database, Address::ZERO) {
            Ok(_) => Ok(()),
            Err(Fault::Storage(reason)) => Err(StoreError::Storage { path: database.path.clone(), reason }),
            Err(fault) => Err(StoreError::Root { height: head.height, reason: fault.to_string() }),
        }
    }

    /// Drops nodes above the budget; all are persisted.
    pub(crate) fn evict(&self, trie: &mut StateTrie) -> Result<(), Fault> {
        trie.evict_to(self.budget_bytes).map(|_| ())
    }
}

/// Adds a block's trie nodes to its batch.
pub(crate) fn write_nodes(database: &Database, writes: &Writes, batch: &mut WriteBatch) -> Result<(), Fault> {
    let table = database.table(Table::Trie)?;
    for address in writes.cleared() {
        let prefix = NodeKey::storage_prefix(address);
        database.scan(Table::Trie, &prefix, &prefix, |key, _| {
            batch.delete_cf(table, key);
            Ok(true)
        })?;
    }
    let mut key_bytes = Vec::with_capacity(NodeKey::MAX_ENCODED);
    for (key, record) in writes.nodes() {
        key_bytes.clear();
        key.encode_into(&mut key_bytes);
        match record {
            Some(record) => batch.put_cf(table, &key_bytes, record),
            None => batch.delete_cf(table, &key_bytes),
        }
    }
    Ok(())
}

/// The account as the trie takes it.
pub(crate) const fn trie_account(account: &AccountRecord) -> Account {
    Account { nonce: account.nonce, balance: account.balance, code_hash: account.code_hash }
}

type SlotIter<'a> =
    std::iter::Map<std::collections::btree_map::Iter<'a, U256, U256>, fn((&'a U256, &'a U256)) -> (U256, U256)>;

const fn copy<'a>((slot, value): (&'a U256, &'a U256)) -> (U256, U256) {
    (*slot, *value)
}

/// State changes as the trie takes them.
pub(crate) fn updates<'a>(
    changes: &'a StateChanges,
) -> impl Iterator<Item = (Address, AccountUpdate<SlotIter<'a>>)> + 'a {
    changes.accounts.iter().map(|(address, change)| {
        let update = AccountUpdate {
            account: change.account.as_ref().map(trie_account),
            wiped: change.wiped,
            slots: change.slots.iter().map(copy as fn((&'a U256, &'a U256)) -> (U256, U256)),
        };
        (*address, update)
    })
}

impl Store {
    /// Computes what the changes lead to, without writing anything: the new root and the trie nodes that carry it. Any
    /// number of blocks may be prepared on the same head; one of them can be applied.
    ///
    /// # Errors
    /// A fault where trie nodes cannot be read.
    pub fn prepare(&self, changes: StateChanges) -> Result<PreparedState, Fault> {
        let trie = self.inner.commitments.trie.read();
        let base = self.head().map(|head| head.height);
        let prepared = trie.prepare(&self.inner.database, updates(&changes))?;
        Ok(PreparedState { base, changes, trie: prepared })
    }

    /// Proves an account and slots of it against the state root of a height: the latest, or one of the last
    /// [`PROOF_HEIGHTS`] below it, for which the blocks since are undone in memory.
    ///
    /// # Errors
    /// [`HistoryError`] with the bound where the height is too old or not there yet.
    pub fn proof(&self, address: Address, slots: &[U256], height: Height) -> Result<AccountProof, HistoryError> {
        let trie = self.inner.commitments.trie.read();
        let latest = self.inner.latest()?.height;
        let database = &self.inner.database;
        if height > latest {
            return Err(HistoryError::Future { height, latest });
        }
        if height == latest {
            return Ok(trie.proof(database, address, slots)?);
        }
        let oldest = latest.saturating_sub(PROOF_HEIGHTS);
        let pruned = HistoryError::Pruned { height, oldest, bound: PROOF_HEIGHTS };
        if height < oldest {
            return Err(pruned);
        }
        let Some(changes) = self.changes_back_to(height, latest)? else { return Err(pruned) };
        let past = trie.prepare(database, updates(&changes))?;
        Ok(trie.proof_after(&past, database, address, slots)?)
    }

    /// The changes that lead from `latest` back to `height`; `None` where an undo record is not there any more.
    fn changes_back_to(&self, height: Height, latest: Height) -> Result<Option<StateChanges>, Fault> {
        let mut back: BTreeMap<Address, AccountChange> = BTreeMap::new();
        // From the latest block down, so that what the earliest block found is written last.
        for undone in (height.next().get()..=latest.get()).rev() {
            let Some(bytes) = self.inner.database.get(Table::Undo, &undone.to_be_bytes())? else { return Ok(None) };
            let undo: Undo = decode("undo record", &bytes)?;
            for (address, before) in undo {
                let change = back.entry(address).or_default();
                change.account = match before.account.is_empty() {
                    true => None,
                    false => Some(decode_account(&before.account)?),
                };
                for (slot, value) in &before.slots {
                    change.slots.insert((*slot).into(), decode_slot(value)?);
                }
            }
        }
        Ok(Some(StateChanges { accounts: back, code: BTreeMap::new() }))
    }
}
