//! `AssayEvm`: revm's machine with two branches of our own, the native modules and the 0xEF rule.
//!
//! Everything else is revm's. A call whose code address is a native module never becomes an interpreter frame: it runs
//! in [`crate::native`], within its own checkpoint of the same journal.

use crate::ChainRules;
use crate::context::VmContext;
use crate::database::DatabaseFault;
use crate::precompiles::Precompiles;
use alloy_primitives::{B256, b256};
use assay_kernel::NativeCalls;
use assay_primitives::NetworkKind;
use revm::Inspector;
use revm::context::{ContextTr, Evm, FrameStack, JournalTr};
use revm::context_interface::context::ContextError;
use revm::handler::evm::FrameInitResult;
use revm::handler::instructions::EthInstructions;
use revm::handler::{EthFrame, EvmTr, FrameData, FrameInitOrResult, FrameResult, ItemOrResult};
use revm::inspector::handler::{frame_end, frame_start};
use revm::inspector::{InspectorEvmTr, inspect_instructions};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::{CallInputs, FrameInput, InstructionResult, InterpreterAction};

pub(crate) type Frame = EthFrame<EthInterpreter>;
pub(crate) type FrameError = ContextError<DatabaseFault>;
type Instructions<'a> = EthInstructions<EthInterpreter, VmContext<'a>>;

/// Prefixes of deployed code that the 0xEF rule lets through: WASM programs, their fragments, and roots of fragments.
const PROGRAM_PREFIXES: [[u8; 3]; 3] = [[0xef, 0xf0, 0x00], [0xef, 0xf0, 0x01], [0xef, 0xf0, 0x02]];

/// keccak of [`assay_abi::NATIVE_CODE`].
pub(crate) const NATIVE_CODE_HASH: B256 = b256!("0xbcc90f2d6dada5b18e155c17a1c0a55920aae94f39857d39d0d8ed07ae8f228b");

/// revm's machine over the state of a block, with native modules.
pub(crate) struct AssayEvm<'a, I> {
    pub(crate) inner: Evm<VmContext<'a>, I, Instructions<'a>, Precompiles, Frame>,
    pub(crate) natives: &'a dyn NativeCalls,
    /// Native frames that are running, one inside the other.
    pub(crate) native_depth: u32,
    /// Whether the inspector hears of frames, opcodes and logs.
    pub(crate) inspecting: bool,
    /// The kind of network, for native modules.
    pub(crate) network: NetworkKind,
    /// The 0xEF rule.
    native_code_rule: bool,
}

impl<'a, I> AssayEvm<'a, I> {
    pub(crate) fn new(
        context: VmContext<'a>,
        inspector: I,
        natives: &'a dyn NativeCalls,
        rules: &ChainRules,
        inspecting: bool,
    ) -> Self {
        let spec = context.cfg.spec;
        let precompiles = Precompiles::new(spec, natives.addresses());
        let instructions = EthInstructions::new_mainnet_with_spec(spec);
        let inner = Evm::new_with_inspector(context, inspector, instructions, precompiles);
        let (network, native_code_rule) = (rules.network, rules.native_code_rule);
        Self { inner, natives, native_depth: 0, inspecting, network, native_code_rule }
    }

    /// Whether a frame is a native module's, and not a precompile's or the interpreter's. An address of a family (the
    /// tokens) that no module was created at is an account like any other.
    fn is_native(&self, call: &CallInputs) -> bool {
        let address = &call.bytecode_address;
        self.natives.is_native(address)
            && (self.natives.addresses().contains(address) || call.known_bytecode.0 == NATIVE_CODE_HASH)
    }
}

/// The 0xEF rule: code that starts with 0xEF is deployed only where it is a program.
fn refuse_unknown_ef_code(frame: &FrameData, action: &mut InterpreterAction) {
    if let (FrameData::Create(_), InterpreterAction::Return(result)) = (frame, action)
        && result.result.is_ok()
        && result.output.first() == Some(&0xef)
        && !PROGRAM_PREFIXES.iter().any(|prefix| result.output.starts_with(prefix))
    {
        result.result = InstructionResult::CreateContractStartingWithEF;
    }
}

