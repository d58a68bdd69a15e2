//! What gossip asks of the pool, over a bounded channel. Whoever serves it answers off the async threads.

use super::Shared;
use alloy_primitives::{B256, Bytes};
use tokio::sync::oneshot;

/// What became of a transaction that a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the pool now.
    Accepted,
    /// It was in the pool or in a block already.
    Known,
    /// Refused for a reason that an honest peer cannot foresee: nonce, funds, fee, a full pool.
    Refused,
    /// No node of this chain passes it on: undecodable, of another chain, or with a bad signature.
    Invalid,
    /// There was no time to look at it.
    Busy,
}

/// A request to the pool. An answer that does not come counts as [`Verdict::Busy`], or as nothing.
#[derive(Debug)]
pub enum PoolRequest {
    /// Take transactions in, in this order.
    Admit {
        /// Hash and raw bytes of each.
        transactions: Vec<(B256, Bytes)>,
        /// One verdict for each, in the same order.
        reply: oneshot::Sender<Vec<Verdict>>,
    },
    /// Which of these are neither in the pool nor in a block?
    Missing {
        /// Hashes that a peer has announced.
        hashes: Vec<B256>,
        /// Those that are worth fetching.
        reply: oneshot::Sender<Vec<B256>>,
    },
    /// Raw bytes of these, as far as the pool has them.
    Fetch {
        /// Hashes that a peer wants.
        hashes: Vec<B256>,
        /// Stop before the sum of raw bytes passes this, but give at least one.
        bytes_max: usize,
        /// Hash and raw bytes of each.
        reply: oneshot::Sender<Vec<(B256, Bytes)>>,
    },
    /// Hashes of the whole pool in order of arrival.
    Pending {
        /// The hashes.
        reply: oneshot::Sender<Vec<B256>>,
    },
}

impl Shared {
    async fn ask<T: Default>(&self, request: impl FnOnce(oneshot::Sender<T>) -> PoolRequest) -> T {
        let (reply, answer) = oneshot::channel();
        // A chain that has stopped answers nothing; the node is on its way out then.
        if self.pool.send(request(reply)).await.is_err() {
            return T::default();
        }
        answer.await.unwrap_or_default()
    }

    pub(super) async fn admit(&self, transactions: Vec<(B256, Bytes)>) -> Vec<Verdict> {
        let count = transactions.len();
        let mut verdicts = self.ask(|reply| PoolRequest::Admit { transactions, reply }).await;
        verdicts.resize(count, Verdict::Busy);
        verdicts
    }

    pub(super) async fn missing(&self, hashes: Vec<B256>) -> Vec<B256> {
        self.ask(|reply| PoolRequest::Missing { hashes, reply }).await
    }

    pub(super) async fn fetch(&self, hashes: Vec<B256>, bytes_max: usize) -> Vec<(B256, Bytes)> {
        self.ask(|reply| PoolRequest::Fetch { hashes, bytes_max, reply }).await
    }

    pub(super) async fn pending(&self) -> Vec<B256> {
        self.ask(|reply| PoolRequest::Pending { reply }).await
    }
}
