//! Part streams: any order, any loss, any liar; and their bounds.

use crate::malachite::codec::CHUNK_BYTES_MAX;
use crate::malachite::context::ProposalPart;
use crate::malachite::streaming::{
    AGE_MAX, Assembled, BYTES_PER_PEER_MAX, Refusal, STREAMS_MAX, STREAMS_PER_PEER_MAX, StreamInit, Streams, cut,
};
use crate::tests::{CHAIN_ID, key, validators};
use alloy_primitives::B256;
use arc_malachitebft_app::streaming::{StreamContent, StreamMessage};
use arc_malachitebft_app::types::PeerId;
use assay_primitives::vrf::RandomnessProof;
use assay_primitives::{Block, BlockId, Height, Round, SystemPayload, TimestampMs};
use proptest::prelude::*;
use std::time::{Duration, Instant};

type Message = StreamMessage<ProposalPart>;

fn size_of_part(part: &ProposalPart) -> usize {
    match part {
        ProposalPart::Init(_) => 0,
        ProposalPart::Chunk(chunk) => chunk.len(),
    }
}

fn block(height: u64, bytes: usize) -> Block {
    let payload = SystemPayload {
        creator: key(1).address(),
        round: Round(0),
        timestamp_ms: TimestampMs(1),
        randomness: RandomnessProof::default(),
        last_commit: None,
        late_votes: Vec::new(),
        evidence: Vec::new(),
    };
    let txs = [alloy_primitives::Bytes::from(vec![height as u8; bytes])];
    Block::assemble(CHAIN_ID, Height(height), BlockId::default(), B256::ZERO, &payload, txs).unwrap()
}

fn init(block: &Block, round: u32) -> StreamInit {
    let mut init = StreamInit {
        height: block.height(),
        round: Round(round),
        valid_round: None,
        proposer: key(1).address(),
        block_id: block.id(),
        length: block.encode().len() as u32,
        streamer: key(1).address(),
        signature: [0; 64],
    };
    init.signature = key(1).sign(&init.sign_bytes(CHAIN_ID)).0;
    init
}

fn messages(block: &Block, round: u32) -> Vec<Message> {
    cut(init(block, round), &block.encode().into())
}

fn peer(n: u16) -> PeerId {
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bytes.extend([0; 30]);
    bytes.extend(n.to_be_bytes());
    PeerId::from_bytes(&bytes).unwrap()
}

fn feed(streams: &mut Streams, from: PeerId, messages: &[Message], now: Instant) -> Option<Assembled> {
    let mut whole = None;
    for message in messages {
        if let Ok(Some(assembled)) = streams.insert(from, message.clone(), now) {
            assert!(whole.replace(assembled).is_none(), "assembled twice");
        }
    }
    whole
}

#[test]
fn a_block_is_cut_into_bounded_parts_and_comes_back() {
    for bytes in [0, 1, CHUNK_BYTES_MAX - 1, CHUNK_BYTES_MAX, 3 * CHUNK_BYTES_MAX + 7, 8_000_000] {
        let block = block(5, bytes);
        let mut parts = messages(&block, 2);
        assert_eq!(parts.len(), block.encode().len().div_ceil(CHUNK_BYTES_MAX) + 2);
        for reversed in [false, true] {
            let mut streams = Streams::default();
            let whole = feed(&mut streams, peer(1), &parts, Instant::now()).unwrap();
            assert_eq!((whole.block, whole.init), (block.clone(), init(&block, 2)), "reversed {reversed}");
            assert_eq!(streams.len(), 0);
            parts.reverse();
        }
    }
}

#[test]
fn an_init_stands_only_for_what_was_signed() {
    let set = validators(&[1, 1]);
    let signed = init(&block(5, 10), 0);
    assert!(signed.verify(CHAIN_ID, &set));
    assert!(!signed.verify(CHAIN_ID + 1, &set));
    let changes: [fn(&mut StreamInit); 6] = [
        |init| init.height = Height(6),
        |init| init.round = Round(1),
        |init| init.valid_round = Some(Round(0)),
        |init| init.proposer = key(2).address(),
        |init| init.block_id = BlockId::default(),
        |init| init.streamer = key(2).address(),
    ];
    for change in changes {
        let mut changed = signed.clone();
        change(&mut changed);
        assert!(!changed.verify(CHAIN_ID, &set));
    }
    let mut stranger = signed;
    stranger.streamer = key(9).address();
    stranger.signature = key(9).sign(&stranger.sign_bytes(CHAIN_ID)).0;
    assert!(!stranger.verify(CHAIN_ID, &set));
}

#[test]
fn parts_that_are_not_the_block_are_refused() {
    let now = Instant::now();
    let (good, other) = (block(5, 300_000), block(5, 300_001));
    // Chunks of another block under the same id.
    let mut forged = messages(&good, 0);
    let foreign = messages(&other, 0);
    forged[1].content = foreign[1].content.clone();
    forged[2].content = foreign[2].content.clone();
    forged[3].content = foreign[3].content.clone();
    let mut streams = Streams::default();
    let last = forged.iter().map(|m| streams.insert(peer(1), m.clone(), now)).last().unwrap();
    assert_eq!(last, Err(Refusal::WrongBlock));
    assert_eq!(streams.len(), 0, "a stream that failed is gone");
    // A second, different chunk for the same place.
    let parts = messages(&good, 0);
    streams.insert(peer(1), parts[1].clone(), now).unwrap();
    streams.insert(peer(1), parts[1].clone(), now).unwrap();
    assert_eq!(streams.insert(peer(1), forged[1].clone(), now), Err(Refusal::Malformed));
    // Somebody else's parts do not mix in.
    streams.insert(peer(1), parts[0].clone(), now).unwrap();
    streams.insert(peer(2), forged[1].clone(), now).unwrap();
    assert!(feed(&mut streams, peer(1), &parts[1..], now).is_some());
}

