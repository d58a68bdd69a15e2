//! `eth_getLogs`.

use super::Table;
use crate::api::Api;
use crate::args::Args;
use crate::error::Answer;
use crate::log_filter::{LogFilter, LogRange, Resolved};
use crate::wire::LogView;
use alloy_rpc_types_eth::Filter;
use assay_chain::{BlockRef, LogQuery};
use jsonrpsee::server::RegisterMethodError;
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("eth_getLogs", get_logs)
}

async fn get_logs(api: Arc<Api>, mut args: Args) -> Answer<Vec<LogView>> {
    let filter: Filter = args.required()?;
    args.end()?;
    let filter = LogFilter::new(&filter, api.config.limits.filter_terms)?;
    search(&api, filter.query, filter.range).await
}

/// The logs of a range, as far as the chain has it.
pub(super) async fn search(api: &Api, query: LogQuery, range: LogRange) -> Answer<Vec<LogView>> {
    if let LogRange::Block(hash) = range {
        return Ok(LogView::matching(&*api.block(BlockRef::Hash(hash))?, &query));
    }
    match range.resolve(api.chain.head().number())? {
        Resolved::Empty => Ok(Vec::new()),
        Resolved::Heights(from, to) => {
            let entries = api.chain.logs(LogQuery { from, to, ..query }).await?;
            Ok(entries.iter().map(LogView::found).collect())
        }
    }
}
