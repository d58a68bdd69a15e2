//! The `assay` binary: command line, settings, keys, and the wiring of one node.
//!
//! ```text
//! cli        the commands and their flags
//! admin_client  asks admin ports
//! banner     what a development chain says when it is ready
//! commands   what each command does
//! config     settings in layers: default < file < environment < flag, each with its origin
//! data_dir   the folder of a node: layout, permissions, lock
//! keys       keystores, passphrases, the development validator
//! peer_address  where nodes listen and find each other
//! node       one running node: what starts in which order, and the one way to stop
//! logs       text or JSON, to standard error and to rotated files, filter changeable while running
//! report     a line per block
//! testnet    a network for development and tests: its plan, keys and folders
//! metrics    the registry, and what the process itself reports
//! ```
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the binary: clocks and threads serve the operator and never enter consensus"
)]

pub mod admin_client;
pub mod banner;
pub mod build;
pub mod cli;
mod commands;
pub mod config;
pub mod data_dir;
pub mod error;
pub mod keys;
pub mod logs;
pub mod metrics;
pub mod node;
pub mod output;
pub mod peer_address;
pub mod report;
pub mod testnet;

pub use cli::{Cli, Command};
pub use commands::run;
pub use error::AppError;

#[cfg(test)]
mod tests;
