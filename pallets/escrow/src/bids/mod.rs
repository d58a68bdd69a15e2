//! Bids: an open job finds its provider by a reverse auction among agents. Every bid locks a bond of its agent; the winner's
//! goes to the client if it was paid for and never submitted.

mod award;
mod invariants;
mod place;
mod types;
mod views;

pub(crate) use award::award;
#[cfg(test)]
pub(crate) use award::weighted;
pub(crate) use place::{bid, commit, open, reveal};
pub(crate) use types::{Auction, BIDS_MAX, Bid};
pub(crate) use views::{bidding, bids_of};

pub(crate) use invariants::check;

use crate::error::{broken, require};
use crate::facade::Facade;
use crate::handlers::{in_time, job_of};
use crate::state::{AUCTIONS, BID_OF, BIDS, save};
use crate::types::{Job, JobId, Status};
use alloy_primitives::U256;
use assay_abi::escrow::{IEscrowBids as B, IEscrowErrors as E};
use assay_kernel::{CallError, Ctx};
use assay_staking::api::{self as staking, Role};

/// Bonds of bids are those that agents have as workers.
const ROLE: Role = Role::Worker;

/// The auction of a job that has one.
fn auction_of(ctx: &mut Ctx<'_>, id: JobId) -> Result<Auction, CallError> {
    AUCTIONS.get(ctx, &id)?.ok_or_else(|| broken("a job without the auction that it says it has"))
}

/// The bids for a job, in the order they came.
fn all(ctx: &mut Ctx<'_>, id: JobId, auction: &Auction) -> Result<Vec<Bid>, CallError> {
    (0..auction.bids)
        .map(|position| BIDS.get(ctx, &(id, position))?.ok_or_else(|| broken("a bid is missing")))
        .collect()
}

/// Removes all bids, and frees the bonds of all agents but one.
fn clear(ctx: &mut Ctx<'_>, id: JobId, bids: &[Bid], keep: Option<u64>) -> Result<(), CallError> {
    for (position, bid) in (0..BIDS_MAX).zip(bids) {
        BIDS.remove(ctx, &(id, position))?;
        BID_OF.remove(ctx, &(id, bid.agent))?;
        if keep != Some(bid.agent) {
            staking::release_bond(ctx, U256::from(bid.agent), ROLE, U256::from(id))?;
        }
    }
    Ok(())
}

/// Refuses to fund the work of a bonded provider too late for it. The client's delay must not cost the provider's bond.
///
/// # Errors
/// `Reverted(InvalidTimes)`; `Halted`, `Fault`.
pub(crate) fn check_time_to_work(ctx: &mut Ctx<'_>, id: JobId, job: &Job) -> Result<(), CallError> {
    if !job.bonded {
        return Ok(());
    }
    let work_time = auction_of(ctx, id)?.work_time;
    let ready = ctx.environment().timestamp.saturating_add(work_time);
    require(ready <= job.expired_at, B::InvalidTimes {})
}

/// Frees the bond of a provider that has submitted. The caller saves the job.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn release(ctx: &mut Ctx<'_>, id: JobId, job: &mut Job) -> Result<(), CallError> {
    if job.bonded {
        job.bonded = false;
        AUCTIONS.remove(ctx, &id)?;
        staking::release_bond(ctx, U256::from(job.agent), ROLE, U256::from(id))?;
    }
    Ok(())
}

/// Ends what is left of an auction when its job ends without pay: a provider that let a paid job expire loses its bond to the
/// client, everybody else gets theirs back. The caller saves the job.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn end(ctx: &mut Ctx<'_>, id: JobId, job: &mut Job, status: Status) -> Result<(), CallError> {
    if job.bidding {
        job.bidding = false;
        let auction = auction_of(ctx, id)?;
        let bids = all(ctx, id, &auction)?;
        clear(ctx, id, &bids, None)?;
        AUCTIONS.remove(ctx, &id)?;
        return job.facade.emit(ctx, &B::BiddingClosed { jobId: U256::from(id) });
    }
    if job.bonded && job.status == Status::Funded && status == Status::Expired {
        job.bonded = false;
        AUCTIONS.remove(ctx, &id)?;
        let agent = U256::from(job.agent);
        let taken = staking::slash_bond(ctx, agent, ROLE, U256::from(id), u128::MAX, &[(job.client, u128::MAX)])?;
        let (job_id, amount) = (U256::from(id), U256::from(taken));
        return job.facade.emit(ctx, &B::ProviderPenalized { jobId: job_id, agentId: agent, amount });
    }
    release(ctx, id, job)
}

/// `releaseBonds`: nobody awarded, or nobody funded, until the job's time was over.
pub(crate) fn release_bonds(ctx: &mut Ctx<'_>, call: B::releaseBondsCall) -> Result<B::releaseBondsReturn, CallError> {
    let (id, mut job) = job_of(ctx, Facade::Eip, call.jobId)?;
    require(job.status == Status::Open && !in_time(ctx, &job), E::WrongStatus {})?;
    require(job.bidding || job.bonded, B::NoBidding {})?;
    end(ctx, id, &mut job, Status::Open)?;
    save(ctx, id, &mut job)?;
    Ok(B::releaseBondsReturn {})
}
