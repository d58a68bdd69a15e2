//! The EIP's calls, one by one: effect, events, refusals.

use super::doubles::HOOK;
use super::support::*;
use crate::params::{DESCRIPTION_BYTES_MAX, OPT_PARAMS_BYTES_MAX};
use alloy_primitives::{Address, B256, Bytes, U256};
use assay_abi::errors::TooLong;
use assay_abi::escrow::{COURT, ESCROW, ESCROW_ACP, ESCROW_BASE, IEscrow as I, IEscrowErrors as E};
use assay_abi::token::DEFAULT_TOKEN;

const NONE: Address = Address::ZERO;

#[test]
fn a_job_from_order_to_payment() {
    let mut world = World::with_fees();
    let job = world.priced(1_000, NONE);
    world.ok(CLIENT, ESCROW, &fund_of(job, 1_000));
    assert_eq!((world.balance(CLIENT), world.balance(ESCROW)), (HELD - 1_000, 1_000));
    world.check_invariants();
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    let logs = world.logs_of(|world| {
        world.ok(EVALUATOR, ESCROW, &complete_of(job));
    });
    let balances = [CLIENT, PROVIDER, EVALUATOR, TREASURY, ESCROW].map(|account| world.balance(account));
    assert_eq!(balances, [HELD - 1_000, 960, 15, 25, 0]);
    let (amount, provider) = (U256::from(960), PROVIDER);
    let (fee, evaluator) = (U256::from(15), EVALUATOR);
    let platform = I::PlatformFeePaid { jobId: job, platformTreasury: TREASURY, amount: U256::from(25) };
    let expected = [
        event(ESCROW, &platform),
        event(ESCROW, &I::EvaluatorFeePaid { jobId: job, evaluator, amount: fee }),
        event(ESCROW, &I::JobCompleted { jobId: job, evaluator, reason: REASON }),
        event(ESCROW, &I::PaymentReleased { jobId: job, provider, amount }),
    ];
    let own: Vec<_> = logs.into_iter().filter(|log| log.address == ESCROW).collect();
    assert_eq!(own, expected);
    let shown = world.job(job);
    assert_eq!((shown.status, shown.submittedAt, shown.deliverable), (3, U256::from(NOW), WORK));
    assert_eq!((shown.funded, shown.budget, shown.paymentToken), (U256::ZERO, U256::from(1_000), DEFAULT_TOKEN));
    assert_eq!((shown.facade, shown.held, shown.description.as_str()), (ESCROW, false, "Summarise the report"));
    world.check_invariants();
}

#[test]
fn each_step_says_so() {
    let mut world = World::new();
    let (client, provider, evaluator) = (CLIENT, PROVIDER, EVALUATOR);
    let own = |world: &mut World, work: &dyn Fn(&mut World)| {
        let logs = world.logs_of(|world| work(world));
        logs.into_iter().filter(|log| log.address == ESCROW).collect::<Vec<_>>()
    };
    let job = U256::ONE;
    let logs = own(&mut world, &|world| assert_eq!(world.open(NONE, NONE), job));
    let expires = U256::from(EXPIRY);
    assert_eq!(
        logs,
        [event(
            ESCROW,
            &I::JobCreated { jobId: job, client, provider: NONE, evaluator, expiredAt: expires, hook: NONE }
        )]
    );
    let set = I::setProviderCall { jobId: job, provider, optParams: Bytes::new() };
    let logs = own(&mut world, &|world| {
        world.ok(CLIENT, ESCROW, &set);
    });
    assert_eq!(logs, [event(ESCROW, &I::ProviderSet { jobId: job, provider })]);
    let logs = own(&mut world, &|world| {
        world.ok(PROVIDER, ESCROW, &budget_of(job, 7));
    });
    let amount = U256::from(7);
    assert_eq!(logs, [event(ESCROW, &I::BudgetSet { jobId: job, amount })]);
    world.allow(CLIENT, ESCROW, 7);
    let logs = own(&mut world, &|world| {
        world.ok(CLIENT, ESCROW, &fund_of(job, 7));
    });
    assert_eq!(logs, [event(ESCROW, &I::JobFunded { jobId: job, client, amount })]);
    let logs = own(&mut world, &|world| {
        world.ok(PROVIDER, ESCROW, &submit_of(job));
    });
    assert_eq!(logs, [event(ESCROW, &I::JobSubmitted { jobId: job, provider, deliverable: WORK })]);
    let logs = own(&mut world, &|world| {
        world.ok(EVALUATOR, ESCROW, &reject_of(job));
    });
    let rejected = I::JobRejected { jobId: job, rejector: EVALUATOR, reason: REASON };
    assert_eq!(logs, [event(ESCROW, &I::Refunded { jobId: job, client, amount }), event(ESCROW, &rejected)]);
    let second = world.funded(5, NONE);
    world.at(EXPIRY);
    let logs = own(&mut world, &|world| {
        world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: second });
    });
    let refunded = I::Refunded { jobId: second, client, amount: U256::from(5) };
    assert_eq!(logs, [event(ESCROW, &refunded), event(ESCROW, &I::JobExpired { jobId: second })]);
}

