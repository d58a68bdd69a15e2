//! Looks every few seconds whether the node answers and the keys have coins.

use super::Facilitator;
use alloy_primitives::U256;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// What the last look showed.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Why this facilitator should not be asked; empty where it should.
    pub reasons: Vec<String>,
    /// Height of the node.
    pub height: u64,
}

impl Health {
    pub fn json(&self) -> Value {
        let status = if self.reasons.is_empty() { "ok" } else { "unavailable" };
        json!({ "status": status, "reasons": self.reasons, "height": self.height })
    }
}

/// Looks once.
pub async fn look(of: &Facilitator) -> Health {
    let mut health = Health::default();
    match of.node.chain_id().await {
        Ok(id) if id == of.chain_id => {}
        Ok(id) => health.reasons.push(format!("the node serves chain {id}, not {}", of.chain_id)),
        Err(error) => {
            health.reasons.push(error.to_string());
            return health;
        }
    }
    match of.node.head().await {
        Ok(head) => health.height = head.number.to(),
        Err(error) => health.reasons.push(error.to_string()),
    }
    let mut coins = U256::ZERO;
    for outbox in &of.outboxes {
        match of.node.balance(outbox.address()).await {
            Ok(balance) => {
                of.metrics.set_balance(outbox.address(), balance);
                coins = coins.max(balance);
            }
            Err(error) => health.reasons.push(error.to_string()),
        }
    }
    if coins.is_zero() {
        health.reasons.push("no key has coins for gas".to_owned());
    }
    health
}

/// Looks again and again.
pub async fn watch(of: Arc<Facilitator>, health: Arc<Mutex<Health>>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let seen = look(&of).await;
        let known = std::mem::replace(&mut *health.lock(), seen.clone()).reasons;
        if known != seen.reasons {
            match seen.reasons.is_empty() {
                true => tracing::info!("the facilitator is well again"),
                false => tracing::warn!(reasons = ?seen.reasons, "the facilitator cannot settle"),
            }
        }
    }
}
