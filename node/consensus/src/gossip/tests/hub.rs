//! Who is asked for what, by a clock that is passed in.

use super::support::transaction;
use crate::gossip::End;
use crate::gossip::connection::Link;
use crate::gossip::frame::{Frame, LENGTH_BYTES};
use crate::gossip::hub::{Answered, Hub};
use crate::gossip::limits::{ANSWER_TIME_MAX, OUTBOX_BYTES_MAX, REANNOUNCE_MAX, REFUSED_FOR, WANT_MAX};
use crate::gossip::outbox::Outbox;
use crate::gossip::pool::Verdict;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use libp2p::PeerId;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn link(peer: PeerId, outbound: bool) -> Link {
    Link { peer, address: "/memory/1".to_owned(), ip: None, outbound }
}

fn hub_with(count: usize) -> (Hub, Vec<(u64, Arc<Outbox>)>) {
    let mut hub = Hub::new(PeerId::random());
    let peers = (0..count).map(|_| hub.join(link(PeerId::random(), true), 1).unwrap()).collect();
    (hub, peers)
}

/// What an outbox would write now.
fn frames(outbox: &Outbox) -> Vec<Frame> {
    let (mut out, mut bytes) = (Vec::new(), Vec::new());
    loop {
        bytes.clear();
        outbox.drain(&mut bytes);
        if bytes.is_empty() {
            return out;
        }
        let mut rest = bytes.as_slice();
        while let Some((prefix, after)) = rest.split_first_chunk::<LENGTH_BYTES>() {
            let (frame, after) = after.split_at(u32::from_le_bytes(*prefix) as usize);
            out.push(Frame::decode(frame).unwrap());
            rest = after;
        }
    }
}

fn hash(number: usize) -> B256 {
    U256::from(number + 1).into()
}

#[test]
fn a_transaction_goes_to_all_but_those_who_have_it() {
    let (mut hub, peers) = hub_with(3);
    let now = Instant::now();
    let raw = transaction(1, 100);
    let id = keccak256(&raw);
    // From the first peer: the others hear of it, the first does not.
    assert_eq!(hub.received(peers[0].0, &[id, id], now), [true, false]);
    assert_eq!(hub.received(peers[1].0, &[id], now), [false], "in admission already");
    hub.accepted(id, &raw, now);
    hub.relay();
    assert_eq!(frames(&peers[0].1), []);
    assert_eq!(frames(&peers[1].1), []);
    assert_eq!(frames(&peers[2].1), [Frame::Have(vec![id])]);
    // From a client: pushed, once.
    let raw = transaction(2, 100);
    hub.accepted(keccak256(&raw), &raw, now);
    hub.accepted(keccak256(&raw), &raw, now);
    for (_, outbox) in &peers {
        assert_eq!(frames(outbox), [Frame::Push(vec![raw.clone()])]);
    }
    // A large one is announced whoever it is from.
    let raw = transaction(3, 100_000);
    hub.accepted(keccak256(&raw), &raw, now);
    hub.relay();
    assert_eq!(frames(&peers[0].1), [Frame::Have(vec![keccak256(&raw)])]);
}

#[test]
fn one_peer_at_a_time_is_asked_and_the_next_when_it_fails() {
    let (mut hub, peers) = hub_with(2);
    let start = Instant::now();
    for (number, _) in &peers {
        let news = hub.announced(*number, &[hash(1), hash(2)], start);
        assert_eq!(news.len(), 2);
        hub.lacking(*number, news);
    }
    hub.fetch(start);
    assert_eq!(frames(&peers[0].1), [Frame::Want(vec![hash(1), hash(2)])]);
    assert_eq!(frames(&peers[1].1), []);
    // It says nothing for too long.
    assert!(hub.expire(start + ANSWER_TIME_MAX / 2).is_empty());
    let late = start + ANSWER_TIME_MAX;
    assert_eq!(hub.expire(late).len(), 1);
    hub.fetch(late);
    assert_eq!(frames(&peers[1].1), [Frame::Want(vec![hash(1), hash(2)])]);
    // It is not asked again before it has answered, and its late answer is no offence; the next one is.
    let news = hub.announced(peers[0].0, &[hash(3)], late);
    hub.lacking(peers[0].0, news);
    hub.fetch(late);
    assert_eq!(frames(&peers[0].1), []);
    assert_eq!(hub.answered(peers[0].0, &[hash(1)], true), Answered::default());
    assert_eq!(hub.answered(peers[0].0, &[hash(1)], true), Answered { out_of_turn: 1, missing: 0 });
    hub.fetch(late);
    assert_eq!(frames(&peers[0].1), [Frame::Want(vec![hash(3)])]);
    hub.answered(peers[0].0, &[hash(3)], true);
    // It goes: the question goes with it and nothing stays in flight.
    hub.leave(peers[1].0);
    let news = hub.announced(peers[0].0, &[hash(1)], late);
    hub.lacking(peers[0].0, news);
    hub.fetch(late);
    assert_eq!(frames(&peers[0].1), [Frame::Want(vec![hash(1)])]);
}

