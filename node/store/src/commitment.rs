//! The state trie over the database: what a block's changes lead to, the nodes that carry it, proofs, and the rebuild
//! from flat state.
//!
//! Nodes lie in the `trie` table under [`NodeKey::encode`]. Every block changes the upper levels of the trie, so writing its
//! nodes with each block would write the same nodes again and again; they stay in memory instead and are written every few
//! blocks, each once, with the height in the same table and the same write. What a crash takes of them is worked out again
//! at open from the undo records, which name every key that changed since. The trie in memory and its nodes on disk change
//! under one write lock, so whoever holds the read lock sees one height.

use crate::database::Database;
use crate::error::{HistoryError, StoreError};
use crate::ledger::decode_header;
use crate::records::{Head, HeaderRecord, decode};
use crate::state::{decode_account, decode_slot, slot_key};
use crate::store::{PROOF_HEIGHTS, Store};
use crate::tables::Table;
use crate::undo::decode_undo;
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{AccountChange, AccountRecord, StateChanges};
use assay_primitives::{Fault, Height, codec};
use assay_trie::{Account, AccountProof, AccountUpdate, EMPTY_ROOT, NodeKey, NodeSource, Prepared, Sink, StateTrie};
use parking_lot::RwLock;
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

/// Key in the `trie` table, after those of all nodes, of the height that its nodes are of.
pub(crate) const TRIE_HEIGHT: &[u8] = &[0xff];
/// Heights after which changed nodes are written at the latest; undo records reach further back.
const WRITE_HEIGHTS: u64 = PROOF_HEIGHTS / 2;

/// The trie, shared by whoever prepares and proves.
pub(crate) struct Commitments {
    pub(crate) resident: RwLock<Resident>,
}

/// The trie of the head, and what it may take.
pub(crate) struct Resident {
    pub(crate) trie: StateTrie,
    /// Height whose nodes the database has; `None` before genesis.
    written: Option<Height>,
    budget_bytes: usize,
}

impl Resident {
    /// Makes a block the head, once its batch is written; writes the changed nodes where it is time.
    pub(crate) fn install(&mut self, database: &Database, height: Height, prepared: Prepared) -> Result<(), Fault> {
        self.trie.install(prepared)?;
        let due = self.written.is_none_or(|written| height.get() - written.get() >= WRITE_HEIGHTS)
            || self.trie.unsaved_bytes() > self.budget_bytes / 2;
        if due {
            self.write(database, height)?;
        }
        self.trie.evict_to(self.budget_bytes).map(|_| ())
    }

    /// Writes all changed nodes together with the height.
    fn write(&mut self, database: &Database, height: Height) -> Result<(), Fault> {
        database.write_sorted(Table::Trie, self.trie.unsaved_bytes(), &mut |sink| {
            self.changed(database, sink)?;
            sink(TRIE_HEIGHT, Some(&codec::encode(&height)))
        })?;
        self.trie.saved();
        self.written = Some(height);
        Ok(())
    }

    /// Gives every node that the database does not have as it is now, by its name and in the order of these.
    pub(crate) fn changed(&self, database: &Database, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let mut stale = Vec::new();
        for address in self.trie.cleared() {
            let prefix = NodeKey::storage_prefix(address);
            database.scan(Table::Trie, &prefix, &prefix, |key, _| {
                stale.push(key.to_vec());
                Ok(true)
            })?;
        }
        self.trie.save(stale, sink)
    }
}

impl Commitments {
    /// The trie of the head. Its nodes in the database may be some heights older: what changed since is read from the undo
    /// records and worked out again.
    pub(crate) fn open(database: &Database, head: Option<&Head>, budget_bytes: usize) -> Result<Self, StoreError> {
        let Some(head) = head else {
            let trie = StateTrie::open(EMPTY_ROOT)?;
            let resident = Resident { trie, written: None, budget_bytes };
            return Ok(Self { resident: RwLock::new(resident) });
        };
        match catch_up(database, head, budget_bytes) {
            Ok(resident) => Ok(Self { resident: RwLock::new(resident) }),
            Err(Fault::Storage(reason)) => Err(StoreError::Storage { path: database.path.clone(), reason }),
            Err(fault) => Err(StoreError::Root { height: head.height, reason: fault.to_string() }),
        }
    }
}

