//! What the executive calls: the first state, and the validators of a height.

use crate::error::amount;
use crate::keys::take_randomness;
use crate::params::StakingParams;
use crate::pool::{account, bond};
use crate::sets::{add_candidate, at_height, choose, keys_of};
use crate::state::{KEY_OWNERS, OPERATORS, PARAMS, RESERVE, VALIDATORS};
use crate::types::{Status, Validator};
use alloy_primitives::{Address, B256, U256};
use assay_abi::staking::STAKING;
use assay_kernel::{CallError, Ctx, StateView, read};
use assay_primitives::{ConsensusAddress, Fault, Validator as ConsensusValidator, ValidatorSet};

pub use crate::blocks::{BlockFacts, begin};

/// A validator of the first set; its proofs were checked with the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstValidator {
    /// Who owns the bond and manages the validator.
    pub operator: Address,
    /// Wei that it has bonded.
    pub bond: U256,
    /// Address of the consensus key.
    pub address: ConsensusAddress,
    /// Consensus key.
    pub public_key: B256,
    /// Randomness key.
    pub randomness_key: B256,
    /// Who receives its priority fees.
    pub fee_address: Address,
}

/// The first state. The module's account must hold the bonds and the reserve already.
///
/// # Errors
/// What the calls of a validator answer: `KeyUsed`, `AmountTooSmall`; a `Fault` where nobody makes a set.
pub fn genesis(ctx: &mut Ctx<'_>, params: &StakingParams, first: &[FirstValidator]) -> Result<(), CallError> {
    PARAMS.set(ctx, params)?;
    let reserve = amount(params.issuance.reserve)?;
    account(ctx, reserve)?;
    RESERVE.set(ctx, &reserve)?;
    for one in first {
        let mut validator = Validator {
            status: Status::Active,
            public_key: one.public_key,
            randomness_key: one.randomness_key,
            next_randomness: None,
            fee_address: one.fee_address,
            commission: 0,
            next_commission: None,
            eligible_epoch: 0,
            rotated_epoch: None,
            key: None,
            candidate: None,
            seat: None,
        };
        VALIDATORS.set(ctx, &one.operator, &validator)?;
        OPERATORS.push(ctx, &one.operator)?;
        KEY_OWNERS.set(ctx, &one.address.0, &one.operator)?;
        take_randomness(ctx, one.operator, one.randomness_key)?;
        account(ctx, amount(one.bond)?)?;
        bond(ctx, one.operator, one.operator, amount(one.bond)?, params.self_bond_min)?;
        add_candidate(ctx, one.operator, &mut validator)?;
        VALIDATORS.set(ctx, &one.operator, &validator)?;
    }
    choose(ctx, params, 0)
}

/// The validators of a height, from the state after any block at most [`crate::params::SET_DELAY`] below it; the last
/// [`crate::params::SET_HEIGHTS`] heights are known too. `None` where the chain has no staking, or the height is not kept.
///
/// # Errors
/// A `Fault` of the view, or of state that is no set.
pub fn validators(view: &dyn StateView, height: u64) -> Result<Option<ValidatorSet>, Fault> {
    let list = read(view, STAKING, |ctx| {
        let Some(set) = at_height(ctx, height)? else { return Ok(None) };
        let mut list = Vec::new();
        for member in &set.members {
            let keys = keys_of(ctx, member)?;
            list.push(ConsensusValidator {
                address: keys.address,
                public_key: keys.public_key,
                power: member.power,
                randomness_key: keys.randomness_key,
                fee_address: keys.fee_address,
            });
        }
        Ok(Some(list))
    })?;
    list.map(ValidatorSet::new)
        .transpose()
        .map_err(|error| Fault::corrupt(format!("staking holds no validator set for height {height}: {error}")))
}
