//! `debug_`: traces, and objects in their canonical bytes.

use super::Table;
use super::blocks::{by_hash, by_number};
use super::calls::request;
use super::transactions::raw_transaction;
use crate::api::Api;
use crate::args::{Args, BlockArg};
use crate::error::Answer;
use crate::wire::{raw_block, raw_header, raw_receipt};
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace, TraceResult};
use assay_chain::{BlockRef, CallQuery};
use jsonrpsee::server::RegisterMethodError;
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

async fn trace_transaction(api: Arc<Api>, mut args: Args) -> Answer<GethTrace> {
    let hash: B256 = args.required()?;
    let options: GethDebugTracingOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    Ok(api.chain.trace_transaction(hash, options).await?)
}

async fn trace_call(api: Arc<Api>, mut args: Args) -> Answer<GethTrace> {
    let query = CallQuery::new(request(&mut args)?, args.block()?);
    let options: GethDebugTracingCallOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    Ok(api.chain.trace_call(query, options).await?)
}

async fn trace_block(
    api: Arc<Api>,
    block: fn(&mut Args) -> Answer<BlockRef>,
    mut args: Args,
) -> Answer<Vec<TraceResult>> {
    let block = block(&mut args)?;
    let options: GethDebugTracingOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    Ok(api.chain.trace_block(block, options).await?)
}
