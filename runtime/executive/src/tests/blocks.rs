//! Blocks, end to end.

use super::chain::{COIN, Chain, FEE_ADDRESS, Key, init_code, spec};
use crate::{BlockError, InvalidBlock, Reject, decode_transactions, memory_root};
use alloy_primitives::{Address, B256, TxKind, U256, keccak256};
use assay_genesis::HISTORY_STORAGE_ADDRESS;
use assay_kernel::StateView as _;
use assay_primitives::{Block, Bps, CheckedTx, Receipt};
use std::sync::Arc;

const SOMEBODY: Address = Address::repeat_byte(0x5b);

#[test]
fn an_empty_block_changes_only_the_history() {
    let mut chain = Chain::new();
    let before = chain.parent.clone();
    let (executed, header) = chain.commit(&[]);
    assert_eq!(executed.changes.accounts.len(), 1);
    assert_eq!(header.parent_hash, before.hash());
    assert_eq!(header.transactions_root, assay_trie::EMPTY_ROOT);
    assert_eq!(header.receipts_root, assay_trie::EMPTY_ROOT);
    assert_eq!(header.extra_data.as_ref(), executed.block_id.0.as_slice());
    assert_eq!(header.beneficiary, FEE_ADDRESS);
    assert_eq!(header.base_fee_per_gas, Some(875_000_000));
    // EIP-2935: slot (number - 1) % 8191.
    let stored = chain.state.storage(HISTORY_STORAGE_ADDRESS, U256::ZERO).unwrap();
    assert_eq!(B256::from(stored), before.hash());
}

#[test]
fn history_is_kept_block_by_block() {
    let mut chain = Chain::new();
    let mut hashes = vec![chain.parent.hash()];
    for _ in 0..5 {
        chain.commit(&[]);
        hashes.push(chain.parent.hash());
    }
    for (number, hash) in hashes.iter().enumerate().take(5) {
        let stored = chain.state.storage(HISTORY_STORAGE_ADDRESS, U256::from(number)).unwrap();
        assert_eq!(B256::from(stored), *hash);
    }
}

#[test]
fn transfers_move_value_and_fees() {
    let mut chain = Chain::new();
    let key = Key::new(0);
    let before = chain.balance(key.address());
    let (executed, header) = chain.commit(&[key.transfer(0, SOMEBODY, 5), key.transfer(1, SOMEBODY, 7)]);
    assert_eq!(chain.balance(SOMEBODY), U256::from(12));
    // Base fee 875,000,000 and a tip of 1,000,000,000 wei per gas.
    let paid = U256::from(2 * 21_000u64) * U256::from(1_875_000_000u64);
    assert_eq!(before - chain.balance(key.address()), paid + U256::from(12));
    assert_eq!(executed.tips, U256::from(2 * 21_000u64) * U256::from(1_000_000_000u64));
    assert_eq!(executed.burned, U256::from(2 * 21_000u64) * U256::from(875_000_000u64));
    assert_eq!(chain.balance(FEE_ADDRESS), executed.tips);
    assert_eq!(chain.supply() + executed.burned, chain.executive.spec().total_supply);
    assert_eq!(header.gas_used, 42_000);
    let cumulative: Vec<_> = executed.receipts.iter().map(|r| r.receipt.cumulative_gas_used).collect();
    assert_eq!(cumulative, [21_000, 42_000]);
    assert!(executed.receipts.iter().all(|r| r.effective_gas_price == 1_875_000_000 && r.sender == key.address()));
}

#[test]
fn the_fee_split_sends_its_share_to_the_creator() {
    let mut spec = spec();
    spec.params.fee_split.burned = Bps(3_000);
    spec.params.fee_split.creator = Bps(7_000);
    let mut chain = Chain::of(spec);
    let (executed, _) = chain.commit(&[Key::new(0).transfer(0, SOMEBODY, 1)]);
    let base_fees = U256::from(21_000u64) * U256::from(875_000_000u64);
    assert_eq!(executed.burned, base_fees * U256::from(3) / U256::from(10));
    assert_eq!(chain.balance(FEE_ADDRESS), executed.tips + base_fees - executed.burned);
    assert_eq!(chain.supply() + executed.burned, chain.executive.spec().total_supply);
}

