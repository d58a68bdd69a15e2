//! Building of a proposal.

use super::outcome::Outcome;
use super::{Core, Head};
use crate::config::ProposerIdentity;
use assay_executive::{AdmitError, BlockBuilder, BlockError};
use assay_primitives::{Block, Fault, Height, Round, SystemPayload, TimestampMs};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Gas of the cheapest transaction there is.
const GAS_MIN: u64 = 21_000;

impl Core {
    /// Builds a block, or returns the one that this node proposed for this height and round before a crash.
    pub(crate) fn prepare_proposal(&self, height: Height, round: Round, budget: Duration) -> Result<Block, Fault> {
        let head = self.head();
        if height != head.height().next() {
            return Err(Fault::invariant(format!("a proposal for height {height} on a head at {}", head.height())));
        }
        let proposer = self.config.proposer.as_ref();
        let proposer = proposer.ok_or_else(|| Fault::invariant("this node has no key to propose with"))?;
        if let Some(kept) = self.kept_proposal(&head, proposer, round)? {
            return Ok(kept);
        }
        let start = Instant::now();
        let builder = self.start_block(&head, self.payload(&head, proposer, round)?)?;
        let (block, outcome) = self.fill(&head, builder, start, budget)?;
        self.observe_execution(outcome.executed.gas_used, start);
        self.outcomes.put(height, block.id(), outcome);
        self.metrics.chain_proposals.inc();
        Ok(block)
    }

    fn kept_proposal(&self, head: &Head, proposer: &ProposerIdentity, round: Round) -> Result<Option<Block>, Fault> {
        let kept = self.store.undecided(head.height().next())?;
        let ours = kept.into_iter().find(|kept| {
            let header = kept.block.header();
            kept.round == round
                && kept.proposer == proposer.address
                && header.parent_id == head.parent.block_id()
                && header.previous_execution_hash == head.parent.hash()
        });
        Ok(ours.map(|kept| kept.block))
    }

    fn payload(&self, head: &Head, proposer: &ProposerIdentity, round: Round) -> Result<SystemPayload, Fault> {
        let parent = head.height();
        let last_commit = match parent {
            Height::ZERO => None,
            _ => Some(self.store.certificate(parent)?.ok_or_else(|| Fault::corrupt("the head has no certificate"))?),
        };
        let present = |vote: &assay_primitives::LateVote| {
            last_commit.as_ref().is_some_and(|commit| {
                commit.height == vote.height && commit.signatures.iter().any(|s| s.address == vote.vote.address)
            })
        };
        let mut late_votes = self.late_votes.lock().for_height(parent.next());
        late_votes.retain(|vote| !present(vote));
        Ok(SystemPayload {
            creator: proposer.address,
            round,
            // Time rises strictly, whatever the clock does.
            timestamp_ms: TimestampMs(self.now_ms()).max(head.parent.timestamp_ms().saturating_add(1)),
            randomness: proposer.randomness.prove(head.parent.randomness(), parent.next()),
            last_commit,
            late_votes,
            evidence: self.evidence_for(parent.next())?,
        })
    }

    fn start_block<'a>(&'a self, head: &'a Head, payload: SystemPayload) -> Result<BlockBuilder<'a>, Fault> {
        let bare = SystemPayload { late_votes: Vec::new(), evidence: Vec::new(), ..payload.clone() };
        match self.executive.build(&head.view, &head.parent, payload) {
            Ok(builder) => Ok(builder),
            Err(BlockError::Fault(fault)) => Err(fault),
            // What others sent must never keep this node from proposing.
            Err(BlockError::Invalid(error)) => {
                tracing::warn!(%error, "proposing without late votes and evidence");
                self.executive.build(&head.view, &head.parent, bare).map_err(own_block)
            }
        }
    }

    /// Executes the best of the pool until block or budget is full.
    fn fill(
        &self,
        head: &Head,
        mut builder: BlockBuilder<'_>,
        start: Instant,
        budget: Duration,
    ) -> Result<(Block, Outcome), Fault> {
        let count_max = usize::try_from(builder.gas_left() / GAS_MIN).unwrap_or(usize::MAX);
        let candidates = self.pool.lock().pick(head.next_base_fee, count_max, builder.bytes_left());
        let mut txs = Vec::with_capacity(candidates.len());
        let mut blocked = BTreeSet::new();
        let mut hopeless = Vec::new();
        for tx in candidates {
            if builder.gas_left() < GAS_MIN || start.elapsed() >= budget {
                break;
            }
            if blocked.contains(&tx.sender()) {
                continue;
            }
            match builder.push(&tx) {
                Ok(()) => txs.push(tx),
                Err(AdmitError::Fault(fault)) => return Err(fault),
                // Nothing later of this sender can follow.
                Err(AdmitError::Rejected(reject)) => {
                    blocked.insert(tx.sender());
                    if !reject.may_pass_later() {
                        tracing::debug!(hash = %tx.hash(), %reject, "a transaction of the pool can never be included");
                        hopeless.push(tx.hash());
                    }
                }
            }
        }
        if !hopeless.is_empty() {
            let mut pool = self.pool.lock();
            for hash in &hopeless {
                pool.remove(hash);
            }
        }
        let (block, executed) = builder.finish().map_err(own_block)?;
        Ok((block, Outcome { executed, txs }))
    }
}

/// A block of our own making that breaks a rule is a fault of ours.
fn own_block(error: BlockError) -> Fault {
    match error {
        BlockError::Fault(fault) => fault,
        BlockError::Invalid(error) => Fault::invariant(format!("the block that this node built is invalid: {error}")),
    }
}
