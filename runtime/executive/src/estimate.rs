//! The smallest gas limit with which a transaction succeeds.

use crate::intrinsic::TX_GAS_LIMIT_MAX;
use crate::simulation::failure;
use crate::{Executive, Reject, Simulation, SimulationError};
use alloy_primitives::{TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use assay_vm::{CallOptions, Executor, HaltReason, TxOutcome, TxRequest};

/// Gas of a plain transfer.
const TRANSFER: u64 = 21_000;
/// EIP-150's stipend: may be needed on top of what a call used.
const STIPEND: u64 = 2_300;
/// The search ends within this share of the answer, in thousandths.
const TOLERANCE_PER_MILLE: u64 = 15;

impl Executive {
    /// Estimates the gas limit that a transaction needs: the smallest with which it succeeds, or up to 1.5 % more.
    ///
    /// # Errors
    /// `Reverted` with the reason, `Halted`, or `GasAllowance` where it fails with all the gas it may have; otherwise
    /// as for [`Executive::call`].
    pub fn estimate_gas(
        &self,
        simulation: &Simulation<'_>,
        request: &TransactionRequest,
    ) -> Result<u64, SimulationError> {
        self.simulate(simulation, request, |executor, call, options| {
            let block = executor.block().gas_limit;
            let highest = affordable(simulation, call, options, call.gas_limit.min(block).min(TX_GAS_LIMIT_MAX))?;
            search(executor, call, options, highest)
        })
    }
}

/// The gas that the sender can pay for, where fees are charged.
fn affordable(
    simulation: &Simulation<'_>,
    call: &TxRequest,
    options: CallOptions,
    highest: u64,
) -> Result<u64, SimulationError> {
    if !options.charge_fees || call.max_fee_per_gas == 0 {
        return Ok(highest);
    }
    let overridden = simulation.overrides.state.as_ref().and_then(|state| state.get(&call.caller)?.balance);
    let balance = match overridden {
        Some(balance) => balance,
        None => simulation.view.account(call.caller)?.unwrap_or_default().balance,
    };
    let left = balance
        .checked_sub(call.value)
        .ok_or_else(|| SimulationError::Rejected(Reject::InsufficientFunds { balance, cost: call.value }))?;
    let gas = left.checked_div(U256::from(call.max_fee_per_gas)).unwrap_or_default();
    Ok(u64::try_from(gas).unwrap_or(u64::MAX).min(highest))
}

fn search(
    executor: &mut Executor<'_>,
    call: &TxRequest,
    options: CallOptions,
    highest: u64,
) -> Result<u64, SimulationError> {
    let is_call = matches!(call.kind, TxKind::Call(_));
    if is_call && call.data.is_empty() && highest >= TRANSFER && enough(executor, call, options, TRANSFER)? {
        return Ok(TRANSFER);
    }
    let first = run_highest(executor, call, options, highest)?;
    let mut low = first.gas_used.saturating_sub(1);
    let mut high = highest;
    // Most calls need what they used, refunds included, and a 64th to pass on.
    let used = first.gas_used.saturating_add(first.gas_refunded).saturating_add(STIPEND);
    let mut likely = Some(used.saturating_add(used.div_ceil(63)));
    while high.saturating_sub(low) > tolerance(high) {
        let guess = likely.take().filter(|guess| (low..high).contains(guess)).unwrap_or(low.midpoint(high));
        if enough(executor, call, options, guess)? {
            high = guess;
        } else {
            low = guess;
        }
    }
    Ok(high)
}

/// How near is near enough; at least 1, so that the search ends.
fn tolerance(gas: u64) -> u64 {
    gas.saturating_mul(TOLERANCE_PER_MILLE).checked_div(1_000).unwrap_or(0).max(1)
}

fn enough(
    executor: &mut Executor<'_>,
    call: &TxRequest,
    options: CallOptions,
    gas_limit: u64,
) -> Result<bool, SimulationError> {
    match executor.call(&TxRequest { gas_limit, ..call.clone() }, options) {
        Ok(outcome) => Ok(outcome.is_success()),
        // Less than the intrinsic gas is one way not to be enough.
        Err(error) => match SimulationError::from(error) {
            SimulationError::Rejected(Reject::IntrinsicGas { .. }) => Ok(false),
            other => Err(other),
        },
    }
}

/// With all the gas it may have the call must succeed; otherwise its failure is the answer.
fn run_highest(
    executor: &mut Executor<'_>,
    call: &TxRequest,
    options: CallOptions,
    highest: u64,
) -> Result<TxOutcome, SimulationError> {
    let outcome = match executor.call(&TxRequest { gas_limit: highest, ..call.clone() }, options) {
        Ok(outcome) => outcome,
        Err(error) => {
            return Err(match SimulationError::from(error) {
                SimulationError::Rejected(Reject::IntrinsicGas { .. }) => SimulationError::GasAllowance(highest),
                other => other,
            });
        }
    };
    match failure(&outcome) {
        None => Ok(outcome),
        Some(SimulationError::Halted(HaltReason::OutOfGas)) => Err(SimulationError::GasAllowance(highest)),
        Some(other) => Err(other),
    }
}
