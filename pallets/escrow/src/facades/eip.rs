//! The EIP's text, and the crate `erc8183` and APEX with it: one payment token, the default one.

use super::{AWARD, JOB, READ, WRITE, common};
use crate::bids;
use crate::facade::Facade;
use crate::handlers::create_job::Order;
use crate::handlers::{self, views};
use crate::params::{BP_WHOLE, HOOK_GAS};
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{IEscrow as I, IEscrowBids as B};
use assay_abi::token::DEFAULT_TOKEN;
use assay_kernel::{CallError, Ctx, Entry, calls};

/// Calls of the facade; those of every job stand first.
pub const EIP_ENTRIES: &[Entry] = calls! {
    write(WRITE) I::createJobCall => create_job,
    write(WRITE) I::setBudgetCall => set_budget,
    write(WRITE) I::fundCall => fund,
    write(WRITE) I::submitCall => submit,
    write(WRITE) I::completeCall => complete,
    view(JOB) I::getJobCall => get_job,
    write(WRITE) I::setProviderCall => set_provider,
    write(WRITE) I::rejectCall => reject,
    write(WRITE) I::claimRefundCall => claim_refund,
    view(READ) I::jobCounterCall => job_counter,
    view(READ) I::paymentTokenCall => payment_token,
    view(READ) I::platformFeeBPCall => platform_fee,
    view(READ) I::platformTreasuryCall => platform_treasury,
    view(READ) I::evaluatorFeeBPCall => evaluator_fee,
    view(READ) I::BP_DENOMINATORCall => bp_denominator,
    view(READ) I::HOOK_GAS_LIMITCall => hook_gas_limit,
    view(READ) I::MAX_EXPIRY_DURATIONCall => max_expiry_duration,
    write(WRITE) I::setProviderAgentCall => set_provider_agent,
    view(READ) I::creditOfCall => credit_of,
    write(WRITE) I::withdrawCall => withdraw,
    write(WRITE) B::openBidsCall => bids::open,
    write(WRITE) B::bidCall => bids::bid,
    write(WRITE) B::commitBidCall => bids::commit,
    write(WRITE) B::revealBidCall => bids::reveal,
    write(AWARD) B::awardCall => bids::award,
    write(WRITE) B::releaseBondsCall => bids::release_bonds,
    view(JOB) B::biddingCall => bids::bidding,
    view(AWARD) B::bidsOfCall => bids::bids_of,
};

common!(Facade::Eip);

pub(super) fn create_job(ctx: &mut Ctx<'_>, call: I::createJobCall) -> Result<U256, CallError> {
    let I::createJobCall { provider, evaluator, expiredAt: expired_at, description, hook } = call;
    let order = Order { provider, evaluator, expired_at, description, hook, agent: U256::ZERO };
    handlers::create_job::create_job(ctx, Facade::Eip, order)
}

fn set_provider(ctx: &mut Ctx<'_>, call: I::setProviderCall) -> Result<I::setProviderReturn, CallError> {
    let to = (call.provider, U256::ZERO);
    handlers::set_provider::set_provider(ctx, Facade::Eip, call.jobId, to, Some(&call.optParams))?;
    Ok(I::setProviderReturn {})
}

fn set_budget(ctx: &mut Ctx<'_>, call: I::setBudgetCall) -> Result<I::setBudgetReturn, CallError> {
    handlers::set_budget::set_budget(ctx, Facade::Eip, call.jobId, (None, call.amount), &call.optParams)?;
    Ok(I::setBudgetReturn {})
}

fn fund(ctx: &mut Ctx<'_>, call: I::fundCall) -> Result<I::fundReturn, CallError> {
    handlers::fund::fund(ctx, Facade::Eip, call.jobId, (None, call.expectedBudget), &call.optParams)?;
    Ok(I::fundReturn {})
}

fn get_job(ctx: &mut Ctx<'_>, call: I::getJobCall) -> Result<I::Job, CallError> {
    let whole = views::job(ctx, call.jobId)?;
    let job = whole.job;
    Ok(I::Job {
        id: U256::from(whole.id),
        client: job.client,
        provider: job.provider,
        evaluator: job.evaluator,
        description: whole.description,
        budget: U256::from(job.budget),
        expiredAt: U256::from(job.expired_at),
        status: job.status.number(),
        hook: job.hook,
        submittedAt: U256::from(job.submitted_at),
        deliverable: whole.deliverable,
        paymentToken: if whole.id == 0 { Address::ZERO } else { job.payment_token() },
        providerAgentId: U256::from(job.agent),
        funded: U256::from(job.funded),
        held: job.held,
        facade: if whole.id == 0 { Address::ZERO } else { job.facade.address() },
    })
}

fn payment_token(_: &mut Ctx<'_>, _: I::paymentTokenCall) -> Result<Address, CallError> {
    Ok(DEFAULT_TOKEN)
}

fn bp_denominator(_: &mut Ctx<'_>, _: I::BP_DENOMINATORCall) -> Result<U256, CallError> {
    Ok(U256::from(BP_WHOLE))
}

fn hook_gas_limit(_: &mut Ctx<'_>, _: I::HOOK_GAS_LIMITCall) -> Result<U256, CallError> {
    Ok(U256::from(HOOK_GAS))
}

fn max_expiry_duration(ctx: &mut Ctx<'_>, _: I::MAX_EXPIRY_DURATIONCall) -> Result<U256, CallError> {
    Ok(U256::from(views::times(ctx)?.max_s))
}
