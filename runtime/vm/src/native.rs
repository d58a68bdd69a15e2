//! Frames of native modules, and the one loop through which native code calls out.
//!
//! Native stack: an EVM frame inside an EVM frame takes none, revm keeps its own frame stack. Each native frame takes a
//! few KiB (this file, the dispatch and the handler), and at most [`NATIVE_FRAMES_MAX`] of them nest.

use crate::context::VmContext;
use crate::database::DatabaseFault;
use crate::evm::{AssayEvm, FrameError};
use crate::host::NativeHost;
use alloy_primitives::{Address, Bytes};
use assay_abi::errors::NoDelegate;
use assay_kernel::{CallError, Frame, Halt, Host, Reverted};
use assay_primitives::Fault;
use revm::Inspector;
use revm::context::{ContextTr, JournalTr};
use revm::context_interface::context::take_error;
use revm::context_interface::journaled_state::JournalCheckpoint;
use revm::handler::{EvmTr, FrameResult, ItemOrResult};
use revm::inspector::InspectorEvmTr;
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::{
    CallInputs, CallOutcome, CallScheme, CallValue, FrameInput, Gas, InstructionResult, InterpreterResult, SharedMemory,
};
use revm::primitives::constants::CALL_STACK_LIMIT;

/// Most native frames inside one another; the next one fails like a call at depth 1,025.
pub const NATIVE_FRAMES_MAX: u32 = 64;

/// Deepest frame, as revm counts them.
const DEPTH_MAX: usize = 1024;
const _: () = assert!(CALL_STACK_LIMIT == 1024);

/// What native code left behind.
pub(crate) struct Ended {
    pub(crate) result: Result<Bytes, CallError>,
    pub(crate) gas: Gas,
}

