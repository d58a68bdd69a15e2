//! The pool's rules, one by one.

use super::fixtures::{entry, state};
use crate::mempool::{Inserted, Mempool, PoolError, PoolLimits, PoolTx, SenderState};
use alloy_primitives::{Address, U256};

const RICH: u64 = 1_000_000_000;

fn pool(change: impl FnOnce(&mut PoolLimits)) -> Mempool {
    let mut limits = PoolLimits::standard();
    change(&mut limits);
    Mempool::new(limits, 1)
}

fn cheap(sender: u8, nonce: u64, tip: u128) -> PoolTx {
    entry(sender, nonce, tip + 10, tip, 10, 100, 0)
}

fn add(pool: &mut Mempool, entry: PoolTx) -> Result<Inserted, PoolError> {
    pool.insert(entry, state(0, RICH), 0)
}

#[test]
fn known_transaction_is_a_success() {
    let mut pool = pool(|_| ());
    add(&mut pool, cheap(1, 0, 5)).unwrap();
    assert_eq!(add(&mut pool, cheap(1, 0, 5)), Ok(Inserted::Known));
    assert_eq!(pool.len(), 1);
}

#[test]
fn nonce_errors_carry_the_expected_nonce() {
    let mut pool = pool(|limits| limits.nonce_ahead_max = 10);
    let low = pool.insert(cheap(1, 3, 5), state(4, RICH), 0).unwrap_err();
    assert_eq!((low.reason(), low.expected_nonce()), ("nonce_too_low", Some(4)));
    add(&mut pool, cheap(1, 0, 5)).unwrap();
    let high = add(&mut pool, cheap(1, 11, 5)).unwrap_err();
    assert_eq!((high.reason(), high.expected_nonce()), ("nonce_too_high", Some(1)));
}

#[test]
fn replacement_needs_a_tenth_on_both_caps() {
    let mut pool = pool(|_| ());
    add(&mut pool, entry(1, 0, 100, 50, 10, 100, 0)).unwrap();
    for (fee, tip) in [(109, 55), (110, 54), (100, 50)] {
        let error = add(&mut pool, entry(1, 0, fee, tip, 10, 100, 1)).unwrap_err();
        assert_eq!(error, PoolError::ReplacementUnderpriced { fee_min: 110, tip_min: 55 });
    }
    let old = entry(1, 0, 100, 50, 10, 100, 0).hash;
    let done = add(&mut pool, entry(1, 0, 110, 55, 10, 100, 2)).unwrap();
    assert_eq!(done, Inserted::New { replaced: Some(old), evicted: vec![] });
    assert_eq!((pool.len(), pool.get(&old)), (1, None));
}

#[test]
fn cumulative_cost_is_held_against_the_balance() {
    let mut pool = pool(|_| ());
    let poor = state(0, 100);
    pool.insert(entry(1, 0, 10, 1, 60, 100, 0), poor, 0).unwrap();
    let error = pool.insert(entry(1, 1, 10, 1, 50, 100, 0), poor, 0).unwrap_err();
    let (balance, queued, cost) = (U256::from(100), U256::from(60), U256::from(50));
    assert_eq!(error, PoolError::InsufficientFunds { balance, queued, cost });
    pool.insert(entry(1, 1, 10, 1, 40, 100, 0), poor, 0).unwrap();
    assert_eq!(pool.status().pending, 2);
    // The balance falls: what it no longer covers waits.
    pool.on_block([(Address::repeat_byte(1), state(0, 70))], 1);
    assert_eq!((pool.status().pending, pool.status().queued), (1, 1));
}

#[test]
fn gaps_wait_and_pending_nonce_counts_to_the_gap() {
    let mut pool = pool(|_| ());
    let sender = Address::repeat_byte(1);
    add(&mut pool, cheap(1, 0, 5)).unwrap();
    add(&mut pool, cheap(1, 2, 5)).unwrap();
    assert_eq!(pool.pending_nonce(sender), Some(1));
    assert_eq!((pool.content_from(sender).pending.len(), pool.content_from(sender).queued.len()), (1, 1));
    add(&mut pool, cheap(1, 1, 5)).unwrap();
    assert_eq!(pool.pending_nonce(sender), Some(3));
    assert_eq!(pool.pick(1, 10, 10_000).len(), 3);
}

