//! Logs.

use alloy_primitives::{Address, B256, Bytes};
use assay_chain::{CommittedBlock, LogEntry, LogQuery};
use assay_primitives::{Log, TimestampMs};
use serde::Serialize;

/// A log and its place. `removed` is always false: what is committed stays.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogView {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_hash: B256,
    #[serde(with = "alloy_serde::quantity")]
    block_number: u64,
    #[serde(with = "alloy_serde::quantity")]
    block_timestamp: u64,
    transaction_hash: B256,
    #[serde(with = "alloy_serde::quantity")]
    transaction_index: u64,
    #[serde(with = "alloy_serde::quantity")]
    log_index: u64,
    removed: bool,
}

/// Where a log stands.
#[derive(Clone, Copy, Debug)]
struct LogPlace {
    block_hash: B256,
    block_number: u64,
    timestamp_ms: TimestampMs,
    transaction_hash: B256,
    transaction_index: u64,
    log_index: u64,
}

impl LogView {
    fn at(log: &Log, place: LogPlace) -> Self {
        Self {
            address: log.address,
            topics: log.topics().to_vec(),
            data: log.data.data.clone(),
            block_hash: place.block_hash,
            block_number: place.block_number,
            block_timestamp: place.timestamp_ms.seconds(),
            transaction_hash: place.transaction_hash,
            transaction_index: place.transaction_index,
            log_index: place.log_index,
            removed: false,
        }
    }

    /// A log that a search found.
    pub fn found(entry: &LogEntry) -> Self {
        Self::at(
            &entry.log,
            LogPlace {
                block_hash: entry.block_hash,
                block_number: entry.block_number,
                timestamp_ms: entry.timestamp_ms,
                transaction_hash: entry.transaction_hash,
                transaction_index: entry.transaction_index,
                log_index: entry.log_index,
            },
        )
    }

    /// The logs of one transaction of a block.
    pub fn of_transaction(block: &CommittedBlock, index: usize) -> Vec<Self> {
        let (Some(tx), Some(receipt)) = (block.transactions.get(index), block.receipts.get(index)) else {
            return Vec::new();
        };
        let place = LogPlace {
            block_hash: block.hash,
            block_number: block.number(),
            timestamp_ms: block.timestamp_ms,
            transaction_hash: tx.hash,
            transaction_index: index as u64,
            log_index: 0,
        };
        let logs = receipt.receipt.logs.iter().zip(receipt.first_log_index..);
        logs.map(|(log, log_index)| Self::at(log, LogPlace { log_index, ..place })).collect()
    }

    /// The logs of a block that a query wants, its range aside.
    pub fn matching(block: &CommittedBlock, query: &LogQuery) -> Vec<Self> {
        let wanted = |index: &usize| {
            block.receipts.get(*index).is_some_and(|receipt| receipt.receipt.logs.iter().any(|log| query.matches(log)))
        };
        let mut found = Vec::new();
        for index in (0..block.receipts.len()).filter(wanted) {
            let Some(receipt) = block.receipts.get(index) else { continue };
            let views = Self::of_transaction(block, index);
            let matches = views.into_iter().zip(&receipt.receipt.logs).filter(|(_, log)| query.matches(log));
            found.extend(matches.map(|(view, _)| view));
        }
        found
    }
}
