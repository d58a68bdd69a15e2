//! Nodes in memory: the arena of installed nodes and the overlay of those that a block changes.

use crate::path::Path;
use crate::rlp::Reference;
use crate::value::Value;
use alloy_primitives::B256;
use assay_primitives::Fault;

/// Names a node: its kind, whether it lies in the overlay, and its index there. 0 is no node.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Link(u32);

/// What a link names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Empty,
    Branch,
    Leaf,
    /// A branch, or the root of a trie, that is not in memory: only its reference is.
    Stub,
}

const BRANCH: u32 = 1 << 30;
const LEAF: u32 = 2 << 30;
const STUB: u32 = 3 << 30;
const OVERLAY: u32 = 1 << 29;
const INDEX: u32 = OVERLAY - 1;

impl Link {
    pub(crate) const EMPTY: Self = Self(0);

    pub(crate) const fn kind(self) -> Kind {
        match self.0 & STUB {
            BRANCH => Kind::Branch,
            LEAF => Kind::Leaf,
            STUB => Kind::Stub,
            _ => Kind::Empty,
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Whether the node lies in the overlay, not in the arena.
    pub(crate) const fn is_overlay(self) -> bool {
        self.0 & OVERLAY != 0
    }

    const fn index(self) -> u32 {
        self.0 & INDEX
    }

    fn new(kind: u32, place: u32, index: usize) -> Result<Self, Fault> {
        match u32::try_from(index) {
            Ok(index) if index <= INDEX => Ok(Self(kind | place | index)),
            _ => Err(Fault::invariant("trie: more than 536,870,911 nodes in memory")),
        }
    }
}

/// A branch, with the extension before it where its prefix is not empty.
#[derive(Clone, Default)]
pub(crate) struct Branch {
    pub(crate) children: [Link; 16],
    pub(crate) prefix: Option<Box<Path>>,
    /// The install in which it was last on the path of a change: what eviction goes by. Never before its children's.
    pub(crate) epoch: u32,
    /// None while it must be computed anew.
    pub(crate) reference: Reference,
}

impl Branch {
    pub(crate) fn prefix(&self) -> Path {
        self.prefix.as_deref().copied().unwrap_or_default()
    }

    pub(crate) fn prefix_len(&self) -> usize {
        self.prefix.as_ref().map_or(0, |prefix| prefix.len())
    }

    pub(crate) fn set_prefix(&mut self, prefix: Path) {
        self.prefix = (!prefix.is_empty()).then(|| Box::new(prefix));
    }

    pub(crate) fn child(&self, nibble: u8) -> Link {
        self.children.get(usize::from(nibble)).copied().unwrap_or_default()
    }

    pub(crate) fn set_child(&mut self, nibble: u8, link: Link) {
        if let Some(child) = self.children.get_mut(usize::from(nibble)) {
            *child = link;
        }
    }

    fn heap(&self) -> usize {
        self.prefix.as_ref().map_or(0, |_| PREFIX_BYTES)
    }
}

/// A leaf with its whole key.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) key: B256,
    pub(crate) value: Value,
    /// None while it must be computed anew. It depends on the depth at which the leaf hangs.
    pub(crate) reference: Reference,
}

impl Default for Leaf {
    fn default() -> Self {
        Self { key: B256::ZERO, value: Value::Slot([0; 32]), reference: Reference::NONE }
    }
}

/// Bytes that a branch, a leaf and a stub take, and a prefix on the heap with the allocator's share.
pub(crate) const BRANCH_BYTES: usize = size_of::<Branch>();
pub(crate) const LEAF_BYTES: usize = size_of::<Leaf>();
pub(crate) const STUB_BYTES: usize = size_of::<Reference>();
const PREFIX_BYTES: usize = 48;

/// Entries of a slab's chunk: growing never moves entries.
const CHUNK: usize = 4096;

/// Values under stable indices; freed places are used again, the last freed first.
#[derive(Default)]
struct Slab<T> {
    chunks: Vec<Vec<T>>,
    free: Vec<u32>,
    len: usize,
}

impl<T: Default> Slab<T> {
    fn get(&self, index: u32) -> Option<&T> {
        let index = index as usize;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        let index = index as usize;
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    fn insert(&mut self, value: T) -> usize {
        self.len = self.len.saturating_add(1);
        if let Some(index) = self.free.pop()
            && let Some(place) = self.get_mut(index)
        {
            *place = value;
            return index as usize;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let before = self.chunks.len().saturating_sub(1).saturating_mul(CHUNK);
        let Some(chunk) = self.chunks.last_mut() else { return before };
        chunk.push(value);
        before.saturating_add(chunk.len()).saturating_sub(1)
    }

    fn remove(&mut self, index: u32) -> T {
        let Some(place) = self.get_mut(index) else { return T::default() };
        let value = core::mem::take(place);
        self.free.push(index);
        self.len = self.len.saturating_sub(1);
        value
    }
}

/// The installed nodes; every reference is computed and every node is persisted.
#[derive(Default)]
pub(crate) struct Arena {
    branches: Slab<Branch>,
    leaves: Slab<Leaf>,
    stubs: Slab<Reference>,
    heap: usize,
}

impl Arena {
    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.heap
            .saturating_add(self.branches.len.saturating_mul(BRANCH_BYTES))
            .saturating_add(self.leaves.len.saturating_mul(LEAF_BYTES))
            .saturating_add(self.stubs.len.saturating_mul(STUB_BYTES))
    }

    pub(crate) const fn leaf_count(&self) -> usize {
        self.leaves.len
    }

    pub(crate) const fn branch_count(&self) -> usize {
        self.branches.len
    }

    pub(crate) fn add_branch(&mut self, branch: Branch) -> Result<Link, Fault> {
        self.heap = self.heap.saturating_add(branch.heap());
        Link::new(BRANCH, 0, self.branches.insert(branch))
    }

    pub(crate) fn add_leaf(&mut self, leaf: Leaf) -> Result<Link, Fault> {
        self.heap = self.heap.saturating_add(leaf.value.heap());
        Link::new(LEAF, 0, self.leaves.insert(leaf))
    }

    pub(crate) fn add_stub(&mut self, reference: Reference) -> Result<Link, Fault> {
        Link::new(STUB, 0, self.stubs.insert(reference))
    }

    /// Frees one node.
    pub(crate) fn free(&mut self, link: Link) {
        match link.kind() {
            Kind::Empty => {}
            Kind::Branch => {
                let branch = self.branches.remove(link.index());
                self.heap = self.heap.saturating_sub(branch.heap());
            }
            Kind::Leaf => {
                let leaf = self.leaves.remove(link.index());
                self.heap = self.heap.saturating_sub(leaf.value.heap());
            }
            Kind::Stub => {
                self.stubs.remove(link.index());
            }
        }
    }

    /// Frees a node and everything below it.
    pub(crate) fn free_tree(&mut self, link: Link) {
        if link.kind() == Kind::Branch
            && let Some(branch) = self.branches.get(link.index())
        {
            for child in branch.children {
                self.free_tree(child);
            }
        }
        self.free(link);
    }

    pub(crate) fn branch_mut(&mut self, link: Link) -> Result<&mut Branch, Fault> {
        self.branches.get_mut(link.index()).ok_or_else(dangling)
    }
}

/// Nodes of a block that is not installed, and which nodes of the arena they replace.
#[derive(Default)]
pub(crate) struct Overlay {
    branches: Vec<Branch>,
    leaves: Vec<Leaf>,
    stubs: Vec<Reference>,
    /// Nodes of the arena that the block replaces or removes.
    pub(crate) freed: Vec<Link>,
    /// Roots of storage tries in the arena that the block removes whole.
    pub(crate) dropped: Vec<Link>,
}

impl Overlay {
    pub(crate) fn add_branch(&mut self, branch: Branch) -> Result<Link, Fault> {
        self.branches.push(branch);
        Link::new(BRANCH, OVERLAY, self.branches.len().saturating_sub(1))
    }