#[test]
fn picks_by_effective_tip_and_nonce() {
    let mut pool = pool(|_| ());
    // The fee cap leaves sender 1 a tip of 3 at base fee 7, although it offers 50.
    add(&mut pool, entry(1, 0, 10, 50, 1, 100, 0)).unwrap();
    add(&mut pool, entry(2, 0, 100, 4, 1, 100, 0)).unwrap();
    add(&mut pool, entry(2, 1, 100, 90, 1, 100, 0)).unwrap();
    add(&mut pool, entry(3, 0, 6, 6, 1, 100, 0)).unwrap();
    let picked = pool.pick_entries(7, 10, 10_000);
    let order: Vec<(u8, u64)> = picked.iter().map(|entry| (entry.sender[0], entry.nonce)).collect();
    assert_eq!(order, [(2, 0), (2, 1), (1, 0)]);
    assert_eq!(pool.pick_entries(7, 2, 10_000).len(), 2);
    assert_eq!(pool.pick_entries(7, 9, 250).len(), 2);
    assert!(pool.has_work(7) && !pool.has_work(1_000));
}

#[test]
fn a_million_from_one_sender_meet_the_bound() {
    let mut pool = pool(|limits| limits.sender_count_max = 500);
    let mut refused = 0;
    for nonce in 0..1_000_000 {
        match add(&mut pool, cheap(1, nonce, 5)) {
            Ok(_) => (),
            Err(PoolError::SenderLimit { count, .. }) => {
                assert_eq!(count, 500);
                refused += 1;
            }
            Err(PoolError::NonceTooHigh { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((pool.len(), refused), (500, 999_500));
}

#[test]
fn a_full_queue_gives_up_its_end_for_a_gap() {
    let mut pool = pool(|limits| limits.sender_count_max = 3);
    for nonce in [1, 2, 3] {
        add(&mut pool, cheap(1, nonce, 5)).unwrap();
    }
    let done = add(&mut pool, cheap(1, 0, 5)).unwrap();
    assert_eq!(done, Inserted::New { replaced: None, evicted: vec![cheap(1, 3, 5).hash] });
    assert_eq!(pool.status().pending, 3);
}

#[test]
fn the_cheapest_tail_leaves_a_full_pool() {
    let mut pool = pool(|limits| limits.count_max = 4);
    add(&mut pool, cheap(1, 0, 2)).unwrap();
    add(&mut pool, cheap(1, 1, 90)).unwrap();
    add(&mut pool, cheap(2, 0, 9)).unwrap();
    add(&mut pool, cheap(3, 0, 5)).unwrap();
    // Sender 1 ends with a tip of 90 that can only follow one of 2: that is its worth. Its end goes first.
    assert_eq!(add(&mut pool, cheap(4, 0, 2)).unwrap_err(), PoolError::Full { tip_min: 2 });
    let first = add(&mut pool, cheap(4, 0, 6)).unwrap();
    assert_eq!(first, Inserted::New { replaced: None, evicted: vec![cheap(1, 1, 90).hash] });
    let second = add(&mut pool, cheap(5, 0, 6)).unwrap();
    assert_eq!(second, Inserted::New { replaced: None, evicted: vec![cheap(1, 0, 2).hash] });
    assert_eq!(pool.len(), 4);
}

#[test]
fn queued_never_displaces_pending() {
    let mut pool = pool(|limits| limits.count_max = 2);
    add(&mut pool, cheap(1, 0, 1)).unwrap();
    add(&mut pool, cheap(2, 0, 1)).unwrap();
    assert!(matches!(add(&mut pool, cheap(3, 5, 900)), Err(PoolError::Full { .. })));
}

#[test]
fn refusal_for_bytes_leaves_the_pool_as_it_was() {
    let mut pool = pool(|limits| limits.bytes_max = 300);
    add(&mut pool, cheap(1, 0, 1)).unwrap();
    add(&mut pool, cheap(2, 0, 50)).unwrap();
    add(&mut pool, cheap(3, 0, 50)).unwrap();
    let before = pool.status();
    // Worth more than sender 1's, but 200 bytes need one of the others' places too.
    assert!(matches!(add(&mut pool, entry(4, 0, 40, 20, 1, 200, 0)), Err(PoolError::Full { tip_min: 50 })));
    assert_eq!(pool.status(), before);
    assert!(pool.get(&cheap(1, 0, 1).hash).is_some());
    assert_eq!(pool.pending_nonce(Address::repeat_byte(1)), Some(1));
}

#[test]
fn accounts_with_code_have_one_place() {
    let mut pool = pool(|_| ());
    let delegated = SenderState { has_code: true, ..state(0, RICH) };
    pool.insert(cheap(1, 0, 5), delegated, 0).unwrap();
    let error = pool.insert(cheap(1, 1, 5), delegated, 0).unwrap_err();
    assert_eq!(error, PoolError::OnePending { address: Address::repeat_byte(1) });
    // Replacing the one is fine.
    pool.insert(entry(1, 0, 100, 50, 1, 100, 9), delegated, 0).unwrap();
    // An account that comes to have code keeps its first.
    for nonce in 0..3 {
        add(&mut pool, cheap(2, nonce, 5)).unwrap();
    }
    let gone = pool.on_block([(Address::repeat_byte(2), delegated)], 1);
    assert_eq!((gone.len(), pool.len()), (2, 2));
}

#[test]
fn pending_authorisations_reserve_their_accounts() {
    let mut pool = pool(|_| ());
    let authority = Address::repeat_byte(2);
    let mut set_code = cheap(1, 0, 5);
    set_code.authorities = vec![authority];
    add(&mut pool, set_code.clone()).unwrap();
    add(&mut pool, cheap(2, 0, 5)).unwrap();
    assert_eq!(add(&mut pool, cheap(2, 1, 5)), Err(PoolError::OnePending { address: authority }));
    // Once the authorisation is gone, so is the reservation.
    pool.on_block([(Address::repeat_byte(1), state(1, RICH))], 1);
    add(&mut pool, cheap(2, 1, 5)).unwrap();
    set_code.nonce = 1;
    set_code.hash = cheap(1, 1, 5).hash;
    let refused = pool.insert(set_code, state(1, RICH), 0);
    assert_eq!(refused, Err(PoolError::AuthorityReserved { address: authority }));
}

#[test]
fn transactions_expire_in_order_of_arrival() {
    let mut pool = pool(|limits| limits.lifetime_ms = 1_000);
    pool.insert(cheap(1, 0, 5), state(0, RICH), 100).unwrap();
    pool.insert(cheap(1, 1, 5), state(0, RICH), 600).unwrap();
    assert!(pool.expire(1_099).is_empty());
    assert_eq!(pool.expire(1_100), [cheap(1, 0, 5).hash]);
    assert_eq!((pool.status().pending, pool.status().queued), (0, 1));
    assert_eq!(pool.expire(9_999).len(), 1);
    assert!(pool.is_empty());
}

#[test]
fn a_block_makes_its_transactions_obsolete() {
    let mut pool = pool(|_| ());
    for nonce in 0..3 {
        add(&mut pool, cheap(1, nonce, 5)).unwrap();
    }
    let gone = pool.on_block([(Address::repeat_byte(1), state(2, RICH)), (Address::repeat_byte(9), state(0, 0))], 1);
    assert_eq!(gone, [cheap(1, 0, 5).hash, cheap(1, 1, 5).hash]);
    assert_eq!((pool.len(), pool.status().pending), (1, 1));
    assert!(!pool.tracks(&Address::repeat_byte(9)));
}
