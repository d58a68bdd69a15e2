//! Engine types to ours and back: certificates and evidence.

use super::codec::Codec;
use super::context::{Address, Assay, EngineHeight, round};
use crate::application::HeightContext;
use arc_malachitebft_app::types::MisbehaviorEvidence;
use arc_malachitebft_core_consensus::Input;
use arc_malachitebft_core_types as core;
use arc_malachitebft_core_types::{
    ExtendedCommitCertificate, ExtendedCommitSignature, HeightParams, LinearTimeouts, NilOrVal, SignedVote, VoteType,
};
use arc_malachitebft_engine::wal::decode_entry;
use arc_malachitebft_signing_ed25519::Signature;
use assay_primitives::{CommitCertificate, CommitSignature, ConsensusAddress, Evidence, Fault, LateVote};
use std::sync::Arc;
use std::time::Duration;

/// Most double signatures handed to the application per height and validator: the engine keeps no more.
const EVIDENCE_PER_HEIGHT_MAX: usize = 64;

/// The engine's certificate in our type.
pub(crate) fn certificate(certificate: &core::CommitCertificate<Assay>) -> CommitCertificate {
    CommitCertificate {
        height: certificate.height.into(),
        round: round(certificate.round),
        block_id: certificate.value_id,
        signatures: certificate
            .commit_signatures
            .iter()
            .map(|s| CommitSignature { address: s.address.0, signature: s.signature.to_bytes().into() })
            .collect(),
    }
}

/// Our certificate in the form in which the engine syncs it.
pub(crate) fn extended(certificate: &CommitCertificate) -> ExtendedCommitCertificate<Assay> {
    ExtendedCommitCertificate {
        height: EngineHeight::from(certificate.height),
        round: core::Round::new(certificate.round.get()),
        value_id: certificate.block_id,
        commit_signatures: certificate
            .signatures
            .iter()
            .map(|s| ExtendedCommitSignature::new(Address(s.address), Signature::from_bytes(s.signature.0), None))
            .collect(),
    }
}

/// The double signatures the engine saw during a height.
pub(crate) fn evidence(chain_id: u64, found: &MisbehaviorEvidence<Assay>) -> Vec<Evidence> {
    let votes = found.votes.iter().flat_map(|(address, pairs)| {
        pairs.iter().map(|(a, b)| Evidence {
            address: address.0,
            height: a.message.height.into(),
            first: (a.message.message(chain_id).sign_bytes(), a.signature.to_bytes().into()),
            second: (b.message.message(chain_id).sign_bytes(), b.signature.to_bytes().into()),
        })
    });
    let proposals = found.proposals.iter().flat_map(|(address, pairs)| {
        pairs.iter().map(|(a, b)| Evidence {
            address: address.0,
            height: a.message.height.into(),
            first: (a.message.message(chain_id).sign_bytes(), a.signature.to_bytes().into()),
            second: (b.message.message(chain_id).sign_bytes(), b.signature.to_bytes().into()),
        })
    });
    votes.chain(proposals).take(EVIDENCE_PER_HEIGHT_MAX).collect()
}

/// Who cast the vote in an entry of the engine's log; `None` where the entry is something else.
pub(crate) fn logged_voter(chain_id: u64, entry: &[u8]) -> Option<ConsensusAddress> {
    match decode_entry(&Codec { chain_id }, std::io::Cursor::new(entry)) {
        Ok(Input::Vote(vote)) => Some(address(&vote)),
        _ => None,
    }
}

/// A precommit for a block as a late vote; `None` for any other vote.
pub(crate) fn late_vote(vote: &SignedVote<Assay>) -> Option<LateVote> {
    let NilOrVal::Val(block_id) = vote.message.value else {
        return None;
    };
    (vote.message.kind == VoteType::Precommit).then_some(())?;
    Some(LateVote {
        height: vote.message.height.into(),
        round: round(vote.message.round),
        block_id,
        vote: CommitSignature { address: address(vote), signature: vote.signature.to_bytes().into() },
    })
}

fn address(vote: &SignedVote<Assay>) -> ConsensusAddress {
    vote.message.address.0
}

/// What the engine needs to run a height.
pub(crate) fn height_params(
    context: Arc<HeightContext>,
    timeouts: LinearTimeouts,
    target_time: Option<Duration>,
) -> Result<HeightParams<Assay>, Fault> {
    Ok(HeightParams::new(super::context::Validators::new(context)?, timeouts, target_time))
}
