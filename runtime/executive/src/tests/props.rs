//! The builder and `execute_block` are one function: random candidates, valid and not.

use super::chain::{COIN, Chain, Key, init_code};
use crate::AdmitError;
use alloy_primitives::{Address, TxKind, U256};
use assay_primitives::CheckedTx;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Candidate {
    sender: u8,
    nonce: u64,
    kind: u8,
    value: u64,
    gas: u64,
}

fn candidate() -> impl Strategy<Value = Candidate> {
    (0u8..7, 0u64..4, 0u8..8, 0u64..5, prop_oneof![20_000u64..25_000, 50_000u64..300_000])
        .prop_map(|(sender, nonce, kind, value, gas)| Candidate { sender, nonce, kind, value, gas })
}

/// Account 6 is not funded.
fn sign(candidate: &Candidate) -> CheckedTx {
    let key = Key::new(candidate.sender);
    key.dynamic(|tx| {
        tx.nonce = candidate.nonce;
        tx.gas_limit = candidate.gas;
        tx.value = U256::from(candidate.value);
        tx.to = match candidate.kind {
            0 | 1 => Key::new(candidate.value as u8).address().into(),
            2 => Address::with_last_byte(4).into(),
            3..=5 => TxKind::Create,
            6 => key.address().create(0).into(),
            _ => Address::repeat_byte(9).into(),
        };
        tx.input = match candidate.kind {
            3 => init_code(&[0x60, 0x01, 0x5f, 0x55, 0x5f, 0x5f, 0xa0]).into(),
            4 => vec![0x5f, 0x5f, 0xfd].into(),
            5 => vec![0xfe].into(),
            _ => vec![].into(),
        };
        if candidate.value == 4 {
            tx.value = U256::from(600) * U256::from(COIN);
        }
        if candidate.gas.is_multiple_of(7) {
            tx.max_fee_per_gas = 1;
            tx.max_priority_fee_per_gas = 1;
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_the_builder_builds_executes_to_the_same(
        blocks in proptest::collection::vec(proptest::collection::vec(candidate(), 0..20), 1..3),
    ) {
        let mut chain = Chain::new();
        let mut burned = U256::ZERO;
        for candidates in &blocks {
            let mut builder = chain.executive.build(&chain.state, &chain.parent, chain.payload()).unwrap();
            let mut included = Vec::new();
            for candidate in candidates {
                let tx = sign(candidate);
                match builder.push(&tx) {
                    Ok(()) => included.push(tx),
                    Err(AdmitError::Rejected(_)) => (),
                    Err(AdmitError::Fault(fault)) => panic!("{fault}"),
                }
            }
            prop_assert_eq!(builder.len(), included.len());
            let (block, built) = builder.finish().unwrap();
            let executed = chain.executive.execute_block(&chain.state, &chain.parent, &block, &included).unwrap();
            prop_assert_eq!(&built, &executed);
            prop_assert_eq!(block.transactions().len(), included.len());
            burned += executed.burned;
            chain.install(&executed);
            prop_assert_eq!(chain.supply() + burned, chain.executive.spec().total_supply);
        }
    }
}

#[test]
fn a_full_block_says_so_and_leaves_room_for_smaller_ones() {
    let chain = Chain::new();
    let key = Key::new(0);
    let mut builder = chain.executive.build(&chain.state, &chain.parent, chain.payload()).unwrap();
    // 65 transactions of about 128 kB exceed 8 MiB; each costs 1.3 M gas of 120 M.
    let big = |nonce: u64| {
        key.dynamic(|tx| {
            tx.nonce = nonce;
            tx.gas_limit = 1_400_000;
            tx.input = vec![0; 130_000].into();
        })
    };
    let mut nonce = 0;
    let error = loop {
        match builder.push(&big(nonce)) {
            Ok(()) => nonce += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AdmitError::Rejected(crate::Reject::BlockFull)));
    builder.push(&key.transfer(nonce, Address::ZERO, 1)).unwrap();
    let (block, _) = builder.finish().unwrap();
    assert!(block.encode().len() <= assay_primitives::block::BLOCK_BYTES_MAX);
    assert_eq!(block.transactions().len() as u64, nonce + 1);
    assert!(nonce > 60);
}
