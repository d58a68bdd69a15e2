//! What the executive calls: the first state, and the validators of a height; and what the modules of jobs call: locks on
//! the bonds of agents.

use crate::bonds;
use crate::error::amount;
use crate::keys::take_randomness;
use crate::params::StakingParams;
use crate::pool::{account, bond};
use crate::sets::{add_candidate, at_height, choose, keys_of};
use crate::state::{ACCOUNTED, AGENT_BONDS_TOTAL, AGENT_LOCKS, KEY_OWNERS, OPERATORS, PARAMS, RESERVE, VALIDATORS};
use crate::types::{Status, Validator};
use alloy_primitives::{Address, B256, U256};
use assay_abi::staking::STAKING;
use assay_kernel::{CallError, Ctx, StateView, read};
use assay_primitives::{ConsensusAddress, Fault, Validator as ConsensusValidator, ValidatorSet};

pub use crate::blocks::{BlockFacts, begin};
pub use crate::bonds::Role;

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

/// Locks a part of an agent's bond for a job of the module that runs.
///
/// # Errors
/// `Reverted`: `AlreadyLocked` where the job has a lock, `UnknownAgent`, `BondNotConfirmed` where the agent has changed
/// hands since its payer agreed, `BondTooSmall`; `Reentrant` while staking calls out.
pub fn lock_bond(ctx: &mut Ctx<'_>, agent: U256, role: Role, job: U256, amount: u128) -> Result<(), CallError> {
    let module = ctx.address();
    ctx.act_for(STAKING, |ctx| bonds::lock(ctx, (agent, role.number(), module, job), amount))
}

/// Ends the lock of a job of the module that runs; its wei are free again.
///
/// # Errors
/// `Reverted(NotLocked)`; `Reentrant` while staking calls out.
pub fn release_bond(ctx: &mut Ctx<'_>, agent: U256, role: Role, job: U256) -> Result<(), CallError> {
    let module = ctx.address();
    ctx.act_for(STAKING, |ctx| bonds::unlock(ctx, (agent, role.number(), module, job)))
}

/// Ends the lock of a job of the module that runs, and takes up to `amount` wei of it: each payee gets its share in order,
/// as far as it goes, without its code being run; the rest of what is taken goes to the reserve, the rest of the lock is
/// free again. What was taken.
///
/// # Errors
/// `Reverted(NotLocked)`; `Reentrant` while staking calls out.
pub fn slash_bond(
    ctx: &mut Ctx<'_>,
    agent: U256,
    role: Role,
    job: U256,
    amount: u128,
    payouts: &[(Address, u128)],
) -> Result<u128, CallError> {
    let module = ctx.address();
    ctx.act_for(STAKING, |ctx| bonds::slash(ctx, (agent, role.number(), module, job), amount, payouts))
}

/// Wei that a job of a module has locked.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn locked(ctx: &mut Ctx<'_>, agent: U256, role: Role, module: Address, job: U256) -> Result<u128, CallError> {
    ctx.view_of(STAKING, |ctx| AGENT_LOCKS.get_or_default(ctx, &(agent, role.number(), module, job)))
}

/// Wei that the module holds, in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// What may still be issued; what was slashed is in it.
    pub reserve: u128,
    /// What bonds of agents hold.
    pub agent_bonds: u128,
    /// What validators and delegators hold: stake, what is unbonding, rewards that nobody has withdrawn.
    pub stake: u128,
}

/// What the module holds after a block; income that has not been divided yet is not among it.
///
/// # Errors
/// A `Fault` of the view.
pub fn holdings(view: &dyn StateView) -> Result<Holdings, Fault> {
    read(view, STAKING, |ctx| {
        let (reserve, agent_bonds) = (RESERVE.get_or_default(ctx)?, AGENT_BONDS_TOTAL.get_or_default(ctx)?);
        let stake = ACCOUNTED.get_or_default(ctx)?.saturating_sub(reserve).saturating_sub(agent_bonds);
        Ok(Holdings { reserve, agent_bonds, stake })
    })
}
