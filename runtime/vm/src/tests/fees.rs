//! Fees: nobody gains or loses a wei that is not accounted for.

use super::pallet::{FIRST, ITest};
use super::support::{BASE_FEE, BENEFICIARY, CALLS, COLLECTOR, SWALLOW, World, forward, request};
use crate::FeeSplit;
use crate::handler::Fees;
use alloy_primitives::{U256, uint};
use alloy_sol_types::SolCall;
use assay_primitives::Bps;
use proptest::prelude::*;

#[test]
fn balances_and_burned_add_up_to_the_supply() {
    let mut world = World::new();
    let supply = world.supply();
    let mut burned = U256::ZERO;
    let mut value = request(CALLS, forward(FIRST, SWALLOW, &ITest::depositCall {}.abi_encode()));
    value.value = uint!(99_U256);
    let requests = [
        request(FIRST, ITest::bumpCall { by: 1 }.abi_encode()),
        request(FIRST, ITest::failCall { reason: String::new() }.abi_encode()),
        request(FIRST, ITest::burnCall {}.abi_encode()),
        value,
        request(COLLECTOR, Vec::new()),
    ];
    for request in &requests {
        let (outcome, _) = world.transact(request);
        burned += outcome.burned;
        assert_eq!(world.supply() + burned, supply);
        let base = U256::from(outcome.gas_used) * U256::from(BASE_FEE);
        let collected = base * uint!(3000_U256) / uint!(10000_U256);
        assert_eq!((outcome.burned, outcome.tip), (base - collected, U256::from(outcome.gas_used * 2)));
    }
    assert!(!world.balance(BENEFICIARY).is_zero() && !world.balance(COLLECTOR).is_zero());
}

#[test]
fn ethereum_burns_the_base_fee_and_a_chain_may_burn_nothing() {
    for (burned, collector) in [(Bps::WHOLE, None), (Bps(0), None), (Bps(0), Some(COLLECTOR))] {
        let mut world = World::new();
        world.rules.fee_split = FeeSplit { burned, collector };
        let supply = world.supply();
        let (outcome, _) = world.transact(&request(CALLS, forward(FIRST, SWALLOW, &[])));
        assert_eq!(world.supply() + outcome.burned, supply);
        let base = U256::from(outcome.gas_used * BASE_FEE);
        let tip = U256::from(outcome.gas_used * 2);
        assert_eq!(outcome.burned, if burned == Bps::WHOLE { base } else { U256::ZERO });
        let to_beneficiary = if burned == Bps(0) && collector.is_none() { base + tip } else { tip };
        assert_eq!(world.balance(BENEFICIARY), to_beneficiary);
    }
}

proptest! {
    #[test]
    fn a_division_loses_nothing(burned in 0..=10_000u16, gas in any::<u64>(), tip in 0..u64::MAX, base in any::<u64>()) {
        let split = FeeSplit { burned: Bps(burned), collector: None };
        let price = u128::from(base) + u128::from(tip);
        let fees = Fees::divide(split, gas, price, base);
        prop_assert_eq!(fees.burned + fees.collected + fees.tip, U256::from(price) * U256::from(gas));
        prop_assert!(fees.burned * uint!(10000_U256) >= U256::from(base) * U256::from(gas) * U256::from(burned));
    }
}
