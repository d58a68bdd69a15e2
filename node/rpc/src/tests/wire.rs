//! JSON and canonical bytes against alloy's own types.

use crate::wire::{BlockView, HeaderView, LogView, ReceiptView, TransactionView, raw_block, raw_header, raw_receipt};
use alloy_consensus::{
    Block, BlockBody, SignableTransaction as _, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy,
};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, LogData, Signature, TxKind, U256, keccak256};
use alloy_rlp::Decodable as _;
use assay_chain::{CommittedBlock, CommittedReceipt, CommittedTx, LogQuery};
use assay_primitives::header::HeaderParts;
use assay_primitives::transaction::{raw_hash, system_transaction};
use assay_primitives::{BlockId, Log, Receipt, TimestampMs};
use serde_json::{Value, json};

const SENDER: Address = Address::repeat_byte(0xaa);
const CALLEE: Address = Address::repeat_byte(0xbb);

fn signed() -> Vec<TxEnvelope> {
    let signature = Signature::new(U256::from(11), U256::from(12), true);
    let legacy = TxLegacy {
        chain_id: Some(31337),
        nonce: 1,
        gas_price: 7_000_000_000,
        gas_limit: 21_000,
        to: TxKind::Call(CALLEE),
        value: U256::from(5),
        input: Bytes::new(),
    };
    let list = TxEip2930 { chain_id: 31337, gas_limit: 30_000, to: TxKind::Create, ..Default::default() };
    let dynamic = TxEip1559 {
        chain_id: 31337,
        nonce: 2,
        gas_limit: 50_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(CALLEE),
        input: Bytes::from_static(&[1, 2]),
        ..Default::default()
    };
    let set_code = TxEip7702 { chain_id: 31337, max_fee_per_gas: 9, to: CALLEE, ..Default::default() };
    vec![
        legacy.into_signed(signature).into(),
        list.into_signed(signature).into(),
        dynamic.into_signed(signature).into(),
        set_code.into_signed(signature).into(),
    ]
}

fn log(topic: u8) -> Log {
    Log { address: CALLEE, data: LogData::new_unchecked(vec![B256::repeat_byte(topic)], Bytes::from_static(&[9])) }
}

