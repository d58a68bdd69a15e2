//! Keeping the nodes in memory under a byte budget.
//!
//! What was changed longest ago goes first, and of the same age the deepest. A branch is never older than its children,
//! so whole subtrees go and the upper levels, which every block changes, stay.

use crate::arena::Arena;
use crate::branch::{Link, Root};
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
        self.root = prune_root(&mut self.arena, &self.root, 0, threshold)?;
        let arena = &mut self.arena;
        let mut outcome = Ok(());
        self.storages.retain(|_, storage| {
            match prune_root(arena, &storage.root, STORAGE_DEPTH, threshold) {
                Ok(Root::Paged(_)) => return false,
                Ok(Root::Leaf(_)) if rank(storage.epoch, STORAGE_DEPTH) <= threshold => return false,
                Ok(root) => storage.root = root,
                Err(fault) => outcome = Err(fault),
            }
            true
        });
        outcome?;
        Ok(before.saturating_sub(self.bytes()))
    }

    /// The rank up to which nodes must go so that at least `excess` bytes do.
    fn threshold(&self, excess: usize) -> Result<Rank, Fault> {
        let arena = &self.arena;
        let mut weights = BTreeMap::new();
        if let Root::Branch(link) = &self.root {
            weigh(arena, *link, 0, &mut weights)?;
        }
        for storage in self.storages.values() {
            match &storage.root {
                Root::Branch(link) => {
                    weigh(arena, *link, STORAGE_DEPTH, &mut weights)?;
                    add(&mut weights, rank(arena.branch(*link)?.head.epoch, STORAGE_DEPTH), STORAGE_BYTES);
                }
                Root::Leaf(_) => add(&mut weights, rank(storage.epoch, STORAGE_DEPTH), STORAGE_BYTES),
                Root::Empty | Root::Paged(_) => {}
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

/// Adds the bytes of each branch, its leaves included, to its rank.
fn weigh(arena: &Arena, link: Link, depth: u8, weights: &mut BTreeMap<Rank, usize>) -> Result<(), Fault> {
    let branch = arena.branch(link)?;
    let below = below(depth, branch.prefix_len());
    for child in branch.children.iter().filter(|child| !child.link.is_paged()) {
        weigh(arena, child.link, below, weights)?;
    }
    add(weights, rank(branch.head.epoch, depth), branch.bytes());
    Ok(())
}

/// [`prune`] for a whole trie.
fn prune_root(arena: &mut Arena, root: &Root, depth: u8, threshold: Rank) -> Result<Root, Fault> {
    let Root::Branch(link) = root else { return Ok(root.clone()) };
    let reference = arena.branch(*link)?.reference(&mut Vec::new());
    let kept = prune(arena, *link, depth, threshold)?;
    Ok(if kept.is_paged() { Root::Paged(reference) } else { Root::Branch(kept) })
}

/// Drops the branches up to a rank; gives the link that stands for `link` afterwards.
fn prune(arena: &mut Arena, link: Link, depth: u8, threshold: Rank) -> Result<Link, Fault> {
    let branch = arena.branch(link)?;
    if rank(branch.head.epoch, depth) <= threshold {
        arena.free_tree(link)?;
        return Ok(Link::PAGED);
    }
    let below = below(depth, branch.prefix_len());
    let resident: Vec<(u8, Link)> =
        branch.numbered().filter(|(_, child)| !child.link.is_paged()).map(|(at, child)| (at, child.link)).collect();
    for (at, child) in resident {
        if prune(arena, child, below, threshold)?.is_paged() {
            arena.page_out(link, at)?;
        }
    }
    Ok(link)
}

fn below(depth: u8, prefix: usize) -> u8 {
    depth.saturating_add(1).saturating_add(u8::try_from(prefix).unwrap_or(u8::MAX))
}
