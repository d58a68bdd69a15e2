//! Random calls of escrow: the life of jobs in three dialects, bids, and the court.

use super::court::ICourt;
use super::world::{HOOKS, Note, Op, SECOND_TOKEN, World, who};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue as _};
use assay_abi::escrow::{COURT, ESCROW, IEscrow as I, IEscrowAcp as A, IEscrowBase as B, IEscrowBids as Bids};
use assay_abi::token::DEFAULT_TOKEN;
use assay_escrow::Facade;
use assay_escrow::types::{Job, Status};

/// Most jobs that are alive at once, so that random calls find the same ones again.
const LIVE_MAX: usize = 40;

type Found = (U256, Job);

fn op(name: &'static str, by: usize, to: Address, call: &impl SolCall) -> Option<Op> {
    Some(Op::new(name, by, to, call))
}

fn word(world: &mut World) -> B256 {
    B256::from(U256::from(world.rng.next()))
}

fn opt(world: &mut World) -> Bytes {
    let length = if world.rng.chance(10) { world.rng.below(70) } else { 0 };
    vec![7; length as usize].into()
}

/// A job that fits, rarely another one.
fn job(world: &mut World, fits: impl Fn(&Job, u64) -> bool) -> Option<Found> {
    let now = world.now;
    if world.rng.chance(3) {
        let id = 1 + world.rng.below(world.job_count + 1);
        return Some((U256::from(id), world.job(id).unwrap_or_default()));
    }
    let fitting: Vec<usize> = (0..world.live.len()).filter(|index| fits(&world.live[*index].1, now)).collect();
    let index = *fitting.get(world.rng.below(fitting.len() as u64) as usize)?;
    let (id, job) = &world.live[index];
    Some((U256::from(*id), job.clone()))
}

fn in_time(job: &Job, now: u64) -> bool {
    now < job.expired_at
}

pub(super) fn create(world: &mut World) -> Option<Op> {
    if world.live.len() >= LIVE_MAX && world.rng.chance(95) {
        return None;
    }
    let (by, facade) = (world.actor(), world.rng.of(&Facade::ALL));
    let (provider, hook_of) = (world.actor(), world.rng.below(10));
    let provider = if world.rng.chance(60) { who(provider) } else { Address::ZERO };
    let judge = who(world.actor());
    let (evaluator, hook) = match hook_of {
        0 | 1 => (COURT, COURT),
        2 => (judge, world.rng.of(&HOOKS)),
        3 if world.rng.chance(10) => (COURT, Address::ZERO),
        _ => (judge, Address::ZERO),
    };
    let life = if world.rng.chance(4) { 0 } else { 5 + world.rng.below(60) };
    let expires = U256::from(world.now + life);
    let description = "x".repeat(world.rng.below(80) as usize);
    let create = I::createJobCall { provider, evaluator, expiredAt: expires, description, hook };
    if facade == Facade::Base {
        let I::createJobCall { provider, evaluator, expiredAt, description, hook } = create;
        let agent = U256::ZERO;
        let call = B::createJobCall { provider, evaluator, expiredAt, description, hook, providerAgentId: agent };
        return op("escrow.createJob base", by, facade.address(), &call);
    }
    op("escrow.createJob", by, facade.address(), &create)
}

pub(super) fn set_provider(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, now| {
        job.status == Status::Open && job.provider.is_zero() && !job.bidding && in_time(job, now)
    })?;
    let (by, provider) = (world.party(job.client), who(world.actor()));
    let to = job.facade.address();
    match job.facade {
        Facade::Eip => {
            let opt_params = opt(world);
            op("escrow.setProvider", by, to, &I::setProviderCall { jobId: id, provider, optParams: opt_params })
        }
        Facade::Base => {
            op("escrow.setProvider base", by, to, &B::setProviderCall { jobId: id, provider, agentId: U256::ZERO })
        }
        Facade::Acp => op("escrow.setProvider acp", by, to, &A::setProviderCall { jobId: id, provider }),
    }
}

