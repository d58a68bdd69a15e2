//! What the worker does with the application, one job after the other, restated without its thread.

use super::super::context::{Assay, Value};
use super::super::proposals::value;
use super::node::Node;
use super::{Action, End, Write};
use crate::application::{ProposalOrigin, UndecidedProposal, Verdict};
use arc_malachitebft_core_consensus::Input;
use arc_malachitebft_core_types::{ValueOrigin, ValueResponse};
use assay_primitives::{Block, CommitCertificate, ConsensusAddress, Evidence, Fault, Height, Round};
use std::time::Duration;

/// Time for building a block, by the machine's clock: more than any machine needs, so that it never shows.
const BUDGET: Duration = Duration::from_secs(3_600);

/// Something to ask the application for.
pub(super) enum Job {
    /// A block to propose.
    Prepare { height: Height, round: Round },
    /// A verdict on a proposal.
    Judge { proposal: UndecidedProposal },
    /// A verdict on a block that comes with a certificate.
    JudgeSynced { proposer: ConsensusAddress, value: ValueResponse<Assay> },
    /// Store and execute a decision.
    Decide { block: Option<Block>, certificate: CommitCertificate },
    /// Close a height.
    Finalize { certificate: CommitCertificate, evidence: Vec<Evidence> },
}

impl Job {
    fn name(&self) -> &'static str {
        match self {
            Self::Prepare { .. } => "prepare",
            Self::Judge { .. } => "judge",
            Self::JudgeSynced { .. } => "judge synced",
            Self::Decide { .. } => "decide",
            Self::Finalize { .. } => "finalize",
        }
    }
}

impl Node {
    pub(super) fn queue(&mut self, job: Job) {
        self.actions.push(Action::QueueJob(job.name()));
        self.jobs.push_back(job);
    }

    pub(super) fn run_job(&mut self) -> Result<(), End> {
        match self.jobs.pop_front() {
            None => Ok(()),
            Some(Job::Prepare { height, round }) => self.prepare(height, round),
            Some(Job::Judge { proposal }) => self.judge(proposal),
            Some(Job::JudgeSynced { proposer, value }) => self.judge_synced(proposer, value),
            Some(Job::Decide { block, certificate }) => self.decide(block, certificate),
            Some(Job::Finalize { certificate, evidence }) => self.finalize(&certificate, evidence),
        }
    }

    fn keep_undecided(&mut self, proposal: &UndecidedProposal) -> Result<(), End> {
        self.point(Write::Undecided, false)?;
        self.application.keep_undecided(proposal)?;
        self.point(Write::Undecided, true)
    }

    fn prepare(&mut self, height: Height, round: Round) -> Result<(), End> {
        let proposer = self.key.address();
        let block = self.application.prepare_proposal(height, round, BUDGET)?;
        let proposal = UndecidedProposal { height, round, valid_round: None, proposer, block, accepted: true };
        self.keep_undecided(&proposal)?;
        self.propose(&proposal)?;
        self.host.keep(proposal);
        Ok(())
    }

    fn judge(&mut self, mut proposal: UndecidedProposal) -> Result<(), End> {
        let origin = match proposal.valid_round {
            None => ProposalOrigin::Fresh { round: proposal.round },
            Some(valid_round) => ProposalOrigin::Reproposed { valid_round },
        };
        let verdict = self.application.process_proposal(&proposal.block, origin)?;
        proposal.accepted = verdict == Verdict::Accept;
        self.keep_undecided(&proposal)?;
        let judged = value(&proposal);
        self.host.keep(proposal);
        self.inbox.push_back(Input::ProposedValue(judged, ValueOrigin::Consensus));
        Ok(())
    }

    fn judge_synced(&mut self, proposer: ConsensusAddress, response: ValueResponse<Assay>) -> Result<(), End> {
        let (height, round) = (response.certificate.height, super::super::context::round(response.certificate.round));
        let block = Block::decode(&response.value_bytes).ok().filter(|block| block.height() == Height::from(height));
        let Some(block) = block else {
            self.on_bad_value(Some(response.peer), height.into());
            return Ok(());
        };
        let verdict = self.application.process_proposal(&block, ProposalOrigin::Synced { round })?;
        let accepted = verdict == Verdict::Accept;
        let proposal = UndecidedProposal { height: height.into(), round, valid_round: None, proposer, block, accepted };
        self.keep_undecided(&proposal)?;
        let judged = value(&proposal);
        self.host.keep(proposal);
        if judged.value == Value(response.certificate.value_id) {
            self.inbox.push_back(Input::ProposedValue(judged, ValueOrigin::Sync));
        } else {
            self.on_bad_value(Some(response.peer), height.into());
        }
        Ok(())
    }

    fn decide(&mut self, block: Option<Block>, certificate: CommitCertificate) -> Result<(), End> {
        let (height, id) = (certificate.height, certificate.block_id);
        let block = match block {
            Some(block) => block,
            None => {
                let kept = self.application.undecided(height)?.into_iter().map(|p| p.block);
                let lost = || Fault::invariant(format!("block {id} is decided at {height} but not held"));
                kept.into_iter().find(|block| block.id() == id).ok_or_else(lost)?
            }
        };
        self.point(Write::Guard, false)?;
        self.guard.advance(height).map_err(|error| Fault::storage(error.to_string()))?;
        self.point(Write::Guard, true)?;
        self.point(Write::Decided, false)?;
        self.application.decided(&block, &certificate)?;
        self.actions.push(Action::Decided(certificate));
        self.point(Write::Decided, true)?;
        self.catch_up_decided(height)
    }

    fn finalize(&mut self, certificate: &CommitCertificate, evidence: Vec<Evidence>) -> Result<(), End> {
        self.point(Write::Finalized, false)?;
        self.application.finalized(certificate, evidence)?;
        self.point(Write::Finalized, true)?;
        self.enter(certificate.height.next())?;
        self.start_height()
    }
}
