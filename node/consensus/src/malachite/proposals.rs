//! The undecided proposals of the height at hand, in memory; the application keeps the same on disk.

use super::context::{Address, Assay, EngineHeight, Value};
use super::streaming::Assembled;
use crate::application::{HeightContext, UndecidedProposal};
use arc_malachitebft_app::types::ProposedValue;
use arc_malachitebft_core_types::{Round as EngineRound, Validity};
use assay_primitives::{Block, BlockId, ConsensusAddress, Round};

/// Blocks judged per round: an honest proposer makes one; a second is what proves that it made two.
pub(crate) const BLOCKS_PER_ROUND_MAX: usize = 2;
/// Proposals kept per height.
pub(crate) const PROPOSALS_MAX: usize = 256;

/// Proposals of one height.
#[derive(Debug, Default)]
pub(crate) struct Proposals(Vec<UndecidedProposal>);

impl Proposals {
    /// Takes over what was kept on disk.
    pub(crate) fn load(&mut self, kept: Vec<UndecidedProposal>) {
        self.0 = kept;
    }

    /// Adds a proposal; a newer verdict on the same one replaces the older.
    pub(crate) fn insert(&mut self, proposal: UndecidedProposal) {
        self.0.retain(|p| !(p.round == proposal.round && p.block.id() == proposal.block.id()));
        if self.0.len() >= PROPOSALS_MAX {
            self.0.remove(0);
        }
        self.0.push(proposal);
    }

    /// Whether another block may be judged in a round.
    pub(crate) fn admits(&self, round: Round, block_id: BlockId) -> bool {
        let others = self.0.iter().filter(|p| p.round == round && p.block.id() != block_id).count();
        others < BLOCKS_PER_ROUND_MAX
    }

    /// Whether a proposal is known already.
    pub(crate) fn knows(&self, round: Round, block_id: BlockId) -> bool {
        self.0.iter().any(|p| p.round == round && p.block.id() == block_id)
    }

    /// The proposal to judge in a block that a peer has streamed for the height of this context; `None` where it is known
    /// already, one too many, of the wrong proposer, or streamed by nobody of the set.
    pub(crate) fn take_in(
        &self,
        assembled: Assembled,
        context: &HeightContext,
        chain_id: u64,
    ) -> Option<UndecidedProposal> {
        let Assembled { init, block } = assembled;
        let wanted = !self.knows(init.round, init.block_id) && self.admits(init.round, init.block_id);
        let right = init.proposer == context.proposer(init.height, init.round);
        (wanted && right && init.verify(chain_id, &context.validators)).then_some(UndecidedProposal {
            height: init.height,
            round: init.round,
            valid_round: init.valid_round,
            proposer: init.proposer,
            block,
            accepted: false,
        })
    }

    /// What a validator proposed in a round.
    pub(crate) fn proposed(&self, round: Round, proposer: ConsensusAddress) -> Option<&UndecidedProposal> {
        self.0.iter().find(|p| p.round == round && p.proposer == proposer)
    }

    /// A block by id, from whatever round.
    pub(crate) fn block(&self, id: BlockId) -> Option<&Block> {
        self.0.iter().map(|p| &p.block).find(|block| block.id() == id)
    }

    /// The proposals of a round, in the engine's form.
    pub(crate) fn of_round(&self, round: EngineRound) -> Vec<ProposedValue<Assay>> {
        self.0.iter().filter(|p| Some(p.round.get()) == round.as_u32()).map(value).collect()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A proposal in the engine's form.
pub(crate) fn value(proposal: &UndecidedProposal) -> ProposedValue<Assay> {
    ProposedValue {
        height: EngineHeight::from(proposal.height),
        round: EngineRound::new(proposal.round.get()),
        valid_round: proposal.valid_round.map(Round::get).into(),
        proposer: Address(proposal.proposer),
        value: Value(proposal.block.id()),
        validity: Validity::from_bool(proposal.accepted),
    }
}
