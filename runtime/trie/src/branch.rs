//! A branch with its leaves: what lies in memory of it, how it is read, and one that is still being built.

use crate::path::Path;
use crate::rlp::{self, Reference};
use crate::value::Value;
use alloy_primitives::{B256, U256};

/// Names a branch in memory: whether it lies in the overlay, and its index there.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Link(u32);

const OVERLAY: u32 = 1 << 31;

impl Link {
    /// The branch is not in memory.
    pub(crate) const PAGED: Self = Self(0);

    pub(crate) fn is_paged(self) -> bool {
        self == Self::PAGED
    }

    /// Whether the branch lies in the overlay, not in the arena.
    pub(crate) const fn is_overlay(self) -> bool {
        self.0 & OVERLAY != 0
    }

    /// The index; for a paged-out branch one that no link names.
    pub(crate) const fn index(self) -> u32 {
        (self.0 & !OVERLAY).wrapping_sub(1)
    }

    /// The link to an index, which is below 2^31 - 1.
    pub(crate) fn new(overlay: bool, index: u32) -> Option<Self> {
        let number = index.checked_add(1).filter(|number| *number < OVERLAY)?;
        Some(Self(if overlay { OVERLAY | number } else { number }))
    }
}

/// A leaf with its whole key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) key: B256,
    pub(crate) value: Value,
}

impl Default for Leaf {
    fn default() -> Self {
        Self { key: B256::ZERO, value: Value::slot(U256::ZERO) }
    }
}

/// The root of a trie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Empty,
    Leaf(Box<Leaf>),
    Branch(Link),
    /// Not in memory: what it is called.
    Paged(Reference),
}

/// What a branch holds about a child besides a leaf's content.
#[derive(Clone, Copy, Default)]
pub(crate) struct Child {
    pub(crate) reference: Reference,
    /// The child in memory, if it is a branch.
    pub(crate) link: Link,
}

/// A child as a walk sees it.
pub(crate) enum Place<'a> {
    Empty,
    Leaf(&'a Leaf),
    Branch(Child),
}

/// The head of a branch. Its children and its leaves are runs in pools, in the order of their nibbles: what is needed
/// to hash and to persist a branch lies together, not in up to sixteen places.
#[derive(Clone, Default)]
pub(crate) struct Head {
    /// Which children exist, which of those are leaves, and which references must be computed anew.
    pub(crate) present: u16,
    pub(crate) leaf_mask: u16,
    pub(crate) dirty: u16,
    /// The install in which it was last on the path of a change: what eviction goes by. Never before its children's.
    pub(crate) epoch: u32,
    /// The install in which its record changed last; 0 for one that was read and is as it is on disk. Never before its
    /// children's.
    pub(crate) changed: u32,
    pub(crate) children: u32,
    pub(crate) leaves: u32,
    /// The path of the extension before the branch.
    pub(crate) prefix: Option<Box<Path>>,
}

const fn bit(nibble: u8) -> u16 {
    1u16.wrapping_shl(nibble as u32)
}

/// The place of a nibble's entry among those of a mask; `None` where it has none.
fn place(mask: u16, nibble: u8) -> Option<usize> {
    (mask & bit(nibble) != 0).then(|| before(mask, nibble))
}

const fn before(mask: u16, nibble: u8) -> usize {
    (mask & bit(nibble).wrapping_sub(1)).count_ones() as usize
}

impl Head {
    pub(crate) fn new(prefix: Path, epoch: u32) -> Self {
        let mut head = Self { epoch, ..Self::default() };
        head.set_prefix(prefix);
        head
    }

    pub(crate) fn prefix(&self) -> Path {
        self.prefix.as_deref().copied().unwrap_or_default()
    }

    pub(crate) fn set_prefix(&mut self, prefix: Path) {
        self.prefix = (!prefix.is_empty()).then(|| Box::new(prefix));
    }

    pub(crate) const fn child_count(&self) -> usize {
        self.present.count_ones() as usize
    }

    pub(crate) const fn leaf_count(&self) -> usize {
        self.leaf_mask.count_ones() as usize
    }

    pub(crate) fn child_place(&self, nibble: u8) -> Option<usize> {
        place(self.present, nibble)
    }

    pub(crate) fn leaf_place(&self, nibble: u8) -> Option<usize> {
        place(self.leaf_mask, nibble)
    }

    /// Marks a child's reference as one that must be computed anew.
    pub(crate) const fn mark(&mut self, nibble: u8) {
        self.dirty |= bit(nibble);
    }

