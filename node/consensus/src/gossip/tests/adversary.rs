//! A peer that speaks libp2p as it should and then sends whatever it likes.

use super::support::config;
use crate::gossip::frame::{Frame, Hello, LENGTH_BYTES};
use crate::gossip::limits::VERSION;
use crate::gossip::net::swarm;
use crate::gossip::streams::{Opened, StreamEvent};
use crate::gossip::{GossipConfig, Shared};
use crate::keys::NetworkKey;
use alloy_primitives::B256;
use futures::StreamExt as _;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::swarm::{Stream, SwarmEvent};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub struct Adversary {
    stream: Stream,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Adversary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn hello() -> Hello {
    let GossipConfig { chain_id, genesis_hash, network, .. } = config();
    Hello { version: VERSION, chain_id, genesis_hash, instance: 1, network }
}

impl Adversary {
    /// Connects; `None` where the node refuses.
    pub async fn connect(address: &str, key: &NetworkKey) -> Option<Self> {
        let (pool, _) = mpsc::channel(1);
        let shared = Arc::new(Shared::new(config(), key, pool, BTreeSet::new()));
        let mut swarm = swarm(&shared, key.keypair()).unwrap();
        swarm.dial(address.parse::<libp2p::Multiaddr>().unwrap()).unwrap();
        let (give, take) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut give = Some(give);
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::Behaviour(StreamEvent { opened: Opened::Stream(stream), .. }) => {
                        if let Some(give) = give.take() {
                            drop(give.send(stream));
                        }
                    }
                    SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. } => return,
                    _ => {}
                }
            }
        });
        let stream = timeout(Duration::from_secs(30), take).await.unwrap().ok()?;
        Some(Self { stream, task })
    }

    /// Connects and says hello as a peer of the chain.
    pub async fn join(address: &str, key: &NetworkKey) -> Option<Self> {
        let mut adversary = Self::connect(address, key).await?;
        adversary.send(&Frame::Hello(hello())).await.then_some(())?;
        matches!(adversary.receive().await, Some(Frame::Hello(_))).then_some(adversary)
    }

    /// False where the node has hung up.
    pub async fn send(&mut self, frame: &Frame) -> bool {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.send_bytes(&bytes).await
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// The next frame that is no ping; `None` where the node has hung up.
    pub async fn receive(&mut self) -> Option<Frame> {
        loop {
            let mut prefix = [0u8; LENGTH_BYTES];
            timeout(Duration::from_secs(30), self.stream.read_exact(&mut prefix)).await.unwrap().ok()?;
            let mut bytes = vec![0; u32::from_le_bytes(prefix) as usize];
            self.stream.read_exact(&mut bytes).await.ok()?;
            match Frame::decode(&bytes).unwrap() {
                Frame::Ping => {}
                frame => return Some(frame),
            }
        }
    }

    /// Waits until the node has hung up.
    pub async fn closed(&mut self) {
        while self.receive().await.is_some() {}
    }

    /// Asks for these and gives what comes.
    pub async fn want(&mut self, hashes: Vec<B256>) -> usize {
        assert!(self.send(&Frame::Want(hashes)).await);
        let mut count = 0;
        loop {
            match self.receive().await {
                Some(Frame::Answer { last, transactions }) => {
                    count += transactions.len();
                    if last {
                        return count;
                    }
                }
                Some(_) => {}
                None => return count,
            }
        }
    }
}
