//! The records of the module and the arithmetic that belongs to each.

use alloy_primitives::{Address, B256, U256};
use assay_kernel::Record;
use assay_primitives::ConsensusAddress;
use borsh::{BorshDeserialize, BorshSerialize};

/// Binary places of [`Pool::per_share`].
pub const PER_SHARE_BITS: usize = 96;

/// `a * b / c`, rounded down; `None` where `c` is zero or the result does not fit.
pub fn mul_div(a: u128, b: u128, c: u128) -> Option<u128> {
    // Two factors of 128 bits fit into 256.
    U256::from(a).wrapping_mul(U256::from(b)).checked_div(U256::from(c))?.try_into().ok()
}

/// `a * b / c`, rounded up; `None` where `c` is zero or the result does not fit.
pub fn mul_div_up(a: u128, b: u128, c: u128) -> Option<u128> {
    let (quotient, rest) = (mul_div(a, b, c)?, U256::from(a).wrapping_mul(U256::from(b)).checked_rem(U256::from(c))?);
    if rest.is_zero() { Some(quotient) } else { quotient.checked_add(1) }
}

/// Where a validator stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Status {
    /// A candidate for the set.
    Active,
    /// No candidate, by its own wish or displaced by others.
    Inactive,
    /// No candidate after an absence, until its operator unjails it at this height or later.
    Jailed {
        /// First height at which it may be unjailed.
        until: u64,
    },
    /// It signed twice; never a candidate again.
    Tombstoned,
}

impl Status {
    /// Its number in the ABI.
    pub const fn number(self) -> u8 {
        match self {
            Self::Active => 0,
            Self::Inactive => 1,
            Self::Jailed { .. } => 2,
            Self::Tombstoned => 3,
        }
    }
}

/// A change that takes effect with an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Announced<T> {
    /// The new value.
    pub value: T,
    /// First epoch in which it is in force.
    pub epoch: u64,
}

/// What a validator is, without its stake.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    /// Status.
    pub status: Status,
    /// Ed25519 key that it signs with, or will at latest in two heights.
    pub public_key: B256,
    /// Key of the randomness VRF.
    pub randomness_key: B256,
    /// The next one.
    pub next_randomness: Option<Announced<B256>>,
    /// Who receives priority fees.
    pub fee_address: Address,
    /// Share of the rewards that the operator keeps, in hundredths of a per cent.
    pub commission: u16,
    /// The next one.
    pub next_commission: Option<Announced<u16>>,
    /// First epoch in which it may be part of the set: randomness keys are in force two epochs after registration.
    pub eligible_epoch: u64,
    /// Epoch in which the consensus key was last changed.
    pub rotated_epoch: Option<u64>,
    /// Number of the key record that stands in the set; none before it was first chosen.
    pub key: Option<u32>,
    /// Position in the list of candidates.
    pub candidate: Option<u32>,
    /// Seat that counts its absences while it is in the set.
    pub seat: Option<u8>,
}

impl Record for Validator {
    const BYTES_MAX: usize = 192;
}

impl Validator {
    /// The commission in force in an epoch.
    pub fn commission_in(&self, epoch: u64) -> u16 {
        match self.next_commission {
            Some(next) if next.epoch <= epoch => next.value,
            _ => self.commission,
        }
    }

    /// The randomness key in force in an epoch.
    pub fn randomness_in(&self, epoch: u64) -> B256 {
        match self.next_randomness {
            Some(next) if next.epoch <= epoch => next.value,
            _ => self.randomness_key,
        }
    }
}

/// Stake with one validator. A share is worth `stake / shares`; rewards are counted beside it, so that only a slash moves
/// that price, and only down.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pool {
    /// Wei that are bonded.
    pub stake: u128,
    /// Shares in them.
    pub shares: u128,
    /// Wei that are unbonding, of all epochs.
    pub unbonding: u128,
    /// Wei of rewards that delegators have not withdrawn.
    pub rewards: u128,
    /// Wei of commission that the operator has not withdrawn.
    pub commission: u128,
    /// Rewards per share since the beginning, times 2^[`PER_SHARE_BITS`].
    pub per_share: U256,
}

impl Record for Pool {
    const BYTES_MAX: usize = 112;
}

impl Pool {
    /// Shares that an amount buys, rounded down; `None` where the pool is worth nothing or the number does not fit.
    pub fn shares_for(&self, amount: u128) -> Option<u128> {
        if self.shares == 0 { Some(amount) } else { mul_div(amount, self.shares, self.stake) }
    }

    /// What shares are worth, rounded down. All shares are worth the whole stake.
    pub fn value_of(&self, shares: u128) -> u128 {
        mul_div(shares, self.stake, self.shares).unwrap_or_default()
    }

