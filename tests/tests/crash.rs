//! SIGKILL under load: whatever a client was told is there after the restart, with the same hashes.

use crate::support::{Node, Rpc, quantity};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The development chain's account at an index.
pub fn dev_account(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default()
        .phrase("test test test test test test test test test test test junk")
        .index(index)
        .unwrap()
        .build()
        .unwrap()
}

/// A signed transfer of one wei, as raw hex.
pub fn transfer(signer: &PrivateKeySigner, nonce: u64, chain_id: u64) -> String {
    let tx = TxEip1559 {
        chain_id,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(0xaa)),
        value: U256::from(1),
        ..Default::default()
    };
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
}

/// What clients were told: hashes accepted, and block hashes of receipts.
#[derive(Default)]
struct Told {
    accepted: Vec<String>,
    receipts: BTreeMap<String, String>,
}

async fn load(rpc: Rpc, signer: PrivateKeySigner, told: Arc<Mutex<Told>>) {
    let address = format!("{:?}", signer.address());
    let Ok(next) = rpc.call("eth_getTransactionCount", json!([address, "pending"])).await else { return };
    let mut nonce = quantity(&next);
    loop {
        let raw = transfer(&signer, nonce, 31337);
        match rpc.call("eth_sendRawTransaction", json!([raw])).await {
            Ok(hash) => {
                let hash = hash.as_str().unwrap().to_owned();
                told.lock().unwrap().accepted.push(hash.clone());
                nonce += 1;
                if nonce.is_multiple_of(4)
                    && let Ok(receipt) = rpc.call("eth_getTransactionReceipt", json!([hash])).await
                    && let Some(block) = receipt["blockHash"].as_str()
                {
                    told.lock().unwrap().receipts.insert(hash, block.to_owned());
                }
            }
            // The node is gone, or it asks for patience.
            Err(e) if !e.contains("code:") && !e.contains("retry") => return,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn check(rpc: &Rpc, told: &Told) {
    for (hash, block) in &told.receipts {
        let receipt = rpc.get("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["blockHash"].as_str(), Some(block.as_str()), "the receipt of {hash} changed");
    }
    for hash in &told.accepted {
        let mut found = false;
        for _ in 0..400 {
            if !rpc.get("eth_getTransactionReceipt", json!([hash])).await.is_null() {
                found = true;
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert!(found, "{hash} was accepted and is lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_nothing_acknowledged_is_lost() {
    let kills: u32 = std::env::var("ASSAY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
    let seed: u64 = std::env::var("ASSAY_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let mut total = 0;
    for round in 0..kills {
        let node = Node::dev(&["--data-dir", data]);
        let told = Arc::new(Mutex::new(Told::default()));
        let tasks: Vec<_> =
            (0..4).map(|i| tokio::spawn(load(node.client(), dev_account(20 + i), told.clone()))).collect();
        tokio::time::sleep(Duration::from_millis(rng.gen_range(50..900))).await;
        node.kill();
        for task in tasks {
            task.await.unwrap();
        }
        let node = Node::dev(&["--data-dir", data]);
        let told = Arc::into_inner(told).unwrap().into_inner().unwrap();
        check(&node.client(), &told).await;
        total += told.accepted.len();
        if round % 10 == 9 {
            println!("{} kills, {total} acknowledged transactions, all there", round + 1);
        }
        node.kill();
    }
    assert!(total > 0, "no transaction was accepted between the kills");
}
