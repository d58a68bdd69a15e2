//! The host: what the engine asks, it answers at once from memory or hands to the worker. It is a loop over one queue,
//! fed by an actor that only passes the engine's messages on, by the worker, and by the handle.

mod pacing;
mod peers;

use super::context::{Assay, EngineHeight, round};
use super::convert;
use super::proposals::{Proposals, value};
use super::signing::VotingKey;
use super::streaming::{Assembled, Streams};
use super::supervisor::Stopper;
use super::watch::{Pulse, Shared};
use super::worker::{Job, NextReply, Outcome, StartReply};
use crate::application::{Application, HeightContext, UndecidedProposal};
use crate::engine::{Pacing, StopReason};
use crate::message::{ConsensusMessage, Step};
use arc_malachitebft_app::types::LocallyProposedValue;
use arc_malachitebft_core_types::{LinearTimeouts, ValueOrigin};
use arc_malachitebft_engine::consensus::{ConsensusMsg, ConsensusRef};
use arc_malachitebft_engine::host::{HostMsg, SyncedValueOutcome};
use arc_malachitebft_engine::network::NetworkRef;
use assay_primitives::{Block, CommitCertificate, Fault, Height, Round, SystemPayload};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Heights above what peers have told that may be decided already: their word takes a while.
const HORIZON_SLACK: u64 = 2;

/// What the host's queue holds. It is unbounded, but nothing feeds it faster than the engine's own bounded queues.
pub(crate) enum Input {
    /// From the engine.
    Engine(Box<HostMsg<Assay>>),
    /// From the worker.
    Done(Box<Outcome>),
    /// There may be work.
    Work,
    /// A validator has connected.
    Joined,
}

/// The actor that the engine knows as its host.
pub(crate) struct HostActor {
    pub(crate) inputs: UnboundedSender<Input>,
}

#[async_trait]
impl Actor for HostActor {
    type Msg = HostMsg<Assay>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _myself: ActorRef<Self::Msg>, _args: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        self.inputs.send(Input::Engine(Box::new(message))).map_err(|_| "the host has stopped")?;
        Ok(())
    }
}

enum Reply {
    Start(StartReply),
    Next(NextReply),
}

/// A height that may start but is held back.
struct Held {
    reply: Reply,
    since: Instant,
}

/// What the host is made of.
pub(crate) struct Parts {
    pub(crate) chain_id: u64,
    pub(crate) pacing: Pacing,
    pub(crate) timeouts: LinearTimeouts,
    pub(crate) voting: Option<VotingKey>,
    /// Log or guard hold something of the first height: it is not held back.
    pub(crate) resumes: bool,
    /// The height of the guard's newest record at the start.
    pub(crate) guarded: Height,
    pub(crate) application: Arc<dyn Application>,
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) network: NetworkRef<Assay>,
    pub(crate) consensus: ConsensusRef<Assay>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) stopper: Stopper,
}

/// The host's state.
pub(crate) struct Host {
    parts: Parts,
    /// The height that is being decided, or comes next.
    height: Height,
    history_start: Height,
    context: Option<Arc<HeightContext>>,
    proposals: Proposals,
    streams: Streams,
    early: Vec<Assembled>,
    held: Option<Held>,
    listening: Option<pacing::Listening>,
    /// The last height that may have been decided before this node was among its peers.
    horizon: Option<Height>,
    /// When a validator that joined was last told where this node is.
    greeted: Option<Instant>,
}

