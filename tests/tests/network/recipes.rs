//! What takes minutes: `make chaos`, `make network-rate`, `make network-faults`. Each is skipped, and says so, unless its
//! variable is set.

use super::lab::Lab;
use crate::support::Rpc;
use crate::testnet::{Load, Testnet, height, nothing_is_lost, reach, same_chain, urls};
use std::time::{Duration, Instant};

/// A number from the environment; without it the recipe is skipped.
fn asked(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")));
    if value.is_none() {
        println!("skipped: {variable} is not set");
    }
    value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_chaos() {
    let Some(seconds) = asked("ASSAY_CHAOS_SECONDS") else { return };
    let every = Duration::from_secs(std::env::var("ASSAY_CHAOS_EVERY").map_or(20, |text| text.parse().unwrap()));
    let all = [0, 1, 2, 3];
    let mut network = Testnet::start(4, 500);
    let load = Load::start(&urls(&network, &all), Duration::from_millis(20));
    let (began, mut kills, mut slowest) = (Instant::now(), 0u32, Duration::ZERO);
    while began.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(every / 2).await;
        let victim = rand::random::<usize>() % 4;
        network.kill(victim);
        tokio::time::sleep(every / 2).await;
        let back = Instant::now();
        network.start_nodes(&[victim]);
        let other = network.rpc((victim + 1) % 4);
        let tip = height(&other).await;
        reach(&network.rpc(victim), tip + 1).await;
        slowest = slowest.max(back.elapsed());
        kills += 1;
    }
    let told = load.stop().await;
    let tip = height(&network.rpc(0)).await;
    for client in network.clients() {
        reach(&client, tip).await;
    }
    nothing_is_lost(&network.rpc(0), &told).await;
    let blocks = same_chain(&network.clients()).await;
    println!(
        "chaos: {} s, {kills} kills, {blocks} blocks with the same hashes on four nodes, {} transactions acknowledged and \
         there, slowest from start to tip + 1: {} ms",
        began.elapsed().as_secs(),
        told.accepted.len(),
        slowest.as_millis()
    );
    assert!(u64::from(kills) * every.as_secs() <= seconds + 2 * every.as_secs() && blocks > seconds / 4);
}