#[test]
fn what_an_answer_left_out_is_asked_for_again_while_there_is_progress() {
    let (mut hub, peers) = hub_with(1);
    let (number, outbox) = &peers[0];
    let now = Instant::now();
    let all: Vec<B256> = (0..WANT_MAX + 5).map(hash).collect();
    hub.lacking(*number, all.clone());
    hub.fetch(now);
    assert_eq!(frames(outbox), [Frame::Want(all[..WANT_MAX].to_vec())]);
    hub.fetch(now);
    assert_eq!(frames(outbox), [], "one question at a time");
    assert_eq!(hub.answered(*number, &all[..10], false), Answered::default());
    assert_eq!(hub.answered(*number, &all[10..WANT_MAX - 2], true), Answered::default());
    hub.received(*number, &all[..WANT_MAX - 2], now);
    hub.fetch(now);
    let Some(Frame::Want(mut rest)) = frames(outbox).pop() else { panic!("no question") };
    rest.sort_unstable();
    assert_eq!(rest, all[WANT_MAX - 2..]);
    // It has none of them: they are let go.
    assert_eq!(hub.answered(*number, &[], true), Answered { out_of_turn: 0, missing: 7 });
    hub.fetch(now);
    assert_eq!(frames(outbox), []);
    assert_eq!(hub.answered(*number, &all[..2], true), Answered { out_of_turn: 2, missing: 0 });
    assert_eq!(hub.answered(*number, &[], true), Answered { out_of_turn: 1, missing: 0 });
}

#[test]
fn what_was_refused_is_tried_again_later_what_is_invalid_never() {
    let (mut hub, peers) = hub_with(1);
    let number = peers[0].0;
    let start = Instant::now();
    let hashes: Vec<B256> = (0..4).map(hash).collect();
    hub.received(number, &hashes, start);
    hub.judged(&hashes, &[Verdict::Refused, Verdict::Invalid, Verdict::Busy, Verdict::Known], start);
    assert_eq!(hub.announced(number, &hashes, start), [hashes[2]]);
    let later = start + REFUSED_FOR + Duration::from_secs(10);
    // A known one may have left the pool by then; the pool itself is asked.
    assert_eq!(hub.announced(number, &hashes, later), [hashes[0], hashes[2], hashes[3]]);
    assert_eq!(hub.received(number, &hashes, later), [true, false, true, true]);
}

#[test]
fn only_what_stays_is_announced_again_and_not_to_those_who_said_they_have_it() {
    let (mut hub, peers) = hub_with(2);
    let raw = transaction(1, 100);
    let id = keccak256(&raw);
    hub.accepted(id, &raw, Instant::now());
    peers.iter().for_each(|(_, outbox)| drop(frames(outbox)));
    hub.reannounce(&[id]);
    assert_eq!(frames(&peers[0].1), [], "it has just come");
    hub.announced(peers[1].0, &[id], Instant::now());
    hub.reannounce(&[id, hash(7)]);
    assert_eq!(frames(&peers[0].1), [Frame::Have(vec![id])]);
    assert_eq!(frames(&peers[1].1), []);
}

#[test]
fn a_large_pool_is_announced_again_in_parts() {
    let (mut hub, peers) = hub_with(1);
    let pending: Vec<B256> = (0..REANNOUNCE_MAX + 5).map(hash).collect();
    hub.reannounce(&pending);
    for part in [&pending[..REANNOUNCE_MAX], &pending[REANNOUNCE_MAX..], &pending[..REANNOUNCE_MAX]] {
        hub.reannounce(&pending);
        let announced = frames(&peers[0].1).into_iter().flat_map(|frame| match frame {
            Frame::Have(hashes) => hashes,
            other => panic!("{other:?}"),
        });
        assert_eq!(announced.collect::<Vec<_>>(), part);
    }
}

#[test]
fn of_two_connections_both_sides_keep_the_same() {
    let (small, large) = {
        let (a, b) = (PeerId::random(), PeerId::random());
        if a < b { (a, b) } else { (b, a) }
    };
    for first_by_small in [true, false] {
        // The connection that the small one dialled, and the other; in both orders on both sides.
        for (own, other) in [(small, large), (large, small)] {
            let by_small = |wanted: bool| link(other, wanted == (own == small));
            let mut hub = Hub::new(own);
            let (_, first) = hub.join(by_small(first_by_small), 1).unwrap();
            let second = hub.join(by_small(!first_by_small), 1);
            assert_eq!(second.is_ok(), !first_by_small, "the small one's connection stays");
            assert_eq!(hub.peers().count(), 1);
            drop(first);
        }
    }
    // A peer that has started anew is always believed.
    let mut hub = Hub::new(small);
    hub.join(link(large, true), 1).unwrap();
    assert!(hub.join(link(large, false), 2).is_ok());
    assert!(hub.join(link(large, true), 2).is_ok());
    assert!(matches!(hub.join(link(large, false), 2), Err(End::Duplicate)));
}

#[test]
fn a_slow_peer_loses_the_oldest() {
    let outbox = Outbox::new();
    let count = OUTBOX_BYTES_MAX / 8_000 + 10;
    let dropped: u64 = (0..count).map(|number| outbox.push(transaction(number as u32, 8_000))).sum();
    assert!(dropped >= 9, "{dropped}");
    let pushed: Vec<Bytes> = frames(&outbox)
        .into_iter()
        .flat_map(|frame| match frame {
            Frame::Push(raws) => raws,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pushed.len() as u64, count as u64 - dropped);
    assert_eq!(pushed.last(), Some(&transaction(count as u32 - 1, 8_000)));
    // An answer is not replaced while it waits.
    assert!(outbox.answer(vec![Bytes::new()]));
    assert!(outbox.is_answering() && !outbox.answer(Vec::new()));
    assert_eq!(frames(&outbox), [Frame::Answer { last: true, transactions: vec![Bytes::new()] }]);
    assert!(!outbox.is_answering());
}