#[test]
fn impossible_parts_are_refused_alone() {
    let now = Instant::now();
    let mut streams = Streams::default();
    let parts = messages(&block(5, 300_000), 0);
    let id = parts[0].stream_id.clone();
    let chunk = |bytes: usize| StreamContent::Data(ProposalPart::Chunk(vec![1; bytes].into()));
    let mut impossible = vec![
        Message::new(id.clone(), 0, chunk(1)),
        Message::new(id.clone(), 65, chunk(1)),
        Message::new(id.clone(), 1, chunk(0)),
        Message::new(id.clone(), 1, chunk(CHUNK_BYTES_MAX + 1)),
        Message::new(id.clone(), 0, StreamContent::Fin),
        Message::new(id.clone(), 1, StreamContent::Fin),
        Message::new(id.clone(), u64::MAX, StreamContent::Fin),
        Message::new(id, 1, parts[0].content.clone()),
    ];
    let mut elsewhere = parts[0].clone();
    elsewhere.stream_id = messages(&block(6, 1), 0)[0].stream_id.clone();
    impossible.push(elsewhere);
    for message in impossible {
        assert_eq!(streams.insert(peer(1), message, now), Err(Refusal::Malformed));
    }
    assert_eq!(streams.len(), 0);
}

#[test]
fn a_publisher_has_so_many_streams_and_bytes() {
    let now = Instant::now();
    let mut streams = Streams::default();
    for round in 0..STREAMS_PER_PEER_MAX as u32 {
        streams.insert(peer(1), messages(&block(5, 10), round)[0].clone(), now).unwrap();
    }
    let one_more = messages(&block(5, 10), 99)[0].clone();
    assert_eq!(streams.insert(peer(1), one_more.clone(), now), Err(Refusal::OverLimit));
    streams.insert(peer(2), one_more, now).unwrap();
    let mut streams = Streams::default();
    let large = block(5, 8_000_000);
    let mut held = 0;
    for round in 0..4 {
        for message in messages(&large, round).iter().filter(|m| !m.is_fin()) {
            match streams.insert(peer(1), message.clone(), now) {
                Ok(None) => held += message.content.as_data().map_or(0, size_of_part),
                other => {
                    assert_eq!(other, Err(Refusal::OverLimit));
                    assert!(held <= BYTES_PER_PEER_MAX && held + CHUNK_BYTES_MAX + 1024 > BYTES_PER_PEER_MAX);
                    return;
                }
            }
        }
    }
    panic!("no bound on bytes");
}

#[test]
fn when_all_places_are_taken_the_greediest_publisher_makes_room() {
    let now = Instant::now();
    let mut streams = Streams::default();
    let peers = STREAMS_MAX / STREAMS_PER_PEER_MAX;
    for n in 0..peers as u16 {
        for round in 0..STREAMS_PER_PEER_MAX as u32 {
            streams.insert(peer(n), messages(&block(5, 10), round)[0].clone(), now).unwrap();
        }
    }
    assert_eq!(streams.len(), STREAMS_MAX);
    // An honest newcomer gets through although four others fill everything.
    let live = block(5, 300_000);
    assert_eq!(feed(&mut streams, peer(77), &messages(&live, 3), now).unwrap().block, live);
    assert!(streams.len() < STREAMS_MAX);
}

#[test]
fn old_streams_and_old_heights_go() {
    let start = Instant::now();
    let mut streams = Streams::default();
    let parts = messages(&block(5, 300_000), 0);
    streams.insert(peer(1), parts[0].clone(), start).unwrap();
    let late = start + AGE_MAX + Duration::from_secs(1);
    assert!(feed(&mut streams, peer(1), &parts[1..], late).is_none(), "the init has aged away");
    let mut streams = Streams::default();
    for height in [4, 5, 6, 7] {
        streams.insert(peer(1), messages(&block(height, 10), 0)[0].clone(), start).unwrap();
    }
    streams.keep_from(Height(5));
    assert_eq!(streams.len(), 2, "5 and 6");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_order_with_repeats_assembles_once(
        bytes in 0usize..600_000,
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..40),
    ) {
        let block = block(5, bytes);
        let parts = messages(&block, 1);
        let mut streams = Streams::default();
        let mut whole = None;
        for index in order {
            if let Some(found) = feed(&mut streams, peer(1), &[index.get(&parts).clone()], Instant::now()) {
                whole = Some(found);
                break;
            }
        }
        if whole.is_none() {
            whole = feed(&mut streams, peer(1), &parts, Instant::now());
        }
        prop_assert_eq!(whole.unwrap().block, block);
    }
}
