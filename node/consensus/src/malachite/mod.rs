//! Malachite 0.8.2 behind the port. Nothing of it leaves this module but through [`run`].
//!
//! ```text
//! network <-> filter <-> consensus <-> wal         the engine's actors; filter, gate, supervisor and host are ours
//!    |                       |
//!   gate <-----> sync <-------+
//!                            |  ^
//!                          host  ReceivedProposedValue
//!                            |  |
//!                          worker (one thread)  ->  Application
//! ```
//! The host answers the engine at once and never executes: whatever takes time is a job of the worker, which does one
//! after the other, in the order in which the engine asked.

mod assembly;
mod codec;
mod context;
mod convert;
mod filter;
mod host;
mod metrics;
mod proposals;
mod run;
mod settings;
mod signing;
pub mod simulation;
mod streaming;
mod supervisor;
mod syncing;
mod watch;
mod wire;
mod worker;

pub(crate) use codec::decodes;
pub(crate) use convert::logged_voter;
pub(crate) use run::{Running, run};

#[cfg(test)]
pub(crate) mod tests;
