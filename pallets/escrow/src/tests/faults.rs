//! The faults that were found in the reference (docs/agents.md, 2.4), each as an attack that fails here.

use super::doubles::{CALLING_BACK, PLAIN, REENTRANT, balance, mint, seen};
use super::support::*;
use alloy_primitives::{Address, Bytes, U256};
use assay_abi::escrow::{ESCROW, ESCROW_BASE, IEscrow as I, IEscrowBase as B, IEscrowErrors as E};

const NONE: Address = Address::ZERO;

#[test]
fn fault_1_a_refund_of_an_open_job_pays_nothing() {
    let mut world = World::new();
    // Somebody's payment is there to be taken.
    world.funded(5_000, NONE);
    let thief = OTHER;
    let job = world.ok(thief, ESCROW, &create(PROVIDER, EVALUATOR, NONE));
    world.ok(thief, ESCROW, &budget_of(job, 5_000));
    world.at(EXPIRY + 1);
    world.refused(thief, ESCROW, &I::claimRefundCall { jobId: job }, &E::WrongStatus {});
    world.ok(thief, ESCROW, &reject_of(job));
    assert_eq!((world.balance(thief), world.balance(ESCROW)), (HELD, 5_000));
    world.check_invariants();
}

#[test]
fn fault_2_the_provider_cannot_change_the_token_that_the_client_agreed_to() {
    let mut world = World::new();
    mint(&mut world.host, PLAIN, CLIENT, 1_000_000);
    mint(&mut world.host, REENTRANT, CLIENT, 1_000_000);
    let job = world.ok(CLIENT, ESCROW_BASE, &super::base::create(PROVIDER, NONE, 0));
    world.ok(PROVIDER, ESCROW_BASE, &super::base::budget(job, PLAIN, 20));
    // The client has read 20 of one token; before its call comes through the provider asks for 20 of a dearer one.
    world.refused(PROVIDER, ESCROW_BASE, &super::base::budget(job, REENTRANT, 20), &E::Unauthorized {});
    world.ok(CLIENT, ESCROW_BASE, &super::base::fund(job, 20));
    assert_eq!((balance(&world.host, PLAIN, CLIENT), balance(&world.host, REENTRANT, CLIENT)), (999_980, 1_000_000));
}

#[test]
fn fault_2_a_client_that_saw_no_token_yet_names_it() {
    let mut world = World::new();
    let job = world.ok(CLIENT, ESCROW_BASE, &super::base::create(PROVIDER, NONE, 0));
    world.ok(PROVIDER, ESCROW_BASE, &super::base::budget(job, REENTRANT, 20));
    let expected =
        B::fund_1Call { jobId: job, expectedToken: PLAIN, expectedBudget: U256::from(20), optParams: Bytes::new() };
    world.refused(CLIENT, ESCROW_BASE, &expected, &E::PaymentTokenMismatch {});
}

#[test]
fn fault_3_a_hook_that_calls_back_is_refused_everywhere() {
    let mut world = World::new();
    let job = world.submitted(100, CALLING_BACK);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    // Five calls at each of two addresses, before and after each of four actions (setBudget, fund, submit, complete).
    assert_eq!(seen(&world.host, CALLING_BACK), 5 * 2 * 2 * 4);
    assert_eq!((world.balance(PROVIDER), world.balance(ESCROW)), (100, 0));
    world.check_invariants();
}

#[test]
fn fault_3_set_provider_is_locked_and_minds_the_expiry() {
    let mut world = World::new();
    let job = world.open(NONE, CALLING_BACK);
    let to = I::setProviderCall { jobId: job, provider: PROVIDER, optParams: Bytes::new() };
    world.ok(CLIENT, ESCROW, &to);
    assert_eq!(seen(&world.host, CALLING_BACK), 5 * 2 * 2);
    let late = world.open(NONE, NONE);
    world.at(EXPIRY);
    world.refused(CLIENT, ESCROW, &I::setProviderCall { jobId: late, ..to }, &E::WrongStatus {});
}

#[test]
fn fault_3_a_token_that_calls_back_is_refused_everywhere() {
    let mut world = World::new();
    mint(&mut world.host, REENTRANT, CLIENT, 100);
    let job = world.ok(CLIENT, ESCROW_BASE, &super::base::create(PROVIDER, NONE, 0));
    world.ok(CLIENT, ESCROW_BASE, &super::base::budget(job, REENTRANT, 100));
    world.ok(CLIENT, ESCROW_BASE, &super::base::fund(job, 100));
    world.ok(PROVIDER, ESCROW_BASE, &submit_of(job));
    world.ok(EVALUATOR, ESCROW_BASE, &complete_of(job));
    // In the transfer to escrow, and in the transfer to the provider.
    assert_eq!(seen(&world.host, REENTRANT), 5 * 2 * 2);
    assert_eq!(balance(&world.host, REENTRANT, PROVIDER), 100);
    world.check_invariants();
}

#[test]
fn fault_4_work_without_a_payment_is_not_taken() {
    let mut world = World::new();
    let free = world.open(PROVIDER, NONE);
    world.refused(PROVIDER, ESCROW, &submit_of(free), &E::WrongStatus {});
    world.refused(CLIENT, ESCROW, &fund_of(free, 0), &E::ZeroBudget {});
}

#[test]
fn fault_5_an_expired_job_tells_who_was_late() {
    let mut world = World::new();
    let (silent_provider, silent_evaluator) = (world.funded(1, NONE), world.submitted(1, NONE));
    world.at(EXPIRY);
    for job in [silent_provider, silent_evaluator] {
        world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: job });
        assert_eq!(world.status(job), 5);
    }
    assert_eq!(world.job(silent_provider).submittedAt, U256::ZERO);
    assert_eq!(world.job(silent_evaluator).submittedAt, U256::from(NOW));
}
