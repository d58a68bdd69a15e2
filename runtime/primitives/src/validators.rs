//! Validators as consensus sees them: Ed25519 keys with voting power, and what belongs to them.

use alloy_primitives::{Address, B256, hex};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Upper bound of a set's total voting power: CometBFT's cap, 2^63 / 8, so that both engines agree.
pub const TOTAL_POWER_MAX: u64 = (1 << 63) / 8;

/// Most validators in a set.
pub const VALIDATORS_MAX: usize = 512;

/// 20-byte address of a consensus key, as in Tendermint: the first 20 bytes of SHA-256 of the Ed25519 public key.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ConsensusAddress(pub Address);

impl fmt::Display for ConsensusAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", hex::encode_upper(self.0))
    }
}

impl fmt::Debug for ConsensusAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One validator of a height.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Validator {
    /// Address of the consensus key.
    pub address: ConsensusAddress,
    /// Ed25519 public key that signs proposals and votes.
    pub public_key: B256,
    /// Voting power, above zero.
    pub power: u64,
    /// Key of the randomness VRF (schnorrkel), never the consensus key.
    pub randomness_key: B256,
    /// Ethereum address that receives priority fees of the blocks this validator creates.
    pub fee_address: Address,
}

/// Why a list of validators is not a set.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ValidatorSetError {
    /// No validator at all.
    #[error("the validator set is empty")]
    Empty,
    /// More than `VALIDATORS_MAX`.
    #[error("{0} validators exceed the bound of {VALIDATORS_MAX}")]
    TooMany(usize),
    /// A validator without voting power.
    #[error("validator {0} has no voting power")]
    NoPower(ConsensusAddress),
    /// The same validator twice.
    #[error("validator {0} is listed twice")]
    Duplicate(ConsensusAddress),
    /// The sum of all powers is above `TOTAL_POWER_MAX`.
    #[error("total voting power exceeds {TOTAL_POWER_MAX}")]
    PowerOverflow,
}

/// The validators of a height, sorted by falling power, then rising address (CometBFT's order).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, Serialize)]
pub struct ValidatorSet {
    validators: Vec<Validator>,
    total_power: u64,
}

impl ValidatorSet {
    /// Checks and sorts a list.
    ///
    /// # Errors
    /// See [`ValidatorSetError`].
    pub fn new(mut validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        if validators.is_empty() {
            return Err(ValidatorSetError::Empty);
        }
        if validators.len() > VALIDATORS_MAX {
            return Err(ValidatorSetError::TooMany(validators.len()));
        }
        validators.sort_by(|a, b| b.power.cmp(&a.power).then(a.address.cmp(&b.address)));
        let mut seen = std::collections::BTreeSet::new();
        let mut total_power = 0u64;
        for validator in &validators {
            if validator.power == 0 {
                return Err(ValidatorSetError::NoPower(validator.address));
            }
            if !seen.insert(validator.address) {
                return Err(ValidatorSetError::Duplicate(validator.address));
            }
            total_power = total_power
                .checked_add(validator.power)
                .filter(|total| *total <= TOTAL_POWER_MAX)
                .ok_or(ValidatorSetError::PowerOverflow)?;
        }
        Ok(Self { validators, total_power })
    }

    /// The validators in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Validator> {
        self.validators.iter()
    }

    /// How many there are; never zero.
    #[allow(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.validators.len()
    }

    /// Sum of all voting powers.
    pub const fn total_power(&self) -> u64 {
        self.total_power
    }

    /// The validator at a position.
    pub fn get(&self, index: usize) -> Option<&Validator> {
        self.validators.get(index)
    }

    /// The validator with an address.
    pub fn by_address(&self, address: &ConsensusAddress) -> Option<&Validator> {
        self.validators.iter().find(|v| v.address == *address)
    }
}