#[test]
fn create_job_refuses() {
    let mut world = World::new();
    let good = create(PROVIDER, EVALUATOR, NONE);
    world.refused(CLIENT, ESCROW, &create(PROVIDER, NONE, NONE), &E::ZeroAddress {});
    let expiring = |at: u64| I::createJobCall { expiredAt: U256::from(at), ..good.clone() };
    world.refused(CLIENT, ESCROW, &expiring(NOW + 5), &E::ExpiryTooShort {});
    world.refused(CLIENT, ESCROW, &expiring(0), &E::ExpiryTooShort {});
    world.refused(CLIENT, ESCROW, &expiring(NOW + 365 * 86_400 + 1), &E::ExpiryTooLong {});
    let never = I::createJobCall { expiredAt: U256::MAX, ..good.clone() };
    world.refused(CLIENT, ESCROW, &never, &E::ExpiryTooLong {});
    let long = I::createJobCall { description: "x".repeat(DESCRIPTION_BYTES_MAX + 1), ..good.clone() };
    world.refused(CLIENT, ESCROW, &long, &TooLong {});
    for facade in [ESCROW, ESCROW_BASE, ESCROW_ACP] {
        world.refused(CLIENT, ESCROW, &create(facade, EVALUATOR, NONE), &E::InvalidParty {});
        world.refused(CLIENT, ESCROW, &create(PROVIDER, facade, NONE), &E::InvalidParty {});
        world.refused(CLIENT, ESCROW, &create(PROVIDER, EVALUATOR, facade), &E::InvalidParty {});
    }
    world.refused(CLIENT, ESCROW, &create(PROVIDER, COURT, NONE), &E::CourtHook {});
    world.refused(CLIENT, ESCROW, &create(PROVIDER, EVALUATOR, COURT), &E::CourtHook {});
    assert_eq!(world.ok(OTHER, ESCROW, &I::jobCounterCall {}), U256::ZERO);
    world.ok(CLIENT, ESCROW, &expiring(NOW + 6));
    world.ok(CLIENT, ESCROW, &expiring(NOW + 365 * 86_400));
}

#[test]
fn set_provider_refuses() {
    let mut world = World::new();
    let job = world.open(NONE, NONE);
    let to = |provider| I::setProviderCall { jobId: job, provider, optParams: Bytes::new() };
    world.refused(OTHER, ESCROW, &to(PROVIDER), &E::Unauthorized {});
    world.refused(CLIENT, ESCROW, &to(NONE), &E::ZeroAddress {});
    world.refused(CLIENT, ESCROW, &to(ESCROW_BASE), &E::InvalidParty {});
    let unknown = I::setProviderCall { jobId: U256::from(9), provider: PROVIDER, optParams: Bytes::new() };
    world.refused(CLIENT, ESCROW, &unknown, &E::InvalidJob {});
    world.ok(CLIENT, ESCROW, &to(PROVIDER));
    world.refused(CLIENT, ESCROW, &to(OTHER), &E::WrongStatus {});
    let late = world.open(NONE, NONE);
    world.at(EXPIRY);
    let to = I::setProviderCall { jobId: late, provider: PROVIDER, optParams: Bytes::new() };
    world.refused(CLIENT, ESCROW, &to, &E::WrongStatus {});
}

