//! Blocks on their way between nodes: cut into parts by the proposer, put together again by everyone else.
//!
//! ```text
//! stream    = init, chunk 1 .. chunk n, fin        sequence 0, 1 .. n, n + 1; may arrive in any order
//! stream id = height (8) + round (4) + block id (32)
//! init      = what is proposed and by whom, signed by the validator that streams it
//! ```
//! Chunks are not signed: the block id in the signed init is the digest of the whole. The streamer is the proposer, or a
//! validator that restreams a block it is locked on; either way somebody of the set stands for the bytes.
//!
//! Parts of one stream may come through different neighbours, so they are grouped by publisher. Everything is bounded:
//! streams and bytes per publisher and in all, age, and heights. When all places are taken, the publisher with the most
//! streams loses its oldest, so that nobody can lock the others out.

use super::codec::CHUNK_BYTES_MAX;
use super::context::ProposalPart;
use crate::application::UndecidedProposal;
use crate::keys::verify_signature;
use alloy_primitives::FixedBytes;
use arc_malachitebft_app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app::types::PeerId;
use assay_primitives::block::BLOCK_BYTES_MAX;
use assay_primitives::{Block, BlockId, ConsensusAddress, Height, Round, ValidatorSet, codec};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use thiserror::Error;

/// What a signature of an init begins with.
const STREAM_PREFIX: &[u8] = b"assay 1 proposal stream";
/// Most chunks of a block.
const CHUNKS_MAX: u64 = (BLOCK_BYTES_MAX / CHUNK_BYTES_MAX) as u64;
/// Streams of one publisher at a time.
pub(crate) const STREAMS_PER_PEER_MAX: usize = 16;
/// Streams at a time.
pub(crate) const STREAMS_MAX: usize = 64;
/// Bytes held for one publisher.
pub(crate) const BYTES_PER_PEER_MAX: usize = 3 * BLOCK_BYTES_MAX;
/// Bytes held in all.
pub(crate) const BYTES_MAX: usize = 12 * BLOCK_BYTES_MAX;
/// How long a stream may take.
pub(crate) const AGE_MAX: Duration = Duration::from_secs(60);

/// The opening of a stream.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StreamInit {
    /// Height proposed for.
    pub(crate) height: Height,
    /// Round proposed in; a block streamed again in a later round carries that one.
    pub(crate) round: Round,
    /// Round of its polka, where it is proposed again.
    pub(crate) valid_round: Option<Round>,
    /// Proposer of the round.
    pub(crate) proposer: ConsensusAddress,
    /// The block.
    pub(crate) block_id: BlockId,
    /// Length of the block in bytes.
    pub(crate) length: u32,
    /// Validator that streams it.
    pub(crate) streamer: ConsensusAddress,
    /// Its signature.
    pub(crate) signature: [u8; 64],
}

impl StreamInit {
    /// The opening for a proposal of `length` encoded bytes, not signed yet.
    pub(crate) fn unsigned(proposal: &UndecidedProposal, length: usize, streamer: ConsensusAddress) -> Self {
        Self {
            height: proposal.height,
            round: proposal.round,
            valid_round: proposal.valid_round,
            proposer: proposal.proposer,
            block_id: proposal.block.id(),
            // A block is bounded far below.
            length: u32::try_from(length).unwrap_or(u32::MAX),
            streamer,
            signature: [0; 64],
        }
    }

    /// What the streamer signs.
    pub(crate) fn sign_bytes(&self, chain_id: u64) -> Vec<u8> {
        let mut bytes = STREAM_PREFIX.to_vec();
        bytes.extend(chain_id.to_le_bytes());
        bytes.extend(codec::encode(&(
            self.height,
            self.round,
            self.valid_round,
            self.proposer,
            self.block_id,
            self.length,
            self.streamer,
        )));
        bytes
    }

    /// Whether a validator of the set streams it.
    pub(crate) fn verify(&self, chain_id: u64, validators: &ValidatorSet) -> bool {
        validators
            .by_address(&self.streamer)
            .is_some_and(|v| verify_signature(v.public_key, &self.sign_bytes(chain_id), &FixedBytes(self.signature)))
    }

