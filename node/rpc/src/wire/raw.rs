//! Blocks, headers and receipts in their canonical bytes.

use alloy_primitives::Bytes;
use alloy_rlp::{EMPTY_LIST_CODE, Encodable, Header};
use assay_chain::{CommittedBlock, CommittedReceipt, CommittedTx};

/// RLP of a block's header.
pub fn raw_header(block: &CommittedBlock) -> Bytes {
    Bytes::from(alloy_rlp::encode(&block.header))
}

/// EIP-2718 bytes of a receipt.
pub fn raw_receipt(committed: &CommittedReceipt) -> Bytes {
    let mut out = Vec::new();
    committed.receipt.encode_2718(&mut out);
    Bytes::from(out)
}

/// A legacy transaction is an RLP list already; a typed one is wrapped in a string.
fn is_list(tx: &CommittedTx) -> bool {
    tx.raw.first().is_some_and(|first| *first >= EMPTY_LIST_CODE)
}

fn tx_length(tx: &CommittedTx) -> usize {
    if is_list(tx) { tx.raw.len() } else { tx.raw.as_ref().length() }
}

/// Length of `[header, transactions, ommers, withdrawals]` without its own list header, and of the transactions'.
fn lengths(block: &CommittedBlock) -> (usize, usize) {
    let transactions: usize = block.transactions.iter().map(tx_length).sum();
    let list = Header { list: true, payload_length: transactions }.length() + transactions;
    (block.header.length() + list + 2, transactions)
}

/// Size of a block's RLP, in bytes.
pub fn block_size(block: &CommittedBlock) -> usize {
    let (payload_length, _) = lengths(block);
    Header { list: true, payload_length }.length() + payload_length
}

/// RLP of a block: header, transactions, no ommers, no withdrawals.
pub fn raw_block(block: &CommittedBlock) -> Bytes {
    let (payload_length, transactions) = lengths(block);
    let mut out = Vec::with_capacity(payload_length + 9);
    Header { list: true, payload_length }.encode(&mut out);
    block.header.encode(&mut out);
    Header { list: true, payload_length: transactions }.encode(&mut out);
    for tx in &block.transactions {
        if is_list(tx) {
            out.extend_from_slice(&tx.raw);
        } else {
            tx.raw.as_ref().encode(&mut out);
        }
    }
    out.extend_from_slice(&[EMPTY_LIST_CODE, EMPTY_LIST_CODE]);
    Bytes::from(out)
}
