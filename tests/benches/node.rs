//! The node beside anvil, driven by the same generator in the same run: transactions per server CPU-second (durable,
//! receipts served), reads per CPU-second, and submit-to-receipt latency.
//!
//! `make bench` runs it. CPU seconds are user plus system time of the server process from /proc; wall times are printed
//! beside them but say more about the machine than about the server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measuring program: it drives processes with clocks and may panic"
)]

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use alloy_sol_types::{SolCall, sol};
use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::{ArrayParams, BatchRequestBuilder};
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

sol! {
    function mint(address[] to, uint256 value);
    function transfer(address to, uint256 value) returns (bool);
    function balanceOf(address) returns (uint256);
}

const SENDERS: u32 = 200;
const BATCH: usize = 100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A server under measurement.
struct Server {
    name: &'static str,
    child: Child,
    url: String,
    _dir: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn assay(extra: &[&str]) -> Self {
        let dir = tempfile::tempdir_in(root().join(".cache")).unwrap();
        let bin = std::env::var("ASSAY_BIN").map(PathBuf::from).unwrap_or_else(|_| root().join("bin/assay"));
        let mut child = Command::new(bin)
            .args(["dev", "--json", "--rpc-port", "0", "--admin-port", "0", "--data-dir"])
            .arg(dir.path().join("data"))
            .args(extra)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        Self { name: "assay", child, url: ready["rpc"].as_str().unwrap().to_owned(), _dir: dir }
    }

    fn anvil(extra: &[&str]) -> Option<Self> {
        let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
        let bin = root().join(format!(".cache/clients/node_modules/@foundry-rs/anvil-linux-{arch}/bin/anvil"));
        if !bin.exists() {
            println!("skipped: no anvil (run scripts/setup test)");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let port = 20_000 + (std::process::id() % 20_000) as u16;
        let child = Command::new(bin)
            .args(["--silent", "--accounts", "256", "--port", &port.to_string(), "--gas-limit", "100000000"])
            .args(extra)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs(3));
        Some(Self { name: "anvil", child, url: format!("http://127.0.0.1:{port}"), _dir: dir })
    }

    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        // Fields 14 and 15 of proc(5), in ticks of 10 ms.
        (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) as f64 / 100.0
    }

    fn memory_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    fn client(&self) -> HttpClient {
        HttpClientBuilder::default()
            .request_timeout(Duration::from_secs(120))
            .max_response_size(256 << 20)
            .build(&self.url)
            .unwrap()
    }
}

fn accounts() -> Vec<PrivateKeySigner> {
    (0..SENDERS)
        .map(|i| {
            let builder = MnemonicBuilder::<English>::default();
            let builder = builder.phrase("test test test test test test test test test test test junk");
            builder.index(i).unwrap().build().unwrap()
        })
        .collect()
}

