//! `eth_subscribe`: new heads, logs, pending transactions, changes of agents and of jobs.
//!
//! Heads, logs and changes are read from the chain by height, an event only wakes the reader, so none is ever missed or sent
//! twice, however bursts fall. `fromBlock` resumes at a height: `["newHeads", {"fromBlock": "0x10"}]`, or the field of
//! a log filter, or of the options of `agents` and `jobs`. Pending transactions are events only; where a reader lags behind the event bus, a notification
//! `assay_subscriptionLagged` says how many it missed. A client that does not read loses its subscription.

use crate::api::{Api, random_id};
use crate::args::{Args, Quantity};
use crate::changes::{ChangeFilter, agent_changes, job_changes};
use crate::error::{Answer, RpcError};
use crate::log_filter::{LogFilter, LogRange};
use crate::wire::{HeaderView, LogView, TransactionView};
use alloy_primitives::U128;
use assay_chain::{BlockRef, ChainEvent, CommittedBlock, LogQuery};
use assay_identity::registries::registries_of;
use jsonrpsee::RpcModule;
use jsonrpsee::core::traits::IdProvider;
use jsonrpsee::core::{SubscriptionError, to_json_raw_value};
use jsonrpsee::server::{
    PendingSubscriptionSink, RegisterMethodError, SendTimeoutError, SubscriptionMessage, SubscriptionSink,
};
use jsonrpsee::types::{Params, SubscriptionId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// The method that subscribes.
pub const SUBSCRIBE: &str = "eth_subscribe";
/// The method that ends a subscription.
pub const UNSUBSCRIBE: &str = "eth_unsubscribe";
const NOTIFICATION: &str = "eth_subscription";
const LAGGED: &str = "assay_subscriptionLagged";

/// Subscription ids as geth writes them.
#[derive(Debug)]
pub struct HexIds;

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        format!("{:#x}", U128::from(random_id())).into()
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Heads { from: Option<u64> },
    Logs { query: LogQuery, from: Option<u64> },
    Agents { of: ChangeFilter, from: Option<u64> },
    Jobs { of: ChangeFilter, from: Option<u64> },
    Pending { full: bool },
}

impl Kind {
    /// Where it resumes.
    const fn from(&self) -> Option<u64> {
        match self {
            Self::Heads { from } | Self::Logs { from, .. } | Self::Agents { from, .. } | Self::Jobs { from, .. } => {
                *from
            }
            Self::Pending { .. } => None,
        }
    }
}

/// Options of `agents` and `jobs`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChangeOptions {
    from_block: Option<Quantity>,
    agent_id: Option<Quantity>,
    job_id: Option<Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resume {
    from_block: Option<Quantity>,
}

/// Why a subscription ends early.
struct Gone;

pub fn add(module: &mut RpcModule<Api>) -> Result<(), RegisterMethodError> {
    module.register_subscription(SUBSCRIBE, NOTIFICATION, UNSUBSCRIBE, |params, pending, api, _| {
        serve(params, pending, api)
    })?;
    Ok(())
}

async fn serve(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    api: Arc<Api>,
) -> Result<(), SubscriptionError> {
    let kind = match kind(&params, &api) {
        Ok(kind) => kind,
        Err(error) => {
            pending.reject(error).await;
            return Ok(());
        }
    };
    // Events from before the client learns its id must not be lost.
    let head = api.chain.head().number();
    let events = matches!(kind, Kind::Pending { .. }).then(|| api.chain.subscribe());
    let Ok(sink) = pending.accept().await else { return Ok(()) };
    let _open = api.metrics.subscription();
    let ended = match (kind, events) {
        (Kind::Heads { from }, _) => {
            let next = from.unwrap_or(head + 1);
            follow(&api, &sink, next, |block| vec![raw(&HeaderView::new(block))]).await
        }
        (Kind::Logs { query, from }, _) => {
            let next = from.unwrap_or(head + 1);
            follow(&api, &sink, next, |block| LogView::matching(block, &query).iter().map(raw).collect()).await
        }
        (Kind::Agents { of, from }, _) => {
            let registries = registries_of(api.chain.spec().kind);
            follow(&api, &sink, from.unwrap_or(head + 1), |block| agent_changes(block, registries, of)).await
        }
        (Kind::Jobs { of, from }, _) => {
            follow(&api, &sink, from.unwrap_or(head + 1), |block| job_changes(block, of)).await
        }
        (Kind::Pending { full }, Some(events)) => follow_pool(&api, &sink, events, full).await,
        (Kind::Pending { .. }, None) => Ok(()),
    };
    let _: Result<(), Gone> = ended;
    Ok(())
}

