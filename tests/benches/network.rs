//! Four validators on this machine: what a block costs each of them, idle and under load, and how long a transfer takes
//! to be final. `scripts/bench network` runs it after a bare Malachite loop, so that both stand side by side.
//!
//! CPU is user plus system time of the four processes from /proc; blocks and seconds on the wall say more about the
//! machine than about the nodes.
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

use alloy_primitives::{Address, Bytes, TxKind};
use futures::future::join_all;
use serde_json::{Value, json};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use support::{accounts, batches, call, client, ready, root, sign};

const NODES: usize = 4;
/// Blocks before a measurement begins.
const WARM_UP: u64 = 10;
/// Call data of the transactions that fill large blocks: eight make a megabyte.
const LARGE_BYTES: usize = 120_000;

struct Network {
    nodes: Vec<(Child, String)>,
    _dir: tempfile::TempDir,
}

impl Drop for Network {
    fn drop(&mut self) {
        for (child, _) in &mut self.nodes {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn quantity(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

impl Network {
    async fn start(block_time_ms: u64) -> Self {
        let dir = tempfile::tempdir_in(root().join(".cache")).unwrap();
        let out = dir.path().join("net");
        let made = Command::new(support::binary())
            .args(["testnet", "init", "--base-port", "0", "--validators", &NODES.to_string()])
            .args(["--block-time", &block_time_ms.to_string(), "--out"])
            .arg(&out)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // All at once: one alone waits for the others before it is ready.
        let starts: Vec<_> = (0..NODES)
            .map(|index| {
                let folder = out.join(format!("node{index}"));
                std::thread::spawn(move || {
                    let mut command = Command::new(support::binary());
                    command.args(["start", "--json", "--rpc-port", "0", "--admin-port", "0", "--data-dir"]).arg(folder);
                    let (child, ready) = ready(command);
                    (child, ready["rpc"].as_str().unwrap().to_owned())
                })
            })
            .collect();
        let nodes = starts.into_iter().map(|start| start.join().unwrap()).collect();
        let network = Self { nodes, _dir: dir };
        network.reach(WARM_UP).await;
        network
    }

    fn url(&self, index: usize) -> &str {
        &self.nodes[index % NODES].1
    }

    async fn height(&self) -> u64 {
        quantity(&call(&client(self.url(0)), "eth_blockNumber", json!([])).await)
    }

    async fn reach(&self, height: u64) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.height().await < height {
            assert!(Instant::now() < deadline, "height {height} is not reached");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// CPU seconds of all nodes so far.
    fn cpu(&self) -> f64 {
        self.nodes.iter().map(|(child, _)| support::cpu_seconds(child)).sum()
    }

    fn memory_mb(&self) -> u64 {
        self.nodes.iter().map(|(child, _)| support::memory_mb(child)).sum::<u64>() / NODES as u64
    }

    /// Waits until a transaction has its receipt on a node.
    async fn wait(&self, index: usize, hash: &Value) {
        let client = client(self.url(index));
        let deadline = Instant::now() + Duration::from_secs(180);
        while call(&client, "eth_getTransactionReceipt", json!([hash])).await.is_null() {
            assert!(Instant::now() < deadline, "{hash} is in no block");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn report(&self, what: &str, blocks: u64, wall: Duration, cpu: f64) {
        println!(
            "assay   {what:<12} {:>7.1} blocks/s  {:>6.2} CPU-ms per block and node  {:>4} MB per node",
            blocks as f64 / wall.as_secs_f64(),
            cpu * 1000.0 / blocks as f64 / NODES as f64,
            self.memory_mb()
        );
    }

    async fn empty(&self, what: &str, time: Duration) {
        let (start, began, cpu) = (self.height().await, Instant::now(), self.cpu());
        tokio::time::sleep(time).await;
        self.report(what, self.height().await - start, began.elapsed(), self.cpu() - cpu);
    }

    /// Blocks of about a megabyte, from call data that eight senders send to one node each.
    async fn large(&self, blocks: u64) {
        let signers = accounts();
        let data = Bytes::from(vec![1u8; LARGE_BYTES]);
        let to = TxKind::Call(Address::repeat_byte(9));
        let signed: Vec<_> = (0..blocks)
            .flat_map(|nonce| signers[..8].iter().map(move |signer| (signer, nonce)))
            .map(|(signer, nonce)| sign(signer, nonce, to, 5_000_000, data.clone()))
            .collect();
        let (start, began, cpu) = (self.height().await, Instant::now(), self.cpu());
        for (index, (raw, _)) in signed.iter().enumerate() {
            call(&client(self.url(index)), "eth_sendRawTransaction", json!([raw])).await;
        }
        for (index, (_, hash)) in signed.iter().enumerate().rev().take(8) {
            self.wait(index, &json!(hash)).await;
        }
        let (made, used, wall) = (self.height().await - start, self.cpu() - cpu, began.elapsed());
        let megabytes = (signed.len() * LARGE_BYTES) as f64 / 1e6;
        println!(
            "assay   1 MB         {megabytes:>7.1} MB in {made} blocks, {:.1} s: {:>6.2} CPU-ms per MB and node, submission and \
             gossip included",
            wall.as_secs_f64(),
            used * 1000.0 / megabytes / NODES as f64,
        );
    }

    /// Transfers sent to all nodes alike; then latency at half the rate that was reached.
    async fn transfers(&self, per_sender: u64) {
        let signers = accounts();
        let make = |nonce: u64| {
            let to = TxKind::Call(Address::repeat_byte(7));
            signers.iter().map(move |signer| sign(signer, nonce, to, 21_000, Bytes::new()))
        };
        let signed: Vec<_> = (0..per_sender).flat_map(make).collect();
        let (began, cpu) = (Instant::now(), self.cpu());
        let shares: Vec<Vec<Value>> = (0..NODES)
            .map(|node| {
                // A sender stays with its node, so that its nonces arrive in order.
                let mine = signed.iter().enumerate().filter(|(index, _)| index % signers.len() % NODES == node);
                mine.map(|(_, (raw, _))| json!([raw])).collect()
            })
            .collect();
        let sends = shares.iter().enumerate();
        join_all(sends.map(|(node, share)| batches(self.url(node), "eth_sendRawTransaction", share))).await;
        for (index, (_, hash)) in signed.iter().enumerate().rev().take(signers.len()) {
            self.wait(index, &json!(hash)).await;
        }
        let (wall, used) = (began.elapsed().as_secs_f64(), self.cpu() - cpu);
        let rate = signed.len() as f64 / wall;
        println!(
            "assay   transfers    {} in {wall:.1} s; {:.0} per CPU-second of the four nodes together; {} MB per node",
            signed.len(),
            signed.len() as f64 / used,
            self.memory_mb()
        );
        self.latency(&signers, per_sender, rate / 2.0).await;
    }

    async fn latency(&self, signers: &[alloy_signer_local::PrivateKeySigner], nonce: u64, rate: f64) {
        let mut pending = Vec::new();
        let began = Instant::now();
        for (index, signer) in signers.iter().enumerate() {
            let due = began + Duration::from_secs_f64(index as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
            let (raw, _) = sign(signer, nonce, TxKind::Call(Address::repeat_byte(7)), 21_000, Bytes::new());
            let client = client(self.url(index));
            pending.push(tokio::spawn(async move {
                let sent = Instant::now();
                call(&client, "eth_sendRawTransactionSync", json!([raw, 30_000])).await;
                sent.elapsed().as_secs_f64() * 1000.0
            }));
        }
        let mut times = Vec::new();
        for task in pending {
            times.push(task.await.unwrap());
        }
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        println!("assay   submit to final at {rate:.0} tx/s   p50 {:.0} ms  p99 {:.0} ms", at(50), at(99));
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let seconds = std::env::var("ASSAY_BENCH_SECONDS").map_or(10, |text| text.parse().unwrap());
    let per_sender = std::env::var("PER_SENDER").map_or(25, |text| text.parse().unwrap());
    let fast = Network::start(1).await;
    fast.empty("empty", Duration::from_secs(seconds)).await;
    fast.large(seconds.min(20)).await;
    drop(fast);
    let paced = Network::start(500).await;
    let (cpu, time) = (paced.cpu(), Duration::from_secs(2 * seconds));
    tokio::time::sleep(time).await;
    let share = (paced.cpu() - cpu) / time.as_secs_f64() / NODES as f64;
    println!("assay   idle at 500 ms: {:.1} % of a core and {} MB per node", share * 100.0, paced.memory_mb());
    paced.transfers(per_sender).await;
}
