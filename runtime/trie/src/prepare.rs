//! A block on its way into an overlay: all storage tries are changed, then hashed together, then the accounts.

use crate::branch::{Leaf, Link, Root};
use crate::edit::Edit;
use crate::keccak::Batch;
use crate::names::{NodeSource, Owner};
use crate::overlay::Overlay;
use crate::path::nibble;
use crate::rlp::EMPTY_ROOT;
use crate::seal::Sealer;
use crate::state::{AccountUpdate, Overwritten, Prepared, StateTrie, persisted};
use crate::value::{Account, Storage, Value};
use alloy_primitives::{Address, B256, U256};
use assay_primitives::Fault;
use core::ops::Range;

/// Keys hashed in one batch.
const CHUNK: usize = 256;
/// Keys of one trie from which on a change is done in parts; few in tests, so that these go both ways.
const LARGE: usize = if cfg!(test) { 4 } else { 1024 };

/// A slot to be written, by its hashed key.
struct SlotChange {
    key: B256,
    value: U256,
    /// Its place among all slots given.
    at: usize,
}

/// An account to be written, by its hashed address.
struct Change {
    address: B256,
    account: Option<Account>,
    wiped: bool,
    slots: Range<usize>,
    /// Its place among the accounts given.
    at: usize,
    storage: Storage,
}

/// A block's changes by hashed keys.
#[derive(Default)]
struct Changes {
    accounts: Vec<Change>,
    slots: Vec<SlotChange>,
}

pub(crate) struct Preparation<'a> {
    trie: &'a StateTrie,
    source: &'a dyn NodeSource,
    overlay: Overlay,
    storages: Vec<(B256, Option<Link>)>,
    cleared: Vec<B256>,
    overwritten: Overwritten,
    sealer: Sealer,
    epoch: u32,
}

impl<'a> Preparation<'a> {
    pub(crate) fn new(trie: &'a StateTrie, source: &'a dyn NodeSource) -> Self {
        Self {
            trie,
            source,
            overlay: Overlay::default(),
            storages: Vec::new(),
            cleared: Vec::new(),
            overwritten: Overwritten::default(),
            sealer: Sealer::default(),
            epoch: trie.epoch.saturating_add(1),
        }
    }

