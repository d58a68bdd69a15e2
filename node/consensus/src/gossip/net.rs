//! The network task: listens, keeps configured peers dialled, and runs a task per connection.

use super::connection::{self, Link};
use super::limits::{HELLO_TIME_MAX, NET_TICK, REDIAL_MAX, REDIAL_MIN, STREAMS_MAX};
use super::streams::{Opened, StreamEvent, Streams, ip_of};
use super::{End, GossipError, Shared};
use futures::StreamExt as _;
use libp2p::core::multiaddr::Protocol;
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, noise, tcp, yamux};
use rand::Rng as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// A configured peer.
#[derive(Debug)]
struct Target {
    address: Multiaddr,
    /// Known from the address, or once it has been reached.
    peer: Option<PeerId>,
    /// The connection that is being made or used.
    connection: Option<ConnectionId>,
    failures: u32,
    next: Instant,
    /// Its address is this node's own.
    is_self: bool,
}

impl Target {
    fn new(address: Multiaddr) -> Self {
        let peer = address.iter().find_map(|part| match part {
            Protocol::P2p(peer) => Some(peer),
            _ => None,
        });
        Self { address, peer, connection: None, failures: 0, next: Instant::now(), is_self: false }
    }

    /// Waits longer after each failure; a little at random, so that two nodes do not dial in step for ever.
    fn back_off(&mut self) {
        let wait = REDIAL_MIN.saturating_mul(1 << self.failures.min(10)).min(REDIAL_MAX);
        let wait = wait.mul_f64(rand::thread_rng().gen_range(0.8..1.2));
        self.failures = self.failures.saturating_add(1);
        self.next = Instant::now() + wait;
        self.connection = None;
    }
}

#[derive(Debug)]
struct Connection {
    link: Link,
    since: Instant,
    opened: bool,
}

/// The swarm and what it knows of its connections.
pub(super) struct Net {
    shared: Arc<Shared>,
    swarm: Swarm<Streams>,
    targets: Vec<Target>,
    connections: BTreeMap<ConnectionId, Connection>,
    tasks: JoinSet<(ConnectionId, End)>,
}

pub(super) fn swarm(shared: &Arc<Shared>, key: &Keypair) -> Result<Swarm<Streams>, GossipError> {
    let failed = |error: String| GossipError::Network(error);
    let muxer = || {
        let mut config = yamux::Config::default();
        // With this bound a peer's unread bytes are bounded too: one window of 256 KiB per stream.
        config.set_max_num_streams(STREAMS_MAX);
        config
    };
    let streams = Streams::new(Arc::clone(shared));
    let swarm = SwarmBuilder::with_existing_identity(key.clone())
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, muxer)
        .map_err(|error| failed(error.to_string()))?
        .with_dns()
        .map_err(|error| failed(error.to_string()))?
        .with_behaviour(|_| streams)
        .map_err(|error| failed(error.to_string()))?
        .with_swarm_config(|config| config.with_max_negotiating_inbound_streams(STREAMS_MAX))
        .build();
    Ok(swarm)
}

impl Net {
    /// Makes the swarm and begins to listen; not yet bound on return.
    pub(super) fn new(
        shared: Arc<Shared>,
        key: &Keypair,
        listen: Option<Multiaddr>,
        peers: Vec<Multiaddr>,
    ) -> Result<Self, GossipError> {
        let mut swarm = swarm(&shared, key)?;
        if let Some(address) = listen {
            swarm
                .listen_on(address.clone())
                .map_err(|error| GossipError::Listen { address: address.to_string(), reason: error.to_string() })?;
        }
        let targets = peers.into_iter().map(Target::new).collect();
        Ok(Self { shared, swarm, targets, connections: BTreeMap::new(), tasks: JoinSet::new() })
    }

