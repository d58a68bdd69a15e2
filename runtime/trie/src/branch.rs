//! A branch with its leaves: what lies in memory of it, how it is read, and one that is still being built.

use crate::path::Path;
use crate::rlp::{self, Reference};
use crate::value::Value;
use alloy_primitives::{B256, U256};

/// Names a branch in memory: whether it lies in the overlay, and its index there.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Link(u32);

const OVERLAY: u32 = 1 << 31;
/// Of a link into the overlay: it names a patched branch.
const PATCHED: u32 = 1 << 30;

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

    /// Whether the branch is one of the arena with patches in the overlay.
    pub(crate) const fn is_patched(self) -> bool {
        self.0 & (OVERLAY | PATCHED) == OVERLAY | PATCHED
    }

    /// The index; for a paged-out branch one that no link names.
    pub(crate) const fn index(self) -> u32 {
        let flags = if self.is_overlay() { OVERLAY | PATCHED } else { OVERLAY };
        (self.0 & !flags).wrapping_sub(1)
    }

    /// The link to an index, which is below 2^30 - 1 in an overlay and below 2^31 - 1 in the arena.
    pub(crate) fn new(overlay: bool, index: u32) -> Option<Self> {
        let bound = if overlay { PATCHED } else { OVERLAY };
        let number = index.checked_add(1).filter(|number| *number < bound)?;
        Some(Self(if overlay { OVERLAY | number } else { number }))
    }

    /// The link to a patched branch.
    pub(crate) fn patched(index: u32) -> Option<Self> {
        Self::new(true, index).map(|link| Self(link.0 | PATCHED))
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
    /// Bytes that the values of its leaves take on the heap.
    pub(crate) heap: u16,
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

    /// Bytes on the heap with the allocator's share, those of its leaves included.
    fn heap(&self) -> usize {
        let prefix = self.prefix.as_ref().map_or(0, |_| size_of::<Path>().saturating_add(16));
        usize::from(self.heap).saturating_add(prefix)
    }

    /// Notes what its leaves take on the heap.
    pub(crate) fn set_heap(&mut self, leaves: &[Leaf]) {
        let sum = leaves.iter().fold(0usize, |sum, leaf| sum.saturating_add(leaf.value.heap()));
        self.heap = u16::try_from(sum).unwrap_or(u16::MAX);
    }

    /// Notes that a leaf takes another number of bytes on the heap.
    pub(crate) fn add_heap(&mut self, before: usize, after: usize) {
        let sum = usize::from(self.heap).saturating_add(after).saturating_sub(before);
        self.heap = u16::try_from(sum).unwrap_or(u16::MAX);
    }
}

/// A changed child of an installed branch, of the same kind as the one there.
pub(crate) struct Patch {
    /// The next patch of the branch; [`Patches::END`] after the last.
    pub(crate) next: u32,
    pub(crate) nibble: u8,
    pub(crate) child: Child,
    /// The leaf, where the child is one and has changed.
    pub(crate) leaf: Option<Leaf>,
}

/// The patches of a branch, as a list through those of all.
#[derive(Clone, Copy)]
pub(crate) struct Patches<'a> {
    pub(crate) all: &'a [Patch],
    pub(crate) first: u32,
}

impl<'a> Patches<'a> {
    /// No patch has this index.
    pub(crate) const END: u32 = u32::MAX;
    pub(crate) const NONE: Self = Self { all: &[], first: Self::END };

    fn iter(self) -> impl Iterator<Item = &'a Patch> {
        let mut at = self.first;
        core::iter::from_fn(move || {
            let patch = self.all.get(at as usize)?;
            at = patch.next;
            Some(patch)
        })
    }

    fn get(self, nibble: u8) -> Option<&'a Patch> {
        self.iter().find(|patch| patch.nibble == nibble)
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
    /// What stands in the place of some of these.
    pub(crate) patched: Patches<'a>,
}

impl<'a> Branch<'a> {
    pub(crate) fn prefix(&self) -> Option<&'a Path> {
        self.head.prefix.as_deref()
    }

    pub(crate) fn prefix_len(&self) -> usize {
        self.head.prefix.as_ref().map_or(0, |prefix| prefix.len())
    }

    /// The children that exist, with their nibbles; patches do not show.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u8, &'a Child)> {
        let present = self.head.present;
        (0u8..16).filter(move |nibble| present & bit(*nibble) != 0).zip(self.children)
    }

    /// The references of the children that exist.
    pub(crate) fn references(&self) -> References<'a> {
        let mut list = [const { &Reference::NONE }; 16];
        for (place, child) in list.iter_mut().zip(self.children) {
            *place = &child.reference;
        }
        for patch in self.patched.iter() {
            if let Some(place) = self.head.child_place(patch.nibble).and_then(|place| list.get_mut(place)) {
                *place = &patch.child.reference;
            }
        }
        References { list, count: self.children.len() }
    }

    /// A child's reference and link.
    pub(crate) fn child(&self, nibble: u8) -> Option<&'a Child> {
        self.head.child_place(nibble).and_then(|place| self.children.get(place))
    }

    /// A child.
    pub(crate) fn at(&self, nibble: u8) -> Place<'a> {
        let patch = self.patched.get(nibble);
        if let Some(place) = self.head.leaf_place(nibble) {
            let leaf = patch.and_then(|patch| patch.leaf.as_ref()).or_else(|| self.leaves.get(place));
            return leaf.map_or(Place::Empty, Place::Leaf);
        }
        let child = patch.map(|patch| &patch.child).or_else(|| self.child(nibble));
        child.map_or(Place::Empty, |child| Place::Branch(*child))
    }

    /// A copy outside of any pool, with the patches in place.
    pub(crate) fn to_loose(self) -> Loose {
        let mut copy =
            Loose { head: self.head.clone(), children: self.children.to_vec(), leaves: self.leaves.to_vec() };
        for patch in self.patched.iter() {
            if let Some(child) = self.head.child_place(patch.nibble).and_then(|place| copy.children.get_mut(place)) {
                *child = patch.child;
            }
            let leaf = self.head.leaf_place(patch.nibble).and_then(|place| copy.leaves.get_mut(place));
            if let (Some(place), Some(leaf)) = (leaf, &patch.leaf) {
                place.clone_from(leaf);
            }
        }
        copy
    }

    /// The only child besides `nibble`, if there is just one.
    pub(crate) fn only_other(&self, nibble: u8) -> Option<u8> {
        let others = self.head.present & !bit(nibble);
        if others.count_ones() == 1 { u8::try_from(others.trailing_zeros()).ok() } else { None }
    }

    /// The reference, from those of the children. `out` is scratch.
    pub(crate) fn reference(&self, out: &mut Vec<u8>) -> Reference {
        rlp::branch_reference(out, self.prefix(), self.head.present, self.references().iter())
    }

    /// Bytes in memory, those of its leaves included.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Head>()
            .saturating_add(size_of_val(self.children))
            .saturating_add(size_of_val(self.leaves))
            .saturating_add(self.head.heap())
    }
}

/// The references of a branch's children, in order.
pub(crate) struct References<'a> {
    list: [&'a Reference; 16],
    count: usize,
}

impl<'a> References<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a Reference> + Clone {
        self.list.iter().copied().take(self.count)
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
        Branch { head: &self.head, children: &self.children, leaves: &self.leaves, patched: Patches::NONE }
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
