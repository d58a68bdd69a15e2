//! What validators lose on a running network: who signs twice is slashed and leaves for good, who is down is jailed.

use super::staking::{COIN, EPOCH, Seeds, missed_within, secret, send, shorten, shown, wait_for_set};
use crate::crash::dev_account;
use crate::support::{Rpc, quantity};
use crate::testnet::{PATIENCE, Testnet, height, reach, same_chain};
use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::SolEvent;
use assay_abi::staking::{IStaking, STAKING};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const JAILED: u8 = 2;
const TOMBSTONED: u8 = 3;

/// Operators of the genesis validators: the last accounts of the mnemonic, backwards.
fn operator(validator: usize) -> Address {
    dev_account(255 - u32::try_from(validator).unwrap()).address()
}

async fn wait_for_status(rpc: &Rpc, operator: Address, status: u8) -> IStaking::Validator {
    let began = Instant::now();
    loop {
        let known = shown(rpc, operator).await;
        if known.status == status {
            return known;
        }
        assert!(began.elapsed() < PATIENCE, "status {}, not {status}", known.status);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Height of the offence and height of the slash, and the wei that it took.
async fn slash(rpc: &Rpc, operator: Address) -> (u64, u64, U256) {
    let topics = [IStaking::ValidatorSlashed::SIGNATURE_HASH, operator.into_word()];
    let logs = rpc.get("eth_getLogs", json!([{ "address": STAKING, "fromBlock": "earliest", "topics": topics }])).await;
    let [log] = logs.as_array().unwrap().as_slice() else { panic!("one slash: {logs}") };
    let word = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let offence = U256::from_be_slice(&word(&log["topics"][2])).to::<u64>();
    (offence, quantity(&log["blockNumber"]), U256::from_be_slice(&word(&log["data"])))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_slashes_a_key_that_signs_twice() {
    let mut network = Testnet::init(4, 1, 200);
    shorten(&network, 5, &[]);
    // The keys of one validator on two machines, each with a guard of its own that knows nothing of the other: what no
    // guard can prevent.
    let mut copied = Seeds::new(0x71);
    copied.consensus = secret(&network, 3, "consensus");
    copied.randomness = secret(&network, 3, "randomness");
    copied.install(&network, 4);
    // Each of the two stops as soon as it hears the other: keep them apart.
    let (settings, other) = (network.settings(4), network.p2p_address(3) + "/");
    let kept: Vec<&str> = settings.lines().filter(|line| !line.contains(&other)).collect();
    assert_eq!(kept.len() + 1, settings.lines().count(), "{settings}");
    std::fs::write(network.data_dir(4).join("config.toml"), kept.join("\n")).unwrap();
    network.start_nodes(&[0, 1, 2, 3, 4]);
    let rpc = network.rpc(0);
    let known = wait_for_status(&rpc, operator(3), TOMBSTONED).await;
    let (offence, at, cut) = slash(&rpc, operator(3)).await;
    println!("signed twice at height {offence}, slashed at height {at}");
    assert!(at <= offence + 3, "at {offence}, slashed at {at}");
    assert_eq!(cut, U256::from(10 * COIN / 20));
    assert_eq!(known.stake, U256::from(10 * COIN) - cut);
    let set = wait_for_set(&rpc, operator(3), false).await;
    assert_eq!(set.len(), 3);
    let tip = height(&rpc).await;
    for node in 0..3 {
        let rpc = network.rpc(node);
        reach(&rpc, tip + 4).await;
        assert_eq!(slash(&rpc, operator(3)).await, (offence, at, cut));
    }
    // The two have seen each other by now, or only follow.
    network.kill_all(&[3, 4]);
    let tip = height(&rpc).await;
    reach(&rpc, tip + 3).await;
    same_chain(&network.clients()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_jails_who_is_down_until_it_asks_back() {
    let mut network = Testnet::init(4, 0, 200);
    // Whoever misses 16 of 20 heights is jailed; a busy machine misses some.
    shorten(&network, 4, &[("downtimeWindow", 20), ("downtimeSignedMin", 2_500), ("jailHeights", 10)]);
    network.start_nodes(&[0, 1, 2, 3]);
    let rpc = network.rpc(0);
    reach(&rpc, 3).await;
    network.kill_all(&[2]);
    let jailed = wait_for_status(&rpc, operator(2), JAILED).await;
    let set = wait_for_set(&rpc, operator(2), false).await;
    assert_eq!(set.len(), 3);
    assert_eq!(jailed.stake, U256::from(10 * COIN), "absence costs no stake");

    network.start_nodes(&[2]);
    reach(&rpc, jailed.jailedUntil).await;
    send(&rpc, &dev_account(253), 0, &IStaking::unjailCall {}).await;
    let set = wait_for_set(&rpc, operator(2), true).await;
    assert_eq!(set.len(), 4);
    assert!(missed_within(&rpc, EPOCH / 2, operator(2)).await <= 5, "it votes again");
    same_chain(&network.clients()).await;
}
