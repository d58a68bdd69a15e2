//! `eth_`: filters, for clients that poll.

use super::Table;
use super::logs::search;
use crate::api::{Api, random_id};
use crate::args::Args;
use crate::error::{Answer, RpcError};
use crate::filters::Filter;
use crate::log_filter::{LogFilter, LogRange};
use crate::wire::LogView;
use alloy_primitives::{B256, U128};
use assay_chain::{BlockRef, LogQuery};
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;

/// Most blocks that one poll reports; the next poll goes on.
const POLL_BLOCKS_MAX: u64 = 1024;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("eth_newFilter", new_filter)?;
    table.plain("eth_newBlockFilter", |api, args| {
        args.end()?;
        let next = api.chain.head().number() + 1;
        install(api, Filter::Blocks { next })
    })?;
    table.plain("eth_newPendingTransactionFilter", |api, _| {
        let next = api.pending.next();
        install(api, Filter::Pending { next })
    })?;
    table.plain("eth_uninstallFilter", |api, mut args| {
        let id: U128 = args.required()?;
        args.end()?;
        Ok(api.filters.remove(id.to()))
    })?;
    table.add("eth_getFilterChanges", changes)?;
    table.add("eth_getFilterLogs", filter_logs)
}

fn install(api: &Api, filter: Filter) -> Answer<U128> {
    Ok(U128::from(api.filters.add(filter, random_id(), Instant::now())?))
}

fn new_filter(api: &Api, mut args: Args) -> Answer<U128> {
    let filter: alloy_rpc_types_eth::Filter = args.required()?;
    args.end()?;
    let LogFilter { mut query, range } = LogFilter::new(&filter, api.config.limits.filter_terms)?;
    let LogRange::Heights { from, to } = range else {
        return Err(RpcError::params("a filter cannot watch one block; use eth_getLogs"));
    };
    let next = api.chain.head().number() + 1;
    range.resolve(next)?;
    query.from = from.unwrap_or(next);
    query.to = to.unwrap_or(u64::MAX);
    install(api, Filter::Logs { next: next.max(query.from), query, bounded: to.is_some() })
}

#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Changes {
    Hashes(Vec<B256>),
    Logs(Vec<LogView>),
}

async fn changes(api: Arc<Api>, mut args: Args) -> Answer<Changes> {
    let id: u128 = args.required::<U128>()?.to();
    args.end()?;
    match api.filters.get(id, Instant::now())? {
        Filter::Pending { next } => {
            let (hashes, next) = api.pending.since(next);
            api.filters.advance(id, next);
            Ok(Changes::Hashes(hashes))
        }
        Filter::Blocks { next } => {
            let last = api.chain.head().number().min(next.saturating_add(POLL_BLOCKS_MAX - 1));
            let mut hashes = Vec::new();
            for number in next..=last {
                hashes.push(api.block(BlockRef::Number(number))?.hash);
            }
            api.filters.advance(id, last + 1);
            Ok(Changes::Hashes(hashes))
        }
        Filter::Logs { query, bounded, next } => {
            let head = api.chain.head().number();
            let end = if bounded { query.to } else { head };
            let last = head.min(end).min(next.saturating_add(POLL_BLOCKS_MAX - 1));
            if next > last {
                return Ok(Changes::Logs(Vec::new()));
            }
            let logs = search(&api, query, LogRange::Heights { from: Some(next), to: Some(last) }).await?;
            api.filters.advance(id, last + 1);
            Ok(Changes::Logs(logs))
        }
    }
}

async fn filter_logs(api: Arc<Api>, mut args: Args) -> Answer<Vec<LogView>> {
    let id: u128 = args.required::<U128>()?.to();
    args.end()?;
    let Filter::Logs { query, .. } = api.filters.get(id, Instant::now())? else {
        return Err(RpcError::new(crate::error::REFUSED, "wrong_filter", "filter is not a log filter"));
    };
    let range = LogRange::Heights { from: Some(query.from), to: Some(query.to) };
    search(&api, LogQuery { from: 0, to: 0, ..query }, range).await
}
