//! Stands between the value sync and the network, and takes peers that do not answer out of the sync for a while.
//!
//! The engine's own scoring asks a silent peer again and again, and waits its whole timeout each time. Here a peer that
//! lets a request wait while another peer answers a later one, or for [`PATIENCE_MAX`], is benched: the sync is told that
//! it disconnected, so it asks somebody else at once, and hears nothing of the peer's height until [`BENCH`] is over. The
//! last peer that has what is needed is never benched, however slow its link.
//!
//! A peer that has just decided the height that this node is deciding is no reason to ask for it: the votes are on their
//! way. Such a word reaches the sync only after [`GRACE`], and then most often tells nothing new.

use super::context::{Assay, EngineHeight};
use super::metrics::EngineMetrics;
use super::watch::Shared;
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_engine::network::{NetworkEvent, NetworkMsg, NetworkRef, Status, Subscriber};
use arc_malachitebft_sync::{OutboundRequestId, Request};
use assay_primitives::Height;
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a request may wait while later ones are answered by others.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How long a request may wait in any case, where another peer has what is asked for.
pub(crate) const PATIENCE_MAX: Duration = Duration::from_secs(4);
/// After how long without news this node's height is told again: peers of a network that stands still hear it only once
/// otherwise, and whoever missed it would never catch up.
const REPEAT: Duration = Duration::from_secs(2);
/// How often waiting requests are looked at.
const TICK: Duration = Duration::from_millis(500);
/// How long the votes of a height that a peer has decided may take to get here, before it is asked for the block.
const GRACE: Duration = Duration::from_millis(250);
/// How long a peer that did not answer is left out.
pub(crate) const BENCH: Duration = Duration::from_secs(60);
/// How long the sync itself waits for an answer; long enough for several answers over 5 Mbit/s.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Peers and requests remembered; beyond, a peer is simply not benched.
const ENTRIES_MAX: usize = 512;
/// Answers remembered whose request was not noted yet: the two directions run beside each other.
const EARLY_MAX: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Asked {
    peer: PeerId,
    start: Height,
    at: Instant,
}

/// Who was asked what, and who is benched.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    asked: BTreeMap<OutboundRequestId, Asked>,
    early: VecDeque<OutboundRequestId>,
    tips: BTreeMap<PeerId, Height>,
    until: BTreeMap<PeerId, Instant>,
}

impl Bench {
    pub(crate) fn on_request(&mut self, id: OutboundRequestId, peer: PeerId, start: Height, now: Instant) {
        if self.early.contains(&id) {
            self.early.retain(|early| *early != id);
        } else if self.asked.len() < ENTRIES_MAX {
            self.asked.insert(id, Asked { peer, start, at: now });
        }
    }

    /// An answer came: gives the peers that have kept the sync waiting longer than this one.
    pub(crate) fn on_answer(&mut self, id: &OutboundRequestId, now: Instant) -> Vec<PeerId> {
        let Some(answered) = self.asked.remove(id) else {
            self.on_failure(id);
            return Vec::new();
        };
        let overdue = |asked: &&Asked| {
            asked.peer != answered.peer && asked.at <= answered.at && now.duration_since(asked.at) >= PATIENCE
        };
        let late: Vec<Asked> = self.asked.values().filter(overdue).copied().collect();
        late.into_iter().filter_map(|asked| self.bench(asked, now)).collect()
    }

    /// Time passes: gives the peers that let a request wait too long.
    pub(crate) fn on_tick(&mut self, now: Instant) -> Vec<PeerId> {
        let overdue = |asked: &&Asked| now.duration_since(asked.at) >= PATIENCE_MAX;
        let late: Vec<Asked> = self.asked.values().filter(overdue).copied().collect();
        late.into_iter().filter_map(|asked| self.bench(asked, now)).collect()
    }

    /// The sync gave a request up: gives the peer, if it was for want of an answer. True: it was.
    pub(crate) fn on_cancel(&mut self, id: &OutboundRequestId, now: Instant) -> (bool, Option<PeerId>) {
        match self.asked.remove(id) {
            Some(asked) if now.duration_since(asked.at) >= REQUEST_TIMEOUT => (true, self.bench(asked, now)),
            _ => (false, None),
        }
    }

