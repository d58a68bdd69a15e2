//! Old heights against a model that keeps every state.

use super::fixture::{Random, TestChain, address, assert_state, random_changes, small_options};
use crate::tables::Table;
use crate::{HistoryError, PROOF_HEIGHTS, StoreOptions};
use alloy_primitives::{B256, U256, keccak256};
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
use assay_kernel::StateView;
use assay_primitives::Height;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_kept_height_reads_as_it_was(seed: u64, blocks in 5u64..40, restart in 1u64..10) {
        let mut random = Random::new(seed);
        let mut chain = TestChain::new(small_options());
        for block in 0..blocks {
            let changes = random_changes(&mut random, chain.state(), 12, 5);
            chain.grow(changes);
            if block % restart == 0 {
                chain.reopen();
            }
        }
        for height in 0..=blocks {
            let view = chain.store().view_at(Height(height)).unwrap();
            assert_state(&view, &chain.states[height as usize], 12);
        }
    }
}

#[test]
fn heights_outside_the_window_are_refused_with_the_bound() {
    let mut random = Random::new(3);
    let mut chain = TestChain::new(StoreOptions { history_heights: 10, ..small_options() });
    chain.grow_random(&mut random, 25);
    chain.reopen();
    let oldest = chain.store().oldest_height();
    assert_eq!(oldest, Height(15));
    assert!(chain.store().state_at(oldest).is_ok());
    let pruned = chain.store().state_at(Height(14)).unwrap_err();
    assert!(matches!(pruned, HistoryError::Pruned { bound: 10, .. }), "{pruned}");
    let future = chain.store().state_at(Height(26)).unwrap_err();
    assert!(matches!(future, HistoryError::Future { .. }), "{future}");
    // A larger window does not bring back what is gone.
    chain.options.history_heights = 1000;
    chain.reopen();
    assert_eq!(chain.store().oldest_height(), oldest);
}

#[test]
fn compaction_drops_history_below_the_floor_only() {
    let mut random = Random::new(7);
    let mut chain = TestChain::new(small_options());
    chain.grow_random(&mut random, 30);
    let database = &chain.store().inner.database;
    let table = database.table(Table::History).unwrap();
    let count = |below: u64| {
        let mut count = 0;
        let height = |key: &[u8]| u64::from_be_bytes(*key.last_chunk::<8>().unwrap());
        database
            .scan(Table::History, &[], &[], |key, _| {
                count += u64::from(height(key) < below);
                Ok(true)
            })
            .unwrap();
        count
    };
    assert!(count(20) > 0);
    let kept = count(u64::MAX) - count(20);
    database.floor.raise(20);
    database.db.flush_cf(table).unwrap();
    database.db.compact_range_cf(table, None::<&[u8]>, None::<&[u8]>);
    assert_eq!((count(20), count(u64::MAX)), (0, kept));
    for height in 20..=30 {
        let view = chain.store().view_at(Height(height)).unwrap();
        assert_state(&view, &chain.states[height as usize], 24);
    }
}

#[test]
fn a_view_keeps_showing_its_height_while_the_chain_grows() {
    let mut random = Random::new(4);
    let mut chain = TestChain::new(small_options());
    chain.grow_random(&mut random, 10);
    let view = chain.store().view_latest().unwrap();
    let state = chain.state().clone();
    for _ in 0..30 {
        chain.grow_random(&mut random, 1);
        assert_state(&view, &state, 24);
    }
}

#[test]
fn a_view_is_consistent_while_blocks_are_installed_beside_it() {
    let mut random = Random::new(5);
    let mut chain = TestChain::new(small_options());
    chain.grow_random(&mut random, 10);
    let view = chain.store().view_latest().unwrap();
    let state = chain.state().clone();
    for _ in 0..60 {
        let changes = random_changes(&mut random, chain.state(), 24, 12);
        chain.draft(changes);
    }
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for _ in 0..40 {
                assert_state(&view, &state, 24);
            }
        });
        for height in 11..=70 {
            chain.decide(height);
            chain.install(height);
        }
        reader.join().unwrap();
    });
}

fn assert_proof(chain: &TestChain, height: u64, index: u64) {
    let state = &chain.states[height as usize];
    let root = chain.headers[height as usize].state_root;
    let address = address(index);
    let slots: Vec<U256> = (0..24).map(U256::from).collect();
    let proof = chain.store().proof(address, &slots, Height(height)).unwrap();
    let account = state.account(address).unwrap();
    assert_eq!(proof.account.map(|leaf| leaf.account.balance), account.map(|account| account.balance));
    let leaf = proof.account.map(|leaf| {
        alloy_rlp::encode(TrieAccount {
            nonce: leaf.account.nonce,
            balance: leaf.account.balance,
            storage_root: leaf.storage_root,
            code_hash: leaf.account.code_hash,
        })
    });
    verify_proof(root, Nibbles::unpack(keccak256(address)), leaf, &proof.proof).unwrap();
    let storage_root = proof.account.map_or(assay_trie::EMPTY_ROOT, |leaf| leaf.storage_root);
    for (slot, proven) in slots.iter().zip(&proof.slots) {
        assert_eq!(proven.value, state.storage(address, *slot).unwrap());
        let value = (!proven.value.is_zero()).then(|| alloy_rlp::encode(proven.value));
        let key = Nibbles::unpack(keccak256(B256::from(*slot)));
        verify_proof(storage_root, key, value, &proven.proof).unwrap();
    }
}

#[test]
fn the_last_128_heights_are_proven_against_their_headers() {
    let mut random = Random::new(6);
    let mut chain = TestChain::new(small_options());
    chain.grow_random(&mut random, PROOF_HEIGHTS + 20);
    chain.reopen();
    let latest = chain.height();
    for height in [latest, latest - 1, latest - 40, latest - PROOF_HEIGHTS] {
        for index in 0..24 {
            assert_proof(&chain, height, index);
        }
    }
    let refused = chain.store().proof(address(0), &[], Height(latest - PROOF_HEIGHTS - 1)).unwrap_err();
    assert!(matches!(refused, HistoryError::Pruned { bound: PROOF_HEIGHTS, .. }), "{refused}");
    let refused = chain.store().proof(address(0), &[], Height(latest + 1)).unwrap_err();
    assert!(matches!(refused, HistoryError::Future { .. }), "{refused}");
}
