//! Why a round decided nothing, in words: what this node saw of it.

use crate::application::HeightContext;
use assay_primitives::{BlockId, ConsensusAddress, Height, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was seen of a round. Votes count as they come; the log needs no proof.
#[derive(Debug, Default)]
pub(crate) struct RoundFacts {
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) proposer: ConsensusAddress,
    pub(crate) context: Option<Arc<HeightContext>>,
    /// The proposer's message came.
    pub(crate) announced: bool,
    /// The block came whole; whether this node accepts it.
    pub(crate) judged: Option<bool>,
    /// Votes by validator: at most one of each kind.
    pub(crate) prevotes: BTreeMap<ConsensusAddress, Option<BlockId>>,
    pub(crate) precommits: BTreeMap<ConsensusAddress, Option<BlockId>>,
}

impl RoundFacts {
    /// Notes a vote of this round; false where the validator's is noted already.
    pub(crate) fn vote(&mut self, precommit: bool, validator: ConsensusAddress, block: Option<BlockId>) -> bool {
        let known = self.context.as_ref().is_some_and(|context| context.validators.by_address(&validator).is_some());
        let votes = if precommit { &mut self.precommits } else { &mut self.prevotes };
        !known || votes.insert(validator, block).is_none()
    }

    /// Why nothing was decided.
    pub(crate) fn why(&self, own: Option<ConsensusAddress>) -> String {
        let whose = if own == Some(self.proposer) { "this node".to_owned() } else { self.proposer.to_string() };
        match (self.judged, self.announced) {
            (None, false) => format!("no proposal came from {whose}"),
            (None, true) => format!("the block that {whose} proposed did not come in time"),
            (Some(false), _) => format!("this node rejects the block that {whose} proposed"),
            (Some(true), _) => {
                let (prevoted, precommitted, total) =
                    (self.power(&self.prevotes), self.power(&self.precommits), self.total());
                if prevoted.saturating_mul(3) <= total.saturating_mul(2) {
                    format!("of {total} voting power, {prevoted} prevoted for the block of {whose}")
                } else {
                    format!("of {total} voting power, {precommitted} precommitted the block of {whose}")
                }
            }
        }
    }

    fn total(&self) -> u64 {
        self.context.as_ref().map_or(0, |context| context.validators.total_power())
    }

    fn power(&self, votes: &BTreeMap<ConsensusAddress, Option<BlockId>>) -> u64 {
        let validators = self.context.as_ref().map(|context| &context.validators);
        let voted = votes.iter().filter(|(_, block)| block.is_some()).map(|(address, _)| address);
        voted.filter_map(|address| validators?.by_address(address)).map(|v| v.power).fold(0, u64::saturating_add)
    }
}
