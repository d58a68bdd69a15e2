//! The end of an auction: the lowest price, weighted by what settled jobs say about the agent.

use super::{Bid, all, auction_of, clear};
use crate::error::require;
use crate::facade::Facade;
use crate::handlers::{check_open, job_of};
use crate::state::{AUCTIONS, BIDDING, parameter, save};
use crate::types::Job;
use alloy_primitives::U256;
use assay_abi::escrow::{IEscrow, IEscrowBids as B};
use assay_identity::api::{self as identity, Verified};
use assay_kernel::{CallError, Ctx};

/// What a score of 100 is in hundredths.
const BEST_HUNDREDTHS: u64 = 10_000;
/// The factor of a price without reputation; the best reputation halves it.
const PLAIN_FACTOR: u64 = 2 * BEST_HUNDREDTHS;

/// What is compared: `price * (20,000 - trust)`, where trust is the verified score in hundredths (0 to 10,000), scaled by
/// `weight / (weight + half)`. A bad reputation is worth as much as none, so that nobody gains by a new name.
pub(crate) fn weighted(price: u128, verified: &Verified, half: u128) -> U256 {
    let score = U256::from(verified.score_hundredths.min(BEST_HUNDREDTHS));
    let whole = verified.weight.saturating_add(U256::from(half));
    let trust = score.saturating_mul(verified.weight).checked_div(whole).unwrap_or_default();
    U256::from(price).saturating_mul(U256::from(PLAIN_FACTOR).saturating_sub(trust))
}

/// `award`: anybody, after the times of the auction and before the job's expiry.
pub(crate) fn award(ctx: &mut Ctx<'_>, call: B::awardCall) -> Result<U256, CallError> {
    // check
    let (id, mut job) = job_of(ctx, Facade::Eip, call.jobId)?;
    check_open(ctx, &job)?;
    require(job.bidding, B::NoBidding {})?;
    let mut auction = auction_of(ctx, id)?;
    require(ctx.environment().timestamp >= auction.reveal_until, B::BiddingIsOpen {})?;
    let bids = all(ctx, id, &auction)?;
    // compute
    let half = parameter(BIDDING.get(ctx)?)?.reputation_half;
    let best = best(ctx, &bids, half)?;
    // apply
    job.bidding = false;
    clear(ctx, id, &bids, best.as_ref().map(|(bid, _)| bid.agent))?;
    let Some((bid, weighted)) = best else {
        AUCTIONS.remove(ctx, &id)?;
        save(ctx, id, &mut job)?;
        ctx.emit(&B::BiddingClosed { jobId: call.jobId })?;
        return Ok(U256::ZERO);
    };
    auction.awarded = true;
    auction.bids = 0;
    AUCTIONS.set(ctx, &id, &auction)?;
    (job.provider, job.agent, job.budget, job.bonded) = (bid.bidder, bid.agent, bid.price, true);
    save(ctx, id, &mut job)?;
    announce(ctx, call.jobId, &job, weighted)?;
    Ok(U256::from(job.agent))
}

fn announce(ctx: &mut Ctx<'_>, job_id: U256, job: &Job, weighted: U256) -> Result<(), CallError> {
    let (agent, provider, price) = (U256::from(job.agent), job.provider, U256::from(job.budget));
    ctx.emit(&IEscrow::ProviderSet { jobId: job_id, provider })?;
    ctx.emit(&IEscrow::ProviderAgentSet { jobId: job_id, agentId: agent })?;
    ctx.emit(&IEscrow::BudgetSet { jobId: job_id, amount: price })?;
    ctx.emit(&B::JobAwarded { jobId: job_id, agentId: agent, provider, price, weighted })
}

/// The lowest weighted price among those that were shown by who still speaks for its agent; ties go to the earlier height,
/// then to the lower agent.
fn best(ctx: &mut Ctx<'_>, bids: &[Bid], half: u128) -> Result<Option<(Bid, U256)>, CallError> {
    let mut best: Option<(Bid, U256)> = None;
    for bid in bids.iter().filter(|bid| bid.price > 0) {
        let agent = U256::from(bid.agent);
        if !identity::speaks_for(ctx, bid.bidder, agent)? {
            continue;
        }
        let weighted = weighted(bid.price, &identity::verified(ctx, agent, "")?, half);
        let wins = best
            .as_ref()
            .is_none_or(|(other, least)| (weighted, bid.height, bid.agent) < (*least, other.height, other.agent));
        if wins {
            best = Some((bid.clone(), weighted));
        }
    }
    Ok(best)
}
