//! The versioned codec: one version byte, then borsh, never more than the bound of its kind before anything is decoded.

use super::context::{Assay, EngineHeight, ProposalPart};
use super::wire::{
    ContentWire, DecidedWire, LivenessWire, PolkaWire, ProofWire, ProposedWire, RoundWire, SignedWire, StatusWire,
    StreamWire, malformed,
};
use arc_malachitebft_app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app::types::ProposedValue;
use arc_malachitebft_codec::{Codec as EngineCodec, HasEncodedLen};
use arc_malachitebft_core_types::{PolkaCertificate, ValidatorProof};
use arc_malachitebft_signing_ed25519::Signature;
use arc_malachitebft_sync::{Request, Response, Status, ValueRequest, ValueResponse};
use assay_primitives::block::BLOCK_BYTES_MAX;
use assay_primitives::{CodecError, codec};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;

/// Version of every format here.
pub(crate) const VERSION: u8 = 1;
/// Largest signed proposal or vote.
const SIGNED_MAX: usize = 256;
/// Largest certificate: 512 validators with address, value and signature.
const CERTIFICATE_MAX: usize = 96 * 1024;
/// Largest piece of a block.
pub(crate) const CHUNK_BYTES_MAX: usize = 128 * 1024;
/// Largest stream message.
pub(crate) const PART_MAX: usize = CHUNK_BYTES_MAX + 1024;
/// Largest validator proof, status or request.
const SMALL_MAX: usize = 1024;
/// Most heights in one answer of the value sync.
pub(crate) const SYNC_BATCH_MAX: usize = 16;
/// Requests of the value sync under way at a time.
pub(crate) const SYNC_PARALLEL: usize = 3;
/// Bytes after which an answer of the value sync ends with the block at hand: what is under way at a time must come
/// over a slow link within the timeout of a request.
pub(crate) const SYNC_SERVED_BYTES: usize = 1024 * 1024;
/// Largest answer of the value sync: at least one block of any size with its certificate.
pub(crate) const SYNC_RESPONSE_MAX: usize = 2 * BLOCK_BYTES_MAX;
/// Longest id of a part stream.
pub(crate) const STREAM_ID_MAX: usize = 64;

/// The codec of one chain: consensus messages of another chain do not decode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codec {
    /// EIP-155 chain id.
    pub(crate) chain_id: u64,
}

fn pack<T: BorshSerialize>(value: &T) -> Bytes {
    let mut bytes = vec![VERSION];
    bytes.extend(codec::encode(value));
    bytes.into()
}

fn unpack<T: BorshDeserialize>(what: &'static str, bytes: &Bytes, bound: usize) -> Result<T, CodecError> {
    match bytes.split_first() {
        Some((&VERSION, body)) => codec::decode(what, body, bound),
        Some(_) => Err(malformed(what, "unknown version")),
        None => Err(malformed(what, "empty")),
    }
}

impl EngineCodec<SignedConsensusMsg<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<SignedConsensusMsg<Assay>, CodecError> {
        unpack::<SignedWire>("consensus message", &bytes, SIGNED_MAX)?.open(self.chain_id)
    }

    fn encode(&self, message: &SignedConsensusMsg<Assay>) -> Result<Bytes, CodecError> {
        Ok(pack(&SignedWire::of(self.chain_id, message)))
    }
}

impl EngineCodec<LivenessMsg<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<LivenessMsg<Assay>, CodecError> {
        Ok(match unpack::<LivenessWire>("liveness message", &bytes, CERTIFICATE_MAX)? {
            LivenessWire::Vote(vote) => LivenessMsg::Vote(vote.vote(self.chain_id)?),
            LivenessWire::Polka(certificate) => LivenessMsg::PolkaCertificate(certificate.open()?),
            LivenessWire::Round(certificate) => LivenessMsg::SkipRoundCertificate(certificate.open()?),
        })
    }

    fn encode(&self, message: &LivenessMsg<Assay>) -> Result<Bytes, CodecError> {
        Ok(pack(&match message {
            LivenessMsg::Vote(vote) => LivenessWire::Vote(SignedWire::of_vote(self.chain_id, vote)),
            LivenessMsg::PolkaCertificate(certificate) => LivenessWire::Polka(PolkaWire::of(certificate)),
            LivenessMsg::SkipRoundCertificate(certificate) => LivenessWire::Round(RoundWire::of(certificate)),
        }))
    }
}

impl EngineCodec<PolkaCertificate<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<PolkaCertificate<Assay>, CodecError> {
        unpack::<PolkaWire>("polka certificate", &bytes, CERTIFICATE_MAX)?.open()
    }

    fn encode(&self, certificate: &PolkaCertificate<Assay>) -> Result<Bytes, CodecError> {
        Ok(pack(&PolkaWire::of(certificate)))
    }
}

impl EngineCodec<ProposedValue<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<ProposedValue<Assay>, CodecError> {
        Ok(unpack::<ProposedWire>("proposed value", &bytes, SIGNED_MAX)?.open())
    }

    fn encode(&self, value: &ProposedValue<Assay>) -> Result<Bytes, CodecError> {
        Ok(pack(&ProposedWire::of(value)))
    }
}

impl EngineCodec<ProposalPart> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<ProposalPart, CodecError> {
        match unpack::<ContentWire>("proposal part", &bytes, PART_MAX)? {
            ContentWire::Init(init) => Ok(ProposalPart::Init(Box::new(init))),
            ContentWire::Chunk(chunk) => Ok(ProposalPart::Chunk(chunk.into())),
            ContentWire::Fin => Err(malformed("proposal part", "no part")),
        }
    }

    fn encode(&self, part: &ProposalPart) -> Result<Bytes, CodecError> {
        Ok(pack(&content_of(part)))
    }
}

