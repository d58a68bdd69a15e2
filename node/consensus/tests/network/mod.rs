//! Four real engines over loopback.

mod agreement;
mod copies;
mod crash;
mod demotion;
mod sync;

use crate::support::{CHAIN_ID, TestChain, config, key, reach, try_start, validators};
use assay_consensus::{EngineError, EngineHandle, Pacing, PubSub, StopReason, Timeouts, guard};
use assay_primitives::Height;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How the engines of a network are set up.
#[derive(Clone, Copy)]
pub struct Setup {
    pub pacing: Duration,
    pub timeouts: Timeouts,
    /// Bytes of every block; a part holds 128 KiB.
    pub size: usize,
    pub pubsub: PubSub,
    /// After how long without an answer an engine counts as hanging.
    pub hang_after: Duration,
}

impl Setup {
    /// Timeouts and pacing in the usual proportion, a tenth as long; blocks of three parts.
    pub fn fast() -> Self {
        Self { pacing: Duration::from_millis(50), timeouts: scaled(10), size: 300_000, ..Self::slow() }
    }

    /// The usual timeouts and pacing; small blocks.
    pub fn slow() -> Self {
        let timeouts = Timeouts::default();
        let (pacing, hang_after) = (Duration::from_millis(500), Duration::from_secs(60));
        Self { pacing, timeouts, size: 0, pubsub: PubSub::Broadcast, hang_after }
    }
}

/// The usual timeouts, divided.
pub fn scaled(by: u32) -> Timeouts {
    let t = Timeouts::default();
    Timeouts {
        propose: t.propose / by,
        prevote: t.prevote / by,
        precommit: t.precommit / by,
        propose_delta: t.propose_delta / by,
        vote_delta: t.vote_delta / by,
    }
}

/// A node: what survives a crash, and the engine while it runs.
pub struct Node {
    /// Number of its key; 0 for a full node.
    pub n: u8,
    pub folder: tempfile::TempDir,
    pub chain: Arc<TestChain>,
    pub engine: Option<EngineHandle>,
    pub setup: Setup,
}

impl Node {
    pub fn new(n: u8, setup: Setup) -> Self {
        let chain = TestChain::new(validators(4), key(n.max(1)), setup.size);
        Self { n, folder: tempfile::tempdir().unwrap(), chain, engine: None, setup }
    }

    /// Begins with the first blocks of another chain, as a validator that was there when they were made.
    pub fn inherit(&self, history: &TestChain, heights: u64) {
        self.chain.copy(history, heights);
        if self.n > 0 {
            guard::reset(self.folder.path(), CHAIN_ID, &key(self.n), Height(heights)).unwrap();
        }
    }

    /// Where its engine listens; nowhere while it does not run.
    pub fn address(&self) -> Option<String> {
        self.engine.as_ref().map(|engine| engine.status().borrow().listening[0].clone())
    }

    pub async fn start(&mut self, peers: Vec<String>) {
        self.engine = Some(self.try_start(peers).await.unwrap());
    }

    pub async fn try_start(&self, peers: Vec<String>) -> Result<EngineHandle, EngineError> {
        let mut settings = config(self.folder.path(), Pacing::Interval(self.setup.pacing));
        settings.timeouts = self.setup.timeouts;
        settings.pubsub = self.setup.pubsub;
        settings.hang_after = self.setup.hang_after;
        settings.peers = peers;
        settings.moniker = format!("node{}", self.n);
        try_start(settings, self.n, &self.chain).await
    }

    pub async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            assert_eq!(engine.stop().await, StopReason::Requested);
        }
    }

    pub fn height(&self) -> u64 {
        self.chain.height().get()
    }
}

/// Nodes that know each other.
pub struct Network(pub Vec<Node>);

impl Network {
    /// Nodes with these keys, none started.
    pub fn of(keys: impl IntoIterator<Item = u8>, setup: Setup) -> Self {
        Self(keys.into_iter().map(|n| Node::new(n, setup)).collect())
    }

    /// Starts a node with all that run as its peers.
    pub async fn start(&mut self, index: usize) {
        let peers = self.0.iter().filter_map(Node::address).collect();
        self.0[index].start(peers).await;
    }

    pub async fn start_all(&mut self) {
        for index in 0..self.0.len() {
            self.start(index).await;
        }
    }

    /// Waits until all that run have decided a height.
    pub async fn reach(&self, height: u64) {
        for node in self.0.iter().filter(|node| node.engine.is_some()) {
            reach(&node.chain, height).await;
        }
    }

    pub fn tip(&self) -> u64 {
        self.0.iter().map(Node::height).max().unwrap()
    }

    pub async fn stop_all(&mut self) {
        for node in &mut self.0 {
            node.stop().await;
        }
    }

    /// All nodes hold the same blocks, as far as they go, and nobody was seen to sign twice.
    pub fn agree(&self) {
        let longest = self.0.iter().max_by_key(|node| node.height()).unwrap().chain.ids();
        for node in &self.0 {
            let ids = node.chain.ids();
            assert_eq!(ids[..], longest[..ids.len()], "node {} is on another chain", node.n);
            assert!(node.chain.disk.lock().unwrap().evidence.is_empty(), "node {} saw a double signature", node.n);
        }
    }
}

/// Decides `heights` more heights; gives the rate in blocks per second and how many were made after a failed round.
pub async fn measure(network: &Network, heights: u64) -> (f64, usize) {
    let (from, began) = (network.tip(), Instant::now());
    network.reach(from + heights).await;
    let rate = heights as f64 / began.elapsed().as_secs_f64();
    let rounds = network.0[0].chain.rounds();
    let late = rounds[from as usize..(from + heights) as usize].iter().filter(|round| **round > 0).count();
    (rate, late)
}
