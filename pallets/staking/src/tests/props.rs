//! Random calls against a naive model that knows every account's wei as exact fractions do: sums of shares, and bounds on
//! what rounding may keep back.

use super::world::*;
use crate::blocks::BlockFacts;
use alloy_primitives::{Address, U256};
use assay_abi::staking::{IStaking, STAKING};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Op {
    Delegate { who: u8, to: u8, amount: u128 },
    Undelegate { who: u8, from: u8, part: u8 },
    Withdraw { who: u8, from: u8, epoch: u64 },
    Redelegate { who: u8, from: u8, to: u8, epoch: u64 },
    Rewards { who: u8, from: u8 },
    Commission { who: u8 },
    Income { amount: u128 },
    Offence { who: u8, back: u64 },
    Absent { who: u8 },
    Go { heights: u64 },
    Unjail { who: u8 },
    Deactivate { who: u8 },
    Activate { who: u8 },
    Rotate { who: u8, key: u8 },
}

fn op() -> impl Strategy<Value = Op> {
    let (who, validator) = (20u8..25, 1u8..5);
    prop_oneof![
        6 => (who.clone(), validator.clone(), 1u128..1_000_000).prop_map(|(who, to, amount)| Op::Delegate { who, to, amount }),
        5 => (who.clone(), validator.clone(), 1u8..=100).prop_map(|(who, from, part)| Op::Undelegate { who, from, part }),
        4 => (who.clone(), validator.clone(), 0u64..12).prop_map(|(who, from, epoch)| Op::Withdraw { who, from, epoch }),
        2 => (who.clone(), validator.clone(), validator.clone(), 0u64..12)
            .prop_map(|(who, from, to, epoch)| Op::Redelegate { who, from, to, epoch }),
        3 => (who.clone(), validator.clone()).prop_map(|(who, from)| Op::Rewards { who, from }),
        1 => validator.clone().prop_map(|who| Op::Commission { who }),
        3 => (1u128..1_000_000_000).prop_map(|amount| Op::Income { amount }),
        1 => (validator.clone(), 1u64..110).prop_map(|(who, back)| Op::Offence { who, back }),
        2 => validator.clone().prop_map(|who| Op::Absent { who }),
        6 => (1u64..30).prop_map(|heights| Op::Go { heights }),
        1 => validator.clone().prop_map(|who| Op::Unjail { who }),
        1 => validator.clone().prop_map(|who| Op::Deactivate { who }),
        1 => validator.clone().prop_map(|who| Op::Activate { who }),
        1 => (validator, 30u8..60).prop_map(|(who, key)| Op::Rotate { who, key }),
    ]
}

/// What each delegator has put in and got out, and what went in beside it.
#[derive(Default)]
struct Model {
    put: BTreeMap<Address, U256>,
    got: BTreeMap<Address, U256>,
    gifts: U256,
    punished: bool,
}

impl Model {
    fn got(&mut self, who: Address, amount: U256) {
        *self.got.entry(who).or_default() += amount;
    }