    fn stream_id(&self) -> StreamId {
        let mut id = self.height.get().to_le_bytes().to_vec();
        id.extend(self.round.get().to_le_bytes());
        id.extend(self.block_id.0);
        StreamId::new(id.into())
    }
}

/// Cuts an encoded block into the messages of a stream.
pub(crate) fn cut(init: StreamInit, block: &Bytes) -> Vec<StreamMessage<ProposalPart>> {
    let id = init.stream_id();
    let mut messages = vec![StreamMessage::new(id.clone(), 0, StreamContent::Data(ProposalPart::Init(Box::new(init))))];
    let mut sequence = 1u64;
    for chunk in block.chunks(CHUNK_BYTES_MAX) {
        let part = ProposalPart::Chunk(block.slice_ref(chunk));
        messages.push(StreamMessage::new(id.clone(), sequence, StreamContent::Data(part)));
        sequence = sequence.saturating_add(1);
    }
    messages.push(StreamMessage::new(id, sequence, StreamContent::Fin));
    messages
}

/// Why a part was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// The part itself is impossible.
    #[error("a part out of place, too long, or contradicting its stream")]
    Malformed,
    /// The publisher has all the streams or bytes it may have.
    #[error("the publisher is over its limit")]
    OverLimit,
    /// Everything is taken, and the publisher has no smaller share than the others.
    #[error("all places are taken")]
    Full,
    /// The parts do not make the block that was announced.
    #[error("the parts are not the block that was announced")]
    WrongBlock,
}

/// A block that arrived whole. Whether a validator streamed it is for the caller to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assembled {
    /// How it was announced.
    pub(crate) init: StreamInit,
    /// The block; its id is the announced one.
    pub(crate) block: Block,
}

#[derive(Debug)]
struct Stream {
    opened: Instant,
    init: Option<StreamInit>,
    chunks: BTreeMap<u64, Bytes>,
    fin: Option<u64>,
    bytes: usize,
}

/// All streams in the making.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    streams: BTreeMap<(PeerId, Vec<u8>), Stream>,
}

impl Streams {
    /// Takes a part in; gives the block once it is whole.
    pub(crate) fn insert(
        &mut self,
        publisher: PeerId,
        message: StreamMessage<ProposalPart>,
        now: Instant,
    ) -> Result<Option<Assembled>, Refusal> {
        self.streams.retain(|_, stream| now.saturating_duration_since(stream.opened) < AGE_MAX);
        let key = (publisher, message.stream_id.to_bytes().to_vec());
        let size = check_part(&message)?;
        if self.bytes_of(publisher).saturating_add(size) > BYTES_PER_PEER_MAX {
            return Err(Refusal::OverLimit);
        }
        if !self.streams.contains_key(&key) {
            self.make_place(publisher)?;
        }
        while self.bytes().saturating_add(size) > BYTES_MAX {
            self.evict_for(publisher, &key)?;
        }
        let stream = self.streams.entry(key.clone()).or_insert_with(|| Stream {
            opened: now,
            init: None,
            chunks: BTreeMap::new(),
            fin: None,
            bytes: 0,
        });
        let outcome = stream.add(message, size).and_then(|()| stream.assemble());
        if !matches!(outcome, Ok(None)) {
            self.streams.remove(&key);
        }
        outcome
    }

    /// Drops streams of heights below one, and those far above it. Streams without an init yet stay until they age.
    pub(crate) fn keep_from(&mut self, height: Height) {
        self.streams.retain(|_, stream| {
            stream.init.as_ref().is_none_or(|init| init.height >= height && init.height <= height.next())
        });
    }

