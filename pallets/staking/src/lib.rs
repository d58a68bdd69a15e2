#![doc = include_str!("../README.md")]

pub mod api;
pub mod blocks;
mod bonds;
mod call;
pub mod error;
mod handlers;
pub mod invariants;
mod keys;
pub mod params;
mod pool;
mod sets;
mod state;
pub mod types;

pub use call::Staking;
pub use params::{ParamsError, StakingParams};

#[cfg(test)]
mod tests;
