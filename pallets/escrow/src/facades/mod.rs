//! The calls of each dialect, translated into what is done to a job.

pub(crate) mod acp;
pub(crate) mod base;
pub(crate) mod eip;

/// A call that makes or changes a job.
const WRITE: u64 = 500;
/// All bids for a job.
const AWARD: u64 = 2_000;
/// A read of a job, its description and its deliverable.
const JOB: u64 = 200;
/// A read of one or two words.
const READ: u64 = 50;

/// Rows that all three dialects have with the same meaning.
macro_rules! common {
    ($facade:expr) => {
        pub(super) fn submit(ctx: &mut Ctx<'_>, call: I::submitCall) -> Result<I::submitReturn, CallError> {
            handlers::submit::submit(ctx, $facade, call.jobId, call.deliverable, &call.optParams)?;
            Ok(I::submitReturn {})
        }

        pub(super) fn complete(ctx: &mut Ctx<'_>, call: I::completeCall) -> Result<I::completeReturn, CallError> {
            handlers::complete::complete(ctx, $facade, call.jobId, call.reason, &call.optParams)?;
            Ok(I::completeReturn {})
        }

        pub(super) fn reject(ctx: &mut Ctx<'_>, call: I::rejectCall) -> Result<I::rejectReturn, CallError> {
            handlers::reject::reject(ctx, $facade, call.jobId, call.reason, &call.optParams)?;
            Ok(I::rejectReturn {})
        }

        pub(super) fn claim_refund(
            ctx: &mut Ctx<'_>,
            call: I::claimRefundCall,
        ) -> Result<I::claimRefundReturn, CallError> {
            handlers::claim_refund::claim_refund(ctx, $facade, call.jobId)?;
            Ok(I::claimRefundReturn {})
        }

        pub(super) fn set_provider_agent(
            ctx: &mut Ctx<'_>,
            call: I::setProviderAgentCall,
        ) -> Result<I::setProviderAgentReturn, CallError> {
            handlers::agent::set_provider_agent(ctx, $facade, call.jobId, call.agentId)?;
            Ok(I::setProviderAgentReturn {})
        }

        pub(super) fn credit_of(ctx: &mut Ctx<'_>, call: I::creditOfCall) -> Result<U256, CallError> {
            handlers::credits::credit_of(ctx, $facade, call.token, call.account)
        }

        pub(super) fn withdraw(ctx: &mut Ctx<'_>, call: I::withdrawCall) -> Result<U256, CallError> {
            handlers::credits::withdraw(ctx, $facade, call.token)
        }

        pub(super) fn job_counter(ctx: &mut Ctx<'_>, _: I::jobCounterCall) -> Result<U256, CallError> {
            views::job_counter(ctx)
        }

        pub(super) fn platform_fee(ctx: &mut Ctx<'_>, _: I::platformFeeBPCall) -> Result<U256, CallError> {
            Ok(U256::from(views::fees(ctx)?.platform.0))
        }

        pub(super) fn platform_treasury(ctx: &mut Ctx<'_>, _: I::platformTreasuryCall) -> Result<Address, CallError> {
            Ok(views::fees(ctx)?.treasury)
        }

        pub(super) fn evaluator_fee(ctx: &mut Ctx<'_>, _: I::evaluatorFeeBPCall) -> Result<U256, CallError> {
            Ok(U256::from(views::fees(ctx)?.evaluator.0))
        }
    };
}

use common;
