//! Execution of a block: one path for proposer, voter, sync and replay.
//!
//! ```text
//! links to the parent -> system payload -> begin: EIP-2935, modules -> transactions -> end: modules, system transaction
//! ```

use crate::natives::SYSTEM_ADDRESS;
use crate::payload::{CheckedPayload, check_links, check_payload};
use crate::staking;
use crate::{AdmitError, BlockError, Executed, ExecutedReceipt, Executive, InvalidBlock, Parent, Reject};
use alloy_consensus::{Transaction as _, Typed2718 as _};
use alloy_primitives::{Bytes, U256};
use assay_kernel::StateView;
use assay_primitives::transaction::{raw_hash, system_transaction};
use assay_primitives::{Block, BlockId, CheckedTx, Fault, Log, Receipt, TxKind2718};
use assay_staking::api::BlockFacts;
use assay_vm::{BlockEnvironment, CallOptions, Executor, TxOutcome, TxRequest, TxStatus};
use std::borrow::Borrow;

impl Executive {
    /// Executes a block on the state after its parent. Nothing is written: the changes are part of the result. `txs`
    /// are the block's transactions as [`crate::decode_transactions`] gives them.
    ///
    /// # Errors
    /// `Invalid` where any rule is broken, by the block or by one of its transactions; `Fault` where this node failed.
    pub fn execute_block<T: Borrow<CheckedTx>>(
        &self,
        view: &dyn StateView,
        parent: &Parent,
        block: &Block,
        txs: &[T],
    ) -> Result<Executed, BlockError> {
        let mut execution = self.open_block(view, parent, block, txs)?;
        for (index, tx) in txs.iter().enumerate() {
            execution.transact(tx.borrow()).map_err(|error| refused(index, error))?;
        }
        Ok(execution.finish(block.id())?)
    }

    /// Everything of a block that comes before its transactions.
    pub(crate) fn open_block<'a, T: Borrow<CheckedTx>>(
        &'a self,
        view: &'a dyn StateView,
        parent: &Parent,
        block: &Block,
        txs: &[T],
    ) -> Result<BlockExecution<'a>, BlockError> {
        check_links(self.chain_id(), parent, block)?;
        let payload = block.system_payload().map_err(InvalidBlock::Payload)?;
        let checked = check_payload(&payload, parent, &*self.validators_at(view, parent, block.height())?)?;
        let facts = self.facts(view, parent, &payload)?;
        if block.transactions().len() != txs.len()
            || block.transactions().zip(txs).any(|(raw, tx)| raw != tx.borrow().raw())
        {
            return Err(Fault::invariant("the decoded transactions are not those of the block").into());
        }
        Ok(BlockExecution::begin(self, view, parent, &checked, &facts)?)
    }
}

pub(crate) fn refused(index: usize, error: AdmitError) -> BlockError {
    match error {
        AdmitError::Rejected(reject) => InvalidBlock::Transaction { index, reject }.into(),
        AdmitError::Fault(fault) => fault.into(),
    }
}

/// A block that is being executed.
pub(crate) struct BlockExecution<'a> {
    executive: &'a Executive,
    executor: Executor<'a>,
    executed: Executed,
    /// Logs of native modules outside transactions; they go into the system transaction's receipt.
    module_logs: Vec<Log>,
}

impl<'a> BlockExecution<'a> {
    /// Sets the block up and does the work that comes before its transactions.
    pub(crate) fn begin(
        executive: &'a Executive,
        view: &'a dyn StateView,
        parent: &Parent,
        payload: &CheckedPayload,
        facts: &BlockFacts,
    ) -> Result<Self, Fault> {
        let environment = BlockEnvironment {
            number: parent.height().next().get(),
            timestamp: payload.timestamp_ms.seconds(),
            beneficiary: payload.creator.fee_address,
            gas_limit: executive.params().gas_limit,
            base_fee: executive.next_base_fee(parent.header()),
            prevrandao: payload.randomness,
            ..BlockEnvironment::default()
        };
        let executed = Executed {
            block_id: BlockId::default(),
            parent_hash: parent.hash(),
            number: environment.number,
            timestamp_ms: payload.timestamp_ms,
            beneficiary: environment.beneficiary,
            randomness: environment.prevrandao,
            gas_limit: environment.gas_limit,
            base_fee_per_gas: environment.base_fee,
            changes: Default::default(),
            transactions: Vec::new(),
            receipts: Vec::new(),
            gas_used: 0,
            burned: U256::ZERO,
            tips: U256::ZERO,
        };
        let mut executor = Executor::new(view, executive.rules(), environment, executive.natives());
        executor.begin_block(parent.hash())?;
        let mut module_logs = executive.natives().begin_block(&mut executor)?;
        if executive.stakes() {
            module_logs.extend(staking::begin_block(&mut executor, facts)?);
        }
        Ok(Self { executive, executor, executed, module_logs })
    }

