//! `debug_`: traces, and objects in their canonical bytes.

use super::Table;
use super::blocks::{by_hash, by_number};
use super::calls::request;
use super::transactions::raw_transaction;
use crate::api::Api;
use crate::args::{Args, BlockArg};
use crate::error::{Answer, RpcError};
use crate::revert::name_frames;
use crate::wire::{raw_block, raw_header, raw_receipt};
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace, TraceResult};
use assay_chain::{BlockRef, CallQuery};
use jsonrpsee::server::RegisterMethodError;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("debug_traceTransaction", trace_transaction)?;
    table.add("debug_traceCall", trace_call)?;
    table.add("debug_traceBlockByNumber", |api, args| trace_block(api, by_number, args))?;
    table.add("debug_traceBlockByHash", |api, args| trace_block(api, by_hash, args))?;
    table.plain("debug_getRawHeader", |api, args| Ok(raw_header(&*block(api, args)?)))?;
    table.plain("debug_getRawBlock", |api, args| Ok(raw_block(&*block(api, args)?)))?;
    table.plain("debug_getRawReceipts", |api, args| {
        Ok(block(api, args)?.receipts.iter().map(raw_receipt).collect::<Vec<Bytes>>())
    })?;
    table.plain("debug_getRawTransaction", |api, mut args| {
        let hash: B256 = args.required()?;
        args.end()?;
        raw_transaction(api, hash)
    })
}

fn block(api: &Api, mut args: Args) -> Answer<Arc<assay_chain::CommittedBlock>> {
    let block = args.required::<BlockArg>()?.reference();
    args.end()?;
    api.block(block)
}

/// A trace, the frames of a call tracer with the names of native functions and errors.
fn named(trace: &GethTrace) -> Answer<Value> {
    let mut value = serde_json::to_value(trace).map_err(|error| RpcError::internal(&error.to_string()))?;
    if matches!(trace, GethTrace::CallTracer(_)) {
        name_frames(&mut value);
    }
    Ok(value)
}

async fn trace_transaction(api: Arc<Api>, mut args: Args) -> Answer<Value> {
    let hash: B256 = args.required()?;
    let options: GethDebugTracingOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    named(&api.chain.trace_transaction(hash, options).await?)
}

async fn trace_call(api: Arc<Api>, mut args: Args) -> Answer<Value> {
    let query = CallQuery::new(request(&mut args)?, args.block()?);
    let options: GethDebugTracingCallOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    named(&api.chain.trace_call(query, options).await?)
}

async fn trace_block(api: Arc<Api>, block: fn(&mut Args) -> Answer<BlockRef>, mut args: Args) -> Answer<Vec<Value>> {
    let block = block(&mut args)?;
    let options: GethDebugTracingOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    let traces = api.chain.trace_block(block, options).await?;
    let one = |traced: &TraceResult| match traced {
        TraceResult::Success { result, tx_hash } => Ok(json!({ "result": named(result)?, "txHash": tx_hash })),
        TraceResult::Error { error, tx_hash } => Ok(json!({ "error": error, "txHash": tx_hash })),
    };
    traces.iter().map(one).collect()
}
