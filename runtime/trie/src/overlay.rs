//! What a block changes: new branches, and patches of installed ones.
//!
//! Most changes put another value into a leaf that is there, and another hash into each branch above. Such a branch is not
//! copied: its changed children are noted beside it and put in place when the block is installed. Only a branch whose
//! children come, go or change their kind is copied.

use crate::arena::{Arena, Branches, dangling};
use crate::branch::{Branch, Head, Leaf, Link, Loose, Patch, Patches, Place};
use crate::names::NodeKey;
use crate::rlp::Reference;
use assay_primitives::Fault;

/// An installed branch with changed children.
struct Patched {
    base: Link,
    /// Children whose references must be computed anew.
    dirty: u16,
    /// Whether its record changes.
    changed: bool,
    /// The first of its patches.
    first: u32,
}

/// Branches of a block that is not installed, and which of the arena they replace.
#[derive(Default)]
pub(crate) struct Overlay {
    branches: Branches,
    patched: Vec<Patched>,
    patches: Vec<Patch>,
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

    /// The branch as one whose children may be replaced by others of their kind.
    pub(crate) fn patch(&mut self, link: Link) -> Result<Link, Fault> {
        if link.is_overlay() {
            return Ok(link);
        }
        let index = u32::try_from(self.patched.len()).unwrap_or(u32::MAX);
        self.patched.push(Patched { base: link, dirty: 0, changed: false, first: Patches::END });
        Link::patched(index).ok_or_else(|| Fault::invariant("trie: more than 1,073,741,822 branches in a block"))
    }

    /// The branch as one that may be changed in any way.
    pub(crate) fn own(&mut self, arena: &Arena, link: Link, epoch: u32) -> Result<Link, Fault> {
        if link.is_overlay() && !link.is_patched() {
            return Ok(link);
        }
        let branch = Nodes { arena, overlay: self }.branch(link)?;
        let mut copy = branch.to_loose();
        copy.head.epoch = epoch;
        if let Some(patched) = self.patched_at(link) {
            copy.head.dirty = patched.dirty;
        }
        self.free(link);
        self.add(copy)
    }

    /// Notes that a branch is no longer part of the trie. Those of the overlay are left behind by `install`.
    pub(crate) fn free(&mut self, link: Link) {
        if let Some(patched) = self.patched.get_mut(link.index() as usize).filter(|_| link.is_patched()) {
            self.freed.push(core::mem::replace(&mut patched.base, Link::PAGED));
        } else if !link.is_overlay() {
            self.freed.push(link);
        }
    }

    fn patched_at(&self, link: Link) -> Option<&Patched> {
        if link.is_patched() { self.patched.get(link.index() as usize) } else { None }
    }

    /// The prefix may be changed only of a branch that is not patched.
    pub(crate) fn head_mut(&mut self, link: Link) -> Result<&mut Head, Fault> {
        self.branches.head_mut(link)
    }

    /// The patch of a child of a patched branch, made where there is none.
    fn patch_mut(&mut self, arena: &Arena, link: Link, nibble: u8) -> Result<&mut Patch, Fault> {
        let patched = self.patched.get_mut(link.index() as usize).ok_or_else(dangling)?;
        let mut at = patched.first;
        while let Some(patch) = self.patches.get(at as usize).filter(|patch| patch.nibble != nibble) {
            at = patch.next;
        }
        if at == Patches::END {
            let base = arena.branch(patched.base)?;
            let child = *base.child(nibble).ok_or_else(dangling)?;
            at = u32::try_from(self.patches.len()).unwrap_or(Patches::END);
            self.patches.push(Patch { next: patched.first, nibble, child, leaf: None });
            patched.first = at;
        }
        self.patches.get_mut(at as usize).ok_or_else(dangling)
    }

    fn mark(&mut self, link: Link, nibble: u8) -> Result<(), Fault> {
        if link.is_patched() {
            let patched = self.patched.get_mut(link.index() as usize).ok_or_else(dangling)?;
            patched.dirty |= 1u16.wrapping_shl(u32::from(nibble));
            return Ok(());
        }
        self.branches.head_mut(link).map(|head| head.mark(nibble))
    }

    /// Notes that a child's reference is computed.
    pub(crate) fn clean(&mut self, link: Link, nibble: u8) -> Result<(), Fault> {
        let bit = 1u16.wrapping_shl(u32::from(nibble));
        if link.is_patched() {
            self.patched.get_mut(link.index() as usize).ok_or_else(dangling)?.dirty &= !bit;
        } else {
            self.branches.head_mut(link)?.dirty &= !bit;
        }
        Ok(())
    }

    pub(crate) fn set_reference(&mut self, link: Link, nibble: u8, reference: Reference) -> Result<(), Fault> {
        if !link.is_patched() {
            return self.branches.child_mut(link, nibble).map(|child| child.reference = reference);
        }
        let patched = self.patched.get(link.index() as usize).ok_or_else(dangling)?;
        let mut at = patched.first;
        while let Some(patch) = self.patches.get_mut(at as usize) {
            if patch.nibble == nibble {
                patch.child.reference = reference;
                return Ok(());
            }
            at = patch.next;
        }
        Err(dangling())
    }

