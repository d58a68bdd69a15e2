//! The way of a transaction into the pool: recovery, the chain's rules, the pool's rules, journal.

use crate::core::Core;
use crate::mempool::{Inserted, PoolTx, SenderState};
use crate::metrics::ReasonLabel;
use crate::types::{ChainEvent, SubmitError};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, keccak256};
use assay_executive::{AdmitError, Reject};
use assay_kernel::StateView;
use assay_primitives::{CheckedTx, Fault};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use std::sync::Arc;

/// A transaction that is in the pool or in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) hash: B256,
    /// Whether it was not there before.
    pub(crate) new: bool,
}

impl Core {
    /// Takes a raw transaction in. Blocks for signature recovery and a few database reads.
    pub(crate) fn admit(&self, raw: Bytes) -> Result<Admitted, SubmitError> {
        let result = self.try_admit(raw);
        match &result {
            Ok(_) => (),
            Err(error) => {
                self.metrics.mempool_rejected.get_or_create(&ReasonLabel { reason: error.reason() }).inc();
            }
        }
        result
    }

    /// Takes the journal's transactions back in after a start.
    pub(crate) fn restore(&self, transactions: Vec<Bytes>) {
        let count = transactions.len();
        // Recovered in parallel, admitted in order: nonces build on each other. Most of an old journal is in blocks by
        // now, and a read tells so at a tenth of the price of a recovery.
        let recovered: Vec<Option<PoolTx>> = self.decoding.install(|| {
            let recover = |raw: Bytes| match self.store.tx_location(keccak256(&raw)) {
                Ok(Some(_)) => None,
                _ => Some(PoolTx::new(Arc::new(CheckedTx::recover(raw).ok()?))),
            };
            transactions.into_par_iter().map(recover).collect()
        });
        for entry in recovered.into_iter().flatten() {
            if let Err(error) = self.insert(entry) {
                tracing::debug!(%error, "a transaction of the pool journal is obsolete");
            }
        }
        if count > 0 {
            tracing::info!(read = count, kept = self.pool.lock().len(), "read the pool journal");
        }
        self.tidy_journal();
    }

    fn try_admit(&self, raw: Bytes) -> Result<Admitted, SubmitError> {
        self.check_running().map_err(|fault| SubmitError::Stopped(fault.to_string()))?;
        // What is sent again costs no recovery.
        let hash = keccak256(&raw);
        if self.pool.lock().contains(&hash) || self.is_committed(hash)? {
            return Ok(Admitted { hash, new: false });
        }
        let tx = Arc::new(CheckedTx::recover(raw)?);
        let inserted = match self.insert(PoolTx::new(Arc::clone(&tx))) {
            Ok(inserted) => inserted,
            // It may have been committed just now, and that is a success when it is sent again.
            Err(error) if error.reason() == "nonce_too_low" && self.is_committed(hash)? => {
                return Ok(Admitted { hash, new: false });
            }
            Err(error) => return Err(error),
        };
        let Inserted::New { evicted, .. } = inserted else { return Ok(Admitted { hash, new: false }) };
        self.metrics.mempool_evicted.inc_by(evicted.len() as u64);
        self.metrics.mempool_accepted.inc();
        if self.write_journal(&tx)? {
            self.tidy_journal();
        }
        if let Some(listener) = self.accepted_listener.get() {
            listener(hash, tx.raw());
        }
        let _ = self.events.all.send(ChainEvent::PendingTx(tx));
        self.signal_work();
        Ok(Admitted { hash, new: true })
    }

    fn is_committed(&self, hash: B256) -> Result<bool, SubmitError> {
        self.store.tx_location(hash).map(|location| location.is_some()).map_err(|fault| self.failed(fault))
    }

