//! What the engine proves about a height, in our own types: commit certificates, late votes, evidence.

use crate::{BlockId, ConsensusAddress, Height, Round};
use alloy_primitives::FixedBytes;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// An Ed25519 signature.
pub type Signature64 = FixedBytes<64>;

/// One validator's precommit signature in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct CommitSignature {
    /// Who signed.
    pub address: ConsensusAddress,
    /// Signature over the precommit's sign bytes.
    pub signature: Signature64,
}

/// Precommits of more than 2/3 of the voting power for one block: a block with this is final.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct CommitCertificate {
    /// Height that was decided.
    pub height: Height,
    /// Round in which it was decided.
    pub round: Round,
    /// Id of the decided ordering block.
    pub block_id: BlockId,
    /// The signatures, in no fixed order; nodes may hold different ones.
    pub signatures: Vec<CommitSignature>,
}

/// A precommit that arrived after its height was decided; it counts as presence, not towards the decision.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct LateVote {
    /// Height of the vote.
    pub height: Height,
    /// Round of the vote.
    pub round: Round,
    /// The block voted for.
    pub block_id: BlockId,
    /// Who signed and the signature.
    pub vote: CommitSignature,
}

/// Proof of a double signature: two signed messages of one kind, height, round and validator for different values. The
/// engine's codec writes the sign bytes; whoever holds the key of the validator can verify both.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Evidence {
    /// The validator that signed twice.
    pub address: ConsensusAddress,
    /// Height of both messages.
    pub height: Height,
    /// First message: sign bytes and signature.
    pub first: (Vec<u8>, Signature64),
    /// Second message: sign bytes and signature.
    pub second: (Vec<u8>, Signature64),
}
