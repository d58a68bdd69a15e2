//! The settings of a node. They never change a result, only how this node works.
//!
//! Layers, the later one wins: defaults, the command's own defaults, the TOML file, `ASSAY_*` variables, flags. Every key
//! of the file is also a variable and a flag: `rpc.max_connections`, `ASSAY_RPC_MAX_CONNECTIONS`,
//! `--rpc-max-connections`. [`SETTINGS`] lists them all.

mod check;
mod error;
mod flags;
mod layers;
mod network;
mod settings;
mod show;

pub use error::ConfigError;
pub use flags::ConfigFlags;
pub use layers::{Layers, Loaded, check_text};
pub use network::P2pAddresses;
pub use settings::{SETTINGS, Setting};
pub use show::template;

use serde::{Deserialize, Serialize};

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// JSON-RPC over HTTP and WebSocket.
    pub rpc: RpcSettings,
    /// Metrics, health and the log filter.
    pub admin: AdminSettings,
    /// The network between nodes.
    pub p2p: P2pSettings,
    /// The database.
    pub store: StoreSettings,
    /// The pool of pending transactions.
    pub mempool: MempoolSettings,
    /// Calls, estimates and traces for clients.
    pub query: QuerySettings,
    /// Logs.
    pub log: LogSettings,
    /// Keys.
    pub keys: KeySettings,
}

/// JSON-RPC over HTTP and WebSocket, on one port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcSettings {
    /// Address to listen on.
    pub host: String,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// Namespaces to serve; empty for the default of the address.
    pub namespaces: Vec<String>,
    /// Host names by which clients may address the server.
    pub hosts: Vec<String>,
    /// Browser origins that may call.
    pub cors: Vec<String>,
    /// Largest request, in bytes.
    pub max_request_bytes: u32,
    /// Largest answer, in bytes.
    pub max_response_bytes: u32,
    /// Open connections.
    pub max_connections: u32,
    /// Subscriptions of one connection.
    pub max_subscriptions: u32,
    /// Calls in one batch.
    pub max_batch: u32,
    /// Cost units per second of one address; 0 for no limit.
    pub rate_per_second: u32,
    /// Longest wait of `eth_sendRawTransactionSync`, in milliseconds.
    pub sync_timeout_max_ms: u64,
}

impl Default for RpcSettings {
    fn default() -> Self {
        let limits = assay_rpc::Limits::standard();
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8545,
            namespaces: Vec::new(),
            hosts: Vec::new(),
            cors: vec!["local".to_owned()],
            max_request_bytes: limits.request_bytes,
            max_response_bytes: limits.response_bytes,
            max_connections: limits.connections,
            max_subscriptions: limits.subscriptions_per_connection,
            max_batch: limits.batch_entries,
            rate_per_second: limits.rate_per_second.unwrap_or(0),
            sync_timeout_max_ms: u64::try_from(limits.send_sync_max.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The admin port: `/metrics`, `/health`, `/ready`, the log filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// Address to listen on. It is not meant for the public.
    pub host: String,
    /// Port; 0 takes a free one.
    pub port: u16,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 9545 }
    }
}

/// The network between nodes: consensus, and transaction gossip on a port of its own. Addresses are `host:port` or
/// multiaddresses; see [`P2pAddresses`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct P2pSettings {
    /// Where to listen for consensus; port 0 takes a free one.
    pub listen: String,
    /// Peers to keep connected to.
    pub peers: Vec<String>,
    /// Where to listen for gossip; empty: one port above `listen`.
    pub gossip_listen: String,
    /// Peers of gossip; empty: one port above each of `peers`.
    pub gossip_peers: Vec<String>,
    /// Connections taken from one address.
    pub connections_per_ip_max: u64,
    /// Name of the node in the logs of its peers; empty: that of its data folder.
    pub moniker: String,
}

impl Default for P2pSettings {
    /// On the loopback address: a node is open to others when its operator says so.
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            peers: Vec::new(),
            gossip_listen: String::new(),
            gossip_peers: Vec::new(),
            connections_per_ip_max: 64,
            moniker: String::new(),
        }
    }
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// Memory for its caches, in MiB.
    pub memory_mb: u64,
    /// Heights of old state that can be read.
    pub history_heights: u64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { memory_mb: 512, history_heights: assay_store::HISTORY_HEIGHTS }
    }
}

/// Logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// What is logged, per target: `info,assay_chain=debug`.
    pub filter: String,
    /// Form of the lines.
    pub format: LogFormat,
    /// A file that gets the logs too; empty for none.
    pub file: String,
    /// When that file is rotated.
    pub rotation: LogRotation,
    /// Rotated files that are kept.
    pub files_max: u32,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            // The engine's network tells of every dial that fails; the node itself says who comes and goes.
            filter:
                "info,arc_malachitebft=warn,arc_malachitebft_network=off,arc_malachitebft_discovery=error,libp2p=warn"
                    .to_owned(),
            format: LogFormat::Text,
            file: String::new(),
            rotation: LogRotation::Daily,
            files_max: 14,
        }
    }
}

/// Form of the log's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// When a log file is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogRotation {
    /// Each day.
    Daily,
    /// Each hour.
    Hourly,
    /// Never.
    Never,
}

/// Keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// File or FIFO with the passphrase of the keystores; `-` for standard input, empty for none.
    pub passphrase_file: String,
}

/// The pool of pending transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MempoolSettings {
    /// Most transactions.
    pub transactions_max: u64,
    /// Most bytes of raw transactions, in MiB.
    pub size_max_mb: u64,
    /// Most transactions of one sender.
    pub sender_transactions_max: u64,
    /// How long a transaction may wait, in seconds.
    pub lifetime_s: u64,
}

impl Default for MempoolSettings {
    fn default() -> Self {
        Self { transactions_max: 100_000, size_max_mb: 128, sender_transactions_max: 4_096, lifetime_s: 3 * 60 * 60 }
    }
}

/// Calls, estimates and traces for clients: what they may take from consensus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuerySettings {
    /// Threads that execute them.
    pub threads: u64,
    /// Longest run of one, in milliseconds.
    pub timeout_ms: u64,
    /// Most gas of one.
    pub gas_max: u64,
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self { threads: 2, timeout_ms: 5_000, gas_max: 200_000_000 }
    }
}
