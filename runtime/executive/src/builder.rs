//! Building of a block: candidates are executed one after another, and those that fail are left out.

use crate::block::BlockExecution;
use crate::payload::check_payload;
use crate::{AdmitError, BlockError, Executed, Executive, InvalidBlock, Parent, Reject};
use alloy_primitives::{B256, Bytes};
use assay_kernel::StateView;
use assay_primitives::block::{BLOCK_BYTES_MAX, ITEMS_MAX};
use assay_primitives::{Block, BlockId, CheckedTx, Height, SystemPayload, codec};

/// Room left for lengths and the header of the ordering block.
const HEADER_BYTES: usize = 256;
const LENGTH_BYTES: usize = 4;

/// A block in the making. Executing the finished block gives what the builder gives.
pub struct BlockBuilder<'a> {
    execution: BlockExecution<'a>,
    payload: SystemPayload,
    chain_id: u64,
    height: Height,
    parent_id: BlockId,
    parent_hash: B256,
    bytes_left: usize,
    transactions: Vec<Bytes>,
}

impl Executive {
    /// Starts the block after `parent`, whose state `view` is.
    ///
    /// # Errors
    /// `Invalid` for a payload that breaks a rule, `Fault`.
    pub fn build<'a>(
        &'a self,
        view: &'a dyn StateView,
        parent: &Parent,
        payload: SystemPayload,
    ) -> Result<BlockBuilder<'a>, BlockError> {
        let height = parent.height().next();
        let checked = check_payload(&payload, parent, &*self.validators_at(view, parent, height)?)?;
        let facts = self.facts(view, parent, &payload)?;
        let used = codec::encode(&payload).len().saturating_add(HEADER_BYTES).saturating_add(LENGTH_BYTES);
        Ok(BlockBuilder {
            execution: BlockExecution::begin(self, view, parent, &checked, &facts)?,
            payload,
            chain_id: self.chain_id(),
            height,
            parent_id: parent.block_id(),
            parent_hash: parent.hash(),
            bytes_left: BLOCK_BYTES_MAX.saturating_sub(used),
            transactions: Vec::new(),
        })
    }
}

impl BlockBuilder<'_> {
    /// Executes a candidate and adds it. A rejected one leaves no trace; the next may be tried.
    ///
    /// # Errors
    /// `Rejected` where it cannot be part of this block, now or at all; `Fault`.
    pub fn push(&mut self, tx: &CheckedTx) -> Result<(), AdmitError> {
        let size = tx.raw().len().saturating_add(LENGTH_BYTES);
        if size > self.bytes_left || self.execution.len().saturating_add(1) >= ITEMS_MAX {
            return Err(Reject::BlockFull.into());
        }
        self.execution.transact(tx)?;
        self.bytes_left = self.bytes_left.saturating_sub(size);
        self.transactions.push(tx.raw().clone());
        Ok(())
    }

    /// Gas that further candidates may ask for; below 21,000 none fits.
    pub const fn gas_left(&self) -> u64 {
        self.execution.gas_left()
    }

    /// Bytes that further candidates may take.
    pub const fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// How many transactions are in.
    pub const fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Whether no transaction is in.
    pub const fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// Closes the block.
    ///
    /// # Errors
    /// `Invalid` where the payload is over its bound, `Fault`.
    pub fn finish(self) -> Result<(Block, Executed), BlockError> {
        let block = Block::assemble(
            self.chain_id,
            self.height,
            self.parent_id,
            self.parent_hash,
            &self.payload,
            self.transactions,
        )
        .map_err(InvalidBlock::Payload)?;
        let executed = self.execution.finish(block.id())?;
        Ok((block, executed))
    }
}
