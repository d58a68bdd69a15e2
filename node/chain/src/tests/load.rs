//! Many transactions at once: each is included exactly once, in nonce order, whatever the order of arrival.

use super::driver::Driver;
use super::fixtures::{signer, transfer};
use alloy_primitives::{Address, B256, Bytes};
use assay_consensus::{Application as _, Work};
use std::collections::BTreeSet;
use std::time::Instant;

const SENDERS: u32 = 64;
const EACH: u64 = 100;

#[test]
fn a_burst_is_included_exactly_once() {
    let driver = Driver::new();
    let raws: Vec<Vec<Bytes>> = (0..SENDERS)
        .map(|index| {
            let from = signer(index);
            (0..EACH).map(|nonce| transfer(&from, nonce, Address::repeat_byte(0xaa), 1, 1_000_000_000)).collect()
        })
        .collect();
    let start = Instant::now();
    let submitted: BTreeSet<B256> = driver.runtime.block_on(async {
        let all = raws.into_iter().flatten().map(|raw| driver.chain.submit(raw));
        futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect()
    });
    let admitted = start.elapsed();
    assert_eq!(submitted.len() as u64, u64::from(SENDERS) * EACH);
    let mut included = Vec::new();
    while driver.chain.work() == Work::Now {
        driver.produce();
        included.extend(driver.chain.head().transactions.iter().map(|tx| tx.hash));
    }
    // Shown with --nocapture; how long it takes is the machine's matter.
    println!("{} admitted in {admitted:?}, in blocks after {:?}", included.len(), start.elapsed());
    assert_eq!(included.len(), submitted.len());
    assert_eq!(included.into_iter().collect::<BTreeSet<_>>(), submitted);
    assert!(driver.chain.head().number() >= 2, "one block holds fewer than all");
}

#[test]
fn more_than_fits_is_told_to_come_back() {
    let driver = Driver::new();
    let counter = &driver.chain.inner.admitting_bytes;
    counter.fetch_add(usize::MAX / 2, std::sync::atomic::Ordering::SeqCst);
    let busy = driver.transfer(0, 0).unwrap_err();
    assert!(matches!(busy, crate::SubmitError::Busy { retry_after_ms: 200 }), "{busy:?}");
    counter.fetch_sub(usize::MAX / 2, std::sync::atomic::Ordering::SeqCst);
    driver.transfer(0, 0).unwrap();
    assert_eq!(counter.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn a_full_executor_says_so() {
    let executor = crate::executor::Executor::start("test", 1, crate::executor::SMALL_STACK_BYTES, 1).unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (started, running) = std::sync::mpsc::channel::<()>();
    executor
        .spawn(move || {
            started.send(()).unwrap();
            held.recv().unwrap();
        })
        .unwrap();
    running.recv().unwrap();
    executor.spawn(|| ()).unwrap();
    let refused = executor.spawn(|| ()).unwrap_err();
    assert!(matches!(refused, crate::executor::ExecutorError::Busy { .. }));
    release.send(()).unwrap();
    // A panic costs its own job only.
    while executor.spawn(|| panic!("on purpose")).is_err() {
        std::thread::yield_now();
    }
    let answer = loop {
        if let Ok(answer) = executor.run_blocking(|| 7) {
            break answer;
        }
    };
    assert_eq!(answer, 7);
}
