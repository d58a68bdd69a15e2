//! Reads of jobs and parameters. Every facade shows every job.

use crate::facade::Facade;
use crate::state::{COUNT, DELIVERABLES, DESCRIPTIONS, FEES, JOBS, TIMES, parameter};
use crate::types::{Fees, Times, Whole};
use alloy_primitives::U256;
use assay_kernel::{CallError, Ctx};

/// A job; all zero where there is none, as in the reference.
pub(crate) fn job(ctx: &mut Ctx<'_>, id: U256) -> Result<Whole, CallError> {
    Facade::on_view(ctx, |ctx| {
        let Ok(id) = id.try_into() else { return Ok(Whole::default()) };
        let Some(job) = JOBS.get(ctx, &id)? else { return Ok(Whole::default()) };
        let description = DESCRIPTIONS.get(ctx, &id)?.unwrap_or_default().0;
        let deliverable = DELIVERABLES.get(ctx, &id)?.unwrap_or_default();
        Ok(Whole { id, job, description, deliverable })
    })
}

pub(crate) fn job_counter(ctx: &mut Ctx<'_>) -> Result<U256, CallError> {
    Facade::on_view(ctx, |ctx| Ok(U256::from(COUNT.get_or_default(ctx)?)))
}

pub(crate) fn fees(ctx: &mut Ctx<'_>) -> Result<Fees, CallError> {
    Facade::on_view(ctx, |ctx| parameter(FEES.get(ctx)?))
}

pub(crate) fn times(ctx: &mut Ctx<'_>) -> Result<Times, CallError> {
    Facade::on_view(ctx, |ctx| parameter(TIMES.get(ctx)?))
}
