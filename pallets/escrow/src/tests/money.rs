//! Foreign tokens with a fault each, and payments that wait.

use super::base::{budget, create, fund};
use super::doubles::*;
use super::support::*;
use crate::Genesis;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall as _;
use assay_abi::escrow::{ESCROW, ESCROW_BASE, IEscrow as I, IEscrowErrors as E};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_kernel::{CallError, Halt};
use assay_primitives::NetworkKind;

const NONE: Address = Address::ZERO;

/// A job of 100 in a token of which the client has 1,000, priced.
fn priced(world: &mut World, token: Address) -> U256 {
    mint(&mut world.host, token, CLIENT, 1_000);
    let job = world.ok(CLIENT, ESCROW_BASE, &create(PROVIDER, NONE, 0));
    world.ok(CLIENT, ESCROW_BASE, &budget(job, token, 100));
    job
}

fn funded(world: &mut World, token: Address) -> U256 {
    let job = priced(world, token);
    world.ok(CLIENT, ESCROW_BASE, &fund(job, 100));
    job
}

fn completed(world: &mut World, token: Address) -> U256 {
    let job = funded(world, token);
    world.ok(PROVIDER, ESCROW_BASE, &submit_of(job));
    world.ok(EVALUATOR, ESCROW_BASE, &complete_of(job));
    job
}

fn credit(world: &mut World, token: Address, account: Address) -> u64 {
    world.ok(OTHER, ESCROW_BASE, &I::creditOfCall { token, account }).to()
}

#[test]
fn tokens_that_say_true_or_nothing_pay() {
    for token in [PLAIN, SILENT] {
        let mut world = World::new();
        completed(&mut world, token);
        assert_eq!(balance(&world.host, token, PROVIDER), 100);
        assert_eq!(balance(&world.host, token, ESCROW_BASE), 0);
        world.check_invariants();
    }
}

#[test]
fn a_token_that_says_false_or_moves_nothing_funds_nothing() {
    for token in [LYING, EMPTY] {
        let mut world = World::new();
        let job = priced(&mut world, token);
        world.refused(CLIENT, ESCROW_BASE, &fund(job, 100), &E::SafeERC20FailedOperation { token });
    }
}

#[test]
fn what_is_no_contract_funds_nothing() {
    let mut world = World::new();
    let job = world.ok(CLIENT, ESCROW_BASE, &create(PROVIDER, NONE, 0));
    world.ok(CLIENT, ESCROW_BASE, &budget(job, OTHER, 100));
    world.refused(CLIENT, ESCROW_BASE, &fund(job, 100), &E::SafeERC20FailedOperation { token: OTHER });
}

#[test]
fn a_token_that_takes_a_fee_funds_what_arrived() {
    let mut world = World::new();
    let job = funded(&mut world, TAKING);
    assert_eq!(world.job(job).funded, U256::from(90));
    world.at(EXPIRY);
    world.ok(OTHER, ESCROW_BASE, &I::claimRefundCall { jobId: job });
    assert_eq!(balance(&world.host, TAKING, ESCROW_BASE), 0);
    assert_eq!(balance(&world.host, TAKING, CLIENT), 900 + 81);
}

#[test]
fn the_fee_of_a_token_is_not_paid_by_other_jobs() {
    let mut world = World::new();
    let (first, second) = (funded(&mut world, TAKING), funded(&mut world, TAKING));
    world.at(EXPIRY);
    for job in [first, second] {
        world.ok(OTHER, ESCROW_BASE, &I::claimRefundCall { jobId: job });
    }
    assert_eq!((credit(&mut world, TAKING, CLIENT), balance(&world.host, TAKING, ESCROW_BASE)), (0, 0));
}

#[test]
fn a_token_that_gives_more_than_it_was_asked_for_funds_the_budget() {
    let mut world = World::new();
    let job = funded(&mut world, GENEROUS);
    assert_eq!(world.job(job).funded, U256::from(100));
}

#[test]
fn a_token_that_refuses_or_burns_gas_on_the_way_out_cannot_stop_a_settlement() {
    for token in [CLOSED, BURNING] {
        let mut world = World::new();
        let job = completed(&mut world, token);
        assert_eq!((world.status(job), credit(&mut world, token, PROVIDER)), (3, 100));
        world.refused(PROVIDER, ESCROW_BASE, &I::withdrawCall { token }, &E::SafeERC20FailedOperation { token });
        assert_eq!(credit(&mut world, token, PROVIDER), 100);
        world.check_invariants();
    }
}

