//! The state trie: the account trie and the storage tries below it, in one arena under one byte budget.

use crate::arena::{Arena, Link, Overlay};
use crate::edit::Edit;
use crate::rlp::{EMPTY_ROOT, Reference};
use crate::value::{Account, AccountLeaf, Value};
use crate::writes::{NodeSource, Owner, Writes};
use alloy_primitives::{Address, B256, U256, keccak256};
use assay_primitives::Fault;
use std::collections::BTreeMap;

/// What happened to one account: where it is wiped, all old storage is gone first; then the slots are written, and zero
/// deletes. No account: it is deleted with its storage, and the slots do not matter.
#[derive(Clone, Debug)]
pub struct AccountUpdate<S> {
    /// The account afterwards.
    pub account: Option<Account>,
    /// Whether all storage from before is gone.
    pub wiped: bool,
    /// Changed slots and their new values, in any order; of a slot given twice the last counts.
    pub slots: S,
}

/// The trie of the state at one block. See the crate's documentation for how it is used.
pub struct StateTrie {
    pub(crate) arena: Arena,
    pub(crate) root: Link,
    pub(crate) root_hash: B256,
    /// Roots of the storage tries that are in memory, by hashed address.
    pub(crate) storages: BTreeMap<B256, StorageRoot>,
    /// Counts installs: what eviction goes by.
    pub(crate) epoch: u32,
    /// Changes whenever links into the arena may have become invalid.
    pub(crate) generation: u64,
}

/// The root of a storage trie in memory: a branch or a leaf.
#[derive(Clone, Copy)]
pub(crate) struct StorageRoot {
    pub(crate) link: Link,
    pub(crate) epoch: u32,
}

/// Bytes of an entry in the map of storage tries.
pub(crate) const STORAGE_BYTES: usize = 64;

/// A block's changes worked out but not installed: the root, what must be persisted, and the new nodes.
pub struct Prepared {
    root_hash: B256,
    writes: Writes,
    pub(crate) overlay: Overlay,
    pub(crate) root: Link,
    pub(crate) storages: BTreeMap<B256, Link>,
    generation: u64,
}

impl Prepared {
    /// The state root after the block.
    pub const fn root(&self) -> B256 {
        self.root_hash
    }

    /// What must be persisted when the block is installed.
    pub const fn writes(&self) -> &Writes {
        &self.writes
    }
}

impl StateTrie {
    /// The trie whose nodes are persisted under `root`; [`EMPTY_ROOT`] for the empty state. Nothing is read yet.
    ///
    /// # Errors
    /// Never in practice: the arena of a new trie is not full.
    pub fn open(root: B256) -> Result<Self, Fault> {
        let mut arena = Arena::default();
        let link = if root == EMPTY_ROOT { Link::EMPTY } else { arena.add_stub(Reference::hash(root))? };
        Ok(Self { arena, root: link, root_hash: root, storages: BTreeMap::new(), epoch: 0, generation: 0 })
    }

    /// The state root.
    pub const fn root(&self) -> B256 {
        self.root_hash
    }

    /// Bytes that the nodes in memory take.
    pub fn bytes(&self) -> usize {
        self.arena.bytes().saturating_add(self.storages.len().saturating_mul(STORAGE_BYTES))
    }

    /// Leaves (accounts and slots) in memory.
    pub const fn resident_leaves(&self) -> usize {
        self.arena.leaf_count()
    }

    /// Branches in memory.
    pub const fn resident_branches(&self) -> usize {
        self.arena.branch_count()
    }

    /// Works out the root and the writes that the changes lead to; the trie stays as it is. Any number of blocks may
    /// be prepared on the same state, and any one of them installed.
    ///
    /// # Errors
    /// A `Fault` of the source, or [`Fault::Corrupt`] naming a node that is missing, malformed or not what its parent's
    /// hash says.
    pub fn prepare<S: IntoIterator<Item = (U256, U256)>>(
        &self,
        source: &dyn NodeSource,
        changes: impl IntoIterator<Item = (Address, AccountUpdate<S>)>,
    ) -> Result<Prepared, Fault> {
        let mut changes: Vec<(B256, AccountUpdate<S>)> =
            changes.into_iter().map(|(address, update)| (keccak256(address), update)).collect();
        // In key order, so that neighbours are found in the cache and on disk together.
        changes.sort_unstable_by_key(|(address, _)| *address);
        if changes.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
            return Err(Fault::invariant("trie: an account is changed twice in one block"));
        }
        let mut block = Preparation::new(self, source);
        for (address, update) in changes {
            block.account(address, update)?;
        }
        block.seal()
    }

    /// Whether a block was prepared on this state, and nothing was installed or evicted since.
    pub const fn is_base_of(&self, prepared: &Prepared) -> bool {
        prepared.generation == self.generation
    }

    /// Makes a prepared block the state. Persist [`Prepared::writes`] in the same step, before anything is loaded or
    /// evicted again.
    ///
    /// # Errors
    /// [`Fault::Invariant`] where the block was prepared on another state, or before an eviction; nothing changes then.
    pub fn install(&mut self, prepared: Prepared) -> Result<Writes, Fault> {
        if !self.is_base_of(&prepared) {
            return Err(Fault::invariant("trie: install of a block that was prepared on another state"));
        }
        let Prepared { root_hash, writes, mut overlay, root, storages, .. } = prepared;
        for link in core::mem::take(&mut overlay.freed) {
            self.arena.free(link);
        }
        for link in core::mem::take(&mut overlay.dropped) {
            self.arena.free_tree(link);
        }
        self.epoch = self.epoch.saturating_add(1);
        self.generation = self.generation.saturating_add(1);
        self.root = overlay.install(&mut self.arena, root)?;
        self.root_hash = root_hash;
        for (address, link) in storages {
            let link = overlay.install(&mut self.arena, link)?;
            if link.is_empty() {
                self.storages.remove(&address);
            } else {
                self.storages.insert(address, StorageRoot { link, epoch: self.epoch });
            }
        }
        Ok(writes)
    }
}

