//! Building a trie from its entries in key order: roots of lists and maps, and the rebuild of the persisted nodes.
//!
//! Only the open branches on the path to the last key are held, so memory is bounded by the depth.

use crate::branch::{Child, Leaf, Link, Loose};
use crate::names::{NodeKey, Owner};
use crate::path::Path;
use crate::record;
use crate::rlp::{self, EMPTY_ROOT, Reference};
use crate::value::{Account, Storage, Value};
use alloy_primitives::{Address, B256, U256, keccak256};
use assay_primitives::Fault;
use core::convert::Infallible;
use std::collections::BTreeMap;

/// The root of a state given account by account, in any order; slots of one account in any order, zero ones left out.
///
/// Empty accounts are committed to like others: it is the caller's to leave them out (EIP-161). Of an address given
/// twice the last counts.
pub fn state_root<S>(accounts: impl IntoIterator<Item = (Address, Account, S)>) -> B256
where
    S: IntoIterator<Item = (U256, U256)>,
{
    let mut leaves = BTreeMap::new();
    for (address, account, slots) in accounts {
        let root = storage_root(slots);
        let storage = if root == EMPTY_ROOT { Storage::Empty } else { Storage::Root(root) };
        leaves.insert(keccak256(address), Value::account(&account, &storage));
    }
    map_root(leaves)
}

/// The root of a storage trie; slots in any order, zero ones left out. Of a slot given twice the last counts.
pub fn storage_root(slots: impl IntoIterator<Item = (U256, U256)>) -> B256 {
    let mut leaves = BTreeMap::new();
    for (slot, value) in slots {
        let key = keccak256(slot.to_be_bytes::<32>());
        if value.is_zero() {
            leaves.remove(&key);
        } else {
            leaves.insert(key, Value::slot(value));
        }
    }
    map_root(leaves)
}

/// The root of a list, as `transactionsRoot` and `receiptsRoot` commit to it: item `i` under the RLP of `i`. Items are
/// given in their encoded form (EIP-2718) and are not hashed.
pub fn ordered_root<T: AsRef<[u8]>>(items: &[T]) -> B256 {
    let mut leaves: BTreeMap<Vec<u8>, &[u8]> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        leaves.insert(alloy_rlp::encode(index), item.as_ref());
    }
    let mut spine = Spine::default();
    let mut emit = no_records;
    for (key, item) in leaves {
        // At most nine bytes: the RLP of a usize.
        let path = Path::of_bytes(&key).unwrap_or_default();
        let Ok(()) = spine.push(Entry { path, rlp: item.to_vec(), leaf: None }, &mut emit);
    }
    let Ok(root) = spine.finish(&mut emit);
    root
}

fn map_root(leaves: BTreeMap<B256, Value>) -> B256 {
    let mut spine = Spine::default();
    let mut emit = no_records;
    for (key, value) in leaves {
        let Ok(()) = spine.push(Entry::new(&key, value, false), &mut emit);
    }
    let Ok(root) = spine.finish(&mut emit);
    root
}

fn no_records(_: &Path, _: &[u8]) -> Result<(), Infallible> {
    Ok(())
}

/// Builds the whole state trie and its persisted nodes from the flat state in the order of hashed keys, for a node
/// whose trie must be rebuilt: [`Self::account`] for each account, [`Self::slot`] for each of its slots after it, then
/// [`Self::finish`]. Memory is bounded by the depth of the trie.
pub struct StateBuilder<F> {
    accounts: Spine,
    storage: Spine,
    open: Option<(B256, Account)>,
    sink: F,
}

impl<F: FnMut(NodeKey, &[u8]) -> Result<(), Fault>> StateBuilder<F> {
    /// A builder that gives every node to `sink`, each once, children before parents. The store must hold no other
    /// nodes afterwards.
    pub fn new(sink: F) -> Self {
        Self { accounts: Spine::default(), storage: Spine::default(), open: None, sink }
    }

    /// Begins an account, by keccak of its address.
    ///
    /// # Errors
    /// A `Fault` of the sink, or where hashed addresses do not ascend.
    pub fn account(&mut self, address: B256, account: Account) -> Result<(), Fault> {
        if self.open.is_some_and(|(previous, _)| previous >= address) {
            return Err(Fault::invariant("rebuild: hashed addresses do not ascend"));
        }
        self.close_account()?;
        self.open = Some((address, account));
        Ok(())
    }

    /// Adds a slot of the account begun last, by keccak of the slot; zero is skipped.
    ///
    /// # Errors
    /// A `Fault` of the sink, where hashed slots do not ascend, or where no account was begun.
    pub fn slot(&mut self, slot: B256, value: U256) -> Result<(), Fault> {
        let Some((address, _)) = self.open else {
            return Err(Fault::invariant("rebuild: a slot before any account"));
        };
        if value.is_zero() {
            return Ok(());
        }
        let entry = Entry::new(&slot, Value::slot(value), true);
        if self.storage.pending.as_ref().is_some_and(|previous| previous.path >= entry.path) {
            return Err(Fault::invariant("rebuild: hashed slots do not ascend"));
        }
        let sink = &mut self.sink;
        let owner = Owner::Storage(address);
        self.storage.push(entry, &mut |path: &Path, bytes: &[u8]| sink(NodeKey { owner, path: *path }, bytes))
    }

    /// Closes the last account and gives the state root.
    ///
    /// # Errors
    /// A `Fault` of the sink.
    pub fn finish(mut self) -> Result<B256, Fault> {
        self.close_account()?;
        let sink = &mut self.sink;
        self.accounts
            .finish(&mut |path: &Path, bytes: &[u8]| sink(NodeKey { owner: Owner::Accounts, path: *path }, bytes))
    }

