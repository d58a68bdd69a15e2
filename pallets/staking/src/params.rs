//! What can be tuned, with units and bounds: the module's part of a chain specification.

use alloy_primitives::U256;
use assay_kernel::Record;
use assay_primitives::Bps;
use assay_primitives::validators::TOTAL_POWER_MAX;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most validators in a set.
pub const SET_MAX: usize = 100;
/// Most candidates for the set.
pub const CANDIDATES_MAX: u32 = 256;
/// Heights after an offence in which a block may carry the evidence; unbonding takes longer.
pub const EVIDENCE_HEIGHTS: u64 = 100;
/// From a block to the first height that the set it leads to is in force at (CometBFT's rule).
pub const SET_DELAY: u64 = 2;
/// Heights after which a height's absences are final: late votes count until then.
pub const PRESENCE_HEIGHTS: u64 = 11;
/// Heights for which past sets are kept: more than an epoch of the proposer rotation, more than evidence may be old.
pub const SET_HEIGHTS: u64 = 1_024;
/// Epochs from the registration of a randomness key to its use.
pub const RANDOMNESS_EPOCHS: u64 = 2;
/// Epochs from the announcement of a commission to its use.
pub const COMMISSION_EPOCHS: u64 = 2;

/// Parameters of staking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StakingParams {
    /// Heights of an epoch, 4 to 10,000,000. The set follows the stakes at the end of each.
    pub epoch_length: u64,
    /// Whole epochs that undelegated stake waits, 1 to 1,000; in heights more than evidence may be old.
    pub unbonding_epochs: u64,
    /// Wei of stake for one unit of voting power, at least 1.
    pub power_unit: U256,
    /// Most validators in the set, 1 to 100.
    pub validators_max: u16,
    /// Wei of its own that a validator must have bonded, at least one power unit.
    pub self_bond_min: U256,
    /// Smallest delegation, in wei, at least 1.
    pub delegation_min: U256,
    /// Largest step of a commission, in hundredths of a per cent.
    pub commission_step_max: Bps,
    /// Share of the stake that a double signature costs, in hundredths of a per cent, at least 1.
    pub double_sign_slash: Bps,
    /// Heights over which absence is judged, 20 to 10,000.
    pub downtime_window: u64,
    /// Share of them that must be signed, in hundredths of a per cent.
    pub downtime_signed_min: Bps,
    /// Heights that a jailed validator waits, 1 to 10,000,000.
    pub jail_heights: u64,
    /// New coins.
    pub issuance: Issuance,
}

/// The supply schedule. All that will ever be issued lies in the module's account from genesis on: nothing is minted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Issuance {
    /// Wei that lie in reserve: the cap of what is issued. Part of the total supply.
    pub reserve: U256,
    /// Wei that the end of each epoch issues at first.
    pub per_epoch: U256,
    /// Epochs after which that is halved, again and again; 0 for never.
    pub halving_epochs: u64,
}

impl Issuance {
    /// Wei that the end of an epoch issues, if the reserve has them.
    pub fn of_epoch(&self, epoch: u64) -> U256 {
        let halvings = epoch.checked_div(self.halving_epochs).unwrap_or_default();
        usize::try_from(halvings)
            .ok()
            .and_then(|bits| (bits < 256).then(|| self.per_epoch.wrapping_shr(bits)))
            .unwrap_or_default()
    }
}

impl Record for StakingParams {
    const BYTES_MAX: usize = 256;
}

/// A parameter out of its bounds.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("staking.{field}: {rule}")]
pub struct ParamsError {
    /// Name in the specification.
    pub field: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

impl Default for StakingParams {
    fn default() -> Self {
        Self::dev()
    }
}

impl StakingParams {
    /// Parameters of a development network: an epoch is an hour of blocks at the usual pace, and nothing is issued.
    pub fn dev() -> Self {
        let coin = U256::from(1_000_000_000_000_000_000u64);
        Self {
            epoch_length: 7_200,
            unbonding_epochs: 2,
            power_unit: coin,
            validators_max: 100,
            self_bond_min: coin,
            delegation_min: U256::from(1_000_000_000_000_000u64),
            commission_step_max: Bps(100),
            double_sign_slash: Bps(500),
            downtime_window: 10_000,
            downtime_signed_min: Bps(500),
            jail_heights: 1_200,
            issuance: Issuance::default(),
        }
    }

