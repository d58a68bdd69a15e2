//! Keeping the nodes in memory under a byte budget.
//!
//! A sweep goes round all tries in the order of their keys and drops what was not changed for some number of installs;
//! it stops as soon as enough is dropped, and goes on from there the next time. A branch goes after what lies below it and
//! is never older than that, so the upper levels, which every block changes, stay. How old a branch must be to go follows
//! from the ages that the last round saw. So the work is in proportion to what is dropped, not to what is held.

use crate::arena::Arena;
use crate::branch::{Branch, Link, Root};
use crate::path::Path;
use crate::state::StateTrie;
use alloy_primitives::B256;
use assay_primitives::Fault;

/// Ages in powers of two: none, 1, 2 to 3, 4 to 7, ...
const CLASSES: usize = 33;
/// A round shall be able to drop this fraction of what it sees.
const SHARE: usize = 8;
/// The age from which subtrees go before any round has ended.
const FIRST_AGE: u32 = 16;

/// Where a sweep stands.
pub(crate) struct Sweep {
    /// The trie: that of the accounts, or the first storage trie from an address on.
    storage: Option<B256>,
    /// The path in it.
    path: Path,
    age: u32,
    /// Bytes of the persisted branches seen in this round, by the class of their age.
    seen: [usize; CLASSES],
}

impl Default for Sweep {
    fn default() -> Self {
        Self { storage: None, path: Path::EMPTY, age: FIRST_AGE, seen: [0; CLASSES] }
    }
}

impl Sweep {
    /// Begins a new round. Gives whether it can drop anything.
    fn turn(&mut self) -> bool {
        let total = self.seen.iter().fold(0usize, |sum, bytes| sum.saturating_add(*bytes));
        let mut class = CLASSES;
        let mut sum = 0usize;
        while class > 0 && (sum == 0 || sum < total / SHARE) {
            class = class.saturating_sub(1);
            sum = sum.saturating_add(self.seen.get(class).copied().unwrap_or_default());
        }
        if total == 0 {
            self.seen = [0; CLASSES];
            return false;
        }
        let age = if class == 0 { 0 } else { 1u32.wrapping_shl(u32::try_from(class).unwrap_or_default()) / 2 };
        *self = Self { age, ..Self::default() };
        true
    }
}

/// What a sweep goes by.
struct Rule {
    epoch: u32,
    age: u32,
    /// Bytes of the arena at which it stops.
    target: usize,
}

impl StateTrie {
    /// Drops nodes from memory if they take more than `budget` bytes, until they take at most fifteen sixteenths of it,
    /// so that most calls do nothing. Only nodes whose records are persisted go: with much unsaved, more may stay. Blocks
    /// that are prepared and not installed become invalid if it drops something. Gives the bytes dropped.
    ///
    /// # Errors
    /// [`Fault::Invariant`] only.
    pub fn evict_to(&mut self, budget: usize) -> Result<usize, Fault> {
        let before = self.bytes();
        if before <= budget {
            return Ok(0);
        }
        self.generation = self.generation.saturating_add(1);
        let target = budget.saturating_sub(budget / 16);
        // The rest of a round, and then as many as find anything; each drops something or looks for younger ages.
        loop {
            let whole = self.sweep.storage.is_none() && self.sweep.path.is_empty();
            let (bytes, age) = (self.bytes(), self.sweep.age);
            if self.sweep_round(target)? {
                break;
            }
            let seen = self.sweep.turn();
            if whole && (!seen || (age == 0 && self.bytes() == bytes)) {
                break;
            }
        }
        Ok(before.saturating_sub(self.bytes()))
    }