    fn close_account(&mut self) -> Result<(), Fault> {
        let Some((address, account)) = self.open.take() else {
            return Ok(());
        };
        let sink = &mut self.sink;
        let owner = Owner::Storage(address);
        let storage = match self.storage.only_leaf() {
            Some(leaf) => Storage::One(leaf.key, leaf.value.as_slot().unwrap_or_default()),
            None if self.storage.is_empty() => Storage::Empty,
            None => Storage::Root(
                self.storage.finish(&mut |path: &Path, bytes: &[u8]| sink(NodeKey { owner, path: *path }, bytes))?,
            ),
        };
        let value = Value::account(&account, &storage);
        let owner = Owner::Accounts;
        self.accounts.push(Entry::new(&address, value, true), &mut |path: &Path, bytes: &[u8]| {
            sink(NodeKey { owner, path: *path }, bytes)
        })
    }
}

/// An entry on its way into the trie. `leaf` is kept where records are wanted.
struct Entry {
    path: Path,
    rlp: Vec<u8>,
    leaf: Option<Leaf>,
}

impl Entry {
    fn new(key: &B256, value: Value, records: bool) -> Self {
        let mut rlp = Vec::with_capacity(112);
        value.rlp(value.storage().root(), &mut rlp);
        Self { path: Path::of_key(key), rlp, leaf: records.then_some(Leaf { key: *key, value }) }
    }
}

/// The branches that are still open, each below the one before, and the entry whose place the next key decides.
#[derive(Default)]
struct Spine {
    frames: Vec<Frame>,
    pending: Option<Entry>,
    scratch: Vec<u8>,
    record: Vec<u8>,
}

struct Frame {
    depth: usize,
    branch: Loose,
}

impl Frame {
    fn set(&mut self, nibble: u8, reference: Reference, leaf: Option<Leaf>) {
        self.branch.put(nibble, Child { reference, link: Link::PAGED }, leaf);
    }
}

impl Spine {
    const fn is_empty(&self) -> bool {
        self.pending.is_none()
    }

    /// Takes the only entry out, where there is just one.
    fn only_leaf(&mut self) -> Option<Leaf> {
        if self.frames.is_empty() { self.pending.take().and_then(|entry| entry.leaf) } else { None }
    }

    /// Adds an entry whose path is after all earlier ones and has none of them as its prefix.
    fn push<E>(&mut self, entry: Entry, emit: &mut impl FnMut(&Path, &[u8]) -> Result<(), E>) -> Result<(), E> {
        if let Some(previous) = self.pending.take() {
            let shared = previous.path.common_prefix(&entry.path);
            self.place(previous, Some(shared), emit)?;
        }
        self.pending = Some(entry);
        Ok(())
    }

    /// Closes everything, gives the root hash and leaves the spine empty.
    fn finish<E>(&mut self, emit: &mut impl FnMut(&Path, &[u8]) -> Result<(), E>) -> Result<B256, E> {
        let Some(last) = self.pending.take() else {
            return Ok(EMPTY_ROOT);
        };
        if !self.frames.is_empty() {
            return self.place(last, None, emit).map(|root| root.root());
        }
        self.scratch.clear();
        rlp::leaf(&mut self.scratch, last.path.packed(), 0, &last.rlp);
        if let Some(leaf) = &last.leaf {
            self.record.clear();
            record::encode_root_leaf(&mut self.record, leaf);
            emit(&Path::EMPTY, &self.record)?;
        }
        Ok(Reference::of(&self.scratch).root())
    }

    /// Hangs an entry into its branch and closes the branches that the next entry, which shares `next` nibbles with
    /// this one, is not below. Gives the root when the last branch was closed.
    fn place<E>(
        &mut self,
        entry: Entry,
        next: Option<usize>,
        emit: &mut impl FnMut(&Path, &[u8]) -> Result<(), E>,
    ) -> Result<Reference, E> {
        let records = entry.leaf.is_some();
        self.open(next);
        if let Some(frame) = self.frames.last_mut() {
            self.scratch.clear();
            rlp::leaf(&mut self.scratch, entry.path.packed(), frame.depth.saturating_add(1), &entry.rlp);
            frame.set(entry.path.nibble(frame.depth), Reference::of(&self.scratch), entry.leaf);
        }
        while let Some(mut frame) = self.frames.pop_if(|frame| next.is_none_or(|next| frame.depth > next)) {
            self.open(next);
            let start = self.frames.last().map_or(0, |parent| parent.depth.saturating_add(1));
            frame.branch.head.set_prefix(entry.path.slice(start, frame.depth));
            let reference = frame.branch.view().reference(&mut self.scratch);
            if records {
                self.record.clear();
                record::encode_branch(&mut self.record, frame.depth, frame.branch.view());
                emit(&entry.path.prefix(start), &self.record)?;
            }
            match self.frames.last_mut() {
                Some(parent) => parent.set(entry.path.nibble(parent.depth), reference, None),
                None => return Ok(reference),
            }
        }
        Ok(Reference::NONE)
    }

    /// Makes sure that a branch at depth `next` is open if all open ones are above it.
    fn open(&mut self, next: Option<usize>) {
        if let Some(depth) = next
            && self.frames.last().is_none_or(|frame| frame.depth < depth)
        {
            self.frames.push(Frame { depth, branch: Loose::default() });
        }
    }
}
