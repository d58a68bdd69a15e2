//! What an operator may set, and the defaults.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A group of methods that is served or not as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespace {
    /// `eth_`: the chain, its state, transactions, filters, subscriptions.
    Eth,
    /// `net_`.
    Net,
    /// `web3_`.
    Web3,
    /// `rpc_`.
    Rpc,
    /// `assay_`: what Ethereum has no method for.
    Assay,
    /// `txpool_`: everybody's waiting transactions.
    Txpool,
    /// `debug_`: traces and raw objects.
    Debug,
    /// `anvil_`, `hardhat_` and `evm_` methods that development tools probe for; only on a development chain.
    Dev,
}

impl Namespace {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Eth, Self::Net, Self::Web3, Self::Rpc, Self::Assay, Self::Txpool, Self::Debug, Self::Dev];

    /// Its name, as in config and in `rpc_modules`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eth => "eth",
            Self::Net => "net",
            Self::Web3 => "web3",
            Self::Rpc => "rpc",
            Self::Assay => "assay",
            Self::Txpool => "txpool",
            Self::Debug => "debug",
            Self::Dev => "dev",
        }
    }

    /// The namespace of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|namespace| namespace.name() == name)
    }

    /// Those that may be served to anybody.
    pub fn public() -> BTreeSet<Self> {
        BTreeSet::from([Self::Eth, Self::Net, Self::Web3, Self::Rpc, Self::Assay])
    }
}

/// Which web pages may use the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// Pages served by this machine (`localhost` and loopback addresses, any port).
    Local,
    /// All pages.
    Any,
    /// Pages of these origins (`https://app.example.org`).
    Origins(Vec<String>),
    /// None.
    Off,
}

/// Bounds of what clients can make the server do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body or WebSocket message, in bytes.
    pub request_bytes: u32,
    /// Largest answer, in bytes; a batch counts as one.
    pub response_bytes: u32,
    /// Request bodies that may be held at once, in bytes, over all connections.
    pub bodies_bytes: u32,
    /// Deepest nesting of a JSON request.
    pub json_depth: usize,
    /// Most entries of a batch.
    pub batch_entries: u32,
    /// Entries of one batch that run at the same time.
    pub batch_concurrency: usize,
    /// Most connections.
    pub connections: u32,
    /// Most subscriptions of one connection.
    pub subscriptions_per_connection: u32,
    /// Messages that wait for a slow WebSocket client before its subscriptions are dropped.
    pub subscription_buffer: u32,
    /// Calls that may run at once, over all connections.
    pub in_flight: usize,
    /// `eth_sendRawTransactionSync` calls that may wait at once.
    pub waiting: usize,
    /// Cost units per second of one address; `None`: no limit. A plain read costs 1, a heavy call up to 20.
    pub rate_per_second: Option<u32>,
    /// Whether the rate limit holds for clients on this machine, too.
    pub rate_loopback: bool,
    /// Most filters.
    pub filters: usize,
    /// A filter that nobody asks for this long is removed.
    pub filter_idle: Duration,
    /// Emitters and topics of one log filter, each.
    pub filter_terms: usize,
    /// How long `eth_sendRawTransactionSync` waits where the client does not say.
    pub send_sync_default: Duration,
    /// How long it waits at most.
    pub send_sync_max: Duration,
    /// Time to receive a request body.
    pub body_timeout: Duration,
    /// A connection without traffic is closed after this.
    pub idle_timeout: Duration,
    /// A connection that does not take what is sent to it is closed after this.
    pub stall_timeout: Duration,
    /// Blocks that a subscription may resume over (`fromBlock`).
    pub resume_blocks: u64,
}

impl Limits {
    /// The defaults.
    pub const fn standard() -> Self {
        Self {
            request_bytes: 5 * 1024 * 1024,
            response_bytes: 128 * 1024 * 1024,
            bodies_bytes: 128 * 1024 * 1024,
            json_depth: 64,
            batch_entries: 100,
            batch_concurrency: 8,
            connections: 512,
            subscriptions_per_connection: 32,
            subscription_buffer: 1024,
            in_flight: 1024,
            waiting: 4096,
            rate_per_second: Some(500),
            rate_loopback: false,
            filters: 1024,
            filter_idle: Duration::from_secs(300),
            filter_terms: 1024,
            send_sync_default: Duration::from_secs(20),
            send_sync_max: Duration::from_secs(60),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            stall_timeout: Duration::from_secs(20),
            resume_blocks: 10_000,
        }
    }
}

/// The JSON-RPC server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcConfig {
    /// Where to listen, HTTP and WebSocket alike; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to serve; `None`: everything on a loopback address, else [`Namespace::public`].
    pub namespaces: Option<BTreeSet<Namespace>>,
    /// Host names by which clients may address the server, `localhost` and IP addresses aside (against DNS
    /// rebinding); `*` allows all.
    pub hosts: Vec<String>,
    /// Which web pages may use the port.
    pub cors: Cors,
    /// Bounds.
    pub limits: Limits,
    /// Whether this is a development chain, with the methods that development tools probe for.
    pub dev: bool,
    /// What `web3_clientVersion` answers, such as `assay/v0.1.0/linux-x86_64`.
    pub client_version: String,
}

impl RpcConfig {
    /// The defaults on a loopback port.
    pub fn local(port: u16) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            namespaces: None,
            hosts: Vec::new(),
            cors: Cors::Local,
            limits: Limits::standard(),
            dev: false,
            client_version: concat!("assay/v", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// What is served, the defaults resolved.
    pub fn served(&self) -> BTreeSet<Namespace> {
        let mut served = match &self.namespaces {
            Some(namespaces) => namespaces.clone(),
            None if self.listen.ip().is_loopback() => Namespace::ALL.into_iter().collect(),
            None => Namespace::public(),
        };
        if !self.dev {
            served.remove(&Namespace::Dev);
        }
        served
    }
}
