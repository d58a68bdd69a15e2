//! The latest state against a model, and the stored forms of accounts and slots.

use super::fixture::{Random, TestChain, assert_state, random_changes, small_options};
use crate::state::{decode_account, encode_account};
use crate::tables::Table;
use crate::undo::decode_undo;
use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use assay_kernel::{AccountRecord, Commitment, StateView};
use assay_primitives::Height;
use proptest::prelude::*;

proptest! {
    #[test]
    fn accounts_have_one_stored_form(nonce: u64, balance: [u8; 32], shift in 0usize..256, code: Option<[u8; 32]>) {
        let account = AccountRecord {
            nonce,
            balance: U256::from_be_bytes(balance) >> shift,
            code_hash: code.map_or(KECCAK256_EMPTY, B256::from),
        };
        let bytes = encode_account(&account);
        prop_assert_eq!(decode_account(&bytes).unwrap(), account);
        prop_assert!(decode_account(&bytes[..bytes.len() - 1]).is_err() || bytes.len() == 1);
    }
}

proptest! {
    #[test]
    fn damaged_undo_records_never_panic(bytes: Vec<u8>) {
        let _ = decode_undo(&bytes);
    }
}

#[test]
fn an_undo_record_names_every_key_that_its_block_changed() {
    let mut random = Random::new(8);
    let mut chain = TestChain::new(small_options());
    for height in 1..20u64 {
        let before = chain.state().clone();
        let changes = random_changes(&mut random, &before, 24, 8);
        chain.grow(changes.clone());
        let database = &chain.store().inner.database;
        let record = database.get(Table::Undo, &height.to_be_bytes()).unwrap().unwrap().to_vec();
        let undo = decode_undo(&record).unwrap();
        assert!(undo.iter().map(|(address, _)| address).eq(changes.accounts.keys()));
        for (address, undo) in &undo {
            assert_eq!(undo.account, before.account(*address).unwrap());
            let mut changed = changes.accounts[address].slots.clone();
            changed.retain(|slot, value| before.storage(*address, *slot).unwrap() != *value);
            if !changes.accounts[address].wiped && changes.accounts[address].account.is_some() {
                assert!(undo.slots.iter().map(|(slot, _)| slot).eq(changed.keys()));
            }
            for (slot, value) in &undo.slots {
                assert_eq!(before.storage(*address, *slot).unwrap(), *value);
            }
        }
        for cut in [1, record.len() / 2, record.len() - 1] {
            let whole = decode_undo(&record[..cut]).is_ok_and(|part| part.len() < undo.len());
            assert!(whole || decode_undo(&record[..cut]).is_err());
        }
    }
}

#[test]
fn the_latest_state_is_that_of_the_model_across_restarts() {
    let mut random = Random::new(1);
    let mut chain = TestChain::new(small_options());
    for round in 0..60 {
        let changes = random_changes(&mut random, chain.state(), 24, 8);
        let expected = chain.store().root_after(&changes).unwrap();
        let head = chain.grow(changes);
        assert_eq!(head.header.state_root, expected);
        if round % 7 == 0 {
            chain.reopen();
        }
        assert_state(&chain.store().view_latest().unwrap(), chain.state(), 24);
    }
}

#[test]
fn block_hashes_are_those_of_the_headers_up_to_the_view() {
    let mut random = Random::new(2);
    let mut chain = TestChain::new(small_options());
    chain.grow_random(&mut random, 5);
    let view = chain.store().state_at(Height(3)).unwrap();
    assert_eq!(view.block_hash(3).unwrap(), chain.headers[3].hash_slow());
    assert_eq!(view.block_hash(4).unwrap(), B256::ZERO);
    assert_eq!(view.block_hash(0).unwrap(), chain.headers[0].hash_slow());
}
