//! Tracers: what they report of modules, and that being watched changes nothing.

use super::pallet::{FIRST, ITest, SECOND};
use super::support::{BUBBLE, CALLS, CALLS_TOO, REVERT, STATIC_CALLS, SWALLOW, World, forward, request};
use crate::{CallOptions, TraceError, TxRequest};
use alloy_primitives::{Address, TxKind, U256};
use alloy_rpc_types_trace::geth::{CallFrame, GethDebugTracingOptions, GethTrace};
use alloy_sol_types::SolCall;

fn options(json: serde_json::Value) -> GethDebugTracingOptions {
    serde_json::from_value(json).unwrap()
}

fn call_tracer() -> GethDebugTracingOptions {
    options(serde_json::json!({ "tracer": "callTracer", "tracerConfig": { "withLog": true } }))
}

fn relay(to: Address, data: Vec<u8>, bubble: bool) -> Vec<u8> {
    ITest::relayCall { to, value: U256::ZERO, data: data.into(), bubble }.abi_encode()
}

fn bump() -> Vec<u8> {
    ITest::bumpCall { by: 1 }.abi_encode()
}

/// contract -> module -> contract -> module.
fn deep() -> TxRequest {
    request(CALLS, forward(FIRST, BUBBLE, &relay(CALLS_TOO, forward(SECOND, BUBBLE, &bump()), true)))
}

fn call_frames(request: &TxRequest) -> CallFrame {
    let world = World::new();
    let mut executor = world.executor();
    let (_, trace) = executor.trace(request, CallOptions::STRICT, &call_tracer(), false).unwrap();
    assert!(executor.changes().accounts.is_empty());
    let GethTrace::CallTracer(frame) = trace else { panic!("{trace:?}") };
    frame
}

#[test]
fn modules_are_frames_and_logs_are_reported_once() {
    let mut frame = &call_frames(&deep());
    for (address, logs) in [(CALLS, 1), (FIRST, 1), (CALLS_TOO, 1), (SECOND, 1)] {
        assert_eq!(frame.to, Some(address));
        assert_eq!(frame.typ, "CALL");
        assert_eq!(frame.logs.len(), logs, "{address}");
        assert_eq!(frame.logs[0].address, Some(address));
        assert!(frame.error.is_none());
        let Some(next) = frame.calls.first() else {
            assert_eq!(address, SECOND);
            continue;
        };
        assert_eq!(frame.calls.len(), 1);
        frame = next;
    }
}

#[test]
fn a_direct_call_of_a_module_is_the_top_frame() {
    let frame = call_frames(&request(FIRST, ITest::failCall { reason: "why".into() }.abi_encode()));
    assert_eq!((frame.to, frame.error.as_deref()), (Some(FIRST), Some("execution reverted")));
    assert!(frame.calls.is_empty() && frame.logs.is_empty());
    let only_top = options(serde_json::json!({ "tracer": "callTracer", "tracerConfig": { "onlyTopCall": true } }));
    let world = World::new();
    let (_, trace) = world.executor().trace(&deep(), CallOptions::STRICT, &only_top, false).unwrap();
    let GethTrace::CallTracer(frame) = trace else { panic!("{trace:?}") };
    assert!(frame.calls.is_empty());
}

