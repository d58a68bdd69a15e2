//! What goes over the wire and into the engine's log, as plain borsh structs with bounds. Conversions to and from the
//! engine's types stand here too; the codec adds version and size.
//!
//! Consensus messages travel as their sign bytes' body without the chain id's prefix: what is sent is what is signed.

use super::context::{Address, Assay, EngineHeight, Proposal, Value, Vote};
use crate::message::ConsensusMessage;
use arc_malachitebft_app::consensus::SignedConsensusMsg;
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_core_types::{
    ExtendedCommitCertificate, ExtendedCommitSignature, NilOrVal, PolkaCertificate, PolkaSignature,
    Round as EngineRound, RoundCertificate, RoundCertificateType, RoundSignature, SignedMessage, Validity, VoteType,
};
use arc_malachitebft_signing_ed25519::Signature;
use arc_malachitebft_sync::RawDecidedValue;
use assay_primitives::validators::VALIDATORS_MAX;
use assay_primitives::{BlockId, CodecError, ConsensusAddress};
use borsh::{BorshDeserialize, BorshSerialize};

pub(super) type Bytes64 = [u8; 64];

pub(super) fn malformed(what: &'static str, reason: impl Into<String>) -> CodecError {
    CodecError::Malformed { what, reason: reason.into() }
}

fn round_out(round: EngineRound) -> Option<u32> {
    round.as_u32()
}

fn bounded<T>(list: Vec<T>) -> Result<Vec<T>, CodecError> {
    if list.len() > VALIDATORS_MAX {
        return Err(CodecError::TooLarge { what: "certificate", size: list.len(), bound: VALIDATORS_MAX });
    }
    Ok(list)
}

/// A signed proposal or vote.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct SignedWire {
    message: ConsensusMessage,
    signature: Bytes64,
}

impl SignedWire {
    pub(super) fn of_vote(chain_id: u64, vote: &SignedMessage<Assay, Vote>) -> Self {
        Self { message: vote.message.message(chain_id), signature: vote.signature.to_bytes() }
    }

    pub(super) fn of(chain_id: u64, message: &SignedConsensusMsg<Assay>) -> Self {
        match message {
            SignedConsensusMsg::Vote(vote) => Self::of_vote(chain_id, vote),
            SignedConsensusMsg::Proposal(proposal) => {
                Self { message: proposal.message.message(chain_id), signature: proposal.signature.to_bytes() }
            }
        }
    }

    pub(super) fn vote(self, chain_id: u64) -> Result<SignedMessage<Assay, Vote>, CodecError> {
        match self.open(chain_id)? {
            SignedConsensusMsg::Vote(vote) => Ok(vote),
            SignedConsensusMsg::Proposal(_) => Err(malformed("vote", "a proposal")),
        }
    }

    pub(super) fn open(self, chain_id: u64) -> Result<SignedConsensusMsg<Assay>, CodecError> {
        let what = "consensus message";
        if self.message.chain_id != chain_id {
            return Err(malformed(what, "another chain"));
        }
        let signature = Signature::from_bytes(self.signature);
        if let Some(vote) = Vote::from_message(&self.message) {
            if self.message.valid_round.is_some() {
                return Err(malformed(what, "a vote with a valid round"));
            }
            return Ok(SignedConsensusMsg::Vote(SignedMessage::new(vote, signature)));
        }
        let proposal = Proposal::from_message(&self.message).ok_or_else(|| malformed(what, "a nil proposal"))?;
        Ok(SignedConsensusMsg::Proposal(SignedMessage::new(proposal, signature)))
    }
}

/// A polka certificate.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct PolkaWire {
    height: u64,
    round: Option<u32>,
    block_id: BlockId,
    signatures: Vec<(ConsensusAddress, Bytes64)>,
}

impl PolkaWire {
    pub(super) fn of(certificate: &PolkaCertificate<Assay>) -> Self {
        let signatures = certificate.polka_signatures.iter().map(|s| (s.address.0, s.signature.to_bytes())).collect();
        Self {
            height: certificate.height.0,
            round: round_out(certificate.round),
            block_id: certificate.value_id,
            signatures,
        }
    }

