//! Checks of a whole specification.

use crate::{
    ALLOC_MAX, AccountProblem, BaseFeeParams, ChainSpec, FeeSplit, GAS_LIMIT_MAX, GAS_LIMIT_MIN, GenesisAccount,
    Params, Predeploy, SpecError, Timing, consensus_address,
};
use alloy_primitives::{Address, U256};
use assay_abi::token_id;
use assay_primitives::vrf;
use assay_primitives::{Bps, ValidatorSet};
use std::collections::BTreeSet;

/// EIP-170.
const CODE_BYTES_MAX: usize = 24_576;
/// Largest number that JavaScript holds exactly.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;
/// The end of the year 9999, in milliseconds.
const TIME_MS_MAX: u64 = 253_402_300_799_999;
/// Largest base fee floor: a transfer may not cost more than 21 coins.
const BASE_FEE_FLOOR_MAX: u64 = 1_000_000_000_000_000;
const MINUTE_MS: u64 = 60_000;

fn bounded(field: &'static str, value: u64, min: u64, max: u64) -> Result<(), SpecError> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(SpecError::OutOfRange { field, value, min, max }) }
}

impl ChainSpec {
    /// Checks every rule that a specification must keep.
    ///
    /// # Errors
    /// The first broken rule; see [`SpecError`].
    pub fn validate(&self) -> Result<(), SpecError> {
        let name_ok = (1..=32).contains(&self.network.len())
            && self.network.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !name_ok {
            return Err(SpecError::Network(self.network.chars().take(64).collect()));
        }
        bounded("chainId", self.chain_id, 1, SAFE_INTEGER_MAX)?;
        bounded("genesisTimeMs", self.genesis_time_ms.get(), 1, TIME_MS_MAX)?;
        self.params.validate()?;
        self.staking.validate(self.total_supply)?;
        self.escrow.validate()?;
        for (_, height) in self.upgrades.iter() {
            bounded("upgrades", height.get(), 0, SAFE_INTEGER_MAX)?;
        }
        self.validate_validators()?;
        self.identity.validate()?;
        self.validate_predeploys()?;
        self.token.validate()?;
        self.validate_alloc()
    }

    /// The validators of height 1 as a set.
    ///
    /// # Errors
    /// `Validators` where the list is no set.
    pub fn validator_set(&self) -> Result<ValidatorSet, SpecError> {
        Ok(ValidatorSet::new(self.validators.iter().map(crate::GenesisValidator::to_validator).collect())?)
    }

    fn validate_validators(&self) -> Result<(), SpecError> {
        let set = self.validator_set()?;
        let mut randomness_keys = BTreeSet::new();
        let mut public_keys = BTreeSet::new();
        for (index, validator) in self.validators.iter().enumerate() {
            let expected = consensus_address(validator.public_key);
            if validator.address != expected {
                return Err(SpecError::ValidatorAddress { index, given: validator.address, expected });
            }
            if !public_keys.insert(validator.public_key) {
                return Err(SpecError::SharedKey { index, field: "publicKey" });
            }
            // The VRF key must never be the consensus key: a signature of one could leak the other.
            let reused = !randomness_keys.insert(validator.randomness_key);
            if reused || validator.randomness_key == validator.public_key {
                return Err(SpecError::SharedKey { index, field: "randomnessKey" });
            }
            vrf::verify_possession(validator.randomness_key, validator.address.0.as_slice(), &validator.possession)
                .map_err(|error| SpecError::Possession { index, error })?;
            if validator.fee_address == Address::ZERO {
                return Err(SpecError::FeeAddress { index });
            }
            if self.bond(validator) < self.staking.self_bond_min {
                return Err(SpecError::Bond { index });
            }
        }
        let mut operators = BTreeSet::new();
        for (index, operator) in self.operators().into_iter().enumerate() {
            if operator == Address::ZERO || !operators.insert(operator) {
                return Err(SpecError::SharedKey { index, field: "operator" });
            }
        }
        bounded("validators", set.len() as u64, 1, self.staking.validators_max.into())
    }

    fn validate_predeploys(&self) -> Result<(), SpecError> {
        let mut seen = BTreeSet::new();
        for predeploy in &self.predeploys {
            if !seen.insert(*predeploy) {
                return Err(SpecError::PredeployTwice(*predeploy));
            }
            predeploy.contract()?;
        }
        Ok(())
    }