#[test]
fn being_traced_changes_nothing() {
    let mut create = request(Address::ZERO, super::assembler::deployer(&[0xef, 0x01]));
    create.kind = TxKind::Create;
    let mut program = request(Address::ZERO, super::assembler::deployer(&[0xef, 0xf0, 0x00, 0x00, 1]));
    program.kind = TxKind::Create;
    let requests = [
        deep(),
        create,
        program,
        request(FIRST, bump()),
        request(FIRST, relay(CALLS, forward(SECOND, REVERT, &bump()), false)),
        request(FIRST, relay(CALLS, forward(FIRST, SWALLOW, &bump()), true)),
        request(FIRST, ITest::burnCall {}.abi_encode()),
        request(STATIC_CALLS, forward(FIRST, SWALLOW, &bump())),
        request(SECOND, relay(CALLS, forward(FIRST, BUBBLE, &ITest::burnCall {}.abi_encode()), false)),
    ];
    let tracers = [
        options(serde_json::json!({})),
        options(serde_json::json!({ "enableMemory": true, "enableReturnData": true })),
        call_tracer(),
        options(serde_json::json!({ "tracer": "prestateTracer" })),
        options(serde_json::json!({ "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } })),
        options(serde_json::json!({ "tracer": "4byteTracer" })),
        options(serde_json::json!({ "tracer": "noopTracer" })),
    ];
    let world = World::new();
    for request in &requests {
        let mut plain = world.executor();
        let expected = plain.transact(request).unwrap();
        let expected_changes = plain.finish();
        for tracer in &tracers {
            let mut traced = world.executor();
            let (outcome, _) = traced.trace(request, CallOptions::STRICT, tracer, true).unwrap();
            assert_eq!(outcome, expected);
            assert_eq!(traced.finish(), expected_changes);
        }
    }
}

#[test]
fn the_struct_logger_reports_opcodes_and_gas() {
    let world = World::new();
    let (outcome, trace) =
        world.executor().trace(&deep(), CallOptions::STRICT, &options(serde_json::json!({})), false).unwrap();
    let GethTrace::Default(frame) = trace else { panic!("{trace:?}") };
    assert_eq!((frame.failed, frame.gas), (false, outcome.gas_used));
    assert_eq!(frame.return_value, outcome.output);
    assert!(frame.struct_logs.iter().any(|log| log.op == "CALL" && log.depth == 1));
    // The contract that the module called is in the log as well.
    assert!(frame.struct_logs.iter().any(|log| log.op == "CALL" && log.depth == 3));
}

#[test]
fn prestate_shows_the_modules_slots() {
    let world = World::new();
    let tracer = options(serde_json::json!({ "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } }));
    let (_, trace) = world.executor().trace(&deep(), CallOptions::STRICT, &tracer, false).unwrap();
    let json = serde_json::to_value(&trace).unwrap();
    let post = &json["post"][format!("{FIRST:#x}")]["storage"];
    assert_eq!(post.as_object().unwrap().len(), 1, "{json}");
}

#[test]
fn unknown_tracers_are_told() {
    let world = World::new();
    let tracer = options(serde_json::json!({ "tracer": "{ step: function() {} }" }));
    let error = world.executor().trace(&deep(), CallOptions::STRICT, &tracer, false).unwrap_err();
    assert!(matches!(error, TraceError::Unsupported(_)));
}

/// Our struct log against that of `revm-inspectors`, on a transaction without native modules in it.
#[test]
fn the_struct_log_is_the_librarys_where_no_module_is_called() {
    use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig};
    let world = World::new();
    let request = request(CALLS, forward(CALLS_TOO, SWALLOW, &forward(STATIC_CALLS, REVERT, &[0; 64])));
    for json in [
        serde_json::json!({}),
        serde_json::json!({ "enableMemory": true, "enableReturnData": true, "disableStack": true }),
        serde_json::json!({ "disableStorage": true, "limit": 7 }),
    ] {
        let options = options(json);
        let mut inspector = TracingInspector::new(TracingInspectorConfig::from_geth_config(&options.config));
        let mut executor = world.executor();
        let (outcome, _) = executor.run_inspected(&request, CallOptions::STRICT, &mut inspector).unwrap();
        let theirs = inspector.geth_builder().geth_traces(outcome.gas_used, outcome.output.clone(), options.config);
        let (_, trace) = world.executor().trace(&request, CallOptions::STRICT, &options, false).unwrap();
        let GethTrace::Default(ours) = trace else { panic!("{trace:?}") };
        assert_eq!(ours, theirs);
    }
}

#[test]
fn a_trace_that_would_not_fit_is_refused() {
    let mut world = World::new();
    // Calls a precompile with a megabyte of input until the gas is used up.
    let hog = alloy_primitives::address!("0x0000000000000000000000000000000000000906");
    world.put_code(hog, &super::assembler::call_with_large_input_forever());
    let mut request = request(hog, Vec::new());
    request.gas_limit = 16_000_000;
    let error = world.executor().trace(&request, CallOptions::STRICT, &call_tracer(), false).unwrap_err();
    assert!(matches!(error, TraceError::TooLarge), "{error}");
    let mut executor = world.executor();
    let memory = options(serde_json::json!({ "enableMemory": true }));
    let error = executor.trace(&request, CallOptions::STRICT, &memory, true).unwrap_err();
    assert!(matches!(error, TraceError::TooLarge), "{error}");
    assert!(executor.changes().accounts.is_empty());
    assert!(executor.transact(&deep()).unwrap().is_success());
}