    pub(super) fn open(self) -> Result<PolkaCertificate<Assay>, CodecError> {
        let polka_signatures = bounded(self.signatures)?
            .into_iter()
            .map(|(address, signature)| PolkaSignature::new(Address(address), Signature::from_bytes(signature)))
            .collect();
        Ok(PolkaCertificate {
            height: EngineHeight(self.height),
            round: self.round.into(),
            value_id: self.block_id,
            polka_signatures,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct RoundVoteWire {
    precommit: bool,
    block_id: Option<BlockId>,
    address: ConsensusAddress,
    signature: Bytes64,
}

/// A round certificate.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct RoundWire {
    height: u64,
    round: Option<u32>,
    skip: bool,
    votes: Vec<RoundVoteWire>,
}

impl RoundWire {
    pub(super) fn of(certificate: &RoundCertificate<Assay>) -> Self {
        let votes = certificate
            .round_signatures
            .iter()
            .map(|s| RoundVoteWire {
                precommit: s.vote_type == VoteType::Precommit,
                block_id: match s.value_id {
                    NilOrVal::Nil => None,
                    NilOrVal::Val(id) => Some(id),
                },
                address: s.address.0,
                signature: s.signature.to_bytes(),
            })
            .collect();
        Self {
            height: certificate.height.0,
            round: round_out(certificate.round),
            skip: certificate.cert_type == RoundCertificateType::Skip,
            votes,
        }
    }

    pub(super) fn open(self) -> Result<RoundCertificate<Assay>, CodecError> {
        let round_signatures = bounded(self.votes)?
            .into_iter()
            .map(|vote| {
                RoundSignature::new(
                    if vote.precommit { VoteType::Precommit } else { VoteType::Prevote },
                    vote.block_id.map_or(NilOrVal::Nil, NilOrVal::Val),
                    Address(vote.address),
                    Signature::from_bytes(vote.signature),
                )
            })
            .collect();
        Ok(RoundCertificate {
            height: EngineHeight(self.height),
            round: self.round.into(),
            cert_type: if self.skip { RoundCertificateType::Skip } else { RoundCertificateType::Precommit },
            round_signatures,
        })
    }
}

/// What keeps rounds going.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum LivenessWire {
    /// A vote sent again.
    Vote(SignedWire),
    /// A polka certificate.
    Polka(PolkaWire),
    /// A certificate for a round change.
    Round(RoundWire),
}

/// A proposed value as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct ProposedWire {
    height: u64,
    round: Option<u32>,
    valid_round: Option<u32>,
    proposer: ConsensusAddress,
    block_id: BlockId,
    valid: bool,
}

impl ProposedWire {
    pub(super) fn of(value: &arc_malachitebft_app::types::ProposedValue<Assay>) -> Self {
        Self {
            height: value.height.0,
            round: round_out(value.round),
            valid_round: round_out(value.valid_round),
            proposer: value.proposer.0,
            block_id: value.value.0,
            valid: value.validity.is_valid(),
        }
    }

    pub(super) fn open(self) -> arc_malachitebft_app::types::ProposedValue<Assay> {
        arc_malachitebft_app::types::ProposedValue {
            height: EngineHeight(self.height),
            round: self.round.into(),
            valid_round: self.valid_round.into(),
            proposer: Address(self.proposer),
            value: Value(self.block_id),
            validity: Validity::from_bool(self.valid),
        }
    }
}

/// A node's claim to a validator key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct ProofWire {
    pub(super) public_key: Vec<u8>,
    pub(super) peer_id: Vec<u8>,
    pub(super) signature: Bytes64,
}

/// How far a peer is.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct StatusWire {
    peer_id: Vec<u8>,
    tip: u64,
    history_start: u64,
}

impl StatusWire {
    pub(super) fn of(status: &arc_malachitebft_sync::Status<Assay>) -> Self {
        Self {
            peer_id: status.peer_id.to_bytes(),
            tip: status.tip_height.0,
            history_start: status.history_min_height.0,
        }
    }

    pub(super) fn open(self) -> Result<arc_malachitebft_sync::Status<Assay>, CodecError> {
        let peer_id = PeerId::from_bytes(&self.peer_id).map_err(|_| malformed("status", "no peer id"))?;
        Ok(arc_malachitebft_sync::Status {
            peer_id,
            tip_height: EngineHeight(self.tip),
            history_min_height: EngineHeight(self.history_start),
        })
    }
}

/// A decided block with its certificate.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct DecidedWire {
    block: Vec<u8>,
    height: u64,
    round: Option<u32>,
    block_id: BlockId,
    signatures: Vec<(ConsensusAddress, Bytes64)>,
}

impl DecidedWire {
    pub(super) fn of(value: &RawDecidedValue<Assay>) -> Self {
        let certificate = &value.certificate;
        Self {
            block: value.value_bytes.to_vec(),
            height: certificate.height.0,
            round: round_out(certificate.round),
            block_id: certificate.value_id,
            signatures: certificate.commit_signatures.iter().map(|s| (s.address.0, s.signature.to_bytes())).collect(),
        }
    }

    pub(super) fn open(self) -> Result<RawDecidedValue<Assay>, CodecError> {
        let commit_signatures = bounded(self.signatures)?
            .into_iter()
            .map(|(address, signature)| {
                ExtendedCommitSignature::new(Address(address), Signature::from_bytes(signature), None)
            })
            .collect();
        let certificate = ExtendedCommitCertificate {
            height: EngineHeight(self.height),
            round: self.round.into(),
            value_id: self.block_id,
            commit_signatures,
        };
        Ok(RawDecidedValue::new(self.block.into(), certificate))
    }
}

/// A message of a part stream; the init of a stream is encoded by `streaming`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct StreamWire {
    pub(super) stream: Vec<u8>,
    pub(super) sequence: u64,
    pub(super) content: ContentWire,
}

/// What a stream message carries.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum ContentWire {
    /// First message.
    Init(super::streaming::StreamInit),
    /// Part of the block.
    Chunk(Vec<u8>),
    /// Last message.
    Fin,
}
