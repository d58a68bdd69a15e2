//! The chain from genesis on: blocks, receipts, restarts, crashes, faults.

use super::driver::{Driver, certify, close, open_store, try_open};
use super::fixtures::{signer, transfer};
use crate::{BlockRef, ChainEvent, ReadError, SubmitError, WaitError};
use alloy_primitives::{Address, U256};
use assay_consensus::{Application as _, ProposalOrigin, Verdict, Work};
use assay_primitives::{Height, Round};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const TO: Address = Address::repeat_byte(0xaa);

#[test]
fn transfers_become_receipts() {
    let driver = Driver::new();
    let mut events = driver.chain.subscribe();
    let hash = driver.transfer(0, 0).unwrap();
    let second = driver.transfer(0, 1).unwrap();
    assert_eq!(driver.chain.pending_nonce(signer(0).address()), Ok(2));
    assert_eq!(driver.chain.transaction(hash).unwrap().map(|location| location.index), None);
    driver.produce();
    let location = driver.chain.transaction(hash).unwrap().unwrap();
    let receipt = location.receipt().unwrap();
    assert!(receipt.receipt.success);
    assert_eq!((location.index, receipt.gas_used, location.block.number()), (0, 21_000, 1));
    assert_eq!(location.transaction().unwrap().sender, signer(0).address());
    let state = driver.chain.state(BlockRef::Latest).unwrap();
    assert_eq!(state.account(TO).unwrap().unwrap().balance, U256::from(2_000));
    assert_eq!(driver.chain.state(BlockRef::Number(0)).unwrap().account(TO).unwrap(), None);
    assert_eq!(driver.chain.pool_status().pending, 0);
    assert_eq!(driver.chain.pending_nonce(signer(0).address()), Ok(2));
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        seen.push(match event {
            ChainEvent::PendingTx(tx) => tx.hash(),
            ChainEvent::NewBlock(block) => block.hash,
        });
    }
    assert_eq!(seen, [hash, second, driver.chain.head().hash]);
}

#[test]
fn time_rises_even_where_the_clock_stands() {
    let driver = Driver::new();
    let mut last = driver.chain.head().timestamp_ms;
    for _ in 0..3 {
        let block = driver.propose();
        driver.decide(&block);
        let head = driver.chain.head();
        assert!(head.timestamp_ms > last);
        assert_eq!(head.header.timestamp, head.timestamp_ms.seconds());
        last = head.timestamp_ms;
    }
}

#[test]
fn a_restart_continues_with_the_same_blocks() {
    let driver = Driver::new();
    driver.transfer(0, 0).unwrap();
    driver.produce();
    driver.produce();
    let (first, head) = (driver.chain.block(BlockRef::Number(1)).unwrap().unwrap(), driver.chain.head());
    let driver = driver.restart();
    assert_eq!(*driver.chain.head(), *head);
    assert_eq!(*driver.chain.block(BlockRef::Number(1)).unwrap().unwrap(), *first);
    assert_eq!(*driver.chain.block(BlockRef::Hash(first.hash)).unwrap().unwrap(), *first);
    assert_eq!(driver.chain.block(BlockRef::Number(3)).unwrap(), None);
    driver.transfer(0, 1).unwrap();
    driver.produce();
    assert_eq!(driver.chain.head().transactions.len(), 1);
}

#[test]
fn a_crash_after_the_decision_is_made_good_at_start() {
    let driver = Driver::new();
    driver.produce();
    driver.transfer(0, 0).unwrap();
    let block = driver.propose();
    // As far as a node gets that is killed once the decision is durable, twice over.
    driver.chain.inner.core.store.put_decided(&block, &certify(&block, 0)).unwrap();
    let Driver { dir, clock_ms, chain, runtime } = driver;
    close(chain);
    let chain = try_open(dir.path(), &clock_ms, true).unwrap();
    assert_eq!(chain.head().ordering_id, block.id());
    assert_eq!(chain.head().transactions.len(), 1);
    assert_eq!(chain.pool_status().pending, 0, "the journal's copy is obsolete");
    // The engine tells the decision again from its log: nothing happens.
    chain.decided(&block, &certify(&block, 0)).unwrap();
    let driver = Driver { dir, clock_ms, chain, runtime };
    driver.produce();
    assert_eq!(driver.chain.head().number(), 3);
}

#[test]
fn a_follower_reaches_the_same_hashes() {
    let leader = Driver::new();
    let follower = Driver::with(false);
    for nonce in 0..4 {
        leader.transfer(0, nonce).unwrap();
        leader.transfer(1, nonce).unwrap();
        let block = leader.produce();
        follower.clock_ms.store(leader.clock_ms.load(Ordering::SeqCst) + 3_600_000, Ordering::SeqCst);
        let origin = ProposalOrigin::Synced { round: Round(0) };
        // One of two is judged first, the other only decided.
        if nonce % 2 == 0 {
            assert_eq!(follower.chain.process_proposal(&block, origin).unwrap(), Verdict::Accept);
        }
        follower.decide(&block);
        assert_eq!(*follower.chain.head(), *leader.chain.head());
    }
    let stored = leader.chain.decided_block(Height(2)).unwrap().unwrap();
    assert_eq!(follower.chain.decided_block(Height(2)).unwrap().unwrap(), stored);
    assert!(follower.chain.prepare_proposal(Height(5), Round(0), Duration::ZERO).is_err());
}

