//! Gossip of transactions: what one node has accepted reaches every other, proposers among them.
//!
//! ```text
//!  client ──> pool ──accepted──> hub ──Push──────────> every peer that is not known to have it   (small, from a client)
//!                                    ──Have, 20 ms──>  every such peer                           (from a peer, or large)
//!  peer ──Push / Answer──> hub (seen before?) ──> pool (admission) ──> verdict: accepted, refused, invalid
//!  peer ──Have───────────> hub, pool (lacking?) ──Want──> the same peer, one question at a time
//!  peer ──Want───────────> pool ──Answer──> the peer
//! ```
//! *Reaching everyone.* Only accepted transactions are passed on, so a node multiplies nothing that its pool refuses. A
//! peer that joins is told the hashes of the whole pool and fetches what it lacks; what stays in the pool is announced
//! again every few seconds. So whatever is dropped on the way (a full queue, a busy or restarting peer, a partition) is
//! repaired, and every other path may be lossy and bounded.
//!
//! *Bounds.* Every queue is in [`limits`](self): of a slow peer the oldest pushes and announcements are dropped; a
//! quick one is read no faster than its rates allow, and no frame is read before the one before it is through admission.
//! The queues of the pool are the chain's; it gives gossip one place in its admission at a time, so that clients are
//! served however much peers send.
//!
//! *Conduct.* Bytes that are no frame end in a ban at once. Transactions that no honest node passes on (undecodable, of
//! another chain, badly signed), answers nobody asked for and questions out of turn cost points; 100 points are a ban of
//! the identity for a time. Refusals that an honest peer cannot foresee cost no points, but slow the peer down.
//!
//! *Network.* A libp2p swarm of its own: TCP, noise with the node's network key, yamux, one stream per connection. Both
//! sides first say hello with version, chain id and genesis hash; another chain is refused by name. All of it runs on one
//! thread of its own.
//!
//! ```text
//! stream  = frame*                       one stream per connection, both directions, inside noise and yamux
//! frame   = length u32 · kind u8 · body  length of kind and body, 1 to 256 KiB; all numbers little-endian
//!
//! 0 Hello    version u16 · chain id u64 · genesis hash 32 · instance u64 · length u8 · network name (UTF-8)
//! 1 Refused  length u8 · reason (UTF-8)                     said before hanging up
//! 2 Ping                                                    keeps silence from being taken for death
//! 3 Push     count u16 · (length u32 · raw transaction)*    1 to 1,024 of them, each to 128 KiB
//! 4 Have     count u16 · (hash 32)*                         1 to 4,096
//! 5 Want     count u16 · (hash 32)*                         1 to 512; one is open at a time
//! 6 Answer   last u8 · count u16 · (length u32 · raw)*      0 to 1,024; `last` closes the Want
//! ```

mod bucket;
mod conduct;
mod connection;
mod frame;
mod hub;
mod limits;
mod net;
mod outbox;
mod pool;
mod recent;
mod status;
mod streams;
#[cfg(test)]
mod tests;
mod upkeep;

pub use pool::{PoolRequest, Verdict};
pub use status::{GossipCounters, GossipPeer, GossipStatus};

use crate::keys::NetworkKey;
use alloy_primitives::{B256, Bytes};
use conduct::Conduct;
use frame::{Frame, FrameError, Hello};
use hub::Hub;
use libp2p::{Multiaddr, PeerId};

use rand::RngCore as _;
use status::Counters;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// How much one peer may ask of this node. Whoever goes over is read more slowly, not punished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerRates {
    /// Bytes; twice that at once.
    pub bytes_per_second: u64,
    /// Frames; twice that at once.
    pub frames_per_second: u64,
    /// Announced hashes; eight times that at once.
    pub hashes_per_second: u64,
    /// Transactions that this node refuses; eight times that at once.
    pub wasted_per_second: u64,
}

