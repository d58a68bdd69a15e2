//! Certificates, late votes and evidence: what proves and what does not.

use super::{CHAIN_ID, block, key, validators};
use crate::certificate::{CertificateError, verify_certificate, verify_evidence, verify_late_vote};
use crate::message::{ConsensusMessage, Step};
use assay_primitives::{CommitCertificate, CommitSignature, Evidence, Height, LateVote, Round};

fn signature(n: u8, round: u32, id: u8) -> CommitSignature {
    let address = key(n).address();
    let message = ConsensusMessage::precommit(CHAIN_ID, Height(5), Round(round), block(id), address);
    CommitSignature { address, signature: key(n).sign(&message.sign_bytes()) }
}

fn certificate(signers: &[u8]) -> CommitCertificate {
    CommitCertificate {
        height: Height(5),
        round: Round(1),
        block_id: block(9),
        signatures: signers.iter().map(|n| signature(*n, 1, 9)).collect(),
    }
}

#[test]
fn more_than_two_thirds_of_the_power_make_a_certificate() {
    let set = validators(&[1, 1, 1, 1]);
    assert_eq!(verify_certificate(CHAIN_ID, &set, &certificate(&[1, 2, 3])), Ok(()));
    assert_eq!(
        verify_certificate(CHAIN_ID, &set, &certificate(&[1, 4])),
        Err(CertificateError::NotEnoughPower { signed: 2, total: 4 })
    );
    // Exactly two thirds are not enough.
    let set = validators(&[1, 1, 1]);
    assert!(verify_certificate(CHAIN_ID, &set, &certificate(&[1, 2])).is_err());
    // Power counts, not heads.
    let set = validators(&[5, 1, 1]);
    assert_eq!(verify_certificate(CHAIN_ID, &set, &certificate(&[1])), Ok(()));
    assert!(verify_certificate(CHAIN_ID, &set, &certificate(&[2, 3])).is_err());
}

#[test]
fn one_wrong_signature_spoils_a_certificate() {
    let set = validators(&[1, 1, 1, 1]);
    let check = |certificate: &CommitCertificate| verify_certificate(CHAIN_ID, &set, certificate);
    assert_eq!(check(&certificate(&[1, 2, 3, 3])), Err(CertificateError::Duplicate(key(3).address())));
    assert_eq!(check(&certificate(&[1, 2, 3, 7])), Err(CertificateError::UnknownValidator(key(7).address())));
    let mut wrong = certificate(&[1, 2, 3, 4]);
    wrong.signatures[3] = signature(4, 2, 9);
    assert_eq!(check(&wrong), Err(CertificateError::BadSignature(key(4).address())));
    let mut other = certificate(&[1, 2, 3, 4]);
    other.block_id = block(8);
    assert!(check(&other).is_err());
    assert!(verify_certificate(CHAIN_ID + 1, &set, &certificate(&[1, 2, 3, 4])).is_err(), "another chain");
}

#[test]
fn late_votes_are_single_precommits() {
    let set = validators(&[1, 1]);
    let vote = |vote| LateVote { height: Height(5), round: Round(1), block_id: block(9), vote };
    assert_eq!(verify_late_vote(CHAIN_ID, &set, &vote(signature(2, 1, 9))), Ok(()));
    assert!(verify_late_vote(CHAIN_ID, &set, &vote(signature(2, 1, 8))).is_err());
    assert!(verify_late_vote(CHAIN_ID, &set, &vote(signature(3, 1, 9))).is_err());
}

fn signed(n: u8, step: Step, round: u32, id: u8) -> (Vec<u8>, alloy_primitives::FixedBytes<64>) {
    let mut message = ConsensusMessage::precommit(CHAIN_ID, Height(5), Round(round), block(id), key(n).address());
    message.step = step;
    let bytes = message.sign_bytes();
    let signature = key(n).sign(&bytes);
    (bytes, signature)
}

#[test]
fn evidence_needs_two_messages_of_one_place() {
    let set = validators(&[1, 1]);
    let check = |first, second| {
        let evidence = Evidence { address: key(1).address(), height: Height(5), first, second };
        verify_evidence(CHAIN_ID, &set, &evidence)
    };
    let vote = |round, id| signed(1, Step::Prevote, round, id);
    assert_eq!(check(vote(0, 1), vote(0, 2)), Ok(()));
    assert!(matches!(check(vote(0, 1), vote(0, 1)), Err(CertificateError::NoConflict(_))), "the same twice");
    assert!(check(vote(0, 1), vote(1, 2)).is_err(), "two rounds");
    assert!(check(vote(0, 1), signed(1, Step::Precommit, 0, 2)).is_err(), "two kinds");
    assert!(check(vote(0, 1), signed(2, Step::Prevote, 0, 2)).is_err(), "two validators");
    let mut forged = vote(0, 2);
    forged.1 = vote(0, 1).1;
    assert_eq!(check(vote(0, 1), forged), Err(CertificateError::BadSignature(key(1).address())));
    assert!(check((vec![1, 2, 3], vote(0, 1).1), vote(0, 1)).is_err(), "no message");
}
