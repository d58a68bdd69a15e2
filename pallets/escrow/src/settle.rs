//! How a job ends: who is paid what, by hand-over or by credit, and what it says about its agent. Everything is written
//! before the first payment.

use crate::error::broken;
use crate::params::BP_WHOLE;
use crate::state::{FEES, TIMES, parameter, save};
use crate::types::{Fees, Job, JobId, Status};
use crate::{bids, money};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue as _;
use assay_abi::escrow::{ESCROW, IEscrow};
use assay_abi::token::DEFAULT_TOKEN;
use assay_identity::{JobFeedback, api as identity};
use assay_kernel::{CallError, Ctx, gas};
use assay_primitives::Bps;

/// Kind of the reputation entry of a job that no court judged.
pub(crate) const KIND: &str = "erc8183";
/// Score of a job that was paid.
const SCORE_PAID: u8 = 100;

/// How payees get theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payout {
    /// At once; a credit where the token refuses.
    Direct,
    /// As a credit.
    Credit,
}

/// The parts of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    pub platform: u128,
    pub evaluator: u128,
    pub burned: u128,
    pub provider: u128,
}

fn share(amount: u128, bps: Bps) -> u128 {
    let part = U256::from(amount).saturating_mul(U256::from(bps.0)).checked_div(U256::from(BP_WHOLE));
    part.unwrap_or_default().saturating_to()
}

impl Shares {
    /// Each rounded down; the provider gets the rest.
    pub(crate) fn of(amount: u128, fees: &Fees, burns: bool) -> Self {
        let (platform, evaluator) = (share(amount, fees.platform), share(amount, fees.evaluator));
        let burned = if burns { share(amount, fees.burn) } else { 0 };
        // Genesis bounds each share by a tenth.
        let provider = amount.saturating_sub(platform).saturating_sub(evaluator).saturating_sub(burned);
        Self { platform, evaluator, burned, provider }
    }
}

fn pay(ctx: &mut Ctx<'_>, job: &Job, to: Address, amount: u128, payout: Payout) -> Result<(), CallError> {
    match payout {
        Payout::Direct => money::pay(ctx, job.facade, job.payment_token(), to, amount),
        Payout::Credit => money::credit(ctx, job.facade, job.payment_token(), to, amount),
    }
}

/// Pays the provider of submitted work.
///
/// # Errors
/// `Halted`, `Fault`; nobody who is paid can refuse.
pub(crate) fn complete(
    ctx: &mut Ctx<'_>,
    id: JobId,
    job: &mut Job,
    reason: B256,
    payout: Payout,
    kind: &str,
) -> Result<(), CallError> {
    // compute
    let fees = parameter(FEES.get(ctx)?)?;
    let feedback = Feedback::of(ctx, id, job)?;
    let (job_id, facade, amount) = (U256::from(id), job.facade, job.funded);
    let mut shares = Shares::of(amount, &fees, false);
    // apply
    job.status = Status::Completed;
    job.funded = 0;
    job.held = false;
    save(ctx, id, job)?;
    if let Some(feedback) = feedback {
        let burned = Shares::of(amount, &fees, true);
        if feedback.record(ctx, job, burned.burned, kind)? {
            shares = burned;
            facade.emit(ctx, &IEscrow::FeeBurned { jobId: job_id, amount: U256::from(shares.burned) })?;
        }
    }
    // call out
    pay(ctx, job, fees.treasury, shares.platform, payout)?;
    if shares.platform > 0 {
        let amount = U256::from(shares.platform);
        facade.emit(ctx, &IEscrow::PlatformFeePaid { jobId: job_id, platformTreasury: fees.treasury, amount })?;
    }
    pay(ctx, job, job.evaluator, shares.evaluator, payout)?;
    if shares.evaluator > 0 {
        let amount = U256::from(shares.evaluator);
        facade.emit(ctx, &IEscrow::EvaluatorFeePaid { jobId: job_id, evaluator: job.evaluator, amount })?;
    }
    pay(ctx, job, job.provider, shares.provider, payout)?;
    facade.emit(ctx, &IEscrow::JobCompleted { jobId: job_id, evaluator: job.evaluator, reason })?;
    let amount = U256::from(shares.provider);
    facade.emit(ctx, &IEscrow::PaymentReleased { jobId: job_id, provider: job.provider, amount })
}

