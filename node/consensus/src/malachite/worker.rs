//! The thread on which the application is called: one job after the other, in the order in which the engine asked.
//!
//! That order matters: a decision is stored before its height is closed, and a height is closed before a block of the
//! next one is made. The engine itself never waits for any of it but where it must.

use super::context::Assay;
use super::host::Input;
use super::signing::VotingKey;
use super::supervisor::Stopper;
use super::watch::Pulse;
use crate::application::{Application, HeightContext, ProposalOrigin, UndecidedProposal, Verdict};
use crate::engine::StopReason;
use arc_malachitebft_app::types::LocallyProposedValue;
use arc_malachitebft_core_types::HeightParams;
use arc_malachitebft_engine::host::{Next, SyncedValueOutcome};
use assay_primitives::{Block, CommitCertificate, ConsensusAddress, Evidence, Fault, Height, Round};
use bytes::Bytes;
use ractor::RpcReplyPort;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Asks for the first height.
pub(crate) type StartReply = RpcReplyPort<(super::context::EngineHeight, HeightParams<Assay>)>;
/// Asks for the next height.
pub(crate) type NextReply = RpcReplyPort<Next<Assay>>;

/// Something to ask the application for.
pub(crate) enum Job {
    /// Where the chain stands.
    Start { reply: StartReply },
    /// Sign nothing up to a height that the network has decided.
    Pass { height: Height },
    /// A block to propose.
    Prepare {
        height: Height,
        round: Round,
        proposer: ConsensusAddress,
        budget: Duration,
        reply: RpcReplyPort<LocallyProposedValue<Assay>>,
    },
    /// A verdict on a proposal; `accepted` is not known yet.
    Judge { proposal: UndecidedProposal },
    /// A verdict on a block that comes with a certificate.
    JudgeSynced {
        height: Height,
        round: Round,
        proposer: ConsensusAddress,
        bytes: Bytes,
        reply: RpcReplyPort<SyncedValueOutcome<Assay>>,
    },
    /// Store and execute a decision.
    Decide { block: Option<Block>, certificate: CommitCertificate, reply: RpcReplyPort<()> },
    /// Close a height.
    Finalize { certificate: CommitCertificate, evidence: Vec<Evidence>, reply: NextReply },
}

/// What came of a job.
pub(crate) enum Outcome {
    /// The chain stands below `height`.
    Started {
        height: Height,
        history_start: Height,
        context: HeightContext,
        kept: Vec<UndecidedProposal>,
        reply: StartReply,
    },
    /// The guard signs nothing up to a height.
    Passed,
    /// A block is made and kept.
    Prepared { proposal: UndecidedProposal, reply: RpcReplyPort<LocallyProposedValue<Assay>> },
    /// A proposal is judged and kept.
    Judged { proposal: UndecidedProposal },
    /// A synced block is judged; `None` where the bytes are no block of that height.
    Synced { proposal: Option<UndecidedProposal>, reply: RpcReplyPort<SyncedValueOutcome<Assay>> },
    /// The decision is stored.
    Decided { height: Height, reply: RpcReplyPort<()> },
    /// The height is closed; `next` comes with its context.
    Finalized { next: Height, history_start: Height, context: HeightContext, reply: NextReply },
}

/// The worker's side of the thread.
pub(crate) struct Worker {
    pub(crate) application: Arc<dyn Application>,
    pub(crate) voting: Option<VotingKey>,
    pub(crate) outcomes: UnboundedSender<Input>,
    pub(crate) stopper: Stopper,
    pub(crate) pulse: Arc<Pulse>,
}

impl Worker {
    /// Starts the thread. It ends when the sender is dropped, or with the first fault.
    pub(crate) fn spawn(self, stack_bytes: usize) -> std::io::Result<(mpsc::Sender<Job>, std::thread::JoinHandle<()>)> {
        let (sender, jobs) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("consensus-app".to_owned())
            .stack_size(stack_bytes)
            .spawn(move || self.serve(&jobs))?;
        Ok((sender, thread))
    }

