//! Bids: open and sealed auctions, their bonds, and who tries to cheat whom.

use super::doubles::HOOK;
use super::support::*;
use crate::bids::{BIDS_MAX, weighted};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue as _;
use assay_abi::escrow::{ESCROW, IEscrow as I, IEscrowBids as B, IEscrowErrors as E};
use assay_abi::identity::IIdentityRegistry;
use assay_abi::staking::{IStaking, STAKING};
use assay_identity::api::Verified;
use proptest::prelude::*;

const NONE: Address = Address::ZERO;
const BOND: u128 = 1_000_000_000_000_000;
const BID_UNTIL: u64 = NOW + 100;
const REVEAL_UNTIL: u64 = NOW + 200;
const WORK_TIME: u64 = 300;

fn bidder(number: u8) -> Address {
    Address::repeat_byte(0x60 + number)
}

fn rules(job: U256, sealed: bool) -> B::openBidsCall {
    B::openBidsCall {
        jobId: job,
        sealedBids: sealed,
        bidUntil: BID_UNTIL,
        revealUntil: if sealed { REVEAL_UNTIL } else { BID_UNTIL },
        workTime: WORK_TIME,
        maxPrice: U256::from(1_000),
        bond: U256::from(BOND),
    }
}

/// A job that takes bids, and as many bonded agents, each of its own bidder.
fn auction(agents: u8, sealed: bool) -> (World, U256, Vec<U256>) {
    let mut world = World::new();
    let agents: Vec<_> = (0..agents)
        .map(|number| {
            let agent = world.agent(bidder(number));
            world.bond(bidder(number), agent, 2 * BOND);
            agent
        })
        .collect();
    let job = world.open(NONE, NONE);
    world.ok(CLIENT, ESCROW, &rules(job, sealed));
    (world, job, agents)
}

fn bid(job: U256, agent: U256, price: u64) -> B::bidCall {
    B::bidCall { jobId: job, agentId: agent, price: U256::from(price) }
}

fn award(world: &mut World, job: U256) -> U256 {
    world.ok(OTHER, ESCROW, &B::awardCall { jobId: job })
}

/// What an agent has locked as a worker.
fn locked(world: &mut World, agent: U256, job: U256) -> u128 {
    let call = IStaking::agentLockCall { agentId: agent, role: 0, module: ESCROW, jobId: job };
    world.ok(OTHER, STAKING, &call).to()
}

fn wei(world: &mut World, account: Address) -> u128 {
    world.host.run(|ctx| ctx.balance(account)).unwrap().to()
}

#[test]
fn the_lowest_price_wins_and_is_worked_for() {
    let (mut world, job, agents) = auction(3, false);
    for (number, price) in [700, 500, 600].into_iter().enumerate() {
        world.ok(bidder(u8::try_from(number).unwrap()), ESCROW, &bid(job, agents[number], price));
        assert_eq!(locked(&mut world, agents[number], job), BOND);
    }
    world.check_invariants();
    assert_eq!(world.ok(OTHER, ESCROW, &B::bidsOfCall { jobId: job }).len(), 3);
    world.at(BID_UNTIL);
    let logs = world.logs_of(|world| assert_eq!(award(world, job), agents[1]));
    let (provider, price) = (bidder(1), U256::from(500));
    let awarded = B::JobAwarded { jobId: job, agentId: agents[1], provider, price, weighted: U256::from(500 * 20_000) };
    assert!(logs.contains(&event(ESCROW, &awarded)));
    assert!(logs.contains(&event(ESCROW, &I::ProviderSet { jobId: job, provider })));
    assert!(logs.contains(&event(ESCROW, &I::BudgetSet { jobId: job, amount: price })));
    let shown = world.job(job);
    assert_eq!((shown.provider, shown.budget, shown.providerAgentId, shown.status), (provider, price, agents[1], 0));
    assert_eq!([0, 1, 2].map(|number| locked(&mut world, agents[number], job)), [0, BOND, 0]);
    world.check_invariants();
    world.allow(CLIENT, ESCROW, 500);
    world.ok(CLIENT, ESCROW, &fund_of(job, 500));
    world.check_invariants();
    world.ok(provider, ESCROW, &submit_of(job));
    assert_eq!(locked(&mut world, agents[1], job), 0);
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    // One per cent was burned for the entry about the agent.
    assert_eq!((world.balance(provider), world.status(job)), (495, 3));
    world.check_invariants();
}

