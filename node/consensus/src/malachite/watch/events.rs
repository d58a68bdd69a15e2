//! Follows the engine's events: status, pulse, rounds, late votes.

use super::super::context::{Address, Assay, EngineHeight, round as defined};
use super::super::convert;
use super::super::signing::VotingKey;
use super::super::supervisor::Stopper;
use super::rounds::RoundFacts;
use super::{LATE_VOTE_HEIGHTS, Pulse, Shared, lock};
use crate::application::Application;
use crate::certificate::verify_late_vote;
use crate::engine::{EnginePhase, StopReason};
use crate::keys::verify_signature;
use arc_malachitebft_app::consensus::SignedConsensusMsg;
use arc_malachitebft_app::events::RxEvent;
use arc_malachitebft_app::types::ProposedValue;
use arc_malachitebft_core_types::{NilOrVal, Round as EngineRound, SignedVote, ValueOrigin, VoteType};
use arc_malachitebft_engine::util::events::Event;
use assay_primitives::{ConsensusAddress, Height, Round};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::broadcast;

/// Follows the engine's events.
pub(crate) struct EventWatch {
    pub(crate) chain_id: u64,
    pub(crate) own: Option<ConsensusAddress>,
    pub(crate) voting: Option<VotingKey>,
    pub(crate) application: Arc<dyn Application>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) stopper: Stopper,
    /// Late votes handed on already.
    pub(crate) late: BTreeSet<(Height, Round, ConsensusAddress)>,
    /// The newest height whose certificate the engine has closed: it takes no more votes into it.
    pub(crate) finalized: Height,
    pub(crate) facts: RoundFacts,
    pub(crate) round_since: Option<Instant>,
    pub(crate) decided_at: Option<Instant>,
}

