//! What the court does through the api: hold, decide, and pay by credit.

use super::doubles::{HOOK, PLAIN};
use super::support::*;
use crate::api;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolError as _, SolValue as _};
use assay_abi::errors::Reentrant;
use assay_abi::escrow::{COURT, ESCROW, ESCROW_BASE, IACPHook, IEscrow as I, IEscrowErrors as E};
use assay_abi::token::DEFAULT_TOKEN;
use assay_kernel::{CallError, CallReturn, CallStatus, Ctx, MemoryHost, OutCall};

/// A court that is a hook, and tries in vain to hold the job from within.
fn court(host: &mut MemoryHost, call: &OutCall) -> CallReturn {
    let answer = |output: Vec<u8>| CallReturn { status: CallStatus::Success, output: output.into() };
    if let Ok(asked) = IACPHook::supportsInterfaceCall::abi_decode(&call.input) {
        return answer((asked.interfaceId.0 != [0xff; 4]).abi_encode());
    }
    match api::hold(&mut Ctx::new(host), 1, true) {
        Err(CallError::Reverted(reverted)) => assert_eq!(reverted.data, Bytes::from(Reentrant {}.abi_encode())),
        other => panic!("{other:?}"),
    }
    answer(Vec::new())
}

/// A submitted job of the court.
fn judged(world: &mut World, amount: u64) -> U256 {
    world.host.set_callee(COURT, court);
    let job = world.ok(CLIENT, ESCROW, &create(PROVIDER, COURT, COURT));
    world.ok(CLIENT, ESCROW, &budget_of(job, amount));
    world.allow(CLIENT, ESCROW, amount);
    world.ok(CLIENT, ESCROW, &fund_of(job, amount));
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    job
}

fn credit(world: &mut World, account: Address) -> u64 {
    world.ok(OTHER, ESCROW, &I::creditOfCall { token: DEFAULT_TOKEN, account }).to()
}

fn refused<T: std::fmt::Debug, R: alloy_sol_types::SolError>(result: Result<T, CallError>, with: &R) {
    match result {
        Err(CallError::Reverted(reverted)) => assert_eq!(reverted.data, Bytes::from(with.abi_encode())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_of_the_court_is_held_from_its_submission() {
    let mut world = World::new();
    let job = judged(&mut world, 100);
    assert!(world.job(job).held);
    world.at(EXPIRY + 1);
    world.refused(OTHER, ESCROW, &I::claimRefundCall { jobId: job }, &E::JobHeld {});
    world.check_invariants();
    world.as_court(|ctx| api::hold(ctx, 1, false)).unwrap();
    world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: job });
    assert_eq!((world.status(job), world.balance(CLIENT)), (5, HELD));
}

#[test]
fn a_verdict_credits_and_calls_nobody() {
    let mut world = World::with_fees();
    let job = judged(&mut world, 1_000);
    // Whoever is paid can refuse as it likes.
    for account in [PROVIDER, TREASURY, COURT] {
        world.block(account);
    }
    let logs = world.logs_of(|world| world.as_court(|ctx| api::complete(ctx, 1, REASON, "opml")).unwrap());
    let completed = event(ESCROW, &I::JobCompleted { jobId: job, evaluator: COURT, reason: REASON });
    assert!(logs.contains(&completed));
    assert_eq!((world.status(job), world.job(job).held), (3, false));
    let credits = [PROVIDER, TREASURY, COURT].map(|account| credit(&mut world, account));
    assert_eq!((credits, world.balance(ESCROW)), ([960, 25, 15], 1_000));
    world.check_invariants();
}

#[test]
fn a_refusal_credits_the_client() {
    let mut world = World::new();
    let job = judged(&mut world, 100);
    world.as_court(|ctx| api::reject(ctx, 1, REASON)).unwrap();
    assert_eq!((world.status(job), credit(&mut world, CLIENT)), (4, 100));
    world.ok(CLIENT, ESCROW, &I::withdrawCall { token: DEFAULT_TOKEN });
    assert_eq!(world.balance(CLIENT), HELD);
    world.check_invariants();
}

#[test]
fn the_court_judges_its_own_jobs_only_and_once() {
    let mut world = World::new();
    let other = world.submitted(100, HOOK);
    assert_eq!(other, U256::ONE);
    refused(world.as_court(|ctx| api::complete(ctx, 1, B256::ZERO, "opml")), &E::Unauthorized {});
    refused(world.as_court(|ctx| api::reject(ctx, 1, B256::ZERO)), &E::Unauthorized {});
    refused(world.as_court(|ctx| api::hold(ctx, 1, true)), &E::Unauthorized {});
    refused(world.as_court(|ctx| api::hold(ctx, 9, true)), &E::InvalidJob {});
    world.host.set_callee(COURT, |host, call| {
        let _ = host;
        let known =
            IACPHook::supportsInterfaceCall::abi_decode(&call.input).is_ok_and(|c| c.interfaceId.0 != [0xff; 4]);
        CallReturn { status: CallStatus::Success, output: known.abi_encode().into() }
    });
    let job = world.ok(CLIENT, ESCROW, &create(PROVIDER, COURT, COURT));
    assert_eq!(job, U256::from(2));
    refused(world.as_court(|ctx| api::hold(ctx, 2, true)), &E::WrongStatus {});
    world.ok(CLIENT, ESCROW, &budget_of(job, 10));
    world.allow(CLIENT, ESCROW, 10);
    world.ok(CLIENT, ESCROW, &fund_of(job, 10));
    refused(world.as_court(|ctx| api::complete(ctx, 2, B256::ZERO, "opml")), &E::WrongStatus {});
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    world.as_court(|ctx| api::complete(ctx, 2, B256::ZERO, "opml")).unwrap();
    refused(world.as_court(|ctx| api::complete(ctx, 2, B256::ZERO, "opml")), &E::WrongStatus {});
    refused(world.as_court(|ctx| api::reject(ctx, 2, B256::ZERO)), &E::WrongStatus {});
    assert_eq!(world.as_court(api::job_count).unwrap(), 2);
    assert_eq!(world.as_court(|ctx| api::deliverable(ctx, 2)).unwrap(), WORK);
    assert_eq!(world.as_court(|ctx| api::job(ctx, 3)).unwrap(), None);
}

#[test]
fn a_job_of_the_court_is_paid_in_a_native_token() {
    let mut world = World::new();
    world.host.set_callee(COURT, court);
    let order = super::base::create(PROVIDER, COURT, 0);
    let order = assay_abi::escrow::IEscrowBase::createJobCall { evaluator: COURT, ..order };
    // Its double calls the api of job 1 when it is told of the creation.
    let job = world.ok(CLIENT, ESCROW_BASE, &order);
    world.refused(CLIENT, ESCROW_BASE, &super::base::budget(job, PLAIN, 5), &E::CourtToken {});
    world.ok(CLIENT, ESCROW_BASE, &super::base::budget(job, DEFAULT_TOKEN, 5));
}
