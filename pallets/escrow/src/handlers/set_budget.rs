//! `setBudget`: client and provider make the price. In the base dialect the first of them to name a price names the token
//! too; from then on it changes by the client alone, who therefore always knows what it pays in.

use super::{admit, check_open};
use crate::error::{amount, check_length, require};
use crate::facade::{Action, Facade};
use crate::hooks;
use crate::params::OPT_PARAMS_BYTES_MAX;
use crate::state::save;
use crate::types::Job;
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{COURT, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx};

/// `token` is the base dialect's.
pub(crate) fn set_budget(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    job: U256,
    (token, value): (Option<Address>, U256),
    opt: &[u8],
) -> Result<(), CallError> {
    Facade::on_store(ctx, |ctx| {
        // check
        check_length(opt.len(), OPT_PARAMS_BYTES_MAX)?;
        let budget = amount(value)?;
        let action = Action::SetBudget { token: token.unwrap_or_default(), amount: value, opt };
        let (id, mut job) = admit(ctx, facade, job, Some(action), |ctx, _, job| check(ctx, job, token))?;
        // apply
        job.budget = budget;
        job.token = token.unwrap_or_default();
        save(ctx, id, &mut job)?;
        facade.emit_budget(ctx, id, &job)?;
        // call out
        hooks::after(ctx, id, &job, action)
    })
}

fn check(ctx: &mut Ctx<'_>, job: &Job, token: Option<Address>) -> Result<(), CallError> {
    check_open(ctx, job)?;
    let caller = ctx.caller();
    require(caller == job.client || (caller == job.provider && !caller.is_zero()), E::Unauthorized {})?;
    require(!job.bonded, E::WrongStatus {})?;
    let Some(token) = token else { return Ok(()) };
    require(!token.is_zero(), E::ZeroAddress {})?;
    let changes = !job.token.is_zero() && job.token != token;
    require(!changes || caller == job.client, E::Unauthorized {})?;
    if job.evaluator == COURT {
        require(assay_token::api::is_token(ctx, token)?, E::CourtToken {})?;
    }
    Ok(())
}
