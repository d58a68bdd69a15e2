//! Each call: what it does, and each reason to refuse it.

use super::world::*;
use alloy_primitives::{Address, Bytes, U256};
use assay_abi::errors::NotPayable;
use assay_abi::staking::IStaking;

const COINS: u128 = 10 * COIN;

fn unknown(n: u8) -> Bytes {
    refused(IStaking::UnknownValidator { operator: account(n) })
}

#[test]
fn genesis_validators_are_bonded_validators() {
    let mut world = World::new(3, &params());
    world.check();
    let set = world.read_set(1).unwrap();
    assert_eq!((set.len(), set.total_power()), (3, 30));
    let one = set.by_address(&consensus(2)).unwrap();
    assert_eq!((one.public_key, one.randomness_key), (public(2), randomness(2).public()));
    assert_eq!(one.fee_address, account(2));
    let shown = world.validator(2);
    assert_eq!((shown.power, shown.status, shown.stake), (10, 0, U256::from(COINS)));
    assert_eq!(shown.selfShares, U256::from(COINS));
    // Heights before the first are nobody's.
    assert_eq!(world.read_set(0), None);
}

#[test]
fn create_validator_refuses_what_is_not_its_own() {
    let mut world = World::new(2, &params());
    let mut check = |from: Address, value: u128, call: IStaking::createValidatorCall, expect: Bytes| {
        assert_eq!(world.pay(from, value, &call), Err(expect));
        world.check();
    };
    let good = creation(9);
    check(account(1), COINS, creation(1), refused(IStaking::ValidatorExists {}));
    let call = IStaking::createValidatorCall { feeAddress: Address::ZERO, ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::InvalidFeeAddress {}));
    let call = IStaking::createValidatorCall { commission: 10_001, ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::InvalidCommission {}));
    check(account(9), COINS - 1, good.clone(), refused(IStaking::AmountTooSmall { minimum: U256::from(COINS) }));
    // Another's proof, another's key, no proof, a key off the curve, one key for both purposes.
    check(account(8), COINS, good.clone(), refused(IStaking::InvalidProof {}));
    let call = IStaking::createValidatorCall { publicKey: public(8), ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::InvalidProof {}));
    let call = IStaking::createValidatorCall { publicKeyProof: Bytes::new(), ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::InvalidProof {}));
    let call = IStaking::createValidatorCall { publicKey: [0xfe; 32].into(), ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::InvalidProof {}));
    let call = IStaking::createValidatorCall { randomnessKey: public(9), ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::InvalidProof {}));
    let call = IStaking::createValidatorCall { randomnessProof: randomness_proof(9, 8), ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::InvalidProof {}));
    // Keys of a genesis validator.
    let call =
        IStaking::createValidatorCall { publicKey: public(1), publicKeyProof: proof(1, account(9)), ..good.clone() };
    check(account(9), COINS, call, refused(IStaking::KeyUsed {}));
    let call = IStaking::createValidatorCall {
        randomnessKey: randomness(1).public(),
        randomnessProof: randomness_proof(1, 9),
        ..good.clone()
    };
    check(account(9), COINS, call, refused(IStaking::KeyUsed {}));
    assert_eq!(world.create(9, COINS), Ok(U256::from(COINS)));
    world.check();
}

#[test]
fn delegations_are_refused_where_they_buy_nothing() {
    let mut world = World::new(2, &params());
    let call = IStaking::delegateCall { operator: account(7) };
    assert_eq!(world.pay(account(20), COIN, &call), Err(unknown(7)));
    let call = IStaking::delegateCall { operator: account(1) };
    let minimum = U256::from(COIN / 1_000);
    assert_eq!(world.pay(account(20), 1, &call), Err(refused(IStaking::AmountTooSmall { minimum })));
    assert_eq!(world.pay(account(20), 0, &call), Err(refused(IStaking::AmountTooSmall { minimum })));
    assert_eq!(world.pay(account(20), COIN, &call), Ok(U256::from(COIN)));
    let call = IStaking::undelegateCall { operator: account(1), shares: U256::from(COIN + 1) };
    assert_eq!(world.call(account(20), &call), Err(refused(IStaking::AmountTooLarge {})));
    let call = IStaking::undelegateCall { shares: U256::MAX, ..call };
    assert_eq!(world.call(account(20), &call), Err(refused(IStaking::AmountTooLarge {})));
    let call = IStaking::undelegateCall { shares: U256::ZERO, ..call };
    assert_eq!(world.call(account(20), &call), Err(refused(IStaking::AmountTooSmall { minimum: U256::from(1) })));
    let paid = world.pay(account(20), 1, &IStaking::undelegateCall { shares: U256::from(COIN), ..call });
    assert_eq!(paid, Err(refused(NotPayable {})));
    world.check();
}

