//! What the node knows of its network: how many peers it has, and how far it is while it catches up.

use alloy_primitives::U64;
use assay_chain::Chain;
use assay_consensus::EngineStatus;
use assay_rpc::{NetworkHooks, Syncing};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often the node looks how far it is.
const LOOK: Duration = Duration::from_millis(250);
/// How often a node that catches up says how far it is.
const REPORT: Duration = Duration::from_secs(2);
/// A node this many blocks behind its best peer catches up; one block behind is who has not heard of the newest yet.
const BEHIND_MIN: u64 = 2;

/// A node on its way to the height of its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CatchUp {
    /// Height at which it began.
    pub(crate) from: u64,
    /// Height it has reached.
    pub(crate) height: u64,
    /// Highest height that a peer says it has decided.
    pub(crate) target: u64,
    /// Pace of the last seconds.
    pub(crate) blocks_per_second: u64,
    since: Instant,
    reported: (Instant, u64),
}

/// What there is to say after a look.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It has begun to catch up, or goes on.
    Going(CatchUp),
    /// It has caught up.
    Done {
        /// Height reached.
        height: u64,
        /// Blocks that it was behind at first.
        blocks: u64,
        /// How long it took.
        took: Duration,
    },
}

impl CatchUp {
    /// The state after a look at `height`, where the best peer is at `target`.
    pub(crate) fn step(before: Option<Self>, height: u64, target: u64, now: Instant) -> (Option<Self>, Option<Notice>) {
        let behind = target.saturating_sub(height) >= BEHIND_MIN;
        match before {
            None if behind => {
                let begun =
                    Self { from: height, height, target, blocks_per_second: 0, since: now, reported: (now, height) };
                (Some(begun), Some(Notice::Going(begun)))
            }
            None => (None, None),
            Some(before) if behind => {
                let mut next = Self { height, target, ..before };
                let (at, from) = before.reported;
                let passed = now.saturating_duration_since(at);
                if passed < REPORT {
                    return (Some(next), None);
                }
                let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
                let blocks = height.saturating_sub(from).saturating_mul(1000);
                next.blocks_per_second = blocks.checked_div(millis).unwrap_or(0);
                next.reported = (now, height);
                (Some(next), Some(Notice::Going(next)))
            }
            Some(before) => {
                let took = now.saturating_duration_since(before.since);
                (None, Some(Notice::Done { height, blocks: height.saturating_sub(before.from), took }))
            }
        }
    }
}

impl Notice {
    fn log(&self) {
        match self {
            Self::Going(CatchUp { height, target, blocks_per_second, .. }) if *blocks_per_second == 0 => {
                tracing::info!("catching up: height {height} of {target}");
            }
            Self::Going(CatchUp { height, target, blocks_per_second, .. }) => {
                tracing::info!("catching up: height {height} of {target}, {blocks_per_second} blocks/s");
            }
            Self::Done { height, blocks, took } => {
                tracing::info!("caught up: height {height}, {blocks} blocks in {} ms", took.as_millis());
            }
        }
    }
}

/// Shared by whoever tells others of the network. Empty before the engine runs.
#[derive(Debug, Default)]
pub(crate) struct Network {
    status: OnceLock<watch::Receiver<EngineStatus>>,
    catch_up: Mutex<Option<CatchUp>>,
}

impl Network {
    /// How far the node is, while it catches up.
    pub(crate) fn catch_up(&self) -> Option<CatchUp> {
        *self.catch_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As the RPC server asks for it.
    pub(crate) fn hooks(self: &Arc<Self>) -> NetworkHooks {
        let (counted, followed) = (Arc::clone(self), Arc::clone(self));
        NetworkHooks {
            peers: Arc::new(move || counted.status.get().map_or(0, |status| status.borrow().peers as u64)),
            syncing: Arc::new(move || {
                followed.catch_up().map(|at| Syncing {
                    starting_block: U64::from(at.from),
                    current_block: U64::from(at.height),
                    highest_block: U64::from(at.target),
                })
            }),
        }
    }

    /// Watches an engine and its chain until the task is aborted.
    pub(crate) async fn follow(self: Arc<Self>, status: watch::Receiver<EngineStatus>, chain: Chain) {
        let _ = self.status.set(status.clone());
        loop {
            let (height, target) = (chain.head().number(), status.borrow().best_peer.get());
            let (next, notice) = CatchUp::step(self.catch_up(), height, target, Instant::now());
            *self.catch_up.lock().unwrap_or_else(PoisonError::into_inner) = next;
            if let Some(notice) = notice {
                notice.log();
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
