//! Peers that send what they should not, each beside one that goes on as if nothing were.

use super::adversary::{Adversary, hello};
use super::support::{INVALID, Node, REFUSED, block_on, config, transaction, until, with_peers};
use crate::gossip::frame::Frame;
use crate::gossip::limits::FRAME_BYTES_MAX;
use crate::keys::NetworkKey;
use alloy_primitives::{B256, Bytes, keccak256};
use std::time::{Duration, Instant};

/// A node with an honest neighbour.
async fn pair() -> (Node, Node) {
    let node = Node::start(config()).await;
    let neighbour = Node::start(with_peers(&[node.address()])).await;
    until("joined", || node.peers() == 1).await;
    (node, neighbour)
}

async fn still_works(node: &Node, neighbour: &Node, number: u32) {
    let raw = transaction(number, 100);
    neighbour.submit(&raw);
    until("the neighbour's transaction", || node.holds(&raw)).await;
}

#[test]
fn garbage_is_a_ban_and_others_go_on() {
    block_on(async {
        let (node, neighbour) = pair().await;
        let key = NetworkKey::generate();
        let mut adversary = Adversary::join(&node.address(), &key).await.unwrap();
        until("joined", || node.peers() == 2).await;
        adversary.send_bytes(&[5, 0, 0, 0, 99, 1, 2, 3, 4]).await;
        adversary.closed().await;
        until("banned", || node.gossip.status().banned == 1 && node.peers() == 1).await;
        // It stays out, under its name.
        assert!(Adversary::join(&node.address(), &key).await.is_none());
        still_works(&node, &neighbour, 1).await;
        assert_eq!(node.gossip.status().counters.bans, 1);
        for node in [node, neighbour] {
            node.stop().await;
        }
    });
}

#[test]
fn a_ban_ends() {
    block_on(async {
        let mut config = config();
        config.ban_for = Duration::from_secs(2);
        let node = Node::start(config).await;
        let key = NetworkKey::generate();
        let mut adversary = Adversary::join(&node.address(), &key).await.unwrap();
        adversary.send_bytes(&[0, 0, 0, 0]).await;
        adversary.closed().await;
        until("over", || node.gossip.status().banned == 0).await;
        assert!(Adversary::join(&node.address(), &key).await.is_some());
        node.stop().await;
    });
}

#[test]
fn an_address_with_many_bad_identities_is_refused() {
    block_on(async {
        let node = Node::start(config()).await;
        for _ in 0..3 {
            let mut adversary = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
            adversary.send_bytes(&[1, 0, 0, 0, 77]).await;
            adversary.closed().await;
        }
        assert!(Adversary::join(&node.address(), &NetworkKey::generate()).await.is_none());
        node.stop().await;
    });
}

#[test]
fn a_huge_frame_is_refused_by_its_length_alone() {
    block_on(async {
        let (node, neighbour) = pair().await;
        let mut adversary = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        // Nothing follows: the node must not wait for four gigabytes, nor make room for them.
        adversary.send_bytes(&u32::MAX.to_le_bytes()).await;
        adversary.closed().await;
        until("banned", || node.gossip.status().banned == 1).await;
        // Before the hello the bound is far lower.
        let mut adversary = Adversary::connect(&node.address(), &NetworkKey::generate()).await.unwrap();
        adversary.send_bytes(&(FRAME_BYTES_MAX as u32).to_le_bytes()).await;
        adversary.closed().await;
        until("banned", || node.gossip.status().banned == 2).await;
        still_works(&node, &neighbour, 1).await;
        for node in [node, neighbour] {
            node.stop().await;
        }
    });
}

#[test]
fn another_chain_is_refused_by_name() {
    block_on(async {
        let node = Node::start(config()).await;
        let mut adversary = Adversary::connect(&node.address(), &NetworkKey::generate()).await.unwrap();
        let other = crate::gossip::frame::Hello { chain_id: 5, network: "other-net".to_owned(), ..hello() };
        adversary.send(&Frame::Hello(other)).await;
        assert!(matches!(adversary.receive().await, Some(Frame::Hello(_))));
        let Some(Frame::Refused(reason)) = adversary.receive().await else { panic!("no reason given") };
        assert!(reason.contains("other-net (chain id 5") && reason.contains("test (chain id 31337"), "{reason}");
        adversary.closed().await;
        let status = node.gossip.status();
        // No ban: a wrong address in a settings file is no attack.
        assert_eq!((status.peers.len(), status.banned), (0, 0));
        until("counted", || node.gossip.status().counters.refused_peers == 1).await;

        let mut stranger = with_peers(&[node.address()]);
        stranger.genesis_hash = B256::repeat_byte(8);
        let stranger = Node::start(stranger).await;
        until("refused", || node.gossip.status().counters.refused_peers >= 2).await;
        assert_eq!((node.peers(), stranger.peers()), (0, 0));
        for node in [node, stranger] {
            node.stop().await;
        }
    });
}

