//! The node: its parts, its inbox, its timers.

use super::super::codec::Codec;
use super::super::context::{Address, Assay, Validators};
use super::super::run::{Prepared, prepare};
use super::super::settings::timeouts;
use super::super::signing::ChainVerifier;
use super::catch_up::CatchUp;
use super::host::Host;
use super::jobs::Job;
use super::log::Log;
use super::{Action, Channel, CrashHook, CrashPoint, End, Event, Peer, Write};
use crate::application::Application;
use crate::engine::{EngineConfig, EngineKeys};
use crate::guard::Guard;
use crate::keys::ConsensusKey;
use arc_malachitebft_app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_app::streaming::StreamMessage;
use arc_malachitebft_codec::Codec as _;
use arc_malachitebft_core_consensus::r#gen::{CoResult, Gen};
use arc_malachitebft_core_consensus::{Effect, Input, Params, Resume, State};
use arc_malachitebft_core_types::{
    LinearTimeouts, SignedVote, ThresholdParams, Timeout, TimeoutKind, ValuePayload, VoteExtensionPolicy,
};
use arc_malachitebft_metrics::Metrics;
use assay_primitives::{Fault, Height};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Inputs of higher heights that the core keeps, and per height; the engine's defaults.
const QUEUE: (usize, usize) = (10, 1_000);
/// Heights for which late votes are handed on, as in the engine's watch.
const LATE_VOTE_HEIGHTS: u64 = 10;

/// One life of a validator, from start to crash.
pub struct Node {
    pub(super) chain_id: u64,
    pub(super) key: ConsensusKey,
    pub(super) codec: Codec,
    pub(super) verifier: ChainVerifier,
    pub(super) timeouts: LinearTimeouts,
    pub(super) application: Arc<dyn Application>,
    pub(super) guard: Guard,
    pub(super) log: Log,
    /// Entries of the log are being fed in again: nothing is logged.
    pub(super) recovering: bool,
    pub(super) host: Host,
    pub(super) catch_up: CatchUp,
    pub(super) jobs: VecDeque<Job>,
    /// What the node tells itself; worked off before the next event.
    pub(super) inbox: VecDeque<Input<Assay>>,
    pub(super) actions: Vec<Action>,
    pub(super) now: Duration,
    core: Option<State<Assay>>,
    metrics: Metrics,
    hook: CrashHook,
    timers: Vec<(TimerKey, u64)>,
    timers_set: u64,
    epoch: Instant,
}

/// What a timer is for; a new one of the same kind replaces the old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerKey {
    Consensus(Timeout),
    Status,
    Request,
}

impl Node {
    /// Starts a validator on its folder and begins the height after the last decided one.
    ///
    /// # Errors
    /// See [`End`]. What it did before is lost, as it would be.
    pub fn start(
        config: &EngineConfig,
        keys: &EngineKeys,
        application: Arc<dyn Application>,
        hook: CrashHook,
    ) -> Result<Self, End> {
        let key = keys.voting.clone().ok_or_else(|| Fault::invariant("only validators are simulated"))?;
        let Prepared { guard, .. } = prepare(config, keys, &*application)?;
        let guard = guard.ok_or_else(|| Fault::invariant("a validator without a guard"))?;
        let codec = Codec { chain_id: config.chain_id };
        let mut node = Self {
            chain_id: config.chain_id,
            key,
            codec,
            verifier: ChainVerifier::new(config.chain_id),
            timeouts: timeouts(config),
            application,
            guard,
            log: Log::open(&crate::wal::wal_path(&config.data_dir), codec)?,
            recovering: false,
            host: Host::default(),
            catch_up: CatchUp::default(),
            jobs: VecDeque::new(),
            inbox: VecDeque::new(),
            actions: Vec::new(),
            now: Duration::ZERO,
            core: None,
            metrics: Metrics::new(),
            hook,
            timers: Vec::new(),
            timers_set: 0,
            epoch: Instant::now(),
        };
        node.begin()?;
        Ok(node)
    }

    /// Takes an event in. What was done until a failure is in [`Node::take_actions`] all the same.
    ///
    /// # Errors
    /// See [`End`]: the node must be dropped.
    pub fn handle(&mut self, now: Duration, event: Event) -> Result<(), End> {
        self.now = now;
        match event {
            Event::Message { from, channel, bytes } => self.on_message(from, channel, bytes)?,
            Event::Timer(number) => self.on_timer(number)?,
            Event::Job => self.run_job()?,
        }
        self.work_off()
    }

    /// What the node has done since the last call, in order.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// The height being decided.
    pub fn height(&self) -> Height {
        self.host.height
    }

    /// Time for parts that want an instant; only differences count.
    pub(super) fn instant(&self) -> Instant {
        self.epoch.checked_add(self.now).unwrap_or(self.epoch)
    }

    /// Asks the driver whether to crash here.
    pub(super) fn point(&mut self, write: Write, done: bool) -> Result<(), End> {
        if (self.hook)(CrashPoint { write, done }) { Err(End::Crashed) } else { Ok(()) }
    }

    pub(super) fn work_off(&mut self) -> Result<(), End> {
        while let Some(input) = self.inbox.pop_front() {
            self.process(input)?;
        }
        Ok(())
    }

    /// Feeds the state machine.
    pub(super) fn process(&mut self, input: Input<Assay>) -> Result<(), End> {
        let mut core = self.core.take().ok_or_else(|| Fault::invariant("consensus has not started"))?;
        let metrics = self.metrics.clone();
        let result = drive(&mut core, &metrics, input, |effect| self.on_effect(effect));
        self.core = Some(core);
        result
    }