    /// Puts another branch in the place of a child that is one; the reference must be computed anew if it is dirty.
    pub(crate) fn set_link(
        &mut self,
        arena: &Arena,
        link: Link,
        nibble: u8,
        child: Link,
        dirty: bool,
    ) -> Result<(), Fault> {
        if link.is_patched() {
            self.patch_mut(arena, link, nibble)?.child.link = child;
        } else {
            self.branches.child_mut(link, nibble)?.link = child;
        }
        if dirty { self.mark(link, nibble) } else { Ok(()) }
    }

    /// Puts a leaf in the place of one.
    pub(crate) fn set_leaf(&mut self, arena: &Arena, link: Link, nibble: u8, leaf: Leaf) -> Result<(), Fault> {
        if link.is_patched() {
            self.patch_mut(arena, link, nibble)?.leaf = Some(leaf);
        } else {
            *self.branches.leaf_mut(link, nibble)? = leaf;
        }
        self.mark(link, nibble)
    }

    /// Puts a leaf or a branch whose reference must be computed in the place of whatever is there, in a branch that is
    /// owned.
    pub(crate) fn put(&mut self, link: Link, nibble: u8, child: Link, leaf: Option<Leaf>) -> Result<(), Fault> {
        let mut branch = self.branches.take(link)?;
        branch.put_dirty(nibble, child, leaf);
        self.branches.put(link, branch)
    }

    /// Removes a child of a branch that is owned.
    pub(crate) fn remove(&mut self, link: Link, nibble: u8) -> Result<(), Fault> {
        let mut branch = self.branches.take(link)?;
        branch.remove(nibble);
        self.branches.put(link, branch)
    }

    /// The children of a branch whose references must be computed anew.
    pub(crate) fn dirty(&self, link: Link) -> Result<u16, Fault> {
        match self.patched_at(link) {
            Some(patched) => Ok(patched.dirty),
            None => self.branches.get(link).map(|branch| branch.head.dirty),
        }
    }

    /// Notes that all references of a branch are computed, and that its record changes.
    pub(crate) fn seal(&mut self, link: Link, epoch: u32) -> Result<(), Fault> {
        if link.is_patched() {
            let patched = self.patched.get_mut(link.index() as usize).ok_or_else(dangling)?;
            (patched.dirty, patched.changed) = (0, true);
            return Ok(());
        }
        let head = self.branches.head_mut(link)?;
        (head.dirty, head.changed) = (0, epoch);
        Ok(())
    }

    /// Puts a branch and the new ones below it into the arena, and gives its name there. Where a patched branch lies is
    /// known already; its patches are put in place by [`Self::install_patches`].
    pub(crate) fn install(&mut self, arena: &mut Arena, link: Link) -> Result<Link, Fault> {
        if !link.is_overlay() {
            return Ok(link);
        }
        if let Some(patched) = self.patched_at(link) {
            return Ok(patched.base);
        }
        for nibble in 0u8..16 {
            if let Place::Branch(child) = self.branches.get(link)?.at(nibble)
                && child.link.is_overlay()
            {
                let installed = self.install(arena, child.link)?;
                self.branches.child_mut(link, nibble)?.link = installed;
            }
        }
        arena.install(&mut self.branches, link)
    }

    /// Puts all patches into the arena, and the new branches below patched ones. In the order in which they were made, not
    /// from the root down, so that the machine need not wait for one branch to know the next.
    pub(crate) fn install_patches(&mut self, arena: &mut Arena, epoch: u32) -> Result<(), Fault> {
        for index in 0..self.patched.len() {
            let Some(&Patched { base, changed, first, .. }) = self.patched.get(index) else { break };
            if base.is_paged() {
                continue;
            }
            let mut at = first;
            while let Some(patch) = self.patches.get_mut(at as usize) {
                let (next, nibble, mut child, leaf) = (patch.next, patch.nibble, patch.child, patch.leaf.take());
                child.link = self.install(arena, child.link)?;
                arena.replace(base, nibble, child, leaf)?;
                at = next;
            }
            arena.touch(base, epoch, changed)?;
        }
        Ok(())
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
        if !link.is_overlay() {
            return self.arena.branch(link);
        }
        let Some(patched) = self.overlay.patched_at(link) else { return self.overlay.branches.get(link) };
        let patched = Patches { all: &self.overlay.patches, first: patched.first };
        self.arena.branch(patched_base(self.overlay, link)?).map(|base| Branch { patched, ..base })
    }
}

fn patched_base(overlay: &Overlay, link: Link) -> Result<Link, Fault> {
    overlay.patched_at(link).map(|patched| patched.base).ok_or_else(dangling)
}