#[test]
fn creations_reverts_and_halts_have_receipts() {
    let mut chain = Chain::new();
    let key = Key::new(0);
    // SSTORE(0, CALLDATALOAD(0)); LOG1(topic 7)
    let runtime = [0x5f, 0x35, 0x5f, 0x55, 0x60, 0x07, 0x5f, 0x5f, 0xa1];
    let contract = key.address().create(0);
    let word = B256::repeat_byte(0x42);
    let txs = [
        key.create(0, &init_code(&runtime)),
        key.call(1, contract, word.as_slice()),
        // REVERT with 4 bytes of memory
        key.create(2, &[0x60, 0x04, 0x5f, 0xfd]),
        // INVALID
        key.create(3, &[0xfe]),
    ];
    let (executed, header) = chain.commit(&txs);
    let success: Vec<_> = executed.receipts.iter().map(|r| r.receipt.success).collect();
    assert_eq!(success, [true, true, false, false]);
    assert_eq!(executed.receipts[0].contract_address, Some(contract));
    assert_eq!(executed.receipts[1].contract_address, None);
    assert_eq!(executed.receipts[2].contract_address, Some(key.address().create(2)));
    assert_eq!(executed.receipts[2].revert_data.as_ref(), [0; 4]);
    assert_eq!(executed.receipts[3].gas_used, 200_000);
    assert_eq!(chain.state.storage(contract, U256::ZERO).unwrap(), U256::from_be_bytes(word.0));
    let log = &executed.receipts[1].receipt.logs[0];
    assert_eq!((log.address, log.topics()[0]), (contract, B256::with_last_byte(7)));
    assert!(header.logs_bloom.contains_raw_log(contract, log.topics()));
    assert_eq!(chain.state.account(key.address()).unwrap().unwrap().nonce, 4);
    assert_eq!(header.state_root, memory_root(&chain.state));
}

#[test]
fn roots_are_those_of_ethereums_lists() {
    let chain = Chain::new();
    let txs: Vec<CheckedTx> = (0..130).map(|nonce| Key::new(0).transfer(nonce, SOMEBODY, nonce)).collect();
    let executed = chain.execute(&txs).unwrap();
    let raw = alloy_trie::root::ordered_trie_root_with_encoder(&executed.transactions, |tx, out| {
        out.extend_from_slice(tx);
    });
    assert_eq!(executed.transactions_root(), raw);
    let receipts: Vec<&Receipt> = executed.receipts.iter().map(|r| &r.receipt).collect();
    let root = alloy_trie::root::ordered_trie_root_with_encoder(&receipts, |receipt, out| receipt.encode_2718(out));
    assert_eq!(executed.receipts_root(), root);
}

#[test]
fn every_transaction_type_is_executed() {
    let mut chain = Chain::new();
    let (key, other) = (Key::new(0), Key::new(1));
    // SSTORE(1, 1) under the signer's address
    let code = key.address().create(0);
    let txs = [
        key.create(0, &init_code(&[0x60, 0x01, 0x60, 0x01, 0x55])),
        key.legacy(|tx| tx.nonce = 1),
        key.listed(|tx| tx.nonce = 2),
        key.transfer(3, SOMEBODY, 1),
        key.set_code(vec![other.authorize(code, 0)], |tx| {
            tx.nonce = 4;
            tx.to = other.address();
        }),
        // From before EIP-155, without a chain id.
        key.legacy(|tx| {
            tx.nonce = 5;
            tx.chain_id = None;
        }),
    ];
    let (executed, _) = chain.commit(&txs);
    let types: Vec<_> = executed.receipts.iter().map(|r| r.receipt.tx_type).collect();
    assert_eq!(types, [2, 0, 1, 2, 4, 0]);
    assert!(executed.receipts.iter().all(|r| r.receipt.success));
    assert_eq!(chain.state.storage(other.address(), U256::from(1)).unwrap(), U256::from(1));
}

#[test]
fn one_invalid_transaction_makes_the_block_invalid() {
    let chain = Chain::new();
    let key = Key::new(0);
    let good = || key.transfer(0, SOMEBODY, 1);
    let check = |tx: CheckedTx| {
        let (index, reject) = chain.refusal(&[good(), tx]);
        assert_eq!(index, 1);
        reject
    };
    assert_eq!(check(good()), Reject::NonceTooLow { expected: 1, got: 0 });
    assert_eq!(check(key.transfer(2, SOMEBODY, 1)), Reject::NonceTooHigh { expected: 1, got: 2 });
    let poor = Key::new(200);
    assert!(matches!(check(poor.transfer(0, SOMEBODY, 1)), Reject::InsufficientFunds { .. }));
    let rich = key.dynamic(|tx| {
        tx.nonce = 1;
        tx.value = U256::from(2_000) * U256::from(COIN);
    });
    assert!(matches!(check(rich), Reject::InsufficientFunds { .. }));
    let cheap = key.dynamic(|tx| {
        tx.nonce = 1;
        tx.max_fee_per_gas = 874_999_999;
        tx.max_priority_fee_per_gas = 0;
    });
    assert_eq!(check(cheap), Reject::FeeTooLow { max_fee: 874_999_999, base_fee: 875_000_000 });
    let foreign = key.dynamic(|tx| {
        tx.nonce = 1;
        tx.chain_id = 1;
    });
    assert_eq!(check(foreign), Reject::ChainId { expected: 31_337, got: 1 });
    let short = key.dynamic(|tx| {
        tx.nonce = 1;
        tx.gas_limit = 20_999;
    });
    assert_eq!(check(short), Reject::IntrinsicGas { gas_limit: 20_999, required: 21_000 });
    let long = key.dynamic(|tx| {
        tx.nonce = 1;
        tx.gas_limit = (1 << 24) + 1;
    });
    assert_eq!(check(long), Reject::GasLimitTooHigh { gas_limit: (1 << 24) + 1, max: 1 << 24 });
    let empty = key.set_code(Vec::new(), |tx| tx.nonce = 1);
    assert!(matches!(check(empty), Reject::EmptyAuthorizationList | Reject::Rule(_)));
    let big = key.dynamic(|tx| {
        tx.nonce = 1;
        tx.to = TxKind::Create;
        tx.input = vec![0; 49_153].into();
        tx.gas_limit = 10_000_000;
    });
    assert!(matches!(check(big), Reject::InitCodeTooLarge { .. } | Reject::Rule(_)));
}

