//! Payments in and out of escrow. Native tokens move by plain functions, and nobody's code runs; every other token is
//! called under the lock, with bounded gas, and believed only by the balance it leaves.

use crate::error::{amount, broken, require};
use crate::facade::Facade;
use crate::params::TOKEN_GAS;
use crate::state::{CREDITED, CREDITS};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use assay_abi::escrow::{IEscrow, IEscrowErrors as E, IPaymentToken as T};
use assay_kernel::{CallError, CallReturn, CallStatus, Ctx, Halt, gas};
use assay_token::api as native;

/// What calling a foreign token may take off the gas it is given, before its code runs.
const CALL_OVERHEAD: u64 = 5_000;

/// Takes a payment from an account that has allowed it to the facade; returns what arrived, at most `value`.
///
/// # Errors
/// The token's own refusal where it is native; `Reverted(SafeERC20FailedOperation)` where another one fails, or nothing
/// arrived; `Halted`, `Fault`.
pub(crate) fn pull(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    token: Address,
    from: Address,
    value: u128,
) -> Result<u128, CallError> {
    facade.in_name(ctx, |ctx| {
        let to = facade.address();
        if native::is_token(ctx, token)? {
            native::transfer_from(ctx, token, from, to, U256::from(value))?;
            return Ok(value);
        }
        let before = balance(ctx, token, to)?;
        let moved = call(ctx, token, &T::transferFromCall { from, to, value: U256::from(value) })?;
        require(has_moved(ctx, token, &moved)?, E::SafeERC20FailedOperation { token })?;
        let arrived = balance(ctx, token, to)?.saturating_sub(before).min(U256::from(value));
        require(!arrived.is_zero(), E::SafeERC20FailedOperation { token })?;
        amount(arrived)
    })
}

/// Pays an account, or credits it where the token refuses: nobody who is paid can stop a settlement.
///
/// # Errors
/// `Halted` where the gas left does not decide whether the token or the caller failed; `Fault`.
pub(crate) fn pay(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    token: Address,
    to: Address,
    value: u128,
) -> Result<(), CallError> {
    if value == 0 || push(ctx, facade, token, to, U256::from(value))? {
        return Ok(());
    }
    credit(ctx, facade, token, to, value)
}

/// Keeps a payment for its payee, without any call.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn credit(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    token: Address,
    payee: Address,
    value: u128,
) -> Result<(), CallError> {
    if value == 0 {
        return Ok(());
    }
    let amount = U256::from(value);
    let entry = CREDITS.at(ctx, &(facade.number(), token, payee))?;
    let credit = entry.get_or_default(ctx)?.saturating_add(amount);
    entry.set(ctx, &credit)?;
    let total = CREDITED.at(ctx, &(facade.number(), token))?;
    let sum = total.get_or_default(ctx)?.saturating_add(amount);
    total.set(ctx, &sum)?;
    facade.emit(ctx, &IEscrow::Credited { token, payee, amount })
}

/// Pays out a credit.
///
/// # Errors
/// `Reverted(NoCredit | SafeERC20FailedOperation)`; `Halted`, `Fault`.
pub(crate) fn withdraw(ctx: &mut Ctx<'_>, facade: Facade, token: Address, payee: Address) -> Result<U256, CallError> {
    let entry = CREDITS.at(ctx, &(facade.number(), token, payee))?;
    let value = entry.get_or_default(ctx)?;
    require(!value.is_zero(), E::NoCredit {})?;
    entry.remove(ctx)?;
    let total = CREDITED.at(ctx, &(facade.number(), token))?;
    let sum = total.get_or_default(ctx)?.checked_sub(value).ok_or_else(|| broken("a credit above all credits"))?;
    total.set(ctx, &sum)?;
    facade.emit(ctx, &IEscrow::Withdrawn { token, payee, amount: value })?;
    require(push(ctx, facade, token, payee, value)?, E::SafeERC20FailedOperation { token })?;
    Ok(value)
}

/// Moves tokens of the facade; `false` where the token refuses.
fn push(ctx: &mut Ctx<'_>, facade: Facade, token: Address, to: Address, value: U256) -> Result<bool, CallError> {
    facade.in_name(ctx, |ctx| {
        if native::is_token(ctx, token)? {
            return match native::transfer(ctx, token, to, value) {
                Ok(()) => Ok(true),
                // A native token refuses before it writes.
                Err(CallError::Reverted(_)) => Ok(false),
                Err(error) => Err(error),
            };
        }
        let enough = available(ctx) >= TOKEN_GAS.saturating_add(CALL_OVERHEAD);
        let moved = call(ctx, token, &T::transferCall { to, value })?;
        let done = has_moved(ctx, token, &moved)?;
        // A failure is the token's only where it had all the gas that it may have.
        if done || enough { Ok(done) } else { Err(Halt::OutOfGas.into()) }
    })
}

/// Gas that a call could be given now (EIP-150).
fn available(ctx: &Ctx<'_>) -> u64 {
    let left = ctx.gas_left();
    left.saturating_sub(left.checked_div(64).unwrap_or_default())
}

fn call<C: SolCall>(ctx: &mut Ctx<'_>, token: Address, call: &C) -> Result<CallReturn, CallError> {
    let input = call.abi_encode();
    ctx.charge(gas::codec(input.len()))?;
    ctx.call_with_gas(token, input.into(), TOKEN_GAS)
}

/// Whether a transfer counts: it did not fail, and said nothing or `true` (and has code, where it said nothing).
fn has_moved(ctx: &mut Ctx<'_>, token: Address, returned: &CallReturn) -> Result<bool, CallError> {
    if returned.status != CallStatus::Success {
        return Ok(false);
    }
    if returned.output.is_empty() {
        return ctx.has_code(token);
    }
    Ok(returned.output.get(..32).map(U256::from_be_slice) == Some(U256::ONE))
}

/// What a foreign token says that the facade has.
fn balance(ctx: &mut Ctx<'_>, token: Address, account: Address) -> Result<U256, CallError> {
    let input = T::balanceOfCall { account }.abi_encode();
    ctx.charge(gas::codec(input.len()))?;
    let returned = ctx.static_call_with_gas(token, input.into(), TOKEN_GAS)?;
    let word = returned.output.get(..32).map(U256::from_be_slice);
    match (returned.status, word) {
        (CallStatus::Success, Some(word)) => Ok(word),
        _ => require(false, E::SafeERC20FailedOperation { token }).map(|()| U256::ZERO),
    }
}
