//! Spawns the engine's actors around our host, in the order in which they need each other.

use super::codec::Codec;
use super::context::{Address, Assay};
use super::filter::NetworkFilter;
use super::host::{Host, HostActor, Input, Parts};
use super::settings::{sync_config, timeouts};
use super::signing::{ChainVerifier, GuardedSigner, VotingKey};
use super::supervisor::{Stopper, Supervisor};
use super::syncing::{Desk, SyncEvents, SyncGate};
use super::watch::{EventWatch, PeerWatch, Pulse, Shared, watchdog};
use super::worker::{Job, Worker};
use crate::application::Application;
use crate::engine::{EngineConfig, EngineError, EngineKeys, WorkNotifier};
use crate::keys::address_of;
use crate::wal::wal_path;
use arc_malachitebft_app::config::{ConsensusConfig, ValueSyncConfig};
use arc_malachitebft_app::engine::util::output_port::OutputPort;
use arc_malachitebft_app::events::TxEvent;
use arc_malachitebft_app::metrics::{Metrics, SharedRegistry};
use arc_malachitebft_app::spawn as engine;
use arc_malachitebft_codec::Codec as _;
use arc_malachitebft_engine::consensus::ConsensusRef;
use arc_malachitebft_engine::host::HostRef;
use arc_malachitebft_engine::network::{NetworkMsg, NetworkRef};
use arc_malachitebft_engine::node::NodeRef;
use arc_malachitebft_engine::sync::SyncMsg;
use arc_malachitebft_network::NetworkIdentity;
use arc_malachitebft_signing::Signer;
use assay_primitives::{ConsensusAddress, Height};
use ractor::{Actor, ActorCell, ActorRef};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::mpsc as tokio_mpsc;

/// The threads of an engine, joined at its end.
pub(super) type Threads = Vec<std::thread::JoinHandle<()>>;

/// Registers with the process-wide registry once; a second engine of a process, in tests, keeps its metrics to itself,
/// since the same names twice would spoil the export.
pub(super) fn registry() -> (SharedRegistry, bool) {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        (SharedRegistry::new(Default::default(), None), false)
    } else {
        (SharedRegistry::global().clone(), true)
    }
}

pub(super) fn engine_error(error: impl std::fmt::Display) -> EngineError {
    EngineError::Engine(error.to_string())
}

pub(super) fn thread_error(source: std::io::Error) -> EngineError {
    EngineError::Engine(format!("no thread: {source}"))
}

/// Everything an engine is made of.
pub(super) struct Assembly {
    pub(super) registry: (SharedRegistry, bool),
    pub(super) pulse: Arc<Pulse>,
    pub(super) shared: Arc<Shared>,
    pub(super) stopper: Stopper,
    pub(super) voting: Option<VotingKey>,
    pub(super) resumes: bool,
    pub(super) guarded: Height,
    pub(super) application: Arc<dyn Application>,
    pub(super) config: EngineConfig,
    pub(super) keys: EngineKeys,
}

/// A started engine before it is known to run.
pub(super) struct Started {
    pub(super) stopper: Stopper,
    pub(super) shared: Arc<Shared>,
    pub(super) notifier: WorkNotifier,
    pub(super) exported: bool,
}

/// The actors spawned so far, under their supervisor, which is the first.
struct Crew<'a> {
    node: NodeRef,
    actors: &'a mut Vec<ActorCell>,
}

impl Crew<'_> {
    fn supervise<M: ractor::Message>(&mut self, actor: &ActorRef<M>) {
        actor.link(self.node.get_cell());
        self.actors.push(actor.get_cell());
    }

    async fn hire<A: Actor<Arguments = ()>>(&mut self, actor: A) -> Result<ActorRef<A::Msg>, EngineError> {
        let (actor, _) = Actor::spawn(None, actor, ()).await.map_err(engine_error)?;
        self.supervise(&actor);
        Ok(actor)
    }
}