    fn validate_alloc(&self) -> Result<(), SpecError> {
        let accounts = &self.alloc.0;
        if accounts.len() > ALLOC_MAX {
            return Err(SpecError::TooManyAccounts(accounts.len()));
        }
        let mut sum = self.staked();
        for (address, account) in accounts {
            self.check_account(*address, account)
                .map_err(|problem| SpecError::Account { address: *address, problem })?;
            sum = sum
                .checked_add(account.balance)
                .filter(|sum| *sum <= U256::from(u128::MAX))
                .ok_or(SpecError::SupplyOverflow)?;
        }
        if sum > U256::from(u128::MAX) {
            return Err(SpecError::SupplyOverflow);
        }
        if sum != self.total_supply {
            return Err(SpecError::TotalSupply { declared: self.total_supply, sum });
        }
        Ok(())
    }

    fn check_account(&self, address: Address, account: &GenesisAccount) -> Result<(), AccountProblem> {
        if account.nonce == 0 && account.balance.is_zero() && account.code.is_empty() {
            return Err(AccountProblem::Empty);
        }
        if let Some(predeploy) = Predeploy::all().into_iter().find(|p| p.address() == address)
            && self.has_predeploy(predeploy)
        {
            return Err(AccountProblem::Predeployed(predeploy));
        }
        let reserved = address.as_slice().iter().take(18).all(|byte| *byte == 0) || token_id(address).is_some();
        if reserved && (account.nonce > 0 || !account.code.is_empty()) {
            return Err(AccountProblem::Reserved);
        }
        if account.code.len() > CODE_BYTES_MAX {
            return Err(AccountProblem::CodeSize(account.code.len()));
        }
        let delegation = account.code.len() == 23 && account.code.starts_with(&[0xef, 0x01, 0x00]);
        if account.code.first() == Some(&0xef) && !delegation {
            return Err(AccountProblem::CodePrefix);
        }
        match account.storage.iter().find(|(_, value)| value.is_zero()) {
            Some((slot, _)) => Err(AccountProblem::ZeroSlot(*slot)),
            None => Ok(()),
        }
    }
}

impl Params {
    /// Checks all bounds.
    ///
    /// # Errors
    /// `OutOfRange` or `FeeSplit`.
    pub fn validate(&self) -> Result<(), SpecError> {
        bounded("params.gasLimit", self.gas_limit, GAS_LIMIT_MIN, GAS_LIMIT_MAX)?;
        self.base_fee.validate()?;
        self.fee_split.validate()?;
        self.timing.validate()
    }
}

impl BaseFeeParams {
    fn validate(&self) -> Result<(), SpecError> {
        bounded("params.baseFee.min", self.min, 1, BASE_FEE_FLOOR_MAX)?;
        bounded("params.baseFee.initial", self.initial, self.min, u64::MAX >> 1)?;
        bounded("params.baseFee.elasticity", self.elasticity, 1, 16)?;
        bounded("params.baseFee.denominator", self.denominator, 2, 1_000)
    }
}

impl FeeSplit {
    fn validate(&self) -> Result<(), SpecError> {
        let shares = [self.burned, self.creator, self.stakers].map(|share| u32::from(share.get()));
        let sum = shares.into_iter().fold(0, u32::saturating_add);
        if sum != u32::from(Bps::WHOLE.get()) {
            return Err(SpecError::FeeSplit(sum));
        }
        if self.creator > Bps::ZERO && self.stakers > Bps::ZERO {
            return Err(SpecError::FeeReceivers);
        }
        Ok(())
    }
}

impl Timing {
    fn validate(&self) -> Result<(), SpecError> {
        bounded("params.timing.proposeTimeoutMs", self.propose_timeout_ms, 100, MINUTE_MS)?;
        bounded("params.timing.proposeTimeoutDeltaMs", self.propose_timeout_delta_ms, 0, MINUTE_MS)?;
        bounded("params.timing.voteTimeoutMs", self.vote_timeout_ms, 50, MINUTE_MS)?;
        bounded("params.timing.voteTimeoutDeltaMs", self.vote_timeout_delta_ms, 0, MINUTE_MS)?;
        bounded("params.timing.blockIntervalMs", self.block_interval_ms, 0, MINUTE_MS)?;
        bounded("params.timing.clockDriftMs", self.clock_drift_ms, 1, MINUTE_MS)
    }
}
