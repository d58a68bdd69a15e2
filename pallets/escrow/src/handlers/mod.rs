//! What is done to a job, one file for each call; the facades translate their dialects into these.

pub(crate) mod agent;
pub(crate) mod claim_refund;
pub(crate) mod complete;
pub(crate) mod create_job;
pub(crate) mod credits;
pub(crate) mod fund;
pub(crate) mod reject;
pub(crate) mod set_budget;
pub(crate) mod set_provider;
pub(crate) mod submit;
pub(crate) mod views;

use crate::error::require;
use crate::facade::{Action, Facade};
use crate::hooks;
use crate::state::JOBS;
use crate::types::{Job, JobId, Status};
use alloy_primitives::U256;
use assay_abi::escrow::IEscrowErrors as E;
use assay_kernel::{CallError, Ctx, Reverted};

/// A job of a facade.
///
/// # Errors
/// `Reverted(InvalidJob)`; `Halted`, `Fault`.
pub(crate) fn job_of(ctx: &mut Ctx<'_>, facade: Facade, id: U256) -> Result<(JobId, Job), CallError> {
    let invalid = || CallError::from(Reverted::with(&E::InvalidJob {}));
    let id = id.try_into().map_err(|_| invalid())?;
    let job = JOBS.get(ctx, &id)?.filter(|job| job.facade == facade).ok_or_else(invalid)?;
    Ok((id, job))
}

/// The job that an action may be done to: as `check` has it, and once more after its hook was asked, which may have changed
/// it. Without an action no hook is asked.
///
/// # Errors
/// As [`job_of`], `check` and [`hooks::before`].
pub(crate) fn admit(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    id: U256,
    action: Option<Action<'_>>,
    check: impl Fn(&mut Ctx<'_>, JobId, &Job) -> Result<(), CallError>,
) -> Result<(JobId, Job), CallError> {
    let (number, job) = job_of(ctx, facade, id)?;
    check(ctx, number, &job)?;
    let Some(action) = action.filter(|_| !job.hook.is_zero()) else { return Ok((number, job)) };
    hooks::before(ctx, number, &job, action)?;
    let (_, job) = job_of(ctx, facade, id)?;
    check(ctx, number, &job)?;
    Ok((number, job))
}

/// Refuses what may only be done to an open job in time.
///
/// # Errors
/// `Reverted(WrongStatus)`.
pub(crate) fn check_open(ctx: &Ctx<'_>, job: &Job) -> Result<(), CallError> {
    require(job.status == Status::Open && in_time(ctx, job), E::WrongStatus {})
}

/// Whether the job's expiry lies ahead.
pub(crate) fn in_time(ctx: &Ctx<'_>, job: &Job) -> bool {
    ctx.environment().timestamp < job.expired_at
}
