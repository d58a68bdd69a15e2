//! `submit`: the provider hands in its work, before the expiry.

use super::{admit, in_time};
use crate::error::{check_length, require};
use crate::facade::{Action, Facade};
use crate::params::OPT_PARAMS_BYTES_MAX;
use crate::state::{DELIVERABLES, save};
use crate::types::{Job, Status};
use crate::{bids, hooks};
use alloy_primitives::{B256, U256};
use assay_abi::escrow::{COURT, IEscrow, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx};

pub(crate) fn submit(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    job: U256,
    deliverable: B256,
    opt: &[u8],
) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        check_length(opt.len(), OPT_PARAMS_BYTES_MAX)?;
        let action = Action::Submit { deliverable, opt };
        let (id, mut job) = admit(ctx, facade, job, Some(action), |ctx, _, job| check(ctx, job))?;
        // apply
        job.status = Status::Submitted;
        job.submitted_at = ctx.environment().timestamp;
        // The court cannot hold it itself: it is the hook, and escrow is locked while it runs.
        job.held = job.evaluator == COURT;
        bids::release(ctx, id, &mut job)?;
        save(ctx, id, &mut job)?;
        if !deliverable.is_zero() {
            DELIVERABLES.set(ctx, &id, &deliverable)?;
        }
        let (job_id, provider) = (U256::from(id), job.provider);
        facade.emit(ctx, &IEscrow::JobSubmitted { jobId: job_id, provider, deliverable })?;
        if job.held {
            facade.emit(ctx, &IEscrow::JobHold { jobId: job_id, held: true })?;
        }
        // call out
        hooks::after(ctx, id, &job, action)
    })
}

fn check(ctx: &Ctx<'_>, job: &Job) -> Result<(), CallError> {
    require(job.status == Status::Funded && in_time(ctx, job), E::WrongStatus {})?;
    require(ctx.caller() == job.provider, E::Unauthorized {})
}
