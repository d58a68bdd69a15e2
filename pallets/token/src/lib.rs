#![doc = include_str!("../README.md")]

pub mod api;
mod call;
mod domain;
mod error;
mod genesis;
mod handlers;
pub mod invariants;
mod ledger;
pub mod params;
mod state;
mod types;

pub use call::{FACTORY_ENTRIES, TOKEN_ENTRIES};
pub use domain::{digest, domain_separator};
pub use genesis::{Genesis, GenesisError, GenesisToken, init};
pub use types::{Control, Holding, Metadata};

use alloy_primitives::Address;
use assay_abi::token::TOKEN_FACTORY;
use assay_kernel::{Entry, Pallet};

/// The factory; the tokens are its family.
#[derive(Clone, Copy, Debug)]
pub struct Factory;

impl Pallet for Factory {
    const ADDRESS: Address = TOKEN_FACTORY;

    fn entries() -> &'static [Entry] {
        FACTORY_ENTRIES
    }
}

#[cfg(test)]
mod tests;
