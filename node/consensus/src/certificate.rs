//! Verification of what the engine proves: commit certificates, late votes, evidence of double signatures.
//!
//! Everything here is a pure function of the validator set of the height, so that the executive can call it for what
//! stands in a block. The bytes that were signed are those of [`ConsensusMessage`].

use crate::keys::verify_signature;
use crate::message::ConsensusMessage;
use assay_primitives::{CommitCertificate, CommitSignature, ConsensusAddress, Evidence, LateVote, ValidatorSet};
use std::collections::BTreeSet;
use thiserror::Error;

/// Why a certificate, a late vote or a piece of evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// Signed by somebody outside the set of the height.
    #[error("{0} is no validator of this height")]
    UnknownValidator(ConsensusAddress),
    /// The same validator twice.
    #[error("{0} signed twice in one certificate")]
    Duplicate(ConsensusAddress),
    /// A signature that its validator did not make.
    #[error("the signature of {0} does not verify")]
    BadSignature(ConsensusAddress),
    /// Not more than two thirds of the voting power.
    #[error("{signed} of {total} voting power signed, more than two thirds are needed")]
    NotEnoughPower {
        /// Power that signed.
        signed: u64,
        /// Power of the whole set.
        total: u64,
    },
    /// Evidence whose two messages do not contradict each other.
    #[error("no double signature: {0}")]
    NoConflict(&'static str),
}

/// Verifies that more than two thirds of a set's voting power committed to the certificate's block. Every signature
/// must verify: one that does not spoils the whole.
///
/// # Errors
/// See [`CertificateError`].
pub fn verify_certificate(
    chain_id: u64,
    validators: &ValidatorSet,
    certificate: &CommitCertificate,
) -> Result<(), CertificateError> {
    verify_certificate_beyond(chain_id, validators, certificate, &[])
}

/// Verifies a certificate like [`verify_certificate`], but takes signatures for granted that were verified before, for
/// the same height, round and block.
///
/// # Errors
/// See [`CertificateError`].
pub fn verify_certificate_beyond(
    chain_id: u64,
    validators: &ValidatorSet,
    certificate: &CommitCertificate,
    verified: &[CommitSignature],
) -> Result<(), CertificateError> {
    let mut seen = BTreeSet::new();
    let mut signed = 0u64;
    for entry in &certificate.signatures {
        let address = entry.address;
        let validator = validators.by_address(&address).ok_or(CertificateError::UnknownValidator(address))?;
        if !seen.insert(address) {
            return Err(CertificateError::Duplicate(address));
        }
        if !verified.contains(entry) {
            let CommitCertificate { height, round, block_id, .. } = certificate;
            let message = ConsensusMessage::precommit(chain_id, *height, *round, *block_id, address);
            if !verify_signature(validator.public_key, &message.sign_bytes(), &entry.signature) {
                return Err(CertificateError::BadSignature(address));
            }
        }
        signed = signed.saturating_add(validator.power);
    }
    let total = validators.total_power();
    // Powers are bounded by 2^60, so three times one fits.
    if signed.saturating_mul(3) <= total.saturating_mul(2) {
        return Err(CertificateError::NotEnoughPower { signed, total });
    }
    Ok(())
}

/// Verifies the signature of a late precommit against the set of its height.
///
/// # Errors
/// `UnknownValidator` or `BadSignature`.
pub fn verify_late_vote(chain_id: u64, validators: &ValidatorSet, vote: &LateVote) -> Result<(), CertificateError> {
    let address = vote.vote.address;
    let validator = validators.by_address(&address).ok_or(CertificateError::UnknownValidator(address))?;
    let message = ConsensusMessage::precommit(chain_id, vote.height, vote.round, vote.block_id, address);
    if verify_signature(validator.public_key, &message.sign_bytes(), &vote.vote.signature) {
        Ok(())
    } else {
        Err(CertificateError::BadSignature(address))
    }
}

/// Verifies that a validator signed two different messages of one kind, height and round.
///
/// # Errors
/// `UnknownValidator`, `BadSignature` or `NoConflict`.
pub fn verify_evidence(chain_id: u64, validators: &ValidatorSet, evidence: &Evidence) -> Result<(), CertificateError> {
    let address = evidence.address;
    let validator = validators.by_address(&address).ok_or(CertificateError::UnknownValidator(address))?;
    let read = |bytes: &[u8]| {
        ConsensusMessage::from_sign_bytes(bytes).map_err(|_| CertificateError::NoConflict("not a consensus message"))
    };
    let (first, second) = (read(&evidence.first.0)?, read(&evidence.second.0)?);
    if first == second {
        return Err(CertificateError::NoConflict("the messages are the same"));
    }
    if (first.step, first.height, first.round) != (second.step, second.height, second.round) {
        return Err(CertificateError::NoConflict("kind, height or round differ"));
    }
    for message in [&first, &second] {
        if message.chain_id != chain_id || message.address != address || message.height != evidence.height {
            return Err(CertificateError::NoConflict("another chain, height or validator"));
        }
    }
    for (bytes, signature) in [&evidence.first, &evidence.second] {
        if !verify_signature(validator.public_key, bytes, signature) {
            return Err(CertificateError::BadSignature(address));
        }
    }
    Ok(())
}