impl<'a, I: Inspector<VmContext<'a>>> EvmTr for AssayEvm<'a, I> {
    type Context = VmContext<'a>;
    type Instructions = Instructions<'a>;
    type Precompiles = Precompiles;
    type Frame = Frame;

    fn all(&self) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Frame>) {
        self.inner.all()
    }

    fn all_mut(
        &mut self,
    ) -> (&mut Self::Context, &mut Self::Instructions, &mut Self::Precompiles, &mut FrameStack<Frame>) {
        self.inner.all_mut()
    }

    fn frame_init(&mut self, init: FrameInit) -> Result<FrameInitResult<'_, Frame>, FrameError> {
        let FrameInit { depth, memory, frame_input } = init;
        match frame_input {
            FrameInput::Call(call) if self.is_native(&call) => {
                Ok(ItemOrResult::Result(self.run_native(depth, memory, &call)?))
            }
            frame_input => self.inner.frame_init(FrameInit { depth, memory, frame_input }),
        }
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let frame = self.inner.frame_stack.get();
        let context = &mut self.inner.ctx;
        let instructions = &self.inner.instruction;
        let mut action =
            frame.interpreter.run_plain(instructions.instruction_table(), instructions.gas_table(), context);
        if self.native_code_rule {
            refuse_unknown_ef_code(&frame.data, &mut action);
        }
        frame.process_next_action(context, action).inspect(|next| {
            if next.is_result() {
                frame.set_finished(true);
            }
        })
    }

    fn frame_return_result(&mut self, result: FrameResult) -> Result<Option<FrameResult>, FrameError> {
        self.inner.frame_return_result(result)
    }
}

impl<'a, I: Inspector<VmContext<'a>>> InspectorEvmTr for AssayEvm<'a, I> {
    type Inspector = I;

    fn all_inspector(
        &self,
    ) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Frame>, &Self::Inspector) {
        self.inner.all_inspector()
    }

    fn all_mut_inspector(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<Frame>,
        &mut Self::Inspector,
    ) {
        self.inner.all_mut_inspector()
    }

    fn inspect_frame_init(&mut self, mut init: FrameInit) -> Result<FrameInitResult<'_, Frame>, FrameError> {
        let (context, inspector) = self.ctx_inspector();
        if let Some(mut output) = frame_start(context, inspector, &mut init.frame_input) {
            frame_end(context, inspector, &init.frame_input, &mut output);
            return Ok(ItemOrResult::Result(output));
        }
        let input = init.frame_input.clone();
        // A native frame reports its logs as it emits them, and the frames below it report theirs: reporting what the
        // journal holds afterwards would report them twice.
        let native = matches!(&input, FrameInput::Call(call) if self.is_native(call));
        let logs_before = self.inner.ctx.journal().logs().len();
        let result = match self.frame_init(init)? {
            ItemOrResult::Result(result) => Some(result),
            ItemOrResult::Item(_) => None,
        };
        let (context, inspector) = self.ctx_inspector();
        if !native {
            let logs = context.journal().logs().get(logs_before..).unwrap_or_default().to_vec();
            for log in logs {
                inspector.log(context, log);
            }
        }
        if let Some(mut output) = result {
            frame_end(context, inspector, &input, &mut output);
            return Ok(ItemOrResult::Result(output));
        }
        let (context, inspector, frame) = self.ctx_inspector_frame();
        inspector.initialize_interp(&mut frame.interpreter, context);
        Ok(ItemOrResult::Item(frame))
    }

    fn inspect_frame_run(&mut self) -> Result<FrameInitOrResult<Frame>, FrameError> {
        let native_code_rule = self.native_code_rule;
        let (context, inspector, frame, instructions) = self.ctx_inspector_frame_instructions();
        let mut action = inspect_instructions(
            context,
            &mut frame.interpreter,
            &mut *inspector,
            instructions.instruction_table(),
            instructions.gas_table(),
        );
        if native_code_rule {
            refuse_unknown_ef_code(&frame.data, &mut action);
        }
        let mut next = frame.process_next_action(context, action);
        if let Ok(ItemOrResult::Result(result)) = &mut next {
            frame_end(context, inspector, &frame.input, result);
            frame.set_finished(true);
        }
        next
    }
}