/// Four signed transactions with two logs each, and a system transaction unless `plain`.
fn block(plain: bool) -> CommittedBlock {
    let mut transactions: Vec<CommittedTx> = signed()
        .into_iter()
        .map(|envelope| CommittedTx {
            hash: *envelope.tx_hash(),
            sender: SENDER,
            raw: Bytes::from(envelope.encoded_2718()),
            envelope: Some(envelope),
        })
        .collect();
    if !plain {
        let raw = system_transaction(9);
        transactions.push(CommittedTx { hash: raw_hash(&raw), sender: Address::ZERO, envelope: None, raw });
    }
    let receipts = transactions.iter().enumerate().map(|(index, tx)| CommittedReceipt {
        receipt: Receipt {
            tx_type: tx.raw.first().copied().filter(|first| *first < 0x80).unwrap_or(0),
            success: index != 1,
            cumulative_gas_used: 21_000 * (index as u64 + 1),
            logs: vec![log(u8::try_from(index).unwrap()), log(0xff)],
        },
        gas_used: if tx.envelope.is_some() { 21_000 } else { 0 },
        effective_gas_price: 2_000_000_000,
        contract_address: (index == 1).then_some(CALLEE),
        first_log_index: 2 * index as u64,
    });
    let receipts = receipts.collect();
    let header = HeaderParts {
        parent_hash: B256::repeat_byte(1),
        number: 9,
        timestamp: 1_700_000_000,
        beneficiary: SENDER,
        randomness: B256::repeat_byte(2),
        state_root: B256::repeat_byte(3),
        transactions_root: B256::repeat_byte(4),
        receipts_root: B256::repeat_byte(5),
        logs_bloom: Default::default(),
        gas_limit: 30_000_000,
        gas_used: 84_000,
        base_fee_per_gas: 1_000_000_000,
        extra_data: BlockId(B256::repeat_byte(6)),
    }
    .into_header();
    CommittedBlock {
        hash: header.hash_slow(),
        header,
        ordering_id: BlockId(B256::repeat_byte(6)),
        timestamp_ms: TimestampMs(1_700_000_000_123),
        transactions,
        receipts,
    }
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn alloy_decodes_blocks_and_receipts() {
    let block = block(true);
    let view = json(&BlockView::new(&block, true));
    let decoded: alloy_rpc_types_eth::Block = serde_json::from_value(view.clone()).unwrap();
    assert_eq!((decoded.header.hash, decoded.header.inner.hash_slow()), (block.hash, block.hash));
    assert_eq!(decoded.transactions.len(), 4);
    for (tx, committed) in decoded.transactions.into_transactions().zip(&block.transactions) {
        assert_eq!((tx.inner.inner().encoded_2718(), tx.inner.signer()), (committed.raw.to_vec(), SENDER));
    }
    assert_eq!(view["timestampMs"], json!("0x18bcfe5687b"));
    let receipts = json(&ReceiptView::all(&block));
    let receipts: Vec<alloy_rpc_types_eth::TransactionReceipt> = serde_json::from_value(receipts).unwrap();
    assert_eq!(receipts.len(), 4);
    assert_eq!(receipts[3].inner.logs()[1].log_index, Some(7));
    assert_eq!(receipts[1].contract_address, Some(CALLEE));
    assert!(!receipts[1].status());
    let hashes: alloy_rpc_types_eth::Block = serde_json::from_value(json(&BlockView::new(&block, false))).unwrap();
    assert_eq!(
        hashes.transactions.hashes().collect::<Vec<_>>(),
        block.transactions.iter().map(|t| t.hash).collect::<Vec<_>>()
    );
    let header: alloy_rpc_types_eth::Header = serde_json::from_value(json(&HeaderView::new(&block))).unwrap();
    assert_eq!(header.inner.hash_slow(), block.hash);
}

#[test]
fn prices_and_signatures_by_type() {
    let block = block(true);
    let view = |index| json(&TransactionView::committed(&block, index).unwrap());
    let (legacy, list, dynamic) = (view(0), view(1), view(2));
    assert_eq!((&legacy["v"], legacy.get("yParity")), (&json!("0xf4f6"), None));
    assert_eq!((&legacy["gasPrice"], legacy.get("maxFeePerGas")), (&json!("0x1a13b8600"), None));
    assert_eq!(
        (&list["v"], &list["yParity"], &list["to"], &list["accessList"]),
        (&json!("0x1"), &json!("0x1"), &Value::Null, &json!([]))
    );
    assert_eq!((&dynamic["gasPrice"], &dynamic["maxFeePerGas"]), (&json!("0x77359400"), &json!("0x2540be400")));
    let pooled = json(&TransactionView::signed(&signed()[2], SENDER, None));
    for field in ["blockHash", "blockNumber", "transactionIndex"] {
        assert_eq!(pooled[field], Value::Null);
    }
    assert_eq!(pooled["gasPrice"], "0x2540be400");
}

#[test]
fn system_transactions_have_every_field_that_clients_read() {
    let block = block(false);
    let tx = json(&TransactionView::committed(&block, 4).unwrap());
    for (field, expected) in [
        ("type", json!("0x7e")),
        ("from", json!(Address::ZERO)),
        ("to", json!(Address::ZERO)),
        ("nonce", json!("0x9")),
        ("gas", json!("0x0")),
        ("gasPrice", json!("0x0")),
        ("value", json!("0x0")),
        ("input", json!("0x")),
        ("v", json!("0x0")),
        ("r", json!("0x0")),
        ("s", json!("0x0")),
        ("blockNumber", json!("0x9")),
        ("transactionIndex", json!("0x4")),
        ("hash", json!(keccak256([0x7e, 0xc1, 0x09]))),
    ] {
        assert_eq!(tx[field], expected, "{field}");
    }
    let receipt = json(&ReceiptView::new(&block, 4).unwrap());
    assert_eq!(
        (&receipt["type"], &receipt["gasUsed"], &receipt["status"]),
        (&json!("0x7e"), &json!("0x0"), &json!("0x1"))
    );
    assert_eq!(receipt["logs"][0]["logIndex"], "0x8");
    assert_eq!(receipt["logs"][0]["removed"], json!(false));
}

#[test]
fn raw_objects_are_canonical() {
    let plain = block(true);
    let raw = raw_block(&plain);
    let decoded = Block::<TxEnvelope>::decode(&mut raw.as_ref()).unwrap();
    let transactions = signed();
    let withdrawals = Some(Default::default());
    assert_eq!(
        decoded,
        Block { header: plain.header.clone(), body: BlockBody { transactions, ommers: vec![], withdrawals } }
    );
    assert_eq!(json(&BlockView::new(&plain, false))["size"], json!(format!("{:#x}", raw.len())));
    assert_eq!(keccak256(raw_header(&plain)), plain.hash);
    let with_system = block(false);
    let size = json(&BlockView::new(&with_system, false))["size"].clone();
    assert_eq!(size, json!(format!("{:#x}", raw_block(&with_system).len())));
    let receipt = raw_receipt(&with_system.receipts[4]);
    assert_eq!(Receipt::decode_2718(&receipt).unwrap(), with_system.receipts[4].receipt);
}

#[test]
fn logs_are_found_by_emitter_and_topic() {
    let block = block(false);
    let found = |query: LogQuery| {
        LogView::matching(&block, &query).iter().map(|log| json(log)["logIndex"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found(LogQuery::default()).len(), 10);
    let second = LogQuery { topics: vec![vec![B256::repeat_byte(2), B256::repeat_byte(3)]], ..Default::default() };
    assert_eq!(found(second), ["0x4", "0x6"]);
    assert!(found(LogQuery { addresses: vec![SENDER], ..Default::default() }).is_empty());
    assert!(found(LogQuery { topics: vec![vec![], vec![B256::ZERO]], ..Default::default() }).is_empty());
}
