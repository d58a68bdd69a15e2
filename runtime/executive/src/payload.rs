//! Rules of item 0, the system payload, and of the links to the block before.
//!
//! Everything here is a function of block, parent and validators: whether a proposer's clock is honest and whether its
//! turn it was depends on when and how a block arrived, and is judged where that is known.

use crate::{BlockError, InvalidBlock, Parent};
use alloy_primitives::B256;
use assay_primitives::{
    Block, BlockId, CommitCertificate, Height, SystemPayload, TimestampMs, Validator, ValidatorSet, vrf,
};
use std::collections::BTreeSet;

/// Latest block time: the end of the year 9999.
pub const TIMESTAMP_MS_MAX: TimestampMs = TimestampMs(253_402_300_799_999);
/// How many heights back a late vote may lie.
pub const LATE_VOTE_HEIGHTS: u64 = 10;
/// Most pieces of evidence in a payload.
pub const EVIDENCE_MAX: usize = 16;
/// Most late votes in a payload.
pub const LATE_VOTES_MAX: usize = 512;
/// Longest sign bytes in a piece of evidence.
pub const EVIDENCE_BYTES_MAX: usize = 4_096;

/// A payload that keeps the rules, with what execution takes from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckedPayload {
    pub creator: Validator,
    pub timestamp_ms: TimestampMs,
    /// Header randomness of the new block.
    pub randomness: B256,
}

/// Checks that a block follows its parent on this chain.
pub(crate) fn check_links(chain_id: u64, parent: &Parent, block: &Block) -> Result<(), BlockError> {
    let header = block.header();
    let expected = parent.height().next();
    if header.chain_id != chain_id {
        return Err(InvalidBlock::ChainId { expected: chain_id, got: header.chain_id }.into());
    }
    if header.height != expected {
        return Err(InvalidBlock::Height { expected, got: header.height }.into());
    }
    if header.parent_id != parent.block_id() {
        return Err(InvalidBlock::ParentId { expected: parent.block_id(), got: header.parent_id }.into());
    }
    if header.previous_execution_hash != parent.hash() {
        let got = header.previous_execution_hash;
        return Err(InvalidBlock::PreviousExecutionHash { expected: parent.hash(), got }.into());
    }
    Ok(())
}

/// Checks a payload for the height after `parent`.
pub(crate) fn check_payload(
    payload: &SystemPayload,
    parent: &Parent,
    validators: &ValidatorSet,
) -> Result<CheckedPayload, BlockError> {
    let height = parent.height().next();
    let timestamp_ms = payload.timestamp_ms;
    if timestamp_ms <= parent.timestamp_ms() || timestamp_ms > TIMESTAMP_MS_MAX {
        return Err(InvalidBlock::Timestamp { parent: parent.timestamp_ms(), got: timestamp_ms }.into());
    }
    let creator = validators.by_address(&payload.creator).cloned().ok_or(InvalidBlock::Creator(payload.creator))?;
    check_certificate(payload.last_commit.as_ref(), parent.height(), parent.block_id())?;
    check_late_votes(payload, height)?;
    check_evidence(payload, height)?;
    // Last, because it is the costly one.
    let randomness = vrf::verify(creator.randomness_key, parent.randomness(), height, &payload.randomness)
        .map_err(InvalidBlock::Randomness)?;
    Ok(CheckedPayload { creator, timestamp_ms, randomness })
}

/// The certificate must be for the parent. Its signatures are the engine's to verify; who is absent in it matters only
/// once absence is punished.
fn check_certificate(
    certificate: Option<&CommitCertificate>,
    parent: Height,
    parent_id: BlockId,
) -> Result<(), InvalidBlock> {
    let Some(certificate) = certificate else {
        return if parent == Height::ZERO { Ok(()) } else { Err(InvalidBlock::LastCommit("missing")) };
    };
    if parent == Height::ZERO {
        return Err(InvalidBlock::LastCommit("genesis has none"));
    }
    if certificate.height != parent || certificate.block_id != parent_id {
        return Err(InvalidBlock::LastCommit("not for the parent"));
    }
    if certificate.signatures.len() > assay_primitives::validators::VALIDATORS_MAX {
        return Err(InvalidBlock::LastCommit("too many signatures"));
    }
    let mut seen = BTreeSet::new();
    if !certificate.signatures.iter().all(|signature| seen.insert(signature.address)) {
        return Err(InvalidBlock::LastCommit("a validator signed twice"));
    }
    Ok(())
}

fn check_late_votes(payload: &SystemPayload, height: Height) -> Result<(), InvalidBlock> {
    if payload.late_votes.len() > LATE_VOTES_MAX {
        return Err(InvalidBlock::LateVotes("too many"));
    }
    let mut seen = BTreeSet::new();
    for vote in &payload.late_votes {
        let oldest = height.saturating_sub(LATE_VOTE_HEIGHTS);
        if vote.height >= height || vote.height < oldest || vote.height == Height::ZERO {
            return Err(InvalidBlock::LateVotes("outside the last heights"));
        }
        if !seen.insert((vote.height, vote.vote.address)) {
            return Err(InvalidBlock::LateVotes("a validator twice at one height"));
        }
    }
    Ok(())
}

fn check_evidence(payload: &SystemPayload, height: Height) -> Result<(), InvalidBlock> {
    if payload.evidence.len() > EVIDENCE_MAX {
        return Err(InvalidBlock::Evidence("too many"));
    }
    let mut seen = BTreeSet::new();
    for evidence in &payload.evidence {
        if evidence.height >= height {
            return Err(InvalidBlock::Evidence("for a height that is not decided"));
        }
        if evidence.first.0.len().max(evidence.second.0.len()) > EVIDENCE_BYTES_MAX {
            return Err(InvalidBlock::Evidence("oversized"));
        }
        if evidence.first.0 == evidence.second.0 {
            return Err(InvalidBlock::Evidence("both messages are the same"));
        }
        if !seen.insert((evidence.height, evidence.address)) {
            return Err(InvalidBlock::Evidence("a validator twice at one height"));
        }
    }
    Ok(())
}
