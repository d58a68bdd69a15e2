//! Attacks, by name.

use super::world::*;
use crate::blocks::BlockFacts;
use crate::params::{CANDIDATES_MAX, EVIDENCE_HEIGHTS};
use crate::pool::validator;
use crate::sets::add_candidate;
use crate::state::{CANDIDATES, DELEGATIONS, POOLS, VALIDATORS};
use crate::types::{Delegation, Pool, Status};
use alloy_primitives::{Address, B256, U256};
use assay_abi::staking::IStaking;
use assay_primitives::{Bps, ConsensusAddress};

#[test]
fn inflation_attack_on_first_shares() {
    let mut world = World::new(2, &params());
    // All but one share out, then a gift: it is income, and no share is worth more than before.
    let attacker = account(3);
    world.create(3, 10 * COIN).unwrap();
    world.undelegate(attacker, 3, U256::from(10 * COIN - 1));
    world.give(1_000_000 * COIN);
    world.next();
    let shares = world.delegate(account(20), 3, COIN);
    assert_eq!(shares, U256::from(COIN));
    assert_eq!(world.delegation(3, account(20)).value, U256::from(COIN));
    assert_eq!(world.delegation(3, attacker).value, U256::from(1));
    world.reach_epoch(3);
    assert_eq!(world.delegation(3, account(20)).value, U256::from(COIN));
}

#[test]
fn dust_delegations() {
    let mut params = params();
    params.delegation_min = U256::from(1);
    params.double_sign_slash = Bps(3_333);
    let mut world = World::new(2, &params);
    // A thousand deposits and withdrawals of dust gain nobody a wei, and cost nobody else one.
    let start = world.balance(account(20));
    let mut out = U256::ZERO;
    for _ in 0..200 {
        let shares = world.delegate(account(20), 1, 7);
        out += world.undelegate(account(20), 1, shares).amount;
    }
    assert!(out <= U256::from(7 * 200));
    assert_eq!(world.delegation(1, account(1)).value, U256::from(10 * COIN));
    world.reach_epoch(7);
    world.call(account(20), &IStaking::withdrawCall { operator: account(1), epoch: 0 }).unwrap();
    assert!(world.balance(account(20)) <= start);
    // What is worth nothing is refused, after a slash too.
    world.delegate(account(21), 2, 3);
    let height = world.height();
    world.accuse(2, height - 1);
    let call = IStaking::undelegateCall { operator: account(2), shares: U256::from(1) };
    assert_eq!(world.call(account(21), &call), Err(refused(IStaking::AmountTooSmall { minimum: U256::from(1) })));
}

#[test]
fn slash_while_unbonding() {
    let mut world = World::new(3, &params());
    let delegator = account(20);
    world.delegate(delegator, 1, 40 * COIN);
    world.reach(EPOCH + 5);
    // In the epoch of the offence, in the one before it, and long before.
    let early = world.undelegate(delegator, 1, U256::from(10 * COIN));
    world.reach(7 * EPOCH);
    let before = world.undelegate(delegator, 1, U256::from(10 * COIN));
    world.reach(7 * EPOCH + 9);
    let same = world.undelegate(delegator, 1, U256::from(10 * COIN));
    assert_eq!((early.epoch, before.epoch, same.epoch), (1, 6, 7));
    // The set of the first height of epoch 7 still rested on what left in epoch 6.
    world.accuse(1, 7 * EPOCH + 1);
    let (whole, less) = (U256::from(10 * COIN), U256::from(10 * COIN * 95 / 100));
    assert_eq!(world.unbonding(1, delegator, 1), whole);
    assert_eq!(world.unbonding(1, delegator, 6), less);
    assert_eq!(world.unbonding(1, delegator, 7), less);
    assert_eq!(world.delegation(1, delegator).value, less);
    let reserve = world.call(account(9), &IStaking::issuanceCall {}).unwrap().reserve;
    // 5 % of 10 + 10 that were bonded, and of 20 that wait.
    assert_eq!(reserve, U256::from(1_000 * COIN + 2 * COIN));
    world.reach_epoch(14);
    for (epoch, expect) in [(1, whole), (6, less), (7, less)] {
        assert_eq!(world.call(delegator, &IStaking::withdrawCall { operator: account(1), epoch }), Ok(expect));
    }
}

#[test]
fn an_offence_in_the_middle_of_an_epoch_spares_who_left_the_epoch_before() {
    let mut world = World::new(3, &params());
    world.delegate(account(20), 1, COIN);
    world.reach(EPOCH - 1);
    world.undelegate(account(20), 1, U256::from(COIN));
    world.reach(EPOCH + 5);
    world.accuse(1, EPOCH + 2);
    assert_eq!(world.unbonding(1, account(20), 0), U256::from(COIN));
}

