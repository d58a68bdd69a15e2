//! The HTTP side.
//!
//! | path | answer |
//! |---|---|
//! | `GET /supported` | scheme, network and signers |
//! | `POST /verify`, `POST /settle` | 200 with the verdict; 400 body, 401 key, 413 size, 429 too many, 503 no node |
//! | `GET /health` | 200 or 503, and why |
//! | `GET /metrics` | OpenMetrics text |

use super::config::{FacilitatorConfig, StartError};
use super::probe::{self, Health};
use super::reason::{self, Refusal, Trouble};
use super::wire::{SettleAnswer, VerifyAnswer, decode};
use super::{Facilitator, terms};
use crate::outbox::Outbox;
use alloy_signer_local::PrivateKeySigner;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::json;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tower_http::timeout::TimeoutLayer;

/// Time for a request besides what `/settle` waits for its block.
const REQUEST_MARGIN: Duration = Duration::from_secs(30);
/// Time that requests have when the facilitator stops.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

struct Shared {
    of: Arc<Facilitator>,
    slots: Semaphore,
    health: Arc<Mutex<Health>>,
}

/// A running facilitator.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// CAIP-2.
    pub network: String,
    /// The accounts that pay the gas.
    pub signers: Vec<alloy_primitives::Address>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    probe: JoinHandle<()>,
}

impl Running {
    /// Takes no more requests, lets those that run finish for ten seconds.
    pub async fn stop(mut self) {
        self.probe.abort();
        // An error says that it has stopped already.
        let _ = self.stop.send(());
        if tokio::time::timeout(STOP_TIME_MAX, &mut self.server).await.is_err() {
            tracing::warn!("requests still run; their transactions are with the node");
            self.server.abort();
        }
    }
}

/// Starts a facilitator on the runtime of the caller.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: FacilitatorConfig, keys: Vec<PrivateKeySigner>) -> Result<Running, StartError> {
    config.check()?;
    let listen = config.listen;
    let of = Arc::new(Facilitator::assemble(config, keys).await?);
    let failed = |error| StartError::Listen { listen, error };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let signers = of.outboxes.iter().map(Outbox::address).collect();
    let health = Arc::new(Mutex::new(probe::look(&of).await));
    for reason in &health.lock().reasons {
        tracing::warn!(%reason, "the facilitator cannot settle");
    }
    let probe = tokio::spawn(probe::watch(of.clone(), health.clone()));
    let network = of.network.clone();
    let router = router(of, health);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stopped = async {
            // A dropped sender stops as well.
            let _ = stopped.await;
        };
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
            tracing::error!("the facilitator's port failed: {error}");
        }
    });
    Ok(Running { address, network, signers, stop, server, probe })
}

pub(super) fn router(of: Arc<Facilitator>, health: Arc<Mutex<Health>>) -> Router {
    let shared = Arc::new(Shared { slots: Semaphore::new(of.config.in_flight_max), of, health });
    let config = &shared.of.config;
    let time_max = config.answer_timeout.saturating_add(REQUEST_MARGIN);
    Router::new()
        .route("/supported", get(supported))
        .route("/verify", post(verify))
        .route("/settle", post(settle))
        .route("/health", get(well))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(config.body_bytes_max))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, time_max))
        .with_state(shared)
}

async fn supported(State(shared): State<Arc<Shared>>) -> Response {
    let of = &shared.of;
    // With the checksum, as clients write addresses.
    let signers: Vec<String> = of.outboxes.iter().map(|outbox| outbox.address().to_string()).collect();
    let kinds = json!([{ "x402Version": 2, "scheme": terms::SCHEME, "network": of.network }]);
    Json(json!({ "kinds": kinds, "extensions": [], "signers": { "eip155:*": signers } })).into_response()
}

async fn well(State(shared): State<Arc<Shared>>) -> Response {
    let health = shared.health.lock().clone();
    let code = if health.reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(health.json())).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !shared.of.config.admits(caller(&headers)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], shared.of.metrics.encode(&shared.of.outboxes)).into_response()
}

/// The key that a caller shows.
fn caller(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("x-api-key").or_else(|| text("authorization").and_then(|value| value.strip_prefix("Bearer ")))
}

/// Why a request gets no verdict: status, word, text for people.
struct NoVerdict(StatusCode, Refusal);