pub(super) fn set_budget(world: &mut World) -> Option<Op> {
    let again = world.rng.chance(10);
    let (id, job) = job(world, |job, now| {
        job.status == Status::Open && (again || job.budget == 0) && !job.bidding && !job.bonded && in_time(job, now)
    })?;
    let by = if world.rng.chance(70) { job.client } else { job.provider };
    let (by, amount, opt_params) = (world.party(by), world.amount(), opt(world));
    if job.facade == Facade::Base {
        let tokens = [DEFAULT_TOKEN, SECOND_TOKEN, world.evm_token];
        let token = if job.token.is_zero() || world.rng.chance(10) { world.rng.of(&tokens) } else { job.token };
        let call = B::setBudgetCall { jobId: id, token, amount, optParams: opt_params };
        return op("escrow.setBudget base", by, job.facade.address(), &call);
    }
    let call = I::setBudgetCall { jobId: id, amount, optParams: opt_params };
    op("escrow.setBudget", by, job.facade.address(), &call)
}

pub(super) fn fund(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, now| {
        job.status == Status::Open && job.budget > 0 && !job.provider.is_zero() && in_time(job, now)
    })?;
    let expected_budget = U256::from(job.budget) + U256::from(u8::from(world.rng.chance(3)));
    let (by, opt_params) = (world.party(job.client), opt(world));
    let to = job.facade.address();
    if job.facade == Facade::Base && world.rng.chance(50) {
        let call = B::fund_1Call {
            jobId: id,
            expectedToken: job.token,
            expectedBudget: expected_budget,
            optParams: opt_params,
        };
        return op("escrow.fund of a token", by, to, &call);
    }
    op("escrow.fund", by, to, &I::fundCall { jobId: id, expectedBudget: expected_budget, optParams: opt_params })
}

pub(super) fn submit(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, now| job.status == Status::Funded && in_time(job, now))?;
    let (by, deliverable, opt_params) = (world.party(job.provider), word(world), opt(world));
    op("escrow.submit", by, job.facade.address(), &I::submitCall { jobId: id, deliverable, optParams: opt_params })
}

pub(super) fn complete(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, _| job.status == Status::Submitted && job.evaluator != COURT)?;
    let (by, reason, opt_params) = (world.party(job.evaluator), word(world), opt(world));
    op("escrow.complete", by, job.facade.address(), &I::completeCall { jobId: id, reason, optParams: opt_params })
}

pub(super) fn reject(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, _| job.status == Status::Open || job.evaluator != COURT)?;
    let right = if job.status == Status::Open { job.client } else { job.evaluator };
    let (by, reason, opt_params) = (world.party(right), word(world), opt(world));
    op("escrow.reject", by, job.facade.address(), &I::rejectCall { jobId: id, reason, optParams: opt_params })
}

pub(super) fn claim(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, now| job.status.is_funded() && !in_time(job, now))?;
    op("escrow.claimRefund", world.actor(), job.facade.address(), &I::claimRefundCall { jobId: id })
}

pub(super) fn agent(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, _| job.status <= Status::Funded && !job.provider.is_zero() && job.agent == 0)?;
    let (agent, _) = world.agent_of(job.provider)?;
    let by = world.party(job.provider);
    op("escrow.setProviderAgent", by, job.facade.address(), &I::setProviderAgentCall { jobId: id, agentId: agent })
}

pub(super) fn withdraw(world: &mut World) -> Option<Op> {
    let waiting = world.ledger.credits.keys().copied().collect::<Vec<_>>();
    if waiting.is_empty() && !world.rng.chance(5) {
        return None;
    }
    let (facade, token, payee) = match waiting.is_empty() {
        true => (ESCROW, DEFAULT_TOKEN, who(0)),
        false => world.rng.of(&waiting),
    };
    op("escrow.withdraw", world.party(payee), facade, &I::withdrawCall { token })
}