fn content_of(part: &ProposalPart) -> ContentWire {
    match part {
        ProposalPart::Init(init) => ContentWire::Init((**init).clone()),
        ProposalPart::Chunk(chunk) => ContentWire::Chunk(chunk.to_vec()),
    }
}

impl EngineCodec<StreamMessage<ProposalPart>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<StreamMessage<ProposalPart>, CodecError> {
        let wire: StreamWire = unpack("stream message", &bytes, PART_MAX)?;
        if wire.stream.len() > STREAM_ID_MAX {
            return Err(CodecError::TooLarge { what: "stream id", size: wire.stream.len(), bound: STREAM_ID_MAX });
        }
        let content = match wire.content {
            ContentWire::Init(init) => StreamContent::Data(ProposalPart::Init(Box::new(init))),
            ContentWire::Chunk(chunk) => StreamContent::Data(ProposalPart::Chunk(chunk.into())),
            ContentWire::Fin => StreamContent::Fin,
        };
        Ok(StreamMessage::new(StreamId::new(wire.stream.into()), wire.sequence, content))
    }

    fn encode(&self, message: &StreamMessage<ProposalPart>) -> Result<Bytes, CodecError> {
        let content = match &message.content {
            StreamContent::Data(part) => content_of(part),
            StreamContent::Fin => ContentWire::Fin,
        };
        let stream = message.stream_id.to_bytes().to_vec();
        Ok(pack(&StreamWire { stream, sequence: message.sequence, content }))
    }
}

impl EngineCodec<ValidatorProof<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<ValidatorProof<Assay>, CodecError> {
        let wire: ProofWire = unpack("validator proof", &bytes, SMALL_MAX)?;
        Ok(ValidatorProof::new(wire.public_key, wire.peer_id, Signature::from_bytes(wire.signature)))
    }

    fn encode(&self, proof: &ValidatorProof<Assay>) -> Result<Bytes, CodecError> {
        Ok(pack(&ProofWire {
            public_key: proof.public_key.clone(),
            peer_id: proof.peer_id.clone(),
            signature: proof.signature.to_bytes(),
        }))
    }
}

impl EngineCodec<Status<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<Status<Assay>, CodecError> {
        unpack::<StatusWire>("status", &bytes, SMALL_MAX)?.open()
    }

    fn encode(&self, status: &Status<Assay>) -> Result<Bytes, CodecError> {
        Ok(pack(&StatusWire::of(status)))
    }
}

impl EngineCodec<Request<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<Request<Assay>, CodecError> {
        let (first, last): (u64, u64) = unpack("sync request", &bytes, SMALL_MAX)?;
        Ok(Request::ValueRequest(ValueRequest::new(EngineHeight(first)..=EngineHeight(last))))
    }

    fn encode(&self, request: &Request<Assay>) -> Result<Bytes, CodecError> {
        let Request::ValueRequest(request) = request;
        Ok(pack(&(request.range.start().0, request.range.end().0)))
    }
}

impl EngineCodec<Response<Assay>> for Codec {
    type Error = CodecError;

    fn decode(&self, bytes: Bytes) -> Result<Response<Assay>, CodecError> {
        let (start, values): (u64, Vec<DecidedWire>) = unpack("sync response", &bytes, SYNC_RESPONSE_MAX)?;
        if values.len() > SYNC_BATCH_MAX {
            return Err(CodecError::TooLarge { what: "sync response", size: values.len(), bound: SYNC_BATCH_MAX });
        }
        let values = values.into_iter().map(DecidedWire::open).collect::<Result<_, _>>()?;
        Ok(Response::ValueResponse(ValueResponse::new(EngineHeight(start), values)))
    }

    fn encode(&self, response: &Response<Assay>) -> Result<Bytes, CodecError> {
        let Response::ValueResponse(response) = response;
        let values: Vec<DecidedWire> = response.values.iter().map(DecidedWire::of).collect();
        Ok(pack(&(response.start_height.0, values)))
    }
}

impl HasEncodedLen<Response<Assay>> for Codec {
    fn encoded_len(&self, response: &Response<Assay>) -> Result<usize, CodecError> {
        let Response::ValueResponse(response) = response;
        // Version, start, count; then per value: block, height, round, id, signatures of 84 bytes.
        let per_value = |value: &arc_malachitebft_sync::RawDecidedValue<Assay>| {
            let round = if value.certificate.round.is_defined() { 5 } else { 1 };
            let fixed = 4usize + 8 + round + 32 + 4;
            fixed
                .saturating_add(value.value_bytes.len())
                .saturating_add(value.certificate.commit_signatures.len().saturating_mul(84))
        };
        Ok(response.values.iter().map(per_value).fold(13, usize::saturating_add))
    }
}

/// Whether bytes are a message of any kind that peers send.
pub(crate) fn decodes(chain_id: u64, bytes: &[u8]) -> bool {
    fn one<T>(codec: Codec, bytes: &Bytes) -> bool
    where
        Codec: EngineCodec<T>,
    {
        EngineCodec::<T>::decode(&codec, bytes.clone()).is_ok()
    }
    let (codec, bytes) = (Codec { chain_id }, Bytes::copy_from_slice(bytes));
    [
        one::<SignedConsensusMsg<Assay>>(codec, &bytes),
        one::<LivenessMsg<Assay>>(codec, &bytes),
        one::<StreamMessage<ProposalPart>>(codec, &bytes),
        one::<ValidatorProof<Assay>>(codec, &bytes),
        one::<Status<Assay>>(codec, &bytes),
        one::<Request<Assay>>(codec, &bytes),
        one::<Response<Assay>>(codec, &bytes),
    ]
    .contains(&true)
}