#[test]
fn redelegation_to_dodge_a_slash() {
    let mut world = World::new(3, &params());
    let delegator = account(20);
    world.delegate(delegator, 1, 10 * COIN);
    world.reach(EPOCH + 3);
    // It knows of an offence that nobody has seen yet.
    let offence = world.height() - 1;
    world.undelegate(delegator, 1, U256::from(10 * COIN));
    let call = IStaking::redelegateCall { operator: account(1), epoch: 1, to: account(2) };
    assert!(world.call(delegator, &call).is_err());
    world.reach(offence + EVIDENCE_HEIGHTS - 1);
    assert!(world.call(delegator, &call).is_err());
    world.accuse(1, offence);
    world.reach_epoch(8);
    assert_eq!(world.call(delegator, &call), Ok(U256::from(10 * COIN * 95 / 100)));
}

#[test]
fn double_evidence() {
    let mut world = World::new(3, &params());
    world.reach(10);
    let facts = BlockFacts { offences: vec![(consensus(1), 8), (consensus(1), 9)], ..BlockFacts::default() };
    world.next_with(&facts);
    let once = U256::from(10 * COIN * 95 / 100);
    assert_eq!(world.validator(1).stake, once);
    world.accuse(1, 7);
    world.accuse(1, 8);
    assert_eq!(world.validator(1).stake, once);
    assert_eq!(world.validator(1).status, 3);
    assert_eq!(world.set_at(13), [account(2), account(3)]);
}

#[test]
fn evidence_too_old_or_of_nobody() {
    let mut world = World::new(3, &params());
    world.reach(120);
    // In block 121 or later.
    world.accuse(1, 121 - EVIDENCE_HEIGHTS - 1);
    world.accuse(1, 500);
    let stranger = BlockFacts { offences: vec![(ConsensusAddress(account(99)), 119)], ..BlockFacts::default() };
    world.next_with(&stranger);
    assert_eq!((world.validator(1).status, world.validator(1).stake), (0, U256::from(10 * COIN)));
    world.accuse(1, 124 - EVIDENCE_HEIGHTS);
    assert_eq!(world.validator(1).status, 3);
}

#[test]
fn tombstoned_key_rejoining() {
    let mut world = World::new(3, &params());
    world.reach(5);
    world.accuse(1, 4);
    // No way back for the validator.
    let wrong = refused(IStaking::WrongStatus { status: 3 });
    assert_eq!(world.call(account(1), &IStaking::unjailCall {}), Err(wrong.clone()));
    assert_eq!(world.call(account(1), &IStaking::activateCall {}), Err(wrong.clone()));
    assert_eq!(world.call(account(1), &IStaking::deactivateCall {}), Err(wrong.clone()));
    let rotate = IStaking::rotateConsensusKeyCall { publicKey: public(11), proof: proof(11, account(1)) };
    assert_eq!(world.call(account(1), &rotate), Err(wrong.clone()));
    let rotate =
        IStaking::rotateRandomnessKeyCall { randomnessKey: randomness(11).public(), proof: randomness_proof(11, 1) };
    assert_eq!(world.call(account(1), &rotate), Err(wrong.clone()));
    let delegate = IStaking::delegateCall { operator: account(1) };
    assert_eq!(world.pay(account(20), COIN, &delegate), Err(wrong));
    assert_eq!(world.create(1, 10 * COIN), Err(refused(IStaking::ValidatorExists {})));
    // Nor for its key under another operator.
    let call =
        IStaking::createValidatorCall { publicKey: public(1), publicKeyProof: proof(1, account(9)), ..creation(9) };
    assert_eq!(world.pay(account(9), 10 * COIN, &call), Err(refused(IStaking::KeyUsed {})));
    // What is left of the stake leaves in time.
    world.undelegate(account(1), 1, U256::from(10 * COIN));
    world.reach_epoch(7);
    let withdraw = IStaking::withdrawCall { operator: account(1), epoch: 0 };
    assert_eq!(world.call(account(1), &withdraw), Ok(U256::from(10 * COIN * 95 / 100)));
}

#[test]
fn rotation_sheds_no_offence() {
    let mut world = World::new(3, &params());
    world.reach(5);
    let rotate = IStaking::rotateConsensusKeyCall { publicKey: public(11), proof: proof(11, account(1)) };
    world.call(account(1), &rotate).unwrap();
    world.reach(9);
    assert!(world.read_set(9).unwrap().by_address(&consensus(11)).is_some());
    // The old key signed twice at height 4.
    world.accuse(1, 4);
    assert_eq!(world.validator(1).status, 3);
    world.next();
    assert_eq!(world.set_at(12), [account(2), account(3)]);
}

#[test]
fn rotation_back_to_an_old_key() {
    let mut world = World::new(2, &params());
    let rotate = |n: u8| IStaking::rotateConsensusKeyCall { publicKey: public(n), proof: proof(n, account(1)) };
    world.call(account(1), &rotate(11)).unwrap();
    world.reach_epoch(1);
    world.call(account(1), &rotate(12)).unwrap();
    world.reach_epoch(2);
    for old in [1, 11, 12] {
        assert_eq!(world.call(account(1), &rotate(old)), Err(refused(IStaking::KeyUsed {})));
    }
}

