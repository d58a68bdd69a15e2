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

mod support;

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, sol};
use jsonrpsee::http_client::HttpClient;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{SENDERS, accounts, batches, call, client, ready, root, sign};

sol! {
    function mint(address[] to, uint256 value);
    function transfer(address to, uint256 value) returns (bool);
    function balanceOf(address) returns (uint256);
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
        let mut command = Command::new(support::binary());
        command.args(["dev", "--json", "--rpc-port", "0", "--admin-port", "0", "--data-dir"]);
        command.arg(dir.path().join("data")).args(extra);
        let (child, ready) = ready(command);
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
        support::cpu_seconds(&self.child)
    }

    fn memory_mb(&self) -> u64 {
        support::memory_mb(&self.child)
    }

    fn client(&self) -> HttpClient {
        client(&self.url)
    }
}

/// Sends signed transactions, waits for the last of each sender, then reads every receipt.
async fn throughput(server: &Server, what: &str, signed: &[(String, B256)]) -> f64 {
    let cpu = server.cpu_seconds();
    let wall = Instant::now();
    let raws: Vec<Value> = signed.iter().map(|(raw, _)| json!([raw])).collect();
    batches(&server.url, "eth_sendRawTransaction", &raws).await;
    let client = server.client();
    for (_, hash) in signed.iter().rev().take(SENDERS as usize) {
        while call(&client, "eth_getTransactionReceipt", json!([hash])).await.is_null() {
            assert!(wall.elapsed() < Duration::from_secs(180), "{}: {what}: not all included", server.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let hashes: Vec<Value> = signed.iter().map(|(_, hash)| json!([hash])).collect();
    let receipts = batches(&server.url, "eth_getTransactionReceipt", &hashes).await;
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
    batches(&server.url, "eth_call", &vec![item; count]).await;
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
