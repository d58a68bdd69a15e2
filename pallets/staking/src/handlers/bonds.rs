//! `bondAgent`, `confirmAgentBond`, `unbondAgent`, `withdrawAgentBond`, and what anybody may read of bonds.

use crate::bonds::{Role, add_total, store, take_total};
use crate::error::{amount, too_large};
use crate::pool::{current_epoch, params, pay};
use crate::state::{AGENT_BONDS, AGENT_LOCKS};
use crate::types::AgentBond;
use alloy_primitives::{Address, U256};
use assay_abi::staking::IStaking;
use assay_identity::api::owner_of;
use assay_kernel::{CallError, Ctx, revert};

fn owner(ctx: &mut Ctx<'_>, agent: U256) -> Result<Address, CallError> {
    match owner_of(ctx, agent)? {
        Some(owner) => Ok(owner),
        None => revert(IStaking::UnknownAgent { agentId: agent }),
    }
}

/// The bond that the caller pays for.
fn own(ctx: &mut Ctx<'_>, agent: U256, role: u8) -> Result<AgentBond, CallError> {
    let bond = AGENT_BONDS.get_or_default(ctx, &(agent, role))?;
    if bond.amount == 0 {
        return revert(IStaking::NothingToWithdraw {});
    }
    if bond.payer != ctx.caller() {
        return revert(IStaking::NotPayer { payer: bond.payer });
    }
    Ok(bond)
}

/// # Errors
/// `Reverted`: `InvalidRole`, `UnknownAgent`, `AmountTooSmall` for less than the smallest delegation, `NotPayer` where
/// another account has a bond for this agent, `BondNotConfirmed` where the agent has changed hands since.
pub(crate) fn bond(ctx: &mut Ctx<'_>, call: IStaking::bondAgentCall) -> Result<U256, CallError> {
    let (payer, value) = (ctx.caller(), amount(ctx.value())?);
    let role = Role::of(call.role)?.number();
    let minimum = params(ctx)?.delegation_min;
    if U256::from(value) < minimum {
        return revert(IStaking::AmountTooSmall { minimum });
    }
    let owner = owner(ctx, call.agentId)?;
    let mut bond = AGENT_BONDS.get_or_default(ctx, &(call.agentId, role))?;
    if bond.amount == 0 {
        bond = AgentBond { payer, owner, ..AgentBond::default() };
    }
    if bond.payer != payer {
        return revert(IStaking::NotPayer { payer: bond.payer });
    }
    if bond.owner != owner {
        return revert(IStaking::BondNotConfirmed {});
    }
    bond.amount = bond.amount.checked_add(value).ok_or_else(too_large)?;

    add_total(ctx, value)?;
    store(ctx, (call.agentId, role), &bond)?;
    ctx.emit(&IStaking::AgentBonded { agentId: call.agentId, role, payer, amount: U256::from(value) })?;
    Ok(U256::from(bond.amount))
}

/// # Errors
/// `Reverted`: `InvalidRole`, `UnknownAgent`, `NothingToWithdraw`, `NotPayer`.
pub(crate) fn confirm(
    ctx: &mut Ctx<'_>,
    call: IStaking::confirmAgentBondCall,
) -> Result<IStaking::confirmAgentBondReturn, CallError> {
    let role = Role::of(call.role)?.number();
    let mut bond = own(ctx, call.agentId, role)?;
    bond.owner = owner(ctx, call.agentId)?;
    store(ctx, (call.agentId, role), &bond)?;
    ctx.emit(&IStaking::AgentBondConfirmed { agentId: call.agentId, role, owner: bond.owner })?;
    Ok(IStaking::confirmAgentBondReturn {})
}

/// # Errors
/// `Reverted`: `InvalidRole`, `NothingToWithdraw`, `NotPayer`, `BondTooSmall` for more than is free.
pub(crate) fn unbond(ctx: &mut Ctx<'_>, call: IStaking::unbondAgentCall) -> Result<u64, CallError> {
    let role = Role::of(call.role)?.number();
    let (params, value) = (params(ctx)?, amount(call.amount)?);
    let mut bond = own(ctx, call.agentId, role)?;
    let free = bond.free();
    if value == 0 || value > free {
        return revert(IStaking::BondTooSmall { free: U256::from(free) });
    }
    let due = params.due_epoch(current_epoch(ctx, &params));
    bond.unbonding = bond.unbonding.checked_add(value).ok_or_else(too_large)?;
    bond.due_epoch = due;
    store(ctx, (call.agentId, role), &bond)?;
    ctx.emit(&IStaking::AgentUnbonded { agentId: call.agentId, role, amount: call.amount, dueEpoch: due })?;
    Ok(due)
}

/// # Errors
/// `Reverted`: `InvalidRole`, `NothingToWithdraw`, `NotPayer`, `NotDue`.
pub(crate) fn withdraw(ctx: &mut Ctx<'_>, call: IStaking::withdrawAgentBondCall) -> Result<U256, CallError> {
    let role = Role::of(call.role)?.number();
    let params = params(ctx)?;
    let mut bond = own(ctx, call.agentId, role)?;
    let value = std::mem::take(&mut bond.unbonding);
    if value == 0 {
        return revert(IStaking::NothingToWithdraw {});
    }
    if current_epoch(ctx, &params) < bond.due_epoch {
        return revert(IStaking::NotDue { dueEpoch: bond.due_epoch });
    }
    bond.amount = bond.amount.checked_sub(value).ok_or_else(too_large)?;
    bond.due_epoch = 0;
    store(ctx, (call.agentId, role), &bond)?;
    take_total(ctx, value)?;
    ctx.emit(&IStaking::AgentBondWithdrawn { agentId: call.agentId, role, amount: U256::from(value) })?;
    pay(ctx, bond.payer, value)?;
    Ok(U256::from(value))
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn shown(ctx: &mut Ctx<'_>, call: IStaking::agentBondCall) -> Result<IStaking::agentBondReturn, CallError> {
    let bond = AGENT_BONDS.get_or_default(ctx, &(call.agentId, call.role))?;
    Ok(IStaking::agentBondReturn {
        payer: bond.payer,
        owner: bond.owner,
        amount: U256::from(bond.amount),
        locked: U256::from(bond.locked),
        unbonding: U256::from(bond.unbonding),
        dueEpoch: bond.due_epoch,
    })
}

/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn lock_of(ctx: &mut Ctx<'_>, call: IStaking::agentLockCall) -> Result<U256, CallError> {
    let lock = (call.agentId, call.role, call.module, call.jobId);
    Ok(U256::from(AGENT_LOCKS.get_or_default(ctx, &lock)?))
}