    pub(crate) fn on_failure(&mut self, id: &OutboundRequestId) {
        if self.asked.remove(id).is_none() {
            self.early.truncate(EARLY_MAX.saturating_sub(1));
            self.early.push_front(id.clone());
        }
    }

    /// A peer tells its height: whether the sync may hear it.
    pub(crate) fn on_status(&mut self, peer: PeerId, tip: Height, now: Instant) -> bool {
        if self.tips.len() < ENTRIES_MAX || self.tips.contains_key(&peer) {
            self.tips.insert(peer, tip);
        }
        if self.until.get(&peer).is_some_and(|until| now < *until) {
            return false;
        }
        self.until.remove(&peer);
        true
    }

    pub(crate) fn on_disconnect(&mut self, peer: PeerId) {
        self.asked.retain(|_, asked| asked.peer != peer);
        self.tips.remove(&peer);
        self.until.remove(&peer);
    }

    fn bench(&mut self, asked: Asked, now: Instant) -> Option<PeerId> {
        let benched = |peer: &PeerId| self.until.get(peer).is_some_and(|until| now < *until);
        let others = self.tips.iter().any(|(peer, tip)| *peer != asked.peer && *tip >= asked.start && !benched(peer));
        if !others || benched(&asked.peer) {
            return None;
        }
        self.until.insert(asked.peer, now.checked_add(BENCH)?);
        self.asked.retain(|_, other| other.peer != asked.peer);
        Some(asked.peer)
    }
}

/// What both directions share.
#[derive(Default)]
pub(crate) struct Desk {
    bench: Mutex<Bench>,
    sync: Mutex<Option<Box<dyn Subscriber<NetworkEvent<Assay>>>>>,
    told: Mutex<Option<(Status<Assay>, Instant)>>,
    /// What peers said of the height that this node is deciding.
    held: Mutex<BTreeMap<PeerId, Status<Assay>>>,
}

impl Desk {
    fn bench(&self) -> MutexGuard<'_, Bench> {
        self.bench.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: NetworkEvent<Assay>) {
        if let Some(sync) = &*self.sync.lock().unwrap_or_else(PoisonError::into_inner) {
            sync.send(event);
        }
    }

    /// What this node last said of its height, if that is a while ago.
    fn due(&self) -> Option<Status<Assay>> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, at) = told.as_mut().filter(|(_, at)| at.elapsed() >= REPEAT)?;
        *at = Instant::now();
        Some(status.clone())
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<PeerId, Status<Assay>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave_out(&self, peer: PeerId) {
        tracing::warn!(%peer, seconds = BENCH.as_secs(), "a peer does not answer; the sync goes on without it for a while");
        self.tell(NetworkEvent::PeerDisconnected(peer));
    }
}

/// From the sync to the network.
pub(crate) struct SyncGate {
    pub(crate) network: NetworkRef<Assay>,
    pub(crate) events: ActorRef<SyncNotice>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) metrics: EngineMetrics,
}