#[test]
fn a_provider_that_never_submits_loses_its_bond_to_the_client() {
    let (mut world, job, agents) = auction(1, false);
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 500));
    world.at(BID_UNTIL);
    award(&mut world, job);
    world.allow(CLIENT, ESCROW, 500);
    world.ok(CLIENT, ESCROW, &fund_of(job, 500));
    world.at(EXPIRY);
    let before = wei(&mut world, CLIENT);
    let logs = world.logs_of(|world| {
        world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: job });
    });
    let penalized = B::ProviderPenalized { jobId: job, agentId: agents[0], amount: U256::from(BOND) };
    assert!(logs.contains(&event(ESCROW, &penalized)));
    assert_eq!((wei(&mut world, CLIENT) - before, world.balance(CLIENT)), (BOND, HELD));
    assert_eq!((world.status(job), locked(&mut world, agents[0], job)), (5, 0));
    world.check_invariants();
}

#[test]
fn a_provider_that_submitted_keeps_its_bond_whatever_the_evaluator_does() {
    let (mut world, job, agents) = auction(1, false);
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 500));
    world.at(BID_UNTIL);
    award(&mut world, job);
    world.allow(CLIENT, ESCROW, 500);
    world.ok(CLIENT, ESCROW, &fund_of(job, 500));
    world.ok(bidder(0), ESCROW, &submit_of(job));
    world.at(EXPIRY);
    world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: job });
    assert_eq!((locked(&mut world, agents[0], job), wei(&mut world, CLIENT)), (0, 0));
    world.check_invariants();
}

#[test]
fn an_evaluator_that_rejects_before_the_work_frees_the_bond() {
    let (mut world, job, agents) = auction(1, false);
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 500));
    world.at(BID_UNTIL);
    award(&mut world, job);
    world.allow(CLIENT, ESCROW, 500);
    world.ok(CLIENT, ESCROW, &fund_of(job, 500));
    world.ok(EVALUATOR, ESCROW, &reject_of(job));
    assert_eq!((locked(&mut world, agents[0], job), world.balance(CLIENT)), (0, HELD));
    world.check_invariants();
}

#[test]
fn ties_go_to_the_earlier_block_and_then_to_the_lower_agent() {
    let (mut world, job, agents) = auction(3, false);
    world.ok(bidder(2), ESCROW, &bid(job, agents[2], 500));
    world.ok(bidder(1), ESCROW, &bid(job, agents[1], 500));
    world.host.environment_mut().number += 1;
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 500));
    world.at(BID_UNTIL);
    assert_eq!(award(&mut world, job), agents[1]);
}

#[test]
fn verified_reputation_outweighs_a_lower_price() {
    let (mut world, job, agents) = auction(2, false);
    // 100 tokens burned in one job: ten times the weight that counts by half.
    let feedback = assay_identity::JobFeedback {
        agent: agents[0],
        client: CLIENT,
        score: 100,
        kind: "opml",
        job: B256::ZERO,
        weight: 100_000_000,
        epoch: 0,
    };
    world.host.run(|ctx| assay_identity::api::record_job(ctx, &feedback)).unwrap();
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 900));
    world.ok(bidder(1), ESCROW, &bid(job, agents[1], 500));
    world.at(BID_UNTIL);
    // 900 * (20,000 - 9,090) < 500 * 20,000.
    assert_eq!(award(&mut world, job), agents[0]);
    assert_eq!(world.job(job).budget, U256::from(900));
}

#[test]
fn a_bad_reputation_counts_as_much_as_none() {
    let of = |score, weight: u64| Verified { count: 1, score_hundredths: score, weight: U256::from(weight) };
    let none = weighted(100, &Verified::default(), 10);
    assert_eq!(none, U256::from(2_000_000));
    assert_eq!(weighted(100, &of(0, 1_000), 10), none);
    assert_eq!(weighted(100, &of(10_000, 10), 10), U256::from(1_500_000));
    assert_eq!(weighted(100, &of(10_000, u64::MAX), 10), U256::from(100 * 10_001));
    assert_eq!(weighted(u128::MAX, &of(u64::MAX, u64::MAX), u128::MAX).bit_len(), 143);
}

/// What a sealed bid of a bidder commits to.
fn commitment(job: U256, agent: U256, bidder: Address, price: u64, salt: B256) -> B256 {
    let chain = U256::from(31_337);
    keccak256((chain, ESCROW, job, agent, bidder, U256::from(price), salt).abi_encode())
}

