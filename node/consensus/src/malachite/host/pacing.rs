//! When the next height starts: at once, after its interval, or when there is work for it.
//!
//! On demand, the engine's question for the next height stays unanswered until there is work: it has no timeout, while a
//! question for a block would run into round after round.

use super::super::context::{Assay, EngineHeight};
use super::super::convert;
use super::{Held, Host, Reply};
use crate::application::Work;
use crate::engine::Pacing;
use arc_malachitebft_core_types::HeightParams;
use arc_malachitebft_engine::host::Next;
use assay_primitives::Fault;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Host {
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

    /// Lets the height start.
    pub(super) fn release(&mut self) -> Result<(), Fault> {
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
        let behind = self.parts.shared.best_peer() >= self.height;
        let target = match self.parts.pacing {
            Pacing::Interval(interval) if !behind => Some(interval),
            _ => None,
        };
        convert::height_params(context, self.parts.timeouts, target)
    }
}

/// Waits for a deadline, or for ever.
pub(super) async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
