//! `setProviderAgent`: the provider says as which agent it works.

use super::{in_time, job_of};
use crate::error::{require, too_large};
use crate::facade::Facade;
use crate::state::save;
use crate::types::Status;
use alloy_primitives::U256;
use assay_abi::escrow::{IEscrow, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx};

pub(crate) fn set_provider_agent(ctx: &mut Ctx<'_>, facade: Facade, job: U256, agent: U256) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        let (id, mut job) = job_of(ctx, facade, job)?;
        let open = matches!(job.status, Status::Open | Status::Funded) && in_time(ctx, &job);
        require(open && !job.bonded, E::WrongStatus {})?;
        let caller = ctx.caller();
        require(caller == job.provider, E::Unauthorized {})?;
        require(assay_identity::api::speaks_for(ctx, caller, agent)?, E::Unauthorized {})?;
        // apply
        job.agent = agent.try_into().map_err(|_| too_large())?;
        save(ctx, id, &mut job)?;
        facade.emit(ctx, &IEscrow::ProviderAgentSet { jobId: U256::from(id), agentId: agent })
    })
}
