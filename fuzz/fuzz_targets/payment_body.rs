//! Fuzz target `payment_body`: see `assay_tests::fuzz::payment_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_tests::fuzz::payment_body(data));
