//! CPU time of gossip per transaction, over real TCP, with pools that cost next to nothing: what is measured is frames,
//! noise, bookkeeping and the system's network stack, of all nodes together. Recovering a signature, once per node, comes
//! on top: about 40 microseconds.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a bench")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench has a clock and threads")]

use alloy_primitives::{B256, Bytes, keccak256};
use assay_consensus::gossip::{self, PoolRequest, Verdict};
use assay_consensus::{GossipConfig, GossipHandle, NetworkKey};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Transactions of one iteration.
const BATCH: u32 = 20_000;
/// Bytes of one: a plain transfer.
const SIZE: usize = 110;

type Pool = Arc<Mutex<BTreeMap<B256, Bytes>>>;

struct Node {
    gossip: GossipHandle,
    pool: Pool,
    key: NetworkKey,
}

fn node(runtime: &Runtime, peers: Vec<String>) -> Node {
    let key = NetworkKey::generate();
    let mut config = GossipConfig::new(31_337, B256::ZERO, "bench");
    config.listen = Some("/ip4/127.0.0.1/tcp/0".to_owned());
    config.peers = peers;
    config.rates.bytes_per_second = 1 << 40;
    config.rates.frames_per_second = 1 << 30;
    config.rates.hashes_per_second = 1 << 30;
    let (gossip, mut requests) = runtime.block_on(gossip::spawn(config, &key)).unwrap();
    let pool = Pool::default();
    let (shared, handle) = (Arc::clone(&pool), gossip.clone());
    runtime.spawn(async move {
        while let Some(request) = requests.recv().await {
            let mut pool = shared.lock().unwrap();
            match request {
                PoolRequest::Admit { transactions, reply } => {
                    let verdicts = vec![Verdict::Accepted; transactions.len()];
                    for (hash, raw) in transactions {
                        handle.accepted(hash, &raw);
                        pool.insert(hash, raw);
                    }
                    drop(reply.send(verdicts));
                }
                PoolRequest::Missing { mut hashes, reply } => {
                    hashes.retain(|hash| !pool.contains_key(hash));
                    drop(reply.send(hashes));
                }
                PoolRequest::Fetch { hashes, reply, .. } => {
                    let found = hashes.into_iter().filter_map(|hash| Some((hash, pool.get(&hash)?.clone())));
                    drop(reply.send(found.collect()));
                }
                PoolRequest::Pending { reply } => drop(reply.send(Vec::new())),
            }
        }
    });
    Node { gossip, pool, key }
}

/// Every node dials all before it.
fn mesh(runtime: &Runtime, count: usize) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for _ in 0..count {
        let address = |node: &Node| format!("{}/p2p/{}", node.gossip.status().listening.join(""), node.key.peer_id());
        nodes.push(node(runtime, nodes.iter().map(address).collect()));
    }
    while nodes.iter().any(|node| node.gossip.status().peers.len() + 1 < count) {
        std::thread::sleep(Duration::from_millis(10));
    }
    nodes
}

/// CPU time of all threads of this process.
fn cpu_time() -> Duration {
    let of = |path: std::path::PathBuf| -> Option<u64> {
        std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    Duration::from_nanos(tasks.filter_map(|task| of(task.ok()?.path())).sum())
}

fn transactions(first: u32) -> Vec<(B256, Bytes)> {
    let raw = |number: u32| {
        let mut raw = vec![1; SIZE];
        raw.splice(..4, number.to_le_bytes());
        Bytes::from(raw)
    };
    (first..first + BATCH).map(raw).map(|raw| (keccak256(&raw), raw)).collect()
}

/// Gossips a batch at about 20,000 transactions a second and waits until everybody has it.
fn gossip_batch(nodes: &[Node], batch: Vec<(B256, Bytes)>) -> Duration {
    let before = cpu_time();
    for (index, chunk) in batch.chunks(100).enumerate() {
        if let Some(node) = nodes.get(index % nodes.len()) {
            for (hash, raw) in chunk {
                node.pool.lock().unwrap().insert(*hash, raw.clone());
                node.gossip.accepted(*hash, raw);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    while nodes.iter().any(|node| node.pool.lock().unwrap().len() < batch.len()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let spent = cpu_time() - before;
    nodes.iter().for_each(|node| node.pool.lock().unwrap().clear());
    spent
}

fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("gossip/cpu_time");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Elements(u64::from(BATCH)));
    let mut next = 0;
    for count in [2usize, 4] {
        let nodes = mesh(&runtime, count);
        group.bench_function(BenchmarkId::from_parameter(format!("nodes={count}")), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for _ in 0..rounds {
                    spent += gossip_batch(&nodes, transactions(next));
                    next += BATCH;
                }
                spent
            });
        });
        for node in nodes {
            let counters = node.gossip.status().counters;
            println!("{counters:?}");
            runtime.block_on(node.gossip.stop());
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
