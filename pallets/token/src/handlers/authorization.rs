//! EIP-3009: transfers that their payer signed and somebody else sends, by a key or a wallet's code.

use super::joined;
use crate::domain::{CANCEL_TYPEHASH, RECEIVE_TYPEHASH, TRANSFER_TYPEHASH, signed};
use crate::error::{self, refuse};
use crate::ledger::{self, check_running};
use crate::state::AUTHORIZATIONS;
use alloy_primitives::{Address, B256, U256};
use assay_abi::token::INativeToken as I;
use assay_kernel::{CallError, Ctx};

/// What a payer signs.
struct Authorization {
    from: Address,
    to: Address,
    value: U256,
    valid_after: U256,
    valid_before: U256,
    nonce: B256,
}

pub(crate) fn transfer_typehash(
    _: &mut Ctx<'_>,
    _: I::TRANSFER_WITH_AUTHORIZATION_TYPEHASHCall,
) -> Result<B256, CallError> {
    Ok(TRANSFER_TYPEHASH)
}

pub(crate) fn receive_typehash(
    _: &mut Ctx<'_>,
    _: I::RECEIVE_WITH_AUTHORIZATION_TYPEHASHCall,
) -> Result<B256, CallError> {
    Ok(RECEIVE_TYPEHASH)
}

pub(crate) fn cancel_typehash(_: &mut Ctx<'_>, _: I::CANCEL_AUTHORIZATION_TYPEHASHCall) -> Result<B256, CallError> {
    Ok(CANCEL_TYPEHASH)
}

pub(crate) fn state(ctx: &mut Ctx<'_>, call: I::authorizationStateCall) -> Result<bool, CallError> {
    AUTHORIZATIONS.get_or_default(ctx, &(call.authorizer, call.nonce))
}

pub(crate) fn transfer_by_parts(
    ctx: &mut Ctx<'_>,
    call: I::transferWithAuthorization_0Call,
) -> Result<I::transferWithAuthorization_0Return, CallError> {
    let I::transferWithAuthorization_0Call { from, to, value, validAfter, validBefore, nonce, v, r, s } = call;
    let asked = Authorization { from, to, value, valid_after: validAfter, valid_before: validBefore, nonce };
    use_authorization(ctx, TRANSFER_TYPEHASH, &asked, &joined(v, r, s))?;
    Ok(I::transferWithAuthorization_0Return {})
}

pub(crate) fn transfer_by_bytes(
    ctx: &mut Ctx<'_>,
    call: I::transferWithAuthorization_1Call,
) -> Result<I::transferWithAuthorization_1Return, CallError> {
    let I::transferWithAuthorization_1Call { from, to, value, validAfter, validBefore, nonce, signature } = call;
    let asked = Authorization { from, to, value, valid_after: validAfter, valid_before: validBefore, nonce };
    use_authorization(ctx, TRANSFER_TYPEHASH, &asked, &signature)?;
    Ok(I::transferWithAuthorization_1Return {})
}

pub(crate) fn receive_by_parts(
    ctx: &mut Ctx<'_>,
    call: I::receiveWithAuthorization_0Call,
) -> Result<I::receiveWithAuthorization_0Return, CallError> {
    let I::receiveWithAuthorization_0Call { from, to, value, validAfter, validBefore, nonce, v, r, s } = call;
    let asked = Authorization { from, to, value, valid_after: validAfter, valid_before: validBefore, nonce };
    use_authorization(ctx, RECEIVE_TYPEHASH, &asked, &joined(v, r, s))?;
    Ok(I::receiveWithAuthorization_0Return {})
}

pub(crate) fn receive_by_bytes(
    ctx: &mut Ctx<'_>,
    call: I::receiveWithAuthorization_1Call,
) -> Result<I::receiveWithAuthorization_1Return, CallError> {
    let I::receiveWithAuthorization_1Call { from, to, value, validAfter, validBefore, nonce, signature } = call;
    let asked = Authorization { from, to, value, valid_after: validAfter, valid_before: validBefore, nonce };
    use_authorization(ctx, RECEIVE_TYPEHASH, &asked, &signature)?;
    Ok(I::receiveWithAuthorization_1Return {})
}

/// The checks stand in the reference's order, so that a caller hears of the same fault first.
fn use_authorization(
    ctx: &mut Ctx<'_>,
    typehash: B256,
    asked: &Authorization,
    signature: &[u8],
) -> Result<(), CallError> {
    // check
    check_running(ctx)?;
    ledger::check_free(ctx, asked.from)?;
    ledger::check_free(ctx, asked.to)?;
    if typehash == RECEIVE_TYPEHASH && asked.to != ctx.caller() {
        return refuse(error::NOT_PAYEE);
    }
    let now = U256::from(ctx.environment().timestamp);
    if now <= asked.valid_after {
        return refuse(error::NOT_YET_VALID);
    }
    if now >= asked.valid_before {
        return refuse(error::EXPIRED);
    }
    let used = AUTHORIZATIONS.at(ctx, &(asked.from, asked.nonce))?;
    if used.get_or_default(ctx)? {
        return refuse(error::USED);
    }
    let (from, to) = (asked.from.into_word(), asked.to.into_word());
    let (value, after, before) = (asked.value.into(), asked.valid_after.into(), asked.valid_before.into());
    let digest = signed(ctx, [typehash, from, to, value, after, before, asked.nonce])?;
    if !ctx.is_signed_by(asked.from, digest, signature)? {
        return refuse(error::SIGNATURE);
    }
    // apply
    used.set(ctx, &true)?;
    ctx.emit(&I::AuthorizationUsed { authorizer: asked.from, nonce: asked.nonce })?;
    ledger::transfer(ctx, asked.from, asked.to, asked.value)
}

pub(crate) fn cancel_by_parts(
    ctx: &mut Ctx<'_>,
    call: I::cancelAuthorization_0Call,
) -> Result<I::cancelAuthorization_0Return, CallError> {
    let I::cancelAuthorization_0Call { authorizer, nonce, v, r, s } = call;
    cancel_by_bytes(ctx, I::cancelAuthorization_1Call { authorizer, nonce, signature: joined(v, r, s) })?;
    Ok(I::cancelAuthorization_0Return {})
}

pub(crate) fn cancel_by_bytes(
    ctx: &mut Ctx<'_>,
    call: I::cancelAuthorization_1Call,
) -> Result<I::cancelAuthorization_1Return, CallError> {
    check_running(ctx)?;
    let used = AUTHORIZATIONS.at(ctx, &(call.authorizer, call.nonce))?;
    if used.get_or_default(ctx)? {
        return refuse(error::USED);
    }
    let digest = signed(ctx, [CANCEL_TYPEHASH, call.authorizer.into_word(), call.nonce])?;
    if !ctx.is_signed_by(call.authorizer, digest, &call.signature)? {
        return refuse(error::SIGNATURE);
    }
    used.set(ctx, &true)?;
    ctx.emit(&I::AuthorizationCanceled { authorizer: call.authorizer, nonce: call.nonce })?;
    Ok(I::cancelAuthorization_1Return {})
}