    /// Runs until asked to stop.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(NET_TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Ok((connection, end)) = ended {
                        self.on_end(connection, end);
                    }
                }
                _ = ticks.tick() => self.on_tick(),
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    fn on_tick(&mut self) {
        let now = Instant::now();
        let silent = |connection: &Connection| !connection.opened && now - connection.since > HELLO_TIME_MAX;
        let silent: Vec<_> = self.connections.iter().filter(|(_, c)| silent(c)).map(|(id, _)| *id).collect();
        for connection in silent {
            self.swarm.close_connection(connection);
        }
        for index in 0..self.targets.len() {
            self.dial(index, now);
        }
    }

    fn dial(&mut self, index: usize, now: Instant) {
        let Some(target) = self.targets.get_mut(index) else { return };
        if target.is_self || target.connection.is_some() || target.next > now {
            return;
        }
        if let Some(peer) = &target.peer {
            // One lock at a time.
            let joined = self.shared.hub().is_joined(peer);
            let banned = self.shared.conduct().is_banned(peer, now);
            if joined || banned {
                return;
            }
        }
        let options = match target.peer {
            Some(peer) => {
                DialOpts::peer_id(peer).addresses(vec![target.address.clone()]).condition(PeerCondition::Always).build()
            }
            None => DialOpts::unknown_peer_id().address(target.address.clone()).build(),
        };
        target.connection = Some(options.connection_id());
        if let Err(error) = self.swarm.dial(options) {
            self.dial_failed(index, &error);
        }
    }

    fn dial_failed(&mut self, index: usize, error: &DialError) {
        let Some(target) = self.targets.get_mut(index) else { return };
        if matches!(error, DialError::LocalPeerId { .. }) {
            target.is_self = true;
            tracing::info!(address = %target.address, "gossip: a configured peer is this node itself");
            return;
        }
        self.shared.counters.dial_failures.add(1);
        // An operator needs to hear of it once, not every quarter of a second.
        if target.failures == 4 {
            tracing::warn!(address = %target.address, %error, "gossip: a configured peer cannot be reached; trying on");
        } else {
            tracing::debug!(address = %target.address, %error, "gossip: dial failed");
        }
        target.back_off();
    }

    fn target_of(&mut self, connection: ConnectionId) -> Option<&mut Target> {
        self.targets.iter_mut().find(|target| target.connection == Some(connection))
    }

    fn on_event(&mut self, event: SwarmEvent<StreamEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, "gossip: listening");
                self.shared.listening.send_modify(|all| all.push(address.to_string()));
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "gossip: the listener failed"),
            SwarmEvent::ListenerClosed { reason, .. } => {
                let reason = reason.err().map_or_else(|| "closed".to_owned(), |error| error.to_string());
                tracing::error!(reason, "gossip: no longer listening; peers must be dialled by this node");
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let remote = endpoint.get_remote_address();
                let link = Link {
                    peer: peer_id,
                    address: remote.to_string(),
                    ip: ip_of(remote),
                    outbound: endpoint.is_dialer(),
                };
                if let Some(target) = self.target_of(connection_id) {
                    target.peer = Some(peer_id);
                }
                self.connections.insert(connection_id, Connection { link, since: Instant::now(), opened: false });
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } => {
                self.connections.remove(&connection_id);
                if let Some(target) = self.target_of(connection_id) {
                    target.back_off();
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some(index) = self.targets.iter().position(|t| t.connection == Some(connection_id)) {
                    self.dial_failed(index, &error);
                }
            }
            SwarmEvent::Behaviour(StreamEvent { peer, connection, opened }) => self.on_stream(peer, connection, opened),
            _ => {}
        }
    }

    fn on_stream(&mut self, peer: PeerId, id: ConnectionId, opened: Opened) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match opened {
            Opened::Stream(stream) => {
                connection.opened = true;
                let run = connection::run(Arc::clone(&self.shared), stream, connection.link.clone());
                self.tasks.spawn(async move { (id, run.await) });
            }
            Opened::Failed => {
                tracing::warn!(%peer, address = %connection.link.address, "gossip: this peer does not speak the protocol");
                self.swarm.close_connection(id);
            }
        }
    }

    fn on_end(&mut self, id: ConnectionId, end: End) {
        if let Some(connection) = self.connections.get(&id) {
            let Link { peer, address, .. } = &connection.link;
            // Of a failing configured peer the first few are said, then one in a while.
            match &end {
                End::Duplicate | End::Banned => {}
                End::Refused(reason) => {
                    self.shared.counters.refused_peers.add(1);
                    tracing::warn!(%peer, %address, reason, "gossip: peer refused");
                }
                End::RefusedByPeer(reason) => {
                    tracing::warn!(%peer, %address, reason, "gossip: the peer refuses this node")
                }
                End::Violated(error) => tracing::warn!(%peer, %address, %error, "gossip: the peer breaks the protocol"),
                End::Silent => tracing::info!(%peer, %address, "gossip: peer left without a word"),
                End::Closed => tracing::info!(%peer, %address, "gossip: peer left"),
            }
            // One that worked is dialled again soon.
            let worked = !matches!(end, End::Refused(_) | End::RefusedByPeer(_) | End::Violated(_) | End::Banned)
                && connection.since.elapsed() > Duration::from_secs(1);
            if worked && let Some(target) = self.target_of(id) {
                target.failures = 0;
            }
        }
        self.swarm.close_connection(id);
    }
}
