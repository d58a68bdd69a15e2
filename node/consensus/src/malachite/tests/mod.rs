//! Tests of the adapter's parts.
#![allow(clippy::cast_possible_truncation, clippy::too_many_lines, reason = "test code")]

mod bare;
mod codec;
mod streaming;
mod supervisor;
mod watch;

use super::context::{Address, Assay, EngineHeight, Proposal, Value, Vote};
use crate::tests::{block, key};
use arc_malachitebft_core_types::{NilOrVal, Round, SignedMessage, VoteType};
use arc_malachitebft_signing_ed25519::Signature;

pub(super) fn signed_vote(kind: VoteType, height: u64, round: u32, id: Option<u8>) -> SignedMessage<Assay, Vote> {
    let vote = Vote {
        kind,
        height: EngineHeight(height),
        round: Round::new(round),
        value: id.map_or(NilOrVal::Nil, |n| NilOrVal::Val(block(n))),
        address: Address(key(1).address()),
    };
    SignedMessage::new(vote, Signature::from_bytes([id.unwrap_or(1); 64]))
}

pub(super) fn signed_proposal(height: u64, round: u32, pol: Option<u32>) -> SignedMessage<Assay, Proposal> {
    let proposal = Proposal {
        height: EngineHeight(height),
        round: Round::new(round),
        value: Value(block(3)),
        pol_round: pol.into(),
        address: Address(key(1).address()),
    };
    SignedMessage::new(proposal, Signature::from_bytes([5; 64]))
}
