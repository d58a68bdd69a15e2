//! Receipts.

use super::log::LogView;
use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bloom};
use assay_chain::{CommittedBlock, TxLocation};
use serde::Serialize;

/// A receipt. There are only receipts of final blocks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
    block_hash: B256,
    #[serde(with = "alloy_serde::quantity")]
    block_number: u64,
    contract_address: Option<Address>,
    #[serde(with = "alloy_serde::quantity")]
    cumulative_gas_used: u64,
    #[serde(with = "alloy_serde::quantity")]
    effective_gas_price: u128,
    from: Address,
    #[serde(with = "alloy_serde::quantity")]
    gas_used: u64,
    logs: Vec<LogView>,
    logs_bloom: Bloom,
    #[serde(with = "alloy_serde::quantity")]
    status: u64,
    to: Option<Address>,
    transaction_hash: B256,
    #[serde(with = "alloy_serde::quantity")]
    transaction_index: u64,
    #[serde(rename = "type", with = "alloy_serde::quantity")]
    tx_type: u8,
}

impl ReceiptView {
    /// The receipt at a position of a block.
    pub fn new(block: &CommittedBlock, index: usize) -> Option<Self> {
        let (tx, committed) = (block.transactions.get(index)?, block.receipts.get(index)?);
        let receipt = &committed.receipt;
        Some(Self {
            block_hash: block.hash,
            block_number: block.number(),
            contract_address: committed.contract_address,
            cumulative_gas_used: receipt.cumulative_gas_used,
            effective_gas_price: committed.effective_gas_price,
            from: tx.sender,
            gas_used: committed.gas_used,
            logs: LogView::of_transaction(block, index),
            logs_bloom: receipt.bloom(),
            status: u64::from(receipt.success),
            to: tx.envelope.as_ref().map_or(Some(Address::ZERO), |envelope| envelope.to()),
            transaction_hash: tx.hash,
            transaction_index: index as u64,
            tx_type: receipt.tx_type,
        })
    }

    /// The receipt of a transaction.
    pub fn located(location: &TxLocation) -> Option<Self> {
        Self::new(&location.block, location.index)
    }

    /// All receipts of a block.
    pub fn all(block: &CommittedBlock) -> Vec<Self> {
        (0..block.transactions.len()).filter_map(|index| Self::new(block, index)).collect()
    }
}