/// How gossip is set up.
#[derive(Clone, Debug)]
pub struct GossipConfig {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of the genesis header.
    pub genesis_hash: B256,
    /// Name of the network, for the peers' logs.
    pub network: String,
    /// Where to listen, as a multiaddress; port 0 takes any free one. `None` only dials.
    pub listen: Option<String>,
    /// Peers to keep connected to, as multiaddresses, with or without `/p2p/IDENTITY`.
    pub peers: Vec<String>,
    /// Connections that others may open.
    pub inbound_max: usize,
    /// Of those, from one address; several nodes of a test network share one.
    pub connections_per_ip_max: usize,
    /// What each peer may send.
    pub rates: PeerRates,
    /// How long a ban lasts.
    pub ban_for: Duration,
    /// How long transactions are gathered before they are sent together.
    pub flush_every: Duration,
    /// How long a transaction of a peer waits before it is announced to others.
    pub relay_after: Duration,
    /// How often what stays in the pool is announced again.
    pub reannounce_every: Duration,
}

impl GossipConfig {
    /// Usual settings of a node that listens nowhere and knows nobody.
    pub fn new(chain_id: u64, genesis_hash: B256, network: impl Into<String>) -> Self {
        Self {
            chain_id,
            genesis_hash,
            network: network.into(),
            listen: None,
            peers: Vec::new(),
            inbound_max: 32,
            connections_per_ip_max: 16,
            rates: PeerRates {
                bytes_per_second: 8 * 1024 * 1024,
                frames_per_second: 1_000,
                hashes_per_second: 20_000,
                wasted_per_second: 500,
            },
            ban_for: Duration::from_secs(600),
            flush_every: Duration::from_millis(5),
            relay_after: Duration::from_millis(20),
            reannounce_every: Duration::from_secs(10),
        }
    }
}

/// Why gossip does not start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GossipError {
    /// A setting that cannot be used.
    #[error("{setting}: `{value}`: {reason}")]
    Config {
        /// Which.
        setting: &'static str,
        /// Its value.
        value: String,
        /// Why.
        reason: String,
    },
    /// The address cannot be listened on.
    #[error("gossip cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The system refuses a thread or the network library does not start.
    #[error("gossip does not start: {0}")]
    Network(String),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Silent,
    Duplicate,
    Banned,
    Refused(String),
    RefusedByPeer(String),
    Violated(FrameError),
}

/// What all tasks share.
#[derive(Debug)]
struct Shared {
    config: GossipConfig,
    hello: Hello,
    pool: mpsc::Sender<PoolRequest>,
    hub: Mutex<Hub>,
    conduct: Mutex<Conduct>,
    counters: Counters,
    relay: Notify,
    listening: watch::Sender<Vec<String>>,
}

impl Shared {
    fn new(config: GossipConfig, key: &NetworkKey, pool: mpsc::Sender<PoolRequest>, spared: BTreeSet<IpAddr>) -> Self {
        let own: PeerId = key.keypair().public().to_peer_id();
        let hello = Hello {
            version: limits::VERSION,
            chain_id: config.chain_id,
            genesis_hash: config.genesis_hash,
            instance: rand::rngs::OsRng.next_u64(),
            network: config.network.clone(),
        };
        Self {
            hello,
            pool,
            hub: Mutex::new(Hub::new(own)),
            conduct: Mutex::new(Conduct::new(config.ban_for, spared)),
            counters: Counters::default(),
            relay: Notify::new(),
            listening: watch::Sender::new(Vec::new()),
            config,
        }
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn conduct(&self) -> MutexGuard<'_, Conduct> {
        self.conduct.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Charges a peer, and bans it where that was too much.
    fn blame(&self, link: &connection::Link, points: u32, reason: &str) {
        let banned = self.conduct().charge(link.peer, link.ip, points, Instant::now());
        if !banned {
            tracing::debug!(peer = %link.peer, points, reason, "gossip: a peer misbehaves");
            return;
        }
        self.counters.bans.add(1);
        let seconds = self.config.ban_for.as_secs();
        tracing::warn!(peer = %link.peer, address = %link.address, reason, seconds, "gossip: peer banned");
        for peer in self.hub().peers().filter(|peer| peer.link.peer == link.peer) {
            peer.outbox.end(End::Banned);
        }
    }
}

/// Handle of running gossip. It stops when the last handle is dropped.
#[derive(Clone)]
pub struct GossipHandle {
    shared: Arc<Shared>,
    running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl fmt::Debug for GossipHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GossipHandle").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl GossipHandle {
    /// A transaction was accepted into the pool, from wherever. Takes a lock for a few microseconds.
    pub fn accepted(&self, hash: B256, raw: &Bytes) {
        let mut hub = self.shared.hub();
        let dropped = hub.accepted(hash, raw, Instant::now());
        let relays = hub.has_relays();
        drop(hub);
        self.shared.counters.dropped.add(dropped);
        if relays {
            self.shared.relay.notify_one();
        }
    }

