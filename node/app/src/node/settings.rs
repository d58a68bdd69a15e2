//! What each part of a node is started with, from the settings.

use super::status::Watched;
use crate::build;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::keys::{NodeKeys, is_dev};
use crate::logs::FilterHandle;
use crate::metrics;
use assay_chain::{ChainConfig, ProposerIdentity};
use assay_consensus::{EngineConfig, Pacing, Timeouts};
use assay_genesis::ChainSpec;
use assay_rpc::{AdminConfig, AdminHooks, Cors, Limits, Namespace, RpcConfig};
use assay_store::StoreOptions;
use prometheus_client::registry::Registry;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

/// Stack of the thread on which the engine calls the chain: blocks are executed there. Reserved, committed as it is used.
const APPLICATION_STACK_BYTES: usize = 1024 * 1024 * 1024;
/// Time between blocks that are made on demand for scheduled work.
const SLOW_TICK: Duration = Duration::from_secs(1);

/// Transactions that wait without a block for this long make the node not ready.
const STALE_AFTER: Duration = Duration::from_secs(30);

pub(super) fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn mebibytes(value: u64) -> usize {
    size(value.saturating_mul(1 << 20))
}

pub(super) fn store(config: &Config) -> StoreOptions {
    StoreOptions {
        memory_bytes: mebibytes(config.store.memory_mb),
        history_heights: config.store.history_heights,
        ..StoreOptions::default()
    }
}

pub(super) fn chain(config: &Config, data_dir: &DataDir, keys: &NodeKeys) -> ChainConfig {
    let mut chain = ChainConfig::new(
        keys.validator()
            .map(|keys| ProposerIdentity { address: keys.consensus.address(), randomness: keys.randomness.clone() }),
    );
    chain.journal = Some(data_dir.pool().join("journal"));
    chain.pool.count_max = size(config.mempool.transactions_max);
    chain.pool.bytes_max = mebibytes(config.mempool.size_max_mb);
    chain.pool.sender_count_max = size(config.mempool.sender_transactions_max);
    chain.pool.sender_bytes_max = chain.pool.sender_bytes_max.min(chain.pool.bytes_max);
    chain.pool.lifetime_ms = config.mempool.lifetime_s.saturating_mul(1000);
    chain.queries.threads = size(config.query.threads);
    chain.queries.timeout_ms = config.query.timeout_ms;
    chain.queries.gas_cap = config.query.gas_max;
    chain
}

/// The engine's settings.
///
/// # Errors
/// `Usage` for addresses that cannot be used, or a peer with this node's own key.
pub(super) fn engine(
    spec: &ChainSpec,
    data_dir: &DataDir,
    pacing: Pacing,
    config: &Config,
    keys: &NodeKeys,
) -> Result<EngineConfig, AppError> {
    let timing = &spec.params.timing;
    let mut engine = EngineConfig::local(spec.chain_id, data_dir.consensus());
    let usage = |(key, reason): (&str, String)| AppError::Usage(format!("p2p.{key}: {reason}"));
    let addresses = config.p2p.addresses().map_err(usage)?;
    let own_id = keys.network().peer_id();
    for (key, peers) in [("peers", &addresses.peers), ("gossip_peers", &addresses.gossip_peers)] {
        if let Some(own) = peers.iter().find(|peer| peer.peer_id.as_deref() == Some(own_id.as_str())) {
            return Err(usage((key, format!("`{own}` has this node's own key"))));
        }
    }
    engine.listen_addr = addresses.listen.to_string();
    engine.peers = addresses.peers.iter().map(ToString::to_string).collect();
    engine.connections_per_ip_max = size(config.p2p.connections_per_ip_max);
    engine.moniker = moniker(config, data_dir);
    engine.pacing = pacing;
    engine.timeouts = Timeouts {
        propose: Duration::from_millis(timing.propose_timeout_ms),
        prevote: Duration::from_millis(timing.vote_timeout_ms),
        precommit: Duration::from_millis(timing.vote_timeout_ms),
        propose_delta: Duration::from_millis(timing.propose_timeout_delta_ms),
        vote_delta: Duration::from_millis(timing.vote_timeout_delta_ms),
    };
    // Development keys sign on every developer's machine, each on a chain of its own; a key with a secret may have
    // signed elsewhere, so its guard is made by an operator.
    let alone = spec.validators.len() == 1;
    engine.create_guard = alone && keys.validator().is_some_and(|keys| is_dev(keys.consensus.public_key()));
    engine.application_stack_bytes = APPLICATION_STACK_BYTES;
    Ok(engine)
}

