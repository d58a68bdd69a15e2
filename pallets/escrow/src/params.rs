//! Bounds, and what can be tuned: the module's part of a chain specification.

use alloy_primitives::Address;
use assay_kernel::{CallError, Ctx};
use assay_primitives::{Bps, NetworkKind};
use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::state::{BIDDING, FEES, TIMES};
use crate::types::{Bidding, Fees, Times};

/// Longest description, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 2 << 10;
/// Longest `optParams`, in bytes: a court's commit of 16 KiB of tokens and 2,048 roots fits.
pub const OPT_PARAMS_BYTES_MAX: usize = 128 << 10;
/// Most gas that one call of a hook may use (APEX's bound).
pub const HOOK_GAS: u64 = 1_000_000;
/// Most gas that one call of a payment token may use.
pub const TOKEN_GAS: u64 = 500_000;
/// Most gas that each question of ERC-165 may use (ERC-165's own bound).
pub const ERC165_GAS: u64 = 30_000;
/// Hundredths of a per cent in a whole.
pub const BP_WHOLE: u128 = 10_000;
/// Largest share of each fee, in hundredths of a per cent.
pub const FEE_MAX: Bps = Bps(1_000);
/// Longest time of a job that genesis may allow, in seconds: ten years.
pub const JOB_TIME_S_MAX: u64 = 10 * 365 * 86_400;

/// The escrow's part of a specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Genesis {
    /// A job expires later than this many seconds after its creation; 1 to 86,400.
    pub job_time_s_min: u64,
    /// A job expires at most this many seconds after its creation; up to ten years.
    pub job_time_s_max: u64,
    /// Seconds after its expiry in which submitted work of the base dialect may still be judged; up to 30 days.
    pub evaluation_grace_s: u64,
    /// Share of a payment that goes to the treasury, in hundredths of a per cent; at most 1,000.
    pub platform_fee: Bps,
    /// Who receives it; not the zero address where there is such a fee.
    pub treasury: Address,
    /// Share of a payment that goes to the evaluator, in hundredths of a per cent; at most 1,000.
    pub evaluator_fee: Bps,
    /// Share of a payment that is burned where the job speaks for its agent, in hundredths of a per cent; at most 1,000.
    pub burn: Bps,
    /// Heights in which a client speaks for an agent once; at least 1.
    pub epoch_heights: u64,
    /// Smallest bond of a bid, in wei of the native coin; at least 1, below 2^128.
    pub bid_bond_min: u128,
    /// Burned fees, in the default token's smallest unit, at which a bidder's reputation counts by half; at least 1.
    pub reputation_half: u128,
}

/// A parameter out of its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("escrow.{field}: {rule}")]
pub struct GenesisError {
    /// Name in the specification.
    pub field: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

/// Parameters of a main network.
impl Default for Genesis {
    fn default() -> Self {
        Self::of_network(NetworkKind::Main)
    }
}

impl Genesis {
    /// Sound parameters of a kind of network: on main networks the five minutes of the reference, shorter elsewhere.
    pub const fn of_network(kind: NetworkKind) -> Self {
        Self {
            job_time_s_min: if kind.is_main() { 300 } else { 5 },
            job_time_s_max: 365 * 86_400,
            evaluation_grace_s: if kind.is_main() { 3_600 } else { 5 },
            platform_fee: Bps(0),
            treasury: Address::ZERO,
            evaluator_fee: Bps(0),
            burn: Bps(100),
            epoch_heights: 7_200,
            bid_bond_min: 1_000_000_000_000_000,
            reputation_half: 10_000_000,
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// The first parameter out of its bounds.
    pub fn validate(&self) -> Result<(), GenesisError> {
        let check = |ok: bool, field, rule| if ok { Ok(()) } else { Err(GenesisError { field, rule }) };
        check((1..=86_400).contains(&self.job_time_s_min), "jobTimeSMin", "1 to 86400 seconds")?;
        check(self.job_time_s_max > self.job_time_s_min, "jobTimeSMax", "more than jobTimeSMin")?;
        check(self.job_time_s_max <= JOB_TIME_S_MAX, "jobTimeSMax", "at most ten years")?;
        check(self.evaluation_grace_s <= 30 * 86_400, "evaluationGraceS", "at most 30 days")?;
        check(self.platform_fee <= FEE_MAX, "platformFee", "at most 1000")?;
        check(
            self.platform_fee == Bps::ZERO || !self.treasury.is_zero(),
            "treasury",
            "an address, where there is a fee",
        )?;
        check(self.evaluator_fee <= FEE_MAX, "evaluatorFee", "at most 1000")?;
        check(self.burn <= FEE_MAX, "burn", "at most 1000")?;
        check(self.epoch_heights > 0, "epochHeights", "at least 1")?;
        check(self.bid_bond_min > 0, "bidBondMin", "at least 1 wei")?;
        check(self.reputation_half > 0, "reputationHalf", "at least 1")
    }

    /// Writes the parameters, in the frame of the store of jobs.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn apply(&self, ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        TIMES.set(
            ctx,
            &Times {
                min_s: self.job_time_s_min,
                max_s: self.job_time_s_max,
                grace_s: self.evaluation_grace_s,
                epoch_heights: self.epoch_heights,
            },
        )?;
        let (platform, evaluator, burn) = (self.platform_fee, self.evaluator_fee, self.burn);
        FEES.set(ctx, &Fees { treasury: self.treasury, platform, evaluator, burn })?;
        BIDDING.set(ctx, &Bidding { bond_min: self.bid_bond_min, reputation_half: self.reputation_half })
    }
}