    /// Sweeps from where the last one stopped to the end of all tries. Gives whether the target was reached.
    fn sweep_round(&mut self, target: usize) -> Result<bool, Fault> {
        if self.sweep.storage.is_none() {
            if let Root::Branch(link) = self.root {
                let reference = self.arena.branch(link)?.reference(&mut Vec::new());
                if self.sweep_trie(link, target)? {
                    self.root = Root::Paged(reference);
                }
                if self.bytes() <= target {
                    return Ok(true);
                }
            }
            (self.sweep.storage, self.sweep.path) = (Some(B256::ZERO), Path::EMPTY);
        }
        while let Some(from) = self.sweep.storage {
            let Some((&address, &link)) = self.storages.range(from..).next() else { break };
            if address != from {
                (self.sweep.storage, self.sweep.path) = (Some(address), Path::EMPTY);
            }
            if self.sweep_trie(link, target)? {
                self.storages.remove(&address);
            }
            if self.bytes() <= target {
                return Ok(true);
            }
            let next = alloy_primitives::U256::from_be_bytes(address.0).checked_add(alloy_primitives::U256::ONE);
            (self.sweep.storage, self.sweep.path) = (next.map(B256::from), Path::EMPTY);
        }
        (self.sweep.storage, self.sweep.path) = (None, Path::EMPTY);
        Ok(false)
    }

    /// Sweeps one trie. Gives whether it was dropped whole.
    fn sweep_trie(&mut self, link: Link, target: usize) -> Result<bool, Fault> {
        let others = self.bytes().saturating_sub(self.arena.bytes());
        let rule = Rule { epoch: self.epoch, age: self.sweep.age, target: target.saturating_sub(others) };
        let from = self.sweep.path;
        rule.sweep(&mut self.arena, &mut self.sweep, link, Path::EMPTY, Some(from))?;
        let drops = self.arena.bytes() > rule.target && rule.drops(&self.arena, self.arena.branch(link)?);
        if drops {
            self.arena.free(link)?;
        }
        Ok(drops)
    }
}

impl Rule {
    /// Whether a branch goes: it is old, it can be read back, and nothing below it is in memory any more.
    fn drops(&self, arena: &Arena, branch: Branch<'_>) -> bool {
        self.epoch.saturating_sub(branch.head.epoch) >= self.age
            && arena.is_saved(branch.head)
            && branch.children.iter().all(|child| child.link.is_paged())
    }

    /// Sweeps below a branch at `path`, from the path `from` on where that lies below it.
    fn sweep(
        &self,
        arena: &mut Arena,
        state: &mut Sweep,
        link: Link,
        path: Path,
        from: Option<Path>,
    ) -> Result<(), Fault> {
        let branch = arena.branch(link)?;
        let path = branch.prefix().map_or(path, |prefix| path.join(prefix));
        if arena.is_saved(branch.head) {
            let age = self.epoch.saturating_sub(branch.head.epoch);
            let class = usize::try_from(u32::BITS.saturating_sub(age.leading_zeros())).unwrap_or_default();
            if let Some(seen) = state.seen.get_mut(class) {
                *seen = seen.saturating_add(branch.bytes());
            }
        }
        let depth = path.len();
        let from = from.filter(|from| from.len() > depth && from.prefix(depth) == path);
        let first = from.map_or(0, |from| from.nibble(depth));
        let mut resident = [(0u8, Link::PAGED); 16];
        let mut count = 0usize;
        for (nibble, child) in branch.numbered().filter(|(nibble, child)| *nibble >= first && !child.link.is_paged()) {
            if let Some(place) = resident.get_mut(count) {
                *place = (nibble, child.link);
                count = count.saturating_add(1);
            }
        }
        for (nibble, child) in resident.into_iter().take(count) {
            let below = path.child(nibble);
            self.sweep(arena, state, child, below, from.filter(|_| nibble == first))?;
            if arena.bytes() <= self.target {
                return Ok(());
            }
            if self.drops(arena, arena.branch(child)?) {
                arena.free(child)?;
                arena.page_out(link, nibble)?;
            }
            if arena.bytes() <= self.target {
                state.path = below;
                return Ok(());
            }
        }
        Ok(())
    }
}
