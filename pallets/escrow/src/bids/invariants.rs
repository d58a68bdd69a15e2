//! What holds of the auction of a job; whether it does, and which invariant it is that does not.

use super::{BIDS_MAX, ROLE};
use crate::facade::Facade;
use crate::state::{AUCTIONS, BID_OF, BIDS};
use crate::types::{Job, JobId, Status};
use alloy_primitives::U256;
use assay_abi::escrow::{COURT, ESCROW};
use assay_kernel::{CallError, Ctx};
use assay_staking::api as staking;

/// Whether an agent has this much locked for a job.
fn is_locked(ctx: &mut Ctx<'_>, agent: u64, id: JobId, bond: u128) -> Result<bool, CallError> {
    Ok(staking::locked(ctx, U256::from(agent), ROLE, ESCROW, U256::from(id))? == bond)
}

/// Whether the bids of a job are those of open auctions of jobs without a provider, and nothing is left of others.
pub(crate) fn check(ctx: &mut Ctx<'_>, id: JobId, job: &Job) -> Result<bool, CallError> {
    let auction = AUCTIONS.get(ctx, &id)?;
    let first = BIDS.get(ctx, &(id, 0))?;
    let Some(auction) = auction else { return Ok(!job.bidding && !job.bonded && first.is_none()) };
    if job.facade != Facade::Eip || auction.awarded != job.bonded || auction.awarded == job.bidding {
        return Ok(false);
    }
    if job.bonded {
        let working = matches!(job.status, Status::Open | Status::Funded) && !job.provider.is_zero();
        return Ok(working && first.is_none() && is_locked(ctx, job.agent, id, auction.bond)?);
    }
    let open = job.status == Status::Open && job.provider.is_zero();
    let mut sound = open && (job.hook.is_zero() || job.hook == COURT) && auction.bids <= BIDS_MAX;
    for position in 0..auction.bids {
        let Some(bid) = BIDS.get(ctx, &(id, position))? else { return Ok(false) };
        sound &= BID_OF.get(ctx, &(id, bid.agent))? == Some(position.saturating_add(1))
            && bid.price <= auction.max_price
            && bid.commitment.is_some() == auction.sealed
            && is_locked(ctx, bid.agent, id, auction.bond)?;
    }
    Ok(sound && BIDS.get(ctx, &(id, auction.bids))?.is_none())
}