    /// Bytes on the heap with the allocator's share.
    pub(crate) fn heap(&self) -> usize {
        self.prefix.as_ref().map_or(0, |_| size_of::<Path>().saturating_add(16))
    }
}

/// A branch to read.
#[derive(Clone, Copy)]
pub(crate) struct Branch<'a> {
    pub(crate) head: &'a Head,
    /// The children that exist, from nibble 0.
    pub(crate) children: &'a [Child],
    /// Those of them that are leaves.
    pub(crate) leaves: &'a [Leaf],
}

impl<'a> Branch<'a> {
    pub(crate) fn prefix(&self) -> Option<&'a Path> {
        self.head.prefix.as_deref()
    }

    pub(crate) fn prefix_len(&self) -> usize {
        self.head.prefix.as_ref().map_or(0, |prefix| prefix.len())
    }

    /// The children that exist, with their nibbles.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u8, &'a Child)> {
        let present = self.head.present;
        (0u8..16).filter(move |nibble| present & bit(*nibble) != 0).zip(self.children)
    }

    pub(crate) fn references(&self) -> impl Iterator<Item = &'a Reference> + Clone {
        self.children.iter().map(|child| &child.reference)
    }

    /// A child.
    pub(crate) fn at(&self, nibble: u8) -> Place<'a> {
        if let Some(place) = self.head.leaf_place(nibble) {
            return self.leaves.get(place).map_or(Place::Empty, Place::Leaf);
        }
        let child = self.head.child_place(nibble).and_then(|place| self.children.get(place));
        child.map_or(Place::Empty, |child| Place::Branch(*child))
    }

    /// The only child besides `nibble`, if there is just one.
    pub(crate) fn only_other(&self, nibble: u8) -> Option<u8> {
        let others = self.head.present & !bit(nibble);
        if others.count_ones() == 1 { u8::try_from(others.trailing_zeros()).ok() } else { None }
    }

    /// The reference, from those of the children. `out` is scratch.
    pub(crate) fn reference(&self, out: &mut Vec<u8>) -> Reference {
        rlp::branch_reference(out, self.prefix(), self.head.present, self.references())
    }

    /// Bytes in memory, those of its leaves included.
    pub(crate) fn bytes(&self) -> usize {
        let values = self.leaves.iter().fold(0usize, |sum, leaf| sum.saturating_add(leaf.value.heap()));
        size_of::<Head>()
            .saturating_add(size_of_val(self.children))
            .saturating_add(size_of_val(self.leaves))
            .saturating_add(self.head.heap())
            .saturating_add(values)
    }
}

/// A branch outside of any pool.
#[derive(Clone, Default)]
pub(crate) struct Loose {
    pub(crate) head: Head,
    pub(crate) children: Vec<Child>,
    pub(crate) leaves: Vec<Leaf>,
}

impl Loose {
    pub(crate) fn new(prefix: Path, epoch: u32) -> Self {
        Self { head: Head::new(prefix, epoch), ..Self::default() }
    }

    pub(crate) fn view(&self) -> Branch<'_> {
        Branch { head: &self.head, children: &self.children, leaves: &self.leaves }
    }

    /// Puts a child in the place of whatever is there: a branch, or a leaf where one is given.
    pub(crate) fn put(&mut self, nibble: u8, child: Child, leaf: Option<Leaf>) {
        self.remove(nibble);
        let Head { present, leaf_mask, .. } = &mut self.head;
        self.children.insert(before(*present, nibble).min(self.children.len()), child);
        *present |= bit(nibble);
        if let Some(leaf) = leaf {
            self.leaves.insert(before(*leaf_mask, nibble).min(self.leaves.len()), leaf);
            *leaf_mask |= bit(nibble);
        }
    }

    /// Puts a leaf or a branch whose reference must be computed.
    pub(crate) fn put_dirty(&mut self, nibble: u8, link: Link, leaf: Option<Leaf>) {
        self.put(nibble, Child { reference: Reference::NONE, link }, leaf);
        self.head.mark(nibble);
    }

    /// Removes a child, if it is there.
    pub(crate) fn remove(&mut self, nibble: u8) {
        if let Some(place) = self.head.child_place(nibble).filter(|place| *place < self.children.len()) {
            self.children.remove(place);
        }
        if let Some(place) = self.head.leaf_place(nibble).filter(|place| *place < self.leaves.len()) {
            self.leaves.remove(place);
        }
        let Head { present, leaf_mask, dirty, .. } = &mut self.head;
        for mask in [present, leaf_mask, dirty] {
            *mask &= !bit(nibble);
        }
    }
}
