//! The codec: round trips of every message, refusals, golden vectors.

use super::{signed_proposal, signed_vote};
use crate::malachite::codec::{CHUNK_BYTES_MAX, Codec, PART_MAX, SYNC_RESPONSE_MAX, VERSION};
use crate::malachite::context::{Address, Assay, EngineHeight, ProposalPart, Value};
use crate::malachite::streaming::StreamInit;
use crate::tests::{CHAIN_ID, block, key};
use alloy_primitives::hex;
use arc_malachitebft_app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app::types::{PeerId, ProposedValue};
use arc_malachitebft_codec::{Codec as EngineCodec, HasEncodedLen};
use arc_malachitebft_core_types::{
    ExtendedCommitCertificate, ExtendedCommitSignature, NilOrVal, PolkaCertificate, PolkaSignature, Round,
    RoundCertificate, RoundCertificateType, RoundSignature, ValidatorProof, Validity, VoteType,
};
use arc_malachitebft_signing_ed25519::Signature;
use arc_malachitebft_sync::{RawDecidedValue, Request, Response, Status, ValueRequest, ValueResponse};
use assay_primitives::{CodecError, Height, Round as OurRound};
use bytes::Bytes;
use proptest::prelude::*;
use std::fmt::Debug;

const CODEC: Codec = Codec { chain_id: CHAIN_ID };

/// A message survives the wire; every shorter or longer form, and every other version, is refused.
fn round_trip<T>(message: &T) -> Bytes
where
    T: PartialEq + Debug,
    Codec: EngineCodec<T, Error = CodecError>,
{
    let bytes = EngineCodec::<T>::encode(&CODEC, message).unwrap();
    assert_eq!(&EngineCodec::<T>::decode(&CODEC, bytes.clone()).unwrap(), message);
    assert_eq!(bytes[0], VERSION);
    let refuses = |bytes: Vec<u8>| EngineCodec::<T>::decode(&CODEC, bytes.into()).is_err();
    assert!(refuses([&bytes[..], &[0]].concat()), "a byte too many");
    assert!(refuses([&[VERSION + 1], &bytes[1..]].concat()), "another version");
    assert!(refuses(Vec::new()));
    for length in [1, bytes.len() / 2, bytes.len() - 1] {
        assert!(refuses(bytes[..length].to_vec()), "cut to {length}");
    }
    bytes
}

fn address(n: u8) -> Address {
    Address(key(n).address())
}

fn signature(n: u8) -> Signature {
    Signature::from_bytes([n; 64])
}

fn polka(signers: u8) -> PolkaCertificate<Assay> {
    PolkaCertificate {
        height: EngineHeight(9),
        round: Round::new(2),
        value_id: block(4),
        polka_signatures: (0..signers).map(|n| PolkaSignature::new(address(n), signature(n))).collect(),
    }
}

fn init() -> StreamInit {
    StreamInit {
        height: Height(9),
        round: OurRound(2),
        valid_round: Some(OurRound(1)),
        proposer: key(1).address(),
        block_id: block(4),
        length: 1_000,
        streamer: key(2).address(),
        signature: [6; 64],
    }
}

fn decided(bytes: usize) -> RawDecidedValue<Assay> {
    let certificate = ExtendedCommitCertificate {
        height: EngineHeight(9),
        round: Round::new(0),
        value_id: block(4),
        commit_signatures: vec![ExtendedCommitSignature::new(address(1), signature(1), None)],
    };
    RawDecidedValue::new(vec![3; bytes].into(), certificate)
}

#[test]
fn votes_and_proposals_survive_the_wire() {
    for kind in [VoteType::Prevote, VoteType::Precommit] {
        for id in [None, Some(7)] {
            round_trip(&SignedConsensusMsg::Vote(signed_vote(kind, 9, 2, id)));
            round_trip(&LivenessMsg::Vote(signed_vote(kind, u64::MAX, u32::MAX, id)));
        }
    }
    for pol in [None, Some(1)] {
        round_trip(&SignedConsensusMsg::Proposal(signed_proposal(9, 2, pol)));
    }
}

#[test]
fn a_message_of_another_chain_does_not_decode() {
    let message = SignedConsensusMsg::Vote(signed_vote(VoteType::Prevote, 1, 0, Some(1)));
    let other = Codec { chain_id: 1 };
    let bytes = EngineCodec::<SignedConsensusMsg<Assay>>::encode(&other, &message).unwrap();
    assert!(EngineCodec::<SignedConsensusMsg<Assay>>::decode(&CODEC, bytes).is_err());
}

