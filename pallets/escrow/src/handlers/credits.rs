//! Payments that wait for their payees.

use crate::facade::Facade;
use crate::money;
use crate::state::CREDITS;
use alloy_primitives::{Address, U256};
use assay_kernel::{CallError, Ctx};

pub(crate) fn credit_of(
    ctx: &mut Ctx<'_>,
    facade: Facade,
    token: Address,
    account: Address,
) -> Result<U256, CallError> {
    Facade::on_view(ctx, |ctx| CREDITS.get_or_default(ctx, &(facade.number(), token, account)))
}

pub(crate) fn withdraw(ctx: &mut Ctx<'_>, facade: Facade, token: Address) -> Result<U256, CallError> {
    Facade::on_store(ctx, |ctx| {
        let payee = ctx.caller();
        money::withdraw(ctx, facade, token, payee)
    })
}