/// Blocks of a node over a time, and the longest gap between two.
async fn rate(rpc: &Rpc, time: Duration) -> (u64, Duration) {
    let (began, first) = (Instant::now(), height(rpc).await);
    let (mut last, mut at, mut gap) = (first, Instant::now(), Duration::ZERO);
    while began.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let now = height(rpc).await;
        if now > last {
            gap = gap.max(at.elapsed());
            (last, at) = (now, Instant::now());
        }
    }
    (last - first, gap.max(at.elapsed()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_rate_with_one_of_four_dead() {
    let Some(seconds) = asked("ASSAY_RATE_SECONDS") else { return };
    let mut network = Testnet::start(4, 500);
    reach(&network.rpc(0), 10).await;
    let time = Duration::from_secs(seconds);
    let (healthy, healthy_gap) = rate(&network.rpc(0), time).await;
    network.kill(3);
    let (dead, gap) = rate(&network.rpc(0), time).await;
    let share = dead * 100 / healthy;
    println!(
        "healthy: {healthy} blocks in {seconds} s, longest gap {} ms; one of four dead: {dead} blocks ({share} %), longest \
         gap {} ms",
        healthy_gap.as_millis(),
        gap.as_millis()
    );
    assert!(share >= 80 && gap <= Duration::from_millis(2_500), "{share} %, {gap:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_quorum_comes_back() {
    let Some(rounds) = asked("ASSAY_QUORUM_ROUNDS") else { return };
    let mut network = Testnet::start(4, 500);
    for round in 1..=rounds {
        let at = height(&network.rpc(0)).await;
        reach(&network.rpc(0), at + 8).await;
        network.kill_all(&[2, 3]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let halted = height(&network.rpc(0)).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(height(&network.rpc(0)).await, halted, "a block without a quorum");
        let launched = Instant::now();
        network.start_nodes(&[2]);
        let ready = Instant::now();
        reach(&network.rpc(0), halted + 1).await;
        println!(
            "two dead: 0 blocks in 10 s; third back, round {round}: first block {} ms after it serves, {} ms after its \
             process started",
            ready.elapsed().as_millis(),
            launched.elapsed().as_millis()
        );
        assert!(ready.elapsed() < Duration::from_secs(2), "{:?}", ready.elapsed());
        network.start_nodes(&[3]);
        let tip = height(&network.rpc(0)).await;
        reach(&network.rpc(3), tip + 1).await;
    }
    same_chain(&network.clients()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_restart_to_deciding() {
    let Some(rounds) = asked("ASSAY_RESTART_ROUNDS") else { return };
    // Blocks come as fast as they can, so that the pace hides nothing.
    let mut network = Testnet::start(4, 50);
    let mut times = Vec::new();
    for _ in 0..rounds {
        let at = height(&network.rpc(0)).await;
        reach(&network.rpc(0), at + 10).await;
        network.kill(3);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let launched = Instant::now();
        network.start_nodes(&[3]);
        let tip = height(&network.rpc(0)).await;
        reach(&network.rpc(3), tip + 1).await;
        times.push(launched.elapsed().as_millis());
    }
    println!("from the start of a killed validator's process to a decision at the tip: {times:?} ms");
    same_chain(&network.clients()).await;
}

/// A lab, or the loud reason why there is none.
fn lab() -> Option<(Lab, Duration)> {
    let seconds = asked("ASSAY_FAULT_SECONDS")?;
    match Lab::start(500) {
        Ok(lab) => Some((lab, Duration::from_secs(seconds))),
        Err(reason) => {
            println!("skipped: network namespaces: {reason}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_faults_partitions_heal() {
    let Some((mut lab, time)) = lab() else { return };
    reach(&lab.rpc(0), 5).await;
    lab.tell("groups 0,1|2,3");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let halted = height(&lab.rpc(0)).await;
    tokio::time::sleep(time).await;
    assert_eq!(height(&lab.rpc(0)).await, halted, "a block in one half");
    lab.tell("groups");
    let healed = reach(&lab.rpc(0), halted + 1).await;
    println!("2|2 for {} s: 0 blocks; first block {} ms after healing", time.as_secs(), healed.as_millis());
    assert!(healed < Duration::from_secs(5), "{healed:?}");
    same_chain(&lab.clients()).await;

    let at = height(&lab.rpc(0)).await;
    reach(&lab.rpc(0), at + 4).await;
    lab.tell("groups 0|1,2,3");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (alone, others) = (height(&lab.rpc(0)).await, height(&lab.rpc(1)).await);
    tokio::time::sleep(time).await;
    let blocks = height(&lab.rpc(1)).await - others;
    assert_eq!(height(&lab.rpc(0)).await, alone, "a block by one node");
    lab.tell("groups");
    let tip = height(&lab.rpc(1)).await;
    let healed = reach(&lab.rpc(0), tip + 1).await;
    println!(
        "1|3 for {} s: {blocks} blocks by the three; the one decides with them {} ms after healing",
        time.as_secs(),
        healed.as_millis()
    );
    assert!(blocks > 0 && healed < Duration::from_secs(10), "{blocks} {healed:?}");
    same_chain(&lab.clients()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_faults_loss_and_slow_links() {
    let Some((mut lab, time)) = lab() else { return };
    reach(&lab.rpc(0), 5).await;
    for (fault, cure) in [("loss 0.3", "loss 0"), ("rate 5000000", "rate 0")] {
        let load = Load::start(lab.urls(), Duration::from_millis(50));
        lab.tell(fault);
        let (blocks, gap) = rate(&lab.rpc(0), time).await;
        lab.tell(cure);
        let at = height(&lab.rpc(0)).await;
        let healed = reach(&lab.rpc(0), at + 1).await;
        let told = load.stop().await;
        nothing_is_lost(&lab.rpc(1), &told).await;
        let chain = same_chain(&lab.clients()).await;
        println!(
            "{fault} for {} s: {blocks} blocks, longest gap {} ms, first block {} ms after healing; {} transactions, {chain} \
             blocks without a fork",
            time.as_secs(),
            gap.as_millis(),
            healed.as_millis(),
            told.accepted.len()
        );
        assert!(healed < Duration::from_secs(5), "{healed:?}");
    }
}