fn kind(params: &Params<'_>, api: &Api) -> Answer<Kind> {
    let mut args = Args::new(params)?;
    let limits = &api.config.limits;
    let name: String = args.required()?;
    let kind = match name.as_str() {
        "newHeads" => {
            let resume: Option<Resume> = args.optional()?;
            Kind::Heads { from: resume.and_then(|resume| resume.from_block).map(|from| from.0) }
        }
        "logs" => {
            let filter: alloy_rpc_types_eth::Filter = args.optional()?.unwrap_or_default();
            let filter = LogFilter::new(&filter, limits.filter_terms)?;
            match filter.range {
                LogRange::Heights { from, .. } => Kind::Logs { query: filter.query, from },
                LogRange::Block(_) => return Err(RpcError::params("a subscription cannot watch one block")),
            }
        }
        "agents" | "jobs" => {
            let options: ChangeOptions = args.optional()?.unwrap_or_default();
            let from = options.from_block.map(|from| from.0);
            match (name.as_str(), options.agent_id, options.job_id) {
                ("agents", of, None) => Kind::Agents { of: of.map(|of| of.0), from },
                ("jobs", None, of) => Kind::Jobs { of: of.map(|of| of.0), from },
                _ => return Err(RpcError::params("agents take agentId, jobs take jobId")),
            }
        }
        "newPendingTransactions" => Kind::Pending { full: args.optional()?.unwrap_or(false) },
        _ => {
            return Err(RpcError::params(
                "no such subscription: newHeads, logs, newPendingTransactions, agents or jobs",
            ));
        }
    };
    args.end()?;
    if let Some(from) = kind.from() {
        let head = api.chain.head().number();
        if head.saturating_sub(from) >= limits.resume_blocks {
            let message = format!("fromBlock is more than {} blocks back", limits.resume_blocks);
            return Err(RpcError::limit("range_too_large", message, "maxRange", limits.resume_blocks));
        }
        // What is not kept cannot be told again; better to say so now than to fall silent.
        if from <= head {
            api.block(BlockRef::Number(from))?;
        }
    }
    Ok(kind)
}

/// A message that serialises always; if it did not, the client would get `null`.
fn raw<T: Serialize>(message: &T) -> Box<RawValue> {
    to_json_raw_value(message).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

async fn send(api: &Api, sink: &SubscriptionSink, message: impl Into<SubscriptionMessage>) -> Result<(), Gone> {
    sink.send_timeout(message, api.config.limits.stall_timeout).await.map_err(|error| {
        if matches!(error, SendTimeoutError::Timeout(_)) {
            api.metrics.drop_subscription("slow_reader", 1);
        }
        Gone
    })
}

/// Tells the client that it missed something.
async fn lagged(api: &Api, sink: &SubscriptionSink, skipped: u64) -> Result<(), Gone> {
    api.metrics.drop_subscription("lagged", skipped);
    match SubscriptionMessage::new(LAGGED, sink.subscription_id(), &json!({ "skipped": skipped })) {
        Ok(message) => send(api, sink, message).await,
        Err(_) => Ok(()),
    }
}

/// Sends what `messages` makes of every block from `next` on.
async fn follow(
    api: &Api,
    sink: &SubscriptionSink,
    mut next: u64,
    messages: impl Fn(&CommittedBlock) -> Vec<Box<RawValue>>,
) -> Result<(), Gone> {
    let (mut heads, mut stopping) = (api.heads.clone(), api.stopping.clone());
    loop {
        heads.borrow_and_update();
        let head = api.chain.head();
        let behind = head.number().saturating_sub(next);
        if behind > api.config.limits.resume_blocks {
            lagged(api, sink, behind).await?;
            next = head.number();
        }
        while next <= head.number() {
            let block = if next == head.number() {
                Arc::clone(&head)
            } else {
                api.block(BlockRef::Number(next)).map_err(|_| Gone)?
            };
            for message in messages(&block) {
                send(api, sink, message).await?;
            }
            next += 1;
        }
        tokio::select! {
            () = sink.closed() => return Ok(()),
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(()),
            changed = heads.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

async fn follow_pool(
    api: &Api,
    sink: &SubscriptionSink,
    mut events: tokio::sync::broadcast::Receiver<ChainEvent>,
    full: bool,
) -> Result<(), Gone> {
    let mut stopping = api.stopping.clone();
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(()),
            event = events.recv() => event,
        };
        match event {
            Ok(ChainEvent::PendingTx(tx)) => {
                let message = if full { raw(&TransactionView::pooled(&tx)) } else { raw(&tx.hash()) };
                send(api, sink, message).await?;
            }
            Ok(ChainEvent::NewBlock(_)) => {}
            Err(RecvError::Lagged(skipped)) => lagged(api, sink, skipped).await?,
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Wakes subscriptions at new heads. Ends when the chain or the server does.
pub async fn track_blocks(
    api: std::sync::Weak<Api>,
    mut blocks: tokio::sync::broadcast::Receiver<Arc<CommittedBlock>>,
    heads: tokio::sync::watch::Sender<u64>,
) {
    loop {
        let received = blocks.recv().await;
        let Some(api) = api.upgrade() else { return };
        match received {
            Ok(block) => heads.send_replace(block.number()),
            Err(RecvError::Lagged(_)) => heads.send_replace(api.chain.head().number()),
            Err(RecvError::Closed) => return,
        };
        api.filters.expire(std::time::Instant::now());
    }
}

/// Writes what enters the pool into the log of pending hashes. Ends when the chain or the server does.
pub async fn track_pool(api: std::sync::Weak<Api>, mut events: tokio::sync::broadcast::Receiver<ChainEvent>) {
    loop {
        let event = events.recv().await;
        let Some(api) = api.upgrade() else { return };
        match event {
            Ok(ChainEvent::PendingTx(tx)) => api.pending.push(tx.hash()),
            Ok(ChainEvent::NewBlock(_)) => {}
            Err(RecvError::Lagged(skipped)) => api.metrics.drop_subscription("pending_log_lagged", skipped),
            Err(RecvError::Closed) => return,
        }
    }
}
