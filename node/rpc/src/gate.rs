//! What every call passes, over HTTP and WebSocket, alone or in a batch: nesting, rate, calls in flight, metrics.

use crate::config::Limits;
use crate::error::{INVALID_REQUEST, LIMIT, NO_METHOD, RpcError};
use crate::metrics::RpcMetrics;
use crate::rate::{RateLimit, cost};
use crate::scan::shape;
use crate::subscribe::{SUBSCRIBE, UNSUBSCRIBE};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use jsonrpsee::server::BatchResponseBuilder;
use jsonrpsee::server::middleware::rpc::{Batch, BatchEntry, MethodResponse, Notification, Request, RpcServiceT};
use jsonrpsee::types::{ErrorObjectOwned, Id};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;

/// Where a call comes from; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The client's address.
    pub address: IpAddr,
    /// Whether the transport can carry notifications.
    pub notifications: bool,
}

/// An extension of answers that refuse for now: when to try again, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct RetryAfter(pub u64);

/// What all connections share.
#[derive(Debug)]
pub struct GateState {
    limits: Limits,
    rate: RateLimit,
    in_flight: Semaphore,
    waiting: Semaphore,
    names: BTreeSet<&'static str>,
    metrics: RpcMetrics,
}

impl GateState {
    /// For a server of these methods.
    pub fn new(limits: &Limits, names: Vec<&'static str>, metrics: RpcMetrics) -> Self {
        Self {
            rate: RateLimit::new(limits.rate_per_second, limits.rate_loopback),
            in_flight: Semaphore::new(limits.in_flight),
            waiting: Semaphore::new(limits.waiting),
            names: names.into_iter().collect(),
            limits: limits.clone(),
            metrics,
        }
    }

    /// Whether a call may run, before it takes its place.
    fn check(&self, request: &Request<'_>) -> Result<(), RpcError> {
        let method = request.method_name();
        let peer = request.extensions().get::<Peer>().copied();
        if let Some(peer) = peer {
            self.rate.take(peer.address, cost(method)).map_err(|wait_ms| {
                self.metrics.reject("rate_limited");
                RpcError::busy("rate_limited", wait_ms)
            })?;
        }
        if !self.names.contains(method) {
            return Err(RpcError::no_method(method));
        }
        if matches!(method, SUBSCRIBE | UNSUBSCRIBE) && peer.is_some_and(|peer| !peer.notifications) {
            return Err(RpcError { code: NO_METHOD, message: "notifications not supported".to_owned(), data: None });
        }
        let depth = request.params.as_ref().map_or(0, |params| shape(params.get().as_bytes()).depth);
        if depth > self.limits.json_depth {
            self.metrics.reject("too_deep");
            return Err(too_deep(self.limits.json_depth));
        }
        Ok(())
    }

    /// Calls that only wait do not take the place of those that work.
    fn place(&self, method: &str) -> &Semaphore {
        if method == "eth_sendRawTransactionSync" { &self.waiting } else { &self.in_flight }
    }
}

/// A request nests too deep.
pub fn too_deep(max: usize) -> RpcError {
    RpcError::new(INVALID_REQUEST, "too_deep", format!("the JSON nests deeper than {max} levels"))
}

/// Puts a [`Gate`] before a service.
#[derive(Clone, Debug)]
pub struct GateLayer(pub Arc<GateState>);

impl<S> tower::Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, state: Arc::clone(&self.0) }
    }
}

/// The gate before the methods.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    inner: S,
    state: Arc<GateState>,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    data: Option<RefusalReason>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefusalReason {
    retry_after_ms: Option<u64>,
}

fn refuse(id: Id<'_>, error: RpcError) -> MethodResponse {
    MethodResponse::error(id, ErrorObjectOwned::from(error))
}

/// Marks answers that refuse for now, so that HTTP can say so in its own terms.
fn mark(mut response: MethodResponse) -> MethodResponse {
    if response.as_error_code() == Some(LIMIT)
        && let Ok(refusal) = serde_json::from_str::<Refusal>(response.as_json().get())
        && let Some(retry_after_ms) = refusal.error.data.and_then(|data| data.retry_after_ms)
    {
        response.extensions_mut().insert(RetryAfter(retry_after_ms));
    }
    response
}

impl<S> Gate<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    async fn serve(self, request: Request<'_>) -> MethodResponse {
        let started = Instant::now();
        let state = &self.state;
        let method = state.names.get(request.method_name()).copied().unwrap_or("unknown");
        let response = match state.check(&request) {
            Err(error) => refuse(request.id(), error),
            Ok(()) => match state.place(method).try_acquire() {
                Err(_) => {
                    state.metrics.reject("overloaded");
                    refuse(request.id(), RpcError::busy("overloaded", 1000))
                }
                Ok(_place) => {
                    let _held = state.metrics.enter();
                    self.inner.call(request).await
                }
            },
        };
        state.metrics.answered(method, response.as_error_code().unwrap_or(0), started.elapsed());
        mark(response)
    }
}

impl<S> RpcServiceT for Gate<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.clone().serve(request)
    }

    /// Entries run side by side, so that a slow one does not hold up the others; answers keep their order.
    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let limits = &this.state.limits;
            let mut answers = BatchResponseBuilder::new_with_limit(limits.response_bytes as usize);
            let mut notified = false;
            let mut calls: Vec<BoxFuture<'a, MethodResponse>> = Vec::with_capacity(batch.len());
            for entry in batch {
                match entry {
                    Ok(BatchEntry::Call(request)) => calls.push(Box::pin(this.clone().serve(request))),
                    Ok(BatchEntry::Notification(_)) => notified = true,
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        let response = MethodResponse::error(id, error);
                        calls.push(Box::pin(std::future::ready(response)));
                    }
                }
            }
            let mut responses = stream::iter(calls).buffered(limits.batch_concurrency.max(1));
            while let Some(mut response) = responses.next().await {
                // One refused entry does not make the HTTP answer a refusal.
                response.extensions_mut().remove::<RetryAfter>();
                if let Err(too_big) = answers.append(response) {
                    return too_big;
                }
            }
            if answers.is_empty() && notified {
                return MethodResponse::notification();
            }
            MethodResponse::from_batch(answers.finish())
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.inner.notification(notification)
    }
}
