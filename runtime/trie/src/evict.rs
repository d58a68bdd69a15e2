//! Keeping the nodes in memory under a byte budget.
//!
//! What was changed longest ago goes first, and of the same age the deepest. A branch is never older than its children,
//! so whole subtrees go and the upper levels, which every block changes, stay.

use crate::arena::{Arena, BRANCH_BYTES, Kind, LEAF_BYTES, Link, Nodes, Overlay, STUB_BYTES};
use crate::state::{STORAGE_BYTES, StateTrie};
use assay_primitives::Fault;
use std::collections::BTreeMap;

/// The order of eviction: the epoch of the last change, then depth from the deepest.
type Rank = (u32, u8);

/// Levels by which the nodes of a storage trie count as deeper: it hangs below the account trie.
const STORAGE_DEPTH: u8 = 5;

impl StateTrie {
    /// Drops nodes from memory if they take more than `budget` bytes, until they take at most seven eighths of it, so
    /// that most calls do nothing. Every node must be persisted: call it after the writes of the last installed block
    /// were. Blocks that are prepared and not installed become invalid if it drops something. Gives the bytes dropped.
    ///
    /// # Errors
    /// [`Fault::Invariant`] only.
    pub fn evict_to(&mut self, budget: usize) -> Result<usize, Fault> {
        let before = self.bytes();
        if before <= budget {
            return Ok(0);
        }
        let target = budget.saturating_sub(budget / 8);
        let threshold = self.threshold(before.saturating_sub(target))?;
        self.generation = self.generation.saturating_add(1);
        self.root = prune(&mut self.arena, self.root, 0, threshold)?;
        let arena = &mut self.arena;
        let mut outcome = Ok(());
        self.storages.retain(|_, root| match prune(arena, root.link, STORAGE_DEPTH, threshold) {
            Ok(link) if link.kind() == Kind::Stub => {
                arena.free(link);
                false
            }
            Ok(link) if link.kind() == Kind::Leaf && rank(root.epoch, STORAGE_DEPTH) <= threshold => {
                arena.free(link);
                false
            }
            Ok(link) => {
                root.link = link;
                true
            }
            Err(fault) => {
                outcome = Err(fault);
                true
            }
        });
        outcome?;
        Ok(before.saturating_sub(self.bytes()))
    }

    /// The rank up to which nodes must go so that at least `excess` bytes do.
    fn threshold(&self, excess: usize) -> Result<Rank, Fault> {
        let overlay = Overlay::default();
        let nodes = Nodes { arena: &self.arena, overlay: &overlay };
        let mut weights = BTreeMap::new();
        weigh(nodes, self.root, 0, &mut weights)?;
        for root in self.storages.values() {
            weigh(nodes, root.link, STORAGE_DEPTH, &mut weights)?;
            if root.link.kind() == Kind::Leaf {
                let heap = nodes.leaf(root.link)?.value.heap();
                add(&mut weights, rank(root.epoch, STORAGE_DEPTH), LEAF_BYTES.saturating_add(heap));
            }
        }
        let mut sum = 0usize;
        let mut threshold = (0, 0);
        for (rank, bytes) in weights {
            if sum >= excess {
                break;
            }
            threshold = rank;
            sum = sum.saturating_add(bytes);
        }
        Ok(threshold)
    }
}

fn rank(epoch: u32, depth: u8) -> Rank {
    (epoch, u8::MAX.saturating_sub(depth))
}

fn add(weights: &mut BTreeMap<Rank, usize>, rank: Rank, bytes: usize) {
    let weight = weights.entry(rank).or_default();
    *weight = weight.saturating_add(bytes);
}

/// Adds the bytes of each branch, with its leaves and stubs, to its rank.
fn weigh(nodes: Nodes<'_>, link: Link, depth: u8, weights: &mut BTreeMap<Rank, usize>) -> Result<(), Fault> {
    if link.kind() != Kind::Branch {
        return Ok(());
    }
    let branch = nodes.branch(link)?;
    let below = below(depth, branch.prefix_len());
    let mut bytes = if depth == STORAGE_DEPTH { BRANCH_BYTES.saturating_add(STORAGE_BYTES) } else { BRANCH_BYTES };
    for child in branch.children {
        match child.kind() {
            Kind::Empty => {}
            Kind::Branch => weigh(nodes, child, below, weights)?,
            Kind::Leaf => bytes = bytes.saturating_add(LEAF_BYTES).saturating_add(nodes.leaf(child)?.value.heap()),
            Kind::Stub => bytes = bytes.saturating_add(STUB_BYTES),
        }
    }
    add(weights, rank(branch.epoch, depth), bytes);
    Ok(())
}

/// Replaces the branches up to a rank by stubs; gives what stands at `link` afterwards.
fn prune(arena: &mut Arena, link: Link, depth: u8, threshold: Rank) -> Result<Link, Fault> {
    if link.kind() != Kind::Branch {
        return Ok(link);
    }
    let branch = arena.branch_mut(link)?;
    if rank(branch.epoch, depth) <= threshold {
        let reference = branch.reference;
        arena.free_tree(link);
        return arena.add_stub(reference);
    }
    let below = below(depth, branch.prefix_len());
    let children = branch.children;
    for (at, child) in (0u8..16).zip(children) {
        let kept = prune(arena, child, below, threshold)?;
        if kept != child {
            arena.branch_mut(link)?.set_child(at, kept);
        }
    }
    Ok(link)
}

fn below(depth: u8, prefix: usize) -> u8 {
    depth.saturating_add(1).saturating_add(u8::try_from(prefix).unwrap_or(u8::MAX))
}
