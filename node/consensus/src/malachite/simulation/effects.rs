//! What the engine's consensus actor does with each effect of the state machine, restated without actors.

use super::super::context::{Assay, Proposal, Vote};
use super::super::signing::ABSTAINED;
use super::super::{convert, filter};
use super::jobs::Job;
use super::node::{Node, TimerKey};
use super::{Action, Channel, End, Write};
use crate::guard::Answer;
use crate::message::ConsensusMessage;
use arc_malachitebft_app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_codec::Codec as _;
use arc_malachitebft_core_consensus::{ConsensusMsg, Effect, Error, Input, Resumable as _, Resume, VoteExtensionError};
use arc_malachitebft_core_types::{SignedMessage, SignedProposal, SignedVote, ValueOrigin};
use arc_malachitebft_engine::network::NetworkMsg;
use arc_malachitebft_signing::{Verifier as _, VerifierExt as _};
use arc_malachitebft_signing_ed25519::Signature;
use assay_primitives::certificate::Signature64;
use assay_primitives::{Fault, Height};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The result of a future that never waits: the verifier computes.
fn ready<T>(future: impl Future<Output = T>) -> Result<T, End> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err(End::Consensus("a verification waits".to_owned())),
    }
}

impl Node {
    pub(super) fn on_effect(&mut self, effect: Effect<Assay>) -> Result<Resume<Assay>, End> {
        Ok(match effect {
            Effect::CancelAllTimeouts(r) => {
                self.cancel_timeouts();
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.cancel_timer(TimerKey::Consensus(timeout));
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                self.set_timeout(timeout);
                r.resume_with(())
            }
            Effect::StartRound(height, round, _, _, r) => {
                self.sync_log()?;
                for value in self.host.undecided_of(height.into(), round) {
                    self.inbox.push_back(Input::ProposedValue(value, ValueOrigin::Consensus));
                }
                self.actions.push(Action::Round(height.into(), super::super::context::round(round)));
                r.resume_with(())
            }
            Effect::GetValue(height, round, _, r) => {
                self.on_get_value(height.into(), super::super::context::round(round))?;
                r.resume_with(())
            }
            Effect::RestreamProposal(height, round, valid_round, proposer, id, r) => {
                self.on_restream(height.into(), round, valid_round, proposer, id)?;
                r.resume_with(())
            }
            Effect::SignVote(vote, r) => r.resume_with(self.sign_vote(vote)?),
            Effect::SignProposal(proposal, r) => r.resume_with(self.sign_proposal(proposal)?),
            Effect::Decide(certificate, _, r) => {
                self.sync_log()?;
                let certificate = convert::certificate(&certificate);
                let block = self.host.block(certificate.block_id);
                self.queue(Job::Decide { block, certificate });
                r.resume_with(())
            }
            Effect::Finalize(certificate, _, evidence, r) => {
                let evidence = convert::evidence(self.chain_id, &evidence);
                self.queue(Job::Finalize { certificate: convert::certificate(&certificate), evidence });
                r.resume_with(())
            }
            Effect::WalAppend(height, entry, r) => {
                self.append_to_log(height.into(), entry)?;
                r.resume_with(())
            }
            Effect::CertVerifiedSyncValue(value, proposer, r) => {
                self.queue(Job::JudgeSynced { proposer: proposer.0, value });
                r.resume_with(())
            }
            Effect::CertRejectedSyncValue(peer, height, error, r) => {
                let blamed = matches!(error, Error::InvalidCommitCertificate(..));
                self.on_bad_value(blamed.then_some(peer), height.into());
                r.resume_with(())
            }
            other => return self.on_message_effect(other),
        })
    }

