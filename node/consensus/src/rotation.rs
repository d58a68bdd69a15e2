//! Who is asked last: a validator that missed its turn to propose is moved to the end of the rotation for a while, so
//! that a dead one costs one timeout per [`DEMOTION_HEIGHTS`] instead of one per turn.
//!
//! The rule reads decided blocks only, so that every node finds the same, whether it voted, synced or restarted:
//!
//! ```text
//! missed(h)    = proposers of rounds 0 .. created(h) - 1 of height h       created: the round the decided block names
//!                nobody, where those hold a third of the power or more: that many cannot be dead while blocks are
//!                decided, so the network was at fault
//! demoted(H)   = missed(H - 1), missed(H - 2) .. missed(H - 32), for as long as they hold less than a third together
//!                heights before the epoch of H do not count
//! ```
//! The newest misses count first: those that would make it a third were too many to be dead at once, and whoever still
//! is dead misses its next turn. Less than a third is never everybody, so there is always somebody left to ask.
//!
//! Who missed depends on who was demoted before. So that this never reaches back without end, everybody begins each
//! epoch of [`ROTATION_EPOCH`] heights undemoted: a node that starts reads no more than one epoch of its ledger.

use crate::application::HeightContext;
use assay_primitives::{ConsensusAddress, Height, Round, ValidatorSet};
use std::collections::VecDeque;

/// Heights for which a validator that missed its turn is asked last.
pub const DEMOTION_HEIGHTS: u64 = 32;
/// Heights after which everybody begins undemoted.
pub const ROTATION_EPOCH: u64 = 256;

/// The rotation at one height: what the decided blocks below it say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    next: Height,
    /// Misses of the last [`DEMOTION_HEIGHTS`] heights, by rising height; none is empty.
    misses: VecDeque<(Height, Vec<ConsensusAddress>)>,
}

/// First height of the epoch that a height belongs to.
pub const fn epoch_start(height: Height) -> Height {
    let first = height.get() / ROTATION_EPOCH * ROTATION_EPOCH;
    // Height 0 is genesis; nobody proposed it.
    if first == 0 { Height(1) } else { Height(first) }
}

/// Whether validators hold less than a third of the power of a set.
fn less_than_a_third<'a>(validators: &ValidatorSet, some: impl Iterator<Item = &'a ConsensusAddress>) -> bool {
    let power = some.filter_map(|address| validators.by_address(address)).map(|v| v.power).fold(0, u64::saturating_add);
    // Powers are bounded by 2^60, so three times one fits.
    power.saturating_mul(3) < validators.total_power()
}

impl Rotation {
    /// The rotation at the first height of the epoch of `height`: nobody is demoted. [`Self::decided`] leads on from
    /// there.
    pub const fn at_epoch_of(height: Height) -> Self {
        Self { next: epoch_start(height), misses: VecDeque::new() }
    }

    /// The height whose proposers this names.
    pub const fn height(&self) -> Height {
        self.next
    }

    /// What an engine needs to run the height, given its validators.
    pub fn context(&self, validators: ValidatorSet) -> HeightContext {
        HeightContext { demoted: self.demoted(&validators), validators }
    }

    fn demoted(&self, validators: &ValidatorSet) -> Vec<ConsensusAddress> {
        let mut demoted: Vec<ConsensusAddress> = Vec::new();
        for (_, missed) in self.misses.iter().rev() {
            let mut more = demoted.clone();
            // Whoever has left the set since is nobody to ask last.
            let known = missed.iter().filter(|address| validators.by_address(address).is_some());
            more.extend(known.filter(|address| !demoted.contains(address)));
            if !less_than_a_third(validators, more.iter()) {
                break;
            }
            demoted = more;
        }
        demoted
    }

    /// The block of this height is decided: it names `created` as the round in which it was made. Goes on to the next.
    pub fn decided(&mut self, validators: ValidatorSet, created: Round) {
        let height = self.next;
        let missed = missed(&self.context(validators), height, created);
        if !missed.is_empty() {
            self.misses.push_back((height, missed));
        }
        self.next = height.next();
        if epoch_start(self.next) == self.next {
            self.misses.clear();
        }
        while self.misses.front().is_some_and(|(missed, _)| missed.saturating_add(DEMOTION_HEIGHTS) < self.next) {
            self.misses.pop_front();
        }
    }
}

/// Who missed its turn at a height whose block was made in a round.
fn missed(context: &HeightContext, height: Height, created: Round) -> Vec<ConsensusAddress> {
    // Once everybody had a turn, it was nobody's fault; before, no proposer comes twice.
    if created.get() as usize >= context.validators.len() {
        return Vec::new();
    }
    let missed: Vec<_> = (0..created.get()).map(|round| context.proposer(height, Round(round))).collect();
    if less_than_a_third(&context.validators, missed.iter()) { missed } else { Vec::new() }
}