#[test]
fn what_is_undelegated_is_paid_once_and_not_before_it_is_due() {
    let mut world = World::new(2, &params());
    let (delegator, all) = (account(20), U256::from(5 * COIN));
    world.delegate(delegator, 1, 5 * COIN);
    let before = world.balance(delegator);
    let out = world.undelegate(delegator, 1, all);
    assert_eq!((out.amount, out.epoch), (all, 0));
    let call = IStaking::withdrawCall { operator: account(1), epoch: 0 };
    world.reach(7 * EPOCH);
    assert_eq!(world.call(delegator, &call), Err(refused(IStaking::NotDue { dueEpoch: 7 })));
    world.next();
    assert_eq!(world.call(account(21), &call), Err(refused(IStaking::NothingToWithdraw {})));
    assert_eq!(world.call(delegator, &call), Ok(all));
    assert_eq!(world.call(delegator, &call), Err(refused(IStaking::NothingToWithdraw {})));
    assert_eq!(world.balance(delegator), before + all);
    assert_eq!(world.validator(1).unbonding, U256::ZERO);
    world.check();
}

#[test]
fn stake_moves_to_another_validator_once_it_is_due() {
    let mut world = World::new(2, &params());
    let delegator = account(20);
    world.delegate(delegator, 1, 5 * COIN);
    world.undelegate(delegator, 1, U256::from(5 * COIN));
    let call = IStaking::redelegateCall { operator: account(1), epoch: 0, to: account(2) };
    assert_eq!(world.call(delegator, &call), Err(refused(IStaking::NotDue { dueEpoch: 7 })));
    world.reach_epoch(7);
    let wrong = IStaking::redelegateCall { to: account(7), ..call };
    assert_eq!(world.call(delegator, &wrong), Err(unknown(7)));
    assert_eq!(world.call(delegator, &call), Ok(U256::from(5 * COIN)));
    assert_eq!(world.delegation(2, delegator).shares, U256::from(5 * COIN));
    world.check();
}

#[test]
fn commission_is_announced_in_bounded_steps() {
    let mut world = World::new(2, &params());
    let set = |commission| IStaking::setCommissionCall { commission };
    assert_eq!(world.call(account(9), &set(100)), Err(unknown(9)));
    assert_eq!(world.call(account(1), &set(101)), Err(refused(IStaking::InvalidCommission {})));
    assert_eq!(world.call(account(1), &set(100)), Ok(2));
    assert_eq!(world.call(account(1), &set(50)), Err(refused(IStaking::ChangePending { epoch: 2 })));
    let shown = world.validator(1);
    assert_eq!((shown.commission, shown.nextCommission, shown.nextCommissionEpoch), (0, 100, 2));
    world.reach_epoch(2);
    assert_eq!(world.validator(1).commission, 100);
    assert_eq!(world.call(account(1), &set(201)), Err(refused(IStaking::InvalidCommission {})));
    assert_eq!(world.call(account(1), &set(200)), Ok(4));
    assert_eq!(world.validator(1).commission, 100);
    world.reach_epoch(4);
    assert_eq!(world.validator(1).commission, 200);
}

#[test]
fn a_validator_goes_and_comes_back() {
    let mut world = World::new(3, &params());
    assert_eq!(world.call(account(1), &IStaking::activateCall {}), Err(refused(IStaking::WrongStatus { status: 0 })));
    assert_eq!(world.call(account(1), &IStaking::unjailCall {}), Err(refused(IStaking::WrongStatus { status: 0 })));
    world.call(account(1), &IStaking::deactivateCall {}).unwrap();
    assert_eq!(world.call(account(1), &IStaking::deactivateCall {}), Err(refused(IStaking::WrongStatus { status: 1 })));
    // In the set until the epoch's last block takes effect.
    world.reach(EPOCH + 1);
    assert_eq!(world.set_at(EPOCH + 1), [account(1), account(2), account(3)]);
    assert_eq!(world.set_at(EPOCH + 2), [account(2), account(3)]);
    world.call(account(1), &IStaking::activateCall {}).unwrap();
    world.reach(2 * EPOCH + 1);
    assert_eq!(world.set_at(2 * EPOCH + 2), [account(1), account(2), account(3)]);
    // Without stake of its own it cannot come back.
    world.call(account(1), &IStaking::deactivateCall {}).unwrap();
    world.undelegate(account(1), 1, U256::from(1));
    let minimum = U256::from(COINS);
    assert_eq!(world.call(account(1), &IStaking::activateCall {}), Err(refused(IStaking::AmountTooSmall { minimum })));
}