    fn edit(&mut self, owner: Owner, root: Root) -> Edit<'_> {
        Edit::new(&self.trie.arena, &mut self.overlay, self.source, owner, self.epoch, root)
    }

    pub(crate) fn run<S: IntoIterator<Item = (U256, U256)>>(
        mut self,
        given: impl IntoIterator<Item = (Address, AccountUpdate<S>)>,
    ) -> Result<Prepared, Fault> {
        let Changes { mut accounts, mut slots } = Changes::hashed(given)?;
        self.overwritten.accounts.resize(accounts.len(), None);
        self.overwritten.slots.resize(slots.len(), U256::ZERO);

        let (mut root, mut dirty) = (self.trie.root.clone(), false);
        let large = accounts.len() >= LARGE;
        for part in accounts.chunk_by_mut(|a, b| !large || first_nibble(&a.address) == first_nibble(&b.address)) {
            let changed;
            (root, changed) = self.part(root, part, &mut slots)?;
            dirty |= changed;
            if let (Root::Branch(link), Some(first)) = (&root, part.first().filter(|_| large && changed)) {
                self.sealer.seal_child(&self.trie.arena, &mut self.overlay, *link, &first.address, self.epoch)?;
            }
        }
        let root_hash = match &root {
            Root::Empty => EMPTY_ROOT,
            Root::Leaf(leaf) => self.sealer.leaf_reference(leaf, 0).root(),
            Root::Branch(link) if dirty => {
                let references = self.sealer.seal(&self.trie.arena, &mut self.overlay, &[*link], self.epoch)?;
                references.first().map_or(EMPTY_ROOT, |reference| reference.root())
            }
            Root::Branch(_) | Root::Paged(_) => self.trie.root_hash,
        };
        let Self { trie, overlay, storages, cleared, overwritten, .. } = self;
        Ok(Prepared { root_hash, overwritten, overlay, root, storages, cleared, generation: trie.generation })
    }

    /// Changes neighbouring accounts with their storage.
    fn part(&mut self, root: Root, part: &mut [Change], slots: &mut [SlotChange]) -> Result<(Root, bool), Fault> {
        // The accounts as they were: this also loads the paths that the new leaves will take.
        let mut edit = self.edit(Owner::Accounts, root);
        let keys: Vec<&B256> = part.iter().map(|change| &change.address).collect();
        let before = edit.fetch_all(&keys)?;
        let (root, _) = edit.into_root();

        let mut dirty = Vec::new();
        for (index, (change, before)) in part.iter_mut().zip(before).enumerate() {
            if let Some((account, storage)) = before {
                change.storage = storage;
                if let Some(place) = self.overwritten.accounts.get_mut(change.at) {
                    *place = Some(account);
                }
            }
            let slots = slots.get_mut(change.slots.clone()).unwrap_or_default();
            if let Some(link) = self.storage(change, slots)? {
                dirty.push((index, link));
            }
        }
        let links: Vec<Link> = dirty.iter().map(|(_, link)| *link).collect();
        let roots = self.sealer.seal(&self.trie.arena, &mut self.overlay, &links, self.epoch)?;
        for ((index, _), root) in dirty.into_iter().zip(roots) {
            if let Some(change) = part.get_mut(index) {
                change.storage = Storage::Root(root.root());
            }
        }

        let mut edit = self.edit(Owner::Accounts, root);
        for change in &*part {
            match &change.account {
                Some(account) => edit.set(&change.address, Value::account(account, &change.storage))?,
                None => edit.remove(&change.address)?,
            };
        }
        Ok(edit.into_root())
    }

    /// Changes the storage of an account; gives the root branch where it must be hashed.
    fn storage(&mut self, change: &mut Change, slots: &mut [SlotChange]) -> Result<Option<Link>, Fault> {
        let old = change.storage;
        let gone = change.wiped || change.account.is_none();
        if gone {
            self.wipe(change.address, &old);
            change.storage = Storage::Empty;
        }
        if change.account.is_none() || slots.is_empty() {
            return Ok(None);
        }
        // Stable: of a slot given twice the last counts.
        slots.sort_by_key(|slot| slot.key);
        if let Some(storage) = self.small(change.storage, slots, gone) {
            change.storage = storage;
            return Ok(None);
        }
        let root = match change.storage {
            Storage::Empty => Root::Empty,
            Storage::One(key, value) => Root::Leaf(Box::new(Leaf { key, value: Value::slot(value) })),
            Storage::Root(root) => {
                self.trie.storages.get(&change.address).map_or_else(|| persisted(root), |link| Root::Branch(*link))
            }
        };
        let (root, dirty) = self.slots(change.address, root, slots, gone)?;
        let link = match root {
            Root::Branch(link) => Some(link),
            Root::Leaf(leaf) => {
                change.storage = Storage::One(leaf.key, leaf.value.as_slot().unwrap_or_default());
                None
            }
            Root::Empty => {
                change.storage = Storage::Empty;
                None
            }
            Root::Paged(_) => return Ok(None),
        };
        // A wiped trie has its entry already.
        match self.storages.last_mut().filter(|(address, _)| *address == change.address) {
            Some((_, root)) => *root = link,
            None => self.storages.push((change.address, link)),
        }
        Ok(link.filter(|_| dirty))
    }

    /// Drops all storage of an account.
    fn wipe(&mut self, address: B256, storage: &Storage) {
        if let Storage::Root(_) = storage {
            self.cleared.push(address);
            self.overlay.dropped.extend(self.trie.storages.get(&address));
            self.storages.push((address, None));
        }
    }

    /// Changes storage that has at most one slot before and after; `None` where that is not so.
    fn small(&mut self, storage: Storage, slots: &[SlotChange], gone: bool) -> Option<Storage> {
        let mut held = match storage {
            Storage::Empty => None,
            Storage::One(key, value) => Some((key, value)),
            Storage::Root(_) => return None,
        };
        let before = held.filter(|_| !gone);
        for slot in slots {
            match &mut held {
                Some((key, value)) if *key == slot.key => *value = slot.value,
                Some((_, value)) if value.is_zero() => held = Some((slot.key, slot.value)),
                Some(_) if !slot.value.is_zero() => return None,
                Some(_) => {}
                None => held = Some((slot.key, slot.value)),
            }
        }
        for slot in slots {
            if let (Some((key, value)), Some(place)) = (before, self.overwritten.slots.get_mut(slot.at))
                && key == slot.key
            {
                *place = value;
            }
        }
        Some(held.filter(|(_, value)| !value.is_zero()).map_or(Storage::Empty, |(key, value)| Storage::One(key, value)))
    }

    /// Writes slots into a storage trie; gives its root and whether that must be hashed.
    fn slots(&mut self, address: B256, root: Root, slots: &[SlotChange], gone: bool) -> Result<(Root, bool), Fault> {
        let mut overwritten = core::mem::take(&mut self.overwritten.slots);
        let (mut root, mut dirty) = (root, false);
        let large = slots.len() >= LARGE;
        for part in slots.chunk_by(|a, b| !large || first_nibble(&a.key) == first_nibble(&b.key)) {
            let mut edit = self.edit(Owner::Storage(address), root);
            let keys: Vec<&B256> = part.iter().map(|slot| &slot.key).collect();
            edit.approach(&keys)?;
            for slot in part {
                let previous = match slot.value.is_zero() {
                    true => edit.remove(&slot.key)?,
                    false => edit.set(&slot.key, Value::slot(slot.value))?,
                };
                if let Some(place) = overwritten.get_mut(slot.at).filter(|_| !gone) {
                    *place = previous;
                }
            }
            let changed;
            (root, changed) = edit.into_root();
            dirty |= changed;
            if let (Root::Branch(link), Some(first)) = (&root, part.first().filter(|_| large && changed)) {
                self.sealer.seal_child(&self.trie.arena, &mut self.overlay, *link, &first.key, self.epoch)?;
            }
        }
        self.overwritten.slots = overwritten;
        Ok((root, dirty))
    }
}

