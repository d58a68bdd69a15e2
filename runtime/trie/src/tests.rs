//! Tests of the trie, against `alloy-trie` as the oracle.

#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod corrupt;
mod evict;
mod format;
mod golden;
mod keccak;
mod model;
mod proofs;
mod props;
