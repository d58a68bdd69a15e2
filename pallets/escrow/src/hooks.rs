//! Calls of a job's hook: bounded gas, the modules locked, every answer checked.

use crate::error::require;
use crate::facade::{Action, Facade};
use crate::params::{ERC165_GAS, HOOK_GAS};
use crate::types::{Job, JobId};
use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::SolCall;
use assay_abi::escrow::{HOOK_INTERFACE, IACPHook, IEscrowErrors as E};
use assay_kernel::{CallError, CallStatus, Ctx, Reverted, gas};

/// Whether an account says that it supports an interface; `None` where it gives no sound answer.
fn answers(ctx: &mut Ctx<'_>, account: Address, interface: [u8; 4]) -> Result<Option<bool>, CallError> {
    let call = IACPHook::supportsInterfaceCall { interfaceId: interface.into() };
    let returned = ctx.static_call_with_gas(account, call.abi_encode().into(), ERC165_GAS)?;
    let word = returned.output.get(..32).map(U256::from_be_slice);
    Ok(match (returned.status, word) {
        (CallStatus::Success, Some(U256::ONE)) => Some(true),
        (CallStatus::Success, Some(U256::ZERO)) => Some(false),
        _ => None,
    })
}

/// Refuses a hook that does not say by ERC-165 that it is one.
///
/// # Errors
/// `Reverted(InvalidHook)`; `Halted`, `Fault`.
pub(crate) fn check(ctx: &mut Ctx<'_>, facade: Facade, hook: Address) -> Result<(), CallError> {
    if hook.is_zero() {
        return Ok(());
    }
    let is_hook = facade.in_name(ctx, |ctx| {
        Ok(answers(ctx, hook, [0x01, 0xff, 0xc9, 0xa7])? == Some(true)
            && answers(ctx, hook, [0xff; 4])? == Some(false)
            && answers(ctx, hook, HOOK_INTERFACE)? == Some(true))
    })?;
    require(is_hook, E::InvalidHook {})
}

/// Asks the hook, which there must be, before an action. Nothing was written yet; what was read before may be stale afterwards.
///
/// # Errors
/// `Reverted` with the hook's reason, or `HookCallFailed` where it has none; `Halted`, `Fault`.
pub(crate) fn before(ctx: &mut Ctx<'_>, id: JobId, job: &Job, action: Action<'_>) -> Result<(), CallError> {
    let (selector, data) = (job.facade.selector(action), job.facade.data(ctx.caller(), action));
    call(ctx, job, &IACPHook::beforeActionCall { jobId: U256::from(id), selector, data })
}

/// Tells the hook after an action, with everything written.
///
/// # Errors
/// As [`before`].
pub(crate) fn after(ctx: &mut Ctx<'_>, id: JobId, job: &Job, action: Action<'_>) -> Result<(), CallError> {
    if job.hook.is_zero() {
        return Ok(());
    }
    let (selector, data): (FixedBytes<4>, _) = (job.facade.selector(action), job.facade.data(ctx.caller(), action));
    call(ctx, job, &IACPHook::afterActionCall { jobId: U256::from(id), selector, data })
}

fn call<C: SolCall>(ctx: &mut Ctx<'_>, job: &Job, call: &C) -> Result<(), CallError> {
    let input = call.abi_encode();
    ctx.charge(gas::codec(input.len()))?;
    // A call of an account without code succeeds: a delegation that was withdrawn is no consent.
    require(ctx.has_code(job.hook)?, E::HookCallFailed {})?;
    let returned = job.facade.in_name(ctx, |ctx| ctx.call_with_gas(job.hook, input.into(), HOOK_GAS))?;
    match returned.status {
        CallStatus::Success => Ok(()),
        CallStatus::Reverted if !returned.output.is_empty() => Err(Reverted::with_data(returned.output).into()),
        CallStatus::Reverted | CallStatus::Failed => require(false, E::HookCallFailed {}),
    }
}
