//! The settings of the network between nodes, as addresses.

use super::{ConfigError, Loaded, P2pSettings};
use crate::peer_address::{Host, PeerAddress};

/// Most peers that a node is told of; the engine keeps no more in mind.
const PEERS_MAX: usize = 256;
/// Longest moniker, in characters.
const MONIKER_LEN_MAX: usize = 64;

/// Addresses of the two protocols between nodes: consensus and transaction gossip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct P2pAddresses {
    /// Where consensus listens.
    pub listen: PeerAddress,
    /// Peers of consensus.
    pub peers: Vec<PeerAddress>,
    /// Where gossip listens.
    pub gossip_listen: PeerAddress,
    /// Peers of gossip.
    pub gossip_peers: Vec<PeerAddress>,
}

/// A refusal: the setting without its section, and the reason.
type Refusal = (&'static str, String);

impl P2pSettings {
    /// Reads the addresses; those of gossip are one port higher than those of consensus, unless they are given.
    ///
    /// # Errors
    /// The setting that cannot be used, and why.
    pub fn addresses(&self) -> Result<P2pAddresses, Refusal> {
        let listen = listener("listen", &self.listen)?;
        let peers = peers("peers", &self.peers, &listen)?;
        let gossip_listen = match self.gossip_listen.as_str() {
            "" => listen.next_port().ok_or(("listen", "leaves no port above it for gossip_listen".to_owned()))?,
            text => listener("gossip_listen", text)?,
        };
        if listen.reaches(&gossip_listen) || gossip_listen.reaches(&listen) {
            return Err(("gossip_listen", "is also p2p.listen; each protocol has a port of its own".to_owned()));
        }
        let gossip_peers = if self.gossip_peers.is_empty() {
            let above = |peer: &PeerAddress| {
                peer.next_port().ok_or_else(|| ("peers", format!("{peer} leaves no port above it for gossip_peers")))
            };
            peers.iter().map(above).collect::<Result<_, _>>()?
        } else {
            self::peers("gossip_peers", &self.gossip_peers, &gossip_listen)?
        };
        Ok(P2pAddresses { listen, peers, gossip_listen, gossip_peers })
    }
}

fn listener(key: &'static str, text: &str) -> Result<PeerAddress, Refusal> {
    let address: PeerAddress =
        text.parse().map_err(|error: crate::peer_address::PeerAddressError| (key, error.to_string()))?;
    match (&address.host, &address.peer_id) {
        (Host::Name(name), _) => Err((key, format!("`{name}` is a name; a listener needs an IP address"))),
        (_, Some(_)) => Err((key, "a listener has no /p2p/ part".to_owned())),
        _ => Ok(address),
    }
}

fn peers(key: &'static str, texts: &[String], listen: &PeerAddress) -> Result<Vec<PeerAddress>, Refusal> {
    if texts.len() > PEERS_MAX {
        return Err((key, format!("{} peers; at most {PEERS_MAX}", texts.len())));
    }
    let mut peers: Vec<PeerAddress> = Vec::new();
    for text in texts {
        let peer: PeerAddress =
            text.parse().map_err(|error: crate::peer_address::PeerAddressError| (key, error.to_string()))?;
        if peer.port == 0 {
            return Err((key, format!("`{text}`: a peer has a port")));
        }
        if peer.reaches(listen) {
            return Err((key, format!("`{text}` is this node itself")));
        }
        if peers.iter().any(|other| (&other.host, other.port) == (&peer.host, peer.port)) {
            return Err((key, format!("`{text}` is listed twice")));
        }
        peers.push(peer);
    }
    Ok(peers)
}

impl Loaded {
    pub(super) fn check_p2p(&self) -> Result<(), ConfigError> {
        let p2p = &self.config.p2p;
        p2p.addresses().map_err(|(key, reason)| self.wrong(&format!("p2p.{key}"), reason))?;
        self.bounded("p2p.connections_per_ip_max", p2p.connections_per_ip_max, 1, 10_000)?;
        if p2p.moniker.chars().count() > MONIKER_LEN_MAX || p2p.moniker.chars().any(char::is_control) {
            let reason = format!("must be at most {MONIKER_LEN_MAX} characters, none of them a control character");
            return Err(self.wrong("p2p.moniker", reason));
        }
        Ok(())
    }
}
