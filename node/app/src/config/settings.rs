//! The table of all settings: from it come flags, variables, help and the file template.

use super::{Config, ConfigError};
use figment::value::{Dict, Value};

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `section.key`, as in the file.
    pub path: &'static str,
    /// What it does, with its unit.
    pub help: &'static str,
    /// A second, shorter flag.
    pub alias: Option<&'static str>,
}

const fn setting(path: &'static str, help: &'static str) -> Setting {
    Setting { path, help, alias: None }
}

/// All settings, by section.
pub const SETTINGS: &[Setting] = &[
    Setting { path: "rpc.host", help: "Address of the JSON-RPC server", alias: Some("host") },
    setting("rpc.port", "Port of the JSON-RPC server, HTTP and WebSocket; 0 takes a free one"),
    setting("rpc.namespaces", "Namespaces to serve; empty: all on a loopback address, else the public ones"),
    setting(
        "rpc.hosts",
        "Host names by which clients may address the server, besides localhost and addresses; `*` for all",
    ),
    setting("rpc.cors", "Web pages that may call: `local`, `off`, `*`, or a list of origins"),
    setting("rpc.max_request_bytes", "Largest request, in bytes"),
    setting("rpc.max_response_bytes", "Largest answer, in bytes"),
    setting("rpc.max_connections", "Most open connections"),
    setting("rpc.max_subscriptions", "Most subscriptions of one connection"),
    setting("rpc.max_batch", "Most calls in one batch"),
    setting(
        "rpc.rate_per_second",
        "Cost units per second of one address (a read is 1, heavy calls up to 20); 0: no limit",
    ),
    setting("rpc.sync_timeout_max_ms", "Longest wait of eth_sendRawTransactionSync, in milliseconds"),
    setting("admin.host", "Address of the admin server (/metrics, /health, /ready); keep it private"),
    setting("admin.port", "Port of the admin server; 0 takes a free one"),
    setting(
        "p2p.listen",
        "Where to listen for consensus: address:port, or /ip4/ADDRESS/tcp/PORT; port 0 takes a free one",
    ),
    setting("p2p.peers", "Peers to keep connected to: host:port, or /ip4/ADDRESS/tcp/PORT/p2p/ID, which pins the key"),
    setting("p2p.gossip_listen", "Where to listen for transaction gossip; empty: one port above p2p.listen"),
    setting("p2p.gossip_peers", "Peers of transaction gossip; empty: one port above each of p2p.peers"),
    setting("p2p.connections_per_ip_max", "Most connections taken from one address"),
    setting("p2p.moniker", "Name of this node in the logs of its peers; empty: that of its data folder"),
    setting("store.memory_mb", "Memory for the database's caches, in MiB"),
    setting("store.history_heights", "How many heights of old state can be read"),
    setting("mempool.transactions_max", "Most pending transactions"),
    setting("mempool.size_max_mb", "Most bytes of pending transactions, in MiB"),
    setting("mempool.sender_transactions_max", "Most pending transactions of one sender"),
    setting("mempool.lifetime_s", "How long a transaction may wait, in seconds"),
    setting("query.threads", "Threads for calls, estimates and traces of clients"),
    setting("query.timeout_ms", "Longest run of a call, estimate or trace, in milliseconds"),
    setting("query.gas_max", "Most gas of a call, estimate or trace"),
    setting("log.filter", "What is logged, per target: `info,assay_chain=debug`; can be changed while running"),
    setting("log.format", "Form of the log's lines: text or json"),
    setting("log.file", "A file that gets the logs too; empty for none"),
    setting("log.rotation", "When the log file is rotated: daily, hourly or never"),
    setting("log.files_max", "Rotated log files that are kept"),
    Setting {
        path: "keys.passphrase_file",
        help: "File or FIFO with the passphrase of the keystores; `-` for standard input",
        alias: Some("passphrase-file"),
    },
];

impl Setting {
    /// The flag, without dashes: `rpc-max-connections`.
    pub fn flag(&self) -> String {
        self.path.replace(['.', '_'], "-")
    }

    /// The environment variable: `ASSAY_RPC_MAX_CONNECTIONS`.
    pub fn variable(&self) -> String {
        format!("ASSAY_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// Its value among others, as the file would have it.
    pub(super) fn value_in<'a>(&self, dict: &'a Dict) -> Option<&'a Value> {
        let (section, key) = self.path.split_once('.')?;
        dict.get(section)?.as_dict()?.get(key)
    }

    /// Reads a value written as text, in the type that the default has; lists are separated by commas.
    pub(super) fn read(&self, text: &str, defaults: &Dict) -> Result<Value, &'static str> {
        let text = text.trim();
        match self.value_in(defaults) {
            Some(Value::Num(..)) => text.replace('_', "").parse::<u64>().map(Value::from).map_err(|_| "a whole number"),
            Some(Value::Bool(..)) => text.parse::<bool>().map(Value::from).map_err(|_| "true or false"),
            Some(Value::Array(..)) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(Value::from(items.map(str::to_owned).collect::<Vec<String>>()))
            }
            _ => Ok(Value::from(text)),
        }
    }
}

/// The defaults as a dictionary.
pub(super) fn defaults() -> Result<Dict, ConfigError> {
    let internal = |reason: String| ConfigError::Value {
        key: "defaults".to_owned(),
        value: String::new(),
        origin: "default".to_owned(),
        reason,
    };
    let value = Value::serialize(Config::default()).map_err(|error| internal(error.to_string()))?;
    value.into_dict().ok_or_else(|| internal("no table".to_owned()))
}

/// The setting with a path.
pub(super) fn find(path: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.path == path)
}
