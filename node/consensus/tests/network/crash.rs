//! Engines that are killed, blocked, or left without a quorum.

use super::{Network, Node, Setup, scaled};
use crate::support::reach;
use assay_consensus::{EngineError, EngineHandle, GuardError, PubSub, StopReason};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A node whose engine runs in a runtime of its own, which can be dropped in the middle of anything.
struct Victim {
    node: Node,
    runtime: Option<(Runtime, EngineHandle)>,
}

impl Victim {
    fn new(n: u8, setup: Setup) -> Self {
        Self { node: Node::new(n, setup), runtime: None }
    }

    fn address(&self) -> Option<String> {
        self.runtime.as_ref().map(|(_, engine)| engine.status().borrow().listening[0].clone())
    }

    /// Drops every task where it stands: no actor is asked to stop, nothing is flushed.
    fn kill(&mut self) {
        if let Some((runtime, _engine)) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Starts again as soon as the threads of before have let go of the guard.
    fn start(&mut self, peers: &[String]) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            match runtime.block_on(self.node.try_start(peers.to_vec())) {
                Ok(engine) => {
                    self.runtime = Some((runtime, engine));
                    return;
                }
                Err(EngineError::Guard(GuardError::Locked { .. })) if Instant::now() < deadline => {
                    runtime.shutdown_background();
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(error) => panic!("node {}: {error}", self.node.n),
            }
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn all_killed_together_and_restarted_never_stall_a_height() {
    let mut victims: Vec<Victim> = (1..=4).map(|n| Victim::new(n, Setup::fast())).collect();
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut slowest = Duration::ZERO;
    for round in 0..6u64 {
        let mut peers = Vec::new();
        let before = victims.iter().map(|victim| victim.node.height()).max().unwrap();
        for victim in &mut victims {
            victim.start(&peers);
            peers.extend(victim.address());
        }
        let began = Instant::now();
        for victim in &victims {
            waiting.block_on(reach(&victim.node.chain, before + 1));
        }
        slowest = slowest.max(began.elapsed());
        // Killed in whatever phase of whatever height this happens to be.
        std::thread::sleep(Duration::from_millis(37 + 61 * round % 190));
        victims.iter_mut().for_each(Victim::kill);
    }
    println!("six times all killed: at most {slowest:?} from the last start to a new block everywhere");
    let nodes = victims.iter().map(|victim| &victim.node);
    let longest = nodes.clone().max_by_key(|node| node.height()).unwrap().chain.ids();
    for node in nodes {
        let ids = node.chain.ids();
        assert_eq!(ids[..], longest[..ids.len()]);
        assert!(node.chain.disk.lock().unwrap().evidence.is_empty(), "somebody signed twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_quorum_nothing_is_decided_and_nobody_counts_as_hanging() {
    // Far shorter than the wait below.
    let quick = Setup { pacing: Duration::from_millis(100), timeouts: scaled(4), ..Setup::slow() };
    let mut network = Network::of(1..=4, Setup { hang_after: Duration::from_secs(1), ..quick });
    network.start_all().await;
    network.reach(4).await;
    network.0[2].stop().await;
    network.0[3].stop().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let halted = network.tip();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(network.tip() <= halted + 1, "decided without a quorum");
    let halted = network.tip();
    let began = Instant::now();
    network.start(2).await;
    network.reach(halted + 1).await;
    println!("first block {:?} after the start of the third of four", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    network.start(3).await;
    network.reach(halted + 4).await;
    network.stop_all().await;
    network.agree();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_blocked_application_ends_its_engine_and_not_the_network() {
    let mut network = Network::of(1..=4, Setup { hang_after: Duration::from_secs(1), ..Setup::fast() });
    network.start_all().await;
    network.reach(3).await;
    network.0[1].chain.fail.hang.store(true, Ordering::SeqCst);
    let engine = network.0[1].engine.take().unwrap();
    let reason = tokio::time::timeout(Duration::from_secs(30), engine.stopped()).await.unwrap();
    assert!(matches!(&reason, StopReason::Hang(text) if text.contains("application")), "{reason}");
    network.reach(network.tip() + 3).await;
    network.start(1).await;
    network.reach(network.tip() + 5).await;
    network.stop_all().await;
    network.agree();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_gossip_as_over_broadcast() {
    let setup = Setup { pubsub: PubSub::Gossip, timeouts: scaled(2), ..Setup::fast() };
    let mut network = Network::of(1..=4, setup);
    network.start_all().await;
    network.reach(6).await;
    network.stop_all().await;
    network.agree();
}
