//! When the next height starts: at once, after its interval, or when there is work for it.
//!
//! On demand, the engine's question for the next height stays unanswered until there is work: it has no timeout, while a
//! question for a block would run into round after round.

use super::super::context::{Assay, EngineHeight, Validators};
use super::super::convert;
use super::super::watch::Shared;
use super::super::worker::{Job, StartReply};
use super::{Held, Host, Reply};
use crate::application::Work;
use crate::engine::Pacing;
use arc_malachitebft_core_types::HeightParams;
use arc_malachitebft_engine::host::Next;
use arc_malachitebft_engine::network::NetworkMsg;
use assay_primitives::{Fault, Height};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a validator listens for the heights of the others before it starts. It ends as soon as more than two thirds of
/// the power is known.
const LISTEN_MAX: Duration = Duration::from_secs(1);
/// The same while nobody is connected or has said anything, when it could decide nothing anyway.
const LISTEN_ALONE_MAX: Duration = Duration::from_secs(5);
/// The same while a peer says that it has decided the height at hand, and has yet to prove who it is.
const LISTEN_AHEAD_MAX: Duration = Duration::from_secs(10);
/// How often it tells its own height meanwhile.
const TELL: Duration = Duration::from_millis(100);
/// How often it looks.
const LISTEN_TICK: Duration = Duration::from_millis(20);

/// A validator before its first height.
pub(super) struct Listening {
    since: Instant,
    /// When to look next.
    look: Instant,
    /// When this node told its own height.
    told: Option<Instant>,
    /// What the network had decided when this node first heard of it, and when that was.
    heard: Option<(Height, Instant)>,
    /// The guard is being told to pass what the network has decided.
    passing: bool,
}

impl Listening {
    /// A guard that has not seen what the network decided last may be an old copy, and the newer one may have signed in the
    /// height that is being decided. So that one is left to the others, if they can decide it without this node.
    fn waits(&mut self, tip: Height, guarded: Height) -> bool {
        let (first, since) = *self.heard.get_or_insert_with(|| (tip, Instant::now()));
        guarded < first && tip == first && since.elapsed() < LISTEN_MAX
    }
}

impl Host {
    /// A validator among others first hears where they are: what they have decided is not voted on any more, even where
    /// chain, log and guard are all an old copy that agrees with itself.
    pub(super) fn listen_first(&mut self, reply: StartReply) -> Result<(), Fault> {
        self.held = Some(Held { reply: Reply::Start(reply), since: Instant::now() });
        let alone = self.context.as_ref().is_none_or(|context| context.validators.len() < 2);
        if alone || self.parts.voting.is_none() {
            return self.begin();
        }
        // The network knows validators by their keys only once it is told the set; else the engine does so with the first
        // height, which is what waits here.
        if let Some(context) = &self.context {
            let validators = Validators::new(Arc::clone(context))?;
            let _ = self.parts.network.cast(NetworkMsg::UpdateValidatorSet(validators));
        }
        let now = Instant::now();
        self.listening = Some(Listening { since: now, look: now, told: None, heard: None, passing: false });
        Ok(())
    }

    /// Looks whether there is anything to wait for any more.
    pub(super) fn poll(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        let (Some(listening), Some(context), Some(voting)) = (&mut self.listening, &self.context, &self.parts.voting)
        else {
            return self.poll_work();
        };
        if listening.passing || now < listening.look {
            return Ok(());
        }
        listening.look = now.checked_add(LISTEN_TICK).unwrap_or(now);
        match self.parts.shared.told(context, voting.address()) {
            None if listening.since.elapsed() < listen_max(&self.parts.shared, self.height) => {
                // For others that listen as well: the sync says nothing before the first height starts.
                if listening.told.is_none_or(|told| told.elapsed() >= TELL) && self.height > Height(1) {
                    listening.told = Some(now);
                    self.tell_height();
                }
                Ok(())
            }
            Some(tip) if listening.waits(tip, self.parts.guarded) => Ok(()),
            Some(tip) if tip >= self.height => {
                listening.passing = true;
                tracing::info!(from = %self.height, to = %tip, "the network is ahead; signing nothing that it has decided");
                self.job(Job::Pass { height: tip })
            }
            _ => self.begin(),
        }
    }

    /// The first height may start.
    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        self.listening = None;
        if self.parts.resumes { self.release() } else { self.poll_work() }
    }

    /// Holds a height back until there is work, if blocks are made on demand by this node.
    pub(super) fn hold(&mut self, reply: Reply) -> Result<(), Fault> {
        self.held = Some(Held { reply, since: Instant::now() });
        self.poll_work()
    }

    pub(super) fn poll_work(&mut self) -> Result<(), Fault> {
        let Some(held) = &self.held else {
            return Ok(());
        };
        let since = held.since;
        // Before asking: whoever brings work from now on wakes the host again.
        self.idle(true);
        let due = match self.parts.pacing {
            Pacing::Interval(_) => true,
            // A full node follows; only whoever proposes may hold back.
            Pacing::OnDemand { .. } if self.parts.voting.is_none() => true,
            Pacing::OnDemand { slow_tick } => match self.parts.application.work() {
                Work::Now => true,
                Work::Scheduled => since.elapsed() >= slow_tick,
                Work::None => false,
            },
        };
        if due { self.release() } else { Ok(()) }
    }

    /// When to ask for work again although nobody said that there is any.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if let Some(listening) = &self.listening {
            return (!listening.passing).then_some(listening.look);
        }
        let Pacing::OnDemand { slow_tick } = self.parts.pacing else {
            return None;
        };
        let held = self.held.as_ref()?;
        // Past the first tick, scheduled work may still appear: keep asking at the same pace.
        let elapsed = held.since.elapsed();
        let rest = if elapsed < slow_tick { slow_tick.saturating_sub(elapsed) } else { slow_tick };
        Instant::now().checked_add(rest)
    }

    fn idle(&self, idle: bool) {
        self.parts.pulse.hear();
        self.parts.pulse.idle.store(idle, Ordering::SeqCst);
        self.parts.shared.status.send_if_modified(|status| std::mem::replace(&mut status.idle, idle) != idle);
    }

    /// Lets the height start, unless this node still listens where the others are.
    pub(super) fn release(&mut self) -> Result<(), Fault> {
        if self.listening.is_some() {
            return Ok(());
        }
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        self.idle(false);
        let (height, params) = (EngineHeight::from(self.height), self.height_params()?);
        match held.reply {
            Reply::Start(reply) => drop(reply.send((height, params))),
            Reply::Next(reply) => drop(reply.send(Next::Start(height, params))),
        }
        Ok(())
    }

    fn height_params(&self) -> Result<HeightParams<Assay>, Fault> {
        let context = self.context.clone().ok_or_else(|| Fault::invariant("a height without validators"))?;
        // Whoever is behind does not wait: pacing would keep it behind for ever.
        let behind = self.parts.shared.behind(self.height);
        let target = match self.parts.pacing {
            Pacing::Interval(interval) if !behind => Some(interval.saturating_sub(self.parts.shared.lag())),
            _ => None,
        };
        convert::height_params(context, self.parts.timeouts, target)
    }
}

fn listen_max(shared: &Shared, height: Height) -> Duration {
    match shared.best_told() {
        None => LISTEN_ALONE_MAX,
        Some(best) if best >= height => LISTEN_AHEAD_MAX,
        // Before its first block a peer has nothing to tell; later the first word may be on its way.
        Some(Height::ZERO) if height > Height(1) => LISTEN_ALONE_MAX,
        Some(_) => LISTEN_MAX,
    }
}

/// Waits for a deadline, or for ever.
pub(super) async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
