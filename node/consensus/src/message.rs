//! The canonical bytes that validators sign: one format for proposals, prevotes and precommits.
//!
//! ```text
//! sign bytes = "assay 1 consensus message" + borsh(ConsensusMessage)
//!
//! ConsensusMessage      bytes   little-endian
//!   chain_id            8       EIP-155 chain id
//!   step                1       0 proposal, 1 prevote, 2 precommit
//!   height              8
//!   round               4
//!   block_id            1 + 32  0 = nil; a proposal is never nil
//!   valid_round         1 + 4   proposals only: the round of the polka it is proposed again for
//!   address             20      who signs
//! ```
//! The signature is plain Ed25519 over these bytes. Whoever holds a certificate, a late vote or a piece of evidence can
//! rebuild them from what it holds plus the chain id.

use assay_primitives::{BlockId, CodecError, ConsensusAddress, Height, Round, codec};
use borsh::{BorshDeserialize, BorshSerialize};

/// What every sign-bytes string begins with; no other signature of a consensus key shares it.
pub const SIGN_PREFIX: &[u8] = b"assay 1 consensus message";

/// Longest sign bytes there are.
pub const SIGN_BYTES_MAX: usize = 128;

/// What kind of message is signed, in the order of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum Step {
    /// The proposer's choice of a block.
    Proposal,
    /// First vote.
    Prevote,
    /// Second vote; a value here locks the validator.
    Precommit,
}

/// A message that a validator signs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ConsensusMessage {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Kind.
    pub step: Step,
    /// Height.
    pub height: Height,
    /// Round.
    pub round: Round,
    /// The block proposed or voted for; `None` is nil.
    pub block_id: Option<BlockId>,
    /// Of a proposal: the round of the polka that the block is proposed again for.
    pub valid_round: Option<Round>,
    /// Who signs.
    pub address: ConsensusAddress,
}

impl ConsensusMessage {
    /// A precommit for a block: what a certificate holds signatures of.
    pub const fn precommit(
        chain_id: u64,
        height: Height,
        round: Round,
        block_id: BlockId,
        address: ConsensusAddress,
    ) -> Self {
        Self { chain_id, step: Step::Precommit, height, round, block_id: Some(block_id), valid_round: None, address }
    }

    /// The bytes to sign.
    pub fn sign_bytes(&self) -> Vec<u8> {
        let mut bytes = SIGN_PREFIX.to_vec();
        bytes.extend(codec::encode(self));
        bytes
    }

    /// Reads sign bytes back.
    ///
    /// # Errors
    /// `TooLarge` or `Malformed` for anything that [`Self::sign_bytes`] does not make.
    pub fn from_sign_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let what = "sign bytes";
        let body = bytes
            .strip_prefix(SIGN_PREFIX)
            .ok_or_else(|| CodecError::Malformed { what, reason: "wrong prefix".to_owned() })?;
        codec::decode(what, body, SIGN_BYTES_MAX)
    }
}
