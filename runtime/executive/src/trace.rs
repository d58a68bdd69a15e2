//! Traces: a block or a call executed again under a tracer.

use crate::block::refused;
use crate::{AdmitError, BlockError, Executive, Parent, Simulation, SimulationError};
use alloy_primitives::{B256, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use assay_kernel::StateView;
use assay_primitives::{Block, CheckedTx};
use assay_vm::{TRACE_BYTES_MAX, TraceError, TxStatus};
use std::borrow::Borrow;
use thiserror::Error;

/// Why a block has no trace.
#[derive(Debug, Error)]
pub enum TraceBlockError {
    /// An unknown tracer, a malformed configuration of it, or more to trace than [`TRACE_BYTES_MAX`].
    #[error("{0}")]
    Unsupported(String),
    /// The block could not be executed again.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// The trace of one transaction.
#[derive(Clone, Debug)]
pub struct TracedTransaction {
    /// Hash of the transaction.
    pub tx_hash: B256,
    /// What the tracer saw.
    pub trace: GethTrace,
}

impl Executive {
    /// Traces every transaction of a block, on the state after its parent. The system transaction runs no code and has
    /// no trace.
    ///
    /// # Errors
    /// `Unsupported` names an unknown tracer; the others are those of [`Executive::execute_block`].
    pub fn trace_block<T: Borrow<CheckedTx>>(
        &self,
        view: &dyn StateView,
        parent: &Parent,
        block: &Block,
        txs: &[T],
        tracer: &GethDebugTracingOptions,
    ) -> Result<Vec<TracedTransaction>, TraceBlockError> {
        let mut execution = self.open_block(view, parent, block, txs)?;
        let mut traces = Vec::with_capacity(txs.len());
        let mut recorded = 0usize;
        for (index, tx) in txs.iter().enumerate() {
            let tx = tx.borrow();
            let trace = execution.trace(tx, tracer).map_err(|error| untraced(index, error))?;
            recorded = recorded.saturating_add(recorded_bytes(&trace));
            if recorded > TRACE_BYTES_MAX {
                return Err(TraceBlockError::Unsupported(format!("the traces exceed {TRACE_BYTES_MAX} bytes")));
            }
            traces.push(TracedTransaction { tx_hash: tx.hash(), trace });
        }
        Ok(traces)
    }

    /// Traces one transaction of a block, on the state after the block's parent. `None` where there is none at `index`.
    ///
    /// # Errors
    /// As for [`Executive::trace_block`].
    pub fn trace_transaction<T: Borrow<CheckedTx>>(
        &self,
        view: &dyn StateView,
        parent: &Parent,
        block: &Block,
        txs: &[T],
        index: usize,
        tracer: &GethDebugTracingOptions,
    ) -> Result<Option<GethTrace>, TraceBlockError> {
        let mut execution = self.open_block(view, parent, block, txs)?;
        for (at, tx) in txs.iter().enumerate() {
            let tx = tx.borrow();
            if at == index {
                return execution.trace(tx, tracer).map(Some).map_err(|error| untraced(at, error));
            }
            execution.transact(tx).map_err(|error| refused(at, error))?;
        }
        Ok(None)
    }

    /// Traces a call.
    ///
    /// # Errors
    /// As for [`Executive::call`]; an unknown tracer is a `BadRequest`. A revert is part of the trace.
    pub fn trace_call(
        &self,
        simulation: &Simulation<'_>,
        request: &TransactionRequest,
        tracer: &GethDebugTracingOptions,
    ) -> Result<(TxStatus, GethTrace), SimulationError> {
        self.simulate(simulation, request, |executor, call, options| {
            match executor.trace(call, options, tracer, false) {
                Ok((outcome, trace)) => Ok((outcome.status, trace)),
                Err(TraceError::Transact(error)) => Err(error.into()),
                Err(error) => Err(SimulationError::BadRequest(error.to_string())),
            }
        })
    }
}

fn untraced(index: usize, error: TraceError) -> TraceBlockError {
    match error {
        TraceError::Transact(error) => refused(index, AdmitError::from(error)).into(),
        other => TraceBlockError::Unsupported(other.to_string()),
    }
}

/// About how much memory a trace holds. Tracers that record per touched account are bounded by the block's gas.
fn recorded_bytes(trace: &GethTrace) -> usize {
    let sum = |parts: &mut dyn Iterator<Item = usize>| parts.fold(0usize, usize::saturating_add);
    match trace {
        GethTrace::Default(frame) => sum(&mut frame.struct_logs.iter().map(|step| {
            let stack = step.stack.as_ref().map_or(0, Vec::len);
            // A memory word is a string of 64 hex digits.
            let memory = step.memory.as_ref().map_or(0, Vec::len);
            let words = stack.saturating_mul(size_of::<U256>()).saturating_add(memory.saturating_mul(88));
            size_of_val(step).saturating_add(words)
        })),
        GethTrace::CallTracer(frame) => sum(&mut frame.iter().map(|frame| {
            let output = frame.output.as_ref().map_or(0, |output| output.len());
            size_of_val(frame).saturating_add(frame.input.len()).saturating_add(output)
        })),
        _ => 0,
    }
}
