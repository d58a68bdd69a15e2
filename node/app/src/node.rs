//! One running node: what starts in which order, and what it is made of.
//!
//! ```text
//! start   folder lock -> database (genesis, or the right chain) -> chain (replay of the ledger, pool journal)
//!         -> JSON-RPC port -> transaction gossip -> consensus engine -> admin port
//! stop    JSON-RPC (no new work) -> gossip -> engine (no vote leaves any more) -> chain -> admin port -> database -> lock
//! ```
//! Whatever stops by itself, the engine or the chain, stops everything: a live port over a dead engine would lie.

mod gossip;
pub(crate) mod network;
mod settings;
mod status;
mod supervise;

pub use settings::{interval_of, on_demand};
pub use supervise::{Stop, start, supervise};

use crate::config::Config;
use crate::data_dir::{DataDir, DataDirLock};
use crate::error::{AppError, advice};
use crate::keys::NodeKeys;
use crate::logs::FilterHandle;
use crate::{metrics, output};
use assay_chain::{Chain, OpenError};
use assay_consensus::{EngineHandle, EngineKeys, EngineStatus, GossipHandle, GossipStatus, Pacing, engine};
use assay_executive::Executive;
use assay_genesis::ChainSpec;
use assay_rpc::{AdminHandle, RpcHandle, RpcMetrics};
use assay_store::{ChainIdentity, Store};
use network::Network;
use status::Watched;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Stack of the thread that opens the chain: replay executes blocks. Reserved, committed as it is used.
const OPEN_STACK_BYTES: usize = 1024 * 1024 * 1024;
/// A start that takes longer says so, and again after each such time.
const PROGRESS: Duration = Duration::from_secs(2);

/// What a node is started with.
#[derive(Debug)]
pub struct NodeSetup {
    /// Its folder.
    pub data_dir: DataDir,
    /// Held as long as the node runs.
    pub lock: DataDirLock,
    /// Its chain.
    pub spec: ChainSpec,
    /// Its settings.
    pub config: Config,
    /// Its keys.
    pub keys: NodeKeys,
    /// When blocks are made.
    pub pacing: Pacing,
    /// Whether to serve what development tools probe for.
    pub dev: bool,
    /// Changes the log filter.
    pub filter: FilterHandle,
}

/// A running node.
pub struct Node {
    chain: Chain,
    engine: Arc<EngineHandle>,
    gossip: Option<GossipHandle>,
    rpc: RpcHandle,
    clients: Clients,
    admin: AdminHandle,
    following: JoinHandle<()>,
    store: Store,
    root: PathBuf,
    peer_id: String,
    _lock: DataDirLock,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("rpc", &self.rpc_url()).field("admin", &self.admin_url()).finish_non_exhaustive()
    }
}

impl Node {
    /// Starts a node. On return it serves.
    ///
    /// # Errors
    /// See [`AppError`]; nothing runs then.
    pub async fn start(setup: NodeSetup) -> Result<Self, AppError> {
        let NodeSetup { data_dir, lock, spec, config, keys, pacing, dev, filter } = setup;
        if let Some(path) = data_dir.open_to_others() {
            tracing::warn!(path = %path.display(), "other users of this machine can read this folder; run chmod 700");
        }
        let spec = Arc::new(spec);
        let engine_config = settings::engine(&spec, &data_dir, pacing, &config, &keys)?;
        let (store, chain) = open(&data_dir, &spec, &config, &keys).await?;

        let mut registry = metrics::registry(&spec, if dev { "dev" } else { "start" }, data_dir.database());
        chain.metrics().register(&mut registry);
        let counters = RpcMetrics::default();
        let network = Arc::new(Network::default());
        let clients = client_runtime()?;
        let serving = assay_rpc::serve(settings::rpc(&config, dev)?, chain.clone(), counters.clone(), network.hooks());
        let rpc = match clients.spawn(serving).await {
            Ok(served) => served?,
            Err(error) => return Err(AppError::Failed(format!("the JSON-RPC server does not start: {error}"))),
        };

        let gossip = gossip::start(&config, &chain, keys.network(), dev).await?;
        if let Some(gossip) = &gossip {
            registry.register_collector(Box::new(gossip::Figures(gossip.clone())));
        }

        let voting = keys.validator().map(|keys| keys.consensus.clone());
        let peer_id = keys.network().peer_id();
        let validator = keys.validator().map(|keys| keys.consensus.address());
        if let (Some(own), Ok(set)) = (validator, chain.validators())
            && set.by_address(&own).is_none()
        {
            tracing::warn!(validator = %own, "this key is in no validator set now: the node follows, and votes once staking has it in the set");
        }
        let moniker = engine_config.moniker.clone();
        let engine_keys = EngineKeys { voting, network: keys.network().clone() };
        let engine = engine::spawn(engine_config, engine_keys, Arc::new(chain.clone()))
            .await
            .map_err(|error| AppError::Failed(format!("{error}{}", advice(&error.to_string(), data_dir.root()))))?;
        let engine = Arc::new(engine);
        registry.register_collector(Box::new(metrics::Engine::new(engine.status())));
        let following = tokio::spawn(Arc::clone(&network).follow(engine.status(), chain.clone()));
        let notifier = engine.notifier();
        chain.on_work(move || notifier.notify());
        engine.notify_work();

        let watched = Watched {
            chain: chain.clone(),
            engine: Arc::clone(&engine),
            gossip: gossip.clone(),
            network,
            validator,
            moniker,
            peer_id: peer_id.clone(),
            pacing,
            folder: data_dir.root().to_path_buf(),
            started: Instant::now(),
        };
        let hooks = settings::hooks(registry, watched, filter);
        let admin = match assay_rpc::serve_admin(settings::admin(&config)?, chain.clone(), counters, hooks).await {
            Ok(admin) => admin,
            Err(error) => {
                following.abort();
                engine.stop().await;
                return Err(error.into());
            }
        };
        let root = data_dir.root().to_path_buf();
        Ok(Self { chain, engine, rpc, clients, admin, gossip, following, store, root, peer_id, _lock: lock })
    }

