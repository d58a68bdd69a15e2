//! What other pallets may call: the court, which judges the jobs that name it, and readers. Nothing here calls foreign
//! code: no hook is asked, and payees are credited.

use crate::error::{broken, require};
use crate::facade::Facade;
use crate::settle::{self, Payout};
use crate::state::{COUNT, DELIVERABLES, JOBS, save};
use crate::types::{Job, JobId, Status};
use alloy_primitives::{B256, U256};
use assay_abi::escrow::{ESCROW, IEscrow, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx, Reverted};

/// How many jobs there are; the numbers from 1 to it.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn job_count(ctx: &mut Ctx<'_>) -> Result<u64, CallError> {
    ctx.view_of(ESCROW, |ctx| COUNT.get_or_default(ctx))
}

/// A job; `None` where there is none of this number.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn job(ctx: &mut Ctx<'_>, id: JobId) -> Result<Option<Job>, CallError> {
    ctx.view_of(ESCROW, |ctx| JOBS.get(ctx, &id))
}

/// What was submitted for a job; zero for nothing.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn deliverable(ctx: &mut Ctx<'_>, id: JobId) -> Result<B256, CallError> {
    ctx.view_of(ESCROW, |ctx| Ok(DELIVERABLES.get(ctx, &id)?.unwrap_or_default()))
}

/// Holds a funded or submitted job that the acting module judges, so that time alone does not refund it, or lets it go.
/// The module must let go or decide on every path: nobody else can.
///
/// # Errors
/// `Reverted`: `InvalidJob`, `Unauthorized` where the module is not the evaluator, `WrongStatus`, `Reentrant`; `Halted`,
/// `Fault`.
pub fn hold(ctx: &mut Ctx<'_>, id: JobId, held: bool) -> Result<(), CallError> {
    judge(ctx, id, |ctx, job| {
        require(job.status.is_funded(), E::WrongStatus {})?;
        if job.held == held {
            return Ok(());
        }
        job.held = held;
        save(ctx, id, job)?;
        job.facade.emit(ctx, &IEscrow::JobHold { jobId: U256::from(id), held })
    })
}

/// Accepts the work on a job that the acting module judges: everybody who is paid gets a credit, and the agent its
/// reputation entry of a kind (as `opml`).
///
/// # Errors
/// As [`hold`].
pub fn complete(ctx: &mut Ctx<'_>, id: JobId, reason: B256, kind: &str) -> Result<(), CallError> {
    judge(ctx, id, |ctx, job| {
        require(job.status == Status::Submitted, E::WrongStatus {})?;
        settle::complete(ctx, id, job, reason, Payout::Credit, kind)
    })
}

/// Refuses a funded or submitted job that the acting module judges: the client gets a credit.
///
/// # Errors
/// As [`hold`].
pub fn reject(ctx: &mut Ctx<'_>, id: JobId, reason: B256) -> Result<(), CallError> {
    judge(ctx, id, |ctx, job| {
        require(job.status.is_funded(), E::WrongStatus {})?;
        let judge = job.evaluator;
        settle::reject(ctx, id, job, (judge, reason), Payout::Credit)
    })
}

fn judge(
    ctx: &mut Ctx<'_>,
    id: JobId,
    work: impl FnOnce(&mut Ctx<'_>, &mut Job) -> Result<(), CallError>,
) -> Result<(), CallError> {
    let judge = ctx.address();
    if Facade::is_one(judge) {
        return Err(broken("escrow judges no job"));
    }
    ctx.act_for(ESCROW, |ctx| {
        let Some(mut job) = JOBS.get(ctx, &id)? else { return Err(Reverted::with(&E::InvalidJob {}).into()) };
        require(job.evaluator == judge, E::Unauthorized {})?;
        work(ctx, &mut job)
    })
}