impl Host {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            parts,
            height: Height::ZERO,
            history_start: Height::ZERO,
            context: None,
            proposals: Proposals::default(),
            streams: Streams::default(),
            early: Vec::new(),
            held: None,
            listening: None,
            horizon: None,
            greeted: None,
        }
    }

    /// Runs until the engine is gone or something fails.
    pub(crate) async fn run(mut self, mut inputs: UnboundedReceiver<Input>) {
        loop {
            let deadline = self.deadline();
            let input = tokio::select! {
                input = inputs.recv() => input,
                () = pacing::sleep_until(deadline) => Some(Input::Work),
                _ = self.parts.stopper.stopping() => None,
            };
            let result = match input {
                Some(Input::Engine(message)) => self.on_engine(*message),
                Some(Input::Done(outcome)) => self.on_outcome(*outcome),
                Some(Input::Work) => self.poll(),
                Some(Input::Joined) => {
                    self.greet();
                    Ok(())
                }
                None => return,
            };
            if let Err(fault) = result {
                return self.parts.stopper.stop(StopReason::Fault(fault.to_string()));
            }
        }
    }

    fn job(&self, job: Job) -> Result<(), Fault> {
        // The worker ends only when it has given the reason itself.
        let _ = self.parts.jobs.send(job);
        Ok(())
    }

    fn on_engine(&mut self, message: HostMsg<Assay>) -> Result<(), Fault> {
        match message {
            HostMsg::ConsensusReady { reply_to } => self.job(Job::Start { reply: reply_to }),
            HostMsg::StartedRound { height, round, reply_to, .. } => {
                let known = Height::from(height) == self.height;
                let _ = reply_to.send(if known { self.proposals.of_round(round) } else { Vec::new() });
                Ok(())
            }
            HostMsg::GetValue { height, round: at, timeout, reply_to } => {
                self.on_get_value(height, round(at), timeout, reply_to)
            }
            // No extensions on this chain; the engine never asks while they are disabled.
            HostMsg::ExtendVote { reply_to, .. } => {
                let _ = reply_to.send(None);
                Ok(())
            }
            HostMsg::VerifyVoteExtensions { extensions, reply_to, .. } => {
                use arc_malachitebft_core_consensus::VoteExtensionError::InvalidVoteExtension;
                let refused = extensions.into_iter().map(|(address, ())| (address, Err(InvalidVoteExtension)));
                let _ = reply_to.send(refused.collect());
                Ok(())
            }
            HostMsg::RestreamValue { height, round: at, valid_round, address, value_id } => {
                self.on_restream(height, round(at), valid_round.as_u32().map(Round), address, value_id);
                Ok(())
            }
            HostMsg::GetHistoryMinHeight { reply_to } => {
                let _ = reply_to.send(self.history_start.into());
                Ok(())
            }
            // The reply port is dropped: no answer now; a verdict follows when the block is whole and executed.
            HostMsg::ReceivedProposalPart { from, published_by, part, .. } => {
                self.on_part(published_by.unwrap_or(from), part)
            }
            HostMsg::Decided { certificate, reply_to, .. } => {
                let certificate = convert::certificate(&certificate);
                let block = self.proposals.block(certificate.block_id).cloned();
                self.check_own_signatures(&certificate, block.as_ref());
                self.job(Job::Decide { block, certificate, reply: reply_to })
            }
            HostMsg::Finalized { certificate, evidence, reply_to, .. } => {
                let evidence = convert::evidence(self.parts.chain_id, &evidence);
                let certificate = convert::certificate(&certificate);
                self.parts.shared.metrics.on_evidence(&evidence);
                self.parts.shared.committed(&certificate);
                self.job(Job::Finalize { certificate, evidence, reply: reply_to })
            }
            HostMsg::GetDecidedValues { range, reply_to } => {
                self.serve_decided(range, reply_to);
                Ok(())
            }
            HostMsg::ProcessSyncedValue { height, round: at, proposer, value_bytes, reply_to } => {
                let (height, round) = (height.into(), round(at));
                self.job(Job::JudgeSynced { height, round, proposer: proposer.0, bytes: value_bytes, reply: reply_to })
            }
        }
    }

    /// A certificate may hold a signature of this node's key that another machine made, and a block may be that one's
    /// proposal; the others do not pass on what it votes. The engine has verified both. Heights that were decided before
    /// this node was among its peers do not count: its key may have signed them before an old backup was restored, and
    /// the guard passes them.
    fn check_own_signatures(&mut self, certificate: &CommitCertificate, block: Option<&Block>) {
        let (Some(voting), Some(context)) = (&self.parts.voting, &self.context) else {
            return;
        };
        let own = voting.address();
        let told = || self.parts.shared.told(context, own).map(|tip| Height(tip.get().saturating_add(HORIZON_SLACK)));
        self.horizon = self.horizon.or_else(told);
        if self.horizon.is_none_or(|horizon| certificate.height <= horizon) {
            return;
        }
        let CommitCertificate { height, round, block_id, signatures } = certificate;
        let chain_id = self.parts.chain_id;
        let precommit = ConsensusMessage::precommit(chain_id, *height, *round, *block_id, own);
        // A block from an earlier round carries another creator's work, or a polka that this check need not know.
        let fresh = |payload: SystemPayload| payload.creator == own && payload.round == *round;
        if block.is_some_and(|block| block.system_payload().is_ok_and(fresh)) {
            voting.answer_for(ConsensusMessage { step: Step::Proposal, ..precommit.clone() }, &self.parts.stopper);
        }
        if signatures.iter().any(|signature| signature.address == own) {
            voting.answer_for(precommit, &self.parts.stopper);
        }
    }

    fn on_get_value(
        &mut self,
        height: EngineHeight,
        round: Round,
        budget: Duration,
        reply: RpcReplyPort<LocallyProposedValue<Assay>>,
    ) -> Result<(), Fault> {
        let Some(voting) = &self.parts.voting else {
            return Err(Fault::invariant("a full node was asked to propose"));
        };
        let proposer = voting.address();
        if Height::from(height) == self.height
            && let Some(stored) = self.proposals.proposed(round, proposer)
        {
            let stored = stored.clone();
            self.propose(&stored, reply);
            return Ok(());
        }
        self.job(Job::Prepare { height: height.into(), round, proposer, budget, reply })
    }

    /// Answers with a proposal that is kept on disk, then streams it to the peers.
    fn propose(&self, proposal: &UndecidedProposal, reply: RpcReplyPort<LocallyProposedValue<Assay>>) {
        let proposed = value(proposal);
        let _ = reply.send(LocallyProposedValue::new(proposed.height, proposed.round, proposed.value));
        self.stream(proposal);
    }

    fn on_outcome(&mut self, outcome: Outcome) -> Result<(), Fault> {
        match outcome {
            Outcome::Started { height, history_start, context, kept, reply } => {
                self.enter(height, history_start, context);
                self.proposals.load(kept);
                self.listen_first(reply)
            }
            Outcome::Passed => self.begin(),
            Outcome::Prepared { proposal, reply } => {
                self.propose(&proposal, reply);
                self.keep(proposal);
                Ok(())
            }
            Outcome::Judged { proposal } => {
                let judged = value(&proposal);
                self.keep(proposal);
                // An engine that is gone has been noticed by the supervisor.
                let _ = self.parts.consensus.cast(ConsensusMsg::ReceivedProposedValue(judged, ValueOrigin::Consensus));
                Ok(())
            }
            Outcome::Synced { proposal: None, reply } => {
                let _ = reply.send(SyncedValueOutcome::PeerFault);
                Ok(())
            }
            Outcome::Synced { proposal: Some(proposal), reply } => {
                let judged = value(&proposal);
                self.keep(proposal);
                let _ = reply.send(SyncedValueOutcome::Verdict(judged));
                Ok(())
            }
            Outcome::Decided { height, reply } => {
                self.parts.shared.status.send_modify(|status| status.decided = height);
                let _ = reply.send(());
                Ok(())
            }
            Outcome::Finalized { next, history_start, context, reply } => {
                self.enter(next, history_start, context);
                self.hold(Reply::Next(reply))?;
                for assembled in std::mem::take(&mut self.early) {
                    self.on_assembled(assembled)?;
                }
                Ok(())
            }
        }
    }

    fn keep(&mut self, proposal: UndecidedProposal) {
        if proposal.height == self.height {
            self.proposals.insert(proposal);
        }
    }

    fn enter(&mut self, height: Height, history_start: Height, context: HeightContext) {
        let context = Arc::new(context);
        self.parts.shared.enter(height, Arc::clone(&context));
        self.height = height;
        self.history_start = history_start;
        self.context = Some(context);
        self.proposals.clear();
        self.streams.keep_from(height);
    }
}
