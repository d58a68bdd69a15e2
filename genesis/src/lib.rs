//! Chain specifications: what every node of a network must agree on before its first block.
//!
//! A [`ChainSpec`] is read from JSON ([`ChainSpec::from_json`]), checked as a whole ([`ChainSpec::validate`]) and named
//! by a hash over its canonical encoding ([`ChainSpec::hash`]), which stands in the extra data of the genesis header.
//! Formatting, key order and comments of tools never change the hash; any value does.
//!
//! Not here: reading files (the binary does), the genesis state and header (the executive makes them).

mod alloc;
mod dev;
mod error;
mod json;
mod params;
mod predeploy;
mod spec;
mod validate;
mod validator;

pub use alloc::{ALLOC_MAX, Alloc, GenesisAccount};
pub use dev::{DEV_CHAIN_ID, DEV_COINS, DEV_MNEMONIC, DEV_NETWORK, DEV_TOKEN, DEV_TOKENS, WEI_PER_COIN, dev_accounts};
pub use error::{AccountProblem, SpecError};
pub use json::SPEC_BYTES_MAX;
pub use params::{BaseFeeParams, FeeSplit, GAS_LIMIT_MAX, GAS_LIMIT_MIN, Params, Timing};
pub use predeploy::{HISTORY_STORAGE_ADDRESS, Predeploy, PredeployedContract};
pub use spec::{ChainSpec, Engine};
pub use validator::{GenesisValidator, consensus_address};

#[cfg(test)]
mod tests;
