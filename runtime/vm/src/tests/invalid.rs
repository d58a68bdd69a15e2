//! Transactions that no block may contain: each its own reason, and no effect.

use super::support::{CALLS, CHAIN_ID, OTHER_SENDER, SENDER, World, request};
use crate::{InvalidTx, TransactError, TxRequest};
use alloy_primitives::{Address, TxKind, U256, address};

fn refused(world: &World, request: &TxRequest) -> InvalidTx {
    let mut executor = world.executor();
    let error = executor.transact(request).unwrap_err();
    assert!(executor.changes().accounts.is_empty());
    // The executor goes on after a refusal.
    assert!(executor.transact(&super::support::request(OTHER_SENDER, Vec::new())).unwrap().is_success());
    match error {
        TransactError::Invalid(invalid) => invalid,
        TransactError::Fault(fault) => panic!("{fault}"),
    }
}

fn changed(change: impl FnOnce(&mut TxRequest)) -> TxRequest {
    let mut request = request(OTHER_SENDER, Vec::new());
    request.gas_limit = 100_000;
    change(&mut request);
    request
}

#[test]
fn every_reason_is_told() {
    let mut world = World::new();
    world.send(OTHER_SENDER, Vec::new());
    let poor = address!("0x000000000000000000000000000000000000900f");
    let balance = world.balance(SENDER);
    let cases: Vec<(TxRequest, InvalidTx)> = vec![
        (changed(|tx| tx.nonce = Some(0)), InvalidTx::NonceTooLow { expected: 1, got: 0 }),
        (changed(|tx| tx.nonce = Some(5)), InvalidTx::NonceTooHigh { expected: 1, got: 5 }),
        (
            changed(|tx| tx.caller = poor),
            InvalidTx::InsufficientFunds { balance: U256::ZERO, cost: U256::from(10_000_000) },
        ),
        (
            changed(|tx| tx.value = balance),
            InvalidTx::InsufficientFunds { balance, cost: balance + U256::from(10_000_000) },
        ),
        (changed(|tx| tx.value = U256::MAX), InvalidTx::CostOverflow),
        (changed(|tx| tx.gas_limit = 20_999), InvalidTx::IntrinsicGas { required: 21_000, limit: 20_999 }),
        (
            changed(|tx| (tx.data, tx.gas_limit) = (vec![1; 1000].into(), 50_000)),
            InvalidTx::FloorGas { required: 61_000, limit: 50_000 },
        ),
        (changed(|tx| tx.gas_limit = 16_777_217), InvalidTx::GasLimitCap { limit: 16_777_217, cap: 16_777_216 }),
        (changed(|tx| tx.max_fee_per_gas = 6), InvalidTx::FeeCapBelowBaseFee),
        (changed(|tx| tx.max_priority_fee_per_gas = Some(101)), InvalidTx::TipAboveFeeCap),
        (changed(|tx| tx.caller = CALLS), InvalidTx::SenderHasCode),
        (changed(|tx| tx.chain_id = Some(CHAIN_ID + 1)), InvalidTx::ChainId),
        (changed(|tx| tx.chain_id = None), InvalidTx::MissingChainId),
        (
            changed(|tx| {
                (tx.kind, tx.data, tx.gas_limit) = (TxKind::Create, vec![0; 49_153].into(), 16_000_000);
            }),
            InvalidTx::InitCodeSize,
        ),
        (changed(|tx| (tx.tx_type, tx.blob_hashes) = (3, vec![Default::default()])), InvalidTx::TypeNotSupported(3)),
        (changed(|tx| tx.tx_type = 4), InvalidTx::SetCode("no authorisations")),
    ];
    for (request, reason) in cases {
        // The last transaction of a refusal check must stay valid, whatever the case changed.
        assert_eq!(refused(&world, &request), reason, "{reason}");
    }
    let _ = Address::ZERO;
}

#[test]
fn the_block_gas_limit_binds() {
    let mut world = World::new();
    world.rules.tx_gas_limit_cap = Some(u64::MAX);
    assert_eq!(refused(&world, &changed(|tx| tx.gas_limit = 60_000_001)), InvalidTx::BlockGasLimit);
}

#[test]
fn a_spent_nonce_space_is_told() {
    let mut world = World::new();
    let account =
        assay_kernel::AccountRecord { nonce: u64::MAX, balance: U256::from(1u64 << 60), ..Default::default() };
    let full = address!("0x000000000000000000000000000000000000f011");
    world.state.set_account(full, account);
    assert_eq!(refused(&world, &changed(|tx| tx.caller = full)), InvalidTx::NonceMax);
}
