//! Fuzz target `gossip_frame`: see `assay_tests::fuzz::gossip_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_tests::fuzz::gossip_frame(data));
