//! `eth_`: transactions in and out.

use super::Table;
use super::blocks::{by_hash, by_number};
use crate::api::Api;
use crate::args::{Args, Quantity};
use crate::error::{Answer, RpcError};
use crate::wire::{ReceiptView, TransactionView};
use alloy_primitives::{B256, Bytes};
use assay_chain::{BlockRef, TxLocation};
use jsonrpsee::server::RegisterMethodError;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("eth_sendRawTransaction", send)?;
    table.add("eth_sendRawTransactionSync", send_sync)?;
    table.plain("eth_getTransactionByHash", by_tx_hash)?;
    table.plain("eth_getRawTransactionByHash", raw_by_hash)?;
    table.plain("eth_getTransactionReceipt", receipt)?;
    table.plain("eth_getTransactionByBlockNumberAndIndex", |api, args| at_index(api, by_number, args, view_at))?;
    table.plain("eth_getTransactionByBlockHashAndIndex", |api, args| at_index(api, by_hash, args, view_at))?;
    table.plain("eth_getRawTransactionByBlockNumberAndIndex", |api, args| at_index(api, by_number, args, raw_at))?;
    table.plain("eth_getRawTransactionByBlockHashAndIndex", |api, args| at_index(api, by_hash, args, raw_at))
}

async fn send(api: Arc<Api>, mut args: Args) -> Answer<B256> {
    let raw: Bytes = args.required()?;
    args.end()?;
    Ok(api.chain.submit(raw).await?)
}

/// EIP-7966: takes a transaction and answers with its receipt, which is final. The timeout is in milliseconds, as a
/// number or as a quantity; zero means the default.
async fn send_sync(api: Arc<Api>, mut args: Args) -> Answer<ReceiptView> {
    let raw: Bytes = args.required()?;
    let timeout_ms = args.optional::<Quantity>()?;
    args.end()?;
    let limits = &api.config.limits;
    let timeout = match timeout_ms {
        None | Some(Quantity(0)) => limits.send_sync_default,
        Some(Quantity(timeout_ms)) => Duration::from_millis(timeout_ms),
    };
    let location = api.chain.submit_and_wait(raw, timeout.min(limits.send_sync_max)).await?;
    ReceiptView::located(&location).ok_or_else(|| RpcError::internal("a located transaction has no receipt"))
}

fn by_tx_hash(api: &Api, mut args: Args) -> Answer<Option<TransactionView>> {
    let hash: B256 = args.required()?;
    args.end()?;
    // The pool first: a transaction leaves it only after its block can be read.
    let pooled = api.chain.pool_transaction(hash);
    match api.chain.transaction(hash)? {
        Some(location) => Ok(TransactionView::located(&location)),
        None => Ok(pooled.map(|tx| TransactionView::pooled(&tx))),
    }
}

fn raw_by_hash(api: &Api, mut args: Args) -> Answer<Option<Bytes>> {
    let hash: B256 = args.required()?;
    args.end()?;
    raw_transaction(api, hash)
}

/// The bytes of a transaction, committed or waiting.
pub(super) fn raw_transaction(api: &Api, hash: B256) -> Answer<Option<Bytes>> {
    let pooled = api.chain.pool_transaction(hash);
    match api.chain.transaction(hash)? {
        Some(location) => Ok(location.transaction().map(|tx| tx.raw.clone())),
        None => Ok(pooled.map(|tx| tx.raw().clone())),
    }
}

fn receipt(api: &Api, mut args: Args) -> Answer<Option<ReceiptView>> {
    let hash: B256 = args.required()?;
    args.end()?;
    Ok(api.chain.transaction(hash)?.and_then(|location| ReceiptView::located(&location)))
}

fn view_at(location: &TxLocation) -> Option<TransactionView> {
    TransactionView::located(location)
}

fn raw_at(location: &TxLocation) -> Option<Bytes> {
    location.transaction().map(|tx| tx.raw.clone())
}

fn at_index<T>(
    api: &Api,
    block: fn(&mut Args) -> Answer<BlockRef>,
    mut args: Args,
    view: fn(&TxLocation) -> Option<T>,
) -> Answer<Option<T>> {
    let (block, Quantity(index)) = (block(&mut args)?, args.required()?);
    args.end()?;
    let Ok(index) = usize::try_from(index) else { return Ok(None) };
    Ok(api.find_block(block)?.and_then(|block| view(&TxLocation { block, index })))
}