    pub(crate) fn add_leaf(&mut self, leaf: Leaf) -> Result<Link, Fault> {
        self.leaves.push(leaf);
        Link::new(LEAF, OVERLAY, self.leaves.len().saturating_sub(1))
    }

    pub(crate) fn add_stub(&mut self, reference: Reference) -> Result<Link, Fault> {
        self.stubs.push(reference);
        Link::new(STUB, OVERLAY, self.stubs.len().saturating_sub(1))
    }

    pub(crate) fn branch_mut(&mut self, link: Link) -> Result<&mut Branch, Fault> {
        self.branches.get_mut(link.index() as usize).filter(|_| link.is_overlay()).ok_or_else(dangling)
    }

    pub(crate) fn leaf_mut(&mut self, link: Link) -> Result<&mut Leaf, Fault> {
        self.leaves.get_mut(link.index() as usize).filter(|_| link.is_overlay()).ok_or_else(dangling)
    }

    /// Moves a node and all that lies below it in the overlay into the arena, and gives its name there.
    pub(crate) fn install(&mut self, arena: &mut Arena, link: Link) -> Result<Link, Fault> {
        if !link.is_overlay() {
            return Ok(link);
        }
        match link.kind() {
            Kind::Empty => Ok(link),
            Kind::Branch => {
                let mut branch = core::mem::take(self.branch_mut(link)?);
                for child in &mut branch.children {
                    *child = self.install(arena, *child)?;
                }
                arena.add_branch(branch)
            }
            Kind::Leaf => arena.add_leaf(core::mem::take(self.leaf_mut(link)?)),
            Kind::Stub => {
                let stub = self.stubs.get(link.index() as usize).ok_or_else(dangling)?;
                arena.add_stub(*stub)
            }
        }
    }
}

/// The arena as it looks through an overlay.
#[derive(Clone, Copy)]
pub(crate) struct Nodes<'a> {
    pub(crate) arena: &'a Arena,
    pub(crate) overlay: &'a Overlay,
}

impl<'a> Nodes<'a> {
    pub(crate) fn branch(&self, link: Link) -> Result<&'a Branch, Fault> {
        let branch = if link.is_overlay() {
            self.overlay.branches.get(link.index() as usize)
        } else {
            self.arena.branches.get(link.index())
        };
        branch.filter(|_| link.kind() == Kind::Branch).ok_or_else(dangling)
    }

    pub(crate) fn leaf(&self, link: Link) -> Result<&'a Leaf, Fault> {
        let leaf = if link.is_overlay() {
            self.overlay.leaves.get(link.index() as usize)
        } else {
            self.arena.leaves.get(link.index())
        };
        leaf.filter(|_| link.kind() == Kind::Leaf).ok_or_else(dangling)
    }

    /// The reference of a node; none for no node, and for one whose reference must be computed.
    pub(crate) fn reference(&self, link: Link) -> Result<Reference, Fault> {
        match link.kind() {
            Kind::Empty => Ok(Reference::NONE),
            Kind::Branch => Ok(self.branch(link)?.reference),
            Kind::Leaf => Ok(self.leaf(link)?.reference),
            Kind::Stub if link.is_overlay() => {
                self.overlay.stubs.get(link.index() as usize).copied().ok_or_else(dangling)
            }
            Kind::Stub => self.arena.stubs.get(link.index()).copied().ok_or_else(dangling),
        }
    }
}

fn dangling() -> Fault {
    Fault::invariant("trie: a link without its node")
}