#[test]
fn work_is_signalled_and_answered() {
    let driver = Driver::new();
    let signals = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&signals);
    driver.chain.on_work(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    assert_eq!(driver.chain.work(), Work::None);
    driver.transfer(0, 1).unwrap();
    assert_eq!(driver.chain.work(), Work::None, "a nonce gap is no work");
    driver.transfer(0, 0).unwrap();
    assert_eq!(driver.chain.work(), Work::Now);
    assert_eq!(signals.load(Ordering::SeqCst), 2);
    driver.produce();
    assert_eq!(driver.chain.work(), Work::None);
    assert!(!driver.chain.health().work_waiting);
}

#[test]
fn sending_again_is_a_success() {
    let driver = Driver::new();
    let hash = driver.transfer(0, 0).unwrap();
    assert_eq!(driver.transfer(0, 0), Ok(hash));
    driver.produce();
    assert_eq!(driver.transfer(0, 0), Ok(hash));
    let other = transfer(&signer(0), 0, TO, 7, 1_000_000_000);
    let error = driver.submit(other).unwrap_err();
    assert_eq!((error.reason(), error.expected_nonce()), ("nonce_too_low", Some(1)));
}

#[test]
fn refusals_name_their_reason() {
    let driver = Driver::new();
    let poor = alloy_signer_local::PrivateKeySigner::from_bytes(&[5; 32].into()).unwrap();
    let error = driver.submit(transfer(&poor, 0, TO, 1, 1)).unwrap_err();
    assert_eq!(error.reason(), "insufficient_funds");
    let error = driver.submit(transfer(&signer(0), 99_999, TO, 1, 1)).unwrap_err();
    assert_eq!((error.reason(), error.expected_nonce()), ("nonce_too_high", Some(0)));
    assert_eq!(driver.submit(vec![0xc0].into()).unwrap_err().reason(), "malformed");
    assert_eq!(driver.submit(vec![0; 200_000].into()).unwrap_err().reason(), "oversized");
}

#[test]
fn waiting_ends_with_the_receipt_or_the_time() {
    let driver = Driver::new();
    let raw = transfer(&signer(0), 0, TO, 1, 1_000_000_000);
    let chain = driver.chain.clone();
    let wait = driver.runtime.spawn(async move { chain.submit_and_wait(raw, Duration::from_secs(20)).await });
    driver.runtime.block_on(async {
        while driver.chain.work() == Work::None {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    driver.produce();
    let location = driver.runtime.block_on(wait).unwrap().unwrap();
    assert_eq!((location.block.number(), location.index), (1, 0));
    // Known already: answered at once.
    let raw = transfer(&signer(0), 0, TO, 1, 1_000_000_000);
    driver.runtime.block_on(driver.chain.submit_and_wait(raw, Duration::ZERO)).unwrap();
    let gapped = transfer(&signer(0), 5, TO, 1, 1_000_000_000);
    let error = driver.runtime.block_on(driver.chain.submit_and_wait(gapped, Duration::from_millis(5))).unwrap_err();
    assert!(matches!(error, WaitError::TimedOut { timeout_ms: 5, expected_nonce: Some(1), .. }), "{error:?}");
    assert!(driver.chain.inner.core.waiters.lock().is_empty());
}

#[test]
fn a_fault_stops_everything() {
    let driver = Driver::new();
    driver.produce();
    // Decided by others, but made on another state: this node must not go on.
    let head = driver.chain.head();
    let payload = driver.propose().system_payload().unwrap();
    let wrong = assay_primitives::Block::assemble(
        31_337,
        Height(2),
        head.ordering_id,
        alloy_primitives::B256::repeat_byte(1),
        &payload,
        [],
    )
    .unwrap();
    assert!(driver.chain.decided(&wrong, &certify(&wrong, 0)).is_err());
    assert!(driver.chain.health().stopped.unwrap().contains("decided block 2"));
    assert!(driver.chain.info().is_err());
    assert!(matches!(driver.transfer(0, 0), Err(SubmitError::Stopped(_))));
    assert!(matches!(driver.chain.block(BlockRef::Latest), Err(ReadError::Stopped(_))));
    assert_eq!(driver.chain.work(), Work::None);
    // Nor does it start again on that ledger.
    let Driver { dir, clock_ms, chain, .. } = driver;
    close(chain);
    assert!(try_open(dir.path(), &clock_ms, true).is_err());
}

#[test]
fn proposals_survive_and_are_made_again() {
    let driver = Driver::new();
    driver.transfer(0, 0).unwrap();
    let block = driver.propose();
    let proposal = assay_consensus::UndecidedProposal {
        height: Height(1),
        round: Round(0),
        valid_round: None,
        proposer: super::driver::key().address(),
        block: block.clone(),
        accepted: true,
    };
    driver.chain.keep_undecided(&proposal).unwrap();
    let driver = driver.restart();
    driver.transfer(1, 0).unwrap();
    driver.wait(100);
    assert_eq!(driver.chain.undecided(Height(1)).unwrap(), [proposal]);
    assert_eq!(driver.propose().id(), block.id());
    driver.decide(&block);
    assert_eq!(driver.chain.undecided(Height(2)).unwrap(), []);
    // The next proposal does not take the kept one of a height that is done.
    assert_eq!(driver.produce().height(), Height(2));
}

#[test]
fn another_chains_store_is_refused() {
    let driver = Driver::new();
    driver.produce();
    let Driver { dir, chain, .. } = driver;
    let mut spec = (**chain.spec()).clone();
    close(chain);
    spec.chain_id = 1_234;
    let other = assay_executive::Executive::new(Arc::new(spec)).unwrap();
    let config = crate::ChainConfig::new(None);
    assert!(crate::Chain::open(open_store(dir.path()), Arc::new(other), config).is_err());
}
