//! The executor: transactions of one block, one after another, over a state view.

use crate::context::{VmContext, VmError, block_env, cfg_env, tx_env};
use crate::convert;
use crate::database::BlockState;
use crate::evm::AssayEvm;
use crate::handler::FeeHandler;
use crate::options::{CallOptions, NativeOutcome, TraceError};
use crate::outcome::InvalidTx;
use crate::trace::Tracer;
use crate::{BlockEnvironment, ChainRules, Fork, TransactError, TxOutcome, TxRequest};
use alloy_eips::eip2930::AccessList;
use alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
use alloy_primitives::{Address, B256, Bytes};
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use assay_kernel::{CallError, Frame, Host, NativeCalls, StateChanges, StateView};
use assay_primitives::Fault;
use revm::Inspector;
use revm::context::result::ExecutionResult;
use revm::context::{Context, ContextSetters, ContextTr, Journal, JournalTr, LocalContextTr};
use revm::handler::system_call::SystemCallTx;
use revm::handler::{EvmTr, Handler, SYSTEM_ADDRESS};
use revm::inspector::{InspectorHandler, NoOpInspector};
use revm::interpreter::{Gas, SharedMemory};
use revm::state::EvmState;
use revm_inspectors::access_list::AccessListInspector;

/// Executes the transactions of one block. Effects of each are kept for the next; nothing reaches the view.
pub struct Executor<'a> {
    evm: AssayEvm<'a, NoOpInspector>,
    rules: ChainRules,
    block: BlockEnvironment,
}

/// A transaction that ran: what it did, and the state it left in the journal.
pub(crate) struct Ran {
    pub(crate) result: ExecutionResult,
    pub(crate) state: EvmState,
}

impl<'a> Executor<'a> {
    /// An executor over a view.
    pub fn new(
        view: &'a dyn StateView,
        rules: ChainRules,
        block: BlockEnvironment,
        natives: &'a dyn NativeCalls,
    ) -> Self {
        let context = Context {
            block: block_env(&rules, &block),
            tx: Default::default(),
            cfg: cfg_env(&rules, CallOptions::STRICT),
            journaled_state: Journal::new(BlockState::new(view)),
            chain: (),
            local: Default::default(),
            error: Ok(()),
        };
        let evm = AssayEvm::new(context, NoOpInspector, natives, &rules, false);
        Self { evm, rules, block }
    }

    /// Runs the system call of EIP-2935 that stores the parent's hash; once, before the first transaction. As that EIP
    /// has it, a failure of the contract has no effect.
    ///
    /// # Errors
    /// `Fault`.
    pub fn begin_block(&mut self, parent_hash: B256) -> Result<(), Fault> {
        if self.rules.fork < Fork::Prague {
            return Ok(());
        }
        let data = Bytes::copy_from_slice(parent_hash.as_slice());
        let tx = revm::context::TxEnv::new_system_tx_with_caller(SYSTEM_ADDRESS, HISTORY_STORAGE_ADDRESS, data);
        self.sync_journal();
        self.evm.inner.ctx.set_tx(tx);
        let result = FeeHandler::new(self.rules.fee_split).run_system_call(&mut self.evm);
        let state = self.evm.inner.ctx.journal_mut().finalize();
        match result {
            Ok(_) => self.state_mut().commit(state),
            Err(error) => Err(as_fault(error)),
        }
    }

    /// Executes a transaction and keeps its effects.
    ///
    /// # Errors
    /// `Invalid` without any effect; `Fault`.
    pub fn transact(&mut self, request: &TxRequest) -> Result<TxOutcome, TransactError> {
        let Ran { result, state } = self.run(request)?;
        self.state_mut().commit(state)?;
        Ok(self.outcome(result))
    }

