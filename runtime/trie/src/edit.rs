//! Changing a trie in an overlay: nodes of the arena are copied when first touched, paged-out ones are loaded, and the
//! hashes are computed at the end, once per changed node.

use crate::arena::{Arena, Branch, Kind, Leaf, Link, Nodes, Overlay};
use crate::path::{KEY_NIBBLES, Path, common_nibbles, nibble};
use crate::record::{self, ChildView, StoredChild, StoredLeaf, StoredNode};
use crate::rlp::{self, Reference};
use crate::value::Value;
use crate::writes::{NodeKey, NodeSource, Owner, Writes};
use alloy_primitives::B256;
use assay_primitives::Fault;
use std::collections::BTreeSet;

/// One trie being changed.
pub(crate) struct Edit<'a> {
    pub(crate) arena: &'a Arena,
    pub(crate) overlay: &'a mut Overlay,
    pub(crate) source: &'a dyn NodeSource,
    pub(crate) owner: Owner,
    /// The epoch that touched nodes get.
    pub(crate) epoch: u32,
    /// Paths whose nodes went away; some may have come back since.
    removed: BTreeSet<Path>,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    node: Vec<u8>,
    value: Vec<u8>,
}

/// A subtree after a change. `dirty`: its reference must be computed anew. A clean one may still have another link,
/// because nodes were loaded.
#[derive(Clone, Copy)]
struct Changed {
    link: Link,
    dirty: bool,
}

impl<'a> Edit<'a> {
    pub(crate) fn new(
        arena: &'a Arena,
        overlay: &'a mut Overlay,
        source: &'a dyn NodeSource,
        owner: Owner,
        epoch: u32,
    ) -> Self {
        Self { arena, overlay, source, owner, epoch, removed: BTreeSet::new(), scratch: Scratch::default() }
    }

