//! All integration tests in one binary, so that the node's dependencies are linked once.
#![allow(missing_docs, reason = "tests")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests may panic, and drive real processes with clocks and threads"
)]

mod bad_input;
mod clients;
mod console;
mod corpora;
mod crash;
mod disk;
mod interfaces;
mod network;
mod simulation;
mod support;
mod system_transaction;
mod testnet;
mod tidy;
