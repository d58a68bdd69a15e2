//! Precommits that came after their height was decided, until a block carries them.

use alloy_primitives::Address;
use assay_executive::{LATE_VOTE_HEIGHTS, LATE_VOTES_MAX};
use assay_primitives::{Height, LateVote};
use std::collections::BTreeMap;

/// Verified late votes of the last heights: at most one per height and validator, so bounded by heights times
/// validators.
#[derive(Debug, Default)]
pub(crate) struct LateVotes {
    votes: BTreeMap<(Height, Address), LateVote>,
}

impl LateVotes {
    pub(crate) fn put(&mut self, vote: LateVote) {
        self.votes.insert((vote.height, vote.vote.address.0), vote);
    }

    /// Those that a block of this height may carry.
    pub(crate) fn for_height(&self, height: Height) -> Vec<LateVote> {
        let oldest = height.saturating_sub(LATE_VOTE_HEIGHTS).max(Height(1));
        let range = (oldest, Address::ZERO)..(height, Address::ZERO);
        self.votes.range(range).map(|(_, vote)| vote.clone()).take(LATE_VOTES_MAX).collect()
    }

    /// Forgets what a block of this height carried, and what is too old for the next.
    pub(crate) fn on_block(&mut self, height: Height, carried: &[LateVote]) {
        for vote in carried {
            self.votes.remove(&(vote.height, vote.vote.address.0));
        }
        let oldest = height.next().saturating_sub(LATE_VOTE_HEIGHTS);
        self.votes = self.votes.split_off(&(oldest, Address::ZERO));
    }
}
