//! What is known of the running engine: its pulse, its status, its peers. And who draws conclusions: late votes to the
//! application, a hang to the stopper.

mod events;
mod peers;
mod rounds;

pub(crate) use events::EventWatch;
pub(crate) use peers::PeerWatch;
#[cfg(test)]
pub(crate) use rounds::RoundFacts;

use super::context::{Assay, round};
use super::metrics::EngineMetrics;
use super::supervisor::Stopper;
use crate::application::HeightContext;
use crate::engine::{CommitStatus, EngineStatus, PeerStatus, StopReason};
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_core_types::SignedProposal;
use arc_malachitebft_engine::consensus::{ConsensusMsg, ConsensusRef};
use assay_primitives::{CommitCertificate, ConsensusAddress, Height};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Heights for which late votes are taken.
pub(crate) const LATE_VOTE_HEIGHTS: u64 = 10;
/// How far behind its peers a node counts as catching up; one height is what a message takes.
const SYNCING_HEIGHTS: u64 = 2;
/// How often a node that catches up says how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

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
    pub(crate) metrics: EngineMetrics,
    peers: Mutex<BTreeMap<PeerId, PeerStatus>>,
    contexts: Mutex<BTreeMap<Height, Arc<HeightContext>>>,
    /// Highest height that a validator was seen to vote in, of heights above this node's.
    ahead: Mutex<BTreeMap<ConsensusAddress, Height>>,
    /// The height that more than a third of the power was seen to vote in before this node, and since when.
    passed_by: Mutex<Option<(Height, Instant)>>,
    /// How long the others had been voting in the height at hand when this node entered it.
    lag: Mutex<Duration>,
    progress: Mutex<Option<Instant>>,
    /// What this node proposed last.
    proposal: Mutex<Option<SignedProposal<Assay>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            status: watch::Sender::new(EngineStatus::default()),
            metrics: EngineMetrics::new(),
            peers: Mutex::new(BTreeMap::new()),
            contexts: Mutex::new(BTreeMap::new()),
            ahead: Mutex::new(BTreeMap::new()),
            passed_by: Mutex::new(None),
            lag: Mutex::new(Duration::ZERO),
            progress: Mutex::new(None),
            proposal: Mutex::new(None),
        }
    }

    /// Whether anybody listens.
    pub(crate) fn has_peers(&self) -> bool {
        !lock(&self.peers).is_empty()
    }

    /// The height that is being decided.
    pub(crate) fn deciding(&self) -> Height {
        self.status.borrow().decided.next()
    }

    /// The greatest height that a connected peer says it has decided; `None` while nobody is connected.
    pub(crate) fn best_told(&self) -> Option<Height> {
        lock(&self.peers).values().map(|peer| peer.height).max()
    }

    /// A height starts: remembers its validators, for late votes, and shows them.
    pub(crate) fn enter(&self, height: Height, context: Arc<HeightContext>) {
        self.metrics.on_context(&context);
        let before = self.context(height.previous());
        let news = |list: &[ConsensusAddress], old: Option<&Arc<HeightContext>>| -> Vec<ConsensusAddress> {
            list.iter().filter(|address| old.is_some_and(|old| !old.demoted.contains(address))).copied().collect()
        };
        for validator in news(&context.demoted, before.as_ref()) {
            let name = self.name_of(validator);
            tracing::warn!(%height, %validator, name, "a validator missed its turn to propose and is asked last from now on");
        }
        for validator in before.iter().flat_map(|old| news(&old.demoted, Some(&context))) {
            let name = self.name_of(validator);
            tracing::info!(%height, %validator, name, "a validator takes its turns to propose again");
        }
        self.status.send_modify(|status| {
            status.height = height;
            status.decided = height.previous();
            status.demoted.clone_from(&context.demoted);
        });
        {
            let mut contexts = lock(&self.contexts);
            contexts.insert(height, context);
            contexts.retain(|kept, _| kept.saturating_add(LATE_VOTE_HEIGHTS) >= height);
        }
        lock(&self.ahead).retain(|_, seen| *seen > height);
        let since = lock(&self.passed_by).filter(|(passed, _)| *passed == height).map(|(_, since)| since);
        *lock(&self.lag) = since.map_or(Duration::ZERO, |since| since.elapsed());
        self.note_progress();
    }

    /// What this node has proposed in the round at hand of a height that is not decided.
    pub(crate) fn own_proposal(&self, height: Height) -> Option<SignedProposal<Assay>> {
        let at = {
            let status = self.status.borrow();
            (status.height, status.round)
        };
        let of = |proposal: &SignedProposal<Assay>| (proposal.message.height.into(), round(proposal.message.round));
        lock(&self.proposal).clone().filter(|proposal| of(proposal) == at && at.0 == height)
    }

    fn context(&self, height: Height) -> Option<Arc<HeightContext>> {
        lock(&self.contexts).get(&height).cloned()
    }

    /// A validator was seen to vote in a height above this node's; the vote is verified.
    pub(crate) fn saw_ahead(&self, validator: ConsensusAddress, height: Height) {
        {
            let mut ahead = lock(&self.ahead);
            let seen = ahead.entry(validator).or_default();
            *seen = (*seen).max(height);
        }
        let Some(reached) = self.reached() else {
            return;
        };
        let mut passed = lock(&self.passed_by);
        if passed.is_none_or(|(known, _)| known < reached) {
            *passed = Some((reached, Instant::now()));
        }
    }

    /// How long more than a third of the power had been voting in the height at hand when this node entered it. A node
    /// that shortens its pace by so much votes with the others again, not for ever a moment after them.
    pub(crate) fn lag(&self) -> Duration {
        *lock(&self.lag)
    }

    fn is_ahead(&self, validator: ConsensusAddress, height: Height) -> bool {
        lock(&self.ahead).get(&validator).is_some_and(|seen| *seen >= height)
    }

    /// What connected validators say they have decided: the height that more than a third of the power has reached, so
    /// that somebody honest says it; `None` until they and this node make more than two thirds.
    pub(crate) fn told(&self, context: &HeightContext, own: ConsensusAddress) -> Option<Height> {
        let power = |address: &ConsensusAddress| context.validators.by_address(address).map_or(0, |v| v.power);
        let mut tips: Vec<(Height, u64)> = lock(&self.peers)
            .values()
            .filter(|peer| peer.height > Height::ZERO)
            .filter_map(|peer| peer.validator.filter(|address| *address != own).map(|a| (peer.height, power(&a))))
            .collect();
        let total = context.validators.total_power();
        let heard = tips.iter().map(|(_, power)| *power).fold(power(&own), u64::saturating_add);
        if heard.saturating_mul(3) <= total.saturating_mul(2) {
            return None;
        }
        tips.sort_unstable_by(|a, b| b.cmp(a));
        let mut sum = 0u64;
        let reached = tips.into_iter().find(|(_, power)| {
            sum = sum.saturating_add(*power);
            sum.saturating_mul(3) > total
        });
        Some(reached.map_or(Height::ZERO, |(height, _)| height))
    }

    /// Whether more than a third of the voting power, so somebody honest, votes in a height above this one. What peers
    /// merely claim does not count: a lie would take the pace from the whole network.
    pub(crate) fn behind(&self, height: Height) -> bool {
        self.reached().is_some_and(|reached| reached > height)
    }

    /// The height above this node's that more than a third of the power votes in, or has passed.
    fn reached(&self) -> Option<Height> {
        let context = lock(&self.contexts).last_key_value().map(|(_, context)| Arc::clone(context))?;
        let mut ahead: Vec<_> = lock(&self.ahead).iter().map(|(address, seen)| (*seen, *address)).collect();
        ahead.sort_unstable_by(|a, b| b.cmp(a));
        let mut power = 0u64;
        let third = ahead.into_iter().find(|(_, address)| {
            power = power.saturating_add(context.validators.by_address(address).map_or(0, |v| v.power));
            power.saturating_mul(3) > context.validators.total_power()
        });
        third.map(|(seen, _)| seen)
    }

    /// The certificate of a height is final.
    pub(crate) fn committed(&self, certificate: &CommitCertificate) {
        let Some(context) = self.context(certificate.height) else {
            return;
        };
        let signs = |address: &ConsensusAddress| certificate.signatures.iter().any(|s| s.address == *address);
        let (signed, missing): (Vec<_>, Vec<_>) = context.validators.iter().map(|v| v.address).partition(signs);
        let missing_power =
            missing.iter().filter_map(|address| context.validators.by_address(address)).map(|v| v.power);
        let commit = CommitStatus {
            height: certificate.height,
            round: certificate.round,
            missing_power: missing_power.fold(0, u64::saturating_add),
            total_power: context.validators.total_power(),
            signed,
            missing,
        };
        let left: Vec<_> = self
            .context(certificate.height.previous())
            .iter()
            .flat_map(|before| before.validators.iter())
            .map(|v| v.address)
            .filter(|address| context.validators.by_address(address).is_none())
            .collect();
        self.metrics.on_commit(&commit, &left);
        self.status.send_modify(|status| status.last_commit = Some(commit));
    }

    /// The name that the peer of a validator gives itself; empty where it is not connected.
    fn name_of(&self, validator: ConsensusAddress) -> String {
        let peers = lock(&self.peers);
        peers.values().find(|peer| peer.validator == Some(validator)).map(|peer| peer.name.clone()).unwrap_or_default()
    }

    fn peers_changed<T>(&self, change: impl FnOnce(&mut BTreeMap<PeerId, PeerStatus>) -> T) -> T {
        let (result, connected) = {
            let mut peers = lock(&self.peers);
            let result = change(&mut peers);
            (result, peers.values().cloned().collect::<Vec<_>>())
        };
        let mut heights: Vec<_> = connected.iter().map(|peer| peer.height).collect();
        heights.sort_unstable_by(|a, b| b.cmp(a));
        let best = heights.get(heights.len().saturating_sub(1) / 3).copied().unwrap_or_default();
        self.status.send_if_modified(|status| {
            let changed = status.best_peer != best || status.connected != connected;
            status.peers = connected.len();
            status.best_peer = best;
            status.connected = connected;
            changed
        });
        self.note_progress();
        result
    }

    #[cfg(test)]
    pub(crate) fn replace_peers(&self, all: impl Iterator<Item = (PeerId, PeerStatus)>) {
        self.peers_changed(|peers| *peers = all.collect());
    }

    /// Says when the node begins to catch up, how far it is, and when it has.
    fn note_progress(&self) {
        let (decided, target, was) = {
            let status = self.status.borrow();
            (status.decided, status.best_peer, status.syncing)
        };
        let syncing = decided.saturating_add(SYNCING_HEIGHTS) <= target;
        let mut said = lock(&self.progress);
        let due = said.is_none_or(|said| said.elapsed() >= PROGRESS);
        match (was, syncing) {
            (false, true) => tracing::debug!(%decided, %target, "behind the peers; catching up"),
            (true, true) if due => tracing::debug!(%decided, %target, "catching up"),
            (true, false) => tracing::debug!(%decided, "caught up with the peers"),
            _ => return,
        }
        *said = Some(Instant::now());
        if was != syncing {
            self.metrics.syncing.set(i64::from(syncing));
            self.status.send_modify(|status| status.syncing = syncing);
        }
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