fn commit(job: U256, agent: U256, commitment: B256) -> B::commitBidCall {
    B::commitBidCall { jobId: job, agentId: agent, commitment }
}

fn reveal(job: U256, agent: U256, price: u64, salt: B256) -> B::revealBidCall {
    B::revealBidCall { jobId: job, agentId: agent, price: U256::from(price), salt }
}

#[test]
fn sealed_bids_are_shown_in_their_time_and_those_that_are_not_lose() {
    let (mut world, job, agents) = auction(3, true);
    let salt = B256::repeat_byte(5);
    for (number, price) in [(0u8, 400), (1, 300), (2, 100)] {
        let agent = agents[usize::from(number)];
        let sealed = commitment(job, agent, bidder(number), price, salt);
        world.ok(bidder(number), ESCROW, &commit(job, agent, sealed));
    }
    world.refused(OTHER, ESCROW, &reveal(job, agents[0], 400, salt), &B::NoBidding {});
    world.at(BID_UNTIL);
    world.refused(OTHER, ESCROW, &B::awardCall { jobId: job }, &B::BiddingIsOpen {});
    world.refused(OTHER, ESCROW, &reveal(job, agents[0], 399, salt), &B::WrongCommitment {});
    world.refused(OTHER, ESCROW, &reveal(job, agents[0], 400, B256::ZERO), &B::WrongCommitment {});
    world.refused(OTHER, ESCROW, &reveal(job, U256::from(77), 400, salt), &B::WrongCommitment {});
    for (number, price) in [(0, 400), (1, 300)] {
        world.ok(OTHER, ESCROW, &reveal(job, agents[number], price, salt));
    }
    world.check_invariants();
    world.at(REVEAL_UNTIL);
    world.refused(OTHER, ESCROW, &reveal(job, agents[2], 100, salt), &B::NoBidding {});
    assert_eq!(award(&mut world, job), agents[1]);
    assert_eq!([0, 1, 2].map(|number| locked(&mut world, agents[number], job)), [0, BOND, 0]);
    world.check_invariants();
}

#[test]
fn a_commitment_cannot_be_copied() {
    let (mut world, job, agents) = auction(2, true);
    let salt = B256::repeat_byte(5);
    let sealed = commitment(job, agents[0], bidder(0), 400, salt);
    world.ok(bidder(0), ESCROW, &commit(job, agents[0], sealed));
    world.ok(bidder(1), ESCROW, &commit(job, agents[1], sealed));
    world.at(BID_UNTIL);
    world.ok(bidder(0), ESCROW, &reveal(job, agents[0], 400, salt));
    world.refused(bidder(1), ESCROW, &reveal(job, agents[1], 400, salt), &B::WrongCommitment {});
}

#[test]
fn a_sealed_price_above_the_limit_is_not_shown() {
    let (mut world, job, agents) = auction(1, true);
    let salt = B256::repeat_byte(5);
    let sealed = commitment(job, agents[0], bidder(0), 1_001, salt);
    world.ok(bidder(0), ESCROW, &commit(job, agents[0], sealed));
    world.at(BID_UNTIL);
    world.refused(bidder(0), ESCROW, &reveal(job, agents[0], 1_001, salt), &B::InvalidPrice {});
    world.at(REVEAL_UNTIL);
    assert_eq!(award(&mut world, job), U256::ZERO);
    assert_eq!((world.job(job).provider, locked(&mut world, agents[0], job)), (NONE, 0));
    // The client is free to choose, or to ask again.
    world.ok(CLIENT, ESCROW, &I::setProviderCall { jobId: job, provider: PROVIDER, optParams: Bytes::new() });
    world.check_invariants();
}

