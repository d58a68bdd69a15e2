//! Watches the engine's actors and ends the engine, with a reason, when one of them fails.
//!
//! The engine's own supervisor keeps a node alive after a safety failure, with consensus stopped behind a living RPC.
//! This one takes its place: a safety failure, a failed actor and an ended actor all stop the engine, and whoever holds
//! the handle learns why.

use crate::engine::StopReason;
use crate::wal::{WalDamaged, wal_path};
use arc_malachitebft_engine::node::NodeMsg;
use arc_malachitebft_metrics::Metrics;
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use std::path::PathBuf;
use tokio::sync::watch;

/// Ends the engine. The first reason given is the one that stands.
#[derive(Clone, Debug)]
pub(crate) struct Stopper(watch::Sender<Option<StopReason>>);

impl Stopper {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Gives a reason to stop.
    pub(crate) fn stop(&self, reason: StopReason) {
        self.0.send_if_modified(|current| {
            if current.is_some() {
                return false;
            }
            if reason == StopReason::Requested {
                tracing::info!("consensus engine stops");
            } else {
                tracing::error!(%reason, "consensus engine stops");
            }
            *current = Some(reason);
            true
        });
    }

    /// The reason, once there is one.
    pub(crate) async fn stopping(&self) -> StopReason {
        let mut receiver = self.0.subscribe();
        let reason = receiver.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        // The sender lives in `self`, so there is a reason.
        reason.unwrap_or(StopReason::Requested)
    }

    /// The reason, if there is one yet.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        self.0.borrow().clone()
    }
}

/// The supervisor of all actors of one engine.
pub(crate) struct Supervisor {
    pub(crate) metrics: Metrics,
    pub(crate) stopper: Stopper,
    pub(crate) data_dir: PathBuf,
}

impl Supervisor {
    /// What a safety failure is about: the log, where the engine says so, else the failure itself.
    pub(crate) fn safety_reason(&self, reason: String) -> StopReason {
        if reason.starts_with("Corrupted WAL entry") || reason.starts_with("WAL replay entry") {
            StopReason::WalDamaged(WalDamaged::new(&wal_path(&self.data_dir), reason))
        } else {
            StopReason::Safety(reason)
        }
    }
}

#[async_trait]
impl Actor for Supervisor {
    type Msg = NodeMsg;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _myself: ActorRef<NodeMsg>, _args: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _myself: ActorRef<NodeMsg>,
        message: NodeMsg,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let NodeMsg::SafetyFailure(reason) = message;
        self.metrics.set_safety_failure();
        self.stopper.stop(self.safety_reason(reason));
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<NodeMsg>,
        event: SupervisionEvent,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(_, error) => self.stopper.stop(StopReason::Engine(error.to_string())),
            SupervisionEvent::ActorTerminated(_, _, reason) => {
                let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
                self.stopper.stop(StopReason::Engine(format!("an actor ended: {reason}")));
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}
