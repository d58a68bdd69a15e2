//! Bonds of agents: what a job may take from whoever works on it. Locks are made, released and slashed by the modules of
//! the jobs, through [`crate::api`]; they outlive unbonding and any change of the agent's owner.

use crate::error::{broken, too_large};
use crate::pool::{account, release};
use crate::state::{AGENT_BONDS, AGENT_BONDS_TOTAL, AGENT_LOCKS, RESERVE};
use crate::types::AgentBond;
use alloy_primitives::{Address, U256};
use assay_abi::staking::IStaking;
use assay_identity::api::owner_of;
use assay_kernel::{CallError, Ctx, revert};

/// What an agent is bonded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It works on jobs.
    Worker,
    /// It audits the work of others.
    Auditor,
}

impl Role {
    /// Its number in the ABI and in keys.
    pub const fn number(self) -> u8 {
        match self {
            Self::Worker => 0,
            Self::Auditor => 1,
        }
    }

    /// The role of a number.
    ///
    /// # Errors
    /// `Reverted(InvalidRole)`.
    pub(crate) fn of(number: u8) -> Result<Self, CallError> {
        match number {
            0 => Ok(Self::Worker),
            1 => Ok(Self::Auditor),
            role => revert(IStaking::InvalidRole { role }),
        }
    }
}

/// An agent in a role.
pub(crate) type Bonded = (U256, u8);

/// A lock: an agent in a role, the module that made it, its job.
pub(crate) type Lock = (U256, u8, Address, U256);

/// Counts wei that came in for a bond.
pub(crate) fn add_total(ctx: &mut Ctx<'_>, amount: u128) -> Result<(), CallError> {
    account(ctx, amount)?;
    let total = AGENT_BONDS_TOTAL.get_or_default(ctx)?.checked_add(amount).ok_or_else(too_large)?;
    AGENT_BONDS_TOTAL.set(ctx, &total)
}

/// Counts wei that left a bond; they stay accounted for.
pub(crate) fn take_total(ctx: &mut Ctx<'_>, amount: u128) -> Result<(), CallError> {
    let total = AGENT_BONDS_TOTAL.get_or_default(ctx)?.checked_sub(amount);
    AGENT_BONDS_TOTAL.set(ctx, &total.ok_or_else(|| broken("more leaves the bonds than there is"))?)
}

/// Locks a part of a bond for a job of the module that asks.
///
/// # Errors
/// `Reverted`: `AlreadyLocked`; `UnknownAgent`; `BondNotConfirmed` where the agent has changed hands since its payer
/// agreed; `BondTooSmall`.
pub(crate) fn lock(ctx: &mut Ctx<'_>, at: Lock, amount: u128) -> Result<(), CallError> {
    let (agent, role, module, job) = at;
    if AGENT_LOCKS.get(ctx, &at)?.is_some() {
        return revert(IStaking::AlreadyLocked {});
    }
    let Some(owner) = owner_of(ctx, agent)? else { return revert(IStaking::UnknownAgent { agentId: agent }) };
    let mut bond = AGENT_BONDS.get_or_default(ctx, &(agent, role))?;
    if bond.amount > 0 && bond.owner != owner {
        return revert(IStaking::BondNotConfirmed {});
    }
    let free = bond.free();
    if amount == 0 || amount > free {
        return revert(IStaking::BondTooSmall { free: U256::from(free) });
    }
    bond.locked = bond.locked.checked_add(amount).ok_or_else(too_large)?;

    AGENT_BONDS.set(ctx, &(agent, role), &bond)?;
    AGENT_LOCKS.set(ctx, &at, &amount)?;
    let amount = U256::from(amount);
    ctx.emit(&IStaking::AgentBondLocked { agentId: agent, role, module, jobId: job, amount })
}

/// Ends a lock and gives what was locked back to the bond.
///
/// # Errors
/// `Reverted(NotLocked)`.
pub(crate) fn unlock(ctx: &mut Ctx<'_>, at: Lock) -> Result<(), CallError> {
    let (agent, role, module, job) = at;
    let amount = take_lock(ctx, at)?;
    let amount = U256::from(amount);
    ctx.emit(&IStaking::AgentBondReleased { agentId: agent, role, module, jobId: job, amount })
}

fn take_lock(ctx: &mut Ctx<'_>, at: Lock) -> Result<u128, CallError> {
    let (agent, role, ..) = at;
    let Some(amount) = AGENT_LOCKS.get(ctx, &at)? else { return revert(IStaking::NotLocked {}) };
    let mut bond = AGENT_BONDS.get_or_default(ctx, &(agent, role))?;
    bond.locked = bond.locked.checked_sub(amount).ok_or_else(|| broken("a lock above what is locked"))?;
    AGENT_BONDS.set(ctx, &(agent, role), &bond)?;
    AGENT_LOCKS.remove(ctx, &at)?;
    Ok(amount)
}

/// Takes wei out of a lock and pays them out; what the shares leave goes to the reserve, and what is left of the lock goes
/// back to the bond. Takes at most what is locked, and pays in the order of the list. What was taken.
///
/// # Errors
/// `Reverted(NotLocked)`.
pub(crate) fn slash(ctx: &mut Ctx<'_>, at: Lock, amount: u128, payouts: &[(Address, u128)]) -> Result<u128, CallError> {
    let (agent, role, module, job) = at;
    let locked = take_lock(ctx, at)?;
    let taken = amount.min(locked);
    let mut bond = AGENT_BONDS.get_or_default(ctx, &(agent, role))?;
    bond.amount = bond.amount.checked_sub(taken).ok_or_else(|| broken("more is slashed than is bonded"))?;
    store(ctx, (agent, role), &bond)?;
    take_total(ctx, taken)?;

    let mut rest = taken;
    for (to, share) in payouts {
        let share = (*share).min(rest);
        rest = rest.saturating_sub(share);
        release(ctx, share)?;
        ctx.transfer(*to, U256::from(share))?;
    }
    let reserve = RESERVE.get_or_default(ctx)?.checked_add(rest).ok_or_else(too_large)?;
    RESERVE.set(ctx, &reserve)?;
    let amount = U256::from(taken);
    ctx.emit(&IStaking::AgentBondSlashed { agentId: agent, role, module, jobId: job, amount })?;
    Ok(taken)
}

/// Writes a bond, or deletes one of which nothing is left.
pub(crate) fn store(ctx: &mut Ctx<'_>, at: Bonded, bond: &AgentBond) -> Result<(), CallError> {
    if bond.amount == 0 { AGENT_BONDS.remove(ctx, &at) } else { AGENT_BONDS.set(ctx, &at, bond) }
}