pub(super) fn open_bids(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, now| {
        let plain = job.facade == Facade::Eip && job.provider.is_zero() && !job.bidding && job.status == Status::Open;
        plain && (job.hook.is_zero() || job.hook == COURT) && now + 12 < job.expired_at
    })?;
    let sealed_bids = world.rng.chance(40);
    let bid_until = world.now + 1 + world.rng.below(5);
    let call = Bids::openBidsCall {
        jobId: id,
        sealedBids: sealed_bids,
        bidUntil: bid_until,
        revealUntil: if sealed_bids { bid_until + 1 + world.rng.below(4) } else { bid_until },
        workTime: if world.rng.chance(4) { 0 } else { 1 },
        maxPrice: U256::from(100_000),
        bond: U256::from(1_000 + world.rng.below(1_000)),
    };
    op("escrow.openBids", world.party(job.client), ESCROW, &call)
}

fn auction(world: &World, id: U256) -> Bids::Bidding {
    world.view(ESCROW, &Bids::biddingCall { jobId: id })
}

pub(super) fn bid(world: &mut World) -> Option<Op> {
    let (id, _) = job(world, |job, _| job.bidding)?;
    let auction = auction(world, id);
    let (agent, owner) = world.bonded_agent()?;
    let (by, price) = (world.party(owner), world.amount());
    let sealed = auction.sealedBids ^ world.rng.chance(4);
    if auction.bidUntil <= world.now && !world.rng.chance(5) {
        return None;
    }
    if !sealed {
        return op("escrow.bid", by, ESCROW, &Bids::bidCall { jobId: id, agentId: agent, price });
    }
    let salt = word(world);
    let sealed = (U256::from(31_337), ESCROW, id, agent, who(by), price, salt).abi_encode();
    let call = Bids::commitBidCall { jobId: id, agentId: agent, commitment: keccak256(sealed) };
    let note = Note::Sealed(Bids::revealBidCall { jobId: id, agentId: agent, price, salt });
    Some(Op { note, ..op("escrow.commitBid", by, ESCROW, &call)? })
}

pub(super) fn reveal(world: &mut World) -> Option<Op> {
    let index = world.rng.below(world.sealed.len() as u64) as usize;
    let call = world.sealed.get(index)?.clone();
    let auction = auction(world, call.jobId);
    if auction.revealUntil <= world.now {
        world.sealed.swap_remove(index);
        return None;
    }
    if auction.bidUntil > world.now && !world.rng.chance(2) {
        return None;
    }
    world.sealed.swap_remove(index);
    op("escrow.revealBid", world.actor(), ESCROW, &call)
}

pub(super) fn award(world: &mut World) -> Option<Op> {
    let (id, _) = job(world, |job, now| job.bidding && in_time(job, now))?;
    if auction(world, id).revealUntil > world.now && !world.rng.chance(5) {
        return None;
    }
    op("escrow.award", world.actor(), ESCROW, &Bids::awardCall { jobId: id })
}

pub(super) fn release_bonds(world: &mut World) -> Option<Op> {
    let (id, _) =
        job(world, |job, now| job.status == Status::Open && (job.bidding || job.bonded) && !in_time(job, now))?;
    op("escrow.releaseBonds", world.actor(), ESCROW, &Bids::releaseBondsCall { jobId: id })
}

pub(super) fn hold(world: &mut World) -> Option<Op> {
    let (id, job) = job(world, |job, _| job.status.is_funded() && job.evaluator == COURT)?;
    op("court.hold", world.actor(), COURT, &ICourt::holdCall { job: id.to(), held: !job.held })
}

pub(super) fn decide(world: &mut World) -> Option<Op> {
    let (id, _) = job(world, |job, _| job.status == Status::Submitted && job.evaluator == COURT)?;
    let good = world.rng.chance(70);
    op("court.decide", world.actor(), COURT, &ICourt::decideCall { job: id.to(), good })
}
