//! Who proposes a height: the rotation is led on from block to block, and read from the ledger where it is not at hand.

use super::{Core, Head};
use assay_consensus::{HeightContext, Rotation};
use assay_executive::Executive;
use assay_primitives::{Fault, Height, Round, ValidatorSet};
use assay_store::Store;
use std::sync::Arc;

impl Core {
    /// Validators of a height that is decided or comes next.
    pub(crate) fn validators(&self, height: Height) -> Result<Arc<ValidatorSet>, Fault> {
        let head = self.head();
        match head.parent.validators(height) {
            Some(known) => Ok(Arc::clone(known)),
            None => self.executive.validators(&head.view, height).map(Arc::new),
        }
    }

    /// Validators and rotation of a height. Only the next one's is at hand; an older one reads up to an epoch of blocks.
    pub(crate) fn height_context(&self, height: Height) -> Result<HeightContext, Fault> {
        let head = self.head();
        let validators = ValidatorSet::clone(&*self.validators(height)?);
        if height == head.rotation.height() {
            return Ok(head.rotation.context(validators));
        }
        if height > head.rotation.height() {
            return Err(Fault::invariant(format!(
                "the proposers of height {height} are not known at {}",
                head.height()
            )));
        }
        Ok(rotation_at(&self.store, &self.executive, height)?.context(validators))
    }

    /// The rotation after the block that follows `head`, which names the round in which it was made.
    pub(super) fn rotation_after(&self, head: &Head, created: Round) -> Result<Rotation, Fault> {
        let mut rotation = head.rotation.clone();
        rotation.decided(ValidatorSet::clone(&*self.validators(rotation.height())?), created);
        Ok(rotation)
    }
}

/// The rotation at a height, from the decided blocks below it.
pub(super) fn rotation_at(store: &Store, executive: &Executive, height: Height) -> Result<Rotation, Fault> {
    let view = store.view_latest()?;
    let mut rotation = Rotation::at_epoch_of(height);
    while rotation.height() < height {
        let at = rotation.height();
        let created = created_round(store, at)?;
        rotation.decided(executive.validators(&view, at)?, created);
    }
    Ok(rotation)
}

/// The round in which a decided block was made.
fn created_round(store: &Store, height: Height) -> Result<Round, Fault> {
    let missing = |what| Fault::corrupt(format!("the ledger has no {what} {height}"));
    // Nothing is decided before it is made, so that most blocks need not be read.
    if store.certificate(height)?.ok_or_else(|| missing("certificate"))?.round == Round::ZERO {
        return Ok(Round::ZERO);
    }
    let block = store.block(height)?.ok_or_else(|| missing("block"))?;
    Ok(block.system_payload().map_err(|error| Fault::corrupt(error.to_string()))?.round)
}
