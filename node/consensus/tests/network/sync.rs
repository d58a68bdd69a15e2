//! Catching up from several peers: shorter, dying, silent and lying ones among them.

use super::{Network, Node, Setup};
use crate::support::{Serves, TestChain, key, reach, validators};
use assay_primitives::Height;
use std::sync::Arc;
use std::time::{Duration, Instant};

const HEIGHTS: u64 = 300;

/// A chain that all validators signed.
fn history(heights: u64, size: usize) -> Arc<TestChain> {
    let chain = TestChain::new(validators(4), key(1), size);
    chain.grow(heights);
    chain
}

/// Full nodes that hold the first blocks of a history, running and connected.
async fn sources(history: &TestChain, lengths: &[u64]) -> Network {
    let mut network = Network::of(lengths.iter().map(|_| 0), Setup::fast());
    for (node, length) in network.0.iter().zip(lengths) {
        node.inherit(history, *length);
    }
    network.start_all().await;
    network
}

/// Adds a node that has nothing yet; gives its index.
async fn join(network: &mut Network) -> usize {
    network.0.push(Node::new(0, Setup::fast()));
    let index = network.0.len() - 1;
    network.start(index).await;
    index
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_with_a_shorter_chain_does_not_hold_the_sync_up() {
    let history = history(HEIGHTS, 0);
    for lengths in [[HEIGHTS, 7], [45, HEIGHTS], [HEIGHTS - 1, HEIGHTS]] {
        let mut network = sources(&history, &lengths).await;
        let late = join(&mut network).await;
        reach(&network.0[late].chain, HEIGHTS).await;
        network.stop_all().await;
        network.agree();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_that_dies_in_the_middle_of_a_batch_does_not_hold_the_sync_up() {
    // Blocks of 100 kB, so that answers take a while.
    let history = history(HEIGHTS, 100_000);
    let mut network = sources(&history, &[HEIGHTS, HEIGHTS]).await;
    let late = join(&mut network).await;
    reach(&network.0[late].chain, 40).await;
    network.0[0].stop().await;
    let at = network.0[late].height();
    assert!(at < HEIGHTS, "the batch was over before the peer died");
    let began = Instant::now();
    reach(&network.0[late].chain, HEIGHTS).await;
    println!("{} heights in {:?} after the death of a peer", HEIGHTS - at, began.elapsed());
    network.stop_all().await;
    network.agree();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_only_peer_dies_and_comes_back() {
    let history = history(HEIGHTS, 100_000);
    let mut network = sources(&history, &[HEIGHTS]).await;
    let late = join(&mut network).await;
    reach(&network.0[late].chain, 20).await;
    network.0[0].stop().await;
    network.start(0).await;
    reach(&network.0[late].chain, HEIGHTS).await;
    network.stop_all().await;
    network.agree();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_that_lies_is_not_believed() {
    let history = history(60, 0);
    for lie in [
        Serves::Nothing,
        Serves::Garbage,
        Serves::OtherBlock,
        Serves::CutBlock,
        Serves::BadSignature,
        Serves::FewSignatures,
        Serves::ForgedCertificate,
    ] {
        let mut network = sources(&history, &[60]).await;
        *network.0[0].chain.serves.lock().unwrap() = lie;
        let late = join(&mut network).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(network.0[late].chain.height(), Height::ZERO, "{lie:?} was believed");
        // An honest one joins; the node goes on with it, and ends neither before nor after.
        network.0.push(Node::new(0, Setup::fast()));
        let honest = network.0.len() - 1;
        network.0[honest].chain.copy(&history, 60);
        network.start(honest).await;
        let began = Instant::now();
        reach(&network.0[late].chain, 60).await;
        println!("{lie:?}: synced from the honest peer in {:?}", began.elapsed());
        network.stop_all().await;
        network.agree();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_that_stalls_costs_one_timeout() {
    let history = history(HEIGHTS, 0);
    let mut network = sources(&history, &[HEIGHTS, HEIGHTS]).await;
    *network.0[0].chain.serves.lock().unwrap() = Serves::Stalls;
    let late = join(&mut network).await;
    let began = Instant::now();
    reach(&network.0[late].chain, HEIGHTS).await;
    println!("{HEIGHTS} heights in {:?} with a peer that stalls", began.elapsed());
    *network.0[0].chain.serves.lock().unwrap() = Serves::Truth;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_late_joiner_catches_up_and_stays_within_one_height() {
    // Blocks of three parts, at the usual pace divided by five.
    let setup = Setup { pacing: Duration::from_millis(100), timeouts: super::scaled(5), ..Setup::fast() };
    let mut network = Network::of(1..=4, setup);
    let history = history(HEIGHTS, 20_000);
    for node in &network.0 {
        node.inherit(&history, HEIGHTS);
    }
    network.start_all().await;
    network.reach(HEIGHTS + 3).await;
    network.0.push(Node::new(0, setup));
    let began = Instant::now();
    network.start(4).await;
    reach(&network.0[4].chain, HEIGHTS + 3).await;
    println!("late joiner: {} heights in {:?}", HEIGHTS + 3, began.elapsed());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut lags = Vec::new();
    for _ in 0..100 {
        let own = network.0[4].height();
        lags.push(network.0[..4].iter().map(Node::height).max().unwrap().saturating_sub(own));
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let worst = lags.iter().max().unwrap();
    let behind = lags.iter().filter(|lag| **lag > 1).count();
    println!("lag of the late joiner over 3 s: at most {worst}, more than one in {behind} of 100 samples");
    // A busy machine may hold one node up for a moment.
    assert!(behind <= 10, "{lags:?}");
    network.stop_all().await;
    network.agree();
}