#[test]
fn a_proposal_is_no_liveness_vote() {
    let proposal = SignedConsensusMsg::Proposal(signed_proposal(1, 0, None));
    let bytes = EngineCodec::<SignedConsensusMsg<Assay>>::encode(&CODEC, &proposal).unwrap();
    let disguised = [&[VERSION, 0], &bytes[1..]].concat();
    assert!(EngineCodec::<LivenessMsg<Assay>>::decode(&CODEC, disguised.into()).is_err());
}

#[test]
fn certificates_survive_the_wire() {
    round_trip(&polka(3));
    round_trip(&LivenessMsg::PolkaCertificate(polka(0)));
    for cert_type in [RoundCertificateType::Skip, RoundCertificateType::Precommit] {
        let votes = [(VoteType::Prevote, NilOrVal::Nil), (VoteType::Precommit, NilOrVal::Val(block(1)))];
        round_trip(&LivenessMsg::SkipRoundCertificate(RoundCertificate::<Assay> {
            height: EngineHeight(1),
            round: Round::new(4),
            cert_type,
            round_signatures: votes
                .into_iter()
                .map(|(kind, value)| RoundSignature::new(kind, value, address(1), signature(2)))
                .collect(),
        }));
    }
}

#[test]
fn a_certificate_has_at_most_as_many_signatures_as_there_are_validators() {
    let mut large = polka(1);
    large.polka_signatures = vec![large.polka_signatures[0].clone(); 513];
    let bytes = EngineCodec::<PolkaCertificate<Assay>>::encode(&CODEC, &large).unwrap();
    let refused = EngineCodec::<PolkaCertificate<Assay>>::decode(&CODEC, bytes);
    assert!(matches!(refused, Err(CodecError::TooLarge { size: 513, .. })));
    large.polka_signatures.pop();
    round_trip(&large);
}

#[test]
fn log_entries_survive_the_disk() {
    for (valid_round, validity) in [(Round::Nil, Validity::Valid), (Round::new(3), Validity::Invalid)] {
        round_trip(&ProposedValue::<Assay> {
            height: EngineHeight(1),
            round: Round::new(4),
            valid_round,
            proposer: address(1),
            value: Value(block(2)),
            validity,
        });
    }
}

#[test]
fn sync_messages_survive_the_wire_and_their_length_is_told() {
    round_trip(&Status::<Assay> {
        peer_id: PeerId::from_bytes(&peer(1)).unwrap(),
        tip_height: EngineHeight(8),
        history_min_height: EngineHeight(1),
    });
    round_trip(&Request::<Assay>::ValueRequest(ValueRequest::new(EngineHeight(1)..=EngineHeight(5))));
    round_trip(&ValidatorProof::<Assay>::new(vec![1; 32], peer(2), signature(3)));
    for values in [vec![], vec![decided(10)], vec![decided(0), decided(5_000)]] {
        let response = Response::ValueResponse(ValueResponse::new(EngineHeight(9), values));
        let bytes = round_trip(&response);
        assert_eq!(CODEC.encoded_len(&response).unwrap(), bytes.len());
    }
}

/// A network id as the engine writes it: an identity multihash of an Ed25519 public key.
fn peer(n: u8) -> Vec<u8> {
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bytes.extend([n; 32]);
    bytes
}

