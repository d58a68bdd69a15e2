//! Virtuals ACP v2: the EIP's calls, one payment token, members of a job in packed order.

use super::base::whitelisted_hooks;
use super::{JOB, READ, WRITE, common};
use crate::facade::Facade;
use crate::handlers::create_job::Order;
use crate::handlers::{self, views};
use alloy_primitives::aliases::U48;
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{IEscrow as I, IEscrowAcp as A, IEscrowBase as B};
use assay_abi::token::DEFAULT_TOKEN;
use assay_kernel::{CallError, Ctx, Entry, calls};

/// Calls of the facade.
pub const ACP_ENTRIES: &[Entry] = calls! {
    write(WRITE) I::createJobCall => create_job,
    write(WRITE) I::setBudgetCall => set_budget,
    write(WRITE) I::fundCall => fund,
    write(WRITE) I::submitCall => submit,
    write(WRITE) I::completeCall => complete,
    view(JOB) A::getJobCall => get_job,
    view(JOB) A::jobsCall => jobs,
    write(WRITE) A::setProviderCall => set_provider,
    write(WRITE) I::rejectCall => reject,
    write(WRITE) I::claimRefundCall => claim_refund,
    view(READ) I::jobCounterCall => job_counter,
    view(READ) I::paymentTokenCall => payment_token,
    view(READ) I::platformFeeBPCall => platform_fee,
    view(READ) I::platformTreasuryCall => platform_treasury,
    view(READ) I::evaluatorFeeBPCall => evaluator_fee,
    view(READ) B::whitelistedHooksCall => whitelisted_hooks,
    write(WRITE) I::setProviderAgentCall => set_provider_agent,
    view(READ) I::creditOfCall => credit_of,
    write(WRITE) I::withdrawCall => withdraw,
};

common!(Facade::Acp);

fn create_job(ctx: &mut Ctx<'_>, call: I::createJobCall) -> Result<U256, CallError> {
    let I::createJobCall { provider, evaluator, expiredAt: expired_at, description, hook } = call;
    let order = Order { provider, evaluator, expired_at, description, hook, agent: U256::ZERO };
    handlers::create_job::create_job(ctx, Facade::Acp, order)
}

fn set_provider(ctx: &mut Ctx<'_>, call: A::setProviderCall) -> Result<A::setProviderReturn, CallError> {
    let to = (call.provider, U256::ZERO);
    handlers::set_provider::set_provider(ctx, Facade::Acp, call.jobId, to, None)?;
    Ok(A::setProviderReturn {})
}

fn set_budget(ctx: &mut Ctx<'_>, call: I::setBudgetCall) -> Result<I::setBudgetReturn, CallError> {
    handlers::set_budget::set_budget(ctx, Facade::Acp, call.jobId, (None, call.amount), &call.optParams)?;
    Ok(I::setBudgetReturn {})
}

fn fund(ctx: &mut Ctx<'_>, call: I::fundCall) -> Result<I::fundReturn, CallError> {
    handlers::fund::fund(ctx, Facade::Acp, call.jobId, (None, call.expectedBudget), &call.optParams)?;
    Ok(I::fundReturn {})
}

fn get_job(ctx: &mut Ctx<'_>, call: A::getJobCall) -> Result<A::Job, CallError> {
    let whole = views::job(ctx, call.jobId)?;
    let job = whole.job;
    Ok(A::Job {
        client: job.client,
        status: job.status.number(),
        provider: job.provider,
        // Genesis keeps expiries within ten years.
        expiredAt: U48::saturating_from(job.expired_at),
        evaluator: job.evaluator,
        hook: job.hook,
        budget: U256::from(job.budget),
        description: whole.description,
    })
}

/// The getter of a public mapping: the members side by side.
fn jobs(ctx: &mut Ctx<'_>, call: A::jobsCall) -> Result<A::jobsReturn, CallError> {
    let job = get_job(ctx, A::getJobCall { jobId: call.jobId })?;
    Ok(A::jobsReturn {
        client: job.client,
        status: job.status,
        provider: job.provider,
        expiredAt: job.expiredAt,
        evaluator: job.evaluator,
        hook: job.hook,
        budget: job.budget,
        description: job.description,
    })
}

fn payment_token(_: &mut Ctx<'_>, _: I::paymentTokenCall) -> Result<Address, CallError> {
    Ok(DEFAULT_TOKEN)
}
