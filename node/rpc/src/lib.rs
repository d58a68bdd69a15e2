//! Ethereum JSON-RPC over HTTP and WebSocket, and the admin port. The only crate that knows HTTP servers.
//!
//! ```text
//! socket -> StallGuard    idle and stalled connections end; a client that does not read is not read from
//!        -> Front         host filter, CORS, body bounds, nesting and batch bounds         (HTTP)
//!        -> Gate          rate limit, requests in flight, metrics, concurrent batches      (every call, HTTP and WS)
//!        -> methods       arguments -> chain handle -> answer
//! ```
//! Everything that is served is committed: `latest`, `safe`, `finalized` and `pending` all mean the newest committed
//! block, and no method can see a proposal. `pending` differs in one place only, the nonce that counts the pool.
//! Heavy work runs on the chain's query executor, never here.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts and heights far below their types' bounds; a panic ends one request"
)]
#![allow(clippy::disallowed_types, reason = "the server measures time")]

mod admin;
mod api;
mod args;
mod changes;
mod config;
mod error;
mod filters;
mod front;
mod fuzz;
mod gate;
mod hosts;
mod log_filter;
mod methods;
mod metrics;
mod page;
mod pending;
mod rate;
mod revert;
mod scan;
mod server;
mod stall;
mod subscribe;
mod wire;

pub use admin::{AdminConfig, AdminHandle, AdminHooks, SetLogFilter, serve_admin};
pub use api::{NetworkHooks, Syncing};
pub use config::{Cors, Limits, Namespace, RpcConfig};
pub use fuzz::decodes_body;
pub use metrics::RpcMetrics;
pub use server::{RpcHandle, ServeError, serve};

#[cfg(test)]
mod tests;
