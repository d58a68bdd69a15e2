//! `reject`: the client gives an open job up, or the evaluator refuses a funded or submitted one.

use super::admit;
use crate::error::{check_length, require};
use crate::facade::{Action, Facade};
use crate::hooks;
use crate::params::OPT_PARAMS_BYTES_MAX;
use crate::settle::{self, Payout};
use crate::types::{Job, Status};
use alloy_primitives::{B256, U256};
use assay_abi::escrow::IEscrowErrors as E;
use assay_kernel::{CallError, Ctx};

pub(crate) fn reject(ctx: &mut Ctx<'_>, facade: Facade, job: U256, reason: B256, opt: &[u8]) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        check_length(opt.len(), OPT_PARAMS_BYTES_MAX)?;
        let action = Action::Reject { reason, opt };
        let (id, mut job) = admit(ctx, facade, job, Some(action), |ctx, _, job| check(ctx, job))?;
        // apply and call out
        let rejector = ctx.caller();
        settle::reject(ctx, id, &mut job, (rejector, reason), Payout::Direct)?;
        hooks::after(ctx, id, &job, action)
    })
}

fn check(ctx: &Ctx<'_>, job: &Job) -> Result<(), CallError> {
    let judge = match job.status {
        Status::Open => job.client,
        Status::Funded | Status::Submitted => job.evaluator,
        Status::Completed | Status::Rejected | Status::Expired => return require(false, E::WrongStatus {}),
    };
    require(ctx.caller() == judge, E::Unauthorized {})
}
