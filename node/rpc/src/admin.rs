//! The operator's port: `/metrics`, `/health`, `/ready`, `/status`, `/log-filter`.
//!
//! | path | answer |
//! |---|---|
//! | `GET /metrics` | OpenMetrics text: the node's registry and `rpc_*` |
//! | `GET /health` | 200 while the process should live, else 503; JSON with the reasons |
//! | `GET /ready` | 200 while clients should be sent here, else 503; JSON with the reasons |
//! | `GET /status` | 200; JSON: node, chain, consensus, sync, peers, validators and who is missing |
//! | `PUT /log-filter` | body: a filter such as `info,assay_rpc=debug`; 204, or 400 with what is wrong |

use crate::hosts::host_allowed;
use crate::metrics::RpcMetrics;
use crate::server::{ServeError, listen};
use assay_chain::{Chain, Health};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, put};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest log filter, in bytes.
const FILTER_BYTES_MAX: usize = 4096;

/// The admin port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminConfig {
    /// Where to listen; port 0 takes a free one. There is no access control: loopback, or a network of operators.
    pub listen: SocketAddr,
    /// Transactions that wait without a block for this long make the node not ready.
    pub stale_after: Duration,
}

/// Sets the log filter of the running process; the error is for people.
pub type SetLogFilter = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// What the binary lends to the admin port.
#[derive(Clone)]
pub struct AdminHooks {
    /// The node's metrics, in the OpenMetrics text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Sets the log filter.
    pub set_log_filter: Arc<SetLogFilter>,
    /// The node's status, as the binary sees it; asked at every request.
    pub status: Arc<dyn Fn() -> BoxFuture<'static, Value> + Send + Sync>,
    /// Further reasons, in snake case, why the node is not ready (disk, engine, peers); asked at every request.
    pub not_ready: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
}

struct Admin {
    config: AdminConfig,
    chain: Chain,
    rpc: RpcMetrics,
    hooks: AdminHooks,
}

/// A running admin port.
#[derive(Debug)]
pub struct AdminHandle {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl AdminHandle {
    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it; requests that run have a second.
    pub async fn stop(mut self) {
        // An error says that it has stopped already.
        let _ = self.stop.send(());
        if tokio::time::timeout(Duration::from_secs(1), &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// Serves the admin port.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve_admin(
    config: AdminConfig,
    chain: Chain,
    rpc: RpcMetrics,
    hooks: AdminHooks,
) -> Result<AdminHandle, ServeError> {
    let (listener, address) = listen(config.listen, "--admin-port").await?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .route("/log-filter", put(set_log_filter))
        .layer(DefaultBodyLimit::max(FILTER_BYTES_MAX))
        .layer(middleware::from_fn(check_host))
        .with_state(Arc::new(Admin { config, chain, rpc, hooks }));
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            // A dropped sender stops as well.
            let _ = stopped.await;
        });
        if let Err(error) = server.await {
            tracing::error!("the admin port failed: {error}");
        }
    });
    Ok(AdminHandle { address, stop, task })
}

/// Pages that rebind their name to this address are refused.
async fn check_host(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or(""));
    if host.is_some_and(|host| !host_allowed(host, &[])) {
        return (StatusCode::FORBIDDEN, "invalid host specified\n").into_response();
    }
    next.run(request).await
}

/// Two texts of the OpenMetrics format as one: only the end may carry the end mark.
pub(crate) fn join_metrics(node: &str, rpc: &str) -> String {
    let body = |text: &str| text.trim_end().trim_end_matches("# EOF").trim_end().to_owned();
    let parts = [body(node), body(rpc)];
    let mut text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    text.push_str("\n# EOF\n");
    text
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    let text = join_metrics(&(admin.hooks.metrics)(), &admin.rpc.encode());
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

fn report(ok: bool, word: &str, reasons: &[String], health: &Health) -> Response {
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body: Value = json!({
        "status": word,
        "reasons": reasons,
        "height": health.height,
        "blockTimestampMs": health.timestamp_ms.get(),
        "sinceCommitMs": health.since_commit.map(|since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        "workWaiting": health.work_waiting,
    });
    (status, axum::Json(body)).into_response()
}

fn stopped(health: &Health) -> Vec<String> {
    health.stopped.iter().map(|reason| format!("chain_stopped: {reason}")).collect()
}

async fn health(State(admin): State<Arc<Admin>>) -> Response {
    let health = admin.chain.health();
    let reasons = stopped(&health);
    let ok = reasons.is_empty();
    report(ok, if ok { "ok" } else { "stopped" }, &reasons, &health)
}

/// Why clients should not be sent here; empty where they should.
fn not_ready(admin: &Admin, health: &Health) -> Vec<String> {
    let mut reasons = stopped(health);
    if is_stale(health, admin.config.stale_after) {
        let since_ms = health.since_commit.unwrap_or_default().as_millis();
        reasons.push(format!("stale: transactions wait, and the last block is {since_ms} ms old"));
    }
    reasons.extend((admin.hooks.not_ready)());
    reasons
}

async fn ready(State(admin): State<Arc<Admin>>) -> Response {
    let health = admin.chain.health();
    let reasons = not_ready(&admin, &health);
    let ok = reasons.is_empty();
    report(ok, if ok { "ready" } else { "not_ready" }, &reasons, &health)
}

async fn status(State(admin): State<Arc<Admin>>) -> Response {
    let mut status = (admin.hooks.status)().await;
    let reasons = not_ready(&admin, &admin.chain.health());
    if let Some(status) = status.as_object_mut() {
        status.insert("ready".to_owned(), Value::from(reasons.is_empty()));
        status.insert("reasons".to_owned(), Value::from(reasons));
    }
    axum::Json(status).into_response()
}

/// A chain that makes blocks on demand may be silent for long; it must not be while transactions wait.
pub(crate) fn is_stale(health: &Health, stale_after: Duration) -> bool {
    health.work_waiting && health.since_commit.is_some_and(|since| since > stale_after)
}

async fn set_log_filter(State(admin): State<Arc<Admin>>, filter: String) -> Response {
    match (admin.hooks.set_log_filter)(filter.trim()) {
        Ok(()) => {
            tracing::info!("log filter set to {:?}", filter.trim());
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}
