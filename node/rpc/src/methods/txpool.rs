//! `txpool_`: what waits.

use super::Table;
use crate::api::Api;
use crate::args::Args;
use crate::error::Answer;
use crate::wire::TransactionView;
use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U64};
use assay_chain::SenderContent;
use assay_primitives::CheckedTx;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("txpool_status", |api, _| {
        let status = api.chain.pool_status();
        Ok(Parts { pending: U64::from(status.pending), queued: U64::from(status.queued) })
    })?;
    table.plain("txpool_content", |api, _| Ok(listing(api, TransactionView::pooled)))?;
    table.plain("txpool_inspect", |api, _| Ok(listing(api, summary)))?;
    table.plain("txpool_contentFrom", content_from)
}

#[derive(Clone, Serialize)]
struct Parts<T> {
    pending: T,
    queued: T,
}

/// Decimal nonce -> transaction, in nonce order.
#[derive(Clone)]
struct ByNonce<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for ByNonce<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(nonce, entry)| (nonce, entry)))
    }
}

fn by_nonce<T>(transactions: &[Arc<CheckedTx>], view: fn(&CheckedTx) -> T) -> ByNonce<T> {
    ByNonce(transactions.iter().map(|tx| (tx.nonce().to_string(), view(tx))).collect())
}

type BySender<T> = BTreeMap<String, ByNonce<T>>;

fn listing<T>(api: &Api, view: fn(&CheckedTx) -> T) -> Parts<BySender<T>> {
    let mut parts = Parts { pending: BTreeMap::new(), queued: BTreeMap::new() };
    for SenderContent { sender, pending, queued } in api.chain.pool_content() {
        for (part, transactions) in [(&mut parts.pending, pending), (&mut parts.queued, queued)] {
            if !transactions.is_empty() {
                part.insert(sender.to_checksum(None), by_nonce(&transactions, view));
            }
        }
    }
    parts
}

fn content_from(api: &Api, mut args: Args) -> Answer<Parts<ByNonce<TransactionView>>> {
    let sender: Address = args.required()?;
    args.end()?;
    let content = api.chain.pool_content_from(sender);
    Ok(Parts {
        pending: by_nonce(&content.pending, TransactionView::pooled),
        queued: by_nonce(&content.queued, TransactionView::pooled),
    })
}

/// One line per transaction, in geth's form.
fn summary(tx: &CheckedTx) -> String {
    let envelope = tx.envelope();
    let to = envelope.to().map_or_else(|| "contract creation".to_owned(), |to| to.to_checksum(None));
    let (value, gas, price) = (envelope.value(), envelope.gas_limit(), envelope.max_fee_per_gas());
    format!("{to}: {value} wei + {gas} gas × {price} wei")
}
