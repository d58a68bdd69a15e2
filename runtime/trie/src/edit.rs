//! Changing a trie in an overlay: branches of the arena are copied when first touched, paged-out ones are loaded. The
//! hashes are computed afterwards (see `seal`), once per changed node.

use crate::arena::Arena;
use crate::branch::{Branch, Child, Leaf, Link, Loose, Place, Root};
use crate::names::{NodeKey, NodeSource, Owner};
use crate::overlay::{Nodes, Overlay};
use crate::path::{KEY_NIBBLES, Path, common_nibbles, nibble};
use crate::record::{self, StoredNode};
use crate::rlp::Reference;
use crate::seek::{Sought, seek};
use crate::value::{Account, Storage, Value};
use alloy_primitives::{B256, U256};
use assay_primitives::Fault;

/// One trie being changed.
pub(crate) struct Edit<'a> {
    arena: &'a Arena,
    overlay: &'a mut Overlay,
    source: &'a dyn NodeSource,
    owner: Owner,
    /// The epoch that touched branches get.
    epoch: u32,
    root: Root,
    /// Whether the root's reference must be computed anew.
    dirty: bool,
    /// The slot under the key changed last as it was before; zero where there was none, and for an account.
    previous: U256,
}

/// A branch after a change below it. A clean one may still have another link, because nodes were loaded.
#[derive(Clone, Copy)]
struct Changed {
    link: Link,
    dirty: bool,
}

/// What became of a branch by the removal of a key below it.
enum Removal {
    Branch(Changed),
    /// One leaf is left of it.
    Leaf(Leaf),
}

impl<'a> Edit<'a> {
    pub(crate) fn new(
        arena: &'a Arena,
        overlay: &'a mut Overlay,
        source: &'a dyn NodeSource,
        owner: Owner,
        epoch: u32,
        root: Root,
    ) -> Self {
        Self { arena, overlay, source, owner, epoch, root, dirty: false, previous: U256::ZERO }
    }

