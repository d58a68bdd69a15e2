//! What the benches share: signed transactions, batches of calls, and what the system says of a process.
#![allow(dead_code, reason = "no bench uses all of it")]

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, Bytes, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::{ArrayParams, BatchRequestBuilder};
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Accounts that send.
pub const SENDERS: u32 = 200;
const BATCH: usize = 100;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The node under measurement.
pub fn binary() -> PathBuf {
    std::env::var("ASSAY_BIN").map(PathBuf::from).unwrap_or_else(|_| root().join("bin/assay"))
}

/// Starts a node and waits for the line in which it says where it serves.
pub fn ready(mut command: Command) -> (Child, Value) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    let ready = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
    (child, ready)
}

/// CPU time of a process so far.
pub fn cpu_seconds(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of proc(5), in ticks of 10 ms.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) as f64 / 100.0
}

/// Resident memory of a process.
pub fn memory_mb(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A client that takes large answers.
pub fn client(url: &str) -> HttpClient {
    HttpClientBuilder::default()
        .request_timeout(Duration::from_secs(120))
        .max_request_size(256 << 20)
        .max_response_size(256 << 20)
        .build(url)
        .unwrap()
}

/// The senders.
pub fn accounts() -> Vec<PrivateKeySigner> {
    (0..SENDERS)
        .map(|i| {
            let builder = MnemonicBuilder::<English>::default();
            let builder = builder.phrase("test test test test test test test test test test test junk");
            builder.index(i).unwrap().build().unwrap()
        })
        .collect()
}

/// A signed transaction and its hash.
pub fn sign(signer: &PrivateKeySigner, nonce: u64, to: TxKind, gas_limit: u64, input: Bytes) -> (String, B256) {
    let tx = TxEip1559 {
        chain_id: 31337,
        nonce,
        gas_limit,
        max_fee_per_gas: 1_000_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to,
        value: if input.is_empty() { U256::from(1) } else { U256::ZERO },
        access_list: Default::default(),
        input,
    };
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    let envelope = TxEnvelope::from(tx.into_signed(signature));
    (hex::encode_prefixed(envelope.encoded_2718()), *envelope.tx_hash())
}

/// One call that must succeed.
pub async fn call(client: &HttpClient, method: &str, params: Value) -> Value {
    let mut array = ArrayParams::new();
    params.as_array().unwrap().iter().for_each(|p| array.insert(p).unwrap());
    client.request(method, array).await.unwrap_or_else(|e| panic!("{method}: {e}"))
}

/// Sends one call per item in batches over four connections; panics on any error.
pub async fn batches(url: &str, method: &'static str, items: &[Value]) -> Vec<Value> {
    let client = client(url);
    let chunks: Vec<Vec<Value>> = items.chunks(BATCH).map(<[Value]>::to_vec).collect();
    let mut out = Vec::with_capacity(items.len());
    for group in chunks.chunks(4) {
        let tasks: Vec<_> = group
            .iter()
            .cloned()
            .map(|chunk| {
                let client = client.clone();
                tokio::spawn(async move {
                    let mut batch = BatchRequestBuilder::new();
                    for params in &chunk {
                        let mut array = ArrayParams::new();
                        params.as_array().unwrap().iter().for_each(|p| array.insert(p).unwrap());
                        batch.insert(method, array).unwrap();
                    }
                    let answer = client.batch_request::<Value>(batch).await.unwrap();
                    answer.into_iter().map(|r| r.unwrap_or_else(|e| panic!("{method}: {e}"))).collect::<Vec<_>>()
                })
            })
            .collect();
        for task in tasks {
            out.extend(task.await.unwrap());
        }
    }
    out
}
