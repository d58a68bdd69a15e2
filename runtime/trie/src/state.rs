//! The state trie: the account trie and the storage tries below it, in one arena under one byte budget.

use crate::arena::{Arena, Overlay};
use crate::branch::Root;
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
    pub(crate) root: Root,
    pub(crate) root_hash: B256,
    /// Roots of the storage tries that are in memory, by hashed address.
    pub(crate) storages: BTreeMap<B256, StorageRoot>,
    /// Counts installs: what eviction goes by.
    pub(crate) epoch: u32,
    /// Changes whenever links into the arena may have become invalid.
    pub(crate) generation: u64,
}

/// The root of a storage trie in memory: a branch or a leaf.
pub(crate) struct StorageRoot {
    pub(crate) root: Root,
    pub(crate) epoch: u32,
}

/// Bytes of an entry in the map of storage tries, a leaf included.
pub(crate) const STORAGE_BYTES: usize = 192;

/// A block's changes worked out but not installed: the root, what must be persisted, and the new nodes.
pub struct Prepared {
    root_hash: B256,
    writes: Writes,
    pub(crate) overlay: Overlay,
    pub(crate) root: Root,
    pub(crate) storages: BTreeMap<B256, Root>,
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
    /// The trie whose nodes are persisted under `root`; [`EMPTY_ROOT`] for the empty state. Nothing is read yet:
    /// whether the nodes are there shows when they are first needed.
    ///
    /// # Errors
    /// None as yet.
    pub fn open(root: B256) -> Result<Self, Fault> {
        Ok(Self {
            arena: Arena::default(),
            root: persisted(root),
            root_hash: root,
            storages: BTreeMap::new(),
            epoch: 0,
            generation: 0,
        })
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
        Preparation::new(self, source).run(changes)
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
            self.arena.free(link)?;
        }
        for link in core::mem::take(&mut overlay.dropped) {
            self.arena.free_tree(link)?;
        }
        self.epoch = self.epoch.saturating_add(1);
        self.generation = self.generation.saturating_add(1);
        self.root = overlay.install_root(&mut self.arena, root)?;
        self.root_hash = root_hash;
        for (address, root) in storages {
            match overlay.install_root(&mut self.arena, root)? {
                Root::Empty => {
                    self.storages.remove(&address);
                }
                root => {
                    self.storages.insert(address, StorageRoot { root, epoch: self.epoch });
                }
            }
        }
        Ok(writes)
    }
}

/// A trie of which only the root hash is known.
pub(crate) fn persisted(root: B256) -> Root {
    if root == EMPTY_ROOT { Root::Empty } else { Root::Paged(Reference::hash(root)) }
}

/// A block on its way into an overlay.
struct Preparation<'a> {
    trie: &'a StateTrie,
    source: &'a dyn NodeSource,
    overlay: Overlay,
    storages: BTreeMap<B256, Root>,
    writes: Writes,
    epoch: u32,
}

impl<'a> Preparation<'a> {
    fn new(trie: &'a StateTrie, source: &'a dyn NodeSource) -> Self {
        let epoch = trie.epoch.saturating_add(1);
        let (overlay, storages, writes) = (Overlay::default(), BTreeMap::new(), Writes::default());
        Self { trie, source, overlay, storages, writes, epoch }
    }

    fn edit(&mut self, owner: Owner, root: Root) -> Edit<'_> {
        Edit::new(&self.trie.arena, &mut self.overlay, self.source, owner, self.epoch, root)
    }

    fn run<S>(mut self, changes: Vec<(B256, AccountUpdate<S>)>) -> Result<Prepared, Fault>
    where
        S: IntoIterator<Item = (U256, U256)>,
    {
        // The accounts' storage roots as they were: this also loads the paths that the new leaves will take.
        let mut accounts = self.edit(Owner::Accounts, self.trie.root.clone());
        let mut old_roots = Vec::with_capacity(changes.len());
        for (address, _) in &changes {
            let leaf = accounts.fetch(address)?.and_then(|value| value.as_account());
            old_roots.push(leaf.map_or(EMPTY_ROOT, |leaf| leaf.storage_root));
        }
        let root = accounts.into_root();
        let mut leaves = Vec::with_capacity(changes.len());
        for ((address, update), old_root) in changes.into_iter().zip(old_roots) {
            let gone = update.wiped || update.account.is_none();
            let kept_root = if gone { self.wipe(address, old_root) } else { old_root };
            let leaf = match update.account {
                Some(account) => {
                    Some(AccountLeaf { account, storage_root: self.storage(address, kept_root, update.slots)? })
                }
                None => None,
            };
            leaves.push((address, leaf));
        }
        let mut writes = core::mem::take(&mut self.writes);
        let mut accounts = self.edit(Owner::Accounts, root);
        for (address, leaf) in &leaves {
            match leaf {
                Some(leaf) => accounts.set(address, Value::account(leaf))?,
                None => accounts.remove(address)?,
            }
        }
        let (root, hash) = accounts.seal(&mut writes)?;
        let Self { trie, overlay, storages, .. } = self;
        let root_hash = hash.unwrap_or(trie.root_hash);
        Ok(Prepared { root_hash, writes, overlay, root, storages, generation: trie.generation })
    }

    /// Drops all storage of an account, whose root was `old_root`; gives the empty root.
    fn wipe(&mut self, address: B256, old_root: B256) -> B256 {
        if old_root != EMPTY_ROOT {
            self.writes.clear(address);
            if let Some(StorageRoot { root: Root::Branch(link), .. }) = self.trie.storages.get(&address) {
                self.overlay.dropped.push(*link);
            }
            self.storages.insert(address, Root::Empty);
        }
        EMPTY_ROOT
    }

    /// Changes the slots of an account, whose storage root was `old_root`, and gives the new one.
    fn storage(
        &mut self,
        address: B256,
        old_root: B256,
        slots: impl IntoIterator<Item = (U256, U256)>,
    ) -> Result<B256, Fault> {
        let root = match self.trie.storages.get(&address) {
            Some(resident) if old_root != EMPTY_ROOT => resident.root.clone(),
            _ => persisted(old_root),
        };
        let mut slots: Vec<(B256, U256)> =
            slots.into_iter().map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), value)).collect();
        if slots.is_empty() {
            return Ok(old_root);
        }
        // Stable: of a slot given twice the last counts.
        slots.sort_by_key(|(slot, _)| *slot);
        let mut writes = core::mem::take(&mut self.writes);
        let mut edit = self.edit(Owner::Storage(address), root);
        for (slot, value) in slots {
            if value.is_zero() {
                edit.remove(&slot)?;
            } else {
                edit.set(&slot, Value::slot(value))?;
            }
        }
        let (root, hash) = edit.seal(&mut writes)?;
        self.writes = writes;
        self.storages.insert(address, root);
        Ok(hash.unwrap_or(old_root))
    }
}
