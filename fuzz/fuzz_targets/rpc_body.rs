//! Fuzz target `rpc_body`: see `assay_tests::fuzz::rpc_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_tests::fuzz::rpc_body(data));
