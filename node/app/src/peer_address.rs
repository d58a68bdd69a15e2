//! Where a node listens, and where its peers are: `host:port`, or a multiaddress such as
//! `/ip4/203.0.113.7/tcp/27002/p2p/12D3KooW...`, whose last part pins the peer's key.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use thiserror::Error;

/// Length of an Ed25519 peer id in base 58.
const PEER_ID_LEN: usize = 52;
/// How every Ed25519 peer id begins.
const PEER_ID_HEAD: &str = "12D3KooW";
/// Longest host name (RFC 1035).
const NAME_LEN_MAX: usize = 253;

/// An address over TCP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerAddress {
    /// Where.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// Id of the key that the peer must prove, where it is pinned.
    pub peer_id: Option<String>,
}

/// The host of an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// An IP address.
    Ip(IpAddr),
    /// A name, looked up at every dial.
    Name(String),
}

/// Why a text is no address.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PeerAddressError {
    /// Neither of the two forms.
    #[error("`{0}` is neither HOST:PORT nor /ip4/ADDRESS/tcp/PORT (ip4, ip6 or dns; /p2p/ID may follow)")]
    Form(String),
    /// A host that is none.
    #[error("`{0}` is no host")]
    Host(String),
    /// A port that is none.
    #[error("`{0}` is no port")]
    Port(String),
    /// A peer id that is none.
    #[error("`{0}` is no peer id; `assay keys show` prints a node's (12D3KooW..., {PEER_ID_LEN} characters)")]
    PeerId(String),
}

impl PeerAddress {
    /// The same host one port higher; `None` above the last port. Port 0 stays 0.
    pub fn next_port(&self) -> Option<Self> {
        let port = if self.port == 0 { 0 } else { self.port.checked_add(1)? };
        Some(Self { host: self.host.clone(), port, peer_id: self.peer_id.clone() })
    }

    /// Whether a connection to `self` would reach a listener on `listen`, as far as the addresses alone tell.
    pub fn reaches(&self, listen: &Self) -> bool {
        if self.port != listen.port || self.port == 0 {
            return false;
        }
        match (&self.host, &listen.host) {
            (Host::Ip(to), Host::Ip(at)) => to == at || (at.is_unspecified() && to.is_loopback()),
            (Host::Name(name), Host::Ip(at)) => name == "localhost" && (at.is_loopback() || at.is_unspecified()),
            _ => false,
        }
    }
}

fn port(text: &str) -> Result<u16, PeerAddressError> {
    text.parse().map_err(|_| PeerAddressError::Port(text.to_owned()))
}

fn name(text: &str) -> Result<Host, PeerAddressError> {
    let fits = (1..=NAME_LEN_MAX).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        // Four numbers that are no address are a slip, not a name.
        && !text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if fits { Ok(Host::Name(text.to_owned())) } else { Err(PeerAddressError::Host(text.to_owned())) }
}

fn peer_id(text: &str) -> Result<String, PeerAddressError> {
    let base58 = |byte: u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte);
    let fits = text.len() == PEER_ID_LEN && text.starts_with(PEER_ID_HEAD) && text.bytes().all(base58);
    if fits { Ok(text.to_owned()) } else { Err(PeerAddressError::PeerId(text.to_owned())) }
}

fn multiaddress(text: &str) -> Result<PeerAddress, PeerAddressError> {
    let parts: Vec<&str> = text.split('/').collect();
    let ["", kind, host, "tcp", number, rest @ ..] = parts.as_slice() else {
        return Err(PeerAddressError::Form(text.to_owned()));
    };
    let bad_host = || PeerAddressError::Host((*host).to_owned());
    let host = match *kind {
        "ip4" => Host::Ip(IpAddr::V4(host.parse().map_err(|_| bad_host())?)),
        "ip6" => Host::Ip(IpAddr::V6(host.parse().map_err(|_| bad_host())?)),
        "dns" => name(host)?,
        _ => return Err(PeerAddressError::Form(text.to_owned())),
    };
    let peer_id = match rest {
        [] => None,
        ["p2p", id] => Some(peer_id(id)?),
        _ => return Err(PeerAddressError::Form(text.to_owned())),
    };
    Ok(PeerAddress { host, port: port(number)?, peer_id })
}

impl FromStr for PeerAddress {
    type Err = PeerAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') {
            return multiaddress(text);
        }
        let (host, number) = text.rsplit_once(':').ok_or_else(|| PeerAddressError::Form(text.to_owned()))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(bare) => Host::Ip(IpAddr::V6(bare.parse().map_err(|_| PeerAddressError::Host(bare.to_owned()))?)),
            None => host.parse().map(Host::Ip).or_else(|_| name(host))?,
        };
        Ok(Self { host, port: port(number)?, peer_id: None })
    }
}

impl fmt::Display for PeerAddress {
    /// As a multiaddress.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.host {
            Host::Ip(IpAddr::V4(ip)) => write!(f, "/ip4/{ip}/tcp/{port}")?,
            Host::Ip(IpAddr::V6(ip)) => write!(f, "/ip6/{ip}/tcp/{port}")?,
            Host::Name(name) => write!(f, "/dns/{name}/tcp/{port}")?,
        }
        self.peer_id.as_ref().map_or(Ok(()), |id| write!(f, "/p2p/{id}"))
    }
}
