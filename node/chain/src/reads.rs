//! Reads of committed data.

use crate::blocks::load_block;
use crate::core::Core;
use crate::query::{AccountProof, SlotProof};
use crate::types::{BlockRef, CommittedBlock, ReadError, TxLocation};
use alloy_consensus::EMPTY_ROOT_HASH;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use assay_kernel::StateView;
use assay_primitives::{ExecutionHeader, Fault, Height};
use assay_store::HistoryError;
use std::sync::Arc;

impl From<HistoryError> for ReadError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Pruned { height, oldest, .. } => Self::Pruned { height: height.get(), oldest: oldest.get() },
            HistoryError::Future { .. } => Self::UnknownBlock,
            HistoryError::Fault(fault) => fault.into(),
        }
    }
}

impl Core {
    /// Passes a fault of a query on. A broken disk or damaged data stop the chain; a query that outlived what it read
    /// does not.
    pub(crate) fn query_fault(&self, fault: Fault) -> ReadError {
        if matches!(fault, Fault::Storage(_) | Fault::Corrupt(_)) {
            self.stop(fault.to_string());
        }
        fault.into()
    }

    pub(crate) fn check_readable(&self) -> Result<(), ReadError> {
        self.stop_reason().map_or(Ok(()), |reason| Err(ReadError::Stopped(reason.to_owned())))
    }

    /// Height of a block; `None` where there is none.
    pub(crate) fn number(&self, block: BlockRef) -> Result<Option<u64>, ReadError> {
        self.check_readable()?;
        let head = self.head();
        Ok(match block {
            BlockRef::Latest => Some(head.block.number()),
            BlockRef::Number(number) => (number <= head.block.number()).then_some(number),
            BlockRef::Hash(hash) if hash == head.block.hash => Some(head.block.number()),
            BlockRef::Hash(hash) => {
                let cached = self.blocks.lock().number_of(&hash);
                match cached {
                    Some(number) => Some(number),
                    None => self.store.height_of(hash).map_err(|fault| self.query_fault(fault))?.map(Height::get),
                }
            }
        })
    }

    pub(crate) fn block(&self, block: BlockRef) -> Result<Option<Arc<CommittedBlock>>, ReadError> {
        self.number(block)?.map_or(Ok(None), |number| self.block_at(number))
    }

    pub(crate) fn block_at(&self, number: u64) -> Result<Option<Arc<CommittedBlock>>, ReadError> {
        let head = self.head();
        if number == head.block.number() {
            return Ok(Some(Arc::clone(&head.block)));
        }
        if number > head.block.number() {
            return Ok(None);
        }
        if let Some(block) = self.blocks.lock().get(number) {
            return Ok(Some(block));
        }
        let genesis_time = self.executive.spec().genesis_time_ms;
        let block = load_block(&self.store, genesis_time, Height(number)).map_err(|fault| self.query_fault(fault))?;
        Ok(block.map(|block| {
            let block = Arc::new(block);
            self.blocks.lock().put(Arc::clone(&block));
            block
        }))
    }

    pub(crate) fn header_at(&self, number: u64) -> Result<Option<ExecutionHeader>, ReadError> {
        let head = self.head();
        if number == head.block.number() {
            return Ok(Some(head.block.header.clone()));
        }
        if number > head.block.number() {
            return Ok(None);
        }
        self.store.header(Height(number)).map_err(|fault| self.query_fault(fault))
    }

    pub(crate) fn transaction(&self, hash: B256) -> Result<Option<TxLocation>, ReadError> {
        self.check_readable()?;
        let location = self.store.tx_location(hash).map_err(|fault| self.query_fault(fault))?;
        let Some(location) = location else { return Ok(None) };
        let index = usize::try_from(location.index).unwrap_or(usize::MAX);
        // Written with its block, but only visible once the block is the head.
        Ok(self.block_at(location.height.get())?.map(|block| TxLocation { block, index }))
    }

    pub(crate) fn state(&self, block: BlockRef) -> Result<Arc<dyn StateView>, ReadError> {
        self.check_readable()?;
        if block == BlockRef::Latest {
            return Ok(Arc::new(self.head().view.clone()));
        }
        let number = self.number(block)?.ok_or(ReadError::UnknownBlock)?;
        Ok(self.store.view_at(Height(number))?)
    }

    pub(crate) fn proof(&self, address: Address, slots: &[U256], block: BlockRef) -> Result<AccountProof, ReadError> {
        let number = self.number(block)?.ok_or(ReadError::UnknownBlock)?;
        let proven = self.store.proof(address, slots, Height(number))?;
        let leaf = proven.account;
        Ok(AccountProof {
            address,
            nonce: leaf.map_or(0, |leaf| leaf.account.nonce),
            balance: leaf.map(|leaf| leaf.account.balance).unwrap_or_default(),
            code_hash: leaf.map_or(KECCAK256_EMPTY, |leaf| leaf.account.code_hash),
            storage_root: leaf.map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage_root),
            proof: proven.proof,
            slots: proven
                .slots
                .into_iter()
                .map(|slot| SlotProof { slot: slot.slot, value: slot.value, proof: slot.proof })
                .collect(),
        })
    }

    pub(crate) fn pending_nonce(&self, sender: Address) -> Result<u64, ReadError> {
        self.check_readable()?;
        let pooled = self.pool.lock().pending_nonce(sender);
        match pooled {
            Some(nonce) => Ok(nonce),
            None => {
                let account = self.head().view.account(sender).map_err(|fault| self.query_fault(fault))?;
                Ok(account.unwrap_or_default().nonce)
            }
        }
    }
}
