//! EIP-2612: allowances by signature, by a key or a wallet's code.

use super::joined;
use crate::domain::{PERMIT_TYPEHASH, signed};
use crate::error::{self, refuse};
use crate::ledger::{self, check_running};
use crate::state::PERMITS;
use alloy_primitives::{B256, U256};
use assay_abi::token::INativeToken as I;
use assay_kernel::{CallError, Ctx};

pub(crate) fn typehash(_: &mut Ctx<'_>, _: I::PERMIT_TYPEHASHCall) -> Result<B256, CallError> {
    Ok(PERMIT_TYPEHASH)
}

pub(crate) fn nonces(ctx: &mut Ctx<'_>, call: I::noncesCall) -> Result<U256, CallError> {
    Ok(U256::from(PERMITS.get_or_default(ctx, &call.owner)?))
}

pub(crate) fn by_parts(ctx: &mut Ctx<'_>, call: I::permit_0Call) -> Result<I::permit_0Return, CallError> {
    let I::permit_0Call { owner, spender, value, deadline, v, r, s } = call;
    by_bytes(ctx, I::permit_1Call { owner, spender, value, deadline, signature: joined(v, r, s) })?;
    Ok(I::permit_0Return {})
}

pub(crate) fn by_bytes(ctx: &mut Ctx<'_>, call: I::permit_1Call) -> Result<I::permit_1Return, CallError> {
    // check
    check_running(ctx)?;
    if call.deadline < U256::from(ctx.environment().timestamp) {
        return refuse(error::PERMIT_EXPIRED);
    }
    let used = PERMITS.at(ctx, &call.owner)?;
    let nonce = used.get_or_default(ctx)?;
    let (value, deadline) = (call.value.into(), call.deadline.into());
    let (owner, spender) = (call.owner.into_word(), call.spender.into_word());
    let digest = signed(ctx, [PERMIT_TYPEHASH, owner, spender, value, U256::from(nonce).into(), deadline])?;
    if !ctx.is_signed_by(call.owner, digest, &call.signature)? {
        return refuse(error::PERMIT_SIGNATURE);
    }
    // apply
    used.set(ctx, &nonce.saturating_add(1))?;
    ledger::approve(ctx, call.owner, call.spender, call.value)?;
    Ok(I::permit_1Return {})
}
