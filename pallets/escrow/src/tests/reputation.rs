//! What settled jobs say about their agents.

use super::support::*;
use crate::Genesis;
use alloy_primitives::{Address, U256};
use assay_abi::escrow::{ESCROW, IEscrow as I, IEscrowErrors as E};
use assay_abi::identity::{IIdentityRegistry, IReputationRegistry};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_primitives::NetworkKind;

const NONE: Address = Address::ZERO;

/// What is said about an agent: entries, average in hundredths, weight.
fn verified(world: &mut World, agent: U256) -> (u64, i128, u64) {
    let call = IReputationRegistry::getVerifiedSummaryCall { agentId: agent, tag2: "erc8183".to_owned() };
    let shown = world.ok(OTHER, REGISTRIES.reputation, &call);
    (shown.count, shown.summaryValue, shown.totalWeight.to())
}

fn work_as(world: &mut World, job: U256, agent: U256) {
    world.ok(PROVIDER, ESCROW, &I::setProviderAgentCall { jobId: job, agentId: agent });
}

/// A submitted job of 10,000 on which the provider works as an agent.
fn delivered(world: &mut World, agent: U256) -> U256 {
    let job = world.funded(10_000, NONE);
    work_as(world, job, agent);
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    job
}

#[test]
fn a_paid_job_is_an_entry_that_weighs_what_was_burned() {
    let mut world = World::with_fees();
    let agent = world.agent(PROVIDER);
    let job = delivered(&mut world, agent);
    let logs = world.logs_of(|world| {
        world.ok(EVALUATOR, ESCROW, &complete_of(job));
    });
    assert!(logs.contains(&event(ESCROW, &I::FeeBurned { jobId: job, amount: U256::from(100) })));
    let paid = [TREASURY, EVALUATOR, PROVIDER, ESCROW].map(|account| world.balance(account));
    assert_eq!(paid, [250, 150, 9_500, 0]);
    let supply: u64 = world.ok(OTHER, DEFAULT_TOKEN, &INativeToken::totalSupplyCall {}).to();
    assert_eq!(supply, 2 * HELD - 100);
    assert_eq!(verified(&mut world, agent), (1, 10_000, 100));
    world.check_invariants();
}

#[test]
fn a_client_speaks_for_an_agent_once_an_epoch_and_pays_once() {
    let mut world = World::new();
    let agent = world.agent(PROVIDER);
    for expected in [9_900, 19_900] {
        let job = delivered(&mut world, agent);
        world.ok(EVALUATOR, ESCROW, &complete_of(job));
        assert_eq!(world.balance(PROVIDER), expected);
    }
    assert_eq!(verified(&mut world, agent), (1, 10_000, 100));
    world.host.environment_mut().number += 7_200;
    let job = delivered(&mut world, agent);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!(verified(&mut world, agent), (2, 10_000, 200));
}

#[test]
fn unpaid_jobs_say_nothing() {
    let mut world = World::new();
    let agent = world.agent(PROVIDER);
    let (rejected, expired) = (delivered(&mut world, agent), delivered(&mut world, agent));
    world.ok(EVALUATOR, ESCROW, &reject_of(rejected));
    world.at(EXPIRY);
    world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: expired });
    assert_eq!(verified(&mut world, agent), (0, 0, 0));
    assert_eq!(world.balance(CLIENT), HELD);
}

#[test]
fn self_dealing_counts_nothing_and_burns_nothing() {
    // The client owns the agent that its provider works as.
    let mut world = World::new();
    let agent = world.agent(CLIENT);
    world.ok(CLIENT, REGISTRIES.identity, &IIdentityRegistry::approveCall { to: PROVIDER, tokenId: agent });
    let job = delivered(&mut world, agent);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!((verified(&mut world, agent), world.balance(PROVIDER)), ((0, 0, 0), 10_000));
    // The evaluator does.
    let agent = world.agent(EVALUATOR);
    world.ok(EVALUATOR, REGISTRIES.identity, &IIdentityRegistry::approveCall { to: PROVIDER, tokenId: agent });
    let job = delivered(&mut world, agent);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!(verified(&mut world, agent), (0, 0, 0));
}

#[test]
fn without_a_third_party_nothing_is_said() {
    let mut world = World::new();
    let agent = world.agent(PROVIDER);
    for evaluator in [CLIENT, PROVIDER] {
        let job = world.ok(CLIENT, ESCROW, &create(PROVIDER, evaluator, NONE));
        world.ok(CLIENT, ESCROW, &budget_of(job, 1_000));
        world.allow(CLIENT, ESCROW, 1_000);
        world.ok(CLIENT, ESCROW, &fund_of(job, 1_000));
        work_as(&mut world, job, agent);
        world.ok(PROVIDER, ESCROW, &submit_of(job));
        world.ok(evaluator, ESCROW, &complete_of(job));
    }
    assert_eq!((verified(&mut world, agent), world.balance(PROVIDER)), ((0, 0, 0), 2_000));
}

#[test]
fn only_who_speaks_for_an_agent_works_as_it() {
    let mut world = World::new();
    let agent = world.agent(OTHER);
    let job = world.funded(1_000, NONE);
    let call = I::setProviderAgentCall { jobId: job, agentId: agent };
    world.refused(PROVIDER, ESCROW, &call, &E::Unauthorized {});
    world.refused(OTHER, ESCROW, &call, &E::Unauthorized {});
    let own = world.agent(PROVIDER);
    let call = I::setProviderAgentCall { jobId: job, agentId: own };
    world.ok(PROVIDER, ESCROW, &call);
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    world.refused(PROVIDER, ESCROW, &call, &E::WrongStatus {});
    // Sold before the verdict: it is no longer the provider's to be praised.
    let sale = IIdentityRegistry::transferFromCall { from: PROVIDER, to: OTHER, tokenId: own };
    world.ok(PROVIDER, REGISTRIES.identity, &sale);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!((verified(&mut world, own), world.balance(PROVIDER)), ((0, 0, 0), 1_000));
}

#[test]
fn a_fee_that_rounds_to_nothing_or_a_chain_without_burning_says_nothing() {
    let mut genesis = Genesis::of_network(NetworkKind::Dev);
    genesis.burn.0 = 0;
    let mut world = World::of(&genesis);
    let agent = world.agent(PROVIDER);
    let job = delivered(&mut world, agent);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!(verified(&mut world, agent), (0, 0, 0));
    let mut world = World::new();
    let agent = world.agent(PROVIDER);
    let job = world.funded(99, NONE);
    work_as(&mut world, job, agent);
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!((verified(&mut world, agent), world.balance(PROVIDER)), ((0, 0, 0), 99));
}

#[test]
fn a_paused_token_burns_nothing_and_says_nothing() {
    let mut world = World::new();
    let agent = world.agent(PROVIDER);
    let job = delivered(&mut world, agent);
    world.ok(ISSUER, DEFAULT_TOKEN, &INativeToken::pauseCall {});
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    assert_eq!(verified(&mut world, agent), (0, 0, 0));
    world.check_invariants();
}
