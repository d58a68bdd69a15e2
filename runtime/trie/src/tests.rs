//! Tests of the trie, against `alloy-trie` as the oracle.

mod corrupt;
mod evict;
mod format;
mod golden;
mod model;
mod proofs;
mod props;