    /// Applies an operation to both; refusals change neither.
    fn apply(&mut self, world: &mut World, op: &Op) {
        match *op {
            Op::Delegate { who, to, amount } => {
                let from = account(who);
                if world.pay(from, amount, &IStaking::delegateCall { operator: account(to) }).is_ok() {
                    *self.put.entry(from).or_default() += U256::from(amount);
                }
            }
            Op::Undelegate { who, from, part } => {
                let held = world.delegation(from, account(who));
                let shares = held.shares * U256::from(part) / U256::from(100);
                let call = IStaking::undelegateCall { operator: account(from), shares };
                if let Ok(out) = world.call(account(who), &call) {
                    assert!(out.amount <= held.value, "more than all of it");
                }
            }
            Op::Withdraw { who, from, epoch } => {
                let expect = world.unbonding(from, account(who), epoch);
                let call = IStaking::withdrawCall { operator: account(from), epoch };
                if let Ok(amount) = world.call(account(who), &call) {
                    assert_eq!(amount, expect);
                    self.got(account(who), amount);
                }
            }
            Op::Redelegate { who, from, to, epoch } => {
                let call = IStaking::redelegateCall { operator: account(from), epoch, to: account(to) };
                let _ = world.call(account(who), &call);
            }
            Op::Rewards { who, from } => {
                if let Ok(amount) = world.call(account(who), &IStaking::withdrawRewardsCall { operator: account(from) })
                {
                    self.got(account(who), amount);
                }
            }
            Op::Commission { who } => {
                if let Ok(amount) = world.call(account(who), &IStaking::withdrawCommissionCall {}) {
                    self.got(account(who), amount);
                }
            }
            Op::Income { amount } => {
                world.give(amount);
                self.gifts += U256::from(amount);
            }
            Op::Offence { who, back } => {
                self.punished = true;
                let offence = world.height().saturating_sub(back);
                world.accuse(who, offence);
            }
            Op::Absent { who } => {
                let height = world.height();
                if world.set_at(height).contains(&account(who)) {
                    let absent = U256::from(1) << usize::from(world.position(who, height));
                    world.next_with(&BlockFacts { absent, ..BlockFacts::default() });
                }
            }
            Op::Go { heights } => (0..heights).for_each(|_| world.next()),
            Op::Unjail { who } => drop(world.call(account(who), &IStaking::unjailCall {})),
            Op::Deactivate { who } => drop(world.call(account(who), &IStaking::deactivateCall {})),
            Op::Activate { who } => drop(world.call(account(who), &IStaking::activateCall {})),
            Op::Rotate { who, key } => {
                let call = IStaking::rotateConsensusKeyCall { publicKey: public(key), proof: proof(key, account(who)) };
                let _ = world.call(account(who), &call);
            }
        }
    }
}

/// Everybody takes out all that can be had.
fn leave(world: &mut World, model: &mut Model) {
    for validator in 1..5u8 {
        for who in (1..5u8).chain(20..25) {
            model.apply(world, &Op::Undelegate { who, from: validator, part: 100 });
            model.apply(world, &Op::Rewards { who, from: validator });
        }
        model.apply(world, &Op::Commission { who: validator });
    }
    let last = world.epoch();
    world.reach_epoch(last + 7);
    for validator in 1..5u8 {
        for who in (1..5u8).chain(20..25) {
            for epoch in 0..=last {
                model.apply(world, &Op::Withdraw { who, from: validator, epoch });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_makes_or_loses_a_wei(ops in proptest::collection::vec(op(), 1..60)) {
        let mut params = params();
        params.delegation_min = U256::from(1);
        let mut world = World::new(4, &params);
        let mut model = Model::default();
        let all = |world: &mut World| {
            let people = world.people.clone();
            people.into_iter().chain([STAKING]).map(|who| world.balance(who)).sum::<U256>()
        };
        for who in (1..5u8).chain(20..25).chain([0xfe]).map(account) {
            if !world.people.contains(&who) {
                world.people.push(who);
            }
        }
        let before = all(&mut world);
        for op in &ops {
            model.apply(&mut world, op);
            world.check();
        }
        prop_assert_eq!(all(&mut world), before + model.gifts);

        leave(&mut world, &mut model);
        world.check();
        prop_assert_eq!(all(&mut world), before + model.gifts);
        // All that anybody can take out is what was put in and given, less dust and what was slashed.
        let put: U256 = model.put.values().sum::<U256>() + U256::from(40 * COIN) + model.gifts;
        let got: U256 = model.got.values().sum();
        prop_assert!(got <= put, "{} out of {}", got, put);
        if !model.punished {
            for who in (20..25u8).map(account) {
                let (put, got) = (model.put.get(&who).copied().unwrap_or_default(), model.got.get(&who).copied());
                prop_assert!(got.unwrap_or_default() + U256::from(1_000) >= put, "without a slash nobody loses");
            }
        }
    }
}
