//! Everything this node keeps on disk: the ledger, the state and its trie, in one RocksDB.
//!
//! What a write promises:
//!
//! | write | survives a killed process | survives power loss |
//! |---|---|---|
//! | [`Store::put_decided`], [`Store::put_undecided`], [`Store::init_genesis`] | on return | on return |
//! | [`Store::apply`] (state, trie, header, receipts, index) | on return | with the next synced write; else replayed |
//! | [`Store::replace_certificate`], evidence | on return | with the next synced write; else lost without harm |
//!
//! A receipt is served only after [`Store::apply`], which refuses a block that [`Store::put_decided`] has not made durable
//! with its certificate. So power loss may take the receipt's bytes, never the block that yields them: the node executes
//! every decided block above [`Store::head`] again before it serves anything. There is one write-ahead log, and syncing it
//! for a decided block syncs everything written before, the state of the block before included.
//!
//! The only crate that knows RocksDB.
#![allow(clippy::arithmetic_side_effects, reason = "sums of sizes and heights, far below their types' bounds")]
#![allow(clippy::indexing_slicing, reason = "offsets into buffers of fixed layout; a panic stops this node only")]
#![allow(clippy::cast_possible_truncation, reason = "file offsets and sizes; the node runs on 64 bits only")]

mod blob_scan;
mod bulk;
mod check;
mod commitment;
mod crc32c;
mod database;
mod error;
mod findings;
mod ledger;
mod log_scan;
mod logs;
mod open;
mod options;
mod rebuild;
mod recent;
mod records;
mod repair;
mod state;
mod store;
mod tables;
mod undo;
mod view;
mod watermark;

pub use assay_trie::{AccountProof, SlotProof};
pub use check::check;
pub use commitment::PreparedState;
pub use error::{CHECK_COMMAND, HistoryError, REBUILD_TRIE_COMMAND, REPAIR_COMMAND, StoreError};
pub use findings::{Finding, Progress, Remedy, Report, Stage};
pub use logs::{BLOOM_HEADERS_MAX, BloomMatches};
pub use open::Recovered;
pub use options::{ChainIdentity, HISTORY_HEIGHTS, MEMORY_BYTES, MEMORY_BYTES_MIN, StoreOptions};
pub use rebuild::rebuild_trie;
pub use records::{ApplyBlock, DecidedBlock, DecidedHead, Head, ReceiptRecord, TxLocation, UndecidedRecord};
pub use repair::{RepairReport, repair};
pub use store::{PROOF_HEIGHTS, Store};
pub use view::StateAt;

#[cfg(test)]
mod tests;
