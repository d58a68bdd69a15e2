#![doc = include_str!("../README.md")]

pub mod api;
mod bids;
mod error;
mod facade;
mod facades;
mod handlers;
mod hooks;
pub mod invariants;
mod money;
pub mod params;
pub mod reads;
mod settle;
mod state;
pub mod types;

pub use facade::Facade;
pub use facades::acp::ACP_ENTRIES;
pub use facades::base::BASE_ENTRIES;
pub use facades::eip::EIP_ENTRIES;
pub use params::{Genesis, GenesisError};

use alloy_primitives::Address;
use assay_abi::escrow::{ESCROW, ESCROW_ACP, ESCROW_BASE};
use assay_kernel::{Entry, Pallet};

/// The EIP's facade, and the store of all jobs.
#[derive(Clone, Copy, Debug)]
pub struct Escrow;

/// The facade of erc-8183/base-contracts.
#[derive(Clone, Copy, Debug)]
pub struct EscrowBase;

/// The facade of Virtuals ACP v2.
#[derive(Clone, Copy, Debug)]
pub struct EscrowAcp;

impl Pallet for Escrow {
    const ADDRESS: Address = ESCROW;

    fn entries() -> &'static [Entry] {
        EIP_ENTRIES
    }
}

impl Pallet for EscrowBase {
    const ADDRESS: Address = ESCROW_BASE;

    fn entries() -> &'static [Entry] {
        BASE_ENTRIES
    }
}

impl Pallet for EscrowAcp {
    const ADDRESS: Address = ESCROW_ACP;

    fn entries() -> &'static [Entry] {
        ACP_ENTRIES
    }
}

#[cfg(test)]
mod tests;