    /// Starts the height that the host has entered, and replays what the log holds of it.
    pub(super) fn start_height(&mut self) -> Result<(), End> {
        let height = self.host.height;
        let validators = Validators::new(Arc::clone(self.host.context()?))?;
        if self.core.is_none() {
            let params = Params {
                address: Address(self.key.address()),
                threshold_params: ThresholdParams::default(),
                value_payload: ValuePayload::ProposalAndParts,
                enabled: true,
            };
            self.core = Some(State::new(Assay, height.into(), validators.clone(), params, QUEUE.0, QUEUE.1));
        }
        self.point(Write::LogReset, false)?;
        let entries = self.log.start(height)?;
        self.point(Write::LogReset, true)?;
        self.process(Input::StartHeight(height.into(), validators, false, None, VoteExtensionPolicy::Disabled))?;
        self.replay(entries)?;
        self.catch_up_starts(height);
        Ok(())
    }

    fn replay(&mut self, entries: Vec<Input<Assay>>) -> Result<(), End> {
        if entries.is_empty() {
            return Ok(());
        }
        let missing = || Fault::invariant("consensus has not started");
        let core = self.core.as_mut().ok_or_else(missing)?;
        core.record_recovered_own_precommit_extensions(entries.iter());
        core.index_wal_entries(entries.iter());
        self.recovering = true;
        for entry in entries {
            self.process(entry)?;
        }
        self.recovering = false;
        self.core.as_mut().ok_or_else(missing)?.reset_entries_index();
        Ok(())
    }

    fn on_message(&mut self, from: Peer, channel: Channel, bytes: Bytes) -> Result<(), End> {
        let read = match channel {
            Channel::Consensus => self.codec.decode(bytes).map(|message| match message {
                SignedConsensusMsg::Vote(vote) => self.on_vote(vote),
                SignedConsensusMsg::Proposal(proposal) => self.inbox.push_back(Input::Proposal(proposal)),
            }),
            Channel::Liveness => self.codec.decode(bytes).map(|message| match message {
                LivenessMsg::Vote(vote) => self.on_vote(vote),
                LivenessMsg::PolkaCertificate(polka) => self.inbox.push_back(Input::PolkaCertificate(polka)),
                LivenessMsg::SkipRoundCertificate(round) => self.inbox.push_back(Input::RoundCertificate(round)),
            }),
            Channel::Parts => match self.codec.decode(bytes) {
                Ok(part) => {
                    let part: StreamMessage<_> = part;
                    return self.on_part(from, part);
                }
                Err(error) => Err(error),
            },
            Channel::Status => self.codec.decode(bytes).map(|status| self.on_status(from, &status)),
            Channel::Request(number) => match self.codec.decode(bytes) {
                Ok(request) => return self.on_request(from, number, &request),
                Err(error) => Err(error),
            },
            Channel::Answer(number) => self.codec.decode(bytes).map(|answer| self.on_answer(from, number, answer)),
        };
        if read.is_err() {
            self.actions.push(Action::Malformed(from, channel));
        }
        Ok(())
    }

    fn on_vote(&mut self, vote: SignedVote<Assay>) {
        let (height, next) = (Height::from(vote.message.height), self.host.height);
        if height < next
            && height.saturating_add(LATE_VOTE_HEIGHTS) >= next
            && let Some(late) = super::super::convert::late_vote(&vote)
        {
            self.application.late_vote(late);
        }
        self.inbox.push_back(Input::Vote(vote));
    }

    pub(super) fn set_timer(&mut self, key: TimerKey, after: Duration) {
        self.cancel_timer(key);
        self.timers_set = self.timers_set.saturating_add(1);
        self.timers.push((key, self.timers_set));
        self.actions.push(Action::SetTimer(self.timers_set, after));
    }

    pub(super) fn set_timeout(&mut self, timeout: Timeout) {
        let after = match timeout.kind {
            TimeoutKind::FinalizeHeight(duration) => duration,
            _ => self.timeouts.duration_for(timeout),
        };
        self.set_timer(TimerKey::Consensus(timeout), after);
    }

    pub(super) fn cancel_timer(&mut self, key: TimerKey) {
        self.timers.retain(|(set, _)| *set != key);
    }

    pub(super) fn cancel_timeouts(&mut self) {
        self.timers.retain(|(key, _)| !matches!(key, TimerKey::Consensus(_)));
    }

    fn on_timer(&mut self, number: u64) -> Result<(), End> {
        let Some(place) = self.timers.iter().position(|(_, set)| *set == number) else { return Ok(()) };
        match self.timers.remove(place).0 {
            TimerKey::Consensus(timeout) => self.inbox.push_back(Input::TimeoutElapsed(timeout)),
            TimerKey::Status => self.on_status_timer()?,
            TimerKey::Request => self.on_request_timer(),
        }
        Ok(())
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("height", &self.host.height).finish_non_exhaustive()
    }
}

/// Runs the state machine over one input. A failure in an effect drops it half-way, as a crash does.
fn drive(
    core: &mut State<Assay>,
    metrics: &Metrics,
    input: Input<Assay>,
    mut on_effect: impl FnMut(Effect<Assay>) -> Result<Resume<Assay>, End>,
) -> Result<(), End> {
    let mut machine = Gen::new(|co| arc_malachitebft_core_consensus::handle(co, core, metrics, input));
    let mut step = machine.resume_with(Resume::Start);
    loop {
        match step {
            CoResult::Yielded(effect) => step = machine.resume_with(on_effect(effect)?),
            CoResult::Complete(result) => return result.map_err(|error| End::Consensus(error.to_string())),
        }
    }
}