#[test]
fn a_caller_cannot_turn_a_payment_into_a_credit_by_giving_little_gas() {
    let mut world = World::new();
    let job = funded(&mut world, PLAIN);
    world.at(EXPIRY);
    let input = I::claimRefundCall { jobId: job }.abi_encode();
    let mut ended = Vec::new();
    for gas in (20_000..140_000).step_by(1_000) {
        let mut probe = World::new();
        let job = funded(&mut probe, BURNING);
        probe.at(EXPIRY);
        let input = I::claimRefundCall { jobId: job }.abi_encode();
        probe.host.set_gas(gas);
        let done = probe.host.send(OTHER, ESCROW_BASE, entries(ESCROW_BASE), &input);
        ended.push(matches!(done, Err(CallError::Halted(Halt::OutOfGas))));
        assert_eq!(credit(&mut probe, BURNING, CLIENT), 0);
    }
    assert!(ended.iter().all(|halted| *halted));
    world.host.set_gas(600_000);
    world.host.send(OTHER, ESCROW_BASE, entries(ESCROW_BASE), &input).unwrap();
    assert_eq!(balance(&world.host, PLAIN, CLIENT), 1_000);
}

#[test]
fn a_payee_that_is_blocked_is_credited_and_withdraws_later() {
    let mut world = World::with_fees();
    let job = world.submitted(1_000, NONE);
    for account in [PROVIDER, TREASURY] {
        world.block(account);
    }
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    let shown = |world: &mut World, account| {
        world.ok(OTHER, ESCROW, &I::creditOfCall { token: DEFAULT_TOKEN, account }).to::<u64>()
    };
    assert_eq!((world.status(job), world.balance(EVALUATOR)), (3, 15));
    assert_eq!((shown(&mut world, PROVIDER), shown(&mut world, TREASURY)), (960, 25));
    world.check_invariants();
    world.refused(
        PROVIDER,
        ESCROW,
        &I::withdrawCall { token: DEFAULT_TOKEN },
        &E::SafeERC20FailedOperation { token: DEFAULT_TOKEN },
    );
    world.ok(ISSUER, DEFAULT_TOKEN, &INativeToken::unBlacklistCall { account: PROVIDER });
    let logs = world.logs_of(|world| {
        let paid = world.ok(PROVIDER, ESCROW, &I::withdrawCall { token: DEFAULT_TOKEN });
        assert_eq!(paid, U256::from(960));
    });
    let (token, payee, amount) = (DEFAULT_TOKEN, PROVIDER, U256::from(960));
    assert!(logs.contains(&event(ESCROW, &I::Withdrawn { token, payee, amount })));
    assert_eq!((world.balance(PROVIDER), shown(&mut world, PROVIDER)), (960, 0));
    world.refused(PROVIDER, ESCROW, &I::withdrawCall { token: DEFAULT_TOKEN }, &E::NoCredit {});
    // Credits are each address's own.
    world.refused(TREASURY, ESCROW_BASE, &I::withdrawCall { token: DEFAULT_TOKEN }, &E::NoCredit {});
    world.check_invariants();
}

#[test]
fn a_paused_token_leaves_credits() {
    let mut world = World::new();
    let job = world.funded(10, NONE);
    world.ok(ISSUER, DEFAULT_TOKEN, &INativeToken::pauseCall {});
    world.ok(EVALUATOR, ESCROW, &reject_of(job));
    assert_eq!((world.status(job), world.balance(ESCROW)), (4, 10));
    world.ok(ISSUER, DEFAULT_TOKEN, &INativeToken::unpauseCall {});
    world.ok(CLIENT, ESCROW, &I::withdrawCall { token: DEFAULT_TOKEN });
    assert_eq!(world.balance(CLIENT), HELD);
}

#[test]
fn shares_round_down_and_the_provider_gets_the_rest() {
    for amount in [1u64, 39, 40, 66, 67, 9_999] {
        let mut world = World::with_fees();
        let job = world.submitted(amount, NONE);
        world.ok(EVALUATOR, ESCROW, &complete_of(job));
        let (treasury, evaluator) = (amount * 250 / 10_000, amount * 150 / 10_000);
        let paid = [TREASURY, EVALUATOR, PROVIDER, ESCROW].map(|account| world.balance(account));
        assert_eq!(paid, [treasury, evaluator, amount - treasury - evaluator, 0]);
    }
}

#[test]
fn native_tokens_of_the_base_dialect_take_the_fast_path() {
    let mut world = World::of(&Genesis::of_network(NetworkKind::Dev));
    let job = world.ok(CLIENT, ESCROW_BASE, &create(PROVIDER, NONE, 0));
    world.ok(CLIENT, ESCROW_BASE, &budget(job, DEFAULT_TOKEN, 100));
    world.allow(CLIENT, ESCROW_BASE, 100);
    world.ok(CLIENT, ESCROW_BASE, &fund(job, 100));
    assert_eq!((world.balance(ESCROW_BASE), world.balance(ESCROW)), (100, 0));
    world.check_invariants();
}
