//! Evidence of double signatures on its way into a block, and what blocks have carried already.
//!
//! A piece is good for [`EVIDENCE_HEIGHTS`] heights after the one it is about, once per validator and height. So what was
//! carried is known from the last blocks alone, and every node refuses the same.

use super::{Core, Head};
use assay_consensus::verify_evidence;
use assay_executive::EVIDENCE_MAX;
use assay_primitives::{ConsensusAddress, Evidence, Fault, Height, SystemPayload};
use std::collections::BTreeSet;

/// Heights after the one it is about in which a block may carry a piece of evidence, as the staking module has it.
pub(crate) const EVIDENCE_HEIGHTS: u64 = assay_executive::EVIDENCE_HEIGHTS;
/// Pieces looked at for one proposal.
const PENDING_MAX: usize = 16 * EVIDENCE_MAX;

type Offence = (Height, ConsensusAddress);

/// Offences named by blocks that are recent enough to matter: at most [`EVIDENCE_MAX`] per block and
/// [`EVIDENCE_HEIGHTS`] blocks.
#[derive(Debug, Default)]
pub(super) struct Carried {
    offences: BTreeSet<Offence>,
}

impl Carried {
    fn add(&mut self, height: Height, evidence: &[Evidence]) {
        self.offences.extend(evidence.iter().map(|piece| (piece.height, piece.address)));
        // Too old to be carried again by the next block.
        self.offences.retain(|(about, _)| fits(*about, height.next()));
    }
}

/// Whether a block of a height may still carry evidence about another. Nobody signs at height 0.
fn fits(about: Height, height: Height) -> bool {
    about > Height::ZERO && about < height && about.saturating_add(EVIDENCE_HEIGHTS) >= height
}

impl Core {
    /// Keeps what the engine saw, for the next proposals of this node.
    pub(super) fn keep_evidence(&self, evidence: &[Evidence]) -> Result<(), Fault> {
        let mut seen = BTreeSet::new();
        for piece in evidence {
            if !seen.insert((piece.height, piece.address)) {
                continue;
            }
            // What others could refuse would spoil this node's own proposals.
            match verify_evidence(self.executive.chain_id(), &*self.validators(piece.height)?, piece) {
                Ok(()) => {
                    tracing::warn!(height = %piece.height, validator = %piece.address, "a validator signed twice; kept as evidence");
                    self.store.put_evidence(piece)?;
                }
                Err(error) => tracing::warn!(%error, "evidence that proves nothing"),
            }
        }
        Ok(())
    }

    /// Evidence for a proposal of this node. What no block can carry any more is dropped.
    pub(super) fn evidence_for(&self, height: Height) -> Result<Vec<Evidence>, Fault> {
        let pending = self.store.pending_evidence(PENDING_MAX)?;
        if pending.is_empty() {
            return Ok(pending);
        }
        let mut seen = self.carried_below(height)?;
        let (mut fresh, mut useless) = (Vec::new(), Vec::new());
        for piece in pending {
            let due = fits(piece.height, height) && seen.insert((piece.height, piece.address));
            if due { fresh.push(piece) } else { useless.push(piece) }
        }
        self.store.remove_evidence(&useless)?;
        fresh.truncate(EVIDENCE_MAX);
        Ok(fresh)
    }

    pub(super) fn judge_evidence(&self, head: &Head, payload: &SystemPayload) -> Result<Result<(), String>, Fault> {
        if payload.evidence.is_empty() {
            return Ok(Ok(()));
        }
        let height = head.height().next();
        let mut carried = self.carried_below(height)?;
        for piece in &payload.evidence {
            if !fits(piece.height, height) {
                return Ok(Err(format!("evidence about height {} in block {height}", piece.height)));
            }
            if !carried.insert((piece.height, piece.address)) {
                return Ok(Err(format!("evidence against {} at {} comes twice", piece.address, piece.height)));
            }
            let verified = verify_evidence(self.executive.chain_id(), &*self.validators(piece.height)?, piece);
            if let Err(error) = verified {
                return Ok(Err(format!("evidence: {error}")));
            }
        }
        Ok(Ok(()))
    }

    /// A block carries these: no other needs to.
    pub(super) fn carry(&self, height: Height, evidence: &[Evidence]) -> Result<(), Fault> {
        if let Some(carried) = &mut *self.carried.lock() {
            carried.add(height, evidence);
        }
        if evidence.is_empty() {
            return Ok(());
        }
        self.store.remove_evidence(evidence)
    }

    /// Offences that blocks below a height carry. Read from the ledger once, when there is evidence at all.
    fn carried_below(&self, height: Height) -> Result<BTreeSet<Offence>, Fault> {
        let mut known = self.carried.lock();
        if let Some(carried) = &*known {
            return Ok(carried.offences.clone());
        }
        let mut carried = Carried::default();
        let first = height.saturating_sub(EVIDENCE_HEIGHTS).max(Height(1));
        for at in (first.get()..height.get()).map(Height) {
            let block = self.store.block(at)?.ok_or_else(|| Fault::corrupt(format!("the ledger has no block {at}")))?;
            let payload = block.system_payload().map_err(|error| Fault::corrupt(error.to_string()))?;
            carried.add(at, &payload.evidence);
        }
        Ok(known.insert(carried).offences.clone())
    }
}