    const fn nodes(&self) -> Nodes<'_> {
        Nodes { arena: self.arena, overlay: self.overlay }
    }

    /// The accounts under the keys, in their order; loads what is paged out on the paths to them.
    pub(crate) fn fetch_all(&mut self, keys: &[&B256]) -> Result<Vec<Option<Found>>, Fault> {
        self.load_root()?;
        let mut found = Vec::with_capacity(keys.len());
        let mut away = Vec::new();
        if let Root::Branch(link) = self.root {
            for (at, (key, sought)) in keys.iter().zip(seek(self.nodes(), self.owner, link, keys)?).enumerate() {
                found.push(match sought {
                    Sought::Leaf(leaf) => account_at(leaf, key),
                    Sought::Absent => None,
                    Sought::Away => {
                        away.push(at);
                        None
                    }
                });
            }
        } else {
            found.resize(keys.len(), None);
            away.extend(0..keys.len());
        }
        for at in away {
            if let (Some(key), Some(place)) = (keys.get(at), found.get_mut(at)) {
                *place = self.fetch(key)?;
            }
        }
        Ok(found)
    }

    /// Brings the paths to the keys into the machine's cache.
    pub(crate) fn approach(&self, keys: &[&B256]) -> Result<(), Fault> {
        if let Root::Branch(link) = self.root {
            seek(self.nodes(), self.owner, link, keys)?;
        }
        Ok(())
    }

    /// Loads what is paged out on the path to `key` and gives the account there.
    fn fetch(&mut self, key: &B256) -> Result<Option<Found>, Fault> {
        self.load_root()?;
        match &self.root {
            Root::Branch(link) => {
                let (link, value) = self.fetch_at(*link, 0, key)?;
                self.root = Root::Branch(link);
                Ok(value)
            }
            Root::Leaf(leaf) => Ok(account_at(leaf, key)),
            Root::Empty | Root::Paged(_) => Ok(None),
        }
    }

    /// Sets the value of a key. Gives the slot before; zero where there was none, and for an account.
    pub(crate) fn set(&mut self, key: &B256, value: Value) -> Result<U256, Fault> {
        self.load_root()?;
        self.previous = U256::ZERO;
        let leaf = Leaf { key: *key, value };
        match &mut self.root {
            Root::Branch(link) => {
                let link = *link;
                let changed = self.set_at(link, 0, leaf)?;
                self.root = Root::Branch(changed.link);
                self.dirty |= changed.dirty;
            }
            Root::Leaf(old) if old.key == leaf.key => {
                self.dirty |= old.value != leaf.value;
                self.previous = slot_of(&old.value);
                old.value = leaf.value;
            }
            Root::Leaf(old) => {
                let old = (**old).clone();
                self.root = Root::Branch(self.divide(0, old, leaf)?);
                self.dirty = true;
            }
            Root::Empty | Root::Paged(_) => {
                self.root = Root::Leaf(Box::new(leaf));
                self.dirty = true;
            }
        }
        Ok(self.previous)
    }

    /// Removes a key, if it is there. Gives the slot before, as [`Self::set`] does.
    pub(crate) fn remove(&mut self, key: &B256) -> Result<U256, Fault> {
        self.load_root()?;
        self.previous = U256::ZERO;
        match &self.root {
            Root::Branch(link) => match self.remove_at(*link, 0, key)? {
                Removal::Branch(changed) => {
                    self.root = Root::Branch(changed.link);
                    self.dirty |= changed.dirty;
                }
                Removal::Leaf(leaf) => {
                    self.root = Root::Leaf(Box::new(leaf));
                    self.dirty = true;
                }
            },
            Root::Leaf(leaf) if leaf.key == *key => {
                self.previous = slot_of(&leaf.value);
                self.removed(Path::EMPTY);
                self.root = Root::Empty;
                self.dirty = true;
            }
            Root::Empty | Root::Leaf(_) | Root::Paged(_) => {}
        }
        Ok(self.previous)
    }

    /// The trie as it stands, and whether its root's reference must be computed anew.
    pub(crate) fn into_root(self) -> (Root, bool) {
        (self.root, self.dirty)
    }

    /// Notes that the record at a path went away.
    fn removed(&mut self, path: Path) {
        self.overlay.removed.push(NodeKey { owner: self.owner, path });
    }

    fn fetch_at(&mut self, link: Link, depth: usize, key: &B256) -> Result<(Link, Option<Found>), Fault> {
        let branch = self.nodes().branch(link)?;
        let Some(at) = self.divides_at(branch, depth, key)? else { return Ok((link, None)) };
        let towards = nibble(&key.0, at);
        match branch.at(towards) {
            Place::Empty => Ok((link, None)),
            Place::Leaf(leaf) => Ok((link, account_at(leaf, key))),
            Place::Branch(child) => {
                let below = self.resident(child, key, at)?;
                let (below, value) = self.fetch_at(below, at.saturating_add(1), key)?;
                let link = self.relink(link, towards, child.link, Changed { link: below, dirty: false })?;
                Ok((link, value))
            }
        }
    }

    fn set_at(&mut self, link: Link, depth: usize, leaf: Leaf) -> Result<Changed, Fault> {
        let branch = self.nodes().branch(link)?;
        let Some(at) = self.divides_at(branch, depth, &leaf.key)? else {
            return self.split_prefix(link, depth, leaf);
        };
        let towards = nibble(&leaf.key.0, at);
        let (below, held) = match branch.at(towards) {
            Place::Empty => (Link::PAGED, Some(leaf)),
            Place::Leaf(old) if old.key == leaf.key => {
                let same = old.value == leaf.value;
                self.previous = slot_of(&old.value);
                if same {
                    return Ok(Changed { link, dirty: false });
                }
                let link = self.overlay.patch(link)?;
                self.overlay.set_leaf(self.arena, link, towards, leaf)?;
                return Ok(Changed { link, dirty: true });
            }
            Place::Leaf(old) => {
                let old = old.clone();
                (self.divide(at.saturating_add(1), old, leaf)?, None)
            }
            Place::Branch(child) => {
                let below = self.resident(child, &leaf.key, at)?;
                let changed = self.set_at(below, at.saturating_add(1), leaf)?;
                let dirty = changed.dirty;
                let link = self.relink(link, towards, child.link, changed)?;
                return Ok(Changed { link, dirty });
            }
        };
        let link = self.own(link)?;
        self.overlay.put(link, towards, below, held)?;
        Ok(Changed { link, dirty: true })
    }

    fn remove_at(&mut self, link: Link, depth: usize, key: &B256) -> Result<Removal, Fault> {
        let unchanged = Removal::Branch(Changed { link, dirty: false });
        let branch = self.nodes().branch(link)?;
        let Some(at) = self.divides_at(branch, depth, key)? else { return Ok(unchanged) };
        let towards = nibble(&key.0, at);
        let child = match branch.at(towards) {
            Place::Leaf(leaf) if leaf.key == *key => {
                let (previous, survivor) = (slot_of(&leaf.value), branch.only_other(towards));
                self.previous = previous;
                if let Some(survivor) = survivor {
                    return self.collapse(link, Path::of_key(key).prefix(depth), survivor);
                }
                let link = self.own(link)?;
                self.overlay.remove(link, towards)?;
                return Ok(Removal::Branch(Changed { link, dirty: true }));
            }
            Place::Empty | Place::Leaf(_) => return Ok(unchanged),
            Place::Branch(child) => child,
        };
        let below = self.resident(child, key, at)?;
        match self.remove_at(below, at.saturating_add(1), key)? {
            Removal::Branch(changed) => {
                let dirty = changed.dirty;
                let link = self.relink(link, towards, child.link, changed)?;
                Ok(Removal::Branch(Changed { link, dirty }))
            }
            Removal::Leaf(leaf) => {
                let link = self.own(link)?;
                self.overlay.put(link, towards, Link::PAGED, Some(leaf))?;
                Ok(Removal::Branch(Changed { link, dirty: true }))
            }
        }
    }

    fn divides_at(&self, branch: Branch<'_>, depth: usize, key: &B256) -> Result<Option<usize>, Fault> {
        divides_at(self.owner, branch, depth, key)
    }

    /// The link of a child towards `key`, loaded if it is paged out, below a branch that divides at `at`.
    fn resident(&mut self, child: Child, key: &B256, at: usize) -> Result<Link, Fault> {
        if !child.link.is_paged() {
            return Ok(child.link);
        }
        self.load(&child.reference, Path::of_key(key).prefix(at.saturating_add(1)))
    }

    /// Puts a changed child branch into a branch, copying that only if something changed.
    fn relink(&mut self, link: Link, at: u8, before: Link, after: Changed) -> Result<Link, Fault> {
        if !after.dirty && after.link == before {
            return Ok(link);
        }
        let link = self.overlay.patch(link)?;
        self.overlay.set_link(self.arena, link, at, after.link, after.dirty)?;
        Ok(link)
    }

    /// A branch over two leaves, from `depth` on.
    fn divide(&mut self, depth: usize, left: Leaf, right: Leaf) -> Result<Link, Fault> {
        let at = common_nibbles(&left.key.0, &right.key.0);
        let mut branch = Loose::new(Path::of_key(&left.key).slice(depth, at), self.epoch);
        for leaf in [left, right] {
            branch.put_dirty(nibble(&leaf.key.0, at), Link::PAGED, Some(leaf));
        }
        self.overlay.add(branch)
    }

    /// A branch where a key leaves the prefix of another, over the rest of that and a new leaf.
    fn split_prefix(&mut self, link: Link, depth: usize, leaf: Leaf) -> Result<Changed, Fault> {
        let lower = self.own(link)?;
        let head = self.overlay.head_mut(lower)?;
        let prefix = head.prefix();
        let shared = prefix.matching(&leaf.key, depth);
        head.set_prefix(prefix.slice(shared.saturating_add(1), prefix.len()));
        let mut upper = Loose::new(prefix.prefix(shared), self.epoch);
        upper.put_dirty(prefix.nibble(shared), lower, None);
        upper.put_dirty(nibble(&leaf.key.0, depth.saturating_add(shared)), Link::PAGED, Some(leaf));
        Ok(Changed { link: self.overlay.add(upper)?, dirty: true })
    }

    /// Replaces a branch at `path` by its only child that is left: a leaf moves up, a branch takes over the path to it.
    fn collapse(&mut self, link: Link, path: Path, survivor: u8) -> Result<Removal, Fault> {
        let branch = self.nodes().branch(link)?;
        let prefix = branch.head.prefix();
        let below = path.join(&prefix).child(survivor);
        let child = match branch.at(survivor) {
            Place::Empty => return Err(Fault::invariant("trie: a branch without children")),
            Place::Leaf(leaf) => {
                let leaf = leaf.clone();
                self.overlay.free(link);
                self.removed(path);
                return Ok(Removal::Leaf(leaf));
            }
            Place::Branch(child) if child.link.is_paged() => self.load(&child.reference, below)?,
            Place::Branch(child) => child.link,
        };
        self.overlay.free(link);
        self.removed(below);
        let child = self.own(child)?;
        let head = self.overlay.head_mut(child)?;
        head.set_prefix(prefix.child(survivor).join(&head.prefix()));
        Ok(Removal::Branch(Changed { link: child, dirty: true }))
    }

    /// The branch as one that may be changed.
    fn own(&mut self, link: Link) -> Result<Link, Fault> {
        self.overlay.own(self.arena, link, self.epoch)
    }

    fn load_root(&mut self) -> Result<(), Fault> {
        if let Root::Paged(reference) = &self.root {
            let key = NodeKey { owner: self.owner, path: Path::EMPTY };
            self.root = match load(self.source, key, reference)? {
                StoredNode::Leaf(leaf) => Root::Leaf(Box::new(leaf)),
                StoredNode::Branch(branch) => Root::Branch(self.keep(branch)?),
            };
        }
        Ok(())
    }

    /// Reads a paged-out branch below the root into the overlay.
    fn load(&mut self, expected: &Reference, path: Path) -> Result<Link, Fault> {
        match load(self.source, NodeKey { owner: self.owner, path }, expected)? {
            StoredNode::Branch(branch) => self.keep(branch),
            StoredNode::Leaf(_) => Err(Fault::invariant("trie: a leaf with a record below the root")),
        }
    }

    fn keep(&mut self, mut branch: Loose) -> Result<Link, Fault> {
        branch.head.epoch = self.epoch;
        self.overlay.add(branch)
    }
}

