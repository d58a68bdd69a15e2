//! EIP-1559's update rule against an independent implementation and fixed vectors.

use super::chain::spec;
use crate::base_fee::base_fee_after;
use alloy_eips::eip1559::{BaseFeeParams, calc_next_block_base_fee};
use assay_genesis::Params;
use proptest::prelude::*;

fn params(min: u64) -> Params {
    let mut params = spec().params;
    params.base_fee.min = min;
    params
}

/// parent base fee, gas limit, gas used, next base fee: the vectors of the tests that go with EIP-1559 in clients.
#[test]
fn the_vectors_of_the_eip() {
    let check = |base_fee: u64, gas_limit: u64, gas_used: u64, expect: u64| {
        assert_eq!(base_fee_after(base_fee, gas_used, gas_limit, &params(1)), expect);
    };
    check(1_000_000_000, 20_000_000, 10_000_000, 1_000_000_000);
    check(1_000_000_000, 20_000_000, 9_000_000, 987_500_000);
    check(1_000_000_000, 20_000_000, 11_000_000, 1_012_500_000);
    check(1_000_000_000, 20_000_000, 20_000_000, 1_125_000_000);
    check(1_000_000_000, 20_000_000, 0, 875_000_000);
    check(1_049_238_967, 30_000_000, 30_000_000, 1_180_393_837);
    check(7, 20_000_000, 10_000_001, 8);
}

#[test]
fn the_floor_holds() {
    assert_eq!(base_fee_after(1_000_000, 0, 20_000_000, &params(1_000_000)), 1_000_000);
    assert_eq!(base_fee_after(1_100_000, 0, 20_000_000, &params(1_000_000)), 1_000_000);
}

proptest! {
    #[test]
    fn it_is_ethereums_function_above_the_floor(
        base_fee in 1u64..1_000_000_000_000_000,
        gas_limit in (1u64 << 24)..2_000_000_000,
        share in 0u64..=1_000,
    ) {
        let gas_used = gas_limit / 1_000 * share;
        let ethereum = calc_next_block_base_fee(gas_used, gas_limit, base_fee, BaseFeeParams::ethereum());
        prop_assert_eq!(base_fee_after(base_fee, gas_used, gas_limit, &params(1)), ethereum.max(1));
    }

    #[test]
    fn no_input_overflows(base_fee: u64, gas_used: u64, gas_limit: u64) {
        prop_assert!(base_fee_after(base_fee, gas_used, gas_limit, &params(1)) >= 1);
    }
}