    /// How many streams there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    fn bytes(&self) -> usize {
        self.streams.values().map(|stream| stream.bytes).sum()
    }

    fn bytes_of(&self, peer: PeerId) -> usize {
        self.streams.iter().filter(|((p, _), _)| *p == peer).map(|(_, stream)| stream.bytes).sum()
    }

    fn count_of(&self, peer: PeerId) -> usize {
        self.streams.keys().filter(|(p, _)| *p == peer).count()
    }

    fn make_place(&mut self, publisher: PeerId) -> Result<(), Refusal> {
        if self.count_of(publisher) >= STREAMS_PER_PEER_MAX {
            return Err(Refusal::OverLimit);
        }
        if self.streams.len() >= STREAMS_MAX {
            self.evict_for(publisher, &(publisher, Vec::new()))?;
        }
        Ok(())
    }

    /// Drops the oldest stream of the publisher with the most, if that one has more than the newcomer would have.
    fn evict_for(&mut self, publisher: PeerId, spared: &(PeerId, Vec<u8>)) -> Result<(), Refusal> {
        let mut counts = BTreeMap::<PeerId, usize>::new();
        for (peer, _) in self.streams.keys() {
            let count = counts.entry(*peer).or_default();
            *count = count.saturating_add(1);
        }
        let own = counts.get(&publisher).copied().unwrap_or_default();
        let greedy = counts
            .into_iter()
            .filter(|(peer, count)| *peer != publisher && *count > own)
            .max_by_key(|(_, count)| *count)
            .map(|(peer, _)| peer)
            .ok_or(Refusal::Full)?;
        let oldest = self
            .streams
            .iter()
            .filter(|(key, _)| key.0 == greedy && *key != spared)
            .min_by_key(|(_, stream)| stream.opened)
            .map(|(key, _)| key.clone())
            .ok_or(Refusal::Full)?;
        self.streams.remove(&oldest);
        Ok(())
    }
}

/// Checks what a part alone can tell; gives its size.
fn check_part(message: &StreamMessage<ProposalPart>) -> Result<usize, Refusal> {
    let last = CHUNKS_MAX.saturating_add(1);
    match &message.content {
        StreamContent::Data(ProposalPart::Init(init)) => {
            let length = usize::try_from(init.length).map_err(|_| Refusal::Malformed)?;
            let belongs = init.stream_id() == message.stream_id;
            (message.sequence == 0 && belongs && length > 0 && length <= BLOCK_BYTES_MAX).then_some(256)
        }
        StreamContent::Data(ProposalPart::Chunk(chunk)) => {
            let fits = !chunk.is_empty() && chunk.len() <= CHUNK_BYTES_MAX;
            (message.sequence >= 1 && message.sequence < last && fits).then_some(chunk.len())
        }
        StreamContent::Fin => (message.sequence >= 2 && message.sequence <= last).then_some(0),
    }
    .ok_or(Refusal::Malformed)
}

impl Stream {
    fn add(&mut self, message: StreamMessage<ProposalPart>, size: usize) -> Result<(), Refusal> {
        match message.content {
            StreamContent::Data(ProposalPart::Init(init)) => match &self.init {
                Some(known) if *known != *init => return Err(Refusal::Malformed),
                Some(_) => {}
                None => {
                    self.init = Some(*init);
                    self.bytes = self.bytes.saturating_add(size);
                }
            },
            StreamContent::Data(ProposalPart::Chunk(chunk)) => match self.chunks.get(&message.sequence) {
                Some(known) if *known != chunk => return Err(Refusal::Malformed),
                Some(_) => {}
                None => {
                    self.chunks.insert(message.sequence, chunk);
                    self.bytes = self.bytes.saturating_add(size);
                }
            },
            StreamContent::Fin => match self.fin {
                Some(known) if known != message.sequence => return Err(Refusal::Malformed),
                _ => self.fin = Some(message.sequence),
            },
        }
        Ok(())
    }

    fn assemble(&self) -> Result<Option<Assembled>, Refusal> {
        let (Some(init), Some(fin)) = (&self.init, self.fin) else {
            return Ok(None);
        };
        if (self.chunks.len() as u64).saturating_add(1) < fin {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(self.bytes);
        for (expected, (sequence, chunk)) in (1u64..).zip(&self.chunks) {
            if *sequence != expected || *sequence >= fin {
                return Err(Refusal::Malformed);
            }
            bytes.extend_from_slice(chunk);
        }
        if usize::try_from(init.length).ok() != Some(bytes.len()) {
            return Err(Refusal::WrongBlock);
        }
        let block = Block::decode(&bytes).map_err(|_| Refusal::WrongBlock)?;
        if block.id() != init.block_id || block.height() != init.height {
            return Err(Refusal::WrongBlock);
        }
        Ok(Some(Assembled { init: init.clone(), block }))
    }
}
