//! What every method works with.

use crate::config::RpcConfig;
use crate::error::{Answer, RpcError};
use crate::filters::Filters;
use crate::methods::Burned;
use crate::metrics::RpcMetrics;
use crate::pending::PendingHashes;
use alloy_primitives::U64;
use assay_chain::{BlockRef, Chain, CommittedBlock};
use serde::Serialize;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// How far a node is that catches up, as `eth_syncing` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Syncing {
    /// Height at which it began to catch up.
    pub starting_block: U64,
    /// Height it has reached.
    pub current_block: U64,
    /// Height it is to reach: the highest that a peer says it has decided.
    pub highest_block: U64,
}

/// What the binary tells the server of the network between nodes; asked at every request.
#[derive(Clone)]
pub struct NetworkHooks {
    /// How many peers the node has.
    pub peers: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// How far it is, while it catches up.
    pub syncing: Arc<dyn Fn() -> Option<Syncing> + Send + Sync>,
}

/// The chain, the configuration and what the server itself remembers.
pub struct Api {
    /// The chain.
    pub chain: Chain,
    /// The configuration.
    pub config: RpcConfig,
    /// Filters.
    pub filters: Filters,
    /// Hashes of the transactions that entered the pool last.
    pub pending: PendingHashes,
    /// Base fees burned so far, as far as somebody asked.
    pub burned: tokio::sync::Mutex<Burned>,
    /// Counters.
    pub metrics: RpcMetrics,
    /// What the node knows of its network.
    pub network: NetworkHooks,
    /// Height of the newest block; changes wake subscriptions.
    pub heads: watch::Receiver<u64>,
    /// Becomes true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

impl Api {
    /// A block that must exist.
    ///
    /// # Errors
    /// `header not found`, or what the chain answers.
    pub fn block(&self, block: BlockRef) -> Answer<Arc<CommittedBlock>> {
        match block {
            BlockRef::Latest => Ok(self.chain.head()),
            block => self.chain.block(block)?.ok_or_else(RpcError::unknown_block),
        }
    }

    /// A block that need not exist.
    ///
    /// # Errors
    /// What the chain answers.
    pub fn find_block(&self, block: BlockRef) -> Answer<Option<Arc<CommittedBlock>>> {
        match block {
            BlockRef::Latest => Ok(Some(self.chain.head())),
            block => Ok(self.chain.block(block)?),
        }
    }
}

/// An id that nobody can guess: another client's filter or subscription is not to be read by counting.
pub fn random_id() -> u128 {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    // `RandomState` is keyed from the system's entropy.
    let hash = || RandomState::new().hash_one(COUNTER.fetch_add(1, Ordering::Relaxed));
    u128::from(hash()) << 64 | u128::from(hash())
}
