//! The virtual machine: revm over a state view, with native modules in the same journal.
//!
//! The only crate that names `revm`. Rules are a value ([`ChainRules`]), so Ethereum's own forks run in the same
//! executor as the chain's.

mod changes;
mod context;
mod convert;
mod database;
pub mod environment;
mod evm;
pub mod executor;
mod handler;
mod host;
pub mod native;
pub mod options;
pub mod outcome;
mod overrides;
mod precompiles;
pub mod request;
pub mod rules;
mod struct_log;
mod trace;

pub use environment::BlockEnvironment;
pub use executor::Executor;
pub use options::{CallOptions, NativeOutcome, OverrideError, TraceError};
pub use outcome::{HaltReason, InvalidTx, TransactError, TxOutcome, TxStatus};
pub use request::TxRequest;
pub use rules::{ChainRules, FeeSplit, Fork};
pub use trace::TRACE_BYTES_MAX;

#[cfg(test)]
mod tests;
