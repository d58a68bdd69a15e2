//! The async shell: what async callers ask for runs on the executors, and they wait for it with a bound.

use crate::core::Core;
use crate::executor::ExecutorError;
use crate::handle::Chain;
use crate::query::CallError;
use crate::types::{ReadError, SubmitError, TxLocation, WaitError};
use alloy_primitives::{B256, Bytes, keccak256};
use assay_primitives::TxError;
use assay_primitives::transaction::TX_BYTES_MAX;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// When a caller that finds no room for waiting should come back, in milliseconds.
const WAITERS_RETRY_MS: u64 = 1_000;

/// Raw bytes that may wait for admission at a time.
const ADMITTING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// When a sender that finds no room should come back, in milliseconds.
const ADMITTING_RETRY_MS: u64 = 200;

/// The bytes of a transaction on its way into the pool, counted while it lives.
struct Admitting {
    counter: Arc<AtomicUsize>,
    bytes: usize,
}

impl Admitting {
    fn enter(counter: Arc<AtomicUsize>, bytes: usize) -> Result<Self, SubmitError> {
        let waiting = counter.fetch_add(bytes, Ordering::Relaxed);
        let entered = Self { counter, bytes };
        if waiting > ADMITTING_BYTES_MAX {
            return Err(SubmitError::Busy { retry_after_ms: ADMITTING_RETRY_MS });
        }
        Ok(entered)
    }
}

impl Drop for Admitting {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Chain {
    pub(crate) async fn admit(&self, raw: Bytes) -> Result<B256, SubmitError> {
        let core = &self.inner.core;
        if raw.len() > TX_BYTES_MAX {
            return Err(TxError::TooLarge { size: raw.len() }.into());
        }
        let hash = keccak256(&raw);
        if core.pool.lock().contains(&hash) {
            return Ok(hash);
        }
        let admitting = Admitting::enter(Arc::clone(&self.inner.admitting_bytes), raw.len())?;
        let job = Arc::clone(core);
        let admit = move || {
            let result = job.admit(raw);
            drop(admitting);
            result
        };
        match self.inner.admission.run(admit).await {
            Ok(result) => result.map(|admitted| admitted.hash),
            Err(ExecutorError::Busy { retry_after_ms }) => Err(SubmitError::Busy { retry_after_ms }),
            Err(ExecutorError::Failed) => Err(SubmitError::Stopped("admission failed".to_owned())),
        }
    }

    pub(crate) async fn admit_and_wait(&self, raw: Bytes, limit: Duration) -> Result<TxLocation, WaitError> {
        let core = &self.inner.core;
        let hash = keccak256(&raw);
        // Registered first, so that no block comes in between.
        let receiver = self.wait_for(hash)?;
        let submitted = self.admit(raw).await;
        let known = match submitted {
            Ok(_) => core.transaction(hash)?,
            Err(error) => {
                self.forget_waiters(hash, receiver);
                return Err(error.into());
            }
        };
        if let Some(location) = known {
            self.forget_waiters(hash, receiver);
            return Ok(location);
        }
        let mut receiver = receiver;
        match timeout(limit, &mut receiver).await {
            Ok(Ok(location)) => Ok(location),
            _ => {
                self.forget_waiters(hash, receiver);
                core.check_readable()?;
                let nonce = core.pool.lock().get(&hash).map(|tx| (tx.sender(), tx.nonce()));
                let expected = nonce.and_then(|(sender, nonce)| {
                    core.pool.lock().pending_nonce(sender).filter(|expected| *expected < nonce)
                });
                let timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                Err(WaitError::TimedOut { hash, timeout_ms, expected_nonce: expected })
            }
        }
    }

    fn wait_for(&self, hash: B256) -> Result<oneshot::Receiver<TxLocation>, SubmitError> {
        let core = &self.inner.core;
        let mut waiters = core.waiters.lock();
        if waiters.len() >= core.config.queries.waiters_max {
            return Err(SubmitError::Busy { retry_after_ms: WAITERS_RETRY_MS });
        }
        let (sender, receiver) = oneshot::channel();
        waiters.entry(hash).or_default().push(sender);
        Ok(receiver)
    }

    /// Drops a waiter and all others of its transaction that have gone.
    fn forget_waiters(&self, hash: B256, receiver: oneshot::Receiver<TxLocation>) {
        drop(receiver);
        let mut waiters = self.inner.core.waiters.lock();
        if let Some(senders) = waiters.get_mut(&hash) {
            senders.retain(|sender| !sender.is_closed());
            if senders.is_empty() {
                waiters.remove(&hash);
            }
        }
    }

    /// Runs a read on the query executor.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Core) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        self.inner.core.check_readable()?;
        let core = Arc::clone(&self.inner.core);
        match self.inner.queries.run(move || read(&core)).await {
            Ok(result) => result,
            Err(error) => Err(self.query_refused(error)),
        }
    }

    /// Runs a simulation or trace on the query executor, and waits no longer than a query may take.
    pub(crate) async fn execute<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Core) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, CallError> {
        self.inner.core.check_readable()?;
        let core = Arc::clone(&self.inner.core);
        let timeout_ms = core.config.queries.timeout_ms;
        let run = self.inner.queries.run(move || job(&core));
        match timeout(Duration::from_millis(timeout_ms), run).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(self.query_refused(error).into()),
            Err(_) => Err(CallError::TimedOut { timeout_ms }),
        }
    }

    fn query_refused(&self, error: ExecutorError) -> ReadError {
        match error {
            ExecutorError::Busy { retry_after_ms } => {
                self.inner.core.metrics.query_busy.inc();
                ReadError::Busy { retry_after_ms }
            }
            ExecutorError::Failed => ReadError::Fault("the query failed; its message is in the log".to_owned()),
        }
    }
}
