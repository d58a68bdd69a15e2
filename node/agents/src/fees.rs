//! What a transaction offers per gas.

use crate::node::{NodeClient, NodeError};
use alloy_primitives::U256;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A base fee that is this old is asked for again.
const FRESH: Duration = Duration::from_secs(1);

/// A fee, in wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// At most.
    pub max: u128,
    /// Of it for the block's creator.
    pub tip: u128,
}

#[derive(Debug)]
struct State {
    fee: Option<(Instant, Fee)>,
}

/// Offers twice the base fee and a tip, never more than a bound. Clones share what was asked.
#[derive(Clone, Debug)]
pub struct Fees {
    tip: u128,
    max: u128,
    state: Arc<Mutex<State>>,
}

impl Fees {
    /// A tip and the most that is offered, both in wei per gas.
    pub fn new(tip: u128, max: u128) -> Self {
        Self { tip, max, state: Arc::new(Mutex::new(State { fee: None })) }
    }

    /// The fee to offer now.
    ///
    /// # Errors
    /// Where the node does not tell its base fee.
    pub async fn now(&self, node: &NodeClient) -> Result<Fee, NodeError> {
        if let Some((at, fee)) = self.state.lock().fee
            && at.elapsed() < FRESH
        {
            return Ok(fee);
        }
        let fee = self.offer(node.head().await?.base_fee_per_gas);
        self.state.lock().fee = Some((Instant::now(), fee));
        Ok(fee)
    }

    fn offer(&self, base: U256) -> Fee {
        let base: u128 = base.saturating_to();
        let max = base.saturating_mul(2).saturating_add(self.tip).min(self.max);
        Fee { max, tip: self.tip.min(max) }
    }
}

#[cfg(test)]
mod tests;