/// The node's name in the logs of its peers.
fn moniker(config: &Config, data_dir: &DataDir) -> String {
    let folder = || data_dir.root().file_name().unwrap_or_default().to_string_lossy().into_owned();
    Some(config.p2p.moniker.clone()).filter(|moniker| !moniker.is_empty()).unwrap_or_else(folder)
}

/// How a chain without on-demand blocks is paced.
pub fn interval_of(spec: &ChainSpec) -> Pacing {
    Pacing::Interval(Duration::from_millis(spec.params.timing.block_interval_ms))
}

/// Blocks when there is work.
pub const fn on_demand() -> Pacing {
    Pacing::OnDemand { slow_tick: SLOW_TICK }
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, AppError> {
    let failed = |reason: String| AppError::Usage(format!("{host}: {reason}"));
    let mut found = (host, port).to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    found.next().ok_or_else(|| failed("names no address".to_owned()))
}

pub(super) fn rpc(config: &Config, dev: bool) -> Result<RpcConfig, AppError> {
    let rpc = &config.rpc;
    let named: Vec<_> = rpc.namespaces.iter().filter_map(|name| Namespace::from_name(name)).collect();
    let limits = Limits {
        request_bytes: rpc.max_request_bytes,
        response_bytes: rpc.max_response_bytes,
        connections: rpc.max_connections,
        subscriptions_per_connection: rpc.max_subscriptions,
        batch_entries: rpc.max_batch,
        rate_per_second: Some(rpc.rate_per_second).filter(|rate| *rate > 0),
        send_sync_max: Duration::from_millis(rpc.sync_timeout_max_ms),
        ..Limits::standard()
    };
    let limits = Limits { send_sync_default: limits.send_sync_default.min(limits.send_sync_max), ..limits };
    let cors = match rpc.cors.first().map(String::as_str) {
        None | Some("off") => Cors::Off,
        Some("local") => Cors::Local,
        Some("*") => Cors::Any,
        Some(_) => Cors::Origins(rpc.cors.clone()),
    };
    Ok(RpcConfig {
        listen: resolve(&rpc.host, rpc.port)?,
        namespaces: (!named.is_empty()).then(|| named.into_iter().collect()),
        hosts: rpc.hosts.clone(),
        cors,
        limits,
        dev,
        client_version: build::client_version(),
    })
}

pub(super) fn admin(config: &Config) -> Result<AdminConfig, AppError> {
    Ok(AdminConfig { listen: resolve(&config.admin.host, config.admin.port)?, stale_after: STALE_AFTER })
}

/// What the admin port needs of the node.
pub(super) fn hooks(registry: Registry, watched: Watched, filter: FilterHandle) -> AdminHooks {
    let watched = Arc::new(watched);
    let (measured, asked) = (Arc::clone(&watched), Arc::clone(&watched));
    AdminHooks {
        metrics: Arc::new(move || metrics::encode(&registry, &measured.engine.encode_metrics())),
        set_log_filter: Arc::new(move |text| filter.set(text)),
        status: Arc::new(move || {
            let asked = Arc::clone(&asked);
            Box::pin(async move { asked.status().await })
        }),
        not_ready: Arc::new(move || watched.not_ready()),
    }
}
