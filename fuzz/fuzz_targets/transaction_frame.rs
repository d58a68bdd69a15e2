//! Fuzz target `transaction_frame`: see `assay_tests::fuzz::transaction_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_tests::fuzz::transaction_frame(data));
