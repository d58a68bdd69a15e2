//! Traces agree with the receipts of the block.

use super::chain::{Chain, Key, init_code};
use crate::{Simulation, SimulationError, TraceBlockError};
use alloy_primitives::Address;
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_eth::state::EvmOverrides;
use alloy_rpc_types_trace::geth::{
    GethDebugBuiltInTracerType, GethDebugTracerType, GethDebugTracingOptions, GethTrace,
};

fn call_tracer() -> GethDebugTracingOptions {
    GethDebugTracingOptions {
        tracer: Some(GethDebugTracerType::BuiltInTracer(GethDebugBuiltInTracerType::CallTracer)),
        ..GethDebugTracingOptions::default()
    }
}

#[test]
fn every_transaction_of_a_block_has_the_gas_of_its_receipt() {
    let chain = Chain::new();
    let key = Key::new(0);
    let contract = key.address().create(0);
    let txs = [
        key.create(0, &init_code(&[0x60, 0x01, 0x5f, 0x55])),
        key.call(1, contract, &[]),
        key.create(2, &[0x5f, 0x5f, 0xfd]),
    ];
    let block = chain.block(&chain.payload(), &txs);
    let executed = chain.executive.execute_block(&chain.state, &chain.parent, &block, &txs).unwrap();
    for tracer in [GethDebugTracingOptions::default(), call_tracer()] {
        let traces = chain.executive.trace_block(&chain.state, &chain.parent, &block, &txs, &tracer).unwrap();
        assert_eq!(traces.len(), 3);
        for (index, (traced, receipt)) in traces.iter().zip(&executed.receipts).enumerate() {
            assert_eq!(traced.tx_hash, receipt.tx_hash);
            let (gas, failed) = match &traced.trace {
                GethTrace::Default(frame) => (frame.gas, frame.failed),
                GethTrace::CallTracer(frame) => (frame.gas_used.to::<u64>(), frame.error.is_some()),
                other => panic!("{other:?}"),
            };
            assert_eq!((gas, failed), (receipt.gas_used, !receipt.receipt.success), "{index}");
            let single = chain
                .executive
                .trace_transaction(&chain.state, &chain.parent, &block, &txs, index, &tracer)
                .unwrap()
                .unwrap();
            assert_eq!(single, traced.trace);
        }
        let beyond = chain.executive.trace_transaction(&chain.state, &chain.parent, &block, &txs, 3, &tracer);
        assert!(beyond.unwrap().is_none());
    }
}

#[test]
fn calls_are_traced_and_unknown_tracers_refused() {
    let chain = Chain::new();
    let simulation = || Simulation {
        view: &chain.state,
        environment: chain.executive.environment_after(chain.parent.header()),
        overrides: EvmOverrides::default(),
        gas_cap: 1_000_000,
    };
    let request = TransactionRequest { to: Some(Address::ZERO.into()), ..TransactionRequest::default() };
    let (status, trace) = chain.executive.trace_call(&simulation(), &request, &call_tracer()).unwrap();
    assert_eq!(status, crate::TxStatus::Success);
    assert!(matches!(trace, GethTrace::CallTracer(_)));
    let script = GethDebugTracingOptions {
        tracer: Some(GethDebugTracerType::JsTracer("{}".to_owned())),
        ..GethDebugTracingOptions::default()
    };
    let refused = chain.executive.trace_call(&simulation(), &request, &script);
    assert!(matches!(refused, Err(SimulationError::BadRequest(_))));
    let txs = [Key::new(0).transfer(0, Address::ZERO, 1)];
    let block = chain.block(&chain.payload(), &txs);
    let refused = chain.executive.trace_block(&chain.state, &chain.parent, &block, &txs, &script);
    assert!(matches!(refused, Err(TraceBlockError::Unsupported(_))));
}
