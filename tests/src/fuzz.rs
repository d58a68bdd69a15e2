//! One function per decoder that meets bytes of strangers. A function must return for any input; what decodes must
//! encode to something that decodes to the same.

use alloy_rlp::Decodable as _;
use assay_genesis::ChainSpec;
use assay_primitives::{Block, CheckedTx, ExecutionHeader, Receipt};

/// A target: returns for any input.
pub type Target = fn(&[u8]);

/// The targets by name, as they stand in `fuzz/fuzz_targets` and `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("transaction", transaction),
    ("block", block),
    ("header", header),
    ("gossip_frame", gossip_frame),
    ("transaction_frame", transaction_frame),
    ("rpc_body", rpc_body),
    ("genesis", genesis),
    ("config", config),
    ("payment_body", payment_body),
];

/// Raw transactions, as `eth_sendRawTransaction` and blocks carry them.
pub fn transaction(data: &[u8]) {
    if let Ok(tx) = CheckedTx::recover(data.to_vec().into()) {
        assert_eq!(CheckedTx::recover(tx.raw().clone()).ok().map(|again| again.hash()), Some(tx.hash()));
        let _ = tx.cost_max();
    }
}

/// Ordering blocks and what is in them.
pub fn block(data: &[u8]) {
    if let Ok(block) = Block::decode(data) {
        assert_eq!(block.encode(), data, "a block has one encoding");
        let _ = block.system_payload();
    }
}

/// Execution headers and receipts.
pub fn header(data: &[u8]) {
    let mut rest = data;
    if let Ok(header) = ExecutionHeader::decode(&mut rest) {
        assert_eq!(ExecutionHeader::decode(&mut alloy_rlp::encode(&header).as_slice()), Ok(header));
    }
    let _ = Receipt::decode_2718(data);
}

/// Everything that a peer's message can be.
pub fn gossip_frame(data: &[u8]) {
    let _ = assay_consensus::decodes_peer_message(31337, data);
}

/// Frames of transaction gossip; one that decodes has one encoding.
pub fn transaction_frame(data: &[u8]) {
    let _ = assay_consensus::gossip::decodes(data);
}

/// Bodies of JSON-RPC requests: shape, envelope, and the arguments of every kind.
pub fn rpc_body(data: &[u8]) {
    let _ = assay_rpc::decodes_body(data);
}

/// Chain specifications.
pub fn genesis(data: &[u8]) {
    if let Ok(spec) = ChainSpec::from_json(data) {
        let _ = spec.validate();
        if let Ok(text) = spec.to_json() {
            assert_eq!(ChainSpec::from_json(text.as_bytes()).map(|again| again.hash()).ok(), Some(spec.hash()));
        }
    }
}

/// Settings files.
pub fn config(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = assay_app::config::check_text(std::path::Path::new("fuzz.toml"), text);
    }
}

/// Bodies that a facilitator is asked with.
pub fn payment_body(data: &[u8]) {
    let _ = assay_agents::facilitator::decodes(data);
}