fn catch_up(database: &Database, head: &Head, budget_bytes: usize) -> Result<Resident, Fault> {
    let written = match database.get(Table::Trie, TRIE_HEIGHT)? {
        Some(bytes) => Some(decode::<Height>("trie height", &bytes)?),
        // Genesis was written, its nodes were not: they are worked out like those of any other block.
        None if head.height.get() < WRITE_HEIGHTS => None,
        None => return Err(Fault::corrupt("there is no trie")),
    };
    let root = match written {
        Some(height) => root_of(database, height)?,
        None => EMPTY_ROOT,
    };
    let mut trie = StateTrie::open(root)?;
    // Reading any account loads the root node and compares its hash with the header's.
    trie.account(database, Address::ZERO)?;
    if written != Some(head.height) {
        let changes = changes_since(database, written.map_or(Height::ZERO, Height::next), head.height)?;
        let prepared = trie.prepare(database, updates(&changes))?;
        if prepared.root() != head.header.state_root {
            let expected = head.header.state_root;
            return Err(Fault::corrupt(format!(
                "the trie leads to root {}, the header has {expected}",
                prepared.root()
            )));
        }
        trie.install(prepared)?;
        trie.evict_to(budget_bytes)?;
    }
    Ok(Resident { trie, written, budget_bytes })
}

fn root_of(database: &Database, height: Height) -> Result<B256, Fault> {
    match database.get(Table::Headers, &height.get().to_be_bytes())? {
        Some(bytes) => Ok(decode_header(&decode::<HeaderRecord>("header", &bytes)?.rlp)?.state_root),
        None => Err(Fault::corrupt(format!("the trie is of height {height}, which has no header"))),
    }
}

/// The latest values of all keys that the blocks from `first` on changed.
fn changes_since(database: &Database, first: Height, latest: Height) -> Result<StateChanges, Fault> {
    let mut changes = StateChanges::default();
    for changed in first.get()..=latest.get() {
        let bytes = database.get(Table::Undo, &changed.to_be_bytes())?;
        let bytes = bytes.ok_or_else(|| Fault::corrupt(format!("no undo record of height {changed}")))?;
        for (address, before) in decode_undo(&bytes)? {
            let account = database.get(Table::Accounts, address.as_slice())?;
            let change = changes.accounts.entry(address).or_default();
            change.account = account.map(|bytes| decode_account(&bytes)).transpose()?;
            for (slot, _) in before.slots {
                let value = database.get(Table::Slots, &slot_key(&address, &slot))?;
                change.slots.insert(slot, decode_slot(&value.map(|value| value.to_vec()).unwrap_or_default())?);
            }
        }
    }
    Ok(changes)
}

impl NodeSource for Database {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.get(Table::Trie, &key.encode())?.map(|bytes| bytes.to_vec()))
    }
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
        let resident = self.inner.commitments.resident.read();
        let base = self.head().map(|head| head.height);
        let prepared = resident.trie.prepare(&self.inner.database, updates(&changes))?;
        Ok(PreparedState { base, changes, trie: prepared })
    }

    /// Proves an account and slots of it against the state root of a height: the latest, or one of the last
    /// [`PROOF_HEIGHTS`] below it, for which the blocks since are undone in memory.
    ///
    /// # Errors
    /// [`HistoryError`] with the bound where the height is too old or not there yet.
    pub fn proof(&self, address: Address, slots: &[U256], height: Height) -> Result<AccountProof, HistoryError> {
        let resident = self.inner.commitments.resident.read();
        let latest = self.inner.latest()?.height;
        let (trie, source) = (&resident.trie, &self.inner.database);
        if height > latest {
            return Err(HistoryError::Future { height, latest });
        }
        if height == latest {
            return Ok(trie.proof(source, address, slots)?);
        }
        let oldest = latest.saturating_sub(PROOF_HEIGHTS);
        let pruned = HistoryError::Pruned { height, oldest, bound: PROOF_HEIGHTS };
        if height < oldest {
            return Err(pruned);
        }
        let Some(changes) = self.changes_back_to(height, latest)? else { return Err(pruned) };
        let past = trie.prepare(source, updates(&changes))?;
        Ok(trie.proof_after(&past, source, address, slots)?)
    }

    /// The changes that lead from `latest` back to `height`; `None` where an undo record is not there any more.
    fn changes_back_to(&self, height: Height, latest: Height) -> Result<Option<StateChanges>, Fault> {
        let mut back: BTreeMap<Address, AccountChange> = BTreeMap::new();
        // From the latest block down, so that what the earliest block found is written last.
        for undone in (height.next().get()..=latest.get()).rev() {
            let Some(bytes) = self.inner.database.get(Table::Undo, &undone.to_be_bytes())? else { return Ok(None) };
            for (address, before) in decode_undo(&bytes)? {
                let change = back.entry(address).or_default();
                change.account = before.account;
                change.slots.extend(before.slots);
            }
        }
        Ok(Some(StateChanges { accounts: back, code: BTreeMap::new() }))
    }
}
