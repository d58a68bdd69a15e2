//! What a block is to the code that runs in it.

use alloy_primitives::{Address, B256, U256};

/// The block that transactions run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEnvironment {
    /// Height.
    pub number: u64,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
    /// Who receives priority fees.
    pub beneficiary: Address,
    /// Block gas limit.
    pub gas_limit: u64,
    /// Base fee per gas, in wei.
    pub base_fee: u64,
    /// The chain's randomness, `PREVRANDAO`.
    pub prevrandao: B256,
    /// `DIFFICULTY` before Paris; zero on this chain.
    pub difficulty: U256,
    /// Excess blob gas from Cancun on; zero on this chain.
    pub excess_blob_gas: u64,
}

impl Default for BlockEnvironment {
    fn default() -> Self {
        Self {
            number: 1,
            timestamp: 1,
            beneficiary: Address::ZERO,
            gas_limit: 60_000_000,
            base_fee: 0,
            prevrandao: B256::ZERO,
            difficulty: U256::ZERO,
            excess_blob_gas: 0,
        }
    }
}
