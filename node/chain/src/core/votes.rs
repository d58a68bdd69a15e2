//! Precommits that came after their height was decided, until a block carries them.

use alloy_primitives::Address;
use assay_executive::{LATE_VOTE_HEIGHTS, LATE_VOTES_MAX};
use assay_primitives::{BlockId, CommitCertificate, Height, LateVote, SystemPayload};
use std::collections::BTreeMap;

/// Verified late votes of the last heights, and of the one that is being committed: at most one per height and validator, so bounded by heights times
/// validators.
#[derive(Debug, Default)]
pub(crate) struct LateVotes {
    votes: BTreeMap<(Height, Address), LateVote>,
}

impl LateVotes {
    pub(crate) fn put(&mut self, vote: LateVote) {
        self.votes.insert((vote.height, vote.vote.address.0), vote);
    }

    /// Whether this very vote is among them, so that it was verified.
    pub(crate) fn contains(&self, vote: &LateVote) -> bool {
        self.votes.get(&(vote.height, vote.vote.address.0)) == Some(vote)
    }

    /// Those that a block of this height may carry.
    pub(crate) fn for_height(&self, height: Height) -> Vec<LateVote> {
        let oldest = height.saturating_sub(LATE_VOTE_HEIGHTS).max(Height(1));
        let range = (oldest, Address::ZERO)..(height, Address::ZERO);
        self.votes.range(range).map(|(_, vote)| vote.clone()).take(LATE_VOTES_MAX).collect()
    }

    /// Forgets what a block carried, what names another block at its height, and what is too old for the next.
    pub(crate) fn on_block(&mut self, height: Height, id: BlockId, payload: &SystemPayload) {
        for vote in &payload.late_votes {
            self.votes.remove(&(vote.height, vote.vote.address.0));
        }
        self.votes.retain(|_, vote| vote.height != height || vote.block_id == id);
        let oldest = height.next().saturating_sub(LATE_VOTE_HEIGHTS);
        self.votes = self.votes.split_off(&(oldest, Address::ZERO));
    }

    /// A block carried a certificate of the block before it; this node's own may hold more signatures, of validators
    /// whose votes came to the proposer too late.
    pub(crate) fn on_certificates(&mut self, own: &CommitCertificate, carried: &CommitCertificate) {
        let CommitCertificate { height, round, block_id, signatures } = own;
        let is_carried = |address| carried.signatures.iter().any(|signature| signature.address == address);
        for vote in signatures.iter().filter(|signature| !is_carried(signature.address)) {
            let vote = LateVote { height: *height, round: *round, block_id: *block_id, vote: vote.clone() };
            self.put(vote);
        }
    }
}