/// What the parts of a large change are told apart by: a part is hashed while it is still in the cache.
fn first_nibble(key: &B256) -> u8 {
    nibble(&key.0, 0)
}

impl Changes {
    /// Hashes all keys and sorts the accounts, so that neighbours are found in the cache and on disk together.
    fn hashed<S: IntoIterator<Item = (U256, U256)>>(
        given: impl IntoIterator<Item = (Address, AccountUpdate<S>)>,
    ) -> Result<Self, Fault> {
        let mut changes = Self::default();
        let mut addresses = Vec::new();
        for (at, (address, update)) in given.into_iter().enumerate() {
            let start = changes.slots.len();
            let slots = update.slots.into_iter().zip(start..);
            // The key is hashed below.
            changes.slots.extend(slots.map(|((slot, value), at)| SlotChange { key: slot.into(), value, at }));
            let AccountUpdate { account, wiped, .. } = update;
            let slots = start..changes.slots.len();
            changes.accounts.push(Change { address: B256::ZERO, account, wiped, slots, at, storage: Storage::Empty });
            addresses.push(address);
        }
        let mut batch = Batch::default();
        for (accounts, addresses) in changes.accounts.chunks_mut(CHUNK).zip(addresses.chunks(CHUNK)) {
            batch.clear();
            addresses.iter().for_each(|address| batch.add(address.as_slice()));
            accounts.iter_mut().zip(batch.run()).for_each(|(change, hash)| change.address = *hash);
        }
        for slots in changes.slots.chunks_mut(CHUNK) {
            batch.clear();
            slots.iter().for_each(|slot| batch.add(slot.key.as_slice()));
            slots.iter_mut().zip(batch.run()).for_each(|(slot, hash)| slot.key = *hash);
        }
        changes.accounts.sort_unstable_by_key(|change| change.address);
        if changes.accounts.windows(2).any(|pair| matches!(pair, [a, b] if a.address == b.address)) {
            return Err(Fault::invariant("trie: an account is changed twice in one block"));
        }
        Ok(changes)
    }
}