    /// Peers, addresses and sums.
    pub fn status(&self) -> GossipStatus {
        let now = Instant::now();
        // One lock at a time.
        let links: Vec<connection::Link> = self.shared.hub().peers().map(|peer| peer.link.clone()).collect();
        let conduct = self.shared.conduct();
        let peers = links.into_iter().map(|link| GossipPeer {
            id: link.peer.to_base58(),
            score: conduct.score(&link.peer, now),
            address: link.address,
            outbound: link.outbound,
        });
        GossipStatus {
            listening: self.shared.listening.borrow().clone(),
            peers: peers.collect(),
            banned: conduct.banned(now),
            counters: self.shared.counters.snapshot(),
        }
    }

    /// Waits until it has ended, for whatever reason. A node must not go on without it.
    pub async fn ended(&self) {
        let mut ended = self.running.ended.clone();
        // A closed channel is a thread that panicked.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    /// Stops it and waits until its thread has ended, at most a second.
    pub async fn stop(&self) {
        self.running.stop.send_replace(true);
        let _ = tokio::time::timeout(limits::STOP_TIME_MAX, self.ended()).await;
    }
}

fn parse(setting: &'static str, text: &str) -> Result<Multiaddr, GossipError> {
    text.parse().map_err(|error: libp2p::multiaddr::Error| GossipError::Config {
        setting,
        value: text.to_owned(),
        reason: error.to_string(),
    })
}

/// Starts gossip on a thread of its own. Returns once it listens, with the requests that the pool is to serve.
///
/// # Errors
/// See [`GossipError`].
pub async fn spawn(
    config: GossipConfig,
    key: &NetworkKey,
) -> Result<(GossipHandle, mpsc::Receiver<PoolRequest>), GossipError> {
    let listen = config.listen.as_deref().map(|text| parse("gossip listen address", text)).transpose()?;
    let peers: Vec<_> = config.peers.iter().map(|text| parse("gossip peer", text)).collect::<Result<_, _>>()?;
    let spared: BTreeSet<_> = peers.iter().filter_map(streams::ip_of).collect();
    let (pool, requests) = mpsc::channel(limits::POOL_QUEUE);
    let listens = listen.is_some();
    let shared = Arc::new(Shared::new(config, key, pool, spared));
    let (stop, stopping) = watch::channel(false);
    let (end, ended) = watch::channel(false);
    let (started, starting) = oneshot::channel();
    let thread = upkeep::Thread { shared: Arc::clone(&shared), key: key.keypair().clone(), listen, peers, stopping };
    thread.start(started, end)?;
    starting.await.map_err(|_| GossipError::Network("its thread panicked".to_owned()))??;
    let running = Arc::new(Running { stop, ended });
    let handle = GossipHandle { shared, running };
    if listens {
        handle.wait_listening().await?;
    }
    Ok((handle, requests))
}

impl GossipHandle {
    async fn wait_listening(&self) -> Result<(), GossipError> {
        let mut listening = self.shared.listening.subscribe();
        match tokio::time::timeout(limits::LISTEN_TIME_MAX, listening.wait_for(|all| !all.is_empty())).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(GossipError::Listen {
                address: self.shared.config.listen.clone().unwrap_or_default(),
                reason: "the system does not answer".to_owned(),
            }),
        }
    }
}

/// Whether bytes are a frame, kind and body, for fuzzing.
///
/// # Panics
/// Where a frame has a second encoding, which is what fuzzing looks for.
pub fn decodes(bytes: &[u8]) -> bool {
    let Ok(frame) = Frame::decode(bytes) else { return false };
    let mut again = Vec::with_capacity(bytes.len());
    frame.encode(&mut again);
    assert_eq!(again.get(frame::LENGTH_BYTES..), Some(bytes), "a frame has one encoding");
    true
}