    /// Executes without keeping effects.
    ///
    /// # Errors
    /// `Invalid`, `Fault`.
    pub fn call(&mut self, request: &TxRequest, options: CallOptions) -> Result<TxOutcome, TransactError> {
        self.evm.inner.ctx.cfg = cfg_env(&self.rules, options);
        let outcome = self.run(request).map(|ran| self.outcome(ran.result));
        self.evm.inner.ctx.cfg = cfg_env(&self.rules, CallOptions::STRICT);
        outcome
    }

    /// Executes without keeping effects, and lists the accounts and slots that were accessed beyond those that are
    /// always warm (sender, callee, created contract, precompiles, native modules).
    ///
    /// # Errors
    /// `Invalid`, `Fault`.
    pub fn access_list(
        &mut self,
        request: &TxRequest,
        options: CallOptions,
    ) -> Result<(TxOutcome, AccessList), TransactError> {
        let mut inspector = AccessListInspector::new(request.access_list.clone());
        let (outcome, _) = self.run_inspected(request, options, &mut inspector)?;
        Ok((outcome, inspector.into_access_list()))
    }

    /// Executes under a tracer: the struct logger, `callTracer`, `prestateTracer`, `4byteTracer` or `noopTracer`.
    /// `keep`: whether effects are kept for the next transaction.
    ///
    /// # Errors
    /// `Unsupported`, `TooLarge`, or as for [`Executor::transact`].
    pub fn trace(
        &mut self,
        request: &TxRequest,
        options: CallOptions,
        tracer: &GethDebugTracingOptions,
        keep: bool,
    ) -> Result<(TxOutcome, GethTrace), TraceError> {
        let mut tracer = Tracer::new(tracer)?;
        let ran = self.run_inspected(request, options, &mut tracer);
        if tracer.gave_up() {
            return Err(TraceError::TooLarge);
        }
        let (outcome, Ran { result, state }) = ran?;
        let (trace, state) = tracer.finish(&self.evm.inner.ctx, result, state)?;
        if keep {
            self.state_mut().commit(state).map_err(TransactError::Fault)?;
        }
        Ok((outcome, trace))
    }

    /// Runs native work outside a transaction (`end_block`) in a frame of the native module at `address`, whose caller
    /// and origin are the system address, bounded by `gas_limit`. Effects and logs are kept unless it fails.
    ///
    /// # Errors
    /// `Fault`.
    pub fn native_work(
        &mut self,
        address: Address,
        gas_limit: u64,
        work: &mut dyn FnMut(&mut dyn Host) -> Result<Bytes, CallError>,
    ) -> Result<NativeOutcome, Fault> {
        let tx = revm::context::TxEnv::new_system_tx_with_caller(SYSTEM_ADDRESS, address, Bytes::new());
        self.sync_journal();
        self.evm.inner.ctx.set_tx(tx);
        let outcome = self.run_native_work(address, gas_limit, work);
        self.evm.inner.ctx.local_mut().clear();
        self.evm.inner.frame_stack.clear();
        let journal = self.evm.inner.ctx.journal_mut();
        match outcome {
            Ok(mut outcome) => {
                outcome.logs = journal.take_logs();
                let state = journal.finalize();
                self.state_mut().commit(state)?;
                Ok(outcome)
            }
            Err(error) => {
                journal.discard_tx();
                journal.finalize();
                Err(as_fault(error))
            }
        }
    }

    fn run_native_work(
        &mut self,
        address: Address,
        gas_limit: u64,
        work: &mut dyn FnMut(&mut dyn Host) -> Result<Bytes, CallError>,
    ) -> Result<NativeOutcome, VmError> {
        self.evm.native_depth = 0;
        revm::handler::pre_execution::load_accounts::<_, VmError>(&mut self.evm)?;
        let memory = SharedMemory::new_with_buffer(self.evm.inner.ctx.local().shared_memory_buffer().clone());
        let checkpoint = self.evm.inner.ctx.journal_mut().checkpoint();
        let frame = Frame { address, caller: SYSTEM_ADDRESS, value: Default::default(), is_static: false };
        let ended = self.evm.native_frame(frame, 0, memory, Gas::new(gas_limit), work)?;
        let result = ended.result.clone();
        let (_, _, gas) = self.evm.settle(checkpoint, ended)?;
        Ok(NativeOutcome { result, gas_used: gas_limit.saturating_sub(gas.remaining()), logs: Vec::new() })
    }

