//! A decided block becomes the head.
//!
//! ```text
//! block and certificate durable -> outcome with roots (cached, or made now) -> state written -> pool, events
//! ```
//! A crash anywhere leaves either an undecided height, or a durable block that start executes again.

use super::outcome::{Outcome, Progress, Sealed};
use super::{Core, Head};
use crate::blocks::{committed_block, receipt_record};
use crate::mempool::SenderState;
use alloy_primitives::{Address, KECCAK256_EMPTY};
use assay_consensus::UndecidedProposal;
use assay_executive::BlockError;
use assay_kernel::StateChanges;
use assay_primitives::{Block, BlockId, CommitCertificate, Evidence, Fault, Height, SystemPayload};
use assay_store::{ApplyBlock, UndecidedRecord};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

impl Core {
    pub(crate) fn decided(&self, block: &Block, certificate: &CommitCertificate) -> Result<(), Fault> {
        let head = self.head();
        let height = block.height();
        if height <= head.height() {
            // An engine that restarts from its log may tell again what is done.
            return match self.store.block_id(height)? {
                Some(id) if id == block.id() => Ok(()),
                _ => Err(Fault::invariant(format!("another block was decided at height {height} before"))),
            };
        }
        if height != head.height().next() {
            return Err(Fault::invariant(format!("height {height} was decided on a head at {}", head.height())));
        }
        let start = Instant::now();
        self.store.put_decided(block, certificate)?;
        self.metrics.chain_decision_sync_seconds.observe(start.elapsed().as_secs_f64());
        self.install(&head, block)
    }

    /// Executes a durable block unless that was done, and makes it the head.
    pub(super) fn install(&self, head: &Head, block: &Block) -> Result<(), Fault> {
        let sealed = match self.outcomes.take(block.id()) {
            Some(Progress::Sealed(sealed)) => *sealed,
            Some(Progress::Executed(outcome)) => self.seal(*outcome)?,
            _ => self.seal(self.execute(head, block).map_err(|error| decided_block(block.height(), error))?)?,
        };
        let start = Instant::now();
        let applied = self.store.apply(ApplyBlock {
            block_id: block.id(),
            header: &sealed.header,
            prepared: sealed.prepared,
            receipts: &sealed.receipts,
            system_transaction: sealed.system_transaction.clone(),
        })?;
        self.metrics.state_commit_seconds.observe(start.elapsed().as_secs_f64());
        let txs = sealed.txs.iter().map(|tx| &**tx);
        let committed = committed_block(&applied, sealed.timestamp_ms, txs, sealed.system_transaction, sealed.receipts);
        let payload = block.system_payload().map_err(|error| Fault::corrupt(error.to_string()))?;
        self.advance(committed, self.rotation_after(head, payload.round)?, sealed.changed)?;
        self.forget_carried(block.height(), block.id(), &payload)
    }

    /// Computes the roots of an outcome and its header.
    fn seal(&self, outcome: Outcome) -> Result<Sealed, Fault> {
        let Outcome { mut executed, txs } = outcome;
        let start = Instant::now();
        let changes = std::mem::take(&mut executed.changes);
        let changed = changed_accounts(&changes);
        let prepared = self.store.prepare(changes)?;
        let header = self.executive.seal(&executed, prepared.root());
        self.metrics.state_root_seconds.observe(start.elapsed().as_secs_f64());
        Ok(Sealed {
            header,
            prepared,
            timestamp_ms: executed.timestamp_ms,
            system_transaction: executed.transactions.get(txs.len()).cloned(),
            receipts: executed.receipts.into_iter().map(receipt_record).collect(),
            txs,
            changed,
        })
    }

    /// Computes the roots of a proposal while votes travel.
    pub(crate) fn seal_ahead(&self, id: BlockId) {
        let Some(outcome) = self.outcomes.start_sealing(id) else { return };
        // A panic must not leave the decision waiting for ever.
        let sealed = catch_unwind(AssertUnwindSafe(|| self.seal(outcome)));
        match sealed {
            Ok(Ok(sealed)) => self.outcomes.finish_sealing(id, Some(sealed)),
            Ok(Err(fault)) => {
                self.stop(fault.to_string());
                self.outcomes.finish_sealing(id, None);
            }
            Err(_) => {
                self.stop("computing the roots of a block panicked; the message is in the log".to_owned());
                self.outcomes.finish_sealing(id, None);
            }
        }
    }

    /// Drops what this block told the chain and no later one needs to tell; keeps what it could have told.
    fn forget_carried(&self, height: Height, id: BlockId, payload: &SystemPayload) -> Result<(), Fault> {
        let own = self.store.certificate(height.previous())?;
        let mut late_votes = self.late_votes.lock();
        if let (Some(own), Some(carried)) = (&own, &payload.last_commit) {
            late_votes.on_certificates(own, carried);
        }
        late_votes.on_block(height, id, payload);
        drop(late_votes);
        self.carry(height, &payload.evidence)
    }

    pub(crate) fn finalized(&self, certificate: &CommitCertificate, evidence: &[Evidence]) -> Result<(), Fault> {
        self.store.replace_certificate(certificate)?;
        self.keep_evidence(evidence)
    }

    pub(crate) fn keep_undecided(&self, proposal: &UndecidedProposal) -> Result<(), Fault> {
        self.store.put_undecided(&UndecidedRecord {
            round: proposal.round,
            valid_round: proposal.valid_round,
            proposer: proposal.proposer,
            block: proposal.block.clone(),
            accepted: proposal.accepted,
        })
    }

    pub(crate) fn undecided(&self, height: Height) -> Result<Vec<UndecidedProposal>, Fault> {
        let kept = self.store.undecided(height)?;
        Ok(kept
            .into_iter()
            .map(|kept| UndecidedProposal {
                height,
                round: kept.round,
                valid_round: kept.valid_round,
                proposer: kept.proposer,
                block: kept.block,
                accepted: kept.accepted,
            })
            .collect())
    }
}

/// More than two thirds decided what this node finds invalid: one of the two is broken, and it must not vote on.
fn decided_block(height: Height, error: BlockError) -> Fault {
    match error {
        BlockError::Fault(fault) => fault,
        BlockError::Invalid(error) => Fault::invariant(format!("the decided block {height} is invalid here: {error}")),
    }
}

/// The new states of changed accounts, as the pool wants them.
fn changed_accounts(changes: &StateChanges) -> Vec<(Address, SenderState)> {
    changes
        .accounts
        .iter()
        .map(|(address, change)| {
            let account = change.account.unwrap_or_default();
            let has_code = account.code_hash != KECCAK256_EMPTY;
            (*address, SenderState { nonce: account.nonce, balance: account.balance, has_code })
        })
        .collect()
}