/// Ends a job without pay; what was funded goes back to the client.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn reject(
    ctx: &mut Ctx<'_>,
    id: JobId,
    job: &mut Job,
    (rejector, reason): (Address, B256),
    payout: Payout,
) -> Result<(), CallError> {
    refund(ctx, id, job, Status::Rejected, payout)?;
    job.facade.emit(ctx, &IEscrow::JobRejected { jobId: U256::from(id), rejector, reason })
}

/// Ends a job whose time is over; what was funded goes back to the client.
///
/// # Errors
/// `Halted`, `Fault`.
pub(crate) fn expire(ctx: &mut Ctx<'_>, id: JobId, job: &mut Job) -> Result<(), CallError> {
    refund(ctx, id, job, Status::Expired, Payout::Direct)?;
    job.facade.emit(ctx, &IEscrow::JobExpired { jobId: U256::from(id) })
}

/// Only what was funded: an open job has nothing here, whatever its budget.
fn refund(ctx: &mut Ctx<'_>, id: JobId, job: &mut Job, status: Status, payout: Payout) -> Result<(), CallError> {
    let amount = job.funded;
    if job.status.is_funded() != (amount > 0) {
        return Err(broken("a funded job without a payment, or a payment without a funded job"));
    }
    bids::end(ctx, id, job, status)?;
    job.status = status;
    job.funded = 0;
    job.held = false;
    save(ctx, id, job)?;
    if amount > 0 {
        pay(ctx, job, job.client, amount, payout)?;
        let (job_id, client) = (U256::from(id), job.client);
        job.facade.emit(ctx, &IEscrow::Refunded { jobId: job_id, client, amount: U256::from(amount) })?;
    }
    Ok(())
}

/// What a paid job may say about its agent.
struct Feedback {
    agent: U256,
    client: Address,
    job: B256,
    epoch: u64,
}

impl Feedback {
    /// `None` where the job says nothing: no agent, another token than the default one (burning a token of one's own
    /// costs nothing), no third party as evaluator, or a provider that does not speak for the agent.
    fn of(ctx: &mut Ctx<'_>, id: JobId, job: &Job) -> Result<Option<Self>, CallError> {
        let third = job.evaluator != job.client && job.evaluator != job.provider;
        if job.agent == 0 || job.payment_token() != DEFAULT_TOKEN || !third {
            return Ok(None);
        }
        let agent = U256::from(job.agent);
        if !identity::speaks_for(ctx, job.provider, agent)? || identity::speaks_for(ctx, job.evaluator, agent)? {
            return Ok(None);
        }
        let environment = ctx.environment();
        ctx.charge(gas::hash(3 * 32))?;
        let name = keccak256((U256::from(environment.chain_id), ESCROW, U256::from(id)).abi_encode());
        let heights = parameter(TIMES.get(ctx)?)?.epoch_heights;
        let epoch = environment.number.checked_div(heights).unwrap_or_default();
        Ok(Some(Self { agent, client: job.client, job: name, epoch }))
    }

    /// Burns a part of the payment and writes the entry that it is the weight of; `false`, and nothing done, where
    /// there is no such entry or the token does not burn now.
    fn record(&self, ctx: &mut Ctx<'_>, job: &Job, burned: u128, kind: &str) -> Result<bool, CallError> {
        let feedback = JobFeedback {
            agent: self.agent,
            client: self.client,
            score: SCORE_PAID,
            kind,
            job: self.job,
            weight: burned,
            epoch: self.epoch,
        };
        if identity::job_refusal(ctx, &feedback)?.is_some() {
            return Ok(false);
        }
        let burn = |ctx: &mut Ctx<'_>| assay_token::api::burn(ctx, DEFAULT_TOKEN, U256::from(burned));
        match job.facade.in_name(ctx, burn) {
            Ok(()) => {}
            Err(CallError::Reverted(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        identity::record_job(ctx, &feedback)?;
        Ok(true)
    }
}