    /// Effects that send or verify.
    fn on_message_effect(&mut self, effect: Effect<Assay>) -> Result<Resume<Assay>, End> {
        Ok(match effect {
            Effect::PublishConsensusMsg(message, r) => {
                self.sync_log()?;
                if filter::passes(&NetworkMsg::PublishConsensusMsg(message.clone())) {
                    let bytes = self.codec.encode(&message).map_err(|e| Fault::invariant(e.to_string()))?;
                    self.actions.push(Action::Broadcast(Channel::Consensus, bytes));
                }
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                self.publish_liveness(message)?;
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                self.publish_liveness(LivenessMsg::Vote(vote))?;
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(certificate, r) => {
                self.publish_liveness(LivenessMsg::SkipRoundCertificate(certificate))?;
                r.resume_with(())
            }
            Effect::VerifySignature(message, key, r) => {
                let valid = match &message.message {
                    ConsensusMsg::Vote(vote) => {
                        ready(self.verifier.verify_signed_vote(vote, &message.signature, &key))?
                    }
                    ConsensusMsg::Proposal(proposal) => {
                        ready(self.verifier.verify_signed_proposal(proposal, &message.signature, &key))?
                    }
                };
                r.resume_with(valid.is_ok_and(|valid| valid.is_valid()))
            }
            Effect::VerifyCommitCertificate(certificate, set, thresholds, r) => {
                r.resume_with(ready(self.verifier.verify_commit_certificate(&Assay, &certificate, &set, thresholds))?)
            }
            Effect::VerifyExtendedCommitCertificate(certificate, set, thresholds, policy, r) => r.resume_with(ready(
                self.verifier.verify_extended_commit_certificate(&Assay, &certificate, &set, thresholds, policy),
            )?),
            Effect::VerifyPolkaCertificate(certificate, set, thresholds, r) => {
                r.resume_with(ready(self.verifier.verify_polka_certificate(&Assay, &certificate, &set, thresholds))?)
            }
            Effect::VerifyRoundCertificate(certificate, set, thresholds, r) => {
                r.resume_with(ready(self.verifier.verify_round_certificate(&Assay, &certificate, &set, thresholds))?)
            }
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => {
                r.resume_with(Err(VoteExtensionError::InvalidVoteExtension))
            }
            other => return Err(End::Consensus(format!("an effect that nobody handles: {other:?}"))),
        })
    }

    fn publish_liveness(&mut self, message: LivenessMsg<Assay>) -> Result<(), End> {
        if filter::passes(&NetworkMsg::PublishLivenessMsg(message.clone())) {
            let bytes = self.codec.encode(&message).map_err(|e| Fault::invariant(e.to_string()))?;
            self.actions.push(Action::Broadcast(Channel::Liveness, bytes));
        }
        Ok(())
    }

    fn sync_log(&mut self) -> Result<(), End> {
        if self.recovering {
            return Ok(());
        }
        self.point(Write::LogSync, false)?;
        self.log.sync()?;
        self.point(Write::LogSync, true)
    }

    fn append_to_log(&mut self, height: Height, entry: Input<Assay>) -> Result<(), End> {
        if self.recovering || self.log.height() != height {
            return Ok(());
        }
        self.point(Write::LogEntry, false)?;
        self.log.append(entry)?;
        self.point(Write::LogEntry, true)
    }

    /// The guard's answer to a request to sign, between two crash points: before its record and before the signature
    /// goes anywhere.
    fn ask_guard(&mut self, message: ConsensusMessage) -> Result<Option<(ConsensusMessage, Signature64)>, End> {
        self.point(Write::Guard, false)?;
        let answer = self.guard.sign(&message).map_err(|error| Fault::storage(error.to_string()))?;
        let answer = match answer {
            Answer::Signed(message, signature) => {
                self.actions.push(Action::Signed(message.clone(), signature));
                Some((message, signature))
            }
            Answer::Abstain => {
                self.actions.push(Action::Abstained(message));
                None
            }
        };
        self.point(Write::Guard, true)?;
        Ok(answer)
    }

    fn sign_vote(&mut self, vote: Vote) -> Result<SignedVote<Assay>, End> {
        let signed = self.ask_guard(vote.message(self.chain_id))?;
        let signed = signed.and_then(|(message, signature)| Some((Vote::from_message(&message)?, signature)));
        let (vote, signature) = signed.map_or((vote, ABSTAINED), |(vote, signature)| (vote, signature.0));
        Ok(SignedMessage::new(vote, Signature::from_bytes(signature)))
    }

    fn sign_proposal(&mut self, proposal: Proposal) -> Result<SignedProposal<Assay>, End> {
        let signed = self.ask_guard(proposal.message(self.chain_id))?;
        let signed = signed.and_then(|(message, signature)| Some((Proposal::from_message(&message)?, signature)));
        let (proposal, signature) =
            signed.map_or((proposal, ABSTAINED), |(proposal, signature)| (proposal, signature.0));
        Ok(SignedMessage::new(proposal, Signature::from_bytes(signature)))
    }
}

/// A signed message as it travels.
pub(super) type Signed = SignedConsensusMsg<Assay>;
