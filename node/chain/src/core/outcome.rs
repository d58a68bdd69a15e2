//! Executed proposals of the current height, kept until one of them is decided.

use assay_executive::Executed;
use assay_primitives::{BlockId, CheckedTx, Height};
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

/// Outcomes of one height by block id.
#[derive(Default)]
pub(crate) struct Outcomes {
    height: Height,
    kept: VecDeque<(BlockId, Outcome)>,
}

impl Outcomes {
    pub(crate) fn contains(&self, id: BlockId) -> bool {
        self.kept.iter().any(|(kept, _)| *kept == id)
    }

    pub(crate) fn put(&mut self, height: Height, id: BlockId, outcome: Outcome) {
        if height != self.height {
            self.kept.clear();
            self.height = height;
        }
        if self.contains(id) {
            return;
        }
        if self.kept.len() >= OUTCOMES_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back((id, outcome));
    }

    /// Takes the outcome of the decided block and forgets all others.
    pub(crate) fn take(&mut self, id: BlockId) -> Option<Outcome> {
        let index = self.kept.iter().position(|(kept, _)| *kept == id);
        let outcome = index.and_then(|index| self.kept.remove(index)).map(|(_, outcome)| outcome);
        self.kept.clear();
        outcome
    }
}
