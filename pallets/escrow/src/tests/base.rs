//! The dialect of erc-8183/base-contracts.

use super::doubles::{HOOK, PLAIN, mint, told};
use super::support::{
    CLIENT, EVALUATOR, EXPIRY, LIFE, NOW, OTHER, PROVIDER, REASON, WORK, World, complete_of, event, reject_of,
    submit_of,
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::escrow::{ESCROW_BASE, IEscrow as I, IEscrowBase as B, IEscrowErrors as E};

const NONE: Address = Address::ZERO;

pub fn create(provider: Address, hook: Address, agent: u64) -> B::createJobCall {
    B::createJobCall {
        provider,
        evaluator: EVALUATOR,
        expiredAt: U256::from(EXPIRY),
        description: "Summarise the report".to_owned(),
        hook,
        providerAgentId: U256::from(agent),
    }
}

pub fn budget(job: U256, token: Address, amount: u64) -> B::setBudgetCall {
    B::setBudgetCall { jobId: job, token, amount: U256::from(amount), optParams: Bytes::from_static(b"opt") }
}

pub fn fund(job: U256, expected: u64) -> B::fund_0Call {
    B::fund_0Call { jobId: job, expectedBudget: U256::from(expected), optParams: Bytes::from_static(b"opt") }
}

#[test]
fn a_job_in_any_token() {
    let mut world = World::new();
    mint(&mut world.host, PLAIN, CLIENT, 100);
    let job = world.ok(CLIENT, ESCROW_BASE, &create(PROVIDER, NONE, 7));
    let logs = world.logs_of(|world| {
        world.ok(PROVIDER, ESCROW_BASE, &budget(job, PLAIN, 100));
    });
    let amount = U256::from(100);
    assert_eq!(logs, [event(ESCROW_BASE, &B::BudgetSet { jobId: job, token: PLAIN, amount })]);
    let logs = world.logs_of(|world| {
        world.ok(CLIENT, ESCROW_BASE, &fund(job, 100));
    });
    assert_eq!(logs, [event(ESCROW_BASE, &I::JobFunded { jobId: job, client: CLIENT, amount })]);
    world.ok(PROVIDER, ESCROW_BASE, &submit_of(job));
    let shown = world.ok(OTHER, ESCROW_BASE, &B::getJobCall { jobId: job });
    assert_eq!((shown.paymentToken, shown.providerAgentId, shown.submittedAt), (PLAIN, U256::from(7), U256::from(NOW)));
    let flat = world.ok(OTHER, ESCROW_BASE, &B::jobsCall { jobId: job });
    assert_eq!((flat.paymentToken, flat.status, flat.description), (PLAIN, 2, shown.description));
    world.ok(EVALUATOR, ESCROW_BASE, &complete_of(job));
    assert_eq!(super::doubles::balance(&world.host, PLAIN, PROVIDER), 100);
    world.check_invariants();
}

#[test]
fn set_provider_names_the_agent() {
    let mut world = World::new();
    let job = world.ok(CLIENT, ESCROW_BASE, &create(NONE, NONE, 9));
    // An agent without a provider is nobody's.
    assert_eq!(world.job(job).providerAgentId, U256::ZERO);
    let (provider, agent) = (PROVIDER, U256::from(4));
    let to = B::setProviderCall { jobId: job, provider, agentId: agent };
    let logs = world.logs_of(|world| {
        world.ok(CLIENT, ESCROW_BASE, &to);
    });
    assert_eq!(logs, [event(ESCROW_BASE, &B::ProviderSet { jobId: job, provider, agentId: agent })]);
    assert_eq!(world.job(job).providerAgentId, agent);
    let large = B::setProviderCall { agentId: U256::from(u64::MAX) + U256::ONE, ..to };
    world.refused(CLIENT, ESCROW_BASE, &large, &E::AmountTooLarge {});
}

#[test]
fn nobody_judges_its_own_work() {
    let mut world = World::new();
    world.refused(CLIENT, ESCROW_BASE, &create(EVALUATOR, NONE, 0), &E::ProviderCannotBeEvaluator {});
    let job = world.ok(CLIENT, ESCROW_BASE, &create(NONE, NONE, 0));
    let to = B::setProviderCall { jobId: job, provider: EVALUATOR, agentId: U256::ZERO };
    world.refused(CLIENT, ESCROW_BASE, &to, &E::ProviderCannotBeEvaluator {});
}

#[test]
fn the_token_is_the_clients_to_change() {
    let mut world = World::new();
    let job = world.ok(CLIENT, ESCROW_BASE, &create(PROVIDER, NONE, 0));
    world.refused(PROVIDER, ESCROW_BASE, &budget(job, NONE, 1), &E::ZeroAddress {});
    world.ok(PROVIDER, ESCROW_BASE, &budget(job, PLAIN, 1));
    world.ok(PROVIDER, ESCROW_BASE, &budget(job, PLAIN, 2));
    world.refused(PROVIDER, ESCROW_BASE, &budget(job, HOOK, 2), &E::Unauthorized {});
    world.refused(OTHER, ESCROW_BASE, &budget(job, PLAIN, 2), &E::Unauthorized {});
    world.ok(CLIENT, ESCROW_BASE, &budget(job, HOOK, 2));
    assert_eq!(world.job(job).paymentToken, HOOK);
}

#[test]
fn a_hook_is_told_the_caller_first() {
    let mut world = World::new();
    mint(&mut world.host, PLAIN, CLIENT, 100);
    let job = world.ok(CLIENT, ESCROW_BASE, &create(PROVIDER, HOOK, 0));
    world.ok(PROVIDER, ESCROW_BASE, &budget(job, PLAIN, 100));
    world.ok(CLIENT, ESCROW_BASE, &fund(job, 100));
    world.ok(PROVIDER, ESCROW_BASE, &submit_of(job));
    world.ok(EVALUATOR, ESCROW_BASE, &reject_of(job));
    let opt = Bytes::from_static(b"opt");
    let created = (CLIENT, PROVIDER, EVALUATOR).abi_encode_params();
    let mut all = vec![(false, B::createJobCall::SELECTOR, Bytes::from(created))];
    let expected = [
        (B::setBudgetCall::SELECTOR, (PROVIDER, PLAIN, U256::from(100), opt.clone()).abi_encode_params()),
        (B::fund_0Call::SELECTOR, (CLIENT, opt.clone()).abi_encode_params()),
        (I::submitCall::SELECTOR, (PROVIDER, WORK, opt.clone()).abi_encode_params()),
        (I::rejectCall::SELECTOR, (EVALUATOR, REASON, opt).abi_encode_params()),
    ];
    for (selector, data) in expected {
        all.push((true, selector, Bytes::from(data.clone())));
        all.push((false, selector, Bytes::from(data)));
    }
    assert_eq!(told(&world.host, HOOK), all);
}

#[test]
fn submitted_work_may_be_judged_a_while_after_the_expiry() {
    let mut world = World::new();
    mint(&mut world.host, PLAIN, CLIENT, 100);
    let job = world.ok(CLIENT, ESCROW_BASE, &create(PROVIDER, NONE, 0));
    world.ok(CLIENT, ESCROW_BASE, &budget(job, PLAIN, 100));
    world.ok(CLIENT, ESCROW_BASE, &fund(job, 100));
    world.ok(PROVIDER, ESCROW_BASE, &submit_of(job));
    assert_eq!(world.ok(OTHER, ESCROW_BASE, &B::EVALUATION_GRACE_PERIODCall {}), U256::from(5));
    let claim = I::claimRefundCall { jobId: job };
    world.at(NOW + LIFE + 4);
    world.refused(OTHER, ESCROW_BASE, &claim, &E::GracePeriodActive {});
    world.at(NOW + LIFE + 5);
    world.ok(OTHER, ESCROW_BASE, &claim);
    assert_eq!(world.status(job), 5);
}

#[test]
fn there_is_no_list_of_hooks() {
    let mut world = World::new();
    assert!(world.ok(OTHER, ESCROW_BASE, &B::whitelistedHooksCall { hook: HOOK }));
    let unknown = assay_abi::errors::UnknownSelector { selector: I::createJobCall::SELECTOR.into() };
    world.refused(CLIENT, ESCROW_BASE, &super::support::create(PROVIDER, EVALUATOR, NONE), &unknown);
}