/// The depth at which a branch at `depth` divides; `None` where the key leaves the branch's prefix.
pub(crate) fn divides_at(owner: Owner, branch: Branch<'_>, depth: usize, key: &B256) -> Result<Option<usize>, Fault> {
    let at = depth.saturating_add(branch.prefix_len());
    if at >= KEY_NIBBLES {
        return Err(Fault::corrupt(format!("trie: a branch of {owner:?} below the last nibble")));
    }
    Ok(branch.prefix().is_none_or(|prefix| prefix.matching(key, depth) == prefix.len()).then_some(at))
}

/// An account as its leaf holds it.
pub(crate) type Found = (Account, Storage);

pub(crate) fn account_at(leaf: &Leaf, key: &B256) -> Option<Found> {
    if leaf.key == *key { leaf.value.as_account() } else { None }
}

fn slot_of(value: &Value) -> U256 {
    value.as_slot().unwrap_or_default()
}

/// Reads a node and verifies it against the reference that its parent holds.
pub(crate) fn load(source: &dyn NodeSource, key: NodeKey, expected: &Reference) -> Result<StoredNode, Fault> {
    let bytes = source.node(&key)?.ok_or_else(|| Fault::corrupt(format!("{key} is missing")))?;
    let (node, reference) = record::decode(&bytes, &key.path, key.owner == Owner::Accounts)
        .ok_or_else(|| Fault::corrupt(format!("{key} is malformed")))?;
    if reference != *expected {
        return Err(Fault::corrupt(format!("{key} does not match its hash")));
    }
    Ok(node)
}
