//! erc-8183/base-contracts: a payment token for each job, and the agent that the provider works as.

use super::{JOB, READ, WRITE, common};
use crate::facade::Facade;
use crate::handlers::create_job::Order;
use crate::handlers::{self, views};
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{IEscrow as I, IEscrowBase as B};
use assay_kernel::{CallError, Ctx, Entry, calls};

/// Calls of the facade.
pub const BASE_ENTRIES: &[Entry] = calls! {
    write(WRITE) B::createJobCall => create_job,
    write(WRITE) B::setBudgetCall => set_budget,
    write(WRITE) B::fund_0Call => fund,
    write(WRITE) B::fund_1Call => fund_in,
    write(WRITE) I::submitCall => submit,
    write(WRITE) I::completeCall => complete,
    view(JOB) B::getJobCall => get_job,
    view(JOB) B::jobsCall => jobs,
    write(WRITE) B::setProviderCall => set_provider,
    write(WRITE) I::rejectCall => reject,
    write(WRITE) I::claimRefundCall => claim_refund,
    view(READ) I::jobCounterCall => job_counter,
    view(READ) I::platformFeeBPCall => platform_fee,
    view(READ) I::platformTreasuryCall => platform_treasury,
    view(READ) I::evaluatorFeeBPCall => evaluator_fee,
    view(READ) B::EVALUATION_GRACE_PERIODCall => evaluation_grace_period,
    view(READ) B::whitelistedHooksCall => whitelisted_hooks,
    write(WRITE) I::setProviderAgentCall => set_provider_agent,
    view(READ) I::creditOfCall => credit_of,
    write(WRITE) I::withdrawCall => withdraw,
};

common!(Facade::Base);

fn create_job(ctx: &mut Ctx<'_>, call: B::createJobCall) -> Result<U256, CallError> {
    let B::createJobCall { provider, evaluator, expiredAt: expired_at, description, hook, providerAgentId: agent } =
        call;
    let order = Order { provider, evaluator, expired_at, description, hook, agent };
    handlers::create_job::create_job(ctx, Facade::Base, order)
}

fn set_provider(ctx: &mut Ctx<'_>, call: B::setProviderCall) -> Result<B::setProviderReturn, CallError> {
    let to = (call.provider, call.agentId);
    handlers::set_provider::set_provider(ctx, Facade::Base, call.jobId, to, None)?;
    Ok(B::setProviderReturn {})
}

fn set_budget(ctx: &mut Ctx<'_>, call: B::setBudgetCall) -> Result<B::setBudgetReturn, CallError> {
    let price = (Some(call.token), call.amount);
    handlers::set_budget::set_budget(ctx, Facade::Base, call.jobId, price, &call.optParams)?;
    Ok(B::setBudgetReturn {})
}

fn fund(ctx: &mut Ctx<'_>, call: B::fund_0Call) -> Result<B::fund_0Return, CallError> {
    handlers::fund::fund(ctx, Facade::Base, call.jobId, (None, call.expectedBudget), &call.optParams)?;
    Ok(B::fund_0Return {})
}

fn fund_in(ctx: &mut Ctx<'_>, call: B::fund_1Call) -> Result<B::fund_1Return, CallError> {
    let expected = (Some(call.expectedToken), call.expectedBudget);
    handlers::fund::fund(ctx, Facade::Base, call.jobId, expected, &call.optParams)?;
    Ok(B::fund_1Return {})
}

fn get_job(ctx: &mut Ctx<'_>, call: B::getJobCall) -> Result<B::Job, CallError> {
    let whole = views::job(ctx, call.jobId)?;
    let job = whole.job;
    Ok(B::Job {
        id: U256::from(whole.id),
        client: job.client,
        provider: job.provider,
        evaluator: job.evaluator,
        description: whole.description,
        budget: U256::from(job.budget),
        expiredAt: U256::from(job.expired_at),
        status: job.status.number(),
        hook: job.hook,
        paymentToken: if whole.id == 0 { Address::ZERO } else { job.payment_token() },
        providerAgentId: U256::from(job.agent),
        submittedAt: U256::from(job.submitted_at),
    })
}

/// The getter of a public mapping: the members side by side.
fn jobs(ctx: &mut Ctx<'_>, call: B::jobsCall) -> Result<B::jobsReturn, CallError> {
    let job = get_job(ctx, B::getJobCall { jobId: call.jobId })?;
    Ok(B::jobsReturn {
        id: job.id,
        client: job.client,
        provider: job.provider,
        evaluator: job.evaluator,
        description: job.description,
        budget: job.budget,
        expiredAt: job.expiredAt,
        status: job.status,
        hook: job.hook,
        paymentToken: job.paymentToken,
        providerAgentId: job.providerAgentId,
        submittedAt: job.submittedAt,
    })
}

fn evaluation_grace_period(ctx: &mut Ctx<'_>, _: B::EVALUATION_GRACE_PERIODCall) -> Result<U256, CallError> {
    Ok(U256::from(views::times(ctx)?.grace_s))
}

/// There is no list: what answers ERC-165 is a hook.
pub(super) fn whitelisted_hooks(_: &mut Ctx<'_>, _: B::whitelistedHooksCall) -> Result<bool, CallError> {
    Ok(true)
}