#[test]
fn bidding_is_opened_with_sound_rules_by_the_client_only() {
    let mut world = World::new();
    let job = world.open(NONE, NONE);
    let good = rules(job, false);
    world.refused(OTHER, ESCROW, &good, &E::Unauthorized {});
    let times = |bid: u64, reveal: u64, work: u64| B::openBidsCall {
        bidUntil: bid,
        revealUntil: reveal,
        workTime: work,
        ..good.clone()
    };
    let bad = [
        (NOW, NOW, 1),
        (NOW + 1, NOW + 2, 1),
        (NOW + 1, NOW + 1, 0),
        (NOW + 1, NOW + 1, LIFE),
        (NOW + 1, NOW + 1, u64::MAX),
        (u64::MAX, u64::MAX, 1),
    ];
    for (bid, reveal, work) in bad {
        world.refused(CLIENT, ESCROW, &times(bid, reveal, work), &B::InvalidTimes {});
    }
    let sealed = B::openBidsCall { sealedBids: true, ..times(NOW + 5, NOW + 5, 1) };
    world.refused(CLIENT, ESCROW, &sealed, &B::InvalidTimes {});
    let free = B::openBidsCall { maxPrice: U256::ZERO, ..good.clone() };
    world.refused(CLIENT, ESCROW, &free, &B::InvalidPrice {});
    let small = B::openBidsCall { bond: U256::from(BOND - 1), ..good.clone() };
    world.refused(CLIENT, ESCROW, &small, &B::BidBondTooSmall { least: U256::from(BOND) });
    let large = B::openBidsCall { bond: U256::MAX, ..good.clone() };
    world.refused(CLIENT, ESCROW, &large, &E::AmountTooLarge {});
    let taken = world.open(PROVIDER, NONE);
    world.refused(CLIENT, ESCROW, &rules(taken, false), &E::WrongStatus {});
    let hooked = world.open(NONE, HOOK);
    world.refused(CLIENT, ESCROW, &rules(hooked, false), &B::HookedJob {});
    world.ok(CLIENT, ESCROW, &good);
    world.refused(CLIENT, ESCROW, &good, &B::BiddingIsOpen {});
    let direct = I::setProviderCall { jobId: job, provider: PROVIDER, optParams: Bytes::new() };
    world.refused(CLIENT, ESCROW, &direct, &B::BiddingIsOpen {});
}

#[test]
fn one_bid_for_each_agent_by_who_speaks_for_it_with_a_bond() {
    let (mut world, job, agents) = auction(1, false);
    let call = bid(job, agents[0], 500);
    world.refused(OTHER, ESCROW, &call, &E::Unauthorized {});
    world.refused(bidder(0), ESCROW, &bid(job, agents[0], 0), &B::InvalidPrice {});
    world.refused(bidder(0), ESCROW, &bid(job, agents[0], 1_001), &B::InvalidPrice {});
    world.refused(bidder(0), ESCROW, &bid(job, U256::from(99), 5), &E::Unauthorized {});
    world.refused(bidder(0), ESCROW, &commit(job, agents[0], WORK), &B::NoBidding {});
    world.refused(bidder(0), ESCROW, &bid(U256::from(2), agents[0], 5), &E::InvalidJob {});
    let poor = world.agent(OTHER);
    world.refused(OTHER, ESCROW, &bid(job, poor, 500), &IStaking::BondTooSmall { free: U256::ZERO });
    world.ok(bidder(0), ESCROW, &call);
    world.refused(bidder(0), ESCROW, &call, &B::AlreadyBid {});
    world.at(BID_UNTIL);
    world.refused(bidder(0), ESCROW, &call, &B::NoBidding {});
}

#[test]
fn a_list_of_bids_has_a_bound() {
    let (mut world, job, agents) = auction(BIDS_MAX + 1, false);
    for number in 0..BIDS_MAX {
        world.ok(bidder(number), ESCROW, &bid(job, agents[usize::from(number)], 900 - u64::from(number)));
    }
    let last = bid(job, agents[usize::from(BIDS_MAX)], 1);
    world.refused(bidder(BIDS_MAX), ESCROW, &last, &B::TooManyBids {});
    world.check_invariants();
    world.at(BID_UNTIL);
    let input = alloy_sol_types::SolCall::abi_encode(&B::awardCall { jobId: job });
    let (_, gas) = world.host.transact(OTHER, ESCROW, entries(ESCROW), &input).unwrap();
    assert!(gas < 3_000_000, "{gas}");
    assert_eq!(world.job(job).budget, U256::from(900 - u64::from(BIDS_MAX - 1)));
    world.check_invariants();
}

