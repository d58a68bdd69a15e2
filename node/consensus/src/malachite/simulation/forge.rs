//! What a validator with a key can make outside of the rules: the tools of the simulated adversaries.

use super::super::codec::Codec;
use super::super::context::{Proposal, Vote};
use super::super::streaming::{StreamInit, cut};
use super::effects::Signed;
use crate::application::UndecidedProposal;
use crate::keys::ConsensusKey;
use crate::message::{ConsensusMessage, Step};
use arc_malachitebft_app::consensus::SignedConsensusMsg;
use arc_malachitebft_codec::Codec as _;
use arc_malachitebft_core_types::SignedMessage;
use arc_malachitebft_signing_ed25519::Signature;
use assay_primitives::{BlockId, CodecError, Fault};
use bytes::Bytes;

/// The parts of a proposal as they travel, its opening signed.
pub(super) fn parts(key: &ConsensusKey, codec: Codec, proposal: &UndecidedProposal) -> Result<Vec<Bytes>, Fault> {
    let bytes = Bytes::from(proposal.block.encode());
    let mut init = StreamInit::unsigned(proposal, bytes.len(), key.address());
    init.signature = key.sign(&init.sign_bytes(codec.chain_id)).0;
    let failed = |error: CodecError| Fault::invariant(error.to_string());
    cut(init, &bytes).iter().map(|part| codec.encode(part).map_err(failed)).collect()
}

/// A key without a guard.
#[derive(Clone, Debug)]
pub struct Forger {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The key.
    pub key: ConsensusKey,
}

impl Forger {
    /// Reads a signed proposal or vote as it travels.
    pub fn read(&self, bytes: &Bytes) -> Option<ConsensusMessage> {
        let message: Signed = Codec { chain_id: self.chain_id }.decode(bytes.clone()).ok()?;
        Some(match message {
            SignedConsensusMsg::Vote(vote) => vote.message.message(self.chain_id),
            SignedConsensusMsg::Proposal(proposal) => proposal.message.message(self.chain_id),
        })
    }

    /// Signs any message, whatever was signed before, in the form in which it travels.
    pub fn sign(&self, message: &ConsensusMessage) -> Option<Bytes> {
        let signature = Signature::from_bytes(self.key.sign(&message.sign_bytes()).0);
        let signed: Signed = match message.step {
            Step::Proposal => {
                SignedConsensusMsg::Proposal(SignedMessage::new(Proposal::from_message(message)?, signature))
            }
            _ => SignedConsensusMsg::Vote(SignedMessage::new(Vote::from_message(message)?, signature)),
        };
        Codec { chain_id: self.chain_id }.encode(&signed).ok()
    }

    /// The same message for another block, or for nil.
    pub fn twin(&self, message: &ConsensusMessage, block_id: Option<BlockId>) -> Option<Bytes> {
        self.sign(&ConsensusMessage { block_id, ..message.clone() })
    }

    /// The parts of a block, streamed as a proposal.
    pub fn parts(&self, proposal: &UndecidedProposal) -> Vec<Bytes> {
        parts(&self.key, Codec { chain_id: self.chain_id }, proposal).unwrap_or_default()
    }
}
