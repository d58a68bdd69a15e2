//! What the server counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    method: &'static str,
    code: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Counters of the JSON-RPC server; clones count together.
#[derive(Clone, Debug)]
pub struct RpcMetrics {
    requests: Family<Outcome, Counter>,
    duration: Family<Method, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    rejected: Family<Reason, Counter>,
    connections: Gauge,
    ws_connections: Gauge,
    subscriptions: Gauge,
    dropped: Family<Reason, Counter>,
}

fn duration_buckets() -> Histogram {
    // 50 microseconds to 26 seconds.
    Histogram::new(exponential_buckets(0.000_05, 3.0, 13))
}

impl Default for RpcMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(duration_buckets as fn() -> Histogram),
            in_flight: Gauge::default(),
            rejected: Family::default(),
            connections: Gauge::default(),
            ws_connections: Gauge::default(),
            subscriptions: Gauge::default(),
            dropped: Family::default(),
        }
    }
}

impl RpcMetrics {
    /// Adds them to a registry, as `rpc_*`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("rpc");
        registry.register("requests", "Calls answered, by method and error code (0: none)", self.requests.clone());
        registry.register("duration_seconds", "Time from call to answer", self.duration.clone());
        registry.register("in_flight", "Calls that run", self.in_flight.clone());
        registry.register("rejected", "Calls and connections refused, by reason", self.rejected.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("ws_connections", "Open WebSocket connections", self.ws_connections.clone());
        registry.register("subscriptions", "Open subscriptions", self.subscriptions.clone());
        registry.register("sub_dropped", "Subscriptions or messages dropped, by reason", self.dropped.clone());
    }

    /// Their text in the OpenMetrics format.
    pub fn encode(&self) -> String {
        let mut registry = Registry::default();
        self.register(&mut registry);
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &registry).is_err() {
            text.clear();
        }
        text
    }

    pub(crate) fn answered(&self, method: &'static str, code: i32, took: Duration) {
        self.requests.get_or_create(&Outcome { method, code }).inc();
        self.duration.get_or_create(&Method { method }).observe(took.as_secs_f64());
    }

    pub(crate) fn reject(&self, reason: &'static str) {
        self.rejected.get_or_create(&Reason { reason }).inc();
    }

    pub(crate) fn drop_subscription(&self, reason: &'static str, count: u64) {
        self.dropped.get_or_create(&Reason { reason }).inc_by(count);
    }

    pub(crate) fn enter(&self) -> Held {
        Held::new(&self.in_flight)
    }

    pub(crate) fn connection(&self) -> Held {
        Held::new(&self.connections)
    }

    pub(crate) fn ws_connection(&self) -> Held {
        Held::new(&self.ws_connections)
    }

    pub(crate) fn subscription(&self) -> Held {
        Held::new(&self.subscriptions)
    }
}

/// One more on a gauge, until dropped.
#[derive(Debug)]
pub(crate) struct Held(Gauge);

impl Held {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}
