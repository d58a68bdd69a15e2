//! `complete`: the evaluator accepts the work, and the provider is paid.

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

pub(crate) fn complete(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    job: U256,
    reason: B256,
    opt: &[u8],
) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        check_length(opt.len(), OPT_PARAMS_BYTES_MAX)?;
        let action = Action::Complete { reason, opt };
        let (id, mut job) = admit(ctx, facade, job, Some(action), |ctx, _, job| check(ctx, job))?;
        // apply and call out
        settle::complete(ctx, id, &mut job, reason, Payout::Direct, settle::KIND)?;
        hooks::after(ctx, id, &job, action)
    })
}

fn check(ctx: &Ctx<'_>, job: &Job) -> Result<(), CallError> {
    require(job.status == Status::Submitted, E::WrongStatus {})?;
    require(ctx.caller() == job.evaluator, E::Unauthorized {})
}
