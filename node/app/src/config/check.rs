//! Rules of single settings and between them.

use super::{ConfigError, Loaded};
use assay_rpc::Namespace;
use std::net::ToSocketAddrs as _;

/// Smallest memory of the store, in MiB.
const STORE_MEMORY_MB_MIN: u64 = (assay_store::MEMORY_BYTES_MIN as u64).div_ceil(1 << 20);
/// EIP-7825: a transaction may use that much, so a call must be able to.
const TX_GAS_MAX: u64 = 1 << 24;

impl Loaded {
    pub(super) fn wrong(&self, key: &str, reason: impl Into<String>) -> ConfigError {
        let value = self.value(key).map(|value| super::show::text(&value)).unwrap_or_default();
        ConfigError::Value { key: key.to_owned(), value, origin: self.origin(key), reason: reason.into() }
    }

    pub(super) fn bounded(&self, key: &str, value: u64, min: u64, max: u64) -> Result<(), ConfigError> {
        if (min..=max).contains(&value) { Ok(()) } else { Err(self.wrong(key, format!("must be {min} to {max}"))) }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_rpc()?;
        self.check_p2p()?;
        let config = &self.config;
        self.bounded("store.memory_mb", config.store.memory_mb, STORE_MEMORY_MB_MIN, 1 << 20)?;
        self.bounded("store.history_heights", config.store.history_heights, 256, 1 << 40)?;
        self.bounded("mempool.transactions_max", config.mempool.transactions_max, 16, 10_000_000)?;
        self.bounded("mempool.size_max_mb", config.mempool.size_max_mb, 1, 1 << 16)?;
        self.bounded(
            "mempool.sender_transactions_max",
            config.mempool.sender_transactions_max,
            1,
            config.mempool.transactions_max,
        )?;
        self.bounded("mempool.lifetime_s", config.mempool.lifetime_s, 1, 30 * 24 * 60 * 60)?;
        self.bounded("query.threads", config.query.threads, 1, 64)?;
        self.bounded("query.timeout_ms", config.query.timeout_ms, 10, 600_000)?;
        self.bounded("query.gas_max", config.query.gas_max, TX_GAS_MAX, 100_000_000_000)?;
        self.bounded("log.files_max", u64::from(config.log.files_max), 1, 10_000)?;
        crate::logs::parse_filter(&config.log.filter).map_err(|reason| self.wrong("log.filter", reason))
    }

    fn check_rpc(&self) -> Result<(), ConfigError> {
        let (rpc, admin) = (&self.config.rpc, &self.config.admin);
        self.bounded("rpc.max_request_bytes", u64::from(rpc.max_request_bytes), 1 << 18, 1 << 30)?;
        self.bounded("rpc.max_response_bytes", u64::from(rpc.max_response_bytes), 1 << 18, 1 << 31)?;
        self.bounded("rpc.max_connections", u64::from(rpc.max_connections), 1, 1_000_000)?;
        self.bounded("rpc.max_subscriptions", u64::from(rpc.max_subscriptions), 1, 100_000)?;
        self.bounded("rpc.max_batch", u64::from(rpc.max_batch), 1, 100_000)?;
        self.bounded("rpc.sync_timeout_max_ms", rpc.sync_timeout_max_ms, 1, 3_600_000)?;
        for (key, host) in [("rpc.host", &rpc.host), ("admin.host", &admin.host)] {
            let mut found = (host.as_str(), 0).to_socket_addrs().map_err(|error| self.wrong(key, error.to_string()))?;
            if found.next().is_none() {
                return Err(self.wrong(key, "names no address"));
            }
        }
        if rpc.port != 0 && rpc.port == admin.port && rpc.host == admin.host {
            return Err(self.wrong("admin.port", format!("is also rpc.port ({})", self.origin("rpc.port"))));
        }
        let names: Vec<&str> = Namespace::ALL.iter().map(|namespace| namespace.name()).collect();
        for name in &rpc.namespaces {
            if Namespace::from_name(name).is_none() {
                let near = super::error::nearest(name, names.iter().copied());
                let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
                let reason = format!("`{name}` is none of {}{hint}", names.join(", "));
                return Err(self.wrong("rpc.namespaces", reason));
            }
        }
        let is_special = |origin: &String| matches!(origin.as_str(), "local" | "off" | "*");
        if rpc.cors.len() > 1 && rpc.cors.iter().any(is_special) {
            return Err(self.wrong("rpc.cors", "`local`, `off` and `*` stand alone"));
        }
        if let Some(origin) = rpc.cors.iter().find(|o| !is_special(o) && !o.starts_with("http")) {
            return Err(self.wrong("rpc.cors", format!("`{origin}` is no origin such as https://app.example.org")));
        }
        Ok(())
    }
}