#[test]
fn size_is_checked_before_anything_is_decoded() {
    let too_large = |bound: usize| {
        let mut bytes = vec![VERSION];
        bytes.resize(bound + 2, 0xff);
        Bytes::from(bytes)
    };
    let vote = EngineCodec::<SignedConsensusMsg<Assay>>::decode(&CODEC, too_large(256));
    assert!(matches!(vote, Err(CodecError::TooLarge { bound: 256, .. })));
    let part = EngineCodec::<StreamMessage<ProposalPart>>::decode(&CODEC, too_large(PART_MAX));
    assert!(matches!(part, Err(CodecError::TooLarge { bound: PART_MAX, .. })));
    let response = EngineCodec::<Response<Assay>>::decode(&CODEC, too_large(SYNC_RESPONSE_MAX));
    assert!(matches!(response, Err(CodecError::TooLarge { .. })));
    // A list that claims more elements than there are bytes allocates nothing for them.
    let claim = Bytes::from(vec![VERSION, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    assert!(EngineCodec::<Response<Assay>>::decode(&CODEC, claim).is_err());
}

#[test]
fn stream_messages_survive_the_wire() {
    round_trip(&ProposalPart::Init(Box::new(init())));
    round_trip(&ProposalPart::Chunk(vec![1; CHUNK_BYTES_MAX].into()));
    let id = StreamId::new(vec![1; 44].into());
    for content in [
        StreamContent::Data(ProposalPart::Init(Box::new(init()))),
        StreamContent::Data(ProposalPart::Chunk(vec![1; CHUNK_BYTES_MAX].into())),
        StreamContent::Fin,
    ] {
        let bytes = round_trip(&StreamMessage::new(id.clone(), 3, content));
        assert!(bytes.len() <= PART_MAX);
    }
    let long = StreamMessage::<ProposalPart>::new(StreamId::new(vec![1; 65].into()), 3, StreamContent::Fin);
    let bytes = EngineCodec::<StreamMessage<ProposalPart>>::encode(&CODEC, &long).unwrap();
    assert!(EngineCodec::<StreamMessage<ProposalPart>>::decode(&CODEC, bytes).is_err());
}

#[test]
fn formats_are_golden() {
    let address = hex::encode(key(1).address().0);
    let vote = round_trip(&SignedConsensusMsg::Vote(signed_vote(VoteType::Precommit, 7, 2, Some(9))));
    let expected = format!(
        "01{}02{}{}01{}00{address}{}",
        "697a000000000000",
        "0700000000000000",
        "02000000",
        "09".repeat(32),
        "09".repeat(64)
    );
    assert_eq!(hex::encode(vote), expected);
    let id = StreamId::new(vec![0xaa, 0xbb].into());
    let message = StreamMessage::new(id, 3, StreamContent::Data(ProposalPart::Chunk(vec![0xcc].into())));
    assert_eq!(hex::encode(round_trip(&message)), "0102000000aabb03000000000000000101000000cc");
    let request = round_trip(&Request::<Assay>::ValueRequest(ValueRequest::new(EngineHeight(1)..=EngineHeight(5))));
    assert_eq!(hex::encode(request), "0101000000000000000500000000000000");
    let response = Response::ValueResponse(ValueResponse::new(EngineHeight(9), vec![decided(2)]));
    let expected = format!(
        "01{}01000000020000000303{}0100000000{}01000000{address}{}",
        "0900000000000000",
        "0900000000000000",
        "04".repeat(32),
        "01".repeat(64)
    );
    assert_eq!(hex::encode(round_trip(&response)), expected);
}

proptest! {
    /// Whatever bytes arrive: an error or a message that encodes to the same bytes, never a panic.
    #[test]
    fn decoders_accept_only_what_they_would_write(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let bytes = Bytes::from([&[VERSION], &body[..]].concat());
        if let Ok(message) = EngineCodec::<SignedConsensusMsg<Assay>>::decode(&CODEC, bytes.clone()) {
            prop_assert_eq!(&EngineCodec::<SignedConsensusMsg<Assay>>::encode(&CODEC, &message).unwrap(), &bytes);
        }
        if let Ok(message) = EngineCodec::<LivenessMsg<Assay>>::decode(&CODEC, bytes.clone()) {
            prop_assert_eq!(&EngineCodec::<LivenessMsg<Assay>>::encode(&CODEC, &message).unwrap(), &bytes);
        }
        if let Ok(message) = EngineCodec::<StreamMessage<ProposalPart>>::decode(&CODEC, bytes.clone()) {
            prop_assert_eq!(&EngineCodec::<StreamMessage<ProposalPart>>::encode(&CODEC, &message).unwrap(), &bytes);
        }
        if let Ok(message) = EngineCodec::<Response<Assay>>::decode(&CODEC, bytes.clone()) {
            prop_assert_eq!(&EngineCodec::<Response<Assay>>::encode(&CODEC, &message).unwrap(), &bytes);
        }
        if let Ok(message) = EngineCodec::<ProposedValue<Assay>>::decode(&CODEC, bytes.clone()) {
            prop_assert_eq!(&EngineCodec::<ProposedValue<Assay>>::encode(&CODEC, &message).unwrap(), &bytes);
        }
    }

    #[test]
    fn any_vote_survives(height: u64, round: u32, id in proptest::option::of(any::<u8>()), precommit: bool) {
        let kind = if precommit { VoteType::Precommit } else { VoteType::Prevote };
        round_trip(&SignedConsensusMsg::Vote(signed_vote(kind, height, round, id)));
    }

    #[test]
    fn any_proposal_survives(height: u64, round: u32, pol in proptest::option::of(any::<u32>())) {
        round_trip(&SignedConsensusMsg::Proposal(signed_proposal(height, round, pol)));
    }
}
