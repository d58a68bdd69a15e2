//! `claimRefund`: after the expiry anybody sends what was funded back to the client. No hook is asked.

use super::{in_time, job_of};
use crate::error::require;
use crate::facade::Facade;
use crate::settle;
use crate::state::{TIMES, parameter};
use crate::types::Status;
use alloy_primitives::U256;
use assay_abi::escrow::IEscrowErrors as E;
use assay_kernel::{CallError, Ctx};

pub(crate) fn claim_refund(ctx: &mut Ctx<'_>, facade: Facade, job: U256) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        let (id, mut job) = job_of(ctx, facade, job)?;
        require(job.status.is_funded() && !in_time(ctx, &job), E::WrongStatus {})?;
        require(!job.held, E::JobHeld {})?;
        if facade == Facade::Base && job.status == Status::Submitted {
            let grace = parameter(TIMES.get(ctx)?)?.grace_s;
            let over = ctx.environment().timestamp >= job.expired_at.saturating_add(grace);
            require(over, E::GracePeriodActive {})?;
        }
        // apply and call out
        settle::expire(ctx, id, &mut job)
    })
}
