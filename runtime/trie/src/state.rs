//! The state trie: the account trie and the storage tries below it, in one arena under one byte budget.

use crate::arena::Arena;
use crate::branch::{Link, Root};
use crate::evict::Sweep;
use crate::names::{NodeKey, NodeSource};
use crate::overlay::Overlay;
use crate::prepare::Preparation;
use crate::rlp::{EMPTY_ROOT, Reference};
use crate::value::Account;
use alloy_primitives::{Address, B256, U256};
use assay_primitives::Fault;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Roots of the storage tries that are in memory, by hashed address; those of one slot lie in the account.
    pub(crate) storages: BTreeMap<B256, Link>,
    /// Records that went away since the last save; some may have come back.
    pub(crate) removed: Vec<NodeKey>,
    /// Accounts whose storage tries were removed whole since the last save.
    pub(crate) cleared: BTreeSet<B256>,
    /// Counts installs: what eviction goes by.
    pub(crate) epoch: u32,
    /// Changes whenever links into the arena may have become invalid.
    pub(crate) generation: u64,
    pub(crate) sweep: Sweep,
}

/// Bytes of an entry in the map of storage tries.
pub(crate) const STORAGE_BYTES: usize = 64;

/// What a block overwrites, in the order in which its changes were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overwritten {
    /// The accounts before; `None` where there was none.
    pub accounts: Vec<Option<Account>>,
    /// The values before of all slots given, those of one account after those of the other. Zero for those of accounts
    /// that are wiped or deleted, which are not looked up.
    pub slots: Vec<U256>,
}

/// A block's changes worked out but not installed: the root, what they overwrite, and the new nodes.
pub struct Prepared {
    pub(crate) root_hash: B256,
    pub(crate) overwritten: Overwritten,
    pub(crate) overlay: Overlay,
    pub(crate) root: Root,
    /// Storage tries that have another root branch, or none any more; by hashed address, ascending.
    pub(crate) storages: Vec<(B256, Option<Link>)>,
    pub(crate) cleared: Vec<B256>,
    pub(crate) generation: u64,
}

impl Prepared {
    /// The state root after the block.
    pub const fn root(&self) -> B256 {
        self.root_hash
    }

    /// The values before of everything that the block changes.
    pub const fn overwritten(&self) -> &Overwritten {
        &self.overwritten
    }

    /// The root branch of a storage trie that the block changes.
    pub(crate) fn storage(&self, address: &B256) -> Option<Link> {
        let place = self.storages.binary_search_by_key(address, |(address, _)| *address).ok()?;
        self.storages.get(place).and_then(|(_, root)| *root)
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
            removed: Vec::new(),
            cleared: BTreeSet::new(),
            epoch: 0,
            generation: 0,
            sweep: Sweep::default(),
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

    /// Bytes that nodes take whose records are not persisted yet; these are never evicted.
    pub const fn unsaved_bytes(&self) -> usize {
        self.arena.unsaved_bytes().saturating_add(self.removed.len().saturating_mul(size_of::<NodeKey>()))
    }

    /// Leaves (accounts and slots) in memory, slots that lie in their account not counted.
    pub const fn resident_leaves(&self) -> usize {
        self.arena.leaf_count()
    }

    /// Branches in memory.
    pub const fn resident_branches(&self) -> usize {
        self.arena.branch_count()
    }

    /// Works out the root that the changes lead to; the trie stays as it is. Any number of blocks may be prepared on the
    /// same state, and any one of them installed.
    ///
    /// # Errors
    /// A `Fault` of the source, or [`Fault::Corrupt`] naming a node that is missing, malformed or not what its parent's
    /// hash says.
    pub fn prepare<S: IntoIterator<Item = (U256, U256)>>(
        &self,
        source: &dyn NodeSource,
        changes: impl IntoIterator<Item = (Address, AccountUpdate<S>)>,
    ) -> Result<Prepared, Fault> {
        Preparation::new(self, source).run(changes)
    }

    /// Whether a block was prepared on this state, and nothing was installed or evicted since.
    pub const fn is_base_of(&self, prepared: &Prepared) -> bool {
        prepared.generation == self.generation
    }

    /// Makes a prepared block the state.
    ///
    /// # Errors
    /// [`Fault::Invariant`] where the block was prepared on another state, or before an eviction; nothing changes then.
    pub fn install(&mut self, prepared: Prepared) -> Result<(), Fault> {
        if !self.is_base_of(&prepared) {
            return Err(Fault::invariant("trie: install of a block that was prepared on another state"));
        }
        let Prepared { root_hash, mut overlay, root, storages, cleared, .. } = prepared;
        for link in core::mem::take(&mut overlay.freed) {
            self.arena.free(link)?;
        }
        for link in core::mem::take(&mut overlay.dropped) {
            self.arena.free_tree(link)?;
        }
        self.removed.append(&mut overlay.removed);
        self.cleared.extend(cleared);
        self.epoch = self.epoch.saturating_add(1);
        self.generation = self.generation.saturating_add(1);
        self.root = match root {
            Root::Branch(link) => Root::Branch(overlay.install(&mut self.arena, link)?),
            root => root,
        };
        self.root_hash = root_hash;
        for (address, root) in storages {
            match root {
                Some(link) => self.storages.insert(address, overlay.install(&mut self.arena, link)?),
                None => self.storages.remove(&address),
            };
        }
        overlay.install_patches(&mut self.arena, self.epoch)?;
        Ok(())
    }
}

/// A trie of which only the root hash is known.
pub(crate) fn persisted(root: B256) -> Root {
    if root == EMPTY_ROOT { Root::Empty } else { Root::Paged(Reference::hash(root)) }
}
