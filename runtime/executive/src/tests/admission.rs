//! Admission, and its agreement with execution.

use super::chain::{COIN, Chain, Key, init_code};
use crate::intrinsic::intrinsic_gas;
use crate::{AdmitError, Reject};
use alloy_consensus::{SignableTransaction as _, TxEip4844, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, TxKind, U256};
use assay_primitives::transaction::system_transaction;
use assay_primitives::{CheckedTx, TxError};
use proptest::prelude::*;

fn admit(chain: &Chain, tx: &CheckedTx) -> Result<(), Reject> {
    match chain.executive.admit(&chain.state, chain.parent.header(), tx) {
        Ok(()) => Ok(()),
        Err(AdmitError::Rejected(reject)) => Err(reject),
        Err(AdmitError::Fault(fault)) => panic!("{fault}"),
    }
}

#[test]
fn what_can_wait_is_admitted() {
    let chain = Chain::new();
    let key = Key::new(0);
    assert_eq!(admit(&chain, &key.transfer(0, Address::ZERO, 1)), Ok(()));
    // A gap, and a fee that is too low for now but above the floor.
    assert_eq!(admit(&chain, &key.transfer(9, Address::ZERO, 1)), Ok(()));
    let cheap = key.dynamic(|tx| {
        tx.max_fee_per_gas = 1_000_000;
        tx.max_priority_fee_per_gas = 0;
    });
    assert_eq!(admit(&chain, &cheap), Ok(()));
    assert_eq!(admit(&chain, &key.legacy(|tx| tx.chain_id = None)), Ok(()));
    assert_eq!(admit(&chain, &key.set_code(vec![key.authorize(Address::ZERO, 0)], |_| ())), Ok(()));
}

#[test]
fn each_rejection_says_what_would_be_right() {
    let mut chain = Chain::new();
    let key = Key::new(0);
    chain.commit(&[key.transfer(0, Address::ZERO, 1)]);
    let reject = |edit: &dyn Fn(&mut alloy_consensus::TxEip1559)| {
        let tx = key.dynamic(|tx| {
            tx.nonce = 1;
            edit(tx);
        });
        admit(&chain, &tx).unwrap_err()
    };
    assert_eq!(reject(&|tx| tx.nonce = 0), Reject::NonceTooLow { expected: 1, got: 0 });
    assert_eq!(reject(&|tx| tx.nonce = u64::MAX), Reject::NonceMax(u64::MAX));
    assert_eq!(reject(&|tx| tx.chain_id = 1), Reject::ChainId { expected: 31_337, got: 1 });
    assert_eq!(reject(&|tx| tx.gas_limit = 20_999), Reject::IntrinsicGas { gas_limit: 20_999, required: 21_000 });
    let over = (1 << 24) + 1;
    assert_eq!(reject(&|tx| tx.gas_limit = over), Reject::GasLimitTooHigh { gas_limit: over, max: 1 << 24 });
    let low = reject(&|tx| {
        tx.max_fee_per_gas = 999_999;
        tx.max_priority_fee_per_gas = 0;
    });
    assert_eq!(low, Reject::FeeTooLow { max_fee: 999_999, base_fee: 1_000_000 });
    let tip = reject(&|tx| tx.max_priority_fee_per_gas = tx.max_fee_per_gas + 1);
    assert_eq!(tip, Reject::PriorityAboveMaxFee { priority: 10_000_000_001, max_fee: 10_000_000_000 });
    let rich = reject(&|tx| tx.value = U256::from(1_000) * U256::from(COIN));
    assert!(matches!(rich, Reject::InsufficientFunds { .. }));
    let init = reject(&|tx| {
        tx.to = TxKind::Create;
        tx.input = vec![0; 49_153].into();
    });
    assert_eq!(init, Reject::InitCodeTooLarge { size: 49_153, max: 49_152 });
    let empty = key.set_code(Vec::new(), |tx| tx.nonce = 1);
    assert_eq!(admit(&chain, &empty), Err(Reject::EmptyAuthorizationList));
}

#[test]
fn blobs_and_system_transactions_cannot_be_sent() {
    let tx = TxEip4844 { chain_id: 31_337, blob_versioned_hashes: vec![B256::repeat_byte(1)], ..TxEip4844::default() };
    let signature = Key::new(0).sign_hash(tx.signature_hash());
    let blob = TxEnvelope::from(tx.into_signed(signature)).encoded_2718();
    assert_eq!(CheckedTx::recover(blob.into()), Err(TxError::Blob));
    assert!(matches!(CheckedTx::recover(system_transaction(1)), Err(TxError::Malformed(_))));
}

#[test]
fn a_delegated_sender_is_admitted_a_contract_is_not() {
    let mut chain = Chain::new();
    let (key, other) = (Key::new(0), Key::new(1));
    let code = key.address().create(0);
    let delegate = key.set_code(vec![other.authorize(code, 0)], |tx| tx.nonce = 1);
    chain.commit(&[key.create(0, &init_code(&[0x00])), delegate]);
    assert_eq!(admit(&chain, &other.transfer(1, Address::ZERO, 1)), Ok(()));

    let code = alloy_primitives::Bytes::from_static(&[0x00]);
    let code_hash = chain.state.set_code(code);
    let balance = U256::from(COIN);
    let third = Key::new(2);
    let account = assay_kernel::AccountRecord { nonce: 0, balance, code_hash };
    chain.state.set_account(third.address(), account);
    let refused = admit(&chain, &third.transfer(0, Address::ZERO, 1));
    assert_eq!(refused, Err(Reject::SenderHasCode(third.address())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Our own intrinsic gas is the machine's: one gas less and a block with the transaction is invalid.
    #[test]
    fn intrinsic_gas_is_the_machines(
        input in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..2_000),
        create: bool,
        slots in proptest::collection::vec(0usize..4, 0..4),
        authorizations in 0usize..3,
    ) {
        let chain = Chain::new();
        let key = Key::new(0);
        let list = AccessList(slots.iter().enumerate().map(|(i, count)| AccessListItem {
            address: Address::repeat_byte(i as u8),
            storage_keys: (0..*count).map(|slot| B256::with_last_byte(slot as u8)).collect(),
        }).collect());
        let sign = |gas: u64| if authorizations > 0 {
            let signed = (0..authorizations).map(|i| Key::new(3).authorize(Address::ZERO, i as u64)).collect();
            key.set_code(signed, |tx| {
                tx.gas_limit = gas;
                tx.input = input.clone().into();
                tx.access_list = list.clone();
            })
        } else {
            key.dynamic(|tx| {
                tx.gas_limit = gas;
                tx.input = input.clone().into();
                tx.access_list = list.clone();
                tx.to = if create { TxKind::Create } else { Address::ZERO.into() };
            })
        };
        let required = intrinsic_gas(sign(1_000_000).envelope());
        prop_assert!(chain.execute(&[sign(required)]).is_ok());
        prop_assert_eq!(admit(&chain, &sign(required)), Ok(()));
        let (_, reject) = chain.refusal(&[sign(required - 1)]);
        prop_assert_eq!(&reject, &Reject::IntrinsicGas { gas_limit: required - 1, required });
        prop_assert_eq!(admit(&chain, &sign(required - 1)), Err(reject));
    }
}