    pub(crate) const fn nodes(&self) -> Nodes<'_> {
        Nodes { arena: self.arena, overlay: self.overlay }
    }

    /// Loads what is paged out on the path to `key`. Gives the root afterwards and the leaf, if there is one.
    pub(crate) fn fetch(&mut self, root: Link, key: &B256) -> Result<(Link, Option<Link>), Fault> {
        self.fetch_at(root, 0, key)
    }

    /// Sets the value of a key; gives the root afterwards.
    pub(crate) fn set(&mut self, root: Link, key: &B256, value: Value) -> Result<Link, Fault> {
        self.set_at(root, 0, key, value).map(|changed| changed.link)
    }

    /// Removes a key, if it is there; gives the root afterwards.
    pub(crate) fn remove(&mut self, root: Link, key: &B256) -> Result<Link, Fault> {
        self.remove_at(root, 0, key).map(|changed| changed.link)
    }

    fn fetch_at(&mut self, link: Link, depth: usize, key: &B256) -> Result<(Link, Option<Link>), Fault> {
        match link.kind() {
            Kind::Empty => Ok((link, None)),
            Kind::Stub => {
                let loaded = self.load(link, Path::of_key(key).prefix(depth))?;
                self.fetch_at(loaded, depth, key)
            }
            Kind::Leaf => {
                let found = self.nodes().leaf(link)?.key == *key;
                Ok((link, found.then_some(link)))
            }
            Kind::Branch => {
                let Some((at, child)) = self.descend(link, depth, key)? else { return Ok((link, None)) };
                let (fetched, leaf) = self.fetch_at(child, at.saturating_add(1), key)?;
                let link = self.relink(link, nibble(&key.0, at), child, Changed { link: fetched, dirty: false })?;
                Ok((link, leaf))
            }
        }
    }

    fn set_at(&mut self, link: Link, depth: usize, key: &B256, value: Value) -> Result<Changed, Fault> {
        match link.kind() {
            Kind::Empty => self.new_leaf(key, value),
            Kind::Stub => {
                let loaded = self.load(link, Path::of_key(key).prefix(depth))?;
                self.set_at(loaded, depth, key, value)
            }
            Kind::Leaf => {
                let leaf = self.nodes().leaf(link)?;
                if leaf.key != *key {
                    return self.split_leaf(link, depth, key, value);
                }
                if leaf.value == value {
                    return Ok(Changed { link, dirty: false });
                }
                let link = self.own_leaf(link)?;
                self.overlay.leaf_mut(link)?.value = value;
                Ok(Changed { link, dirty: true })
            }
            Kind::Branch => {
                let Some((at, child)) = self.descend(link, depth, key)? else {
                    return self.split_prefix(link, depth, key, value);
                };
                let changed = self.set_at(child, at.saturating_add(1), key, value)?;
                let dirty = changed.dirty;
                let link = self.relink(link, nibble(&key.0, at), child, changed)?;
                Ok(Changed { link, dirty })
            }
        }
    }

    fn remove_at(&mut self, link: Link, depth: usize, key: &B256) -> Result<Changed, Fault> {
        match link.kind() {
            Kind::Empty => Ok(Changed { link, dirty: false }),
            Kind::Stub => {
                let loaded = self.load(link, Path::of_key(key).prefix(depth))?;
                self.remove_at(loaded, depth, key)
            }
            Kind::Leaf => {
                if self.nodes().leaf(link)?.key != *key {
                    return Ok(Changed { link, dirty: false });
                }
                self.free(link);
                if depth == 0 {
                    self.removed.insert(Path::EMPTY);
                }
                Ok(Changed { link: Link::EMPTY, dirty: true })
            }
            Kind::Branch => {
                let Some((at, child)) = self.descend(link, depth, key)? else {
                    return Ok(Changed { link, dirty: false });
                };
                let changed = self.remove_at(child, at.saturating_add(1), key)?;
                let gone = nibble(&key.0, at);
                if changed.dirty && changed.link.is_empty() {
                    let others = self.nodes().branch(link)?.children;
                    let mut others = (0u8..16).zip(others).filter(|(at, child)| *at != gone && !child.is_empty());
                    if let (Some((survivor, child)), None) = (others.next(), others.next()) {
                        return self.collapse(link, Path::of_key(key).prefix(depth), survivor, child);
                    }
                }
                let link = self.relink(link, gone, child, changed)?;
                Ok(Changed { link, dirty: changed.dirty })
            }
        }
    }

    /// The depth at which a branch at `depth` divides and its child towards `key`; `None` where the key leaves the
    /// branch's prefix.
    fn descend(&self, link: Link, depth: usize, key: &B256) -> Result<Option<(usize, Link)>, Fault> {
        let branch = self.nodes().branch(link)?;
        let at = depth.saturating_add(branch.prefix_len());
        if at >= KEY_NIBBLES {
            return Err(Fault::corrupt(format!("trie: a branch of {:?} below the last nibble", self.owner)));
        }
        let inside = branch.prefix.as_ref().is_none_or(|prefix| prefix.matching(key, depth) == prefix.len());
        Ok(inside.then(|| (at, branch.child(nibble(&key.0, at)))))
    }

    /// Puts a changed child into a branch, copying the branch only if something changed.
    fn relink(&mut self, link: Link, at: u8, before: Link, after: Changed) -> Result<Link, Fault> {
        if !after.dirty && after.link == before {
            return Ok(link);
        }
        let link = self.own_branch(link)?;
        let branch = self.overlay.branch_mut(link)?;
        branch.set_child(at, after.link);
        if after.dirty {
            branch.reference = Reference::NONE;
        }
        Ok(link)
    }

    fn new_leaf(&mut self, key: &B256, value: Value) -> Result<Changed, Fault> {
        let link = self.overlay.add_leaf(Leaf { key: *key, value, reference: Reference::NONE })?;
        Ok(Changed { link, dirty: true })
    }

    /// A branch in the place of a leaf, over it and a new one.
    fn split_leaf(&mut self, link: Link, depth: usize, key: &B256, value: Value) -> Result<Changed, Fault> {
        let old_key = self.nodes().leaf(link)?.key;
        let at = common_nibbles(&old_key.0, &key.0);
        let old = self.own_leaf(link)?;
        let new = self.new_leaf(key, value)?;
        let mut branch = Branch { epoch: self.epoch, ..Branch::default() };
        branch.set_prefix(Path::of_key(key).slice(depth, at));
        branch.set_child(nibble(&old_key.0, at), old);
        branch.set_child(nibble(&key.0, at), new.link);
        Ok(Changed { link: self.overlay.add_branch(branch)?, dirty: true })
    }

    /// A branch where a key leaves the prefix of another, over the rest of that and a new leaf.
    fn split_prefix(&mut self, link: Link, depth: usize, key: &B256, value: Value) -> Result<Changed, Fault> {
        let lower = self.own_branch(link)?;
        let prefix = self.nodes().branch(lower)?.prefix();
        let shared = prefix.matching(key, depth);
        let branch = self.overlay.branch_mut(lower)?;
        branch.reference = Reference::NONE;
        branch.set_prefix(prefix.slice(shared.saturating_add(1), prefix.len()));
        let new = self.new_leaf(key, value)?;
        let mut upper = Branch { epoch: self.epoch, ..Branch::default() };
        upper.set_prefix(prefix.prefix(shared));
        upper.set_child(prefix.nibble(shared), lower);
        upper.set_child(nibble(&key.0, depth.saturating_add(shared)), new.link);
        Ok(Changed { link: self.overlay.add_branch(upper)?, dirty: true })
    }

    /// Replaces a branch at `path` by its only child that is left: a leaf moves up, a branch takes over the path to it.
    fn collapse(&mut self, link: Link, path: Path, survivor: u8, child: Link) -> Result<Changed, Fault> {
        let prefix = self.nodes().branch(link)?.prefix();
        let below = path.join(&prefix).child(survivor);
        let child = if child.kind() == Kind::Stub { self.load(child, below)? } else { child };
        self.free(link);
        if child.kind() == Kind::Leaf {
            self.removed.insert(path);
            return Ok(Changed { link: self.own_leaf(child)?, dirty: true });
        }
        self.removed.insert(below);
        let child = self.own_branch(child)?;
        let branch = self.overlay.branch_mut(child)?;
        let merged = prefix.child(survivor).join(&branch.prefix());
        branch.set_prefix(merged);
        branch.reference = Reference::NONE;
        Ok(Changed { link: child, dirty: true })
    }

    /// The branch as one that may be changed.
    fn own_branch(&mut self, link: Link) -> Result<Link, Fault> {
        if link.is_overlay() {
            return Ok(link);
        }
        let branch = Branch { epoch: self.epoch, ..self.nodes().branch(link)?.clone() };
        self.free(link);
        self.overlay.add_branch(branch)
    }

    /// The leaf as one that may be changed or moved: its reference must be computed anew.
    fn own_leaf(&mut self, link: Link) -> Result<Link, Fault> {
        if link.is_overlay() {
            self.overlay.leaf_mut(link)?.reference = Reference::NONE;
            return Ok(link);
        }
        let leaf = Leaf { reference: Reference::NONE, ..self.nodes().leaf(link)?.clone() };
        self.free(link);
        self.overlay.add_leaf(leaf)
    }

    /// Notes that a node of the arena is no longer part of the trie. Nodes of the overlay are left behind by `install`.
    fn free(&mut self, link: Link) {
        if !link.is_overlay() {
            self.overlay.freed.push(link);
        }
    }

    /// Reads a paged-out node into the overlay.
    fn load(&mut self, stub: Link, path: Path) -> Result<Link, Fault> {
        let expected = self.nodes().reference(stub)?;
        let node = load(self.source, NodeKey { owner: self.owner, path }, &expected)?;
        self.free(stub);
        match node {
            StoredNode::Leaf(leaf) => self.keep(leaf),
            StoredNode::Branch { prefix, children, reference } => {
                let mut branch = Branch { epoch: self.epoch, reference, ..Branch::default() };
                branch.set_prefix(prefix);
                for (link, child) in branch.children.iter_mut().zip(children) {
                    *link = match child {
                        StoredChild::Empty => Link::EMPTY,
                        StoredChild::Branch(reference) => self.overlay.add_stub(reference)?,
                        StoredChild::Leaf(leaf) => self.keep(leaf)?,
                    };
                }
                self.overlay.add_branch(branch)
            }
        }
    }

    fn keep(&mut self, leaf: StoredLeaf) -> Result<Link, Fault> {
        self.overlay.add_leaf(Leaf { key: leaf.key, value: leaf.value, reference: leaf.reference })
    }

    /// Computes what changed, adds the changed nodes to `writes` and gives the root hash.
    pub(crate) fn seal(mut self, root: Link, writes: &mut Writes) -> Result<B256, Fault> {
        let mut written = BTreeSet::new();
        let reference = self.seal_at(root, Path::EMPTY, writes, &mut written)?;
        for path in core::mem::take(&mut self.removed) {
            if !written.contains(&path) {
                writes.delete(NodeKey { owner: self.owner, path });
            }
        }
        Ok(reference.root())
    }

    fn seal_at(
        &mut self,
        link: Link,
        path: Path,
        writes: &mut Writes,
        written: &mut BTreeSet<Path>,
    ) -> Result<Reference, Fault> {
        let known = self.nodes().reference(link)?;
        if !known.is_none() || link.is_empty() {
            return Ok(known);
        }
        if link.kind() == Kind::Leaf {
            return self.seal_leaf(link, path, writes, written);
        }
        let branch = self.nodes().branch(link)?;
        let (children, prefix) = (branch.children, branch.prefix());
        let position = path.join(&prefix);
        let mut references = [Reference::NONE; 16];
        for (at, (reference, child)) in (0u8..16).zip(references.iter_mut().zip(children)) {
            *reference = self.seal_at(child, position.child(at), writes, written)?;
        }
        let reference = rlp::branch_reference(&mut self.scratch.node, &prefix, &references);
        self.overlay.branch_mut(link)?.reference = reference;
        let mut views = [ChildView::Empty; 16];
        for (view, (child, reference)) in views.iter_mut().zip(children.iter().zip(references)) {
            *view = match child.kind() {
                Kind::Empty => ChildView::Empty,
                Kind::Branch | Kind::Stub => ChildView::Branch(reference),
                Kind::Leaf => {
                    let leaf = self.nodes().leaf(*child)?;
                    ChildView::Leaf(&leaf.key, &leaf.value)
                }
            };
        }
        writes.put(NodeKey { owner: self.owner, path }, |out| {
            record::encode_branch(out, &prefix, position.len(), &views);
        });
        self.note(path, written);
        Ok(reference)
    }

    fn seal_leaf(
        &mut self,
        link: Link,
        path: Path,
        writes: &mut Writes,
        written: &mut BTreeSet<Path>,
    ) -> Result<Reference, Fault> {
        let leaf = self.overlay.leaf_mut(link)?;
        leaf.value.rlp(&mut self.scratch.value);
        rlp::leaf(&mut self.scratch.node, leaf.key.as_slice(), path.len(), &self.scratch.value);
        leaf.reference = Reference::of(&self.scratch.node);
        let reference = leaf.reference;
        if path.is_empty() {
            writes.put(NodeKey { owner: self.owner, path }, |out| {
                record::encode_root_leaf(out, &leaf.key, &leaf.value);
            });
            self.note(path, written);
        }
        Ok(reference)
    }

    /// Remembers that a path was written, where it matters for the deletions.
    fn note(&self, path: Path, written: &mut BTreeSet<Path>) {
        if self.removed.contains(&path) {
            written.insert(path);
        }
    }
}

/// Reads a node and verifies it against the reference that its parent holds.
pub(crate) fn load(source: &dyn NodeSource, key: NodeKey, expected: &Reference) -> Result<StoredNode, Fault> {
    let bytes = source.node(&key)?.ok_or_else(|| Fault::corrupt(format!("{key} is missing")))?;
    let node = record::decode(&bytes, &key.path, key.owner == Owner::Accounts)
        .ok_or_else(|| Fault::corrupt(format!("{key} is malformed")))?;
    let (StoredNode::Leaf(StoredLeaf { reference, .. }) | StoredNode::Branch { reference, .. }) = &node;
    if reference != expected {
        return Err(Fault::corrupt(format!("{key} does not match its hash")));
    }
    Ok(node)
}