    fn serve(&self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            if self.stopper.reason().is_some() {
                return;
            }
            self.pulse.job_starts();
            let result = catch_unwind(AssertUnwindSafe(|| self.run(job)));
            self.pulse.job_ends();
            let fault = match result {
                Ok(Ok(outcome)) => {
                    if self.outcomes.send(Input::Done(Box::new(outcome))).is_err() {
                        return;
                    }
                    continue;
                }
                Ok(Err(fault)) => fault,
                Err(_) => Fault::invariant("the application panicked; see the log"),
            };
            return self.stopper.stop(StopReason::Fault(fault.to_string()));
        }
    }

    fn run(&self, job: Job) -> Result<Outcome, Fault> {
        let app = &*self.application;
        match job {
            Job::Start { reply } => {
                let info = app.info()?;
                let height = info.height.next();
                let (context, kept) = (app.height_context(height)?, app.undecided(height)?);
                Ok(Outcome::Started { height, history_start: info.history_start, context, kept, reply })
            }
            Job::Pass { height } => match &self.voting {
                Some(voting) if !voting.advance(height) => Err(Fault::storage("the signing guard failed")),
                _ => Ok(Outcome::Passed),
            },
            Job::Prepare { height, round, proposer, budget, reply } => {
                let block = app.prepare_proposal(height, round, budget)?;
                if block.height() != height {
                    return Err(Fault::invariant(format!("asked for a block of {height}, got {}", block.height())));
                }
                let proposal = UndecidedProposal { height, round, valid_round: None, proposer, block, accepted: true };
                app.keep_undecided(&proposal)?;
                Ok(Outcome::Prepared { proposal, reply })
            }
            Job::Judge { proposal } => self.judge(proposal).map(|proposal| Outcome::Judged { proposal }),
            Job::JudgeSynced { height, round, proposer, bytes, reply } => {
                let proposal = self.judge_synced(height, round, proposer, &bytes)?;
                Ok(Outcome::Synced { proposal, reply })
            }
            Job::Decide { block, certificate, reply } => self.decide(block, &certificate, reply),
            Job::Finalize { certificate, evidence, reply } => {
                app.finalized(&certificate, evidence)?;
                let next = certificate.height.next();
                let (info, context) = (app.info()?, app.height_context(next)?);
                if info.height != certificate.height {
                    return Err(Fault::invariant(format!(
                        "height {} is closed but the chain stands at {}",
                        certificate.height, info.height
                    )));
                }
                Ok(Outcome::Finalized { next, history_start: info.history_start, context, reply })
            }
        }
    }

    fn judge(&self, mut proposal: UndecidedProposal) -> Result<UndecidedProposal, Fault> {
        let origin = match proposal.valid_round {
            None => ProposalOrigin::Fresh { round: proposal.round },
            Some(valid_round) => ProposalOrigin::Reproposed { valid_round },
        };
        let verdict = self.application.process_proposal(&proposal.block, origin)?;
        if let Verdict::Reject(reason) = &verdict {
            tracing::warn!(
                height = %proposal.height, round = %proposal.round, proposer = %proposal.proposer,
                block = %proposal.block.id(), reason, "proposal rejected"
            );
        }
        proposal.accepted = verdict == Verdict::Accept;
        self.application.keep_undecided(&proposal)?;
        Ok(proposal)
    }

    fn judge_synced(
        &self,
        height: Height,
        round: Round,
        proposer: ConsensusAddress,
        bytes: &[u8],
    ) -> Result<Option<UndecidedProposal>, Fault> {
        let Some(block) = Block::decode(bytes).ok().filter(|block| block.height() == height) else {
            return Ok(None);
        };
        // Decided by votes meanwhile: the engine has no use for the answer any more.
        if self.application.info()?.height >= height {
            return Ok(Some(UndecidedProposal { height, round, valid_round: None, proposer, block, accepted: true }));
        }
        let verdict = self.application.process_proposal(&block, ProposalOrigin::Synced { round })?;
        if let Verdict::Reject(reason) = &verdict {
            tracing::error!(%height, block = %block.id(), reason, "a block offered as decided is rejected here");
        }
        let accepted = verdict == Verdict::Accept;
        let proposal = UndecidedProposal { height, round, valid_round: None, proposer, block, accepted };
        // The log of a validator keeps only the id; after a crash the certificate alone would decide it.
        if self.voting.is_some() {
            self.application.keep_undecided(&proposal)?;
        }
        Ok(Some(proposal))
    }

    fn decide(
        &self,
        block: Option<Block>,
        certificate: &CommitCertificate,
        reply: RpcReplyPort<()>,
    ) -> Result<Outcome, Fault> {
        let (height, id) = (certificate.height, certificate.block_id);
        let block = match block {
            Some(block) => block,
            None => self
                .application
                .undecided(height)?
                .into_iter()
                .map(|p| p.block)
                .find(|block| block.id() == id)
                .ok_or_else(|| Fault::invariant(format!("block {id} is decided at {height} but not held")))?,
        };
        if let Some(voting) = &self.voting
            && !voting.advance(height)
        {
            return Err(Fault::storage("the signing guard failed"));
        }
        self.application.decided(&block, certificate)?;
        Ok(Outcome::Decided { height, reply })
    }
}
