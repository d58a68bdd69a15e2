//! The running engine: configuration, start, status, metrics and stop. One engine runs per process.

use crate::application::Application;
use crate::guard::GuardError;
use crate::keys::{ConsensusKey, NetworkKey};
use crate::malachite::{Running, run};
use crate::wal::WalDamaged;
use assay_primitives::{ConsensusAddress, Fault, Height, Round};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;

/// How long a stop may take before what is left is killed.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(4);

/// When the next block is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// One block per interval, empty or not; none is waited for while catching up.
    Interval(Duration),
    /// When there is work, at once; for scheduled work, one block per slow tick. Only for a single validator.
    OnDemand {
        /// Time between blocks that are made for scheduled work.
        slow_tick: Duration,
    },
}

/// How long a round waits, and by how much longer each later one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a proposal.
    pub propose: Duration,
    /// For the rest of the prevotes, once two thirds are in.
    pub prevote: Duration,
    /// For the rest of the precommits, once two thirds are in.
    pub precommit: Duration,
    /// Growth of the wait for a proposal per round.
    pub propose_delta: Duration,
    /// Growth of the waits for votes per round.
    pub vote_delta: Duration,
}

impl Default for Timeouts {
    /// A proposal is waited for one second: a dead proposer costs no more.
    fn default() -> Self {
        Self {
            propose: Duration::from_secs(1),
            prevote: Duration::from_millis(300),
            precommit: Duration::from_millis(300),
            propose_delta: Duration::from_millis(250),
            vote_delta: Duration::from_millis(200),
        }
    }
}

/// How consensus messages reach the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PubSub {
    /// Whole, to every neighbour: a third of gossip's cost with few validators. Validators must be neighbours of each other.
    #[default]
    Broadcast,
    /// Over a mesh that passes messages on, for networks in which not everybody is connected to everybody.
    Gossip,
}

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// EIP-155 chain id; part of everything that is signed.
    pub chain_id: u64,
    /// Name of the node in logs of its peers.
    pub moniker: String,
    /// Folder of log and signing guard; the validator's own.
    pub data_dir: PathBuf,
    /// Where to listen for peers, as a multiaddress; port 0 takes any free one.
    pub listen_addr: String,
    /// Peers to keep connected to, as multiaddresses.
    pub peers: Vec<String>,
    /// Connections taken from one address; several nodes of a test network share one.
    pub connections_per_ip_max: usize,
    /// How consensus messages travel; the same on all nodes of a network.
    pub pubsub: PubSub,
    /// When blocks are made.
    pub pacing: Pacing,
    /// How long rounds wait.
    pub timeouts: Timeouts,
    /// Make the signing guard if there is none and the chain is new. Only where the key cannot have signed elsewhere.
    pub create_guard: bool,
    /// Stack of the thread on which the application is called, in bytes; committed as it is used.
    pub application_stack_bytes: usize,
    /// After how long without an answer the engine counts as hanging.
    pub hang_after: Duration,
}

impl EngineConfig {
    /// A single local validator that makes blocks on demand.
    pub fn local(chain_id: u64, data_dir: PathBuf) -> Self {
        Self {
            chain_id,
            moniker: "local".to_owned(),
            data_dir,
            listen_addr: "/ip4/127.0.0.1/tcp/0".to_owned(),
            peers: Vec::new(),
            connections_per_ip_max: 64,
            pubsub: PubSub::Broadcast,
            pacing: Pacing::OnDemand { slow_tick: Duration::from_secs(1) },
            timeouts: Timeouts::default(),
            create_guard: true,
            application_stack_bytes: 64 * 1024 * 1024,
            hang_after: Duration::from_secs(60),
        }
    }
}

/// The keys of a node.
#[derive(Clone, Debug)]
pub struct EngineKeys {
    /// Signs proposals and votes; `None` for a full node.
    pub voting: Option<ConsensusKey>,
    /// Names the node to its peers.
    pub network: NetworkKey,
}

/// Why an engine does not start.
#[derive(Debug, Error)]
pub enum EngineError {
    /// A setting that cannot be used.
    #[error("{setting}: {reason}")]
    Config {
        /// Which.
        setting: &'static str,
        /// Why.
        reason: String,
    },
    /// The signing guard refuses.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The engine's log is damaged.
    #[error(transparent)]
    WalDamaged(#[from] WalDamaged),
    /// The application failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The disk refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The engine itself failed to start.
    #[error("the consensus engine does not start: {0}")]
    Engine(String),
}

/// Why an engine stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It was asked to.
    Requested,
    /// The application failed.
    Fault(String),
    /// The signing guard could not be written.
    Guard(String),
    /// The engine's log is damaged; the command is in it.
    WalDamaged(WalDamaged),
    /// Going on could make the validator sign twice.
    Safety(String),
    /// Nothing moves any more.
    Hang(String),
    /// A part of the engine failed.
    Engine(String),
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => write!(f, "stop requested"),
            Self::Fault(reason) => write!(f, "the application failed: {reason}"),
            Self::Guard(reason) => write!(f, "{reason}"),
            Self::WalDamaged(damage) => write!(f, "{damage}"),
            Self::Safety(reason) => write!(f, "consensus stopped for safety: {reason}"),
            Self::Hang(reason) => write!(f, "consensus hangs: {reason}"),
            Self::Engine(reason) => write!(f, "consensus failed: {reason}"),
        }
    }
}

