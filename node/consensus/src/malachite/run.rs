//! The life of an engine: log and guard looked after, actors spawned, and all taken apart at the end.

use super::assembly::{Assembly, Started, Threads, registry, thread_error};
use super::settings::consensus_config;
use super::signing::VotingKey;
use super::supervisor::Stopper;
use super::watch::{Pulse, Shared};
use crate::application::Application;
use crate::engine::{EngineConfig, EngineError, EngineKeys, EngineStatus, STOP_TIME_MAX, StopReason, WorkNotifier};
use crate::guard::{self, Guard};
use crate::keys;
use crate::wal::{self, WalState};
use assay_primitives::Height;
use ractor::ActorCell;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Longest wait for the engine to listen and to ask for its first height.
const START_TIME_MAX: Duration = Duration::from_secs(10);

/// A running engine.
pub(crate) struct Running {
    stopper: Stopper,
    shared: Arc<Shared>,
    notifier: WorkNotifier,
    ended: watch::Receiver<Option<StopReason>>,
    exported: bool,
}

impl Running {
    pub(crate) fn notifier(&self) -> WorkNotifier {
        self.notifier.clone()
    }

    pub(crate) fn status(&self) -> watch::Receiver<EngineStatus> {
        self.shared.status.subscribe()
    }

    pub(crate) fn request_stop(&self) {
        self.stopper.stop(StopReason::Requested);
    }

    pub(crate) async fn stopped(&self) -> StopReason {
        let mut ended = self.ended.clone();
        let reason = ended.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        // The task that takes the engine apart sends before it ends; without it, the runtime is gone.
        reason.unwrap_or_else(|| StopReason::Engine("the runtime has ended".to_owned()))
    }

    pub(crate) fn encode_metrics(&self) -> String {
        let mut text = self.shared.metrics.encode();
        if self.exported {
            // One text has one end mark.
            text.truncate(text.trim_end().trim_end_matches("# EOF").len());
            arc_malachitebft_metrics::export(&mut text);
        }
        text
    }
}

/// Log and guard, looked after before anything can sign.
pub(super) struct Prepared {
    pub(super) guard: Option<Guard>,
    resumes: bool,
    guarded: Height,
    chain: Height,
}

pub(super) fn prepare(
    config: &EngineConfig,
    own: &EngineKeys,
    application: &dyn Application,
) -> Result<Prepared, EngineError> {
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).map_err(|source| EngineError::Io { path: folder.clone(), source })?;
    let chain = application.info()?.height;
    let context = application.height_context(chain.next())?;
    if let Some(validator) = context.validators.iter().find(|v| !keys::is_public_key(v.public_key)) {
        let (key, address) = (validator.public_key, validator.address);
        let reason = format!("{key} of {address} is no Ed25519 public key; correct the genesis and start anew");
        return Err(EngineError::Config { setting: "validators", reason });
    }
    let mut guard = None;
    if let Some(key) = &own.voting {
        let missing = !guard::guard_path(folder).exists();
        // A log with entries means that the key has signed already: then the guard was lost.
        let path = wal::wal_path(folder);
        let log = wal::inspect(&path).map_err(|source| EngineError::Io { path, source })?;
        let unused = matches!(log, WalState::Absent | WalState::Intact { entries: 0, .. });
        if missing && config.create_guard && chain == Height::ZERO && unused {
            guard::create(folder, config.chain_id, key)?;
        }
        guard = Some(Guard::open(folder, config.chain_id, key.clone(), chain)?);
    }
    let resumes = wal::reconcile(folder, guard.as_mut(), chain.next())?;
    let guarded = guard.as_ref().map_or(Height::ZERO, Guard::height);
    Ok(Prepared { guard, resumes, guarded, chain })
}

/// Starts everything.
pub(crate) async fn run(
    config: EngineConfig,
    keys: EngineKeys,
    application: Arc<dyn Application>,
) -> Result<Running, EngineError> {
    let consensus_config = consensus_config(&config)?;
    let prepared = {
        let (config, keys, application) = (config.clone(), keys.clone(), Arc::clone(&application));
        tokio::task::spawn_blocking(move || prepare(&config, &keys, &*application))
            .await
            .map_err(|e| EngineError::Engine(e.to_string()))??
    };
    let stopper = Stopper::new();
    let shared = Arc::new(Shared::new());
    shared.status.send_modify(|status| status.decided = prepared.chain);
    let mut threads = Threads::new();
    let mut voting = None;
    if let (Some(guard), Some(key)) = (prepared.guard, keys.voting.clone()) {
        let (key, thread) = VotingKey::new(guard, key, config.chain_id, stopper.clone(), shared.metrics.clone())
            .map_err(thread_error)?;
        threads.push(thread);
        voting = Some(key);
    }
    let assembly = Assembly {
        registry: registry(),
        pulse: Arc::new(Pulse::new()),
        shared,
        stopper,
        voting,
        resumes: prepared.resumes,
        guarded: prepared.guarded,
        application,
        config,
        keys,
    };
    let stopper = assembly.stopper.clone();
    let mut actors = Vec::new();
    match assembly.spawn(consensus_config, &mut threads, &mut actors).await {
        Ok(started) => started.started(actors, threads).await,
        Err(error) => {
            stopper.stop(StopReason::Engine(error.to_string()));
            take_apart(actors, threads).await;
            Err(error)
        }
    }
}

impl Started {
    /// Waits until the application has named the first height, then watches for the end.
    async fn started(self, actors: Vec<ActorCell>, threads: Threads) -> Result<Running, EngineError> {
        let (sender, ended) = watch::channel(None);
        let stopper = self.stopper.clone();
        tokio::spawn(async move {
            let reason = stopper.stopping().await;
            take_apart(actors, threads).await;
            let _ = sender.send(Some(reason));
        });
        let running = Running {
            stopper: self.stopper,
            shared: self.shared,
            notifier: self.notifier,
            ended,
            exported: self.exported,
        };
        let mut status = running.status();
        let ready = status.wait_for(|status| status.height > Height::ZERO);
        tokio::select! {
            _ = ready => Ok(running),
            reason = running.stopped() => Err(EngineError::Engine(reason.to_string())),
            () = tokio::time::sleep(START_TIME_MAX) => {
                running.request_stop();
                running.stopped().await;
                Err(EngineError::Engine("it does not listen".to_owned()))
            }
        }
    }
}

/// Stops the actors, consensus before what it needs, then the threads.
async fn take_apart(actors: Vec<ActorCell>, threads: Threads) {
    let all = async {
        for actor in actors.iter().rev() {
            let _ = actor.stop_and_wait(None, Some(STOP_TIME_MAX / 4)).await;
        }
    };
    if tokio::time::timeout(STOP_TIME_MAX / 2, all).await.is_err() {
        for actor in &actors {
            actor.kill();
        }
    }
    let joined = tokio::task::spawn_blocking(move || {
        for thread in threads {
            let _ = thread.join();
        }
    });
    if tokio::time::timeout(STOP_TIME_MAX / 2, joined).await.is_err() {
        tracing::warn!("a call of the application still runs at the end of the engine");
    }
}
