//! Committed blocks: made from an execution, read back from the ledger, cached.

use crate::types::{CommittedBlock, CommittedReceipt, CommittedTx};
use alloy_consensus::TxEnvelope;
use alloy_eips::eip2718::Decodable2718 as _;
use alloy_primitives::Bytes;
use alloy_primitives::map::B256Map;
use assay_executive::ExecutedReceipt;
use assay_primitives::transaction::raw_hash;
use assay_primitives::{CheckedTx, Fault, Height, TimestampMs, TxKind2718};
use assay_store::{Head as StoredHead, ReceiptRecord, Store};
use lru::LruCache;
use std::sync::Arc;

/// What the cache may hold, as a rough sum of bytes.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// The receipt of an execution as it is stored.
pub(crate) fn receipt_record(executed: ExecutedReceipt) -> ReceiptRecord {
    ReceiptRecord {
        receipt: executed.receipt,
        tx_hash: executed.tx_hash,
        sender: executed.sender,
        gas_used: executed.gas_used,
        effective_gas_price: executed.effective_gas_price,
        contract_address: executed.contract_address,
        output: executed.revert_data,
    }
}

fn receipts(records: Vec<ReceiptRecord>) -> Vec<CommittedReceipt> {
    let mut first_log_index = 0;
    records
        .into_iter()
        .map(|record| {
            let receipt = CommittedReceipt {
                gas_used: record.gas_used,
                effective_gas_price: record.effective_gas_price,
                contract_address: record.contract_address,
                first_log_index,
                receipt: record.receipt,
            };
            first_log_index += receipt.receipt.logs.len() as u64;
            receipt
        })
        .collect()
}

/// The block that was just installed.
pub(crate) fn committed_block<'a>(
    applied: &StoredHead,
    timestamp_ms: TimestampMs,
    txs: impl Iterator<Item = &'a CheckedTx>,
    system_transaction: Option<Bytes>,
    records: Vec<ReceiptRecord>,
) -> CommittedBlock {
    let mut transactions: Vec<CommittedTx> = txs
        .map(|tx| CommittedTx {
            hash: tx.hash(),
            sender: tx.sender(),
            envelope: Some(tx.envelope().clone()),
            raw: tx.raw().clone(),
        })
        .collect();
    let system_sender = records.last().map(|record| record.sender).unwrap_or_default();
    transactions.extend(system_transaction.map(|raw| CommittedTx {
        hash: raw_hash(&raw),
        sender: system_sender,
        envelope: None,
        raw,
    }));
    CommittedBlock {
        header: applied.header.clone(),
        hash: applied.hash,
        ordering_id: applied.block_id,
        timestamp_ms,
        transactions,
        receipts: receipts(records),
    }
}

/// Reads a block back; `None` where there is none.
pub(crate) fn load_block(
    store: &Store,
    genesis_time: TimestampMs,
    height: Height,
) -> Result<Option<CommittedBlock>, Fault> {
    let (Some(header), Some(hash)) = (store.header(height)?, store.header_hash(height)?) else { return Ok(None) };
    let missing = |what: &str| Fault::corrupt(format!("block {height} has no {what}"));
    let (ordering_id, timestamp_ms) = match height {
        Height::ZERO => (Default::default(), genesis_time),
        _ => {
            let block = store.block(height)?.ok_or_else(|| missing("ordering block"))?;
            let payload = block.system_payload().map_err(|error| Fault::corrupt(error.to_string()))?;
            (block.id(), payload.timestamp_ms)
        }
    };
    let body = store.body(height)?.ok_or_else(|| missing("body"))?;
    let records = store.receipts(height)?.ok_or_else(|| missing("receipts"))?;
    if body.len() != records.len() {
        return Err(missing("receipt for each transaction"));
    }
    let transactions = body
        .into_iter()
        .zip(&records)
        .map(|(raw, record)| {
            Ok(CommittedTx { hash: record.tx_hash, sender: record.sender, envelope: decode(&raw)?, raw })
        })
        .collect::<Result<_, Fault>>()?;
    Ok(Some(CommittedBlock { header, hash, ordering_id, timestamp_ms, transactions, receipts: receipts(records) }))
}

fn decode(raw: &Bytes) -> Result<Option<TxEnvelope>, Fault> {
    if raw.first() == Some(&(TxKind2718::System as u8)) {
        return Ok(None);
    }
    let envelope = TxEnvelope::decode_2718(&mut raw.as_ref()).map_err(|error| Fault::corrupt(error.to_string()))?;
    Ok(Some(envelope))
}

/// Recently used blocks, bounded by their weight.
pub(crate) struct BlockCache {
    by_number: LruCache<u64, (Arc<CommittedBlock>, usize)>,
    numbers: B256Map<u64>,
    bytes: usize,
}

impl Default for BlockCache {
    fn default() -> Self {
        Self { by_number: LruCache::unbounded(), numbers: B256Map::default(), bytes: 0 }
    }
}

/// Roughly what a block takes in memory.
fn weight(block: &CommittedBlock) -> usize {
    let transactions: usize = block.transactions.iter().map(|tx| 512 + 2 * tx.raw.len()).sum();
    let logs = block.receipts.iter().flat_map(|receipt| &receipt.receipt.logs);
    2_048 + transactions + 256 * block.receipts.len() + logs.map(|log| 192 + log.data.data.len()).sum::<usize>()
}

impl BlockCache {
    pub(crate) fn get(&mut self, number: u64) -> Option<Arc<CommittedBlock>> {
        self.by_number.get(&number).map(|(block, _)| Arc::clone(block))
    }

    /// Number of a cached block's hash.
    pub(crate) fn number_of(&self, hash: &alloy_primitives::B256) -> Option<u64> {
        self.numbers.get(hash).copied()
    }

    pub(crate) fn put(&mut self, block: Arc<CommittedBlock>) {
        let weight = weight(&block);
        self.numbers.insert(block.hash, block.number());
        if let Some((_, (_, old))) = self.by_number.push(block.number(), (block, weight)) {
            self.bytes = self.bytes.saturating_sub(old);
        }
        self.bytes += weight;
        while self.bytes > CACHE_BYTES
            && self.by_number.len() > 1
            && let Some((_, (block, weight))) = self.by_number.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(weight);
            self.numbers.remove(&block.hash);
        }
    }
}
