//! Feedback that settled jobs write, and its weighted summary.

use super::feedback::{self, Given};
use super::state::{JOB_EPOCHS, JOB_SCORES, JOB_TALLIES, TAGS, WEIGHTS};
use crate::error::overflow;
use crate::types::{JobFeedback, JobTally, TagId};
use alloy_primitives::U256;
use assay_abi::identity::IReputationRegistry as abi;
use assay_kernel::{CallError, Ctx};

/// First tag of every entry that a job wrote.
pub const JOB_TAG: &str = "job";
/// Decimals of the verified average.
const AVERAGE_DECIMALS: u8 = 2;
const AVERAGE_SCALE: U256 = U256::from_limbs([100, 0, 0, 0]);

/// Whether a client has no job-backed entry about an agent in an epoch yet.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn is_first_of_epoch(ctx: &mut Ctx<'_>, job: &JobFeedback<'_>) -> Result<bool, CallError> {
    Ok(JOB_EPOCHS.get_or_default(ctx, &(job.agent, job.client))? <= job.epoch)
}

/// Writes the entry of a settled job and returns its index. The caller has checked score, weight and epoch.
///
/// # Errors
/// `Reverted(TooLong)` for the kind; `Halted`, `Fault`.
pub(crate) fn write(ctx: &mut Ctx<'_>, job: &JobFeedback<'_>) -> Result<u64, CallError> {
    let given = Given {
        agent: job.agent,
        value: i128::from(job.score),
        decimals: 0,
        tag1: JOB_TAG.to_owned(),
        tag2: job.kind.to_owned(),
        endpoint: String::new(),
        uri: String::new(),
        hash: job.job,
    };
    let index = feedback::write(ctx, job.client, given)?;
    JOB_EPOCHS.set(ctx, &(job.agent, job.client), &job.epoch.saturating_add(1))?;
    WEIGHTS.set(ctx, &(job.agent, job.client, index), &job.weight)?;
    let kind = TAGS.find(ctx, job.kind)?.unwrap_or_default();
    add(ctx, (job.agent, 0), job)?;
    if kind != 0 {
        add(ctx, (job.agent, kind), job)?;
    }
    Ok(index)
}

fn add(ctx: &mut Ctx<'_>, key: (U256, TagId), job: &JobFeedback<'_>) -> Result<(), CallError> {
    let before = JOB_TALLIES.get_or_default(ctx, &key)?;
    let weight = U256::from(job.weight);
    let count = before.count.checked_add(1).ok_or_else(overflow)?;
    JOB_TALLIES.set(ctx, &key, &JobTally { count, weight: before.weight.saturating_add(weight) })?;
    let scores = JOB_SCORES.get_or_default(ctx, &key)?;
    JOB_SCORES.set(ctx, &key, &scores.saturating_add(weight.saturating_mul(U256::from(job.score))))
}

/// The weighted average score of the job-backed entries about an agent, in hundredths, cut toward zero; with their
/// number and weight. A kind that is empty means all of them.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn summary(ctx: &mut Ctx<'_>, agent: U256, kind: &str) -> Result<(JobTally, u64), CallError> {
    let Some(kind) = TAGS.find(ctx, kind)? else { return Ok((JobTally::default(), 0)) };
    let tally = JOB_TALLIES.get_or_default(ctx, &(agent, kind))?;
    let scores = JOB_SCORES.get_or_default(ctx, &(agent, kind))?;
    let average = scores.saturating_mul(AVERAGE_SCALE).checked_div(tally.weight).unwrap_or_default();
    Ok((tally, average.saturating_to()))
}

/// `getVerifiedSummary(uint256,string)`: the weighted average over entries that settled jobs wrote, with two decimals.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn get_verified_summary(
    ctx: &mut Ctx<'_>,
    call: abi::getVerifiedSummaryCall,
) -> Result<abi::getVerifiedSummaryReturn, CallError> {
    let (tally, average) = summary(ctx, call.agentId, &call.tag2)?;
    let decimals = if tally.count == 0 { 0 } else { AVERAGE_DECIMALS };
    Ok(abi::getVerifiedSummaryReturn {
        count: tally.count,
        summaryValue: i128::from(average),
        summaryValueDecimals: decimals,
        totalWeight: tally.weight,
    })
}
