//! Four validators agree: clients on different nodes, load on all of them, a full node beside them.

use crate::clients::{python, run};
use crate::crash::dev_account;
use crate::support::{get, quantity};
use crate::testnet::{Load, PATIENCE, Testnet, hash_at, height, nothing_is_lost, reach, same_chain, transfer, urls};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[test]
fn network_serves_each_client_on_a_node_of_its_own() {
    let network = Testnet::start(4, 200);
    let python = python();
    let clients = [("node", "viem.mjs"), ("node", "ethers.mjs"), (python.as_str(), "web3py.py"), ("bash", "cast.sh")];
    std::thread::scope(|scope| {
        for (index, (program, script)) in clients.into_iter().enumerate() {
            let node = network.node(index);
            scope.spawn(move || run(&node.rpc(), &node.ws(), program, script));
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_has_one_chain_under_load() {
    let network = Testnet::start(4, 200);
    let load = Load::start(&urls(&network, &[0, 1, 2, 3]), Duration::from_millis(10));
    reach(&network.rpc(0), 25).await;
    let told = load.stop().await;
    assert!(told.accepted.len() > 100, "{} transactions", told.accepted.len());
    // What one node accepted, another one has in its blocks.
    nothing_is_lost(&network.rpc(3), &told).await;
    let blocks = same_chain(&network.clients()).await;
    assert!(blocks >= 25, "{blocks}");
    // The engine proves a key once per session, so that a proof is lost where two dials cross: one of four may stay unknown.
    // A busy machine leaves one out of a certificate now and then.
    let began = Instant::now();
    loop {
        let statuses: Vec<Value> = (0..4).map(|node| network.status(node)).collect();
        let status = &statuses[0];
        assert_eq!(status["validators"].as_array().unwrap().len(), 4);
        let known: BTreeSet<String> = statuses.iter().flat_map(known_validators).collect();
        let peers = status["peers"].as_array().unwrap().len();
        if (&status["missing"], &status["ready"], peers) == (&json!([]), &json!(true), 3) && known.len() >= 3 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{known:?} {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Validators among a node's peers.
fn known_validators(status: &Value) -> Vec<String> {
    let peers = status["peers"].as_array().unwrap();
    peers.iter().filter_map(|peer| peer["validator"].as_str().map(str::to_owned)).collect()
}

/// Heights that a full node is behind a validator.
async fn lag(network: &Testnet, full: usize) -> u64 {
    let ahead = height(&network.rpc(0)).await;
    ahead.saturating_sub(height(&network.rpc(full)).await)
}

/// The lags of a node that has caught up, seen ten times.
async fn lags(network: &Testnet, full: usize) -> Vec<u64> {
    let began = Instant::now();
    while lag(network, full).await > 1 {
        assert!(began.elapsed() < PATIENCE, "a full node does not catch up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut lags = Vec::new();
    for _ in 0..10 {
        lags.push(lag(network, full).await);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    lags
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_takes_in_a_late_full_node() {
    let mut network = Testnet::init(4, 1, 200);
    network.start_nodes(&[0, 1, 2, 3]);
    let load = Load::start(&urls(&network, &[0, 1]), Duration::from_millis(10));
    reach(&network.rpc(0), 30).await;
    let told = load.stop().await;
    network.start_nodes(&[4]);
    let full = network.rpc(4);
    reach(&full, height(&network.rpc(0)).await).await;
    assert!(network.node(4).log().contains("starting as a full node"), "{}", network.node(4).log());
    let status = network.status(4);
    assert_eq!((&status["node"]["role"], &status["node"]["validator"]), (&json!("full"), &Value::Null));

    let began = Instant::now();
    loop {
        let lags = lags(&network, 4).await;
        if lags.iter().filter(|lag| **lag <= 1).count() >= 8 {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "a full node keeps up: {lags:?}");
    }
    nothing_is_lost(&full, &told).await;
    same_chain(&network.clients()).await;
    assert_eq!(full.get("eth_syncing", json!([])).await, json!(false));
    let (code, ready) = get(&network.node(4).admin(), "/ready");
    assert_eq!(code, 200, "{ready}");

    // A client of the full node is a client of the network.
    let hash = full.get("eth_sendRawTransaction", json!([transfer(&dev_account(60), 0, 1)])).await;
    let began = Instant::now();
    let receipt = loop {
        let receipt = full.get("eth_getTransactionReceipt", json!([hash])).await;
        if !receipt.is_null() {
            break receipt;
        }
        assert!(began.elapsed() < PATIENCE, "the transaction of a full node reaches no block");
        tokio::time::sleep(Duration::from_millis(25)).await;
    };
    let at = quantity(&receipt["blockNumber"]);
    reach(&network.rpc(2), at).await;
    assert_eq!(receipt["blockHash"], json!(hash_at(&network.rpc(2), at).await));
}
