//! Calls, estimates, logs, fees, proofs and traces against a contract that emits a log.

use super::driver::Driver;
use super::fixtures::{sign, signer};
use crate::{BlockRef, CallError, CallQuery, LogQuery, ReadError};
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};

/// Deploys code that logs topic 1 and returns.
const LOGGER: [u8; 14] = hex!("6560015f5fa1005f526006601af3");
/// Reverts with 32 bytes of zero.
const REVERTER: [u8; 4] = hex!("60205ffd");

fn send(driver: &Driver, nonce: u64, to: TxKind, input: &[u8]) -> B256 {
    let tx = TxEip1559 {
        chain_id: 31_337,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 5_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to,
        input: Bytes::copy_from_slice(input),
        ..TxEip1559::default()
    };
    driver.submit(sign(&signer(0), tx)).unwrap()
}

/// Block 1 deploys, blocks 2 to 4 log twice each.
fn with_logs() -> (Driver, Address, B256) {
    let driver = Driver::new();
    let deployment = send(&driver, 0, TxKind::Create, &LOGGER);
    driver.produce();
    let location = driver.chain.transaction(deployment).unwrap().unwrap();
    let contract = location.receipt().unwrap().contract_address.unwrap();
    assert!(location.receipt().unwrap().receipt.success);
    let mut last = B256::ZERO;
    for block in 0..3 {
        send(&driver, 1 + 2 * block, TxKind::Call(contract), &[]);
        last = send(&driver, 2 + 2 * block, TxKind::Call(contract), &[]);
        driver.produce();
    }
    (driver, contract, last)
}

#[test]
fn logs_are_found_by_emitter_and_topic() {
    let (driver, contract, last) = with_logs();
    let find = |query| driver.runtime.block_on(driver.chain.logs(query));
    let one = B256::from(U256::from(1));
    let all = LogQuery { from: 0, to: 99, addresses: vec![contract], topics: vec![vec![one]] };
    let found = find(all.clone()).unwrap();
    assert_eq!(found.len(), 6);
    assert_eq!((found[5].transaction_hash, found[5].block_number, found[5].log_index), (last, 4, 1));
    assert_eq!(found[5].block_hash, driver.chain.head().hash);
    assert_eq!(find(LogQuery { from: 3, to: 3, ..all.clone() }).unwrap().len(), 2);
    assert!(find(LogQuery { addresses: vec![Address::ZERO], ..all.clone() }).unwrap().is_empty());
    assert!(find(LogQuery { topics: vec![vec![], vec![one]], ..all.clone() }).unwrap().is_empty());
    assert_eq!(find(LogQuery { from: 5, to: 4, ..all.clone() }), Err(ReadError::InvalidRange));
    for _ in 0..60 {
        driver.produce();
    }
    let error = find(LogQuery { to: 64, ..all }).unwrap_err();
    assert_eq!(error, ReadError::RangeTooLarge { blocks: 65, max_blocks: 50, suggested_to: 49 });
}

#[test]
fn calls_and_estimates_execute() {
    let (driver, contract, _) = with_logs();
    let request = TransactionRequest { to: Some(TxKind::Call(contract)), ..TransactionRequest::default() };
    let query = CallQuery::new(request, BlockRef::Latest);
    assert_eq!(driver.runtime.block_on(driver.chain.call(query.clone())), Ok(Bytes::new()));
    let gas = driver.runtime.block_on(driver.chain.estimate_gas(query)).unwrap();
    assert!((21_700..30_000).contains(&gas), "{gas}");
    let creation = TransactionRequest {
        to: Some(TxKind::Create),
        input: Bytes::from_static(&REVERTER).into(),
        ..TransactionRequest::default()
    };
    let query = CallQuery::new(creation, BlockRef::Latest);
    let reverted = Err(CallError::Reverted(vec![0; 32].into()));
    assert_eq!(driver.runtime.block_on(driver.chain.call(query.clone())), reverted);
    let unknown = CallQuery { block: BlockRef::Number(77), ..query };
    let error = Err(CallError::Read(ReadError::UnknownBlock));
    assert_eq!(driver.runtime.block_on(driver.chain.call(unknown)), error);
}

#[test]
fn committed_transactions_can_be_traced() {
    let (driver, _, last) = with_logs();
    let options = GethDebugTracingOptions::default();
    let trace = driver.runtime.block_on(driver.chain.trace_transaction(last, options.clone())).unwrap();
    let GethTrace::Default(frame) = trace else { panic!("{trace:?}") };
    let receipt_gas = driver.chain.transaction(last).unwrap().unwrap().receipt().unwrap().gas_used;
    assert_eq!((frame.gas, frame.failed), (receipt_gas, false));
    let traces = driver.runtime.block_on(driver.chain.trace_block(BlockRef::Latest, options.clone())).unwrap();
    assert_eq!(traces.len(), 2);
    let unknown = driver.runtime.block_on(driver.chain.trace_transaction(B256::ZERO, options)).unwrap_err();
    assert_eq!(unknown, CallError::UnknownTransaction);
}

#[test]
fn fees_of_the_past_are_told() {
    let (driver, _, _) = with_logs();
    let history = driver.chain.fee_history(3, BlockRef::Latest, vec![0.0, 50.0, 100.0]);
    let history = driver.runtime.block_on(history).unwrap();
    assert_eq!((history.oldest, history.base_fees.len(), history.gas_used_ratios.len()), (2, 4, 3));
    assert_eq!(history.base_fees[3], driver.chain.next_base_fee());
    assert_eq!(history.rewards, vec![vec![1_000_000_000; 3]; 3]);
    assert_eq!(driver.chain.suggested_tip(), 1_000_000_000);
    let fresh = Driver::new();
    assert_eq!(fresh.chain.suggested_tip(), u128::from(fresh.chain.spec().params.base_fee.min));
}

#[test]
fn proofs_are_against_the_headers_root() {
    let (driver, contract, _) = with_logs();
    for number in [1, 3, 4] {
        let proof = driver.chain.proof(contract, vec![U256::ZERO], BlockRef::Number(number));
        let proof = driver.runtime.block_on(proof).unwrap();
        let root = driver.chain.block(BlockRef::Number(number)).unwrap().unwrap().header.state_root;
        assert_eq!(alloy_primitives::keccak256(&proof.proof[0]), root);
        assert_eq!((proof.nonce, proof.slots.len()), (1, 1));
    }
}