#[async_trait]
impl Actor for SyncGate {
    type Msg = NetworkMsg<Assay>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _myself: ActorRef<Self::Msg>, _args: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let gone = "the network actor has stopped";
        match message {
            NetworkMsg::Subscribe(sync) => {
                *self.desk.sync.lock().unwrap_or_else(PoisonError::into_inner) = Some(sync);
                self.network.cast(NetworkMsg::Subscribe(Box::new(self.events.clone()))).map_err(|_| gone)?;
            }
            NetworkMsg::OutgoingRequest(peer, request, reply) => {
                let Request::ValueRequest(values) = &request;
                let start: EngineHeight = *values.range.start();
                let asked = self.network.call(|port| NetworkMsg::OutgoingRequest(peer, request, port), None).await;
                // Without an id the reply is dropped, as by a network that failed to send.
                if let Ok(ractor::rpc::CallResult::Success(id)) = asked {
                    self.metrics.sync_requests.inc();
                    self.desk.bench().on_request(id.clone(), peer, start.into(), Instant::now());
                    let _ = reply.send(id);
                }
            }
            NetworkMsg::BroadcastStatus(status) => {
                let news = Some((status.clone(), Instant::now()));
                *self.desk.told.lock().unwrap_or_else(PoisonError::into_inner) = news;
                self.network.cast(NetworkMsg::BroadcastStatus(status)).map_err(|_| gone)?;
            }
            NetworkMsg::CancelRequest(id) => {
                let (timed_out, peer) = self.desk.bench().on_cancel(&id, Instant::now());
                self.metrics.sync_timeouts.inc_by(u64::from(timed_out));
                if let Some(peer) = peer {
                    self.desk.leave_out(peer);
                }
                self.network.cast(NetworkMsg::CancelRequest(id)).map_err(|_| gone)?;
            }
            other => self.network.cast(other).map_err(|_| gone)?,
        }
        Ok(())
    }
}

/// What [`SyncEvents`] hears.
pub(crate) enum SyncNotice {
    /// From the network.
    Event(Box<NetworkEvent<Assay>>),
    /// The bulk of the traffic, which the sync has no use for.
    Other,
    /// Time passes.
    Tick,
    /// What this peer said has been held back for long enough.
    Release(PeerId),
}

impl From<NetworkEvent<Assay>> for SyncNotice {
    fn from(event: NetworkEvent<Assay>) -> Self {
        match event {
            NetworkEvent::Vote(..) | NetworkEvent::Proposal(..) | NetworkEvent::ProposalPart(..) => Self::Other,
            event => Self::Event(Box::new(event)),
        }
    }
}

/// From the network to the sync.
pub(crate) struct SyncEvents {
    pub(crate) network: NetworkRef<Assay>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) shared: Arc<Shared>,
}

impl SyncEvents {
    fn on_event(&self, myself: &ActorRef<SyncNotice>, event: NetworkEvent<Assay>) {
        let now = Instant::now();
        let mut late = Vec::new();
        match &event {
            NetworkEvent::Status(peer, status) => {
                let (peer, tip) = (*peer, Height::from(status.tip_height));
                if !self.desk.bench().on_status(peer, tip, now) {
                    return;
                }
                if tip == self.shared.deciding() {
                    self.desk.held().insert(peer, status.clone());
                    myself.send_after(GRACE, move || SyncNotice::Release(peer));
                    return;
                }
                self.desk.held().remove(&peer);
            }
            NetworkEvent::SyncResponse(id, ..) => late = self.desk.bench().on_answer(id, now),
            NetworkEvent::SyncRequestFailed(id, ..) => self.desk.bench().on_failure(id),
            NetworkEvent::PeerDisconnected(peer) => {
                self.desk.held().remove(peer);
                self.desk.bench().on_disconnect(*peer);
            }
            _ => {}
        }
        self.desk.tell(event);
        for peer in late {
            self.desk.leave_out(peer);
        }
    }
}

#[async_trait]
impl Actor for SyncEvents {
    type Msg = SyncNotice;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<SyncNotice>, _args: ()) -> Result<(), ActorProcessingErr> {
        myself.send_interval(TICK, || SyncNotice::Tick);
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<SyncNotice>,
        notice: SyncNotice,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match notice {
            SyncNotice::Event(event) => self.on_event(&myself, *event),
            SyncNotice::Release(peer) => {
                let held = self.desk.held().remove(&peer);
                if let Some(status) = held {
                    self.desk.tell(NetworkEvent::Status(peer, status));
                }
            }
            SyncNotice::Other => {}
            SyncNotice::Tick => {
                let late = self.desk.bench().on_tick(Instant::now());
                late.into_iter().for_each(|peer| self.desk.leave_out(peer));
                if let Some(status) = self.desk.due() {
                    self.network
                        .cast(NetworkMsg::BroadcastStatus(status))
                        .map_err(|_| "the network actor has stopped")?;
                }
            }
        }
        Ok(())
    }
}
