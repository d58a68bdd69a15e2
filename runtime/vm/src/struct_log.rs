//! Geth's struct log out of recorded frames. Unlike the builder of `revm-inspectors`, it also follows calls that a frame
//! without opcodes made: a native module's.

use crate::options::TraceError;
use crate::outcome::HaltReason;
use alloy_primitives::{Address, B256};
use alloy_rpc_types_trace::geth::{GethDefaultTracingOptions, StructLog};
use revm::bytecode::opcode as op;
use revm::context::result::HaltReason as VmHalt;
use revm::interpreter::{InstructionResult, SuccessOrHalt};
use revm_inspectors::tracing::types::{CallTraceNode, CallTraceStep};
use std::collections::BTreeMap;

/// Bytes of one entry of a storage snapshot.
const SNAPSHOT_ENTRY_BYTES: usize = 64;

/// A frame being walked: its node, and how many of its steps and callees are behind.
struct Walk {
    node: usize,
    step: usize,
    callee: usize,
}

/// The struct log of a transaction's frames, the first of them the outermost.
///
/// # Errors
/// `TooLarge` where its storage snapshots would exceed `bytes_max`.
pub(crate) fn build(
    nodes: &[CallTraceNode],
    options: &GethDefaultTracingOptions,
    bytes_max: usize,
) -> Result<Vec<StructLog>, TraceError> {
    let limit =
        options.limit.filter(|limit| *limit != 0).map_or(usize::MAX, |limit| limit.try_into().unwrap_or(usize::MAX));
    let mut storage: BTreeMap<Address, BTreeMap<B256, B256>> = BTreeMap::new();
    let mut snapshot_bytes = 0usize;
    let mut logs = Vec::new();
    let mut walks = vec![Walk { node: 0, step: 0, callee: 0 }];
    while let Some(walk) = walks.last_mut() {
        let Some(node) = nodes.get(walk.node) else { break };
        let next = node.trace.steps.get(walk.step);
        // A frame without opcodes is a precompile's, or a native module's: then its calls follow one another.
        let calls = next.map_or(node.trace.steps.is_empty(), is_call);
        if let Some(step) = next {
            if logs.len() >= limit {
                break;
            }
            walk.step = walk.step.saturating_add(1);
            let mut log = convert(step, node, options);
            if options.is_storage_enabled() {
                let slots = storage.entry(node.execution_address()).or_default();
                log.storage = snapshot(step, slots);
                let entries = log.storage.as_ref().map_or(0, BTreeMap::len);
                snapshot_bytes = snapshot_bytes.saturating_add(entries.saturating_mul(SNAPSHOT_ENTRY_BYTES));
                if snapshot_bytes > bytes_max {
                    return Err(TraceError::TooLarge);
                }
            }
            logs.push(log);
        }
        match node.children.get(walk.callee) {
            Some(callee) if calls => {
                walk.callee = walk.callee.saturating_add(1);
                walks.push(Walk { node: *callee, step: 0, callee: 0 });
            }
            _ if next.is_none() => {
                walks.pop();
            }
            _ => {}
        }
    }
    Ok(logs)
}

/// Notes what a step did to its contract's known slots, and shows them after SLOAD and SSTORE.
fn snapshot(step: &CallTraceStep, slots: &mut BTreeMap<B256, B256>) -> Option<BTreeMap<B256, B256>> {
    if let Some(change) = &step.storage_change {
        slots.insert(change.key.into(), change.value.into());
    }
    matches!(step.op.get(), op::SLOAD | op::SSTORE).then(|| slots.clone())
}

fn is_call(step: &CallTraceStep) -> bool {
    matches!(step.op.get(), op::CALL | op::CALLCODE | op::DELEGATECALL | op::STATICCALL | op::CREATE | op::CREATE2)
}

fn convert(step: &CallTraceStep, node: &CallTraceNode, options: &GethDefaultTracingOptions) -> StructLog {
    StructLog {
        pc: step.pc as u64,
        op: if step.op.is_valid() {
            step.op.as_str().into()
        } else {
            format!("opcode {:#x} not defined", step.op.get()).into()
        },
        gas: step.gas_remaining,
        gas_cost: step.gas_cost,
        depth: (node.trace.depth as u64).saturating_add(1),
        error: step.status.and_then(error),
        stack: options.is_stack_enabled().then(|| step.stack.as_ref().map(|stack| stack.to_vec())).flatten(),
        return_data: options.is_return_data_enabled().then(|| step.returndata.clone()),
        memory: options
            .is_memory_enabled()
            .then(|| step.memory.as_ref().map(|memory| memory.memory_chunks()))
            .flatten(),
        refund_counter: Some(step.gas_refund_counter),
        ..StructLog::default()
    }
}

/// Why a step failed, in the words of [`HaltReason`].
fn error(status: InstructionResult) -> Option<String> {
    match SuccessOrHalt::<VmHalt>::from(status) {
        SuccessOrHalt::Halt(halt) => Some(HaltReason::from(halt).to_string()),
        _ => None,
    }
}
