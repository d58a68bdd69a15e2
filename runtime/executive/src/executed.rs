//! What executing a block gave, and the header that seals it.

use crate::Executive;
use alloy_primitives::{Address, B256, Bloom, Bytes, U256};
use assay_kernel::StateChanges;
use assay_primitives::header::HeaderParts;
use assay_primitives::receipt::logs_bloom;
use assay_primitives::{BlockId, ExecutionHeader, Receipt, TimestampMs};
use assay_trie::ordered_root;

/// A receipt with what clients want to know beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutedReceipt {
    /// The receipt as the receipts root commits to it.
    pub receipt: Receipt,
    /// Hash of the transaction.
    pub tx_hash: B256,
    /// Who sent it; [`crate::SYSTEM_ADDRESS`] for the system transaction.
    pub sender: Address,
    /// Gas used by this transaction.
    pub gas_used: u64,
    /// Wei per gas that the sender paid.
    pub effective_gas_price: u128,
    /// Address that a creation was for, whether it succeeded or not.
    pub contract_address: Option<Address>,
    /// Reason of a revert; empty otherwise.
    pub revert_data: Bytes,
}

/// A block's outcome, all but the state root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// Id of the ordering block.
    pub block_id: BlockId,
    /// Hash of the execution header before.
    pub parent_hash: B256,
    /// Height.
    pub number: u64,
    /// Block time.
    pub timestamp_ms: TimestampMs,
    /// Fee address of the creator.
    pub beneficiary: Address,
    /// Header randomness.
    pub randomness: B256,
    /// Gas limit of the block.
    pub gas_limit: u64,
    /// Base fee per gas, in wei.
    pub base_fee_per_gas: u64,
    /// Changes of the state.
    pub changes: StateChanges,
    /// Raw transactions in order; the system transaction, where there is one, is the last.
    pub transactions: Vec<Bytes>,
    /// One receipt for each of them.
    pub receipts: Vec<ExecutedReceipt>,
    /// Gas used by all transactions.
    pub gas_used: u64,
    /// Wei that ceased to exist: the burned share of the base fees.
    pub burned: U256,
    /// Wei of priority fees that the creator received.
    pub tips: U256,
}

impl Executed {
    /// Bloom over all logs.
    pub fn logs_bloom(&self) -> Bloom {
        logs_bloom(self.receipts.iter().flat_map(|executed| &executed.receipt.logs))
    }

    /// Root over the transactions.
    pub fn transactions_root(&self) -> B256 {
        ordered_root(&self.transactions)
    }

    /// Root over the receipts.
    pub fn receipts_root(&self) -> B256 {
        let encoded: Vec<Vec<u8>> = self
            .receipts
            .iter()
            .map(|executed| {
                let mut out = Vec::new();
                executed.receipt.encode_2718(&mut out);
                out
            })
            .collect();
        ordered_root(&encoded)
    }
}

impl Executive {
    /// The execution header of a block, once the root of its state is known.
    pub fn seal(&self, executed: &Executed, state_root: B256) -> ExecutionHeader {
        HeaderParts {
            parent_hash: executed.parent_hash,
            number: executed.number,
            timestamp: executed.timestamp_ms.seconds(),
            beneficiary: executed.beneficiary,
            randomness: executed.randomness,
            state_root,
            transactions_root: executed.transactions_root(),
            receipts_root: executed.receipts_root(),
            logs_bloom: executed.logs_bloom(),
            gas_limit: executed.gas_limit,
            gas_used: executed.gas_used,
            base_fee_per_gas: executed.base_fee_per_gas,
            extra_data: executed.block_id,
        }
        .into_header()
    }
}
