//! `fund`: the client's payment goes into escrow, and the job counts what arrived.

use super::{admit, check_open};
use crate::error::{check_length, require};
use crate::facade::{Action, Facade};
use crate::params::OPT_PARAMS_BYTES_MAX;
use crate::state::save;
use crate::types::{Job, JobId, Status};
use crate::{bids, hooks, money};
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{IEscrow, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx};

/// The budget, and where the client names it the token, must be what the client expects.
pub(crate) fn fund(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    job: U256,
    (token, budget): (Option<Address>, U256),
    opt: &[u8],
) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        check_length(opt.len(), OPT_PARAMS_BYTES_MAX)?;
        let action = Action::Fund { named_token: token.is_some(), opt };
        let (id, mut job) = admit(ctx, facade, job, Some(action), |ctx, id, job| check(ctx, id, job, token, budget))?;
        // apply: funded before the token is called, so that no view shows an open job with its payment here
        job.status = Status::Funded;
        save(ctx, id, &mut job)?;
        let arrived = money::pull(ctx, facade, job.payment_token(), job.client, job.budget)?;
        job.funded = arrived;
        save(ctx, id, &mut job)?;
        let (job_id, client) = (U256::from(id), job.client);
        facade.emit(ctx, &IEscrow::JobFunded { jobId: job_id, client, amount: U256::from(arrived) })?;
        // call out
        hooks::after(ctx, id, &job, action)
    })
}

fn check(ctx: &mut Ctx<'_>, id: JobId, job: &Job, token: Option<Address>, budget: U256) -> Result<(), CallError> {
    check_open(ctx, job)?;
    require(ctx.caller() == job.client, E::Unauthorized {})?;
    require(!job.provider.is_zero(), E::ProviderNotSet {})?;
    require(token.is_none_or(|token| token == job.token), E::PaymentTokenMismatch {})?;
    require(U256::from(job.budget) == budget, E::BudgetMismatch {})?;
    require(job.budget > 0, E::ZeroBudget {})?;
    bids::check_time_to_work(ctx, id, job)
}
