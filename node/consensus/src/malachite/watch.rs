//! What is known of the running engine: its pulse, its status, its peers. And who draws conclusions: late votes to the
//! application, a hang to the stopper.

use super::context::{Address, Assay, EngineHeight};
use super::convert;
use super::supervisor::Stopper;
use crate::application::{Application, HeightContext};
use crate::certificate::verify_late_vote;
use crate::engine::{EnginePhase, EngineStatus, StopReason};
use arc_malachitebft_app::consensus::SignedConsensusMsg;
use arc_malachitebft_app::events::RxEvent;
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_core_types::VoteType;
use arc_malachitebft_engine::consensus::{ConsensusMsg, ConsensusRef};
use arc_malachitebft_engine::network::NetworkEvent;
use arc_malachitebft_engine::util::events::Event;
use assay_primitives::{ConsensusAddress, Height, Round};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};

/// Heights for which late votes are taken.
pub(crate) const LATE_VOTE_HEIGHTS: u64 = 10;
/// Peers whose height is remembered.
const PEERS_MAX: usize = 256;

/// Signs of life, for the hang watchdog.
#[derive(Debug)]
pub(crate) struct Pulse {
    started: Instant,
    /// Milliseconds since `started`, plus one, at which the job at hand began; 0 without one.
    job_since: AtomicU64,
    heard: AtomicU64,
    /// On demand: the next height is held back until there is work.
    pub(crate) idle: AtomicBool,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            job_since: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            idle: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn job_starts(&self) {
        self.job_since.store(self.now().saturating_add(1), Ordering::Relaxed);
    }

    pub(crate) fn job_ends(&self) {
        self.job_since.store(0, Ordering::Relaxed);
        self.hear();
    }

    pub(crate) fn hear(&self) {
        self.heard.store(self.now(), Ordering::Relaxed);
    }

    fn job_age(&self) -> Option<Duration> {
        let since = self.job_since.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(self.now().saturating_sub(since)))
    }

    fn silence(&self) -> Duration {
        Duration::from_millis(self.now().saturating_sub(self.heard.load(Ordering::Relaxed)))
    }
}

/// What the parts of the adapter share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) status: watch::Sender<EngineStatus>,
    peers: Mutex<BTreeMap<PeerId, Height>>,
    contexts: Mutex<BTreeMap<Height, Arc<HeightContext>>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            status: watch::Sender::new(EngineStatus::default()),
            peers: Mutex::new(BTreeMap::new()),
            contexts: Mutex::new(BTreeMap::new()),
        }
    }

    /// Highest height that a peer says it has decided.
    pub(crate) fn best_peer(&self) -> Height {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.values().copied().max().unwrap_or_default()
    }

    /// Heights that the peers say they have decided.
    pub(crate) fn tips(&self) -> BTreeMap<PeerId, Height> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anybody listens.
    pub(crate) fn has_peers(&self) -> bool {
        !self.peers.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Remembers the validators of a height, for its late votes.
    pub(crate) fn remember(&self, height: Height, context: Arc<HeightContext>) {
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.insert(height, context);
        contexts.retain(|kept, _| kept.saturating_add(LATE_VOTE_HEIGHTS) >= height);
    }

    fn context(&self, height: Height) -> Option<Arc<HeightContext>> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner).get(&height).cloned()
    }

    fn peers_changed(&self, change: impl FnOnce(&mut BTreeMap<PeerId, Height>)) {
        let (count, best) = {
            let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut peers);
            (peers.len(), peers.values().copied().max().unwrap_or_default())
        };
        self.status.send_modify(|status| {
            status.peers = count;
            status.best_peer = best;
        });
    }
}

/// A network event, on its way to [`PeerWatch`].
pub(crate) struct Noticed(NetworkEvent<Assay>);

impl From<NetworkEvent<Assay>> for Noticed {
    fn from(event: NetworkEvent<Assay>) -> Self {
        Self(event)
    }
}

/// Keeps the list of peers and addresses.
pub(crate) struct PeerWatch {
    pub(crate) shared: Arc<Shared>,
}

#[async_trait]
impl Actor for PeerWatch {
    type Msg = Noticed;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _myself: ActorRef<Noticed>, _args: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Noticed>,
        Noticed(event): Noticed,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match event {
            NetworkEvent::Listening(address) => {
                self.shared.status.send_modify(|status| status.listening.push(address.to_string()));
            }
            NetworkEvent::PeerConnected(peer) => {
                self.shared.peers_changed(|peers| {
                    if peers.len() < PEERS_MAX {
                        peers.entry(peer).or_default();
                    }
                });
                tracing::info!(%peer, peers = self.shared.status.borrow().peers, "a peer is connected");
            }
            NetworkEvent::PeerDisconnected(peer) => {
                self.shared.peers_changed(|peers| {
                    peers.remove(&peer);
                });
                tracing::info!(%peer, peers = self.shared.status.borrow().peers, "a peer is gone");
            }
            NetworkEvent::Status(peer, status) => self.shared.peers_changed(|peers| {
                if let Some(tip) = peers.get_mut(&peer) {
                    *tip = status.tip_height.into();
                }
            }),
            _ => {}
        }
        Ok(())
    }
}