/// A block on its way into an overlay.
struct Preparation<'a> {
    trie: &'a StateTrie,
    source: &'a dyn NodeSource,
    overlay: Overlay,
    storages: BTreeMap<B256, Link>,
    writes: Writes,
    /// Accounts as they are after the block; all are set once the storage roots are known.
    root: Link,
    accounts: Vec<(B256, Option<AccountLeaf>)>,
    epoch: u32,
}

impl<'a> Preparation<'a> {
    fn new(trie: &'a StateTrie, source: &'a dyn NodeSource) -> Self {
        Self {
            trie,
            source,
            overlay: Overlay::default(),
            storages: BTreeMap::new(),
            writes: Writes::default(),
            root: trie.root,
            accounts: Vec::new(),
            epoch: trie.epoch.saturating_add(1),
        }
    }

    fn edit(&mut self, owner: Owner) -> Edit<'_> {
        Edit::new(&self.trie.arena, &mut self.overlay, self.source, owner, self.epoch)
    }

    fn account<S>(&mut self, address: B256, update: AccountUpdate<S>) -> Result<(), Fault>
    where
        S: IntoIterator<Item = (U256, U256)>,
    {
        let root = self.root;
        let mut edit = self.edit(Owner::Accounts);
        let (root, leaf) = edit.fetch(root, &address)?;
        let old = match leaf {
            Some(leaf) => edit.nodes().leaf(leaf)?.value.as_account(),
            None => None,
        };
        self.root = root;
        let mut storage_root = old.map_or(EMPTY_ROOT, |leaf| leaf.storage_root);
        if (update.wiped || update.account.is_none()) && storage_root != EMPTY_ROOT {
            self.writes.clear(address);
            if let Some(resident) = self.trie.storages.get(&address) {
                self.overlay.dropped.push(resident.link);
            }
            self.storages.insert(address, Link::EMPTY);
            storage_root = EMPTY_ROOT;
        }
        if update.account.is_some() {
            storage_root = self.storage(address, storage_root, update.slots)?;
        }
        self.accounts.push((address, update.account.map(|account| AccountLeaf { account, storage_root })));
        Ok(())
    }

    /// Changes the slots of an account and gives its storage root.
    fn storage(
        &mut self,
        address: B256,
        storage_root: B256,
        slots: impl IntoIterator<Item = (U256, U256)>,
    ) -> Result<B256, Fault> {
        let mut slots: Vec<(B256, U256)> =
            slots.into_iter().map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), value)).collect();
        if slots.is_empty() {
            return Ok(storage_root);
        }
        slots.sort_by_key(|(slot, _)| *slot);
        let resident = self.storages.get(&address).copied();
        let resident = resident.or_else(|| self.trie.storages.get(&address).map(|root| root.link));
        let mut root = match resident {
            Some(link) => link,
            None if storage_root == EMPTY_ROOT => Link::EMPTY,
            None => self.overlay.add_stub(Reference::hash(storage_root))?,
        };
        let mut writes = core::mem::take(&mut self.writes);
        let mut edit = self.edit(Owner::Storage(address));
        for (slot, value) in slots {
            root = if value.is_zero() { edit.remove(root, &slot)? } else { edit.set(root, &slot, Value::slot(value))? };
        }
        let storage_root = edit.seal(root, &mut writes)?;
        self.writes = writes;
        self.storages.insert(address, root);
        Ok(storage_root)
    }

    fn seal(mut self) -> Result<Prepared, Fault> {
        let mut root = self.root;
        let accounts = core::mem::take(&mut self.accounts);
        let mut writes = core::mem::take(&mut self.writes);
        let mut edit = self.edit(Owner::Accounts);
        for (address, leaf) in &accounts {
            root = match leaf {
                Some(leaf) => edit.set(root, address, Value::account(leaf))?,
                None => edit.remove(root, address)?,
            };
        }
        let root_hash = edit.seal(root, &mut writes)?;
        let Self { overlay, storages, trie, .. } = self;
        Ok(Prepared { root_hash, writes, overlay, root, storages, generation: trie.generation })
    }
}
