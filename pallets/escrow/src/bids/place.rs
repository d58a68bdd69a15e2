//! Opening an auction, and bidding in it.

use super::{Auction, BIDS_MAX, Bid, ROLE, auction_of};
use crate::error::{amount, require, too_large};
use crate::facade::Facade;
use crate::handlers::{check_open, job_of};
use crate::state::{AUCTIONS, BID_OF, BIDDING, BIDS, parameter, save};
use crate::types::{Job, JobId};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue as _;
use assay_abi::escrow::{COURT, ESCROW, IEscrowBids as B, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx, gas};
use assay_staking::api as staking;

/// `openBids`: the client of an open job without a provider.
pub(crate) fn open(ctx: &mut Ctx<'_>, call: B::openBidsCall) -> Result<B::openBidsReturn, CallError> {
    // check
    let (id, mut job) = job_of(ctx, Facade::Eip, call.jobId)?;
    check_open(ctx, &job)?;
    require(ctx.caller() == job.client, E::Unauthorized {})?;
    require(job.provider.is_zero(), E::WrongStatus {})?;
    require(!job.bidding, B::BiddingIsOpen {})?;
    require(job.hook.is_zero() || job.hook == COURT, B::HookedJob {})?;
    check_times(ctx, &job, &call)?;
    let (max_price, bond) = (amount(call.maxPrice)?, amount(call.bond)?);
    require(max_price > 0, B::InvalidPrice {})?;
    let least = parameter(BIDDING.get(ctx)?)?.bond_min;
    require(bond >= least, B::BidBondTooSmall { least: U256::from(least) })?;
    // apply
    let B::openBidsCall { jobId, sealedBids, bidUntil, revealUntil, workTime, maxPrice, bond: locked } = call;
    let auction = Auction {
        sealed: sealedBids,
        awarded: false,
        bid_until: bidUntil,
        reveal_until: revealUntil,
        work_time: workTime,
        max_price,
        bond,
        bids: 0,
    };
    AUCTIONS.set(ctx, &id, &auction)?;
    job.bidding = true;
    save(ctx, id, &mut job)?;
    ctx.emit(&B::BiddingOpened { jobId, sealedBids, bidUntil, revealUntil, workTime, maxPrice, bond: locked })?;
    Ok(B::openBidsReturn {})
}

fn check_times(ctx: &Ctx<'_>, job: &Job, call: &B::openBidsCall) -> Result<(), CallError> {
    let reveals = if call.sealedBids { call.bidUntil < call.revealUntil } else { call.bidUntil == call.revealUntil };
    let done = call.revealUntil.checked_add(call.workTime).filter(|_| call.workTime > 0);
    let sound =
        ctx.environment().timestamp < call.bidUntil && reveals && done.is_some_and(|done| done <= job.expired_at);
    require(sound, B::InvalidTimes {})
}

/// `bid`: a price for all to see.
pub(crate) fn bid(ctx: &mut Ctx<'_>, call: B::bidCall) -> Result<B::bidReturn, CallError> {
    let (id, auction) = bidding(ctx, call.jobId, false)?;
    let price = price_of(&auction, call.price)?;
    let bidder = place(ctx, id, auction, call.agentId, (price, None))?;
    ctx.emit(&B::BidPlaced { jobId: call.jobId, agentId: call.agentId, bidder, price: call.price })?;
    Ok(B::bidReturn {})
}

/// `commitBid`: a price that is shown later.
pub(crate) fn commit(ctx: &mut Ctx<'_>, call: B::commitBidCall) -> Result<B::commitBidReturn, CallError> {
    let B::commitBidCall { jobId, agentId, commitment } = call;
    let (id, auction) = bidding(ctx, jobId, true)?;
    let bidder = place(ctx, id, auction, agentId, (0, Some(commitment)))?;
    ctx.emit(&B::BidCommitted { jobId, agentId, bidder, commitment })?;
    Ok(B::commitBidReturn {})
}