#[test]
fn slash_larger_than_the_stake() {
    let mut params = params();
    params.double_sign_slash = Bps::WHOLE;
    let mut world = World::new(3, &params);
    world.delegate(account(20), 1, COIN);
    world.undelegate(account(20), 1, U256::from(COIN / 2));
    world.accuse(1, 1);
    assert_eq!((world.validator(1).stake, world.validator(1).unbonding), (U256::ZERO, U256::ZERO));
    let reserve = world.call(account(9), &IStaking::issuanceCall {}).unwrap().reserve;
    assert_eq!(reserve, U256::from(1_011 * COIN));
    // Nothing is left to take, and taking it fails no block.
    let call = IStaking::undelegateCall { operator: account(1), shares: U256::from(COIN / 2) };
    assert!(world.call(account(20), &call).is_err());
    world.reach_epoch(7);
    let withdraw = IStaking::withdrawCall { operator: account(1), epoch: 0 };
    assert_eq!(world.call(account(20), &withdraw), Ok(U256::ZERO));
}

/// Candidates without keys worth the name, to fill the list; they break the sums that the invariants check.
fn fill(world: &mut World, stake: u128) {
    world.raw(|ctx| {
        for n in CANDIDATES.length(ctx)?..u64::from(CANDIDATES_MAX) {
            let operator = Address::from_word(U256::from(0x00aa_0000 + n).into());
            let mut validator = validator(ctx, account(1))?;
            validator.public_key = B256::from(U256::from(n));
            (validator.seat, validator.key) = (None, None);
            let pool = Pool { stake: stake + u128::from(n), shares: stake + u128::from(n), ..Pool::default() };
            POOLS.set(ctx, &operator, &pool)?;
            DELEGATIONS.set(
                ctx,
                &(operator, operator),
                &Delegation { shares: pool.shares, ..Delegation::default() },
            )?;
            add_candidate(ctx, operator, &mut validator)?;
            VALIDATORS.set(ctx, &operator, &validator)?;
        }
        Ok(())
    });
}

#[test]
fn a_full_list_of_candidates_gives_way_to_more_stake_only() {
    let mut world = World::new(2, &params());
    fill(&mut world, 10 * COIN);
    let smallest = U256::from(10 * COIN + 2);
    assert_eq!(world.create(9, 10 * COIN + 2), Err(refused(IStaking::CandidatesFull { smallest })));
    world.create(9, 10 * COIN + 3).unwrap();
    assert_eq!(world.validator(9).status, 0);
    let displaced = Address::from_word(U256::from(0x00aa_0002).into());
    assert_eq!(world.raw(|ctx| validator(ctx, displaced)).status, Status::Inactive);
    assert_eq!(world.raw(|ctx| CANDIDATES.length(ctx)), u64::from(CANDIDATES_MAX));
    // Whoever sits in the set does not give way, however little it has.
    assert_eq!((world.validator(1).status, world.validator(1).stake), (0, U256::from(10 * COIN)));
}

#[test]
fn the_worst_end_of_an_epoch_fits_into_its_bound() {
    let mut params = params();
    params.validators_max = 100;
    let mut world = World::new(2, &params);
    fill(&mut world, 20 * COIN);
    // Everybody new in the set, then everybody paid, then everybody replaced.
    let first = world.gas_to_end_epoch();
    world.give(1_000 * COIN);
    world.raw(|ctx| {
        for index in 0..60 {
            let operator = CANDIDATES.get(ctx, index)?.unwrap_or_default();
            let mut one = validator(ctx, operator)?;
            one.public_key = B256::repeat_byte(index as u8);
            VALIDATORS.set(ctx, &operator, &one)?;
        }
        Ok(())
    });
    world.forward();
    let second = world.gas_to_end_epoch();
    assert!(first.max(second) < WORK_GAS * 3 / 4, "{first} {second}");
}

#[test]
fn a_million_delegators_cost_a_block_nothing() {
    // The work of a block is counted in gas of its accesses; delegators are in none of its loops.
    let gas = |delegators: u32| {
        let mut world = World::new(3, &params());
        world.give(1_000_000);
        for n in 0..delegators {
            let mut bytes = [0x77; 20];
            bytes[16..].copy_from_slice(&n.to_be_bytes());
            let from = Address::from(bytes);
            world.host.set_balance(from, U256::from(3 * COIN));
            let call = IStaking::delegateCall { operator: account(1) };
            world.pay_unchecked(from, 3 * COIN / u128::from(delegators), &call);
        }
        world.gas_to_end_epoch()
    };
    let (few, many) = (gas(2), gas(3_000));
    assert_eq!(few, many);
    assert!(few < 1_000_000, "{few}");
}
