//! Judgement of a proposal: where it comes from, what its engine proofs are worth, and what executing it gives.

use super::{Core, Head};
use assay_consensus::{HeightContext, ProposalOrigin, Verdict, verify_certificate_beyond, verify_late_vote};
use assay_executive::{BlockError, LATE_VOTE_HEIGHTS};
use assay_primitives::{Block, CommitCertificate, Fault, Height, LateVote, Round, SystemPayload};

/// Rounds in which the tolerated distance between clocks doubles: half a second becomes half an hour.
const DRIFT_DOUBLINGS_MAX: u32 = 12;

impl Core {
    pub(crate) fn process_proposal(&self, block: &Block, origin: ProposalOrigin) -> Result<Verdict, Fault> {
        let head = self.head();
        let verdict = match self.judge(&head, block, origin)? {
            Ok(()) => Verdict::Accept,
            Err(reason) => {
                self.metrics.chain_proposals_rejected.inc();
                tracing::warn!(height = %block.height(), id = %block.id(), reason, "proposal refused");
                Verdict::Reject(reason)
            }
        };
        Ok(verdict)
    }

    fn judge(&self, head: &Head, block: &Block, origin: ProposalOrigin) -> Result<Result<(), String>, Fault> {
        let height = block.height();
        if height != head.height().next() {
            return Ok(Err(format!("height {height}, expected {}", head.height().next())));
        }
        let payload = match block.system_payload() {
            Ok(payload) => payload,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let context = self.height_context(height)?;
        let judged =
            self.judge_time(head, &payload, origin).and_then(|()| judge_creator(&context, height, &payload, origin));
        if let Err(reason) = judged {
            return Ok(Err(reason));
        }
        for proof in [Self::judge_late_votes, Self::judge_evidence, Self::judge_last_commit] {
            if let Err(reason) = proof(self, head, &payload)? {
                return Ok(Err(reason));
            }
        }
        if self.outcomes.contains(block.id()) {
            return Ok(Ok(()));
        }
        match self.execute(head, block) {
            Ok(outcome) => {
                self.outcomes.put(height, block.id(), outcome);
                Ok(Ok(()))
            }
            Err(BlockError::Invalid(error)) => Ok(Err(error.to_string())),
            Err(BlockError::Fault(fault)) => Err(fault),
        }
    }

    /// The clock counts only for a value that nobody has a polka for; that time rises is the executive's rule. What
    /// counts as apart doubles with every round, so that clocks however wrong agree in the end.
    fn judge_time(&self, head: &Head, payload: &SystemPayload, origin: ProposalOrigin) -> Result<(), String> {
        let ProposalOrigin::Fresh { round } = origin else { return Ok(()) };
        let timing = &self.executive.params().timing;
        let (time, now) = (payload.timestamp_ms.get(), self.now_ms());
        let drift = timing.clock_drift_ms.saturating_mul(1 << round.get().min(DRIFT_DOUBLINGS_MAX));
        if time > now.saturating_add(drift) && time > head.parent.timestamp_ms().get().saturating_add(1) {
            return Err(format!("timestamp {time} ms is more than {drift} ms ahead of this node's {now} ms"));
        }
        // A proposal takes no longer than the round waits for it. Whoever came to this height later cannot say that it was
        // late: validators that have waited for a quorum hold one, and decide on it as soon as there is a quorum again.
        let slack = timing.propose_timeout_delta_ms.saturating_mul(round.get().into());
        let late = timing.propose_timeout_ms.saturating_add(slack).saturating_add(drift);
        let deadline = time.saturating_add(late);
        if deadline < now && head.since_ms <= deadline {
            return Err(format!("timestamp {time} ms is more than {late} ms behind this node's {now} ms"));
        }
        Ok(())
    }

    fn judge_late_votes(&self, head: &Head, payload: &SystemPayload) -> Result<Result<(), String>, Fault> {
        let oldest = head.height().next().saturating_sub(LATE_VOTE_HEIGHTS).max(Height(1));
        for vote in &payload.late_votes {
            // Sets of other heights are nobody's to ask for.
            if vote.height < oldest || vote.height > head.height() {
                return Ok(Err(format!("late vote for height {} in block {}", vote.height, head.height().next())));
            }
            if self.late_votes.lock().contains(vote) {
                continue;
            }
            let validators = self.validators(vote.height)?;
            if let Err(error) = verify_late_vote(self.executive.chain_id(), &validators, vote) {
                return Ok(Err(format!("late vote: {error}")));
            }
        }
        Ok(Ok(()))
    }

    fn judge_last_commit(&self, head: &Head, payload: &SystemPayload) -> Result<Result<(), String>, Fault> {
        let Some(commit) = &payload.last_commit else { return Ok(Ok(())) };
        if head.height() == Height::ZERO {
            return Ok(Err("last commit: nobody commits to genesis".to_owned()));
        }
        let validators = self.validators(head.height())?;
        // What the engine put into our own, it has verified.
        let own = self.store.certificate(head.height())?;
        if own.as_ref() == Some(commit) {
            return Ok(Ok(()));
        }
        let same = |own: &CommitCertificate| (own.round, own.block_id) == (commit.round, commit.block_id);
        let known = own.filter(same).map(|own| own.signatures).unwrap_or_default();
        let verified = verify_certificate_beyond(self.executive.chain_id(), &validators, commit, &known);
        Ok(verified.map_err(|error| format!("last commit: {error}")))
    }

    /// Keeps a precommit that came late, if its validator made it for the block that was decided. That one may still be
    /// on its way to the disk: then committing it looks again.
    pub(crate) fn late_vote(&self, vote: LateVote) -> Result<(), Fault> {
        let height = self.head().height();
        let recent = vote.height <= height.next() && vote.height.saturating_add(LATE_VOTE_HEIGHTS) > height;
        let is_other = || Ok(vote.height <= height && self.store.block_id(vote.height)? != Some(vote.block_id));
        if !recent || vote.height == Height::ZERO || is_other()? {
            return Ok(());
        }
        let validators = self.validators(vote.height)?;
        if verify_late_vote(self.executive.chain_id(), &validators, &vote).is_ok() {
            self.late_votes.lock().put(vote);
        }
        Ok(())
    }
}

/// The creator must be the proposer of the round in which the value was first proposed, and that round must fit the
/// way it came here.
fn judge_creator(
    context: &HeightContext,
    height: Height,
    payload: &SystemPayload,
    origin: ProposalOrigin,
) -> Result<(), String> {
    let created = payload.round;
    let fits = |round: Round, exact: bool| if exact { created == round } else { created <= round };
    let (fits, round) = match origin {
        ProposalOrigin::Fresh { round } => (fits(round, true), round),
        ProposalOrigin::Reproposed { valid_round: round } | ProposalOrigin::Synced { round } => {
            (fits(round, false), round)
        }
    };
    if !fits {
        return Err(format!("created in round {created}, proposed in round {round}"));
    }
    let expected = context.proposer(height, created);
    if payload.creator != expected {
        return Err(format!("creator {}, but the proposer of round {created} is {expected}", payload.creator));
    }
    Ok(())
}