#[test]
fn set_budget_refuses() {
    let mut world = World::new();
    let job = world.open(NONE, NONE);
    world.refused(NONE, ESCROW, &budget_of(job, 1), &E::Unauthorized {});
    world.refused(OTHER, ESCROW, &budget_of(job, 1), &E::Unauthorized {});
    world.refused(EVALUATOR, ESCROW, &budget_of(job, 1), &E::Unauthorized {});
    let large = I::setBudgetCall { amount: U256::ONE << 128, ..budget_of(job, 0) };
    world.refused(CLIENT, ESCROW, &large, &E::AmountTooLarge {});
    let opt = Bytes::from(vec![0; OPT_PARAMS_BYTES_MAX + 1]);
    world.refused(CLIENT, ESCROW, &I::setBudgetCall { optParams: opt, ..budget_of(job, 0) }, &TooLong {});
    let funded = world.funded(3, NONE);
    world.refused(CLIENT, ESCROW, &budget_of(funded, 1), &E::WrongStatus {});
    world.at(EXPIRY);
    world.refused(CLIENT, ESCROW, &budget_of(job, 1), &E::WrongStatus {});
}

#[test]
fn fund_refuses() {
    let mut world = World::new();
    let job = world.open(NONE, NONE);
    world.ok(CLIENT, ESCROW, &budget_of(job, 10));
    world.refused(CLIENT, ESCROW, &fund_of(job, 10), &E::ProviderNotSet {});
    world.ok(CLIENT, ESCROW, &I::setProviderCall { jobId: job, provider: PROVIDER, optParams: Bytes::new() });
    world.refused(OTHER, ESCROW, &fund_of(job, 10), &E::Unauthorized {});
    world.refused(CLIENT, ESCROW, &fund_of(job, 9), &E::BudgetMismatch {});
    let free = world.open(PROVIDER, NONE);
    world.refused(CLIENT, ESCROW, &fund_of(free, 0), &E::ZeroBudget {});
    let reason = alloy_sol_types::Revert::from("ERC20: transfer amount exceeds allowance");
    world.refused(CLIENT, ESCROW, &fund_of(job, 10), &reason);
    world.allow(CLIENT, ESCROW, 20);
    world.ok(CLIENT, ESCROW, &fund_of(job, 10));
    world.refused(CLIENT, ESCROW, &fund_of(job, 10), &E::WrongStatus {});
    let late = world.priced(10, NONE);
    world.at(EXPIRY);
    world.refused(CLIENT, ESCROW, &fund_of(late, 10), &E::WrongStatus {});
}

#[test]
fn submit_refuses() {
    let mut world = World::new();
    let open = world.priced(10, NONE);
    world.refused(PROVIDER, ESCROW, &submit_of(open), &E::WrongStatus {});
    let job = world.funded(10, NONE);
    world.refused(CLIENT, ESCROW, &submit_of(job), &E::Unauthorized {});
    world.refused(EVALUATOR, ESCROW, &submit_of(job), &E::Unauthorized {});
    world.at(EXPIRY);
    world.refused(PROVIDER, ESCROW, &submit_of(job), &E::WrongStatus {});
    world.at(EXPIRY - 1);
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    world.refused(PROVIDER, ESCROW, &submit_of(job), &E::WrongStatus {});
}

#[test]
fn complete_refuses() {
    let mut world = World::new();
    let job = world.funded(10, NONE);
    world.refused(EVALUATOR, ESCROW, &complete_of(job), &E::WrongStatus {});
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    for nobody in [CLIENT, PROVIDER, OTHER] {
        world.refused(nobody, ESCROW, &complete_of(job), &E::Unauthorized {});
    }
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    world.refused(EVALUATOR, ESCROW, &complete_of(job), &E::WrongStatus {});
    world.refused(EVALUATOR, ESCROW, &reject_of(job), &E::WrongStatus {});
}

