//! Geth's built-in tracers, by `revm-inspectors`, fed by our frames and bounded in memory.

use crate::context::VmContext;
use crate::options::TraceError;
use crate::outcome::TransactError;
use crate::struct_log;
use alloy_primitives::{Address, Log, U256};
use alloy_rpc_types_trace::geth::{CallFrame, DefaultFrame, GethDebugTracingOptions, GethTrace};
use revm::Inspector;
use revm::context::result::{ExecutionResult, ResultAndState};
use revm::context_interface::context::ContextError;
use revm::interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter};
use revm::state::EvmState;
use revm_inspectors::tracing::{
    DebugInspector, DebugInspectorError, TraceLimitBehavior, TraceLimits, TracingInspector,
};

/// Most bytes that a tracer records of one transaction. A transaction can make an unbounded tracer record many
/// gigabytes (a large memory passed to many calls, a deep stack at every step).
pub const TRACE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Bytes that a recorded step takes without its stack and memory.
const STEP_BYTES: usize = 256;

/// A tracer that stops the transaction when it would record too much.
pub(crate) struct Tracer {
    inner: DebugInspector,
    /// What a step's stack is accounted as; zero where steps are not recorded.
    word_bytes: usize,
    recorded: usize,
    pub(crate) exceeded: bool,
}

impl Tracer {
    /// The tracer of a name and config.
    pub(crate) fn new(options: &GethDebugTracingOptions) -> Result<Self, TraceError> {
        let unsupported = |error: DebugInspectorError| TraceError::Unsupported(error.to_string());
        let limits =
            TraceLimits::default().set_max_recorded_bytes(Some(TRACE_BYTES_MAX)).set_behavior(TraceLimitBehavior::Halt);
        let inner = match DebugInspector::new(options.clone()).map_err(unsupported)? {
            DebugInspector::CallTracer(tracer, config) => {
                DebugInspector::CallTracer(tracer.with_limits(limits), config)
            }
            DebugInspector::PreStateTracer(tracer, config) => {
                DebugInspector::PreStateTracer(tracer.with_limits(limits), config)
            }
            DebugInspector::Default(tracer, config) => DebugInspector::Default(tracer.with_limits(limits), config),
            simple @ (DebugInspector::FourByte(_) | DebugInspector::Noop(_)) => simple,
            _ => return Err(unsupported(DebugInspectorError::UnsupportedTracer)),
        };
        let word_bytes = if matches!(inner, DebugInspector::Default(..)) { size_of::<U256>() } else { 0 };
        Ok(Self { inner, word_bytes, recorded: 0, exceeded: false })
    }

    /// Whether the tracer stopped the transaction.
    pub(crate) fn gave_up(&self) -> bool {
        let limited = match &self.inner {
            DebugInspector::CallTracer(tracer, _)
            | DebugInspector::PreStateTracer(tracer, _)
            | DebugInspector::Default(tracer, _) => tracer.limit_exceeded(),
            _ => false,
        };
        self.exceeded || limited
    }

    /// The trace of a transaction that ran in `context`; hands its state back.
    pub(crate) fn finish(
        self,
        context: &VmContext<'_>,
        result: ExecutionResult,
        state: EvmState,
    ) -> Result<(GethTrace, EvmState), TraceError> {
        let mut inner = self.inner;
        if let DebugInspector::Default(tracer, config) = &inner {
            return Ok((struct_logs(tracer, &result, config)?, state));
        }
        let ran = ResultAndState::new(result, state);
        let mut below = &context.journaled_state.database;
        let trace = inner.get_result(None, &context.tx, &context.block, &ran, &mut below);
        let mut trace = trace.map_err(|error| match error {
            DebugInspectorError::Database(fault) => TraceError::Transact(TransactError::Fault(fault.0)),
            error => TraceError::Unsupported(error.to_string()),
        })?;
        if let GethTrace::CallTracer(frame) = &mut trace {
            forget_failed_logs(frame);
        }
        Ok((trace, ran.state))
    }
}

fn struct_logs(
    tracer: &TracingInspector,
    result: &ExecutionResult,
    config: &alloy_rpc_types_trace::geth::GethDefaultTracingOptions,
) -> Result<GethTrace, TraceError> {
    let struct_logs = struct_log::build(tracer.traces().nodes(), config, TRACE_BYTES_MAX)?;
    Ok(GethTrace::Default(DefaultFrame {
        failed: !result.is_success(),
        gas: result.gas().tx_gas_used(),
        return_value: result.output().cloned().unwrap_or_default(),
        struct_logs,
        ..DefaultFrame::default()
    }))
}

/// A frame that failed emitted nothing; where it is the top one, the tracer still lists its logs.
fn forget_failed_logs(top: &mut CallFrame) {
    if top.error.is_some() {
        top.logs.clear();
    }
}

impl<'a> Inspector<VmContext<'a>> for Tracer {
    fn initialize_interp(&mut self, interpreter: &mut Interpreter, context: &mut VmContext<'a>) {
        self.inner.initialize_interp(interpreter, context);
    }

    fn step(&mut self, interpreter: &mut Interpreter, context: &mut VmContext<'a>) {
        if self.word_bytes > 0 {
            let stack = interpreter.stack.len().saturating_mul(self.word_bytes);
            self.recorded = self.recorded.saturating_add(STEP_BYTES).saturating_add(stack);
            if self.recorded > TRACE_BYTES_MAX {
                self.exceeded = true;
                context.error = Err(ContextError::Custom("the trace is too large".to_owned()));
                interpreter.halt_fatal();
                return;
            }
        }
        self.inner.step(interpreter, context);
    }

    fn step_end(&mut self, interpreter: &mut Interpreter, context: &mut VmContext<'a>) {
        self.inner.step_end(interpreter, context);
    }

    fn log(&mut self, context: &mut VmContext<'a>, log: Log) {
        self.inner.log(context, log);
    }

    fn log_full(&mut self, interpreter: &mut Interpreter, context: &mut VmContext<'a>, log: Log) {
        self.inner.log_full(interpreter, context, log);
    }

    fn call(&mut self, context: &mut VmContext<'a>, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.inner.call(context, inputs)
    }

    fn call_end(&mut self, context: &mut VmContext<'a>, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.inner.call_end(context, inputs, outcome);
    }

    fn create(&mut self, context: &mut VmContext<'a>, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.inner.create(context, inputs)
    }

    fn create_end(&mut self, context: &mut VmContext<'a>, inputs: &CreateInputs, outcome: &mut CreateOutcome) {
        self.inner.create_end(context, inputs, outcome);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        Inspector::<VmContext<'a>>::selfdestruct(&mut self.inner, contract, target, value);
    }
}
