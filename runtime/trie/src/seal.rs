//! Hashing what an edit left dirty: all leaves first, then branches level by level from the deepest, so that the messages
//! of a batch never depend on each other.

use crate::arena::Arena;
use crate::branch::{Leaf, Link, Place};
use crate::keccak::Batch;
use crate::overlay::{Nodes, Overlay};
use crate::path::{Path, nibble};
use crate::rlp::{self, EMPTY_ROOT, Reference};
use crate::value::{Storage, Value};
use alloy_primitives::B256;
use assay_primitives::Fault;

/// Messages in one batch: enough to fill all lanes, and few enough to stay in the cache.
const CHUNK: usize = 256;

/// Whose reference a hash is.
#[derive(Clone, Copy)]
enum Target {
    Child { parent: Link, nibble: u8 },
    Root(usize),
}

/// A leaf whose reference must be computed.
struct DirtyLeaf {
    branch: Link,
    nibble: u8,
    depth: usize,
}

/// What must be hashed of some tries.
#[derive(Default)]
struct Work {
    leaves: Vec<DirtyLeaf>,
    /// Branches by their distance from the root.
    levels: Vec<Vec<(Link, Target)>>,
}

impl Work {
    fn gather(
        &mut self,
        nodes: Nodes<'_>,
        link: Link,
        depth: usize,
        level: usize,
        target: Target,
    ) -> Result<(), Fault> {
        let branch = nodes.branch(link)?;
        let below = depth.saturating_add(branch.prefix_len()).saturating_add(1);
        if self.levels.len() <= level {
            self.levels.resize_with(level.saturating_add(1), Vec::new);
        }
        if let Some(items) = self.levels.get_mut(level) {
            items.push((link, target));
        }
        let mut dirty = nodes.overlay.dirty(link)?;
        while dirty != 0 {
            let nibble = u8::try_from(dirty.trailing_zeros()).unwrap_or_default();
            dirty &= dirty.wrapping_sub(1);
            match branch.at(nibble) {
                Place::Leaf(_) => self.leaves.push(DirtyLeaf { branch: link, nibble, depth: below }),
                Place::Branch(child) => {
                    let target = Target::Child { parent: link, nibble };
                    self.gather(nodes, child.link, below, level.saturating_add(1), target)?;
                }
                Place::Empty => {}
            }
        }
        Ok(())
    }
}

/// Hashes, with its buffers.
#[derive(Default)]
pub(crate) struct Sealer {
    batch: Batch,
    value: Vec<u8>,
}

impl Sealer {
    /// Computes every reference below and of the roots; all of them lie in the overlay. `epoch` is noted as that of the
    /// change.
    pub(crate) fn seal(
        &mut self,
        arena: &Arena,
        overlay: &mut Overlay,
        roots: &[Link],
        epoch: u32,
    ) -> Result<Vec<Reference>, Fault> {
        let mut work = Work::default();
        for (index, link) in roots.iter().enumerate() {
            work.gather(Nodes { arena, overlay }, *link, 0, 0, Target::Root(index))?;
        }
        self.run(arena, overlay, &work, roots.len(), epoch)
    }

    /// Computes every reference below the child towards `key` of a root branch, and its own.
    pub(crate) fn seal_child(
        &mut self,
        arena: &Arena,
        overlay: &mut Overlay,
        parent: Link,
        key: &B256,
        epoch: u32,
    ) -> Result<(), Fault> {
        let nodes = Nodes { arena, overlay };
        let branch = nodes.branch(parent)?;
        let depth = branch.prefix_len();
        let nibble = nibble(&key.0, depth);
        if nodes.overlay.dirty(parent)? & 1u16.wrapping_shl(u32::from(nibble)) == 0 {
            return Ok(());
        }
        let Place::Branch(child) = branch.at(nibble) else { return Ok(()) };
        let mut work = Work::default();
        work.gather(nodes, child.link, depth.saturating_add(1), 0, Target::Child { parent, nibble })?;
        self.run(arena, overlay, &work, 0, epoch)?;
        overlay.clean(parent, nibble)
    }

    fn run(
        &mut self,
        arena: &Arena,
        overlay: &mut Overlay,
        work: &Work,
        roots: usize,
        epoch: u32,
    ) -> Result<Vec<Reference>, Fault> {
        let mut references = vec![Reference::NONE; roots];
        for leaves in work.leaves.chunks(CHUNK) {
            self.seal_leaves(arena, overlay, leaves)?;
        }
        for level in work.levels.iter().rev() {
            for items in level.chunks(CHUNK) {
                self.seal_branches(arena, overlay, items, &mut references, epoch)?;
            }
        }
        Ok(references)
    }