impl Assembly {
    fn codec(&self) -> Codec {
        Codec { chain_id: self.config.chain_id }
    }

    fn identity(&self) -> Result<NetworkIdentity, EngineError> {
        let keypair = self.keys.network.keypair().clone();
        let moniker = self.config.moniker.clone();
        Ok(match &self.voting {
            None => NetworkIdentity::new(moniker, keypair, None),
            Some(voting) => {
                let proof = voting.prove(keypair.public().to_peer_id().to_bytes());
                let bytes = self.codec().encode(&proof).map_err(engine_error)?;
                NetworkIdentity::new_validator(moniker, keypair, voting.address().to_string(), bytes)
            }
        })
    }

    /// Address in the engine's eyes; a full node gets one that no validator has.
    fn address(&self) -> ConsensusAddress {
        match &self.voting {
            Some(voting) => voting.address(),
            None => address_of(alloy_primitives::keccak256(self.keys.network.peer_id())),
        }
    }

    /// Spawns all of it. What was spawned before a failure is in `threads` and `actors`.
    pub(super) async fn spawn(
        self,
        consensus_config: ConsensusConfig,
        threads: &mut Threads,
        actors: &mut Vec<ActorCell>,
    ) -> Result<Started, EngineError> {
        let metrics = Metrics::register(&self.registry.0);
        let supervisor = Supervisor {
            metrics: metrics.clone(),
            stopper: self.stopper.clone(),
            data_dir: self.config.data_dir.clone(),
        };
        let (node, _) = Actor::spawn(None, supervisor, ()).await.map_err(engine_error)?;
        actors.push(node.get_cell());
        let mut crew = Crew { node, actors };
        let sync_config = sync_config()?;

        let (inputs, queue) = tokio_mpsc::unbounded_channel();
        let network = self.network(&consensus_config, &sync_config, inputs.clone(), &mut crew).await?;
        let host = crew.hire(HostActor { inputs: inputs.clone() }).await?;
        let port = Arc::new(OutputPort::with_capacity(128));
        let consensus =
            self.consensus(consensus_config, metrics, &network, host.clone(), Arc::clone(&port), &mut crew).await?;
        let gate = self.sync_gate(&network, &mut crew).await?;
        let sync = engine::spawn_sync_actor(
            Assay,
            gate,
            host,
            consensus.clone(),
            self.codec(),
            &sync_config,
            &self.registry.0,
        )
        .await
        .map_err(engine_error)?;
        if let Some(sync) = sync {
            port.subscribe(sync.clone(), Some);
            crew.supervise(&sync);
        }

        let jobs = self.worker(inputs.clone(), threads)?;
        let dog = watchdog(Arc::clone(&self.pulse), consensus.clone(), self.stopper.clone(), self.config.hang_after);
        tokio::spawn(dog);
        let started = Started {
            stopper: self.stopper.clone(),
            shared: Arc::clone(&self.shared),
            notifier: notifier(&self.pulse, inputs),
            exported: self.registry.1,
        };
        tokio::spawn(self.host(jobs, network, consensus).run(queue));
        Ok(started)
    }

    async fn network(
        &self,
        consensus_config: &ConsensusConfig,
        sync_config: &ValueSyncConfig,
        host: tokio_mpsc::UnboundedSender<Input>,
        crew: &mut Crew<'_>,
    ) -> Result<NetworkRef<Assay>, EngineError> {
        let network = engine::spawn_network_actor::<Assay, _>(
            consensus_config,
            sync_config,
            self.identity()?,
            &self.registry.0,
            self.codec(),
        )
        .await
        .map_err(engine_error)?;
        crew.supervise(&network);
        let peers = crew.hire(PeerWatch { shared: Arc::clone(&self.shared), network: network.clone(), host }).await?;
        network.cast(NetworkMsg::Subscribe(Box::new(peers))).map_err(engine_error)?;
        Ok(network)
    }

