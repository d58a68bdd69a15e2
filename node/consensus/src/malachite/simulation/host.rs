//! What the host does with the engine's questions, restated without actors.

use super::super::context::{Address, Assay, ProposalPart};
use super::super::proposals::{Proposals, value};
use super::super::streaming::{Assembled, Streams};
use super::jobs::Job;
use super::node::Node;
use super::{Action, Channel, End, Peer};
use crate::application::{HeightContext, UndecidedProposal};
use crate::keys::NetworkKey;
use arc_malachitebft_app::streaming::StreamMessage;
use arc_malachitebft_app::types::{LocallyProposedValue, PeerId, ProposedValue};
use arc_malachitebft_core_consensus::Input;
use arc_malachitebft_core_types::Round as EngineRound;
use assay_primitives::{Block, BlockId, Fault, Height, Round};
use std::sync::Arc;

/// Blocks of the next height that wait for it.
const EARLY_MAX: usize = 4;

/// The host's state.
#[derive(Default)]
pub(super) struct Host {
    /// The height that is being decided, or comes next.
    pub(super) height: Height,
    context: Option<Arc<HeightContext>>,
    proposals: Proposals,
    streams: Streams,
    early: Vec<Assembled>,
}

/// The peer id of a place in the network; the parts' tables are keyed by it.
pub(super) fn peer_id(peer: Peer) -> Result<PeerId, Fault> {
    let seed = [peer.saturating_add(1); 32];
    let id = NetworkKey::from_bytes(seed).and_then(|key| key.peer_id().parse().ok());
    id.ok_or_else(|| Fault::invariant("no peer id"))
}

impl Host {
    pub(super) fn context(&self) -> Result<&Arc<HeightContext>, Fault> {
        self.context.as_ref().ok_or_else(|| Fault::invariant("a height without validators"))
    }

    pub(super) fn block(&self, id: BlockId) -> Option<Block> {
        self.proposals.block(id).cloned()
    }

    pub(super) fn undecided_of(&self, height: Height, round: EngineRound) -> Vec<ProposedValue<Assay>> {
        if height == self.height { self.proposals.of_round(round) } else { Vec::new() }
    }

    pub(super) fn keep(&mut self, proposal: UndecidedProposal) {
        if proposal.height == self.height {
            self.proposals.insert(proposal);
        }
    }
}

impl Node {
    /// Takes up the height after the last decided one, with what was kept of it.
    pub(super) fn begin(&mut self) -> Result<(), End> {
        let height = self.application.info()?.height.next();
        let kept = self.application.undecided(height)?;
        self.enter(height)?;
        self.host.proposals.load(kept);
        self.catch_up_begins(height);
        self.start_height()?;
        self.work_off()
    }

    /// Enters a height: its validators, and blocks that came early for it.
    pub(super) fn enter(&mut self, height: Height) -> Result<(), End> {
        let context = self.application.height_context(height)?;
        self.host.height = height;
        self.host.context = Some(Arc::new(context));
        self.host.proposals.clear();
        self.host.streams.keep_from(height);
        for assembled in std::mem::take(&mut self.host.early) {
            self.on_assembled(assembled)?;
        }
        Ok(())
    }

    pub(super) fn on_get_value(&mut self, height: Height, round: Round) -> Result<(), End> {
        let stored = self.host.proposals.proposed(round, self.key.address()).cloned();
        match stored.filter(|_| height == self.host.height) {
            Some(stored) => self.propose(&stored),
            None => {
                self.queue(Job::Prepare { height, round });
                Ok(())
            }
        }
    }

    /// Proposes what is kept on disk, then streams it.
    pub(super) fn propose(&mut self, proposal: &UndecidedProposal) -> Result<(), End> {
        let proposed = value(proposal);
        let local = LocallyProposedValue::new(proposed.height, proposed.round, proposed.value);
        self.inbox.push_back(Input::Propose(local));
        self.stream(proposal)
    }

    pub(super) fn on_restream(
        &mut self,
        height: Height,
        round: EngineRound,
        valid_round: EngineRound,
        proposer: Address,
        id: BlockId,
    ) -> Result<(), End> {
        let Some(block) = self.host.block(id).filter(|block| block.height() == height) else { return Ok(()) };
        self.stream(&UndecidedProposal {
            height,
            round: super::super::context::round(round),
            valid_round: valid_round.as_u32().map(Round),
            proposer: proposer.0,
            block,
            accepted: true,
        })
    }

    fn stream(&mut self, proposal: &UndecidedProposal) -> Result<(), End> {
        self.actions.push(Action::Streams(Box::new(proposal.clone())));
        let parts = super::forge::parts(&self.key, self.codec, proposal)?;
        self.actions.extend(parts.into_iter().map(|part| Action::Broadcast(Channel::Parts, part)));
        Ok(())
    }

    pub(super) fn on_part(&mut self, from: Peer, part: StreamMessage<ProposalPart>) -> Result<(), End> {
        let now = self.instant();
        match self.host.streams.insert(peer_id(from)?, part, now) {
            Ok(None) => Ok(()),
            Ok(Some(assembled)) => self.on_assembled(assembled),
            Err(refusal) => {
                self.actions.push(Action::Refused(from, Channel::Parts, refusal.to_string()));
                Ok(())
            }
        }
    }

    fn on_assembled(&mut self, assembled: Assembled) -> Result<(), End> {
        let (height, host) = (assembled.init.height, &mut self.host);
        if height == host.height.next() && host.early.len() < EARLY_MAX {
            host.early.push(assembled);
            return Ok(());
        }
        if height != host.height {
            return Ok(());
        }
        let context = Arc::clone(host.context()?);
        if let Some(proposal) = host.proposals.take_in(assembled, &context, self.chain_id) {
            self.queue(Job::Judge { proposal });
        }
        Ok(())
    }
}