impl EventWatch {
    /// Runs until the engine is gone.
    pub(crate) async fn follow(mut self, mut events: RxEvent<Assay>) {
        loop {
            match events.recv().await {
                Ok(event) => self.on_event(&event),
                Err(broadcast::error::RecvError::Lagged(_)) => self.pulse.hear(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn on_event(&mut self, event: &Event<Assay>) {
        self.pulse.hear();
        match event {
            Event::StartedRound(height, round, proposer, _) => self.on_round(*height, *round, *proposer),
            Event::Published(SignedConsensusMsg::Vote(vote)) => self.on_own_vote(vote),
            Event::Published(SignedConsensusMsg::Proposal(proposal)) => {
                *lock(&self.shared.proposal) = Some(proposal.clone());
                self.facts.announced = true;
                self.facts.judged = Some(true);
                self.shared.metrics.proposals_created.inc();
            }
            Event::Received(SignedConsensusMsg::Proposal(proposal)) => {
                let message = &proposal.message;
                let here = (Height::from(message.height), defined(message.round), message.address.0);
                self.facts.announced |= here == (self.facts.height, self.facts.round, self.facts.proposer);
            }
            Event::ReceivedProposedValue(value, origin) => self.on_value(value, *origin),
            Event::Received(SignedConsensusMsg::Vote(vote)) => self.on_vote(vote),
            Event::Decided { .. } => self.on_decided(),
            Event::Finalized { commit_certificate, .. } => self.finalized = commit_certificate.height.into(),
            _ => {}
        }
    }

    fn on_round(&mut self, height: EngineHeight, round: EngineRound, proposer: Address) {
        let (height, round, proposer) = (Height::from(height), defined(round), proposer.0);
        self.end_round();
        let metrics = &self.shared.metrics;
        metrics.rounds.inc();
        if round > Round::ZERO {
            let same = self.facts.height == height;
            let why = if same { self.facts.why(self.own) } else { "found so in the log of before".to_owned() };
            let missed = if same { self.shared.name_of(self.facts.proposer) } else { String::new() };
            let name = self.shared.name_of(proposer);
            tracing::warn!(
                %height, %round, why, missed, %proposer, name,
                "the round before decided nothing; the next proposer is asked"
            );
        } else {
            tracing::debug!(%height, %proposer, "height starts");
        }
        self.facts = RoundFacts { height, round, proposer, context: self.shared.context(height), ..Default::default() };
        self.round_since = Some(Instant::now());
        self.shared.status.send_modify(|status| {
            status.height = height;
            status.round = round;
            status.proposer = Some(proposer);
            status.phase = EnginePhase::Propose;
        });
    }

    fn end_round(&mut self) {
        if let Some(since) = self.round_since.take() {
            self.shared.metrics.round_duration.observe(since.elapsed().as_secs_f64());
        }
    }

    fn on_decided(&mut self) {
        self.end_round();
        if let Some(before) = self.decided_at.replace(Instant::now()) {
            self.shared.metrics.block_interval.observe(before.elapsed().as_secs_f64());
        }
        self.shared.status.send_modify(|status| status.phase = EnginePhase::Commit);
    }

    fn on_own_vote(&mut self, vote: &SignedVote<Assay>) {
        self.note_vote(vote);
        let precommit = vote.message.kind == VoteType::Precommit;
        if let (true, NilOrVal::Val(_), Some(since)) = (precommit, &vote.message.value, self.round_since) {
            self.shared.metrics.quorum_prevote_delay.observe(since.elapsed().as_secs_f64());
        }
        let phase = if precommit { EnginePhase::Precommit } else { EnginePhase::Prevote };
        self.shared.status.send_modify(|status| status.phase = phase);
    }

    fn on_value(&mut self, value: &ProposedValue<Assay>, origin: ValueOrigin) {
        let (height, valid) = (Height::from(value.height), value.validity.is_valid());
        match origin {
            ValueOrigin::Consensus => {
                self.shared.metrics.on_proposal(valid);
                if (height, defined(value.round)) == (self.facts.height, self.facts.round) {
                    self.facts.judged = Some(valid);
                }
            }
            // The engine passes on only what matches a certificate that it has verified.
            ValueOrigin::Sync if !valid && height == self.shared.status.borrow().decided.next() => {
                let id = value.value.0;
                self.stopper.stop(StopReason::Fault(format!(
                    "more than two thirds decided block {id} at height {height}, which is invalid here; the reason is in \
                     the log above. Either this node runs other rules than the network, or its state is damaged"
                )));
            }
            ValueOrigin::Sync => {}
        }
    }

    /// Notes a vote of the round at hand.
    fn note_vote(&mut self, vote: &SignedVote<Assay>) {
        let message = &vote.message;
        if (Height::from(message.height), defined(message.round)) != (self.facts.height, self.facts.round) {
            return;
        }
        let block = match message.value {
            NilOrVal::Nil => None,
            NilOrVal::Val(id) => Some(id),
        };
        if !self.facts.vote(message.kind == VoteType::Precommit, message.address.0, block) {
            self.shared.metrics.duplicate_votes.inc();
        }
    }

    fn on_vote(&mut self, vote: &SignedVote<Assay>) {
        self.note_vote(vote);
        if self.own == Some(vote.message.address.0) {
            self.on_vote_of_own_key(vote);
        }
        // While votes are still gathered for a decided height, whoever votes in the next one is ahead already.
        let current = self.facts.height.max(self.shared.status.borrow().decided);
        let height = Height::from(vote.message.height);
        if height > current {
            self.on_vote_ahead(vote, current);
        } else if height <= self.finalized && height.saturating_add(LATE_VOTE_HEIGHTS) > self.finalized {
            self.on_late_vote(vote);
        }
    }

    /// Somebody sends a vote of this node's own key.
    fn on_vote_of_own_key(&self, vote: &SignedVote<Assay>) {
        let Some(voting) = &self.voting else {
            return;
        };
        let message = vote.message.message(self.chain_id);
        if verify_signature(voting.public_key(), &message.sign_bytes(), &vote.signature.to_bytes().into()) {
            voting.answer_for(message, &self.stopper);
        }
    }

    /// Whoever votes above this node's height shows that this node is behind.
    fn on_vote_ahead(&self, vote: &SignedVote<Assay>, current: Height) {
        let (height, address) = (Height::from(vote.message.height), vote.message.address.0);
        let known = self.shared.context(current);
        let Some(validator) = known.as_ref().and_then(|context| context.validators.by_address(&address)) else {
            return;
        };
        if self.shared.is_ahead(address, height) {
            return;
        }
        let bytes = vote.message.message(self.chain_id).sign_bytes();
        if verify_signature(validator.public_key, &bytes, &vote.signature.to_bytes().into()) {
            self.shared.saw_ahead(address, height);
        }
    }

    /// A vote that no certificate of this node holds. Its block may still be on the way to the disk.
    fn on_late_vote(&mut self, vote: &SignedVote<Assay>) {
        let Some(vote) = convert::late_vote(vote) else {
            return;
        };
        let Some(context) = self.shared.context(vote.height) else {
            return;
        };
        let key = (vote.height, vote.round, vote.vote.address);
        if self.late.contains(&key) || verify_late_vote(self.chain_id, &context.validators, &vote).is_err() {
            return;
        }
        // Only verified votes enter the set, so it is bounded by validators, rounds seen and heights kept.
        let finalized = self.finalized;
        self.late.retain(|(height, _, _)| height.saturating_add(LATE_VOTE_HEIGHTS) > finalized);
        self.late.insert(key);
        self.shared.metrics.late_votes.inc();
        self.application.late_vote(vote);
    }
}
