//! The state trie over the database: what a block's changes lead to, the nodes that carry it, proofs, and the rebuild
//! from flat state.
//!
//! Nodes lie in the `trie` table under [`NodeKey::encode`]; those of the last blocks are pending (see `pending`). The trie in
//! memory, pending nodes and nodes on disk change under one write lock, so whoever holds the read lock sees one height.

use crate::database::Database;
use crate::error::{HistoryError, StoreError};
use crate::ledger::decode_header;
use crate::pending::{Pending, Source};
use crate::records::{Head, HeaderRecord, decode};
use crate::state::{Undo, decode_account, decode_slot, slot_key};
use crate::store::{META_TRIE, PROOF_HEIGHTS, Store};
use crate::tables::Table;
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{AccountChange, AccountRecord, StateChanges};
use assay_primitives::{Fault, Height, codec};
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

/// Heights after which pending nodes are written at the latest; undo records reach further back.
const WRITE_HEIGHTS: u64 = PROOF_HEIGHTS / 2;

/// The trie, shared by whoever prepares and proves.
pub(crate) struct Commitments {
    pub(crate) resident: RwLock<Resident>,
}

/// The trie of the head: nodes in memory, pending nodes, and what both may take.
pub(crate) struct Resident {
    pub(crate) trie: StateTrie,
    pending: Pending,
    /// Height whose nodes the database has.
    written: Height,
    budget_bytes: usize,
}

impl Resident {
    /// Where nodes that are not in memory come from.
    pub(crate) const fn source<'a>(&'a self, database: &'a Database) -> Source<'a> {
        Source { database, pending: &self.pending }
    }

    /// Whether nothing of the trie is pending.
    pub(crate) fn is_written(&self) -> bool {
        self.pending.is_empty()
    }

    /// Takes a block's nodes, and adds all pending ones to its batch where it is time. Returns whether it did.
    pub(crate) fn stage(
        &mut self,
        database: &Database,
        height: Height,
        writes: &Writes,
        batch: &mut WriteBatch,
    ) -> Result<bool, Fault> {
        self.pending.add(writes);
        let due = height == Height::ZERO
            || height.get() - self.written.get() >= WRITE_HEIGHTS
            || self.pending.bytes() > self.budget_bytes / 4;
        if due {
            self.write(database, height, batch)?;
        }
        Ok(due)
    }

    fn write(&self, database: &Database, height: Height, batch: &mut WriteBatch) -> Result<(), Fault> {
        self.pending.write(database, batch)?;
        batch.put_cf(database.table(Table::Meta)?, META_TRIE, codec::encode(&height));
        Ok(())
    }

    /// Makes a staged block the head, once its batch is written.
    pub(crate) fn install(&mut self, height: Height, prepared: Prepared, written: bool) -> Result<(), Fault> {
        self.trie.install(prepared)?;
        if written {
            self.pending = Pending::default();
            self.written = height;
        }
        // Pending nodes are read like written ones, so what is dropped from memory can be loaded again.
        self.trie.evict_to(self.budget_bytes.saturating_sub(self.pending.bytes())).map(|_| ())
    }
}

impl Commitments {
    /// The trie of the head. Its nodes in the database may be some heights older: what changed since is read from the undo
    /// records and worked out again.
    pub(crate) fn open(database: &Database, head: Option<&Head>, budget_bytes: usize) -> Result<Self, StoreError> {
        let Some(head) = head else {
            let trie = StateTrie::open(EMPTY_ROOT)?;
            let resident = Resident { trie, pending: Pending::default(), written: Height::ZERO, budget_bytes };
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
    let height = match database.get(Table::Meta, META_TRIE)? {
        Some(bytes) => decode::<Height>("trie height", &bytes)?,
        None => return Err(Fault::corrupt("there is no trie")),
    };
    let root = match database.get(Table::Headers, &height.get().to_be_bytes())? {
        Some(bytes) => decode_header(&decode::<HeaderRecord>("header", &bytes)?.rlp)?.state_root,
        None => return Err(Fault::corrupt(format!("the trie is of height {height}, which has no header"))),
    };
    let trie = StateTrie::open(root)?;
    let mut resident = Resident { trie, pending: Pending::default(), written: height, budget_bytes };
    // Reading any account loads the root node and compares its hash with the header's.
    resident.trie.account(database, Address::ZERO)?;
    if height < head.height {
        let changes = changes_since(database, height, head.height)?;
        let prepared = resident.trie.prepare(database, updates(&changes))?;
        if prepared.root() != head.header.state_root {
            let expected = head.header.state_root;
            return Err(Fault::corrupt(format!(
                "the trie leads to root {}, the header has {expected}",
                prepared.root()
            )));
        }
        resident.pending.add(prepared.writes());
        resident.install(head.height, prepared, false)?;
    }
    Ok(resident)
}

/// The latest values of all keys that blocks above `height` changed.
fn changes_since(database: &Database, height: Height, latest: Height) -> Result<StateChanges, Fault> {
    let mut changes = StateChanges::default();
    for changed in height.next().get()..=latest.get() {
        let bytes = database.get(Table::Undo, &changed.to_be_bytes())?;
        let bytes = bytes.ok_or_else(|| Fault::corrupt(format!("no undo record of height {changed}")))?;
        for (address, before) in decode::<Undo>("undo record", &bytes)? {
            let account = database.get(Table::Accounts, address.as_slice())?;
            let change = changes.accounts.entry(address).or_default();
            change.account = account.map(|bytes| decode_account(&bytes)).transpose()?;
            for (slot, _) in before.slots {
                let slot = U256::from_be_bytes(slot.0);
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
        let source = resident.source(&self.inner.database);
        let prepared = resident.trie.prepare(&source, updates(&changes))?;
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
        let (trie, source) = (&resident.trie, resident.source(&self.inner.database));
        if height > latest {
            return Err(HistoryError::Future { height, latest });
        }
        if height == latest {
            return Ok(trie.proof(&source, address, slots)?);
        }
        let oldest = latest.saturating_sub(PROOF_HEIGHTS);
        let pruned = HistoryError::Pruned { height, oldest, bound: PROOF_HEIGHTS };
        if height < oldest {
            return Err(pruned);
        }
        let Some(changes) = self.changes_back_to(height, latest)? else { return Err(pruned) };
        let past = trie.prepare(&source, updates(&changes))?;
        Ok(trie.proof_after(&past, &source, address, slots)?)
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
