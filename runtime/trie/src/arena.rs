//! Branches in memory: the arena of installed ones and the overlay of those that a block changes.

use crate::branch::{Branch, Child, Head, Leaf, Link, Loose};
use crate::names::NodeKey;
use crate::pool::Pool;
use crate::rlp::Reference;
use assay_primitives::Fault;

/// Branches with their children and leaves.
#[derive(Default)]
struct Branches {
    heads: Pool<Head>,
    children: Pool<Child>,
    leaves: Pool<Leaf>,
}

impl Branches {
    fn get(&self, link: Link) -> Result<Branch<'_>, Fault> {
        let [head] = self.heads.get(link.index(), 1) else { return Err(dangling()) };
        let children = self.children.get(head.children, head.child_count());
        let leaves = self.leaves.get(head.leaves, head.leaf_count());
        Ok(Branch { head, children, leaves })
    }

    fn head_mut(&mut self, link: Link) -> Result<&mut Head, Fault> {
        self.heads.get_mut(link.index(), 1).first_mut().ok_or_else(dangling)
    }

    /// Adds a branch: a head, whose masks count, its children and its leaves.
    fn add(
        &mut self,
        overlay: bool,
        mut head: Head,
        children: impl Iterator<Item = Child>,
        leaves: impl Iterator<Item = Leaf>,
    ) -> Result<Link, Fault> {
        head.children = self.children.add(head.child_count(), children)?;
        head.leaves = self.leaves.add(head.leaf_count(), leaves)?;
        let index = self.heads.add(1, core::iter::once(head))?;
        Link::new(overlay, index).ok_or_else(|| Fault::invariant("trie: more than 2,147,483,646 branches in memory"))
    }

    fn child_mut(&mut self, link: Link, nibble: u8) -> Result<&mut Child, Fault> {
        let head = self.get(link)?.head;
        let (run, count, place) = (head.children, head.child_count(), head.child_place(nibble));
        place.and_then(|place| self.children.get_mut(run, count).get_mut(place)).ok_or_else(dangling)
    }
}

/// The installed branches; every reference is computed and every node is persisted.
#[derive(Default)]
pub(crate) struct Arena {
    branches: Branches,
    branch_count: usize,
    leaf_count: usize,
    bytes: usize,
    /// The last install whose changes are persisted, and the bytes of what changed since.
    saved: u32,
    unsaved_bytes: usize,
}

impl Arena {
    /// Whether a branch's record is as it is in memory; then it may be dropped.
    pub(crate) const fn is_saved(&self, head: &Head) -> bool {
        head.changed <= self.saved
    }

    /// Bytes of branches whose records are not persisted.
    pub(crate) const fn unsaved_bytes(&self) -> usize {
        self.unsaved_bytes
    }

    /// Notes that everything up to an install is persisted.
    pub(crate) const fn set_saved(&mut self, epoch: u32) {
        self.saved = epoch;
        self.unsaved_bytes = 0;
    }

    /// Bytes in use.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) const fn leaf_count(&self) -> usize {
        self.leaf_count
    }

    pub(crate) const fn branch_count(&self) -> usize {
        self.branch_count
    }

    pub(crate) fn branch(&self, link: Link) -> Result<Branch<'_>, Fault> {
        self.branches.get(link)
    }

    /// Forgets where a child is in memory.
    pub(crate) fn page_out(&mut self, link: Link, nibble: u8) -> Result<(), Fault> {
        self.branches.child_mut(link, nibble).map(|child| child.link = Link::PAGED)
    }

    /// Frees one branch.
    pub(crate) fn free(&mut self, link: Link) -> Result<(), Fault> {
        let branch = self.branches.get(link)?;
        let bytes = branch.bytes();
        self.bytes = self.bytes.saturating_sub(bytes);
        if branch.head.changed > self.saved {
            self.unsaved_bytes = self.unsaved_bytes.saturating_sub(bytes);
        }
        self.branch_count = self.branch_count.saturating_sub(1);
        self.leaf_count = self.leaf_count.saturating_sub(branch.leaves.len());
        let Head { children, leaves, .. } = *branch.head;
        let (child_count, leaf_count) = (branch.children.len(), branch.leaves.len());
        self.branches.children.free(children, child_count);
        self.branches.leaves.free(leaves, leaf_count);
        self.branches.heads.free(link.index(), 1);
        Ok(())
    }

    /// Frees a branch and everything below it.
    pub(crate) fn free_tree(&mut self, link: Link) -> Result<(), Fault> {
        let children: Vec<Link> = self.branch(link)?.children.iter().map(|child| child.link).collect();
        for child in children {
            if !child.is_paged() {
                self.free_tree(child)?;
            }
        }
        self.free(link)
    }
}

/// Branches of a block that is not installed, and which of the arena they replace.
#[derive(Default)]
pub(crate) struct Overlay {
    branches: Branches,
    /// Branches of the arena that the block replaces or removes.
    pub(crate) freed: Vec<Link>,
    /// Roots of storage tries in the arena that the block removes whole.
    pub(crate) dropped: Vec<Link>,
    /// Names of records that went away; some may have come back since.
    pub(crate) removed: Vec<NodeKey>,
}

