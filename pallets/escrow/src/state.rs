//! Everything that is stored, under the account of the EIP facade.

use crate::bids::{Auction, Bid};
use crate::error::broken;
use crate::types::{Bidding, Description, Fees, Job, JobId, Times};
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{CallError, Ctx, Item, Map};

/// Times of jobs; written by genesis.
pub(crate) const TIMES: Item<Times> = Item::new("escrow.times");
/// Shares of a payment; written by genesis.
pub(crate) const FEES: Item<Fees> = Item::new("escrow.fees");
/// Parameters of bids; written by genesis.
pub(crate) const BIDDING: Item<Bidding> = Item::new("escrow.bidding");

/// How many jobs there are: the numbers from 1 to it.
pub(crate) const COUNT: Item<u64> = Item::new("escrow.count");
/// Number -> job; nobody deletes.
pub(crate) const JOBS: Map<JobId, Job> = Map::new("escrow.jobs");
/// Number -> what the client wants; nobody deletes.
pub(crate) const DESCRIPTIONS: Map<JobId, Description> = Map::new("escrow.descriptions");
/// Number -> what was submitted; nobody deletes.
pub(crate) const DELIVERABLES: Map<JobId, B256> = Map::new("escrow.deliverables");

/// Facade, token, payee -> what waits; deleted by the withdrawal.
pub(crate) const CREDITS: Map<(u8, Address, Address), U256> = Map::new("escrow.credits");
/// Facade, token -> sum of its credits.
pub(crate) const CREDITED: Map<(u8, Address), U256> = Map::new("escrow.credited");

/// Number -> auction; deleted when it fails or the winner's bond is free.
pub(crate) const AUCTIONS: Map<JobId, Auction> = Map::new("escrow.auctions");
/// Number, position -> bid, at most [`crate::bids::BIDS_MAX`]; deleted by the award or the end of the job.
pub(crate) const BIDS: Map<(JobId, u8), Bid> = Map::new("escrow.bids");
/// Number, agent -> position of its bid, from 1; deleted with it.
pub(crate) const BID_OF: Map<(JobId, u64), u8> = Map::new("escrow.bid_of");

/// A parameter of genesis.
pub(crate) fn parameter<T>(value: Option<T>) -> Result<T, CallError> {
    value.ok_or_else(|| broken("a parameter of genesis is missing"))
}

/// Writes a job.
pub(crate) fn save(ctx: &mut Ctx<'_>, id: JobId, job: &mut Job) -> Result<(), CallError> {
    JOBS.set(ctx, &id, job)?;
    job.mark_stored();
    Ok(())
}
