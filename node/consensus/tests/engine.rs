//! The real engine over a real application: one validator through crashes and damage; `network` has four over loopback.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

mod network;
mod support;

use assay_consensus::{EngineConfig, EngineError, GuardError, Pacing, StopReason, guard, wal};
use assay_primitives::{Height, Round};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{CHAIN_ID, Failures, TestChain, config, key, reach, start, submit, try_start, validators};

const FAST: Pacing = Pacing::Interval(Duration::from_millis(10));
const TICK: Duration = Duration::from_millis(300);

fn single() -> (tempfile::TempDir, Arc<TestChain>) {
    (tempfile::tempdir().unwrap(), TestChain::new(validators(1), key(1), 0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_validator_decides_fifty_heights_and_continues_after_a_restart() {
    let (folder, chain) = single();
    let engine = start(folder.path(), FAST, 1, &chain).await;
    reach(&chain, 50).await;
    let status = engine.status().borrow().clone();
    assert!(status.decided >= Height(49) && !status.idle && status.listening.len() == 1);
    let began = Instant::now();
    assert_eq!(engine.stop().await, StopReason::Requested);
    assert!(began.elapsed() < Duration::from_secs(5));
    // The library's registry is the process's; whichever engine of these tests came first exports that as well.
    let metrics = engine.encode_metrics();
    assert!(metrics.contains("\nconsensus_rounds_total ") && metrics.matches("# EOF").count() == 1);
    let commit = engine.status().borrow().last_commit.clone().unwrap();
    assert_eq!((commit.signed, commit.missing), (vec![key(1).address()], Vec::new()));
    let (tip, ids) = (chain.height(), chain.ids());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(chain.height(), tip, "nothing is decided after a stop");

    let engine = start(folder.path(), FAST, 1, &chain).await;
    reach(&chain, tip.get() + 10).await;
    engine.stop().await;
    assert_eq!(chain.ids()[..ids.len()], ids, "history stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocks_are_paced_by_the_interval() {
    let (folder, chain) = single();
    let engine = start(folder.path(), Pacing::Interval(Duration::from_millis(200)), 1, &chain).await;
    reach(&chain, 1).await;
    let began = Instant::now();
    reach(&chain, 6).await;
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_demand_a_height_waits_for_work() {
    let (folder, chain) = single();
    let pacing = Pacing::OnDemand { slow_tick: TICK };
    let mut settings = config(folder.path(), pacing);
    // Far shorter than the wait below: an idle engine is no hanging one.
    settings.hang_after = Duration::from_secs(1);
    let engine = try_start(settings, 1, &chain).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(chain.height(), Height::ZERO, "no work, no block");
    assert!(engine.status().borrow().idle);

    for n in 1..=20 {
        let began = Instant::now();
        submit(&chain, b"transaction");
        engine.notify_work();
        reach(&chain, n).await;
        assert!(began.elapsed() < TICK, "released by the notice, not by the tick: {:?}", began.elapsed());
    }
    tokio::time::sleep(TICK * 2).await;
    assert_eq!(chain.height(), Height(20), "one block each, and none without work");

    // Work that nobody tells of is found by the slow tick.
    submit(&chain, b"transaction");
    reach(&chain, 21).await;

    // Scheduled work: one block per slow tick.
    chain.disk.lock().unwrap().scheduled = true;
    engine.notify_work();
    let began = Instant::now();
    reach(&chain, 25).await;
    assert!(began.elapsed() >= TICK * 2, "{:?}", began.elapsed());
    chain.disk.lock().unwrap().scheduled = false;
    engine.stop().await;
    assert_eq!(engine.stopped().await, StopReason::Requested);
}

/// Runs into a failure, restarts, and gives the ids of height 4 that were built before and decided after.
async fn crash(flag: fn(&Failures) -> &AtomicBool) {
    let (folder, chain) = single();
    let engine = start(folder.path(), FAST, 1, &chain).await;
    reach(&chain, 3).await;
    flag(&chain.fail).store(true, Ordering::SeqCst);
    let reason = engine.stopped().await;
    assert!(matches!(&reason, StopReason::Fault(text) if text.contains("injected")), "{reason}");
    let (height, round, built) = *chain.disk.lock().unwrap().built.last().unwrap();
    let tip = chain.height();

    let engine = start(folder.path(), FAST, 1, &chain).await;
    reach(&chain, tip.get() + 5).await;
    engine.stop().await;
    let disk = chain.disk.lock().unwrap();
    assert_eq!(disk.decided[&height].0.id(), built, "the block of before the crash, not another");
    assert_eq!(round, Round::ZERO);
    // `prepare_proposal` itself refuses to be asked twice for one height and round.
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_proposal_and_decision_proposes_the_same_block_again() {
    crash(|fail| &fail.after_keep).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_votes_and_decision_decides_the_same_block() {
    crash(|fail| &fail.before_decided).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_decision_goes_on_with_the_next_height() {
    crash(|fail| &fail.after_decided).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_hangs_or_panics_ends_the_engine() {
    let (folder, chain) = single();
    let mut settings = config(folder.path(), FAST);
    settings.hang_after = Duration::from_secs(1);
    let engine = try_start(settings, 1, &chain).await.unwrap();
    reach(&chain, 3).await;
    chain.fail.hang.store(true, Ordering::SeqCst);
    let reason = engine.stopped().await;
    assert!(matches!(&reason, StopReason::Hang(text) if text.contains("application")), "{reason}");

    let (folder, chain) = single();
    let engine = start(folder.path(), FAST, 1, &chain).await;
    reach(&chain, 3).await;
    chain.fail.panic.store(true, Ordering::SeqCst);
    let reason = engine.stopped().await;
    assert!(matches!(&reason, StopReason::Fault(text) if text.contains("panicked")), "{reason}");
}

/// Stops in the middle of a height, whose messages are in log and guard.
async fn stopped_midway() -> (tempfile::TempDir, Arc<TestChain>) {
    let (folder, chain) = single();
    let engine = start(folder.path(), FAST, 1, &chain).await;
    reach(&chain, 3).await;
    chain.fail.before_decided.store(true, Ordering::SeqCst);
    engine.stopped().await;
    (folder, chain)
}

async fn continues(folder: &tempfile::TempDir, chain: &Arc<TestChain>) {
    let built = chain.disk.lock().unwrap().built.last().unwrap().2;
    let midway = chain.height().next();
    let engine = start(folder.path(), FAST, 1, chain).await;
    reach(chain, midway.get() + 3).await;
    engine.stop().await;
    assert_eq!(chain.disk.lock().unwrap().decided[&midway].0.id(), built);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_or_torn_log_is_survived() {
    let (folder, chain) = stopped_midway().await;
    std::fs::remove_file(wal::wal_path(folder.path())).unwrap();
    continues(&folder, &chain).await;
    for cut in [1usize, 40, 200, 400] {
        let (folder, chain) = stopped_midway().await;
        let path = wal::wal_path(folder.path());
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        continues(&folder, &chain).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_is_named_and_repaired() {
    let (folder, chain) = stopped_midway().await;
    let path = wal::wal_path(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = try_start(config(folder.path(), FAST), 1, &chain).await.unwrap_err();
    let EngineError::WalDamaged(damage) = &error else { panic!("{error}") };
    assert_eq!((damage.path.clone(), damage.command.as_str()), (path, wal::REPAIR_COMMAND));
    wal::repair(folder.path(), Some((CHAIN_ID, key(1)))).unwrap().unwrap();
    continues(&folder, &chain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_without_its_guard_does_not_start() {
    let (folder, chain) = stopped_midway().await;
    let attempt = || try_start(config(folder.path(), FAST), 1, &chain);
    let path = guard::guard_path(folder.path());
    let newest = std::fs::read(&path).unwrap();

    // On a chain with blocks, a guard is never made on the side; nor at height 1, once something was signed.
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(attempt().await, Err(EngineError::Guard(GuardError::Missing { .. }))));
    guard::create(folder.path(), CHAIN_ID, &key(1)).unwrap();
    assert!(matches!(attempt().await, Err(EngineError::Guard(GuardError::OlderThanChain { .. }))));
    std::fs::write(&path, &newest).unwrap();
    assert!(matches!(
        try_start(config(folder.path(), FAST), 2, &chain).await,
        Err(EngineError::Guard(GuardError::OtherKey { .. }))
    ));
    let engine = attempt().await.unwrap();
    assert!(matches!(attempt().await, Err(EngineError::Guard(GuardError::Locked { .. }))));
    reach(&chain, 6).await;
    engine.stop().await;
    // A stopped engine lets go of its files.
    attempt().await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_lost_in_the_first_height_is_not_made_anew() {
    let (folder, chain) = single();
    chain.fail.before_decided.store(true, Ordering::SeqCst);
    let engine = try_start(config(folder.path(), FAST), 1, &chain).await.unwrap();
    engine.stopped().await;
    std::fs::remove_file(guard::guard_path(folder.path())).unwrap();
    let refused = try_start(config(folder.path(), FAST), 1, &chain).await;
    assert!(matches!(refused, Err(EngineError::Guard(GuardError::Missing { .. }))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_key_off_the_curve_is_named_at_start() {
    let public_key = alloy_primitives::B256::repeat_byte(2);
    assert!(!assay_consensus::keys::is_public_key(public_key));
    let mut list: Vec<_> = validators(2).iter().cloned().collect();
    list[1].public_key = public_key;
    let set = assay_primitives::ValidatorSet::new(list).unwrap();
    let (folder, chain) = (tempfile::tempdir().unwrap(), TestChain::new(set, key(1), 0));
    match try_start(config(folder.path(), FAST), 1, &chain).await {
        Err(EngineError::Config { setting: "validators", reason }) => assert!(reason.contains("no Ed25519 public key")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unusable_settings_are_named() {
    let (folder, chain) = single();
    let attempt = |change: fn(&mut EngineConfig)| {
        let mut settings = config(folder.path(), FAST);
        change(&mut settings);
        try_start(settings, 1, &chain)
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = config(folder.path(), FAST);
    settings.listen_addr = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port());
    let refused = try_start(settings, 1, &chain).await.unwrap_err();
    assert!(refused.to_string().contains("in use"), "{refused}");
    for (change, name) in [
        ((|c| c.listen_addr = "nowhere".to_owned()) as fn(&mut EngineConfig), "listen_addr"),
        (|c| c.peers = vec!["/ip4/1.2.3.4/tcp/99999999".to_owned()], "peers"),
        (|c| c.pacing = Pacing::Interval(Duration::ZERO), "block time"),
    ] {
        match attempt(change).await {
            Err(EngineError::Config { setting, .. }) => assert_eq!(setting, name),
            other => panic!("{other:?}"),
        }
    }
}
