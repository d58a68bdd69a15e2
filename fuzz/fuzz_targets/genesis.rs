//! Fuzz target `genesis`: see `assay_tests::fuzz::genesis`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_tests::fuzz::genesis(data));