fn marked(mark: u8, number: u32) -> Bytes {
    let mut raw = transaction(number, 100).to_vec();
    raw[0] = mark;
    raw.into()
}

#[test]
fn invalid_transactions_are_a_ban_refused_ones_are_not() {
    block_on(async {
        let (node, neighbour) = pair().await;
        let mut patient = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        let refused: Vec<Bytes> = (0..500).map(|number| marked(REFUSED, number)).collect();
        assert!(patient.send(&Frame::Push(refused)).await);
        until("refused", || node.gossip.status().counters.refused == 500).await;
        let mut adversary = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        for number in 0..9 {
            assert!(adversary.send(&Frame::Push(vec![marked(INVALID, number)])).await);
        }
        until("seen", || node.gossip.status().counters.invalid == 9).await;
        assert_eq!(node.gossip.status().banned, 0);
        // What was forgiven meanwhile is made up for.
        let more: Vec<Bytes> = (100..110).map(|number| marked(INVALID, number)).collect();
        adversary.send(&Frame::Push(more)).await;
        adversary.closed().await;
        until("banned", || node.gossip.status().banned == 1).await;
        assert!(patient.send(&Frame::Ping).await);
        still_works(&node, &neighbour, 1).await;
        assert_eq!(node.gossip.status().counters.bans, 1);
        for node in [node, neighbour] {
            node.stop().await;
        }
    });
}

#[test]
fn answers_nobody_asked_for_are_a_ban() {
    block_on(async {
        let node = Node::start(config()).await;
        let mut adversary = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        let mut number = 0;
        while adversary.send(&Frame::Answer { last: true, transactions: vec![transaction(number, 50)] }).await {
            number += 1;
            assert!(number < 100_000, "nobody minds");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        until("banned", || node.gossip.status().banned == 1).await;
        node.stop().await;
    });
}

#[test]
fn a_flood_is_read_no_faster_than_its_rate_allows() {
    block_on(async {
        let mut limited = config();
        limited.rates.bytes_per_second = 256 * 1024;
        let node = Node::start(limited).await;
        let neighbour = Node::start(with_peers(&[node.address()])).await;
        until("joined", || node.peers() == 1).await;
        let mut adversary = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        let started = Instant::now();
        let flood = tokio::spawn(async move {
            let mut number = 0;
            loop {
                // The same again and again would be a cheap duplicate; these are all new.
                let batch = (0..1_000).map(|index| transaction(number + index, 100)).collect();
                number += 1_000;
                if !adversary.send(&Frame::Push(batch)).await {
                    return;
                }
            }
        });
        until("throttled", || node.gossip.status().counters.throttled > 3).await;
        for number in 0..5 {
            still_works(&node, &neighbour, 4_000_000_000 + number).await;
        }
        let seconds = started.elapsed().as_secs() + 1;
        let received = node.gossip.status().counters.received_bytes;
        // Twice the rate at once, the rate after that, a frame in hand, and the neighbour's few.
        assert!(received <= (2 + seconds) * 256 * 1024 + 512 * 1024, "{received} bytes in {seconds} s");
        assert_eq!(node.gossip.status().banned, 0);
        flood.abort();
        for node in [node, neighbour] {
            node.stop().await;
        }
    });
}

#[test]
fn connections_of_one_address_are_bounded() {
    block_on(async {
        let mut bounded = config();
        bounded.connections_per_ip_max = 2;
        let node = Node::start(bounded).await;
        let first = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        let _second = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        assert!(Adversary::join(&node.address(), &NetworkKey::generate()).await.is_none());
        drop(first);
        until("one left", || node.peers() == 1).await;
        let key = NetworkKey::generate();
        // The place is free again once the connection itself is gone.
        let deadline = Instant::now() + Duration::from_secs(60);
        while Adversary::join(&node.address(), &key).await.is_none() {
            assert!(Instant::now() < deadline, "the place is never free again");
        }
        node.stop().await;
    });
}

#[test]
fn an_answer_is_bounded_and_holds_what_is_there() {
    block_on(async {
        let node = Node::start(config()).await;
        let large: Vec<Bytes> = (0..20).map(|number| transaction(number, 100 * 1024)).collect();
        large.iter().for_each(|raw| node.submit(raw));
        let mut adversary = Adversary::join(&node.address(), &NetworkKey::generate()).await.unwrap();
        let mut hashes: Vec<B256> = large.iter().map(keccak256).collect();
        assert_eq!(adversary.want(hashes.clone()).await, 10, "a mebibyte");
        hashes.truncate(3);
        hashes.push(B256::repeat_byte(9));
        assert_eq!(adversary.want(hashes).await, 3);
        node.stop().await;
    });
}