impl<'a, I: Inspector<VmContext<'a>>> AssayEvm<'a, I> {
    /// Runs a call into a native module, within a checkpoint of its own.
    pub(crate) fn run_native(
        &mut self,
        depth: usize,
        memory: SharedMemory,
        call: &CallInputs,
    ) -> Result<FrameResult, FrameError> {
        let gas = Gas::new_with_regular_gas_and_reservoir(call.gas_limit, call.reservoir);
        if depth > DEPTH_MAX || self.native_depth >= NATIVE_FRAMES_MAX {
            return Ok(frame_result(call, InstructionResult::CallTooDeep, Bytes::new(), gas));
        }
        let delegated = call.bytecode_address != call.target_address;
        if delegated || !matches!(call.scheme, CallScheme::Call | CallScheme::StaticCall) {
            let reason = Reverted::with(&NoDelegate {}).data;
            return Ok(frame_result(call, InstructionResult::Revert, reason, gas));
        }
        let checkpoint = self.inner.ctx.journal_mut().checkpoint();
        if let CallValue::Transfer(value) = call.value
            && let Some(error) = self.inner.ctx.journal_mut().transfer_loaded(call.caller, call.target_address, value)
        {
            self.inner.ctx.journal_mut().checkpoint_revert(checkpoint);
            return Ok(frame_result(call, error.into(), Bytes::new(), gas));
        }
        let input = call.input.bytes(&self.inner.ctx);
        let frame = Frame {
            address: call.target_address,
            caller: call.caller,
            value: call.value.get(),
            is_static: call.is_static,
        };
        let natives = self.natives;
        let ended = self.native_frame(frame, depth, memory, gas, &mut |host| natives.call(host, &input))?;
        let (status, output, gas) = self.settle(checkpoint, ended)?;
        Ok(frame_result(call, status, output, gas))
    }

    /// Runs native code in a frame; the checkpoint is the caller's.
    pub(crate) fn native_frame(
        &mut self,
        frame: Frame,
        depth: usize,
        memory: SharedMemory,
        gas: Gas,
        work: &mut dyn FnMut(&mut dyn Host) -> Result<Bytes, CallError>,
    ) -> Result<Ended, FrameError> {
        // EIP-161 would erase the storage of an empty account at the end of the transaction.
        if self.inner.ctx.journal_mut().load_account(frame.address)?.data.is_empty() {
            let fault = Fault::invariant(format!("the account of native module {} is empty", frame.address));
            return Err(FrameError::Db(DatabaseFault(fault)));
        }
        self.native_depth = self.native_depth.saturating_add(1);
        let mut host = NativeHost::new(self, frame, depth, memory, gas);
        let result = work(&mut host);
        let gas = host.into_gas();
        self.native_depth = self.native_depth.saturating_sub(1);
        Ok(Ended { result, gas })
    }

    /// Keeps or undoes what native code did.
    pub(crate) fn settle(
        &mut self,
        checkpoint: JournalCheckpoint,
        ended: Ended,
    ) -> Result<(InstructionResult, Bytes, Gas), FrameError> {
        let Ended { result, mut gas } = ended;
        let journal = self.inner.ctx.journal_mut();
        let (status, output) = match result {
            Ok(output) => {
                journal.checkpoint_commit();
                return Ok((InstructionResult::Return, output, gas));
            }
            Err(CallError::Reverted(reverted)) => (InstructionResult::Revert, reverted.data),
            Err(CallError::Halted(Halt::OutOfGas)) => (InstructionResult::OutOfGas, Bytes::new()),
            Err(CallError::Halted(Halt::StaticWrite)) => (InstructionResult::StateChangeDuringStaticCall, Bytes::new()),
            Err(CallError::Fault(fault)) => return Err(FrameError::Db(DatabaseFault(fault))),
        };
        journal.checkpoint_revert(checkpoint);
        if status != InstructionResult::Revert {
            gas.spend_all();
        }
        Ok((status, output, gas))
    }

    /// Runs a frame to its end from within native code, on the same frame stack: the frames that were there stay as
    /// they are, whatever stands on top of them is gone again when this returns.
    pub(crate) fn nested(
        &mut self,
        depth: usize,
        memory: &mut SharedMemory,
        frame_input: FrameInput,
    ) -> Result<FrameResult, FrameError> {
        let below = self.inner.frame_stack.index();
        let init = FrameInit { depth, memory: memory.new_child_context(), frame_input };
        let result = match self.enter(init)? {
            Some(result) => result,
            None => self.run_above(below)?,
        };
        memory.free_child_context();
        // A database error inside the frame shows up as a halt; it must never become one.
        take_error::<FrameError, _>(self.inner.ctx.error())?;
        Ok(result)
    }

    fn run_above(&mut self, below: Option<usize>) -> Result<FrameResult, FrameError> {
        let root = below.map_or(0, |index| index.saturating_add(1));
        loop {
            let next = if self.inspecting { self.inspect_frame_run()? } else { self.frame_run()? };
            let result = match next {
                ItemOrResult::Result(result) if self.inner.frame_stack.index() == Some(root) => {
                    self.inner.frame_stack.pop();
                    return Ok(result);
                }
                ItemOrResult::Result(result) => result,
                ItemOrResult::Item(init) => match self.enter(init)? {
                    Some(result) => result,
                    None => continue,
                },
            };
            self.frame_return_result(result)?;
        }
    }

    /// Begins a frame; the result where it ends at once.
    fn enter(&mut self, init: FrameInit) -> Result<Option<FrameResult>, FrameError> {
        let begun = if self.inspecting { self.inspect_frame_init(init)? } else { self.frame_init(init)? };
        match begun {
            ItemOrResult::Item(_) => Ok(None),
            ItemOrResult::Result(result) => Ok(Some(result)),
        }
    }

    /// Emits a log of a native module.
    pub(crate) fn emit(&mut self, address: Address, data: alloy_primitives::LogData) {
        let log = alloy_primitives::Log { address, data };
        if self.inspecting {
            self.inner.inspector.log(&mut self.inner.ctx, log.clone());
        }
        self.inner.ctx.journal_mut().log(log);
    }
}

fn frame_result(call: &CallInputs, status: InstructionResult, output: Bytes, gas: Gas) -> FrameResult {
    FrameResult::Call(CallOutcome {
        result: InterpreterResult { result: status, output, gas },
        memory_offset: call.return_memory_offset.clone(),
        was_precompile_called: false,
        precompile_call_logs: Vec::new(),
        charged_new_account_state_gas: call.charged_new_account_state_gas,
    })
}
