//! `setProvider`: the client chooses who works, once.

use super::create_job::check_party;
use super::{admit, check_open};
use crate::error::{check_length, require, too_large};
use crate::facade::{Action, Facade};
use crate::hooks;
use crate::params::OPT_PARAMS_BYTES_MAX;
use crate::state::save;
use crate::types::Job;
use alloy_primitives::{Address, U256};
use assay_abi::escrow::IEscrowBids::BiddingIsOpen;
use assay_abi::escrow::IEscrowErrors as E;
use assay_kernel::{CallError, Ctx};

/// The provider, the agent that it works as, and what the hook is told.
pub(crate) fn set_provider(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    job: U256,
    (provider, agent): (Address, U256),
    opt: Option<&[u8]>,
) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        check_length(opt.unwrap_or_default().len(), OPT_PARAMS_BYTES_MAX)?;
        let agent = agent.try_into().map_err(|_| too_large())?;
        // The other two dialects have no parameters for a hook here, and do not call it.
        let action = opt.map(|opt| Action::SetProvider { provider, opt });
        let (id, mut job) = admit(ctx, facade, job, action, |ctx, _, job| check(ctx, job, provider))?;
        // apply
        job.provider = provider;
        job.agent = agent;
        save(ctx, id, &mut job)?;
        facade.emit_provider(ctx, id, &job)?;
        // call out
        action.map_or(Ok(()), |action| hooks::after(ctx, id, &job, action))
    })
}

fn check(ctx: &Ctx<'_>, job: &Job, provider: Address) -> Result<(), CallError> {
    check_open(ctx, job)?;
    require(ctx.caller() == job.client, E::Unauthorized {})?;
    require(job.provider.is_zero(), E::WrongStatus {})?;
    require(!job.bidding, BiddingIsOpen {})?;
    require(!provider.is_zero(), E::ZeroAddress {})?;
    check_party(provider)?;
    let judges_itself = job.facade == Facade::Base && provider == job.evaluator;
    require(!judges_itself, E::ProviderCannotBeEvaluator {})
}
