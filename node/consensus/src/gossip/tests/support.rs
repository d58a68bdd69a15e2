//! A gossip node over a small pool, and ways to wait.

use crate::gossip::{self, GossipConfig, GossipHandle, PoolRequest, Verdict};
use crate::keys::NetworkKey;
use alloy_primitives::{B256, Bytes, keccak256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What a transaction of the test pool begins with, where it is no good one.
pub const INVALID: u8 = 0xff;
pub const REFUSED: u8 = 0xee;

#[derive(Default)]
pub struct Pool {
    /// In order of arrival.
    pub order: Vec<B256>,
    pub raw: BTreeMap<B256, Bytes>,
    /// Admissions asked for by peers, whatever came of them.
    pub asked: BTreeMap<B256, usize>,
    /// Says that it has no time.
    pub busy: bool,
}

/// A node: gossip and its pool.
pub struct Node {
    pub gossip: GossipHandle,
    pub pool: Arc<Mutex<Pool>>,
    pub key: NetworkKey,
}

pub fn config() -> GossipConfig {
    let mut config = GossipConfig::new(31_337, B256::repeat_byte(7), "test");
    config.listen = Some("/ip4/127.0.0.1/tcp/0".to_owned());
    config.reannounce_every = Duration::from_millis(400);
    config
}

pub fn with_peers(peers: &[String]) -> GossipConfig {
    GossipConfig { peers: peers.to_vec(), ..config() }
}

pub fn transaction(number: u32, size: usize) -> Bytes {
    let mut raw = vec![1u8; size.max(8)];
    raw[1..5].copy_from_slice(&number.to_le_bytes());
    raw.into()
}

fn admit(pool: &mut Pool, hash: B256, raw: Bytes) -> Verdict {
    *pool.asked.entry(hash).or_default() += 1;
    match raw.first() {
        _ if pool.busy => Verdict::Busy,
        Some(&INVALID) => Verdict::Invalid,
        Some(&REFUSED) => Verdict::Refused,
        _ if pool.raw.contains_key(&hash) => Verdict::Known,
        _ => {
            pool.raw.insert(hash, raw);
            pool.order.push(hash);
            Verdict::Accepted
        }
    }
}

async fn serve(pool: Arc<Mutex<Pool>>, gossip: GossipHandle, mut requests: mpsc::Receiver<PoolRequest>) {
    while let Some(request) = requests.recv().await {
        let mut pool = pool.lock().unwrap();
        match request {
            PoolRequest::Admit { transactions, reply } => {
                let mut verdicts = Vec::new();
                for (hash, raw) in transactions {
                    assert_eq!(hash, keccak256(&raw));
                    verdicts.push(admit(&mut pool, hash, raw.clone()));
                    if verdicts.last() == Some(&Verdict::Accepted) {
                        gossip.accepted(hash, &raw);
                    }
                }
                drop(reply.send(verdicts));
            }
            PoolRequest::Missing { mut hashes, reply } => {
                hashes.retain(|hash| !pool.raw.contains_key(hash));
                drop(reply.send(hashes));
            }
            PoolRequest::Fetch { hashes, bytes_max, reply } => {
                let (mut found, mut bytes) = (Vec::new(), 0);
                for hash in hashes {
                    let Some(raw) = pool.raw.get(&hash) else { continue };
                    bytes += raw.len();
                    if bytes > bytes_max && !found.is_empty() {
                        break;
                    }
                    found.push((hash, raw.clone()));
                }
                drop(reply.send(found));
            }
            PoolRequest::Pending { reply } => drop(reply.send(pool.order.clone())),
        }
    }
}

impl Node {
    pub async fn start(config: GossipConfig) -> Self {
        Self::restart(config, NetworkKey::generate(), Arc::default()).await
    }

    pub async fn restart(config: GossipConfig, key: NetworkKey, pool: Arc<Mutex<Pool>>) -> Self {
        let (gossip, requests) = gossip::spawn(config, &key).await.unwrap();
        tokio::spawn(serve(Arc::clone(&pool), gossip.clone(), requests));
        Self { gossip, pool, key }
    }

    pub async fn stop(self) -> (NetworkKey, Arc<Mutex<Pool>>) {
        self.gossip.stop().await;
        (self.key, self.pool)
    }

    /// Where others reach it, identity included.
    pub fn address(&self) -> String {
        format!("{}/p2p/{}", self.gossip.status().listening[0], self.key.peer_id())
    }

    /// As a client's submission.
    pub fn submit(&self, raw: &Bytes) {
        let hash = keccak256(raw);
        let mut pool = self.pool.lock().unwrap();
        pool.raw.insert(hash, raw.clone());
        pool.order.push(hash);
        drop(pool);
        self.gossip.accepted(hash, raw);
    }

    pub fn holds(&self, raw: &Bytes) -> bool {
        self.pool.lock().unwrap().raw.contains_key(&keccak256(raw))
    }

    pub fn count(&self) -> usize {
        self.pool.lock().unwrap().raw.len()
    }

    pub fn peers(&self) -> usize {
        self.gossip.status().peers.len()
    }

    /// The most times that any transaction was given to the pool by peers.
    pub fn asked_most(&self) -> usize {
        self.pool.lock().unwrap().asked.values().copied().max().unwrap_or(0)
    }
}

/// Waits until something holds; a loaded machine gets a minute.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs a test on two threads, as nodes of one machine would.
pub fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}
