//! `eth_`: execution without consequences.

use super::Table;
use crate::api::Api;
use crate::args::Args;
use crate::error::{Answer, RpcError};
use alloy_primitives::{Bytes, U64};
use alloy_rpc_types_eth::{AccessList, TransactionRequest};
use assay_chain::CallQuery;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("eth_call", call)?;
    table.add("eth_estimateGas", estimate)?;
    table.add("eth_createAccessList", create_access_list)
}

/// Reads a message; `input` and `data` may both be given if they agree.
pub(super) fn request(args: &mut Args) -> Answer<TransactionRequest> {
    let mut request: TransactionRequest = args.required()?;
    let input = request
        .input
        .try_into_unique_input()
        .map_err(|_| RpcError::params(r#"both "data" and "input" are set and not equal"#))?;
    request.input = input.into();
    Ok(request)
}

/// Reads message, block, state overrides and block overrides.
fn query(mut args: Args) -> Answer<CallQuery> {
    let mut query = CallQuery::new(request(&mut args)?, args.block()?);
    query.state_overrides = args.optional()?;
    query.block_overrides = args.optional()?;
    args.end()?;
    Ok(query)
}

async fn call(api: Arc<Api>, args: Args) -> Answer<Bytes> {
    Ok(api.chain.call(query(args)?).await?)
}

async fn estimate(api: Arc<Api>, args: Args) -> Answer<U64> {
    Ok(U64::from(api.chain.estimate_gas(query(args)?).await?))
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessListView {
    access_list: AccessList,
    gas_used: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

async fn create_access_list(api: Arc<Api>, args: Args) -> Answer<AccessListView> {
    let outcome = api.chain.create_access_list(query(args)?).await?;
    Ok(AccessListView { access_list: outcome.access_list, gas_used: U64::from(outcome.gas_used), error: outcome.error })
}
