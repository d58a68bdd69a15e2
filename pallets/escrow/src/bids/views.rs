//! Reads of auctions.

use super::{Bid, all};
use crate::error::too_large;
use crate::state::AUCTIONS;
use crate::types::JobId;
use alloy_primitives::U256;
use assay_abi::escrow::IEscrowBids as B;
use assay_kernel::{CallError, Ctx};

fn number(job: U256) -> Result<JobId, CallError> {
    job.try_into().map_err(|_| too_large())
}

/// `bidding`: zeros where the job has no auction.
pub(crate) fn bidding(ctx: &mut Ctx<'_>, call: B::biddingCall) -> Result<B::Bidding, CallError> {
    let auction = AUCTIONS.get(ctx, &number(call.jobId)?)?;
    Ok(match auction {
        Some(auction) => B::Bidding {
            sealedBids: auction.sealed,
            awarded: auction.awarded,
            bidUntil: auction.bid_until,
            revealUntil: auction.reveal_until,
            workTime: auction.work_time,
            maxPrice: U256::from(auction.max_price),
            bond: U256::from(auction.bond),
            bids: auction.bids,
        },
        None => B::Bidding {
            sealedBids: false,
            awarded: false,
            bidUntil: 0,
            revealUntil: 0,
            workTime: 0,
            maxPrice: U256::ZERO,
            bond: U256::ZERO,
            bids: 0,
        },
    })
}

/// `bidsOf`: at most 32, in the order they came.
pub(crate) fn bids_of(ctx: &mut Ctx<'_>, call: B::bidsOfCall) -> Result<Vec<B::Bid>, CallError> {
    let id = number(call.jobId)?;
    let Some(auction) = AUCTIONS.get(ctx, &id)? else { return Ok(Vec::new()) };
    let shown = |bid: Bid| B::Bid {
        agentId: U256::from(bid.agent),
        bidder: bid.bidder,
        price: U256::from(bid.price),
        placedAt: bid.height,
        commitment: bid.commitment.unwrap_or_default(),
    };
    Ok(all(ctx, id, &auction)?.into_iter().map(shown).collect())
}
