//! Finding many keys together.
//!
//! A walk from the root to one leaf waits for memory at every branch, because each names the next. Walks of different keys
//! do not depend on each other, so they go down together, a level at a time: the machine then waits for several branches
//! at once. What was found stays in its cache for the changes that follow.

use crate::branch::{Branch, Child, Leaf, Link, Place};
use crate::edit::divides_at;
use crate::names::Owner;
use crate::overlay::Nodes;
use crate::path::nibble;
use alloy_primitives::B256;
use assay_primitives::Fault;

/// Where the walk of a key ends.
#[derive(Clone, Copy)]
pub(crate) enum Sought<'a> {
    /// The key is not in the trie.
    Absent,
    /// The leaf where it would be; its key may be another.
    Leaf(&'a Leaf),
    /// At a branch that is not in memory.
    Away,
}

/// One key on its way.
struct Walk {
    /// Its place among the keys.
    at: usize,
    link: Link,
    depth: usize,
}

/// Walks from a root branch towards all keys.
pub(crate) fn seek<'a>(nodes: Nodes<'a>, owner: Owner, root: Link, keys: &[&B256]) -> Result<Vec<Sought<'a>>, Fault> {
    let mut found = vec![Sought::Absent; keys.len()];
    let mut walks: Vec<Walk> = (0..keys.len()).map(|at| Walk { at, link: root, depth: 0 }).collect();
    let mut next = Vec::with_capacity(keys.len());
    let mut branches: Vec<Branch<'a>> = Vec::with_capacity(keys.len());
    let mut last: Vec<&[Child]> = Vec::with_capacity(keys.len());
    while !walks.is_empty() {
        branches.clear();
        for walk in &walks {
            branches.push(nodes.branch(walk.link)?);
        }
        next.clear();
        for (walk, branch) in walks.iter().zip(&branches) {
            let Some(key) = keys.get(walk.at) else { continue };
            let Some(at) = divides_at(owner, *branch, walk.depth, key)? else { continue };
            let place = branch.at(nibble(&key.0, at));
            let sought = match place {
                Place::Empty => Sought::Absent,
                Place::Leaf(leaf) => Sought::Leaf(leaf),
                Place::Branch(child) if child.link.is_paged() => Sought::Away,
                Place::Branch(child) => {
                    next.push(Walk { at: walk.at, link: child.link, depth: at.saturating_add(1) });
                    continue;
                }
            };
            last.push(branch.children);
            if let Some(place) = found.get_mut(walk.at) {
                *place = sought;
            }
        }
        core::mem::swap(&mut walks, &mut next);
    }
    // The siblings will be hashed.
    let links = last.iter().flat_map(|children| children.iter()).filter(|child| child.link.is_paged()).count();
    core::hint::black_box(links);
    Ok(found)
}
