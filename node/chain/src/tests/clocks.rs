//! Wrong clocks: four real engines over four real chains. They cost rounds at most; block time rises all the same.

use super::driver::{BUDGET, GENESIS_MS};
use super::quorum::{CHAIN_ID, Member, Quorum, key};
use crate::Chain;
use crate::config::system_clock;
use assay_consensus::{
    Application, EngineConfig, EngineHandle, EngineKeys, NetworkKey, Pacing, ProposalOrigin, Timeouts, Verdict, engine,
};
use assay_primitives::{Height, Round};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A node with its own idea of the time.
struct Node {
    chain: Chain,
    engine: EngineHandle,
    _folders: (Member, TempDir),
}

async fn start(n: u8, skew_ms: i64, peers: &[Node]) -> Node {
    let member = Member::with_clock(n, {
        let clock = system_clock();
        Arc::new(move || clock().saturating_add_signed(skew_ms))
    });
    let folder = tempfile::tempdir().unwrap();
    let mut config = EngineConfig::local(CHAIN_ID, folder.path().to_owned());
    config.pacing = Pacing::Interval(Duration::from_millis(100));
    let ms = Duration::from_millis;
    config.timeouts =
        Timeouts { propose: ms(400), prevote: ms(100), precommit: ms(100), propose_delta: ms(50), vote_delta: ms(50) };
    config.peers = peers.iter().map(|peer| peer.engine.status().borrow().listening[0].clone()).collect();
    let keys = EngineKeys { voting: Some(key(n)), network: NetworkKey::generate() };
    let chain = member.chain().clone();
    let engine = engine::spawn(config, keys, Arc::new(chain.clone())).await.unwrap();
    Node { chain, engine, _folders: (member, folder) }
}

/// Runs validators with these clocks until all have decided `heights`; checks that they agree and that time rises.
fn run(skews_ms: [i64; 4], heights: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut nodes = Vec::new();
        for (n, skew) in (1..).zip(skews_ms) {
            let node = start(n, skew, &nodes).await;
            nodes.push(node);
        }
        let began = Instant::now();
        for node in &nodes {
            while node.chain.info().unwrap().height < Height(heights) {
                assert!(began.elapsed() < Duration::from_secs(150), "stalls with clocks off by {skews_ms:?} ms");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        println!("{heights} heights in {:?} with clocks off by {skews_ms:?} ms", began.elapsed());
        for node in &nodes {
            node.engine.stop().await;
        }
        let mut last = 0;
        for height in (1..=heights).map(Height) {
            let block = |node: &Node| node.chain.decided_block(height).unwrap().unwrap().0;
            let first = block(&nodes[0]);
            assert!(nodes.iter().all(|node| block(node) == first));
            let time = assay_primitives::Block::decode(&first).unwrap().system_payload().unwrap().timestamp_ms.get();
            assert!(time > last, "time falls at {height}");
            last = time;
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
}

#[test]
fn one_clock_thirty_seconds_off_keeps_the_chain_going() {
    run([0, 30_000, 0, 0], 12);
    run([0, 0, -30_000, 0], 12);
}

#[test]
fn all_clocks_five_seconds_off_keep_the_chain_going() {
    run([5_000, -5_000, 5_000, -5_000], 8);
}

#[test]
fn what_is_tolerated_doubles_with_every_round() {
    let quorum = Quorum::new();
    let height = quorum.produce(&[]).0.height().next();
    let now = GENESIS_MS + 20_000;
    quorum.0.iter().for_each(|member| member.clock_ms.store(now, Ordering::SeqCst));
    let context = quorum.0[0].context(height);
    for round in 0..8u32 {
        let creator = context.proposer(height, Round(round));
        let (maker, judge) = match quorum.0.iter().position(|member| member.address() == creator).unwrap() {
            maker @ 0 => (maker, 1),
            maker => (maker, 0),
        };
        let origin = ProposalOrigin::Fresh { round: Round(round) };
        for (skew, allowed) in [(499i64 << round, true), ((501i64 << round) + 20, false)] {
            quorum.0[maker].clock_ms.store(now.saturating_add_signed(skew), Ordering::SeqCst);
            let block = quorum.0[maker].chain().prepare_proposal(height, Round(round), BUDGET).unwrap();
            let verdict = quorum.0[judge].chain().process_proposal(&block, origin).unwrap();
            assert_eq!(verdict == Verdict::Accept, allowed, "round {round}, {skew} ms ahead: {verdict:?}");
        }
        quorum.0[maker].clock_ms.store(now, Ordering::SeqCst);
    }
}
