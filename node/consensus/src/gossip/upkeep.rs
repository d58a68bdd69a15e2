//! The thread that gossip runs on, and what is done on it by the clock.

use super::limits::{HUB_TICK, POINTS_NO_ANSWER};
use super::net::Net;
use super::{GossipError, Shared};
use libp2p::Multiaddr;
use libp2p::identity::Keypair;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// What the thread is started with.
pub(super) struct Thread {
    pub(super) shared: Arc<Shared>,
    pub(super) key: Keypair,
    pub(super) listen: Option<Multiaddr>,
    pub(super) peers: Vec<Multiaddr>,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Thread {
    pub(super) fn start(
        self,
        started: oneshot::Sender<Result<(), GossipError>>,
        end: watch::Sender<bool>,
    ) -> Result<(), GossipError> {
        let failed = |error: std::io::Error| GossipError::Network(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let run = move || {
            runtime.block_on(self.run(started));
            // Whatever is left, such as a name that is being looked up, is not waited for.
            runtime.shutdown_background();
            end.send_replace(true);
        };
        std::thread::Builder::new().name("gossip".to_owned()).spawn(run).map(drop).map_err(failed)
    }

    async fn run(self, started: oneshot::Sender<Result<(), GossipError>>) {
        let Self { shared, key, listen, peers, stopping } = self;
        let net = match Net::new(Arc::clone(&shared), &key, listen, peers) {
            Ok(net) => net,
            Err(error) => return drop(started.send(Err(error))),
        };
        drop(started.send(Ok(())));
        tokio::select! {
            () = net.run(stopping) => {}
            () = relay(&shared) => {}
            () = reannounce(&shared) => {}
            () = look_after_questions(&shared) => {}
        }
    }
}

/// Announces what was accepted from peers, a moment later and together.
async fn relay(shared: &Shared) {
    loop {
        shared.relay.notified().await;
        sleep(shared.config.relay_after).await;
        let dropped = shared.hub().relay();
        shared.counters.dropped.add(dropped);
    }
}

async fn reannounce(shared: &Shared) {
    let mut ticks = interval(shared.config.reannounce_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let pending = shared.pending().await;
        let dropped = shared.hub().reannounce(&pending);
        shared.counters.dropped.add(dropped);
    }
}

/// Gives up questions that are not answered, and asks others.
async fn look_after_questions(shared: &Shared) {
    let mut ticks = interval(HUB_TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = Instant::now();
        let late = shared.hub().expire(now);
        for link in late {
            shared.blame(&link, POINTS_NO_ANSWER, "it does not answer");
        }
        shared.hub().fetch(now);
    }
}
