//! What people and scripts do with tokens, agents, jobs and stake from a terminal, over the same RPC as everybody.
//!
//! ```text
//! session   a node, the chain it serves, and the key that signs, if any
//! amount    decimal amounts and atomic units
//! report    one result, as JSON or as lines for people
//! token     native tokens and any ERC-20
//! agent     the ERC-8004 registries
//! job       jobs with escrowed payment (ERC-8183), bids for them
//! auction   sealed bids, providers, credits of jobs
//! stake     validators, delegation, bonds of agents
//! ```

pub mod agent;
mod amount;
pub mod auction;
pub mod job;
mod report;
mod session;
pub mod stake;
pub mod token;

pub use amount::{AmountError, format_units, parse_units};
pub use report::Report;
pub use session::{ConsoleError, Session};

#[cfg(test)]
mod tests;
