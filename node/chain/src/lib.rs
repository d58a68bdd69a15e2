//! The live chain: mempool, proposals, optimistic execution, commit pipeline, event bus.
#![allow(clippy::arithmetic_side_effects, reason = "overflow checks are on; untrusted numbers saturate explicitly")]
#![allow(clippy::disallowed_types, reason = "a node has a clock, and hash maps whose order never shows")]
#![allow(clippy::float_arithmetic, reason = "fee history and metrics report ratios; nothing of them is consensus")]

mod admission;
mod application;
mod blocks;
pub mod config;
mod core;
mod executor;
mod gossip;
pub mod handle;
mod journal;
pub mod mempool;
pub mod metrics;
pub mod query;
mod reads;
mod search;
mod shell;
mod simulate;
pub mod types;

#[cfg(test)]
mod tests;

pub use assay_kernel::{AccountRecord, StateView};
pub use config::*;
pub use core::OpenError;
pub use handle::Chain;
pub use mempool::PoolError;
pub use metrics::Metrics;
pub use query::*;
pub use types::*;
