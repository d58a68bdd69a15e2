//! Reads of jobs in committed state, for indexes outside of any transaction. Each costs a bounded number of slots.

use crate::bids;
use crate::state::{COUNT, DELIVERABLES, DESCRIPTIONS, JOBS};
use crate::types::{Job, JobId};
use alloy_primitives::{B256, U256};
use assay_abi::escrow::{ESCROW, IEscrowBids};
use assay_kernel::{StateView, read};
use assay_primitives::Fault;

/// What is stored of a job beside the job itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What the client wants; at most 2 KiB.
    pub description: String,
    /// What was submitted; zero for nothing.
    pub deliverable: B256,
    /// Its auction; zeros where it has none.
    pub bidding: IEscrowBids::Bidding,
}

/// How many jobs there are; the numbers from 1 to it.
///
/// # Errors
/// A `Fault` of the view.
pub fn count(view: &dyn StateView) -> Result<u64, Fault> {
    read(view, ESCROW, |ctx| COUNT.get_or_default(ctx))
}

/// A job; `None` where there is none of this number.
///
/// # Errors
/// A `Fault` of the view, or of stored data that do not decode.
pub fn job(view: &dyn StateView, id: JobId) -> Result<Option<Job>, Fault> {
    read(view, ESCROW, |ctx| JOBS.get(ctx, &id))
}

/// The rest of a job; all empty where there is none of this number.
///
/// # Errors
/// As [`job`].
pub fn terms(view: &dyn StateView, id: JobId) -> Result<Terms, Fault> {
    read(view, ESCROW, |ctx| {
        Ok(Terms {
            description: DESCRIPTIONS.get(ctx, &id)?.unwrap_or_default().0,
            deliverable: DELIVERABLES.get(ctx, &id)?.unwrap_or_default(),
            bidding: bids::bidding(ctx, IEscrowBids::biddingCall { jobId: U256::from(id) })?,
        })
    })
}