#[test]
fn the_gas_limit_of_the_block_holds() {
    let mut spec = spec();
    spec.params.gas_limit = 1 << 24;
    let chain = Chain::of(spec);
    let key = Key::new(0);
    // JUMPDEST PUSH0 JUMP: uses all its gas.
    let hungry = |nonce: u64, gas_limit: u64| {
        key.dynamic(|tx| {
            tx.nonce = nonce;
            tx.to = TxKind::Create;
            tx.input = vec![0x5b, 0x5f, 0x56].into();
            tx.gas_limit = gas_limit;
        })
    };
    let half = 1 << 23;
    assert_eq!(chain.execute(&[hungry(0, half), hungry(1, half)]).unwrap().gas_used, 1 << 24);
    let refusal = chain.refusal(&[hungry(0, half), hungry(1, half + 1)]);
    assert_eq!(refusal, (1, Reject::GasLimitTooHigh { gas_limit: half + 1, max: half }));
    // Unused gas is room for others: what counts is what earlier ones used.
    let executed = chain.execute(&[key.transfer(0, SOMEBODY, 1), hungry(1, (1 << 24) - 21_000)]).unwrap();
    assert_eq!(executed.gas_used, 1 << 24);
}

#[test]
fn decoded_transactions_are_the_blocks() {
    let chain = Chain::new();
    let key = Key::new(0);
    let txs: Vec<CheckedTx> = (0..40).map(|nonce| key.transfer(nonce, SOMEBODY, 1)).collect();
    let block = chain.block(&chain.payload(), &txs);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let known = Arc::new(txs[3].clone());
    let lookup = |hash: &B256| (*hash == known.hash()).then(|| known.clone());
    let alone = decode_transactions(&block, None, &lookup).unwrap();
    let parallel = decode_transactions(&block, Some(&pool), &lookup).unwrap();
    assert_eq!(alone, parallel);
    assert!(Arc::ptr_eq(&alone[3], &known));
    assert!(alone.iter().zip(&txs).all(|(a, b)| **a == *b));
    chain.executive.execute_block(&chain.state, &chain.parent, &block, &parallel).unwrap();

    let mut raw: Vec<_> = block.transactions().cloned().collect();
    raw[7] = vec![0x02, 0xc0].into();
    raw[9] = vec![0x03].into();
    let (height, hash) = (chain.parent.height().next(), chain.parent.hash());
    let broken = Block::assemble(31_337, height, Default::default(), hash, &chain.payload(), raw).unwrap();
    for pool in [None, Some(&pool)] {
        let error = decode_transactions(&broken, pool, &|_| None).unwrap_err();
        assert!(matches!(error, InvalidBlock::Undecodable { index: 7, .. }), "{error}");
    }
}

#[test]
fn transactions_of_another_block_are_a_fault_of_ours() {
    let chain = Chain::new();
    let key = Key::new(0);
    let block = chain.block(&chain.payload(), &[key.transfer(0, SOMEBODY, 1)]);
    let other = [key.transfer(0, SOMEBODY, 2)];
    let result = chain.executive.execute_block(&chain.state, &chain.parent, &block, &other);
    assert!(matches!(result, Err(BlockError::Fault(_))));
}

#[test]
fn the_same_block_gives_the_same_result_twice() {
    let chain = Chain::new();
    let key = Key::new(0);
    let txs = [key.transfer(0, SOMEBODY, 1), key.create(1, &init_code(&[0x5f, 0x5f, 0x55]))];
    assert_eq!(chain.execute(&txs).unwrap(), chain.execute(&txs).unwrap());
    assert_eq!(txs[0].hash(), keccak256(txs[0].raw()));
}