#[test]
fn reject_belongs_to_the_client_while_open_and_to_the_evaluator_afterwards() {
    let mut world = World::new();
    let open = world.priced(10, NONE);
    world.refused(EVALUATOR, ESCROW, &reject_of(open), &E::Unauthorized {});
    world.refused(PROVIDER, ESCROW, &reject_of(open), &E::Unauthorized {});
    world.ok(CLIENT, ESCROW, &reject_of(open));
    assert_eq!((world.status(open), world.balance(CLIENT)), (4, HELD));
    let job = world.funded(10, NONE);
    world.refused(CLIENT, ESCROW, &reject_of(job), &E::Unauthorized {});
    world.ok(EVALUATOR, ESCROW, &reject_of(job));
    assert_eq!((world.status(job), world.balance(CLIENT)), (4, HELD));
    world.refused(EVALUATOR, ESCROW, &reject_of(job), &E::WrongStatus {});
    world.check_invariants();
}

#[test]
fn claim_refund_refuses_until_the_expiry_and_twice() {
    let mut world = World::new();
    let job = world.funded(10, NONE);
    let claim = I::claimRefundCall { jobId: job };
    world.at(EXPIRY - 1);
    world.refused(CLIENT, ESCROW, &claim, &E::WrongStatus {});
    world.at(EXPIRY);
    world.ok(OTHER, ESCROW, &claim);
    assert_eq!((world.status(job), world.balance(CLIENT), world.balance(OTHER)), (5, HELD, HELD));
    world.refused(OTHER, ESCROW, &claim, &E::WrongStatus {});
}

#[test]
fn an_evaluator_that_is_late_may_judge_until_somebody_claims() {
    let mut world = World::new();
    let job = world.submitted(10, NONE);
    let other = world.submitted(10, NONE);
    world.at(EXPIRY + 1);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!(world.balance(PROVIDER), 10);
    world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: other });
    world.refused(EVALUATOR, ESCROW, &complete_of(other), &E::WrongStatus {});
    // What the EIP calls "expired" says here whether the provider had delivered.
    let shown = world.job(other);
    assert_eq!((shown.status, shown.submittedAt, shown.deliverable), (5, U256::from(NOW), WORK));
}

#[test]
fn the_client_may_be_the_evaluator() {
    let mut world = World::new();
    let job = world.ok(CLIENT, ESCROW, &create(PROVIDER, CLIENT, NONE));
    world.ok(PROVIDER, ESCROW, &budget_of(job, 10));
    world.allow(CLIENT, ESCROW, 10);
    world.ok(CLIENT, ESCROW, &fund_of(job, 10));
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    world.ok(CLIENT, ESCROW, &complete_of(job));
    assert_eq!(world.balance(PROVIDER), 10);
}

#[test]
fn a_job_belongs_to_the_address_that_made_it() {
    let mut world = World::new();
    let job = world.funded(10, NONE);
    for other in [ESCROW_BASE, ESCROW_ACP] {
        world.refused(PROVIDER, other, &submit_of(job), &E::InvalidJob {});
        world.refused(EVALUATOR, other, &reject_of(job), &E::InvalidJob {});
        world.refused(OTHER, other, &I::claimRefundCall { jobId: job }, &E::InvalidJob {});
    }
    // Numbers are one sequence, and everybody reads everything.
    let second = world.ok(CLIENT, ESCROW_ACP, &create(PROVIDER, EVALUATOR, HOOK));
    assert_eq!(second, U256::from(2));
    assert_eq!(world.job(second).facade, ESCROW_ACP);
    assert_eq!(world.ok(OTHER, ESCROW_BASE, &I::jobCounterCall {}), U256::from(2));
}

#[test]
fn what_nobody_made_reads_as_zero() {
    let mut world = World::new();
    for job in [U256::ZERO, U256::from(7), U256::MAX] {
        let shown = world.job(job);
        assert_eq!((shown.id, shown.client, shown.paymentToken, shown.status), (U256::ZERO, NONE, NONE, 0));
        world.refused(CLIENT, ESCROW, &I::claimRefundCall { jobId: job }, &E::InvalidJob {});
    }
}

