//! Fuzz target `transaction`: see `assay_tests::fuzz::transaction`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_tests::fuzz::transaction(data));
