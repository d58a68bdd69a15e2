//! Parameters of a chain, each with its unit and bound.

use assay_primitives::Bps;
use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};

/// Smallest block gas limit: one transaction at EIP-7825's cap of 2^24 gas must fit.
pub const GAS_LIMIT_MIN: u64 = 1 << 24;
/// Largest block gas limit. Every validator executes a block before it votes.
pub const GAS_LIMIT_MAX: u64 = 2_000_000_000;

/// What the chain runs with until an upgrade changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Gas limit of every block, [`GAS_LIMIT_MIN`] to [`GAS_LIMIT_MAX`].
    pub gas_limit: u64,
    /// How the base fee moves (EIP-1559).
    pub base_fee: BaseFeeParams,
    /// Where the base fee goes.
    pub fee_split: FeeSplit,
    /// Clock of the consensus engine.
    pub timing: Timing,
}

/// EIP-1559's constants, and a floor under them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaseFeeParams {
    /// Base fee of the genesis header, in wei per gas; at least `min`.
    pub initial: u64,
    /// The base fee never falls below this, in wei per gas; at least 1, at most 10^15.
    pub min: u64,
    /// Gas limit divided by gas target, 1 to 16.
    pub elasticity: u64,
    /// The base fee moves by at most one part in this per block, 2 to 1,000.
    pub denominator: u64,
}

/// Shares of the base fee; together 10,000. Creator and stakers cannot both have one. Priority fees always go to the
/// creator's fee address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeeSplit {
    /// Hundredths of a per cent that are burned.
    pub burned: Bps,
    /// Hundredths of a per cent that go to the fee address of the block's creator.
    pub creator: Bps,
    /// Hundredths of a per cent that the validators of the epoch share with their delegators.
    #[serde(default)]
    pub stakers: Bps,
}

/// Time-outs and pace of consensus, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timing {
    /// How long round 0 waits for a proposal; 100 to 60,000.
    pub propose_timeout_ms: u64,
    /// What each later round adds to it; at most 60,000.
    pub propose_timeout_delta_ms: u64,
    /// How long round 0 waits for votes once it has seen enough of them; 50 to 60,000.
    pub vote_timeout_ms: u64,
    /// What each later round adds to it; at most 60,000.
    pub vote_timeout_delta_ms: u64,
    /// Shortest time from block to block; 0 to 60,000, 0 for as fast as it goes.
    pub block_interval_ms: u64,
    /// How far ahead of a validator's clock a fresh proposal's time may be; 1 to 60,000.
    pub clock_drift_ms: u64,
}
