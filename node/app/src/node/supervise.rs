//! The one way to stop: a signal, or a part that stopped by itself.

use super::{Node, NodeSetup};
use crate::error::{AppError, advice};
use crate::output;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// Longest graceful stop.
const STOP_TIME_MAX: Duration = Duration::from_millis(4_800);
/// How often the chain is asked whether it has stopped; the engine reports by itself.
const CHAIN_POLL: Duration = Duration::from_millis(200);
/// Signals this soon after the first are the same wish: some programs signal a process and then its whole group.
const SAME_SIGNAL: Duration = Duration::from_millis(300);
/// Exit code after a second signal, as a shell gives it for SIGINT.
const EXIT_INTERRUPTED: i32 = 130;

/// Signals that ask the process to stop.
#[derive(Debug)]
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
    input: Option<Arc<Notify>>,
}

impl Stop {
    /// Takes the signals over from now on.
    ///
    /// # Errors
    /// `Failed` where the system refuses.
    pub fn install() -> Result<Self, AppError> {
        let failed = |error: std::io::Error| AppError::Failed(format!("signals: {error}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            input: None,
        })
    }

    /// Takes the end of standard input for a signal too.
    ///
    /// # Errors
    /// `Failed` where the system refuses a thread.
    pub fn stop_with_input(&mut self) -> Result<(), AppError> {
        let ended = Arc::new(Notify::new());
        let notify = Arc::clone(&ended);
        let wait = move || {
            // Whatever comes is passed over; an error is an end.
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            notify.notify_one();
        };
        let started = std::thread::Builder::new().name("input".to_owned()).spawn(wait);
        started.map_err(|error| AppError::Failed(format!("cannot start a thread: {error}")))?;
        self.input = Some(ended);
        Ok(())
    }

    /// A signal that is a second wish, not the first one again.
    pub async fn again(&mut self) {
        tokio::time::sleep(SAME_SIGNAL).await;
        self.drain().await;
        self.next().await;
    }

    /// Forgets signals that have come already.
    async fn drain(&mut self) {
        while tokio::time::timeout(Duration::ZERO, self.next()).await.is_ok() {}
    }

    /// The next signal, by name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            () = ended(self.input.as_deref()) => "end of input",
        }
    }
}

/// Waits for the end of standard input, where that counts; else for ever.
async fn ended(input: Option<&Notify>) {
    match input {
        Some(ended) => ended.notified().await,
        None => std::future::pending().await,
    }
}

/// Starts a node; a signal meanwhile ends the process, which is as safe as a kill.
///
/// # Errors
/// Those of [`Node::start`].
pub async fn start(setup: NodeSetup, stop: &mut Stop, temporary: Option<&Path>) -> Result<Node, AppError> {
    tokio::select! {
        node = Node::start(setup) => node,
        name = stop.next() => {
            output::note(format_args!("{name} while starting: ending at once"));
            leave(temporary, 0);
        }
    }
}

/// Ends the process without waiting for anything.
fn leave(temporary: Option<&Path>, code: i32) -> ! {
    if let Some(folder) = temporary {
        let _ = std::fs::remove_dir_all(folder);
    }
    std::process::exit(code)
}

/// Runs a node until a signal comes or it stops by itself, then stops all of it. `temporary` is a folder
/// that goes with the node.
///
/// # Errors
/// `Stopped` with the reason, where the node stopped by itself or did not stop in time.
pub async fn supervise(node: Node, mut stop: Stop, temporary: Option<PathBuf>) -> Result<(), AppError> {
    let root = node.root.clone();
    let ended = tokio::select! {
        name = stop.next() => {
            tracing::info!(signal = name, "stopping");
            None
        }
        reason = failure(&node) => Some(reason),
    };
    if let Some(reason) = &ended {
        tracing::error!(reason, "the node has stopped by itself");
    }
    tokio::select! {
        done = tokio::time::timeout(STOP_TIME_MAX, node.stop()) => {
            if done.is_err() && ended.is_none() {
                let reason = format!("it did not stop within {} ms; nothing acknowledged is lost", STOP_TIME_MAX.as_millis());
                return Err(AppError::Stopped(reason));
            }
        }
        name = async { tokio::time::sleep(SAME_SIGNAL).await; stop.drain().await; stop.next().await } => {
            output::note(format_args!("second signal ({name}): ending at once; nothing acknowledged is lost"));
            leave(temporary.as_deref(), EXIT_INTERRUPTED);
        }
    }
    ended.map_or(Ok(()), |reason| Err(AppError::Stopped(format!("{reason}{}", advice(&reason, &root)))))
}

/// Waits until engine, gossip or chain have stopped by themselves.
async fn failure(node: &Node) -> String {
    let chain = async {
        loop {
            if let Some(reason) = node.chain.health().stopped {
                return reason;
            }
            tokio::time::sleep(CHAIN_POLL).await;
        }
    };
    let gossip = async {
        match &node.gossip {
            Some(gossip) => gossip.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        // A fault of the chain ends the engine too; the chain's own words are the better ones.
        biased;
        reason = chain => reason,
        () = gossip => "transaction gossip has ended; its last words are in the log".to_owned(),
        reason = node.engine.stopped() => node.chain.health().stopped.unwrap_or_else(|| reason.to_string()),
    }
}

impl Node {
    /// Stops everything in order.
    pub async fn stop(self) {
        let Self { chain, engine, rpc, clients, admin, gossip, following, store, _lock, .. } = self;
        following.abort();
        rpc.stop().await;
        drop(clients);
        if let Some(gossip) = gossip {
            gossip.stop().await;
        }
        let reason = engine.stop().await;
        tracing::info!(%reason, "consensus has stopped");
        admin.stop().await;
        drop(chain);
        drop(engine);
        // The database closes with the last handle on it; closing writes out what only its log holds.
        let closed = tokio::task::spawn_blocking(move || drop(store)).await;
        if closed.is_err() {
            tracing::error!("closing the database panicked");
        }
        drop(_lock);
    }
}