/// What a round is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnginePhase {
    /// Nothing has begun yet.
    #[default]
    Starting,
    /// Waiting for a proposal.
    Propose,
    /// This node has prevoted.
    Prevote,
    /// This node has precommitted.
    Precommit,
    /// A block is decided.
    Commit,
}

/// A connected peer, as far as it has made itself known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerStatus {
    /// Id of its network key, base58.
    pub id: String,
    /// The name it gives itself, at most 64 printable characters; empty until it is known.
    pub name: String,
    /// Where it is reached, as a multiaddress; empty until it is known.
    pub address: String,
    /// The validator that it has proved to be.
    pub validator: Option<ConsensusAddress>,
    /// Last height that it says it has decided.
    pub height: Height,
}

/// Who signed the newest final certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitStatus {
    /// Its height.
    pub height: Height,
    /// Its round.
    pub round: Round,
    /// Validators that signed.
    pub signed: Vec<ConsensusAddress>,
    /// Validators that did not.
    pub missing: Vec<ConsensusAddress>,
    /// Voting power of those that did not.
    pub missing_power: u64,
    /// Voting power of all.
    pub total_power: u64,
}

/// Where the engine stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineStatus {
    /// Height being decided.
    pub height: Height,
    /// Its round.
    pub round: Round,
    /// What the round is at, as far as this node's own votes tell.
    pub phase: EnginePhase,
    /// Last height that is decided and durable.
    pub decided: Height,
    /// On demand: the next height waits for work.
    pub idle: bool,
    /// Connected peers.
    pub peers: usize,
    /// Height that the highest third of the peers says it has decided; of up to three peers, the highest.
    pub best_peer: Height,
    /// Addresses it listens on.
    pub listening: Vec<String>,
    /// Who is to propose in the round; `None` before the first.
    pub proposer: Option<ConsensusAddress>,
    /// The peers, by id; at most 256.
    pub connected: Vec<PeerStatus>,
    /// Two or more heights behind its peers.
    pub syncing: bool,
    /// Who signed last; `None` until this process has closed a height.
    pub last_commit: Option<CommitStatus>,
    /// Validators asked last at this height, because they missed their turn to propose.
    pub demoted: Vec<ConsensusAddress>,
}

/// Handle of a running engine. Dropping it does not stop the engine.
pub struct EngineHandle {
    running: Running,
}

impl fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineHandle").field("status", &*self.running.status().borrow()).finish_non_exhaustive()
    }
}

impl EngineHandle {
    /// Says that there may be work: the engine asks the application. Cheap; needed only with blocks on demand.
    pub fn notify_work(&self) {
        self.running.notifier().notify();
    }

    /// The same as a value, for whoever takes transactions in.
    pub fn notifier(&self) -> WorkNotifier {
        self.running.notifier()
    }

    /// Where the engine stands, and every change of it.
    pub fn status(&self) -> watch::Receiver<EngineStatus> {
        self.running.status()
    }

    /// Asks the engine to stop and waits until all of it has, at most [`STOP_TIME_MAX`].
    pub async fn stop(&self) -> StopReason {
        self.running.request_stop();
        self.running.stopped().await
    }

    /// Waits until the engine has stopped, for whatever reason. No vote leaves afterwards.
    pub async fn stopped(&self) -> StopReason {
        self.running.stopped().await
    }

    /// Metrics of consensus, sync and signer in the Prometheus text format, and the engine library's own; the rest of the
    /// picture is in [`Self::status`].
    pub fn encode_metrics(&self) -> String {
        self.running.encode_metrics()
    }
}

/// Tells an engine that there may be work.
#[derive(Clone)]
pub struct WorkNotifier {
    pub(crate) notify: Arc<dyn Fn() + Send + Sync>,
}

impl WorkNotifier {
    /// Says so. Costs an atomic read while a height is being decided.
    pub fn notify(&self) {
        (self.notify)();
    }
}

impl fmt::Debug for WorkNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkNotifier").finish_non_exhaustive()
    }
}

/// Starts the engine over an application. Returns once it listens and the application has named the first height.
///
/// # Errors
/// See [`EngineError`]: settings, signing guard, log, application, disk, engine.
pub async fn spawn(
    config: EngineConfig,
    keys: EngineKeys,
    application: Arc<dyn Application>,
) -> Result<EngineHandle, EngineError> {
    Ok(EngineHandle { running: run(config, keys, application).await? })
}
