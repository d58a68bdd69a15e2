//! `eth_`: blocks and headers.

use super::Table;
use crate::api::Api;
use crate::args::{Args, BlockArg};
use crate::error::Answer;
use crate::wire::{BlockView, HeaderView, ReceiptView};
use alloy_primitives::{B256, U64};
use assay_chain::{BlockRef, CommittedBlock};
use jsonrpsee::server::RegisterMethodError;
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("eth_getBlockByNumber", |api, mut args| {
        let block = args.required::<BlockArg>()?.reference();
        view(api, block, args)
    })?;
    table.plain("eth_getBlockByHash", |api, mut args| {
        let block = BlockRef::Hash(args.required()?);
        view(api, block, args)
    })?;
    table.plain("eth_getHeaderByNumber", |api, mut args| {
        let block = args.required::<BlockArg>()?.reference();
        args.end()?;
        Ok(api.find_block(block)?.map(|block| HeaderView::new(&block)))
    })?;
    table.plain("eth_getHeaderByHash", |api, mut args| {
        let block = BlockRef::Hash(args.required()?);
        args.end()?;
        Ok(api.find_block(block)?.map(|block| HeaderView::new(&block)))
    })?;
    table.plain("eth_getBlockReceipts", |api, mut args| {
        let block = args.required::<BlockArg>()?.reference();
        args.end()?;
        Ok(api.find_block(block)?.map(|block| ReceiptView::all(&block)))
    })?;
    table.plain("eth_getBlockTransactionCountByNumber", |api, args| count(api, by_number, args, transactions))?;
    table.plain("eth_getBlockTransactionCountByHash", |api, args| count(api, by_hash, args, transactions))?;
    table.plain("eth_getUncleCountByBlockNumber", |api, args| count(api, by_number, args, |_| 0))?;
    table.plain("eth_getUncleCountByBlockHash", |api, args| count(api, by_hash, args, |_| 0))?;
    // There are no uncles, in any block.
    table.plain("eth_getUncleByBlockNumberAndIndex", |_, _| Ok(None::<BlockView>))?;
    table.plain("eth_getUncleByBlockHashAndIndex", |_, _| Ok(None::<BlockView>))
}

fn view(api: &Api, block: BlockRef, mut args: Args) -> Answer<Option<BlockView>> {
    let full = args.optional()?.unwrap_or(false);
    args.end()?;
    Ok(api.find_block(block)?.map(|block| BlockView::new(&block, full)))
}

/// Reads a block by number or tag.
pub(super) fn by_number(args: &mut Args) -> Answer<BlockRef> {
    Ok(args.required::<BlockArg>()?.reference())
}

/// Reads a block by hash.
pub(super) fn by_hash(args: &mut Args) -> Answer<BlockRef> {
    Ok(BlockRef::Hash(args.required::<B256>()?))
}

fn transactions(block: &CommittedBlock) -> usize {
    block.transactions.len()
}

fn count(
    api: &Api,
    block: fn(&mut Args) -> Answer<BlockRef>,
    mut args: Args,
    count: fn(&CommittedBlock) -> usize,
) -> Answer<Option<U64>> {
    let block = block(&mut args)?;
    args.end()?;
    Ok(api.find_block(block)?.map(|block: Arc<CommittedBlock>| U64::from(count(&block))))
}