    /// Adds rewards for the shares there are; `None` where nobody holds any, or the sum does not fit.
    pub fn reward(&mut self, amount: u128) -> Option<()> {
        let more = U256::from(amount).checked_shl(PER_SHARE_BITS)?.checked_div(U256::from(self.shares))?;
        self.per_share = self.per_share.checked_add(more)?;
        self.rewards = self.rewards.checked_add(amount)?;
        Some(())
    }

    /// Takes a part of the stake, in hundredths of a per cent, rounded up; what was taken.
    pub fn slash(&mut self, bps: u16) -> u128 {
        let cut = cut(self.stake, bps);
        self.stake = self.stake.saturating_sub(cut);
        cut
    }
}

fn cut(stake: u128, bps: u16) -> u128 {
    mul_div_up(stake, u128::from(bps), 10_000).unwrap_or(stake).min(stake)
}

/// What one account holds in a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Delegation {
    /// Shares.
    pub shares: u128,
    /// Rewards up to `per_share` that were not withdrawn, in wei.
    pub rewards: u128,
    /// The pool's rewards per share up to which `rewards` counts.
    pub per_share: U256,
}

impl Record for Delegation {
    const BYTES_MAX: usize = 64;
}

impl Delegation {
    /// Rewards up to now, rounded down.
    pub fn rewards_at(&self, per_share: U256) -> u128 {
        let grown = per_share.saturating_sub(self.per_share);
        // The sum of all rewards is below 2^128, and so is what a holder of shares has of it.
        let more = grown.wrapping_mul(U256::from(self.shares)).wrapping_shr(PER_SHARE_BITS);
        self.rewards.saturating_add(more.saturating_to())
    }

    /// Counts the rewards up to now; to be done before the shares change.
    pub fn settle(&mut self, per_share: U256) {
        self.rewards = self.rewards_at(per_share);
        self.per_share = per_share;
    }
}

/// What was undelegated from one validator in one epoch, and waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UnbondingPool {
    /// Wei.
    pub stake: u128,
    /// Shares in them.
    pub shares: u128,
}

impl Record for UnbondingPool {
    const BYTES_MAX: usize = 32;
}

impl UnbondingPool {
    /// Shares that an amount gets, rounded down.
    pub fn shares_for(&self, amount: u128) -> Option<u128> {
        if self.shares == 0 { Some(amount) } else { mul_div(amount, self.shares, self.stake) }
    }

    /// What shares are worth, rounded down.
    pub fn value_of(&self, shares: u128) -> u128 {
        mul_div(shares, self.stake, self.shares).unwrap_or_default()
    }

    /// As [`Pool::slash`].
    pub fn slash(&mut self, bps: u16) -> u128 {
        let cut = cut(self.stake, bps);
        self.stake = self.stake.saturating_sub(cut);
        cut
    }
}

/// The keys of a validator as they stood in a set. Never changed: a change of keys makes another record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeyRecord {
    /// Whose keys.
    pub operator: Address,
    /// Address of the consensus key.
    pub address: ConsensusAddress,
    /// Consensus key.
    pub public_key: B256,
    /// Randomness key.
    pub randomness_key: B256,
    /// Who receives priority fees.
    pub fee_address: Address,
}

impl Record for KeyRecord {
    const BYTES_MAX: usize = 124;
}

/// A place in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Member {
    /// Number of the key record.
    pub key: u32,
    /// Voting power.
    pub power: u64,
}

/// The validators from a height on, until the next set's, in consensus order: falling power, then rising address.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetRecord {
    /// First height.
    pub from: u64,
    /// Its members.
    pub members: Vec<Member>,
}

impl Record for SetRecord {
    const BYTES_MAX: usize = 12 + 12 * crate::params::SET_MAX;
}

/// Counts absences of whoever sits on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Seat {
    /// Who sits there.
    pub operator: Address,
    /// First height that counts.
    pub since: u64,
    /// Absences in the window.
    pub missed: u16,
}

impl Record for Seat {
    const BYTES_MAX: usize = 30;
}

/// The bond of an agent in a role. What is locked and what is unbonding are parts of it that never overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AgentBond {
    /// Whose coins they are.
    pub payer: Address,
    /// Who owned the agent when the payer last agreed to bond it.
    pub owner: Address,
    /// All of it, in wei.
    pub amount: u128,
    /// Wei that jobs have locked.
    pub locked: u128,
    /// Wei that the payer has asked back.
    pub unbonding: u128,
    /// First epoch in which those can be withdrawn.
    pub due_epoch: u64,
}

impl Record for AgentBond {
    const BYTES_MAX: usize = 96;
}

impl AgentBond {
    /// Wei that a job may lock, or the payer ask back.
    pub fn free(&self) -> u128 {
        self.amount.saturating_sub(self.locked).saturating_sub(self.unbonding)
    }
}