/// `revealBid`: between the two times of the auction.
pub(crate) fn reveal(ctx: &mut Ctx<'_>, call: B::revealBidCall) -> Result<B::revealBidReturn, CallError> {
    // check
    let (id, job) = job_of(ctx, Facade::Eip, call.jobId)?;
    require(job.bidding, B::NoBidding {})?;
    let auction = auction_of(ctx, id)?;
    let now = ctx.environment().timestamp;
    require(auction.sealed && (auction.bid_until..auction.reveal_until).contains(&now), B::NoBidding {})?;
    let agent = call.agentId.try_into().map_err(|_| too_large())?;
    let position = BID_OF.get_or_default(ctx, &(id, agent))?.checked_sub(1);
    let found = match position {
        Some(position) => BIDS.get(ctx, &(id, position))?.map(|bid| (position, bid)),
        None => None,
    };
    let wrong = || CallError::from(assay_kernel::Reverted::with(&B::WrongCommitment {}));
    let (position, mut bid) = found.ok_or_else(wrong)?;
    let commitment = commitment(ctx, call.jobId, call.agentId, bid.bidder, (call.price, call.salt))?;
    require(bid.commitment == Some(commitment), B::WrongCommitment {})?;
    bid.price = price_of(&auction, call.price)?;
    // apply
    BIDS.set(ctx, &(id, position), &bid)?;
    ctx.emit(&B::BidRevealed { jobId: call.jobId, agentId: call.agentId, price: call.price })?;
    Ok(B::revealBidReturn {})
}

/// What a sealed bid commits to: nobody can copy it for another job, agent, bidder or chain.
fn commitment(
    ctx: &mut Ctx<'_>,
    job: U256,
    agent: U256,
    bidder: Address,
    (price, salt): (U256, B256),
) -> Result<B256, CallError> {
    ctx.charge(gas::hash(7 * 32))?;
    let chain = U256::from(ctx.environment().chain_id);
    Ok(keccak256((chain, ESCROW, job, agent, bidder, price, salt).abi_encode()))
}

/// The auction of a job that takes bids of a kind now.
fn bidding(ctx: &mut Ctx<'_>, job: U256, sealed: bool) -> Result<(JobId, Auction), CallError> {
    let (id, job) = job_of(ctx, Facade::Eip, job)?;
    require(job.bidding, B::NoBidding {})?;
    let auction = auction_of(ctx, id)?;
    require(auction.sealed == sealed && ctx.environment().timestamp < auction.bid_until, B::NoBidding {})?;
    Ok((id, auction))
}

fn price_of(auction: &Auction, price: U256) -> Result<u128, CallError> {
    let price = amount(price)?;
    require(price > 0 && price <= auction.max_price, B::InvalidPrice {})?;
    Ok(price)
}

/// Writes a bid and locks its bond; returns who bids.
fn place(
    ctx: &mut Ctx<'_>,
    id: JobId,
    mut auction: Auction,
    agent: U256,
    (price, commitment): (u128, Option<B256>),
) -> Result<Address, CallError> {
    // check
    let bidder = ctx.caller();
    require(assay_identity::api::speaks_for(ctx, bidder, agent)?, E::Unauthorized {})?;
    let number = agent.try_into().map_err(|_| too_large())?;
    // Agent 0 is the system's, and no agent to jobs.
    require(number != 0, E::Unauthorized {})?;
    let entry = BID_OF.at(ctx, &(id, number))?;
    require(entry.get(ctx)?.is_none(), B::AlreadyBid {})?;
    let position = auction.bids;
    require(position < BIDS_MAX, B::TooManyBids {})?;
    // apply
    auction.bids = position.saturating_add(1);
    AUCTIONS.set(ctx, &id, &auction)?;
    entry.set(ctx, &auction.bids)?;
    let height = ctx.environment().number;
    BIDS.set(ctx, &(id, position), &Bid { agent: number, bidder, height, price, commitment })?;
    staking::lock_bond(ctx, agent, ROLE, U256::from(id), auction.bond)?;
    Ok(bidder)
}