    /// The block being executed.
    pub const fn block(&self) -> &BlockEnvironment {
        &self.block
    }

    /// What was changed so far, without changes back to the old value.
    pub fn changes(&self) -> StateChanges {
        self.evm.inner.ctx.journaled_state.db().changes()
    }

    /// Ends the block.
    pub fn finish(self) -> StateChanges {
        self.changes()
    }

    pub(crate) fn state_mut(&mut self) -> &mut BlockState<'a> {
        self.evm.inner.ctx.journaled_state.db_mut()
    }

    fn sync_journal(&mut self) {
        let spec = self.rules.fork.spec();
        self.evm.inner.ctx.journal_mut().set_spec_id(spec);
    }

    /// Puts a request into the context.
    fn prepare(&mut self, request: &TxRequest) -> Result<(), TransactError> {
        if request.tx_type == 3 && !self.rules.blobs {
            return Err(InvalidTx::TypeNotSupported(3).into());
        }
        let nonce = match request.nonce {
            Some(nonce) => nonce,
            None => self.state_mut().account(request.caller)?.current.map_or(0, |account| account.nonce),
        };
        self.sync_journal();
        self.evm.inner.ctx.set_tx(tx_env(request, nonce));
        self.evm.native_depth = 0;
        Ok(())
    }

    fn run(&mut self, request: &TxRequest) -> Result<Ran, TransactError> {
        self.prepare(request)?;
        let split = self.rules.fee_split;
        let result = FeeHandler::new(split).run(&mut self.evm);
        let state = self.evm.inner.ctx.journal_mut().finalize();
        let result = result.map_err(|error| convert::transact_error(error, request.tx_type))?;
        Ok(Ran { result, state })
    }

    fn outcome(&self, result: ExecutionResult) -> TxOutcome {
        convert::outcome(&self.evm.inner.ctx, self.rules.fee_split, result)
    }

    /// Runs on a second machine that an inspector watches, over the same state.
    pub(crate) fn run_inspected<I>(
        &mut self,
        request: &TxRequest,
        options: CallOptions,
        inspector: &mut I,
    ) -> Result<(TxOutcome, Ran), TransactError>
    where
        I: Inspector<VmContext<'a>>,
    {
        self.prepare(request)?;
        let view = self.state_mut().view;
        let state = std::mem::replace(self.state_mut(), BlockState::new(view));
        let context = Context {
            block: self.evm.inner.ctx.block.clone(),
            tx: self.evm.inner.ctx.tx.clone(),
            cfg: cfg_env(&self.rules, options),
            journaled_state: Journal::new(state),
            chain: (),
            local: Default::default(),
            error: Ok(()),
        };
        let split = self.rules.fee_split;
        let mut evm = AssayEvm::new(context, inspector, self.evm.natives, &self.rules, true);
        let spec = self.rules.fork.spec();
        evm.ctx().journal_mut().set_spec_id(spec);
        let result = FeeHandler::new(split).inspect_run(&mut evm);
        let state = evm.ctx().journal_mut().finalize();
        let result = result.map_err(|error| convert::transact_error(error, request.tx_type));
        let outcome = result.map(|result| (convert::outcome(&evm.inner.ctx, split, result.clone()), result));
        *self.state_mut() = evm.inner.ctx.journaled_state.database;
        let (outcome, result) = outcome?;
        Ok((outcome, Ran { result, state }))
    }
}

fn as_fault(error: VmError) -> Fault {
    match convert::transact_error(error, 0) {
        TransactError::Fault(fault) => fault,
        TransactError::Invalid(invalid) => Fault::invariant(format!("system work was refused: {invalid}")),
    }
}
