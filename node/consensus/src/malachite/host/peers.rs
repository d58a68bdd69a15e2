//! What the host does with and for its peers: blocks streamed out, blocks put together, decided blocks served.

use super::super::codec::{SYNC_BATCH_MAX, SYNC_SERVED_BYTES};
use super::super::context::{Address, Assay, EngineHeight, ProposalPart, round};
use super::super::convert;
use super::super::streaming::{Assembled, StreamInit, cut};
use super::super::worker::Job;
use super::Host;
use crate::application::{Application, UndecidedProposal};
use crate::engine::StopReason;
use arc_malachitebft_app::consensus::SignedConsensusMsg;
use arc_malachitebft_app::streaming::StreamMessage;
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_engine::network::{NetworkMsg, Status};
use arc_malachitebft_sync::RawDecidedValue;
use assay_primitives::{BlockId, Fault, Height, Round};
use ractor::RpcReplyPort;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Shortest time between two greetings: peers that come and go must not make this node stream on and on.
const GREETING: Duration = Duration::from_millis(200);
/// Blocks of the next height that wait for its validators to be known.
const EARLY_MAX: usize = 4;

impl Host {
    pub(super) fn stream(&self, proposal: &UndecidedProposal) {
        let Some(voting) = self.parts.voting.as_ref().filter(|_| self.parts.shared.has_peers()) else {
            return;
        };
        let bytes = bytes::Bytes::from(proposal.block.encode());
        let init = voting.sign_stream(StreamInit::unsigned(proposal, bytes.len(), voting.address()));
        for message in cut(init, &bytes) {
            if self.parts.network.cast(NetworkMsg::PublishProposalPart(message)).is_err() {
                return;
            }
        }
    }

    pub(super) fn on_restream(
        &self,
        height: EngineHeight,
        round: Round,
        valid_round: Option<Round>,
        proposer: Address,
        id: BlockId,
    ) {
        let Some(block) = self.proposals.block(id).filter(|block| block.height() == height.into()) else {
            tracing::warn!(%height, %round, block = %id, "asked to stream a block that is not held");
            return;
        };
        self.stream(&UndecidedProposal {
            height: height.into(),
            round,
            valid_round,
            proposer: proposer.0,
            block: block.clone(),
            accepted: true,
        });
    }

    pub(super) fn on_part(&mut self, publisher: PeerId, part: StreamMessage<ProposalPart>) -> Result<(), Fault> {
        match self.streams.insert(publisher, part, Instant::now()) {
            Ok(None) => Ok(()),
            Ok(Some(assembled)) => self.on_assembled(assembled),
            Err(refusal) => {
                tracing::debug!(%publisher, %refusal, "dropped a part of a proposal");
                Ok(())
            }
        }
    }

    pub(super) fn on_assembled(&mut self, assembled: Assembled) -> Result<(), Fault> {
        let height = assembled.init.height;
        if height == self.height.next() && self.early.len() < EARLY_MAX {
            self.early.push(assembled);
            return Ok(());
        }
        let Some(context) = self.context.clone().filter(|_| height == self.height) else {
            return Ok(());
        };
        let (round, block) = (assembled.init.round, assembled.init.block_id);
        let Some(proposal) = self.proposals.take_in(assembled, &context, self.parts.chain_id) else {
            tracing::debug!(%height, %round, %block, "proposal not taken");
            return Ok(());
        };
        // Somebody proposes: whoever holds the height back has work to do.
        self.release()?;
        self.job(Job::Judge { proposal })
    }

    /// A validator has joined. Where this node is and what it proposes went out while that one was away, and the engine
    /// sends neither again: without them a quorum that comes back would wait for time-outs.
    pub(super) fn greet(&mut self) {
        if self.listening.is_some() || self.greeted.is_some_and(|at| at.elapsed() < GREETING) {
            return;
        }
        self.greeted = Some(Instant::now());
        if self.height > Height(1) {
            self.tell_height();
        }
        let Some(signed) = self.parts.shared.own_proposal(self.height) else {
            return;
        };
        let own = signed.message.address.0;
        let Some(proposal) = self.proposals.proposed(round(signed.message.round), own) else {
            return;
        };
        self.stream(proposal);
        let _ = self.parts.network.cast(NetworkMsg::PublishConsensusMsg(SignedConsensusMsg::Proposal(signed)));
    }

    /// Tells the peers what this node has decided.
    pub(super) fn tell_height(&self) {
        let status = Status::new(self.height.previous().into(), self.history_start.into());
        let _ = self.parts.network.cast(NetworkMsg::BroadcastStatus(status));
    }

    /// Reads decided blocks for a peer, off this loop; the engine bounds how many requests there are.
    pub(super) fn serve_decided(
        &self,
        range: RangeInclusive<EngineHeight>,
        reply: RpcReplyPort<Vec<RawDecidedValue<Assay>>>,
    ) {
        let (application, stopper) = (Arc::clone(&self.parts.application), self.parts.stopper.clone());
        tokio::task::spawn_blocking(move || match read_decided(&*application, range) {
            Ok(values) => drop(reply.send(values)),
            Err(fault) => stopper.stop(StopReason::Fault(fault.to_string())),
        });
    }
}

fn read_decided(
    application: &dyn Application,
    range: RangeInclusive<EngineHeight>,
) -> Result<Vec<RawDecidedValue<Assay>>, Fault> {
    let mut values = Vec::new();
    let mut bytes = 0usize;
    for height in (range.start().0..=range.end().0).take(SYNC_BATCH_MAX) {
        let Some((block, certificate)) = application.decided_block(Height(height))? else {
            break;
        };
        bytes = bytes.saturating_add(block.len());
        // The first one is always served.
        if bytes > SYNC_SERVED_BYTES && !values.is_empty() {
            break;
        }
        values.push(RawDecidedValue::new(block.into(), convert::extended(&certificate)));
    }
    Ok(values)
}
