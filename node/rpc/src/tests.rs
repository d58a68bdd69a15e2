//! Tests of the crate.
#![allow(clippy::float_arithmetic, reason = "tests")]

mod agents;
mod args;
mod chain;
mod discover;
mod driver;
mod errors;
mod filters;
mod hosts;
mod page;
mod scan;
mod server;
mod stalls;
mod wire;
