//! `createJob`: anybody becomes the client of a new job.

use crate::error::{check_length, require, too_large};
use crate::facade::{Action, Facade};
use crate::hooks;
use crate::params::DESCRIPTION_BYTES_MAX;
use crate::state::{COUNT, DESCRIPTIONS, TIMES, parameter, save};
use crate::types::{Description, Job};
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{COURT, IEscrow, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx};

/// What a new job is made of.
pub(crate) struct Order {
    pub provider: Address,
    pub evaluator: Address,
    pub expired_at: U256,
    pub description: String,
    pub hook: Address,
    pub agent: U256,
}

/// Makes a job; returns its number.
pub(crate) fn create_job(ctx: &mut Ctx<'_>, facade: Facade, order: Order) -> Result<U256, CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        let expired_at = check(ctx, facade, &order)?;
        let agent = order.agent.try_into().map_err(|_| too_large())?;
        // compute
        let id = COUNT.get_or_default(ctx)?.checked_add(1).ok_or_else(too_large)?;
        let Order { provider, evaluator, description, hook, .. } = order;
        let agent = if provider.is_zero() { 0 } else { agent };
        let client = ctx.caller();
        let mut job = Job { client, facade, provider, expired_at, evaluator, hook, agent, ..Job::default() };
        // apply
        COUNT.set(ctx, &id)?;
        save(ctx, id, &mut job)?;
        if !description.is_empty() {
            DESCRIPTIONS.set(ctx, &id, &Description(description))?;
        }
        let (job_id, expires) = (U256::from(id), U256::from(expired_at));
        facade
            .emit(ctx, &IEscrow::JobCreated { jobId: job_id, client, provider, evaluator, expiredAt: expires, hook })?;
        // call out
        if facade != Facade::Eip {
            hooks::after(ctx, id, &job, Action::Create { provider, evaluator })?;
        }
        Ok(job_id)
    })
}

/// The expiry of an order that may become a job.
fn check(ctx: &mut Ctx<'_>, facade: Facade, order: &Order) -> Result<u64, CallError> {
    require(!order.evaluator.is_zero(), E::ZeroAddress {})?;
    check_party(order.provider)?;
    check_party(order.evaluator)?;
    check_party(order.hook)?;
    if facade == Facade::Base {
        require(order.provider != order.evaluator, E::ProviderCannotBeEvaluator {})?;
    }
    require((order.evaluator == COURT) == (order.hook == COURT), E::CourtHook {})?;
    check_length(order.description.len(), DESCRIPTION_BYTES_MAX)?;
    let times = parameter(TIMES.get(ctx)?)?;
    let (now, expired_at) = (ctx.environment().timestamp, order.expired_at.saturating_to::<u64>());
    require(expired_at > now.saturating_add(times.min_s), E::ExpiryTooShort {})?;
    require(expired_at <= now.saturating_add(times.max_s), E::ExpiryTooLong {})?;
    hooks::check(ctx, facade, order.hook)?;
    Ok(expired_at)
}

/// Refuses escrow itself as a party: what it were paid would be nobody's.
///
/// # Errors
/// `Reverted(InvalidParty)`.
pub(crate) fn check_party(address: Address) -> Result<(), CallError> {
    require(!Facade::is_one(address), E::InvalidParty {})
}
