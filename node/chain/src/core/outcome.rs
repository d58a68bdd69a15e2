//! Executed proposals of the current height, kept until one of them is decided. Roots are computed beside the voting:
//! votes wait for execution only.

use crate::mempool::SenderState;
use alloy_primitives::{Address, Bytes};
use assay_executive::Executed;
use assay_primitives::{BlockId, CheckedTx, ExecutionHeader, Height, TimestampMs};
use assay_store::{PreparedState, ReceiptRecord};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;

/// Overlays kept per height. A fifth proposal displaces the oldest, which is executed again should it be decided.
const OUTCOMES_MAX: usize = 4;

/// What executing a block gave.
pub(crate) struct Outcome {
    pub(crate) executed: Executed,
    /// The block's transactions, the system transaction not among them.
    pub(crate) txs: Vec<Arc<CheckedTx>>,
}

/// An outcome with its roots: all that installing the block needs.
pub(crate) struct Sealed {
    pub(crate) header: ExecutionHeader,
    pub(crate) prepared: PreparedState,
    pub(crate) timestamp_ms: TimestampMs,
    pub(crate) txs: Vec<Arc<CheckedTx>>,
    pub(crate) system_transaction: Option<Bytes>,
    pub(crate) receipts: Vec<ReceiptRecord>,
    /// New states of the changed accounts, for the pool.
    pub(crate) changed: Vec<(Address, SenderState)>,
}

pub(crate) enum Progress {
    Executed(Box<Outcome>),
    /// Some thread computes the roots.
    Sealing,
    Sealed(Box<Sealed>),
}

#[derive(Default)]
struct Kept {
    height: Height,
    outcomes: VecDeque<(BlockId, Progress)>,
}

/// Outcomes of one height by block id.
#[derive(Default)]
pub(crate) struct Outcomes {
    kept: Mutex<Kept>,
    sealed: Condvar,
}

impl Kept {
    fn position(&self, id: BlockId) -> Option<usize> {
        self.outcomes.iter().position(|(kept, _)| *kept == id)
    }
}

impl Outcomes {
    pub(crate) fn contains(&self, id: BlockId) -> bool {
        self.kept.lock().position(id).is_some()
    }

    pub(crate) fn put(&self, height: Height, id: BlockId, outcome: Outcome) {
        let mut kept = self.kept.lock();
        if height != kept.height {
            kept.outcomes.clear();
            kept.height = height;
        }
        if kept.position(id).is_some() {
            return;
        }
        if kept.outcomes.len() >= OUTCOMES_MAX {
            kept.outcomes.pop_front();
        }
        kept.outcomes.push_back((id, Progress::Executed(Box::new(outcome))));
    }

    /// Takes an outcome to compute its roots; it must come back through [`Outcomes::finish_sealing`].
    pub(crate) fn start_sealing(&self, id: BlockId) -> Option<Outcome> {
        let mut kept = self.kept.lock();
        let index = kept.position(id)?;
        let (_, progress) = kept.outcomes.get_mut(index)?;
        match std::mem::replace(progress, Progress::Sealing) {
            Progress::Executed(outcome) => Some(*outcome),
            other => {
                *progress = other;
                None
            }
        }
    }

    /// Puts the roots in; `None` where they could not be had.
    pub(crate) fn finish_sealing(&self, id: BlockId, sealed: Option<Sealed>) {
        let mut kept = self.kept.lock();
        if let Some(index) = kept.position(id) {
            match (sealed, kept.outcomes.get_mut(index)) {
                (Some(sealed), Some((_, progress))) => *progress = Progress::Sealed(Box::new(sealed)),
                _ => drop(kept.outcomes.remove(index)),
            }
        }
        drop(kept);
        self.sealed.notify_all();
    }

    /// Takes the outcome of the decided block, waiting for roots that are on their way, and forgets all others.
    pub(crate) fn take(&self, id: BlockId) -> Option<Progress> {
        let mut kept = self.kept.lock();
        loop {
            let index = kept.position(id);
            match index.and_then(|index| kept.outcomes.get(index)) {
                Some((_, Progress::Sealing)) => self.sealed.wait(&mut kept),
                _ => {
                    let taken = index.and_then(|index| kept.outcomes.remove(index)).map(|(_, progress)| progress);
                    kept.outcomes.clear();
                    return taken;
                }
            }
        }
    }
}
