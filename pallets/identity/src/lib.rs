#![doc = include_str!("../README.md")]

pub mod api;
pub mod error;
pub mod identity;
pub mod invariants;
pub mod params;
pub mod reads;
pub mod registries;
pub mod reputation;
pub mod tags;
pub mod types;
pub mod validation;

pub use identity::IdentityRegistry;
pub use params::{Genesis, GenesisAgent, GenesisError, GenesisMetadata};
pub use registries::registries;
pub use reputation::ReputationRegistry;
pub use types::JobFeedback;
pub use validation::ValidationRegistry;

#[cfg(test)]
mod tests;
