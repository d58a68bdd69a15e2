//! The pool's side of gossip: peers' transactions are admitted like clients', on the same threads and by the same rules.
//!
//! Gossip has one place in the queue of admission at a time, for [`CHUNK`] transactions at most: however much peers
//! send, a client waits for one such piece of work and no more, and however much clients send, peers get their turn.

use crate::core::Core;
use crate::executor::Executor;
use crate::handle::{Chain, Inner};
use crate::types::SubmitError;
use alloy_primitives::{B256, Bytes};
use assay_consensus::gossip::{PoolRequest, Verdict};
use std::sync::{Arc, Weak};
use tokio::sync::{mpsc, oneshot};

/// Transactions of peers that are admitted in one go: about 3 ms.
const CHUNK: usize = 64;
/// Announced hashes that are looked up in one go: about as long.
const LOOKUP_CHUNK: usize = 1_024;

impl Chain {
    /// Serves what gossip asks of the pool until the chain or gossip ends. Does not keep the chain open.
    pub fn serve_gossip(&self, mut requests: mpsc::Receiver<PoolRequest>) -> impl Future<Output = ()> + Send + use<> {
        let chain = Arc::downgrade(&self.inner);
        async move {
            while let Some(request) = requests.recv().await {
                if serve(&chain, request).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// Runs work on the admission threads; `None` where the chain has ended. What finds no room gives nothing.
async fn run<T: Default + Send + 'static>(
    chain: &Weak<Inner>,
    job: impl FnOnce(&Core) -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    {
        let inner = chain.upgrade()?;
        let core = Arc::clone(&inner.core);
        let admission: &Executor = &inner.admission;
        // Clients fill the queue: peers come again.
        let _ = admission.spawn(move || drop(sender.send(job(&core))));
    }
    Some(receiver.await.unwrap_or_default())
}

/// Answers one request. Whoever asked may have gone.
async fn serve(chain: &Weak<Inner>, request: PoolRequest) -> Option<()> {
    match request {
        PoolRequest::Admit { mut transactions, reply } => {
            let mut verdicts = Vec::with_capacity(transactions.len());
            while !transactions.is_empty() {
                let rest = transactions.split_off(transactions.len().min(CHUNK));
                let chunk = std::mem::replace(&mut transactions, rest);
                let count = verdicts.len() + chunk.len();
                verdicts.extend(run(chain, move |core| core.take_gossiped(chunk)).await?);
                verdicts.resize(count, Verdict::Busy);
            }
            drop(reply.send(verdicts));
        }
        PoolRequest::Missing { hashes, reply } => {
            let mut missing = Vec::new();
            for chunk in hashes.chunks(LOOKUP_CHUNK) {
                let chunk = chunk.to_vec();
                missing.extend(run(chain, move |core| core.missing(chunk)).await?);
            }
            drop(reply.send(missing));
        }
        PoolRequest::Fetch { hashes, bytes_max, reply } => {
            drop(reply.send(run(chain, move |core| core.raw_of(&hashes, bytes_max)).await?));
        }
        PoolRequest::Pending { reply } => {
            drop(reply.send(run(chain, |core| core.pool.lock().hashes().collect::<Vec<_>>()).await?));
        }
    }
    Some(())
}

impl Core {
    fn take_gossiped(&self, transactions: Vec<(B256, Bytes)>) -> Vec<Verdict> {
        let verdict = |raw: Bytes| match self.admit(raw) {
            Ok(admitted) if admitted.new => Verdict::Accepted,
            Ok(_) => Verdict::Known,
            Err(error) => verdict_of(&error),
        };
        transactions.into_iter().map(|(_, raw)| verdict(raw)).collect()
    }

    /// Those that are neither in the pool nor in a block.
    fn missing(&self, mut hashes: Vec<B256>) -> Vec<B256> {
        {
            let pool = self.pool.lock();
            hashes.retain(|hash| !pool.contains(hash));
        }
        // What cannot be read is not asked for; the next proposal will meet the same fault and stop the node.
        hashes.retain(|hash| matches!(self.store.tx_location(*hash), Ok(None)));
        hashes
    }

    fn raw_of(&self, hashes: &[B256], bytes_max: usize) -> Vec<(B256, Bytes)> {
        let (mut found, mut bytes) = (Vec::new(), 0usize);
        let pool = self.pool.lock();
        for tx in hashes.iter().filter_map(|hash| pool.get(hash)) {
            bytes = bytes.saturating_add(tx.raw().len());
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push((tx.hash(), tx.raw().clone()));
        }
        found
    }
}

/// What a refusal says about the peer that sent the transaction.
fn verdict_of(error: &SubmitError) -> Verdict {
    match error {
        SubmitError::Malformed(_) => Verdict::Invalid,
        SubmitError::Rejected { reason: "wrong_chain_id", .. } => Verdict::Invalid,
        SubmitError::Rejected { .. } | SubmitError::Pool(_) => Verdict::Refused,
        SubmitError::Busy { .. } | SubmitError::Unkept(_) | SubmitError::Stopped(_) => Verdict::Busy,
    }
}
