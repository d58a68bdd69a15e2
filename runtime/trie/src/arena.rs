//! The branches that are installed, and the pools that hold branches.

use crate::branch::{Branch, Child, Head, Leaf, Link, Loose, Patches};
use crate::pool::Pool;
use assay_primitives::Fault;

/// Branches with their children and leaves.
#[derive(Default)]
pub(crate) struct Branches {
    heads: Pool<Head>,
    children: Pool<Child>,
    leaves: Pool<Leaf>,
}

impl Branches {
    pub(crate) fn get(&self, link: Link) -> Result<Branch<'_>, Fault> {
        let [head] = self.heads.get(link.index(), 1) else { return Err(dangling()) };
        let children = self.children.get(head.children, head.child_count());
        let leaves = self.leaves.get(head.leaves, head.leaf_count());
        Ok(Branch { head, children, leaves, patched: Patches::NONE })
    }

    pub(crate) fn head_mut(&mut self, link: Link) -> Result<&mut Head, Fault> {
        self.heads.get_mut(link.index(), 1).first_mut().ok_or_else(dangling)
    }

    /// Adds a branch: a head, whose masks count, its children and its leaves.
    pub(crate) fn add(
        &mut self,
        overlay: bool,
        mut head: Head,
        children: impl Iterator<Item = Child>,
        leaves: impl Iterator<Item = Leaf>,
    ) -> Result<Link, Fault> {
        let count = head.leaf_count();
        head.children = self.children.add(head.child_count(), children)?;
        head.leaves = self.leaves.add(count, leaves)?;
        head.set_heap(self.leaves.get(head.leaves, count));
        let index = self.heads.add(1, core::iter::once(head))?;
        Link::new(overlay, index).ok_or_else(|| Fault::invariant("trie: more than 2,147,483,646 branches in memory"))
    }

    pub(crate) fn child_mut(&mut self, link: Link, nibble: u8) -> Result<&mut Child, Fault> {
        let head = self.get(link)?.head;
        let (run, count, place) = (head.children, head.child_count(), head.child_place(nibble));
        place.and_then(|place| self.children.get_mut(run, count).get_mut(place)).ok_or_else(dangling)
    }

    pub(crate) fn leaf_mut(&mut self, link: Link, nibble: u8) -> Result<&mut Leaf, Fault> {
        let head = self.get(link)?.head;
        let (run, count, place) = (head.leaves, head.leaf_count(), head.leaf_place(nibble));
        place.and_then(|place| self.leaves.get_mut(run, count).get_mut(place)).ok_or_else(dangling)
    }

    /// Takes a branch out; its head's place stays taken.
    pub(crate) fn take(&mut self, link: Link) -> Result<Loose, Fault> {
        let head = core::mem::take(self.head_mut(link)?);
        let children = self.children.take(head.children, head.child_count());
        let leaves = self.leaves.take(head.leaves, head.leaf_count());
        Ok(Loose { head, children, leaves })
    }

    /// Puts a branch into the place of one that was taken out.
    pub(crate) fn put(&mut self, link: Link, branch: Loose) -> Result<(), Fault> {
        let Loose { mut head, children, leaves } = branch;
        head.children = self.children.add(children.len(), children.into_iter())?;
        head.leaves = self.leaves.add(leaves.len(), leaves.into_iter())?;
        *self.head_mut(link)? = head;
        Ok(())
    }

    /// Moves a branch of an overlay, whose children are installed, to another set.
    fn move_from(&mut self, other: &mut Self, link: Link) -> Result<Link, Fault> {
        let head = core::mem::take(other.head_mut(link)?);
        let children = other.children.get(head.children, head.child_count());
        let leaves = other.leaves.get_mut(head.leaves, head.leaf_count());
        self.add(false, head, children.iter().copied(), leaves.iter_mut().map(core::mem::take))
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

    /// Moves a branch of an overlay in, whose children are installed.
    pub(crate) fn install(&mut self, branches: &mut Branches, link: Link) -> Result<Link, Fault> {
        let installed = self.branches.move_from(branches, link)?;
        let branch = self.branches.get(installed)?;
        self.bytes = self.bytes.saturating_add(branch.bytes());
        if branch.head.changed > self.saved {
            self.unsaved_bytes = self.unsaved_bytes.saturating_add(branch.bytes());
        }
        self.branch_count = self.branch_count.saturating_add(1);
        self.leaf_count = self.leaf_count.saturating_add(branch.leaves.len());
        Ok(installed)
    }

    /// Puts a child into the place of one of the same kind, and the leaf into its place where it is one.
    pub(crate) fn replace(&mut self, link: Link, nibble: u8, child: Child, leaf: Option<Leaf>) -> Result<(), Fault> {
        let Branches { heads, children, leaves } = &mut self.branches;
        let head = heads.get_mut(link.index(), 1).first_mut().ok_or_else(dangling)?;
        let place = head.child_place(nibble).ok_or_else(dangling)?;
        let held = children.get_mut(head.children, head.child_count()).get_mut(place);
        *held.ok_or_else(dangling)? = child;
        let Some(leaf) = leaf else { return Ok(()) };
        let place = head.leaf_place(nibble).ok_or_else(dangling)?;
        let held = leaves.get_mut(head.leaves, head.leaf_count()).get_mut(place).ok_or_else(dangling)?;
        let (before, after) = (held.value.heap(), leaf.value.heap());
        *held = leaf;
        if before != after {
            head.add_heap(before, after);
            self.bytes = self.bytes.saturating_add(after).saturating_sub(before);
            if head.changed > self.saved {
                self.unsaved_bytes = self.unsaved_bytes.saturating_add(after).saturating_sub(before);
            }
        }
        Ok(())
    }

    /// Notes that a branch is on the path of a change, and whether its record changed, in an install.
    pub(crate) fn touch(&mut self, link: Link, epoch: u32, changed: bool) -> Result<(), Fault> {
        let saved = self.saved;
        let head = self.branches.head_mut(link)?;
        head.epoch = epoch;
        if changed {
            let newly = head.changed <= saved;
            head.changed = epoch;
            if newly {
                self.unsaved_bytes = self.unsaved_bytes.saturating_add(self.branches.get(link)?.bytes());
            }
        }
        Ok(())
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

pub(crate) fn dangling() -> Fault {
    Fault::invariant("trie: a link without its branch")
}
