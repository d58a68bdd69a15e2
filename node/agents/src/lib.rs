#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "clients of the RPC: clocks serve time limits and budgets and never enter consensus"
)]

pub mod console;
pub mod facilitator;
pub mod fees;
pub mod node;
pub mod outbox;
