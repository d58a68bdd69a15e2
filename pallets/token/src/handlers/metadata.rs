//! What a token calls itself, and its EIP-712 domain (EIP-5267).

use crate::params::VERSION;
use crate::state::METADATA;
use crate::types::Metadata;
use crate::{domain, ledger};
use alloy_primitives::{B256, FixedBytes, U256};
use assay_abi::token::INativeToken as I;
use assay_kernel::{CallError, Ctx};
use assay_primitives::Fault;

/// EIP-5267: name, version, chain id and contract are in the domain, a salt is not.
const FIELDS: FixedBytes<1> = FixedBytes([0x0f]);

fn metadata(ctx: &mut Ctx<'_>) -> Result<Metadata, CallError> {
    ledger::control(ctx)?;
    METADATA.get(ctx)?.ok_or_else(|| Fault::invariant(format!("token {} has no name", ctx.address())).into())
}

pub(crate) fn name(ctx: &mut Ctx<'_>, _: I::nameCall) -> Result<String, CallError> {
    Ok(metadata(ctx)?.name)
}

pub(crate) fn symbol(ctx: &mut Ctx<'_>, _: I::symbolCall) -> Result<String, CallError> {
    Ok(metadata(ctx)?.symbol)
}

pub(crate) fn decimals(ctx: &mut Ctx<'_>, _: I::decimalsCall) -> Result<u8, CallError> {
    Ok(metadata(ctx)?.decimals)
}

pub(crate) fn version(_: &mut Ctx<'_>, _: I::versionCall) -> Result<String, CallError> {
    Ok(VERSION.to_owned())
}

pub(crate) fn domain_separator(ctx: &mut Ctx<'_>, _: I::DOMAIN_SEPARATORCall) -> Result<B256, CallError> {
    domain::stored(ctx)
}

pub(crate) fn eip712_domain(ctx: &mut Ctx<'_>, _: I::eip712DomainCall) -> Result<I::eip712DomainReturn, CallError> {
    Ok(I::eip712DomainReturn {
        fields: FIELDS,
        name: metadata(ctx)?.name,
        version: VERSION.to_owned(),
        chainId: U256::from(ctx.environment().chain_id),
        verifyingContract: ctx.address(),
        salt: B256::ZERO,
        extensions: Vec::new(),
    })
}
