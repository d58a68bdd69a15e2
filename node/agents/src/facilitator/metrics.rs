//! What the facilitator counts, in the OpenMetrics format.

use crate::node::Receipt;
use crate::outbox::Outbox;
use alloy_primitives::{Address, U256};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Wei of a gwei.
const GWEI: U256 = U256::from_limbs([1_000_000_000, 0, 0, 0]);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    endpoint: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Key {
    key: String,
}

/// Counters of one process.
pub struct Metrics {
    registry: Registry,
    answers: Family<Answer, Counter>,
    in_flight: Gauge,
    settle_seconds: Histogram,
    gas: Counter,
    fees: Counter,
    balance: Family<Key, Gauge>,
    waiting: Family<Key, Gauge>,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("facilitator");
        let (answers, in_flight) = (Family::<Answer, Counter>::default(), Gauge::default());
        // 5 ms to 40 s.
        let settle_seconds = Histogram::new(exponential_buckets(0.005, 2.0, 14));
        let (gas, fees) = (Counter::default(), Counter::default());
        let (balance, waiting) = (Family::<Key, Gauge>::default(), Family::<Key, Gauge>::default());
        registry.register("answers", "Requests answered, by endpoint and outcome (ok, or the reason)", answers.clone());
        registry.register("in_flight", "Requests that run", in_flight.clone());
        let text = "From the request to the final block";
        registry.register_with_unit("settle", text, Unit::Seconds, settle_seconds.clone());
        registry.register("gas_used", "Gas of all settlements", gas.clone());
        registry.register("fees_gwei", "What they cost", fees.clone());
        registry.register("key_balance_gwei", "Coins of each key", balance.clone());
        registry.register("key_waiting", "Transactions of each key without a receipt", waiting.clone());
        Self { registry, answers, in_flight, settle_seconds, gas, fees, balance, waiting }
    }

    pub fn answered(&self, endpoint: &'static str, outcome: &'static str) {
        self.answers.get_or_create(&Answer { endpoint, outcome }).inc();
    }

    pub fn settled(&self, took: Duration) {
        self.settle_seconds.observe(took.as_secs_f64());
    }

    pub fn paid_gas(&self, receipt: &Receipt) {
        self.gas.inc_by(receipt.gas_used.to());
        let wei = receipt.effective_gas_price.saturating_mul(U256::from(receipt.gas_used));
        self.fees.inc_by(wei.checked_div(GWEI).unwrap_or_default().saturating_to());
    }

    pub fn set_balance(&self, key: Address, wei: U256) {
        let gwei: u64 = wei.checked_div(GWEI).unwrap_or_default().saturating_to();
        let key = Key { key: key.to_string() };
        self.balance.get_or_create(&key).set(i64::try_from(gwei).unwrap_or(i64::MAX));
    }

    /// One more request, until the guard is dropped.
    pub fn enter(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    pub fn encode(&self, outboxes: &[Outbox]) -> String {
        for outbox in outboxes {
            let waiting = i64::try_from(outbox.waiting()).unwrap_or(i64::MAX);
            self.waiting.get_or_create(&Key { key: outbox.address().to_string() }).set(waiting);
        }
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}

/// See [`Metrics::enter`].
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
