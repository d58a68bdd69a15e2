//! ESC-1..n over the whole state; the README explains each.

use crate::bids;
use crate::facade::Facade;
use crate::params::DESCRIPTION_BYTES_MAX;
use crate::state::{COUNT, CREDITED, DELIVERABLES, DESCRIPTIONS, FEES, JOBS, TIMES};
use crate::types::{Job, JobId, Status};
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{COURT, ESCROW};
use assay_kernel::{CallError, Ctx, StateView, read};
use assay_primitives::Fault;
use assay_token::api as native;
use std::collections::BTreeMap;

/// Checks a state.
///
/// # Errors
/// A `Fault` that begins with the number of the invariant that does not hold.
pub fn check(view: &dyn StateView) -> Result<(), Fault> {
    let owed = read(view, ESCROW, |ctx| {
        check_parameters(ctx)?;
        let mut owed = BTreeMap::new();
        let count = COUNT.get_or_default(ctx)?;
        for id in 1..=count {
            let Some(job) = JOBS.get(ctx, &id)? else { return hold(false, "ESC-1", id).map(|()| owed) };
            check_job(ctx, id, &job)?;
            let sum = owed.entry((job.facade, job.payment_token())).or_insert(U256::ZERO);
            *sum = sum.saturating_add(U256::from(job.funded));
        }
        hold(JOBS.get(ctx, &count.saturating_add(1))?.is_none(), "ESC-1", count)?;
        for ((facade, token), sum) in &mut owed {
            *sum = sum.saturating_add(CREDITED.get_or_default(ctx, &(facade.number(), *token))?);
        }
        Ok(owed)
    })?;
    check_balances(view, &owed)
}

fn hold(ok: bool, invariant: &str, id: JobId) -> Result<(), CallError> {
    if ok { Ok(()) } else { Err(CallError::Fault(Fault::invariant(format!("{invariant}: job {id}")))) }
}

fn check_parameters(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
    let sound = TIMES.get(ctx)?.is_some_and(|times| times.min_s < times.max_s && times.epoch_heights > 0)
        && FEES.get(ctx)?.is_some();
    hold(sound, "ESC-8", 0)
}

fn check_job(ctx: &mut Ctx<'_>, id: JobId, job: &Job) -> Result<(), CallError> {
    let parties = !job.client.is_zero() && !job.evaluator.is_zero() && job.expired_at > 0;
    let outside = [job.client, job.provider, job.evaluator].iter().all(|party| !Facade::is_one(*party));
    hold(parties && outside, "ESC-2", id)?;
    let submitted = job.submitted_at > 0;
    let legal = match job.status {
        Status::Open => !submitted,
        Status::Funded => !submitted && !job.provider.is_zero(),
        Status::Submitted | Status::Completed => submitted && !job.provider.is_zero(),
        Status::Rejected => true,
        Status::Expired => !job.provider.is_zero(),
    };
    hold(legal, "ESC-3", id)?;
    hold(job.status.is_funded() == (job.funded > 0) && job.funded <= job.budget, "ESC-4", id)?;
    let court = job.evaluator == COURT && job.hook == COURT && job.status.is_funded();
    hold(!job.held || court, "ESC-6", id)?;
    let described = DESCRIPTIONS.get(ctx, &id)?.unwrap_or_default().0.len() <= DESCRIPTION_BYTES_MAX;
    let delivered = DELIVERABLES.get(ctx, &id)?.is_none() || submitted;
    hold(described && delivered, "ESC-7", id)?;
    hold(bids::check(ctx, id, job)?, "ESC-9", id)
}

/// ESC-5 for native tokens: what others hold is known to their own code only.
fn check_balances(view: &dyn StateView, owed: &BTreeMap<(Facade, Address), U256>) -> Result<(), Fault> {
    for ((facade, token), sum) in owed {
        let held = read(view, *token, |ctx| {
            let known = native::is_token(ctx, *token)?;
            let balance = native::balance_of(ctx, *token, facade.address())?;
            Ok(known.then_some(balance))
        })?;
        if held.is_some_and(|held| held < *sum) {
            return Err(Fault::invariant(format!("ESC-5: {facade:?} owes {sum} of {token}, and holds {held:?}")));
        }
    }
    Ok(())
}