    /// The chain.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// URL of the JSON-RPC server, for a client on this machine.
    pub fn rpc_url(&self) -> String {
        format!("http://{}", reachable(self.rpc.local_addr()))
    }

    /// The same over WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", reachable(self.rpc.local_addr()))
    }

    /// URL of the admin server, for a client on this machine.
    pub fn admin_url(&self) -> String {
        format!("http://{}", reachable(self.admin.local_addr()))
    }
}

impl Node {
    /// Where its engine stands.
    pub fn engine_status(&self) -> EngineStatus {
        self.engine.status().borrow().clone()
    }

    /// Peers and figures of transaction gossip; nothing on a development node, which is alone.
    pub fn gossip_status(&self) -> GossipStatus {
        self.gossip.as_ref().map(GossipHandle::status).unwrap_or_default()
    }

    /// Id of its network key.
    pub fn peer_id(&self) -> &str {
        &self.peer_id
    }
}

/// A server on all addresses is reached through the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], v6.port())),
        other => other,
    }
}

/// The runtime that serves clients: however busy they keep it, consensus runs on another one.
struct Clients(Option<Runtime>);

impl Clients {
    fn spawn<F>(&self, serving: F) -> impl Future<Output = Result<F::Output, String>> + use<F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let task = self.0.as_ref().map(|runtime| runtime.spawn(serving));
        async move {
            match task {
                Some(task) => task.await.map_err(|error| error.to_string()),
                None => Err("its runtime is gone".to_owned()),
            }
        }
    }
}

impl Drop for Clients {
    /// A runtime must not be waited for within another one; its server has stopped before.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn client_runtime() -> Result<Clients, AppError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(1, 8))
        .thread_name("rpc")
        .enable_all()
        .build()
        .map_err(|error| AppError::Failed(format!("the runtime for clients does not start: {error}")))?;
    Ok(Clients(Some(runtime)))
}

/// Opens database and chain on a thread of its own, and says so where it takes long.
async fn open(
    data_dir: &DataDir,
    spec: &Arc<ChainSpec>,
    config: &Config,
    keys: &NodeKeys,
) -> Result<(Store, Chain), AppError> {
    let (root, database) = (data_dir.root().to_path_buf(), data_dir.database());
    let options = settings::store(config);
    let chain_config = settings::chain(config, data_dir, keys);
    let spec = Arc::clone(spec);
    let open = move || -> Result<(Store, Chain), AppError> {
        let executive = Executive::new(spec).map_err(AppError::Shipped)?;
        let genesis = executive.init_chain().map_err(AppError::Shipped)?;
        let identity = ChainIdentity {
            chain_id: executive.chain_id(),
            genesis_hash: genesis.header.hash_slow(),
            spec_hash: executive.spec_hash(),
        };
        let store = Store::open(&database, assay_store::StoreOptions { chain: Some(identity), ..options })?;
        for repaired in store.recovered() {
            tracing::warn!(file = %repaired.file.display(), reason = repaired.reason, "dropped what a crash had torn");
        }
        let chain =
            Chain::open(store.clone(), Arc::new(executive), chain_config).map_err(|error| open_error(error, &root))?;
        Ok((store, chain))
    };
    let (sender, mut receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("open".to_owned())
        .stack_size(OPEN_STACK_BYTES)
        .spawn(move || {
            // Nobody waits any more only where the process is on its way out.
            let _ = sender.send(open());
        })
        .map_err(|error| AppError::Failed(format!("cannot start a thread: {error}")))?;
    let mut seconds = 0u64;
    loop {
        match tokio::time::timeout(PROGRESS, &mut receiver).await {
            Ok(opened) => return opened.map_err(|_| AppError::Failed("opening the database panicked".to_owned()))?,
            Err(_) => {
                seconds = seconds.saturating_add(PROGRESS.as_secs());
                output::note(format_args!("opening the database and executing decided blocks again: {seconds} s"));
            }
        }
    }
}

fn open_error(error: OpenError, data_dir: &Path) -> AppError {
    match error {
        OpenError::Store(error) => AppError::Store(error),
        OpenError::Spec(error) => AppError::Shipped(error),
        OpenError::Fault(fault) => AppError::Failed(format!("{fault}{}", advice(&fault.to_string(), data_dir))),
        OpenError::Journal { .. } => {
            AppError::Failed(format!("{error}; it holds pending transactions only, so it may be moved away"))
        }
        OpenError::Thread(_) => AppError::Failed(error.to_string()),
    }
}