    /// Checks every bound. `supply`: all wei there are, in wei.
    ///
    /// # Errors
    /// The first parameter out of its bounds.
    pub fn validate(&self, supply: U256) -> Result<(), ParamsError> {
        let check = |ok: bool, field, rule| if ok { Ok(()) } else { Err(ParamsError { field, rule }) };
        let unbonding = self.unbonding_epochs.saturating_mul(self.epoch_length);
        let most = supply.checked_div(self.power_unit).unwrap_or(U256::MAX);
        check((4..=10_000_000).contains(&self.epoch_length), "epochLength", "4 to 10000000 heights")?;
        check((1..=1_000).contains(&self.unbonding_epochs), "unbondingEpochs", "1 to 1000 epochs")?;
        check(unbonding > EVIDENCE_HEIGHTS, "unbondingEpochs", "more than 100 heights together")?;
        check(most <= U256::from(TOTAL_POWER_MAX), "powerUnit", "above zero, and the supply at most 2^60 units")?;
        check((1..=SET_MAX).contains(&self.validators_max.into()), "validatorsMax", "1 to 100")?;
        check(self.self_bond_min >= self.power_unit, "selfBondMin", "at least powerUnit")?;
        check(self.self_bond_min <= U256::from(u128::MAX), "selfBondMin", "at most 2^128 - 1 wei")?;
        check(!self.delegation_min.is_zero(), "delegationMin", "at least 1 wei")?;
        check(self.delegation_min <= U256::from(u128::MAX), "delegationMin", "at most 2^128 - 1 wei")?;
        check(self.commission_step_max <= Bps::WHOLE, "commissionStepMax", "at most 10000")?;
        let slash = self.double_sign_slash;
        check(slash > Bps::ZERO && slash <= Bps::WHOLE, "doubleSignSlash", "1 to 10000")?;
        check((20..=10_000).contains(&self.downtime_window), "downtimeWindow", "20 to 10000 heights")?;
        check(self.downtime_signed_min <= Bps::WHOLE, "downtimeSignedMin", "at most 10000")?;
        check((1..=10_000_000).contains(&self.jail_heights), "jailHeights", "1 to 10000000 heights")?;
        check(self.issuance.reserve <= supply, "issuance.reserve", "part of the total supply")?;
        check(self.issuance.per_epoch <= self.issuance.reserve, "issuance.perEpoch", "at most the reserve")
    }

    /// The epoch of a height; genesis belongs to the first.
    pub const fn epoch_of(&self, height: u64) -> u64 {
        match height.saturating_sub(1).checked_div(self.epoch_length) {
            Some(epoch) => epoch,
            None => 0,
        }
    }

    /// First height of an epoch.
    pub const fn epoch_start(&self, epoch: u64) -> u64 {
        epoch.saturating_mul(self.epoch_length).saturating_add(1)
    }

    /// Whether a height is the last of its epoch.
    pub const fn ends_epoch(&self, height: u64) -> bool {
        matches!(height.checked_rem(self.epoch_length), Some(0)) && height > 0
    }

    /// First epoch in which stake that was undelegated in an epoch can be withdrawn.
    pub const fn due_epoch(&self, epoch: u64) -> u64 {
        epoch.saturating_add(self.unbonding_epochs).saturating_add(1)
    }

    /// Voting power of a stake.
    pub fn power(&self, stake: u128) -> u64 {
        U256::from(stake).checked_div(self.power_unit).unwrap_or_default().saturating_to::<u64>().min(TOTAL_POWER_MAX)
    }

    /// Absences in the window above which a validator is jailed.
    pub const fn missed_max(&self) -> u64 {
        let must = self.downtime_window.saturating_mul(self.downtime_signed_min.0 as u64).div_ceil(10_000);
        self.downtime_window.saturating_sub(must)
    }
}