/// Admits a request and runs what it asks for.
async fn guarded<T, F: Future<Output = T>>(
    shared: &Shared,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    run: impl FnOnce(Bytes) -> F,
) -> Result<T, NoVerdict> {
    let refuse = |status, text: &str| NoVerdict(status, Refusal::new(reason::INVALID_PAYLOAD, text));
    if !shared.of.config.admits(caller(headers)) {
        return Err(refuse(StatusCode::UNAUTHORIZED, "show a key of this facilitator (Authorization: Bearer ..)"));
    }
    let body = body.map_err(|rejection| refuse(rejection.status(), &rejection.body_text()))?;
    let Ok(_slot) = shared.slots.try_acquire() else {
        return Err(refuse(StatusCode::TOO_MANY_REQUESTS, "too many requests run; try again in a second"));
    };
    let _entered = shared.of.metrics.enter();
    Ok(run(body).await)
}

fn respond(status: StatusCode, body: impl serde::Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn trouble(trouble: Trouble, fault: &'static str) -> (StatusCode, Refusal) {
    match trouble {
        Trouble::Refused(refusal) => (StatusCode::OK, refusal),
        Trouble::Unavailable(message) => {
            tracing::warn!(%message, "no verdict");
            (StatusCode::SERVICE_UNAVAILABLE, Refusal::new(fault, message))
        }
    }
}

async fn verify(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let of = &shared.of;
    let judged = guarded(&shared, &headers, body, |body| async move {
        let payment = decode(&body).map_err(|refusal| (StatusCode::BAD_REQUEST, refusal, None))?;
        let payer = payment.authorization.from;
        let verdict = of.verify(&payment).await.map_err(|error| trouble(error, reason::VERIFY_FAULT));
        verdict.map(|()| payer).map_err(|(status, refusal)| (status, refusal, Some(payer)))
    });
    let (status, refusal, payer) = match judged.await {
        Ok(Ok(payer)) => (StatusCode::OK, None, Some(payer)),
        Ok(Err((status, refusal, payer))) => (status, Some(refusal), payer),
        Err(NoVerdict(status, refusal)) => (status, Some(refusal), None),
    };
    let outcome = refusal.as_ref().map_or("ok", |refusal| refusal.reason);
    of.metrics.answered("verify", outcome);
    tracing::debug!(?payer, outcome, "verify");
    let (reason, message) = refusal.map(|refusal| (refusal.reason, refusal.message)).unzip();
    let answer = VerifyAnswer {
        is_valid: reason.is_none(),
        invalid_reason: reason,
        invalid_message: message,
        payer: payer.map(|payer| payer.to_string()),
    };
    respond(status, answer)
}

async fn settle(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let of = &shared.of;
    let judged = guarded(&shared, &headers, body, |body| async move {
        let payment = decode(&body).map_err(|refusal| (StatusCode::BAD_REQUEST, refusal, None))?;
        let settled = of.settle(&payment).await.map_err(|error| trouble(error, reason::SETTLE_FAULT));
        match settled {
            Ok(hash) => Ok((hash, payment)),
            Err((status, refusal)) => Err((status, refusal, Some(payment))),
        }
    });
    let (status, hash, refusal, payment) = match judged.await {
        Ok(Ok((hash, payment))) => (StatusCode::OK, Some(hash), None, Some(payment)),
        Ok(Err((status, refusal, payment))) => (status, refusal.transaction, Some(refusal), payment),
        Err(NoVerdict(status, refusal)) => (status, None, Some(refusal), None),
    };
    let outcome = refusal.as_ref().map_or("ok", |refusal| refusal.reason);
    of.metrics.answered("settle", outcome);
    tracing::debug!(payer = ?payment.as_ref().map(|payment| payment.authorization.from), outcome, "settle");
    let success = refusal.is_none();
    let (reason, message) = refusal.map(|refusal| (refusal.reason, refusal.message)).unzip();
    let answer = SettleAnswer {
        success,
        error_reason: reason,
        error_message: message,
        payer: payment.as_ref().map(|payment| payment.authorization.from.to_string()),
        transaction: hash.map(|hash| hash.to_string()).unwrap_or_default(),
        network: payment.as_ref().map(|_| of.network.clone()).unwrap_or_default(),
        amount: payment.filter(|_| success).map(|payment| payment.authorization.value.to_string()),
    };
    respond(status, answer)
}
