//! The swarm's behaviour: connections are bounded and the banned are refused before anything is spent on them; each
//! connection gets one stream, opened by whoever dialled, and hands it out.

use super::Shared;
use super::limits::VERSION;
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::core::{Endpoint, multiaddr::Protocol};
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour, Stream,
    StreamProtocol, SubstreamProtocol, THandlerInEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use thiserror::Error;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/assay/transactions/1");
const _: () = assert!(VERSION == 1, "the name of the protocol carries its version");

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Denied {
    #[error("as many inbound connections as are taken")]
    Inbound,
    #[error("as many connections from {0} as are taken")]
    Ip(IpAddr),
    #[error("banned")]
    Banned,
}

/// The IP address in a multiaddress.
pub(super) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.to_ipv4_mapped().map_or(ip.into(), Into::into)),
        _ => None,
    })
}

/// What happened to the stream of a connection.
#[derive(Debug)]
pub(super) enum Opened {
    /// It is there.
    Stream(Stream),
    /// The peer does not speak the protocol.
    Failed,
}

/// A connection and what happened to its stream.
#[derive(Debug)]
pub(super) struct StreamEvent {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    pub(super) opened: Opened,
}

pub(super) struct Streams {
    shared: Arc<Shared>,
    /// Inbound connections, pending ones too.
    inbound: BTreeMap<ConnectionId, Option<IpAddr>>,
    events: VecDeque<StreamEvent>,
}

impl Streams {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, inbound: BTreeMap::new(), events: VecDeque::new() }
    }

    fn check_peer(&self, peer: &PeerId) -> Result<(), ConnectionDenied> {
        if self.shared.conduct().is_banned(peer, Instant::now()) {
            return Err(ConnectionDenied::new(Denied::Banned));
        }
        Ok(())
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = StreamEvent;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let config = &self.shared.config;
        if self.inbound.len() >= config.inbound_max {
            return Err(ConnectionDenied::new(Denied::Inbound));
        }
        let ip = ip_of(remote);
        if let Some(ip) = ip {
            if self.shared.conduct().is_ip_banned(ip, Instant::now()) {
                return Err(ConnectionDenied::new(Denied::Banned));
            }
            let of_ip = self.inbound.values().filter(|other| **other == Some(ip)).count();
            if of_ip >= config.connections_per_ip_max {
                return Err(ConnectionDenied::new(Denied::Ip(ip)));
            }
        }
        self.inbound.insert(connection, ip);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _connection: ConnectionId,
        peer: PeerId,
        _local: &Multiaddr,
        _remote: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        self.check_peer(&peer)?;
        Ok(Handler { request: false, given: false, opened: None })
    }

    fn handle_established_outbound_connection(
        &mut self,
        _connection: ConnectionId,
        peer: PeerId,
        _address: &Multiaddr,
        _role: Endpoint,
        _port: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        self.check_peer(&peer)?;
        Ok(Handler { request: true, given: false, opened: None })
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => {
                self.inbound.remove(&closed.connection_id);
            }
            FromSwarm::ListenFailure(failure) => {
                self.inbound.remove(&failure.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, opened: Opened) {
        self.events.push_back(StreamEvent { peer, connection, opened });
    }

    fn poll(&mut self, _cx: &mut Context<'_>) -> Poll<ToSwarm<StreamEvent, THandlerInEvent<Self>>> {
        match self.events.pop_front() {
            Some(event) => Poll::Ready(ToSwarm::GenerateEvent(event)),
            None => Poll::Pending,
        }
    }
}

/// One connection's stream.
#[derive(Debug)]
pub(super) struct Handler {
    /// The stream is to be opened from this side.
    request: bool,
    /// The first stream is used; others are dropped.
    given: bool,
    opened: Option<Opened>,
}

impl Handler {
    fn give(&mut self, stream: Stream) {
        if !std::mem::replace(&mut self.given, true) {
            self.opened = Some(Opened::Stream(stream));
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Opened;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn connection_keep_alive(&self) -> bool {
        // The network task closes what does not say hello in time.
        true
    }

    fn poll(&mut self, _cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Opened>> {
        if let Some(opened) = self.opened.take() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(opened));
        }
        if std::mem::take(&mut self.request) {
            let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ());
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. })
            | ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, .. }) => self.give(protocol),
            ConnectionEvent::DialUpgradeError(_) => self.opened = Some(Opened::Failed),
            _ => {}
        }
    }
}