#[test]
fn the_client_cannot_cost_the_winner_its_bond() {
    let (mut world, job, agents) = auction(1, false);
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 500));
    world.at(BID_UNTIL);
    award(&mut world, job);
    // By another price,
    world.refused(CLIENT, ESCROW, &budget_of(job, 1), &E::WrongStatus {});
    world.refused(bidder(0), ESCROW, &budget_of(job, 900), &E::WrongStatus {});
    // by another agent of the provider,
    let second = world.agent(bidder(0));
    let agent = I::setProviderAgentCall { jobId: job, agentId: second };
    world.refused(bidder(0), ESCROW, &agent, &E::WrongStatus {});
    // or by paying when no time for the work is left.
    world.allow(CLIENT, ESCROW, 500);
    world.at(EXPIRY - WORK_TIME + 1);
    world.refused(CLIENT, ESCROW, &fund_of(job, 500), &B::InvalidTimes {});
    world.at(EXPIRY);
    let release = B::releaseBondsCall { jobId: job };
    world.ok(OTHER, ESCROW, &release);
    assert_eq!((locked(&mut world, agents[0], job), wei(&mut world, CLIENT)), (0, 0));
    world.refused(OTHER, ESCROW, &release, &B::NoBidding {});
    world.check_invariants();
}

#[test]
fn bonds_come_back_where_nobody_awards_or_the_client_gives_up() {
    for gives_up in [false, true] {
        let (mut world, job, agents) = auction(2, false);
        for number in 0..2u8 {
            world.ok(bidder(number), ESCROW, &bid(job, agents[usize::from(number)], 500));
        }
        let release = B::releaseBondsCall { jobId: job };
        world.refused(OTHER, ESCROW, &release, &E::WrongStatus {});
        if gives_up {
            world.ok(CLIENT, ESCROW, &reject_of(job));
        } else {
            world.at(EXPIRY);
            world.refused(OTHER, ESCROW, &B::awardCall { jobId: job }, &E::WrongStatus {});
            world.ok(OTHER, ESCROW, &release);
        }
        assert_eq!([0, 1].map(|number| locked(&mut world, agents[number], job)), [0, 0]);
        assert!(world.ok(OTHER, ESCROW, &B::bidsOfCall { jobId: job }).is_empty());
        world.check_invariants();
    }
}

#[test]
fn an_agent_that_was_sold_does_not_win() {
    let (mut world, job, agents) = auction(2, false);
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 100));
    world.ok(bidder(1), ESCROW, &bid(job, agents[1], 900));
    let sale = IIdentityRegistry::transferFromCall { from: bidder(0), to: OTHER, tokenId: agents[0] };
    world.ok(bidder(0), REGISTRIES.identity, &sale);
    world.at(BID_UNTIL);
    assert_eq!(award(&mut world, job), agents[1]);
    assert_eq!(locked(&mut world, agents[0], job), 0);
}

#[test]
fn award_waits_for_the_times_and_happens_once() {
    let (mut world, job, agents) = auction(1, false);
    world.ok(bidder(0), ESCROW, &bid(job, agents[0], 500));
    let call = B::awardCall { jobId: job };
    world.at(BID_UNTIL - 1);
    world.refused(OTHER, ESCROW, &call, &B::BiddingIsOpen {});
    world.at(BID_UNTIL);
    award(&mut world, job);
    world.refused(OTHER, ESCROW, &call, &B::NoBidding {});
    let shown = world.ok(OTHER, ESCROW, &B::biddingCall { jobId: job });
    assert_eq!((shown.awarded, shown.bids, shown.workTime), (true, 0, WORK_TIME));
    let plain = world.open(NONE, NONE);
    world.refused(OTHER, ESCROW, &B::awardCall { jobId: plain }, &B::NoBidding {});
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_award_is_the_least_of_price_height_and_agent(
        bids in prop::collection::vec((0u8..6, 1u64..4, 0u64..3), 0..10),
    ) {
        let (mut world, job, agents) = auction(6, false);
        let mut expected: Option<(u64, u64, U256)> = None;
        let mut placed = std::collections::BTreeSet::new();
        for (number, price, later) in bids {
            world.host.environment_mut().number += later;
            let agent = agents[usize::from(number)];
            let done = world.send(bidder(number), ESCROW, &bid(job, agent, price)).is_ok();
            prop_assert_eq!(done, placed.insert(number));
            if done {
                let entry = (price, world.host.environment_mut().number, agent);
                expected = Some(expected.map_or(entry, |least| least.min(entry)));
            }
            world.check_invariants();
        }
        world.at(BID_UNTIL);
        prop_assert_eq!(award(&mut world, job), expected.map_or(U256::ZERO, |(_, _, agent)| agent));
        world.check_invariants();
    }
}
