//! Nodes that are killed: one, two, all of them.

use crate::support::get;
use crate::testnet::{Load, PATIENCE, Testnet, height, nothing_is_lost, reach, same_chain, urls};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Waits until a node's certificates carry the votes of a validator above a height.
async fn votes_again(network: &Testnet, seen_by: usize, validator: usize, above: u64) {
    let address = network.status(validator)["node"]["validator"].clone();
    let began = Instant::now();
    loop {
        let status = network.status(seen_by);
        let entries = status["validators"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["address"] == address).unwrap();
        if entry["lastSigned"].as_u64().is_some_and(|height| height > above) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "node{validator} does not vote: {entry}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_goes_on_without_one_and_takes_it_back() {
    let mut network = Testnet::start(4, 200);
    let load = Load::start(&urls(&network, &[0, 1, 2]), Duration::from_millis(20));
    reach(&network.rpc(0), 5).await;
    let dead = network.status(3)["node"]["validator"].clone();
    network.kill(3);
    let at = height(&network.rpc(0)).await;
    reach(&network.rpc(0), at + 10).await;
    // Whoever asks is told who is missing.
    let status = network.status(0);
    assert_eq!(status["missing"], Value::Array(vec![dead.clone()]), "{status}");
    let entry = status["validators"].as_array().unwrap().iter().find(|entry| entry["address"] == dead).unwrap();
    assert_eq!(entry["connected"], json!(false), "{entry}");

    network.start_nodes(&[3]);
    let tip = height(&network.rpc(0)).await;
    reach(&network.rpc(3), tip).await;
    votes_again(&network, 0, 3, tip).await;
    let told = load.stop().await;
    nothing_is_lost(&network.rpc(3), &told).await;
    assert!(same_chain(&network.clients()).await > tip);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_halts_without_a_quorum_and_goes_on_with_one() {
    let mut network = Testnet::start(4, 200);
    reach(&network.rpc(0), 5).await;
    network.kill_all(&[2, 3]);
    // What was decided before the kill may still arrive.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let halted = height(&network.rpc(0)).await;
    let began = Instant::now();
    let reasons = loop {
        let (code, body) = get(&network.node(0).admin(), "/ready");
        let ready: Value = serde_json::from_str(&body).unwrap();
        if code == 503 {
            break ready["reasons"].to_string();
        }
        assert!(began.elapsed() < PATIENCE, "ready without a quorum: {ready}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    assert!(reasons.contains("no_quorum") || reasons.contains("stale_finality"), "{reasons}");
    for index in [0, 1] {
        assert!(height(&network.rpc(index)).await <= halted + 1, "a block without a quorum");
    }
    let halted = height(&network.rpc(0)).await;
    network.start_nodes(&[2]);
    reach(&network.rpc(0), halted + 3).await;
    network.start_nodes(&[3]);
    reach(&network.rpc(3), halted + 3).await;
    same_chain(&network.clients()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_survives_that_all_are_killed() {
    let rounds: usize = std::env::var("ASSAY_ALL_KILLED").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let all = [0, 1, 2, 3];
    let mut network = Testnet::start(4, 200);
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        let load = Load::start(&urls(&network, &all), Duration::from_millis(10));
        let at = height(&network.rpc(0)).await;
        reach(&network.rpc(0), at + 4).await;
        tokio::time::sleep(Duration::from_millis(u64::from(rand::random::<u16>() % 400))).await;
        network.kill_all(&all);
        let told = load.stop().await;
        network.start_nodes(&all);
        let back = Instant::now();
        let tip = height(&network.rpc(0)).await;
        assert!(tip >= at + 4, "blocks that clients saw are gone");
        reach(&network.rpc(0), tip + 1).await;
        longest = longest.max(back.elapsed());
        nothing_is_lost(&network.rpc(round % 4), &told).await;
        let blocks = same_chain(&network.clients()).await;
        println!("all killed {} times: {blocks} blocks, {} transactions there", round + 1, told.accepted.len());
    }
    println!("longest time from the start of all to a new block: {} ms", longest.as_millis());
}