fn sign(signer: &PrivateKeySigner, nonce: u64, to: TxKind, gas_limit: u64, input: Bytes) -> (String, B256) {
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

async fn call(client: &HttpClient, method: &str, params: Value) -> Value {
    let mut array = ArrayParams::new();
    params.as_array().unwrap().iter().for_each(|p| array.insert(p).unwrap());
    client.request(method, array).await.unwrap_or_else(|e| panic!("{method}: {e}"))
}

/// Sends one call per item in batches over four connections; panics on any error.
async fn batches(server: &Server, method: &'static str, items: &[Value]) -> Vec<Value> {
    let client = server.client();
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

/// Sends signed transactions, waits for the last of each sender, then reads every receipt.
async fn throughput(server: &Server, what: &str, signed: &[(String, B256)]) -> f64 {
    let cpu = server.cpu_seconds();
    let wall = Instant::now();
    let raws: Vec<Value> = signed.iter().map(|(raw, _)| json!([raw])).collect();
    batches(server, "eth_sendRawTransaction", &raws).await;
    let client = server.client();
    for (_, hash) in signed.iter().rev().take(SENDERS as usize) {
        while call(&client, "eth_getTransactionReceipt", json!([hash])).await.is_null() {
            assert!(wall.elapsed() < Duration::from_secs(180), "{}: {what}: not all included", server.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let hashes: Vec<Value> = signed.iter().map(|(_, hash)| json!([hash])).collect();
    let receipts = batches(server, "eth_getTransactionReceipt", &hashes).await;
    assert!(receipts.iter().all(|r| r["status"] == "0x1"), "{}: {what}: a transaction failed", server.name);
    let used = server.cpu_seconds() - cpu;
    let rate = signed.len() as f64 / used;
    println!(
        "{:<6} {what:<18} {:>7} tx  {used:>6.2} CPU-s  {rate:>8.0} tx/CPU-s  {:>6.2} s wall  {} MB",
        server.name,
        signed.len(),
        wall.elapsed().as_secs_f64(),
        server.memory_mb()
    );
    rate
}

async fn latency(server: &Server, signer: &PrivateKeySigner, first: u64) -> (f64, f64) {
    let client = server.client();
    let mut times = Vec::new();
    for nonce in first..first + 200 {
        let (raw, hash) = sign(signer, nonce, TxKind::Call(Address::repeat_byte(9)), 21_000, Bytes::new());
        let started = Instant::now();
        call(&client, "eth_sendRawTransaction", json!([raw])).await;
        while call(&client, "eth_getTransactionReceipt", json!([hash])).await.is_null() {
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!("{:<6} submit to receipt   p50 {:.2} ms  p99 {:.2} ms", server.name, times[100], times[198]);
    (times[100], times[198])
}

async fn reads(server: &Server, token: Address, count: usize) -> f64 {
    let data = balanceOfCall(Address::repeat_byte(7)).abi_encode();
    let item = json!([{ "to": token, "data": hex::encode_prefixed(data) }, "latest"]);
    let cpu = server.cpu_seconds();
    batches(server, "eth_call", &vec![item; count]).await;
    let rate = count as f64 / (server.cpu_seconds() - cpu);
    println!("{:<6} eth_call balanceOf  {count:>7} calls  {rate:>8.0} calls/CPU-s", server.name);
    rate
}

async fn measure(server: &Server, signers: &[PrivateKeySigner], per_sender: u64) -> [f64; 3] {
    let code = std::fs::read_to_string(root().join(".cache/artifacts/Token.json")).unwrap();
    let code: Value = serde_json::from_str(&code).unwrap();
    let code = Bytes::from(hex::decode(code["bytecode"].as_str().unwrap()).unwrap());
    let client = server.client();
    let deployer = &signers[0];
    let (raw, hash) = sign(deployer, 0, TxKind::Create, 3_000_000, code);
    let mint = mintCall { to: signers.iter().map(|s| s.address()).collect(), value: U256::from(1_000_000) };
    let token = deployer.address().create(0);
    let (mint, minted) = sign(deployer, 1, TxKind::Call(token), 12_000_000, mint.abi_encode().into());
    for raw in [raw, mint] {
        call(&client, "eth_sendRawTransaction", json!([raw])).await;
    }
    for hash in [hash, minted] {
        while call(&client, "eth_getTransactionReceipt", json!([hash])).await.is_null() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let senders = &signers[1..];
    let plain: Vec<_> = (0..per_sender)
        .flat_map(|nonce| {
            senders.iter().enumerate().map(move |(i, s)| {
                let to = Address::with_last_byte(i as u8).create(nonce);
                sign(s, nonce, TxKind::Call(to), 21_000, Bytes::new())
            })
        })
        .collect();
    let transfers = throughput(server, "transfers", &plain).await;
    let erc20: Vec<_> = (per_sender..2 * per_sender)
        .flat_map(|nonce| {
            senders.iter().enumerate().map(move |(i, s)| {
                let to = Address::with_last_byte(i as u8).create(nonce);
                let data = transferCall { to, value: U256::from(1) }.abi_encode();
                sign(s, nonce, TxKind::Call(token), 100_000, data.into())
            })
        })
        .collect();
    let tokens = throughput(server, "ERC-20 transfers", &erc20).await;
    [transfers, tokens, reads(server, token, 20_000).await]
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let per_sender: u64 = std::env::var("PER_SENDER").ok().and_then(|n| n.parse().ok()).unwrap_or(50);
    let signers = accounts();
    let block_time = ["--block-time", "500"];
    let ours = measure(&Server::assay(&block_time), &signers, per_sender).await;
    let anvil_block_time = ["--block-time", "0.5"];
    if let Some(anvil) = Server::anvil(&anvil_block_time) {
        let theirs = measure(&anvil, &signers, per_sender).await;
        drop(anvil);
        for (what, (a, b)) in ["transfers", "ERC-20 transfers", "eth_call"].iter().zip(ours.iter().zip(theirs)) {
            println!("ratio  {what:<18} {:.2}x anvil per CPU-second", a / b);
        }
    }
    latency(&Server::assay(&[]), &signers[0], 0).await;
    if let Some(anvil) = Server::anvil(&[]) {
        latency(&anvil, &signers[0], 0).await;
    }
}