    /// Holds a transaction against the chain's rules and the pool's, both at the same head.
    fn insert(&self, entry: PoolTx) -> Result<Inserted, SubmitError> {
        loop {
            let head = self.head();
            match self.executive.admit(&head.view, head.parent.header(), &entry.tx) {
                Ok(()) => (),
                Err(AdmitError::Rejected(reject)) => return Err(rejected(&reject)),
                Err(AdmitError::Fault(fault)) => return Err(self.failed(fault)),
            }
            let state = sender_state(&head.view, entry.sender).map_err(|fault| self.failed(fault))?;
            let mut pool = self.pool.lock();
            // A block in between means to look again.
            if Arc::ptr_eq(&head, &self.head()) {
                let now_ms = self.now_ms();
                // Here too, since a chain that makes blocks on demand may make none for long.
                self.metrics.mempool_evicted.inc_by(pool.expire(now_ms).len() as u64);
                let inserted = pool.insert(entry, state, now_ms)?;
                self.observe_pool(&pool);
                return Ok(inserted);
            }
        }
    }

    /// Makes a transaction survive a kill; true where most of the journal is obsolete by now.
    fn write_journal(&self, tx: &CheckedTx) -> Result<bool, SubmitError> {
        let mut journal = self.journal.lock();
        let Some(journal) = journal.as_mut() else { return Ok(false) };
        journal.append(tx.raw()).map_err(|error| {
            // What would not survive a kill is not taken.
            self.pool.lock().remove(&tx.hash());
            tracing::error!(%error, "the pool journal cannot be written");
            SubmitError::Unkept(format!("the pool journal cannot be written: {error}"))
        })?;
        Ok(journal.is_wasteful(self.pool.lock().status().bytes))
    }

    /// Writes the journal anew where most of it is obsolete.
    pub(crate) fn tidy_journal(&self) {
        let mut journal = self.journal.lock();
        let Some(journal) = journal.as_mut() else { return };
        let live: Vec<Arc<CheckedTx>> = {
            let pool = self.pool.lock();
            if !journal.is_wasteful(pool.status().bytes) {
                return;
            }
            pool.all().cloned().collect()
        };
        if let Err(error) = journal.rewrite(live.iter().map(|tx| tx.raw().clone())) {
            tracing::warn!(%error, "the pool journal cannot be rewritten; the old one stays");
        }
    }

    fn failed(&self, fault: Fault) -> SubmitError {
        self.stop(fault.to_string());
        SubmitError::Stopped(fault.to_string())
    }
}

fn sender_state(view: &dyn StateView, sender: Address) -> Result<SenderState, Fault> {
    let account = view.account(sender)?.unwrap_or_default();
    let has_code = account.code_hash != KECCAK256_EMPTY;
    Ok(SenderState { nonce: account.nonce, balance: account.balance, has_code })
}

/// The answer for a transaction that breaks a rule of the chain.
pub(crate) fn rejected(reject: &Reject) -> SubmitError {
    let expected_nonce = match reject {
        Reject::NonceTooLow { expected, .. } | Reject::NonceTooHigh { expected, .. } => Some(*expected),
        _ => None,
    };
    SubmitError::Rejected { reason: reason(reject), expected_nonce, message: reject.to_string() }
}

/// Stable names of refusals.
pub(crate) const fn reason(reject: &Reject) -> &'static str {
    match reject {
        Reject::ChainId { .. } => "wrong_chain_id",
        Reject::NonceTooLow { .. } => "nonce_too_low",
        Reject::NonceTooHigh { .. } => "nonce_too_high",
        Reject::NonceMax(_) => "nonce_max",
        Reject::InsufficientFunds { .. } => "insufficient_funds",
        Reject::IntrinsicGas { .. } => "intrinsic_gas",
        Reject::GasLimitTooHigh { .. } => "gas_limit_too_high",
        Reject::FeeTooLow { .. } => "fee_too_low",
        Reject::PriorityAboveMaxFee { .. } => "priority_above_max_fee",
        Reject::InitCodeTooLarge { .. } => "initcode_too_large",
        Reject::EmptyAuthorizationList => "empty_authorization_list",
        Reject::Blob => "blob_unsupported",
        Reject::SenderHasCode(_) => "sender_has_code",
        Reject::Overflow => "overflow",
        Reject::BlockFull => "block_full",
        Reject::Rule(_) => "invalid_transaction",
    }
}
