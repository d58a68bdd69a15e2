//! Fuzz target `block`: see `assay_tests::fuzz::block`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_tests::fuzz::block(data));
