//! Blocks and headers.

use super::raw::block_size;
use super::transaction::TransactionView;
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256};
use assay_chain::CommittedBlock;
use serde::Serialize;

/// A header, with the block time in milliseconds as an extra field: several blocks may share a second.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeaderView {
    hash: B256,
    parent_hash: B256,
    #[serde(rename = "sha3Uncles")]
    ommers_hash: B256,
    miner: Address,
    state_root: B256,
    transactions_root: B256,
    receipts_root: B256,
    logs_bloom: Bloom,
    difficulty: U256,
    #[serde(with = "alloy_serde::quantity")]
    number: u64,
    #[serde(with = "alloy_serde::quantity")]
    gas_limit: u64,
    #[serde(with = "alloy_serde::quantity")]
    gas_used: u64,
    #[serde(with = "alloy_serde::quantity")]
    timestamp: u64,
    #[serde(with = "alloy_serde::quantity")]
    timestamp_ms: u64,
    extra_data: Bytes,
    mix_hash: B256,
    nonce: B64,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    base_fee_per_gas: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawals_root: Option<B256>,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    blob_gas_used: Option<u64>,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    excess_blob_gas: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_beacon_block_root: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_hash: Option<B256>,
}

impl HeaderView {
    /// The header of a block.
    pub fn new(block: &CommittedBlock) -> Self {
        let header = &block.header;
        Self {
            hash: block.hash,
            parent_hash: header.parent_hash,
            ommers_hash: header.ommers_hash,
            miner: header.beneficiary,
            state_root: header.state_root,
            transactions_root: header.transactions_root,
            receipts_root: header.receipts_root,
            logs_bloom: header.logs_bloom,
            difficulty: header.difficulty,
            number: header.number,
            gas_limit: header.gas_limit,
            gas_used: header.gas_used,
            timestamp: header.timestamp,
            timestamp_ms: block.timestamp_ms.get(),
            extra_data: header.extra_data.clone(),
            mix_hash: header.mix_hash,
            nonce: header.nonce,
            base_fee_per_gas: header.base_fee_per_gas,
            withdrawals_root: header.withdrawals_root,
            blob_gas_used: header.blob_gas_used,
            excess_blob_gas: header.excess_blob_gas,
            parent_beacon_block_root: header.parent_beacon_block_root,
            requests_hash: header.requests_hash,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Transactions {
    Hashes(Vec<B256>),
    Full(Vec<TransactionView>),
}

/// A block with its transactions, or with their hashes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockView {
    #[serde(flatten)]
    header: HeaderView,
    total_difficulty: U256,
    #[serde(with = "alloy_serde::quantity")]
    size: u64,
    uncles: [B256; 0],
    transactions: Transactions,
    withdrawals: [B256; 0],
}

impl BlockView {
    /// A block; `full`: with whole transactions.
    pub fn new(block: &CommittedBlock, full: bool) -> Self {
        let transactions = if full {
            Transactions::Full(TransactionView::all(block))
        } else {
            Transactions::Hashes(block.transactions.iter().map(|tx| tx.hash).collect())
        };
        Self {
            header: HeaderView::new(block),
            total_difficulty: U256::ZERO,
            size: block_size(block) as u64,
            uncles: [],
            transactions,
            withdrawals: [],
        }
    }
}