    fn seal_leaves(&mut self, arena: &Arena, overlay: &mut Overlay, leaves: &[DirtyLeaf]) -> Result<(), Fault> {
        let mut found = Vec::with_capacity(leaves.len());
        for dirty in leaves {
            let Place::Leaf(leaf) = Nodes { arena, overlay }.branch(dirty.branch)?.at(dirty.nibble) else {
                return Err(Fault::invariant("trie: a leaf that is to be hashed is none"));
            };
            found.push((leaf, dirty.depth));
        }
        let references = self.leaf_references(&found);
        for (dirty, reference) in leaves.iter().zip(references) {
            overlay.set_reference(dirty.branch, dirty.nibble, reference)?;
        }
        Ok(())
    }

    /// The references of leaves that hang at the given depths.
    pub(crate) fn leaf_references(&mut self, leaves: &[(&Leaf, usize)]) -> Vec<Reference> {
        let roots = self.storage_roots(leaves.iter().map(|(leaf, _)| &leaf.value));
        self.batch.clear();
        let mut references = Vec::with_capacity(leaves.len());
        for ((leaf, depth), root) in leaves.iter().zip(roots) {
            leaf.value.rlp(root, &mut self.value);
            let value = &self.value;
            let write = |out: &mut Vec<u8>| rlp::leaf(out, leaf.key.as_slice(), *depth, value);
            let short = self.batch.push(32, write, |rlp| Reference::inline(rlp).unwrap_or_default());
            references.push(short);
        }
        let mut hashes = self.batch.run().iter();
        let hashed = |short: Option<Reference>| {
            short.unwrap_or_else(|| hashes.next().map_or(Reference::NONE, |hash| Reference::hash(*hash)))
        };
        references.into_iter().map(hashed).collect()
    }

    /// The storage roots of accounts; the empty one for a slot.
    fn storage_roots<'a>(&mut self, values: impl Iterator<Item = &'a Value>) -> Vec<B256> {
        self.batch.clear();
        let mut roots: Vec<Option<B256>> = Vec::new();
        for value in values {
            let root = match value.storage() {
                Storage::Empty => Some(EMPTY_ROOT),
                Storage::Root(root) => Some(root),
                Storage::One(slot, value) => {
                    self.batch.push(0, |out| rlp::slot_leaf(out, &slot, value), |_| EMPTY_ROOT)
                }
            };
            roots.push(root);
        }
        let mut hashes = self.batch.run().iter();
        roots.into_iter().map(|root| root.unwrap_or_else(|| hashes.next().copied().unwrap_or_default())).collect()
    }

    fn seal_branches(
        &mut self,
        arena: &Arena,
        overlay: &mut Overlay,
        items: &[(Link, Target)],
        roots: &mut [Reference],
        epoch: u32,
    ) -> Result<(), Fault> {
        self.batch.clear();
        let mut short = Vec::with_capacity(items.len());
        for (link, _) in items {
            overlay.seal(*link, epoch)?;
            let branch = Nodes { arena, overlay }.branch(*link)?;
            let write = |out: &mut Vec<u8>| rlp::branch(out, branch.head.present, branch.references().iter());
            let inline = self.batch.push(32, write, |rlp| Reference::inline(rlp).unwrap_or_default());
            short.push((inline, branch.prefix().copied()));
        }
        let mut hashes = self.batch.run().iter();
        for ((_, target), (short, prefix)) in items.iter().zip(short) {
            let mut reference =
                short.unwrap_or_else(|| hashes.next().map_or(Reference::NONE, |hash| Reference::hash(*hash)));
            if let Some(prefix) = prefix {
                reference = extended(&prefix, &reference);
            }
            match target {
                Target::Child { parent, nibble } => overlay.set_reference(*parent, *nibble, reference)?,
                Target::Root(index) => {
                    if let Some(root) = roots.get_mut(*index) {
                        *root = reference;
                    }
                }
            }
        }
        Ok(())
    }

    /// The reference of a leaf that hangs at `depth`.
    pub(crate) fn leaf_reference(&mut self, leaf: &Leaf, depth: usize) -> Reference {
        self.leaf_references(&[(leaf, depth)]).first().copied().unwrap_or_default()
    }
}

/// The reference of the extension before a branch.
fn extended(prefix: &Path, branch: &Reference) -> Reference {
    let mut node = Vec::with_capacity(72);
    rlp::extension(&mut node, prefix, branch);
    Reference::of(&node)
}
