//! Agreement of four validators that come and go.

use super::{Network, Node, Setup};
use crate::support::{CHAIN_ID, key, validators};
use assay_consensus::verify_late_vote;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_validators_agree_lose_one_and_take_it_back() {
    let mut network = Network::of(1..=4, Setup::fast());
    network.start_all().await;
    network.reach(8).await;
    named(&network.0[0], &[2, 3, 4]).await;
    // One of four is gone: the others go on, and say who is missing.
    network.0[3].stop().await;
    network.reach(network.tip() + 4).await;
    named(&network.0[0], &[2, 3]).await;
    let status = network.0[0].engine.as_ref().unwrap().status().borrow().clone();
    let commit = status.last_commit.unwrap();
    assert_eq!((commit.missing, commit.missing_power, commit.total_power), (vec![key(4).address()], 10, 40));
    // It comes back, catches up by value sync and votes again; a full node joins from nothing.
    network.start(3).await;
    network.0.push(Node::new(0, Setup::fast()));
    network.start(4).await;
    network.reach(network.tip() + 6).await;
    network.stop_all().await;
    network.agree();
    for node in &network.0 {
        for vote in &node.chain.disk.lock().unwrap().late {
            verify_late_vote(CHAIN_ID, &validators(4), vote).unwrap();
        }
    }
}

/// Waits until a node shows exactly these validators as its peers, by name and proved key.
async fn named(node: &Node, peers: &[u8]) {
    let mut expected: Vec<_> = peers.iter().map(|n| (format!("node{n}"), Some(key(*n).address()))).collect();
    expected.sort();
    let mut status = node.engine.as_ref().unwrap().status();
    let shown = status.wait_for(|status| {
        let mut shown: Vec<_> = status.connected.iter().map(|peer| (peer.name.clone(), peer.validator)).collect();
        shown.sort();
        shown == expected
    });
    if tokio::time::timeout(Duration::from_secs(30), shown).await.is_err() {
        panic!("expected {expected:?}, shown {:?}", node.engine.as_ref().unwrap().status().borrow().connected);
    }
}