/// Follows the engine's events: status, pulse, late votes.
pub(crate) struct EventWatch {
    pub(crate) chain_id: u64,
    pub(crate) application: Arc<dyn Application>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) pulse: Arc<Pulse>,
    /// Late votes handed on already.
    seen: BTreeSet<(Height, Round, ConsensusAddress)>,
}

impl EventWatch {
    pub(crate) fn new(
        chain_id: u64,
        application: Arc<dyn Application>,
        shared: Arc<Shared>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self { chain_id, application, shared, pulse, seen: BTreeSet::new() }
    }

    /// Runs until the engine is gone.
    pub(crate) async fn follow(mut self, mut events: RxEvent<Assay>) {
        loop {
            match events.recv().await {
                Ok(event) => self.on_event(&event),
                Err(broadcast::error::RecvError::Lagged(_)) => self.pulse.hear(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn on_event(&mut self, event: &Event<Assay>) {
        self.pulse.hear();
        let status = &self.shared.status;
        match event {
            Event::StartedRound(height, round, proposer, _) => {
                let round = super::context::round(*round);
                log_round(*height, round, *proposer);
                status.send_modify(|status| {
                    status.height = (*height).into();
                    status.round = round;
                    status.phase = EnginePhase::Propose;
                });
            }
            Event::Published(SignedConsensusMsg::Vote(vote)) => {
                let phase = match vote.message.kind {
                    VoteType::Prevote => EnginePhase::Prevote,
                    VoteType::Precommit => EnginePhase::Precommit,
                };
                status.send_modify(|status| status.phase = phase);
            }
            Event::Decided { .. } => status.send_modify(|status| status.phase = EnginePhase::Commit),
            Event::Received(SignedConsensusMsg::Vote(vote)) => self.on_vote(vote),
            _ => {}
        }
    }

    fn on_vote(&mut self, vote: &arc_malachitebft_core_types::SignedVote<Assay>) {
        let Some(vote) = convert::late_vote(vote) else {
            return;
        };
        let decided = self.shared.status.borrow().decided;
        if vote.height > decided || vote.height.saturating_add(LATE_VOTE_HEIGHTS) <= decided {
            return;
        }
        let Some(context) = self.shared.context(vote.height) else {
            return;
        };
        let key = (vote.height, vote.round, vote.vote.address);
        if self.seen.contains(&key) || verify_late_vote(self.chain_id, &context.validators, &vote).is_err() {
            return;
        }
        // Only verified votes enter the set, so it is bounded by validators, rounds seen and heights kept.
        self.seen.retain(|(height, _, _)| height.saturating_add(LATE_VOTE_HEIGHTS) > decided);
        self.seen.insert(key);
        self.application.late_vote(vote);
    }
}

fn log_round(height: EngineHeight, round: Round, proposer: Address) {
    if round > Round::ZERO {
        tracing::warn!(%height, %round, %proposer, "the round before decided nothing; a new one starts");
    } else {
        tracing::debug!(%height, %proposer, "height starts");
    }
}

/// Ends the engine when it hangs: a call of the application that does not return, or a consensus actor that does not
/// answer. A height held back on demand is no hang.
pub(crate) async fn watchdog(
    pulse: Arc<Pulse>,
    consensus: ConsensusRef<Assay>,
    stopper: Stopper,
    hang_after: Duration,
) {
    let mut tick = tokio::time::interval(hang_after / 30);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopper.stopping() => return,
        }
        if let Some(age) = pulse.job_age().filter(|age| *age >= hang_after) {
            let reason = format!("a call of the application has run for {} s", age.as_secs());
            return stopper.stop(StopReason::Hang(reason));
        }
        if pulse.idle.load(Ordering::Relaxed) || pulse.silence() < hang_after / 2 {
            continue;
        }
        // Nothing heard for long, which is normal without a quorum; so ask.
        match consensus.call(ConsensusMsg::DumpState, Some(hang_after / 2)).await {
            Ok(ractor::rpc::CallResult::Success(_)) => pulse.hear(),
            _ => return stopper.stop(StopReason::Hang("the consensus actor does not answer".to_owned())),
        }
    }
}