    async fn consensus(
        &self,
        config: ConsensusConfig,
        metrics: Metrics,
        network: &NetworkRef<Assay>,
        host: HostRef<Assay>,
        sync: Arc<OutputPort<SyncMsg<Assay>>>,
        crew: &mut Crew<'_>,
    ) -> Result<ConsensusRef<Assay>, EngineError> {
        let filter = crew.hire(NetworkFilter { network: network.clone() }).await?;
        let path = wal_path(&self.config.data_dir);
        let wal = engine::spawn_wal_actor(&Assay, self.codec(), &path, &self.registry.0, crew.node.clone())
            .await
            .map_err(engine_error)?;
        crew.supervise(&wal);
        let events = TxEvent::new();
        tokio::spawn(self.event_watch().follow(events.subscribe()));
        let signer = self.voting.clone().map(|voting| Box::new(GuardedSigner(voting)) as Box<dyn Signer<Assay>>);
        let consensus = engine::spawn_consensus_actor(
            Assay,
            Address(self.address()),
            config,
            Box::new(ChainVerifier::new(self.config.chain_id)),
            signer,
            filter,
            host,
            wal,
            sync,
            metrics,
            events,
            crew.node.clone(),
        )
        .await
        .map_err(engine_error)?;
        crew.supervise(&consensus);
        Ok(consensus)
    }

    /// What the sync takes for the network.
    async fn sync_gate(
        &self,
        network: &NetworkRef<Assay>,
        crew: &mut Crew<'_>,
    ) -> Result<NetworkRef<Assay>, EngineError> {
        let desk = Arc::new(Desk::default());
        let events = crew
            .hire(SyncEvents { network: network.clone(), desk: Arc::clone(&desk), shared: Arc::clone(&self.shared) })
            .await?;
        let metrics = self.shared.metrics.clone();
        crew.hire(SyncGate { network: network.clone(), events, desk, metrics }).await
    }

    fn event_watch(&self) -> EventWatch {
        EventWatch {
            chain_id: self.config.chain_id,
            own: self.voting.as_ref().map(VotingKey::address),
            voting: self.voting.clone(),
            application: Arc::clone(&self.application),
            shared: Arc::clone(&self.shared),
            pulse: Arc::clone(&self.pulse),
            stopper: self.stopper.clone(),
            late: Default::default(),
            finalized: Height::ZERO,
            facts: Default::default(),
            round_since: None,
            decided_at: None,
        }
    }

    fn worker(
        &self,
        outcomes: tokio_mpsc::UnboundedSender<Input>,
        threads: &mut Threads,
    ) -> Result<mpsc::Sender<Job>, EngineError> {
        let worker = Worker {
            application: Arc::clone(&self.application),
            voting: self.voting.clone(),
            outcomes,
            stopper: self.stopper.clone(),
            pulse: Arc::clone(&self.pulse),
        };
        let (jobs, thread) = worker.spawn(self.config.application_stack_bytes).map_err(thread_error)?;
        threads.push(thread);
        Ok(jobs)
    }

    fn host(self, jobs: mpsc::Sender<Job>, network: NetworkRef<Assay>, consensus: ConsensusRef<Assay>) -> Host {
        Host::new(Parts {
            chain_id: self.config.chain_id,
            pacing: self.config.pacing,
            timeouts: timeouts(&self.config),
            voting: self.voting,
            resumes: self.resumes,
            guarded: self.guarded,
            application: self.application,
            jobs,
            network,
            consensus,
            shared: self.shared,
            pulse: self.pulse,
            stopper: self.stopper,
        })
    }
}

fn notifier(pulse: &Arc<Pulse>, inputs: tokio_mpsc::UnboundedSender<Input>) -> WorkNotifier {
    let pulse = Arc::clone(pulse);
    WorkNotifier {
        notify: Arc::new(move || {
            // Awake, the host asks for work by itself before it goes idle again; so only a sleeper is woken, and once.
            if pulse.idle.swap(false, Ordering::SeqCst) {
                let _ = inputs.send(Input::Work);
            }
        }),
    }
}
