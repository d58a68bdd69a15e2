//! Hashes outside Ethereum's objects: BLAKE3 under domain tags. Every tag of the chain is listed here, so that no two
//! uses can collide.

use alloy_primitives::B256;

/// A BLAKE3 domain. The context string is part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Id of an ordering block: hash of its borsh header.
    OrderingBlock,
    /// Digest of the items of an ordering block.
    OrderingItems,
    /// Input of the randomness VRF.
    RandomnessInput,
    /// Header randomness derived from the VRF output.
    Randomness,
    /// Proof of possession of a randomness key.
    RandomnessPossession,
    /// Hash of a chain specification.
    ChainSpec,
    /// Checksum of a signing-guard record.
    GuardRecord,
}

impl Domain {
    /// The context string that separates this use from all others.
    pub const fn context(self) -> &'static str {
        match self {
            Self::OrderingBlock => "assay 1 ordering block",
            Self::OrderingItems => "assay 1 ordering items",
            Self::RandomnessInput => "assay 1 randomness input",
            Self::Randomness => "assay 1 randomness",
            Self::RandomnessPossession => "assay 1 randomness possession",
            Self::ChainSpec => "assay 1 chain spec",
            Self::GuardRecord => "assay 1 guard record",
        }
    }
}

/// BLAKE3 in key-derivation mode over the parts, each preceded by its length as u64 little-endian, so that no two
/// different lists of parts hash alike.
pub fn blake3_tagged(domain: Domain, parts: &[&[u8]]) -> B256 {
    let mut hasher = blake3::Hasher::new_derive_key(domain.context());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    B256::from(*hasher.finalize().as_bytes())
}