impl Overlay {
    pub(crate) fn add(&mut self, branch: Loose) -> Result<Link, Fault> {
        self.branches.add(true, branch.head, branch.children.into_iter(), branch.leaves.into_iter())
    }

    /// Adds a copy of a branch of the arena.
    pub(crate) fn copy(&mut self, branch: Branch<'_>, epoch: u32) -> Result<Link, Fault> {
        let head = Head { epoch, ..branch.head.clone() };
        self.branches.add(true, head, branch.children.iter().copied(), branch.leaves.iter().cloned())
    }

    pub(crate) fn branch(&self, link: Link) -> Result<Branch<'_>, Fault> {
        self.branches.get(link)
    }

    pub(crate) fn head_mut(&mut self, link: Link) -> Result<&mut Head, Fault> {
        self.branches.head_mut(link)
    }

    pub(crate) fn set_reference(&mut self, link: Link, nibble: u8, reference: Reference) -> Result<(), Fault> {
        self.branches.child_mut(link, nibble).map(|child| child.reference = reference)
    }

    /// Puts another branch in the place of a child that is one, under the same reference.
    pub(crate) fn set_link(&mut self, link: Link, nibble: u8, child: Link) -> Result<(), Fault> {
        self.branches.child_mut(link, nibble).map(|place| place.link = child)
    }

    /// Puts a leaf or a branch whose reference must be computed in the place of whatever is there.
    pub(crate) fn put(&mut self, link: Link, nibble: u8, child: Link, leaf: Option<Leaf>) -> Result<(), Fault> {
        let head = self.branches.head_mut(link)?;
        if let (Some(place), Some(leaf)) = (head.leaf_place(nibble), &leaf) {
            head.mark(nibble);
            let (run, count) = (head.leaves, head.leaf_count());
            if let Some(old) = self.branches.leaves.get_mut(run, count).get_mut(place) {
                old.clone_from(leaf);
            }
            return Ok(());
        }
        self.reshape(link, |branch| branch.put_dirty(nibble, child, leaf))
    }

    pub(crate) fn remove(&mut self, link: Link, nibble: u8) -> Result<(), Fault> {
        self.reshape(link, |branch| branch.remove(nibble))
    }

    /// A change after which the branch may have other children.
    fn reshape(&mut self, link: Link, change: impl FnOnce(&mut Loose)) -> Result<(), Fault> {
        let mut branch = self.take(link)?;
        change(&mut branch);
        let Loose { mut head, children, leaves } = branch;
        head.children = self.branches.children.add(children.len(), children.into_iter())?;
        head.leaves = self.branches.leaves.add(leaves.len(), leaves.into_iter())?;
        *self.head_mut(link)? = head;
        Ok(())
    }

    /// Takes a branch out; its head's place stays taken.
    fn take(&mut self, link: Link) -> Result<Loose, Fault> {
        let head = core::mem::take(self.head_mut(link)?);
        let children = self.branches.children.take(head.children, head.child_count());
        let leaves = self.branches.leaves.take(head.leaves, head.leaf_count());
        Ok(Loose { head, children, leaves })
    }

    /// Moves a branch and all that lies below it in the overlay into the arena, and gives its name there.
    pub(crate) fn install(&mut self, arena: &mut Arena, link: Link) -> Result<Link, Fault> {
        if !link.is_overlay() {
            return Ok(link);
        }
        let head = core::mem::take(self.head_mut(link)?);
        let count = head.child_count();
        for at in 0..count {
            let child = self.branches.children.get(head.children, count).get(at).map(|child| child.link);
            let Some(child) = child.filter(|child| child.is_overlay()) else { continue };
            let child = self.install(arena, child)?;
            if let Some(place) = self.branches.children.get_mut(head.children, count).get_mut(at) {
                place.link = child;
            }
        }
        let children = self.branches.children.get(head.children, count);
        let leaves = self.branches.leaves.get_mut(head.leaves, head.leaf_count());
        let (children, leaves) = (children.iter().copied(), leaves.iter_mut().map(core::mem::take));
        let installed = arena.branches.add(false, head, children, leaves)?;
        let branch = arena.branches.get(installed)?;
        arena.bytes = arena.bytes.saturating_add(branch.bytes());
        if branch.head.changed > arena.saved {
            arena.unsaved_bytes = arena.unsaved_bytes.saturating_add(branch.bytes());
        }
        arena.branch_count = arena.branch_count.saturating_add(1);
        arena.leaf_count = arena.leaf_count.saturating_add(branch.leaves.len());
        Ok(installed)
    }
}

/// The arena as it looks through an overlay.
#[derive(Clone, Copy)]
pub(crate) struct Nodes<'a> {
    pub(crate) arena: &'a Arena,
    pub(crate) overlay: &'a Overlay,
}

impl<'a> Nodes<'a> {
    pub(crate) fn branch(&self, link: Link) -> Result<Branch<'a>, Fault> {
        if link.is_overlay() { self.overlay.branch(link) } else { self.arena.branch(link) }
    }
}

fn dangling() -> Fault {
    Fault::invariant("trie: a link without its branch")
}