    /// Gas that further transactions may ask for.
    pub(crate) const fn gas_left(&self) -> u64 {
        self.executed.gas_limit.saturating_sub(self.executed.gas_used)
    }

    /// How many transactions are in.
    pub(crate) const fn len(&self) -> usize {
        self.executed.transactions.len()
    }

    /// What the block itself demands of a transaction; the machine checks the rest.
    fn check_room(&self, tx: &CheckedTx) -> Result<(), Reject> {
        let (gas_limit, max) = (tx.envelope().gas_limit(), self.gas_left());
        if gas_limit > max {
            return Err(Reject::GasLimitTooHigh { gas_limit, max });
        }
        let (max_fee, base_fee) = (tx.envelope().max_fee_per_gas(), self.executed.base_fee_per_gas);
        if max_fee < u128::from(base_fee) {
            return Err(Reject::FeeTooLow { max_fee, base_fee });
        }
        match tx.envelope().chain_id().filter(|id| *id != self.executive.chain_id()) {
            Some(got) => Err(Reject::ChainId { expected: self.executive.chain_id(), got }),
            None => Ok(()),
        }
    }

    /// Executes the next transaction. A rejected one leaves no trace.
    pub(crate) fn transact(&mut self, tx: &CheckedTx) -> Result<(), AdmitError> {
        self.check_room(tx)?;
        let outcome = self.executor.transact(&TxRequest::from_checked(tx))?;
        self.include(tx, outcome);
        Ok(())
    }

    /// Executes the next transaction under a tracer.
    pub(crate) fn trace(
        &mut self,
        tx: &CheckedTx,
        tracer: &alloy_rpc_types_trace::geth::GethDebugTracingOptions,
    ) -> Result<alloy_rpc_types_trace::geth::GethTrace, assay_vm::TraceError> {
        let request = TxRequest::from_checked(tx);
        let (outcome, trace) = self.executor.trace(&request, CallOptions::STRICT, tracer, true)?;
        self.include(tx, outcome);
        Ok(trace)
    }

    fn include(&mut self, tx: &CheckedTx, outcome: TxOutcome) {
        let executed = &mut self.executed;
        executed.gas_used = executed.gas_used.saturating_add(outcome.gas_used);
        executed.burned = executed.burned.saturating_add(outcome.burned);
        executed.tips = executed.tips.saturating_add(outcome.tip);
        executed.transactions.push(tx.raw().clone());
        let reverted = outcome.status == TxStatus::Reverted;
        executed.receipts.push(ExecutedReceipt {
            tx_hash: tx.hash(),
            sender: tx.sender(),
            gas_used: outcome.gas_used,
            effective_gas_price: outcome.effective_gas_price,
            contract_address: tx.envelope().is_create().then(|| tx.sender().create(tx.nonce())),
            revert_data: if reverted { outcome.output.clone() } else { Bytes::new() },
            receipt: Receipt {
                tx_type: tx.envelope().ty(),
                success: outcome.is_success(),
                cumulative_gas_used: executed.gas_used,
                logs: outcome.logs,
            },
        });
    }

    /// Does the work that comes after the transactions and closes the block.
    pub(crate) fn finish(mut self, block_id: BlockId) -> Result<Executed, Fault> {
        let logs = self.executive.natives().end_block(&mut self.executor)?;
        self.module_logs.extend(logs);
        let mut executed = self.executed;
        if !self.module_logs.is_empty() {
            let raw = system_transaction(executed.number);
            executed.receipts.push(ExecutedReceipt {
                tx_hash: raw_hash(&raw),
                sender: SYSTEM_ADDRESS,
                gas_used: 0,
                effective_gas_price: 0,
                contract_address: None,
                revert_data: Bytes::new(),
                receipt: Receipt {
                    tx_type: TxKind2718::System as u8,
                    success: true,
                    cumulative_gas_used: executed.gas_used,
                    logs: self.module_logs,
                },
            });
            executed.transactions.push(raw);
        }
        executed.block_id = block_id;
        executed.changes = self.executor.finish();
        Ok(executed)
    }
}
