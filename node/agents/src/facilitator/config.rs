//! What an operator may set.

use super::budgets::Budget;
use crate::node::NodeError;
use alloy_primitives::{Address, B256, U256, keccak256};
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;

/// The settings of a facilitator.
#[derive(Clone, Debug)]
pub struct FacilitatorConfig {
    /// JSON-RPC of the node.
    pub rpc: String,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The chain it must be; `None`: whatever the node serves.
    pub chain_id: Option<u64>,
    /// Tokens besides the native ones. Only such whose `transferWithAuthorization` is known to be harmless.
    pub assets: Vec<Address>,
    /// Payees that are served; empty: all.
    pub receivers: Vec<Address>,
    /// Keccak-256 of each key that callers may show; empty: nobody is asked.
    pub api_keys: Vec<B256>,
    /// Least value of a payment, in atomic units.
    pub value_min: U256,
    /// Atomic units of the token that a coin is worth; with it, payments worth less than their gas are refused.
    pub coin_price: Option<U256>,
    /// Settlements per payer and payee.
    pub budget: Budget,
    /// Most gas of one settlement and of its simulation.
    pub gas_max: u64,
    /// Tip and most fee, in wei per gas.
    pub fees: (u128, u128),
    /// How long `/settle` waits for the block before it answers `settlement_pending`.
    pub answer_timeout: Duration,
    /// Heights in which a settlement from before a restart is looked for.
    pub look_back: u64,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// Requests that may run at once.
    pub in_flight_max: usize,
}

impl FacilitatorConfig {
    /// The defaults for a node and a place to listen.
    pub fn new(rpc: String, listen: SocketAddr) -> Self {
        Self {
            rpc,
            listen,
            chain_id: None,
            assets: Vec::new(),
            receivers: Vec::new(),
            api_keys: Vec::new(),
            value_min: U256::from(1),
            coin_price: None,
            budget: Budget { payer: 120, payee: 6000, window: Duration::from_secs(60) },
            gas_max: 500_000,
            fees: (1_000_000_000, 500_000_000_000),
            answer_timeout: Duration::from_secs(30),
            look_back: 10_000,
            body_bytes_max: 64 * 1024,
            in_flight_max: 512,
        }
    }

    /// Whether the settings go together.
    ///
    /// # Errors
    /// `Exposed` for a port that strangers reach and nothing that keeps them from spending the keys' coins.
    pub fn check(&self) -> Result<(), StartError> {
        if !self.listen.ip().is_loopback() && self.api_keys.is_empty() && self.receivers.is_empty() {
            return Err(StartError::Exposed { listen: self.listen });
        }
        Ok(())
    }

    pub(super) fn accepts(&self, asset: Address) -> bool {
        assay_abi::token_id(asset).is_some_and(|id| id > 0) || self.assets.contains(&asset)
    }

    pub(super) fn serves(&self, payee: Address) -> bool {
        self.receivers.is_empty() || self.receivers.contains(&payee)
    }

    /// Whether a caller may ask. Digests are compared, so that time tells nothing of a key.
    pub(super) fn admits(&self, key: Option<&str>) -> bool {
        self.api_keys.is_empty() || key.is_some_and(|key| self.api_keys.contains(&keccak256(key)))
    }
}

/// Why a facilitator does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Strangers could spend the keys' coins.
    #[error(
        "{listen} is reachable from other machines: give --receiver (who may be paid) or --api-key-file (who may ask)"
    )]
    Exposed {
        /// Where it was to listen.
        listen: SocketAddr,
    },
    /// The node does not answer.
    #[error("{url}: {error}; is the node running? --rpc names another URL")]
    Node {
        /// Its URL.
        url: String,
        /// What it or the transport said.
        error: NodeError,
    },
    /// Another chain than expected.
    #[error("the node serves chain {found}, not {expected}")]
    Chain {
        /// What was expected.
        expected: u64,
        /// What the node serves.
        found: u64,
    },
    /// There is no key to send with.
    #[error("a facilitator needs at least one key that pays the gas")]
    NoKey,
    /// The port cannot be had.
    #[error("cannot listen on {listen}: {error}; --listen names another place")]
    Listen {
        /// Where it was to listen.
        listen: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}
