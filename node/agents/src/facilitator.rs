//! The x402 facilitator: see the crate's README for what it promises.
//!
//! ```text
//! wire      bodies in and out: names of the fields, bounds, nothing of the chain
//! reason    the words in `invalidReason` and `errorReason`
//! payment   what was asked for and what was signed, side by side; digest and call data
//! terms     checks that need no chain
//! verify    checks that do: domain, signature, simulation
//! settle    one settlement per authorization, whoever asks however often
//! ledger    which authorizations are known here, and who was told that they were paid
//! budgets   how much of the facilitator's gas one payer or payee may use
//! server    HTTP: routes, limits, keys of callers, metrics, health
//! ```

mod budgets;
mod config;
mod ledger;
mod metrics;
mod payment;
mod probe;
mod reason;
mod server;
mod settle;
mod terms;
mod verify;
mod wire;

pub use budgets::Budget;
pub use config::{FacilitatorConfig, StartError};
pub use server::{Running, start};
pub use wire::decodes;

use crate::fees::Fees;
use crate::node::NodeClient;
use crate::outbox::Outbox;
use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use budgets::Budgets;
use ledger::Ledger;
use metrics::Metrics;
use parking_lot::Mutex;
use payment::TokenDomain;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that requests share.
struct Facilitator {
    config: FacilitatorConfig,
    node: NodeClient,
    fees: Fees,
    chain_id: u64,
    /// CAIP-2.
    network: String,
    outboxes: Vec<Outbox>,
    ledger: Ledger,
    budgets: Budgets,
    /// Domains of the tokens that were asked for. Bounded by the tokens that are accepted and exist.
    domains: Mutex<BTreeMap<Address, Arc<TokenDomain>>>,
    metrics: Metrics,
}

impl Facilitator {
    /// Asks the node for its chain and starts the queues of the keys.
    ///
    /// # Errors
    /// `Node`, `Chain`, `NoKey`.
    async fn assemble(config: FacilitatorConfig, keys: Vec<PrivateKeySigner>) -> Result<Self, StartError> {
        let failed = |error| StartError::Node { url: config.rpc.clone(), error };
        let node = NodeClient::new(&config.rpc).map_err(failed)?;
        let chain_id = node.chain_id().await.map_err(failed)?;
        if let Some(expected) = config.chain_id.filter(|expected| *expected != chain_id) {
            return Err(StartError::Chain { expected, found: chain_id });
        }
        let fees = Fees::new(config.fees.0, config.fees.1);
        let start = |key| Outbox::start(node.clone(), fees.clone(), chain_id, key);
        let outboxes: Vec<Outbox> = keys.into_iter().map(start).collect();
        if outboxes.is_empty() {
            return Err(StartError::NoKey);
        }
        Ok(Self {
            node,
            fees,
            chain_id,
            network: format!("eip155:{chain_id}"),
            outboxes,
            ledger: Ledger::default(),
            budgets: Budgets::new(config.budget),
            domains: Mutex::default(),
            metrics: Metrics::new(),
            config,
        })
    }
}

#[cfg(test)]
mod tests;