#[test]
fn fee_addresses_follow_with_the_next_set() {
    let mut world = World::new(2, &params());
    let set = |to| IStaking::setFeeAddressCall { feeAddress: to };
    assert_eq!(world.call(account(1), &set(Address::ZERO)), Err(refused(IStaking::InvalidFeeAddress {})));
    world.call(account(1), &set(account(77))).unwrap();
    world.reach(EPOCH + 1);
    let fees = |world: &World, height| world.read_set(height).unwrap().by_address(&consensus(1)).unwrap().fee_address;
    assert_eq!(fees(&world, EPOCH + 1), account(1));
    assert_eq!(fees(&world, EPOCH + 2), account(77));
}

#[test]
fn consensus_keys_change_two_heights_later() {
    let mut world = World::new(2, &params());
    world.reach(5);
    let rotate = |n: u8| IStaking::rotateConsensusKeyCall { publicKey: public(n), proof: proof(n, account(1)) };
    let stolen = IStaking::rotateConsensusKeyCall { publicKey: public(11), proof: proof(11, account(2)) };
    assert_eq!(world.call(account(1), &stolen), Err(refused(IStaking::InvalidProof {})));
    world.call(account(1), &rotate(11)).unwrap();
    assert_eq!(world.call(account(1), &rotate(12)), Err(refused(IStaking::ChangePending { epoch: 1 })));
    world.next();
    assert!(world.read_set(6).unwrap().by_address(&consensus(1)).is_some());
    let set = world.read_set(7).unwrap();
    assert!(set.by_address(&consensus(1)).is_none());
    assert_eq!(set.by_address(&consensus(11)).unwrap().power, 10);
    // The old one answers for its heights, and comes back for nobody.
    world.reach_epoch(1);
    assert_eq!(world.call(account(1), &rotate(1)), Err(refused(IStaking::KeyUsed {})));
    let owner = IStaking::operatorOfCall { consensusAddress: consensus(1).0.into_array().into() };
    assert_eq!(world.call(account(9), &owner), Ok(account(1)));
}

#[test]
fn randomness_keys_change_two_epochs_later() {
    let mut world = World::new(2, &params());
    let rotate = |n: u8| IStaking::rotateRandomnessKeyCall {
        randomnessKey: randomness(n).public(),
        proof: randomness_proof(n, 1),
    };
    assert_eq!(world.call(account(1), &rotate(2)), Err(refused(IStaking::KeyUsed {})));
    assert_eq!(world.call(account(1), &rotate(11)), Ok(2));
    assert_eq!(world.call(account(1), &rotate(12)), Err(refused(IStaking::ChangePending { epoch: 2 })));
    world.reach(2 * EPOCH + 1);
    let key = |world: &World, height| world.read_set(height).unwrap().by_address(&consensus(1)).unwrap().randomness_key;
    assert_eq!(key(&world, EPOCH + 2), randomness(1).public());
    assert_eq!(key(&world, 2 * EPOCH + 1), randomness(1).public());
    assert_eq!(key(&world, 2 * EPOCH + 2), randomness(11).public());
}

#[test]
fn views_answer_for_what_is_not_there() {
    let mut world = World::new(2, &params());
    assert_eq!(world.call(account(9), &IStaking::validatorCall { operator: account(9) }), Err(unknown(9)));
    assert_eq!(world.delegation(1, account(30)).shares, U256::ZERO);
    let page = world.call(account(9), &IStaking::operatorsCall { start: 1, count: 5 }).unwrap();
    assert_eq!((page.page, page.total), (vec![account(2)], 2));
    let far = IStaking::validatorSetCall { height: 4 };
    assert_eq!(world.call(account(9), &far), Err(refused(IStaking::UnknownHeight {})));
    let epoch = world.call(account(9), &IStaking::epochCall {}).unwrap();
    assert_eq!((epoch.epoch, epoch.start, epoch.length), (0, 1, EPOCH));
    let nothing = Err(refused(IStaking::NothingToWithdraw {}));
    assert_eq!(world.call(account(1), &IStaking::withdrawRewardsCall { operator: account(1) }), nothing.clone());
    assert_eq!(world.call(account(1), &IStaking::withdrawCommissionCall {}), nothing);
}
