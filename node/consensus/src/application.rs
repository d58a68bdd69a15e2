//! The port between an engine and the chain: what ABCI 2.0 asks of an application, in plain types of our own.
//!
//! Calls are synchronous and may take as long as a block takes to execute; an engine makes them off its own threads. A
//! [`Fault`] from any of them stops the node.

use alloy_primitives::B256;
use assay_primitives::{
    Block, BlockId, CommitCertificate, ConsensusAddress, Evidence, Fault, Height, LateVote, Round, ValidatorSet,
};
use std::time::Duration;

/// Where the chain stands (ABCI `Info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Last height that is decided and durable; 0 for a new chain.
    pub height: Height,
    /// Id of its ordering block.
    pub block_id: BlockId,
    /// Hash of the execution header of that height; ABCI's `app_hash`, which block `height + 1` carries.
    pub execution_hash: B256,
    /// First height whose block can still be served to peers.
    pub history_start: Height,
}

/// What an engine needs to know to run one height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeightContext {
    /// Who votes.
    pub validators: ValidatorSet,
    /// Validators that recently missed their turn, moved to the end of the proposer rotation.
    pub demoted: Vec<ConsensusAddress>,
}

impl HeightContext {
    /// The proposer of a round: the same function under every engine that lets us choose.
    ///
    /// Within a height, rounds go to every validator once before any comes again: first to those that answer, in set
    /// order from a start that moves with the height, then to the demoted ones. Without demotion that is plain turns.
    pub fn proposer(&self, height: Height, round: Round) -> ConsensusAddress {
        let (late, prompt): (Vec<_>, Vec<_>) =
            self.validators.iter().map(|v| v.address).partition(|address| self.demoted.contains(address));
        let turn = |list: &[ConsensusAddress], offset: u64| -> Option<ConsensusAddress> {
            let count = list.len() as u64;
            let start = height.get().checked_rem(count)?;
            let index = start.wrapping_add(offset).checked_rem(count)?;
            list.get(usize::try_from(index).ok()?).copied()
        };
        let all = self.validators.len() as u64;
        let place = u64::from(round.get()).checked_rem(all).unwrap_or_default();
        match place.checked_sub(prompt.len() as u64) {
            None => turn(&prompt, place),
            Some(offset) => turn(&late, offset),
        }
        .unwrap_or_default()
    }
}

/// Where a block that is to be judged comes from; its creator's clock and round are judged accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalOrigin {
    /// Proposed for the first time in this round.
    Fresh {
        /// The round.
        round: Round,
    },
    /// Proposed again after it got a polka in an earlier round.
    Reproposed {
        /// The round in which it had the polka.
        valid_round: Round,
    },
    /// Received with its certificate while catching up.
    Synced {
        /// The round of the certificate.
        round: Round,
    },
}

/// The verdict on a proposal (ABCI `ProcessProposal`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Vote for it.
    Accept,
    /// Vote nil, for this reason (for the log; it never enters consensus).
    Reject(String),
}

/// Whether there is anything to make a block for; asked only when blocks are made on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing.
    None,
    /// Transactions wait: make a block now.
    Now,
    /// Work is scheduled for later heights: a block is due at the next slow tick.
    Scheduled,
}

/// A proposal that was seen or made but not decided, kept so that a restarted node proposes and votes alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndecidedProposal {
    /// Height.
    pub height: Height,
    /// Round in which it was proposed.
    pub round: Round,
    /// Round of its polka when it was proposed again.
    pub valid_round: Option<Round>,
    /// Who proposed it in that round.
    pub proposer: ConsensusAddress,
    /// The block.
    pub block: Block,
    /// What the application said of it.
    pub accepted: bool,
}

/// The chain as an engine sees it.
///
/// # Errors
/// Every method: a [`Fault`] of this node. The engine stops the node.
pub trait Application: Send + Sync + 'static {
    /// Where the chain stands.
    fn info(&self) -> Result<Info, Fault>;

    /// Validators and rotation of a height not above `info().height + 1`.
    fn height_context(&self, height: Height) -> Result<HeightContext, Fault>;

    /// Builds a block for a height and round whose proposer this node is (ABCI `PrepareProposal`). The engine votes for
    /// what it gets: the block counts as judged and accepted. Of what can be executed within `budget` it takes the best.
    fn prepare_proposal(&self, height: Height, round: Round, budget: Duration) -> Result<Block, Fault>;

    /// Judges a block: structure, the creator's clock and round, then execution on an overlay (ABCI `ProcessProposal`).
    /// May be asked about the same block again with another origin, when it is proposed again.
    fn process_proposal(&self, block: &Block, origin: ProposalOrigin) -> Result<Verdict, Fault>;

    /// Makes a proposal durable, so that this node proposes or judges it alike after a crash. Kept until its height is
    /// decided. The same block of another round is another proposal.
    fn keep_undecided(&self, proposal: &UndecidedProposal) -> Result<(), Fault>;

    /// The kept proposals of a height.
    fn undecided(&self, height: Height) -> Result<Vec<UndecidedProposal>, Fault>;

    /// A block is decided: make block and certificate durable, then execute and install it (ABCI `FinalizeBlock` and
    /// `Commit`). On return the decision survives power loss. Never called twice for a height that returned.
    fn decided(&self, block: &Block, certificate: &CommitCertificate) -> Result<(), Fault>;

    /// The height is closed: a certificate that may carry more signatures, and the double signatures seen meanwhile.
    fn finalized(&self, certificate: &CommitCertificate, evidence: Vec<Evidence>) -> Result<(), Fault>;

    /// A precommit for one of the last 10 decided heights, verified by the engine and given once. Must not block.
    fn late_vote(&self, vote: LateVote);

    /// A decided block, as stored, with the certificate that this node holds for it.
    fn decided_block(&self, height: Height) -> Result<Option<(Vec<u8>, CommitCertificate)>, Fault>;

    /// Whether there is anything to make the next block for. Must not block: the engine asks from its own threads.
    fn work(&self) -> Work;
}