#[test]
fn parameters_are_shown() {
    let mut world = World::with_fees();
    assert_eq!(world.ok(OTHER, ESCROW, &I::platformFeeBPCall {}), U256::from(250));
    assert_eq!(world.ok(OTHER, ESCROW, &I::evaluatorFeeBPCall {}), U256::from(150));
    assert_eq!(world.ok(OTHER, ESCROW, &I::platformTreasuryCall {}), TREASURY);
    assert_eq!(world.ok(OTHER, ESCROW, &I::paymentTokenCall {}), DEFAULT_TOKEN);
    assert_eq!(world.ok(OTHER, ESCROW, &I::BP_DENOMINATORCall {}), U256::from(10_000));
    assert_eq!(world.ok(OTHER, ESCROW, &I::HOOK_GAS_LIMITCall {}), U256::from(1_000_000));
    assert_eq!(world.ok(OTHER, ESCROW, &I::MAX_EXPIRY_DURATIONCall {}), U256::from(365 * 86_400));
}

#[test]
fn a_deliverable_of_zero_is_one() {
    let mut world = World::new();
    let job = world.funded(10, NONE);
    world.ok(PROVIDER, ESCROW, &I::submitCall { deliverable: B256::ZERO, ..submit_of(job) });
    assert_eq!((world.status(job), world.job(job).deliverable), (2, B256::ZERO));
    world.check_invariants();
}

#[test]
fn the_structs_of_other_dialects_are_prefixes() {
    alloy_sol_types::sol! {
        interface INine {
            struct Job { uint256 id; address client; address provider; address evaluator; string description; uint256 budget; uint256 expiredAt; uint8 status; address hook; }
            function getJob(uint256 jobId) external view returns (Job job);
        }
        interface IApex {
            struct Job { uint256 id; address client; address provider; address evaluator; string description; uint256 budget; uint256 expiredAt; uint8 status; address hook; uint256 submittedAt; bytes32 deliverable; }
            function getJob(uint256 jobId) external view returns (Job job);
        }
    }
    use alloy_sol_types::SolCall;
    let mut world = World::new();
    let job = world.submitted(10, NONE);
    let input = I::getJobCall { jobId: job }.abi_encode();
    let (output, _) = world.host.transact(OTHER, ESCROW, entries(ESCROW), &input).unwrap();
    let nine = INine::getJobCall::abi_decode_returns(&output).unwrap();
    assert_eq!((nine.description.as_str(), nine.budget, nine.status), ("Summarise the report", U256::from(10), 2));
    let apex = IApex::getJobCall::abi_decode_returns(&output).unwrap();
    assert_eq!((apex.submittedAt, apex.deliverable, apex.hook), (U256::from(NOW), WORK, NONE));
}

#[test]
fn every_selector_of_the_eip_is_there_once() {
    for module in [ESCROW, ESCROW_BASE, ESCROW_ACP] {
        let mut selectors: Vec<_> = entries(module).iter().map(|entry| entry.selector).collect();
        let count = selectors.len();
        selectors.sort_unstable();
        selectors.dedup();
        assert_eq!(selectors.len(), count);
    }
    let known = [
        0x4152_8812u32,
        0xc9a8_4bb9,
        0xdd4a_e9d4,
        0xd2e1_3f50,
        0x9e63_798d,
        0xd75b_bdf3,
        0x41dd_26f5,
        0x5b7b_af64,
        0xbf22_c457,
    ];
    for selector in known {
        assert!(entries(ESCROW).iter().any(|entry| entry.selector == selector.to_be_bytes()), "{selector:#x}");
    }
    for selector in [0x1c22_6749u32, 0xfac3_246c, 0xf330_2b89, 0xd2e1_3f50] {
        assert!(entries(ESCROW_BASE).iter().any(|entry| entry.selector == selector.to_be_bytes()), "{selector:#x}");
    }
    for selector in [0x4152_8812u32, 0xd0fa_e591, 0xdd4a_e9d4] {
        assert!(entries(ESCROW_ACP).iter().any(|entry| entry.selector == selector.to_be_bytes()), "{selector:#x}");
    }
}
