//! What other native modules may ask and do. Every function finds the registries of the running network itself.

use crate::error::check_string;
use crate::identity::state::{OWNERS, WALLETS};
use crate::identity::{access, state};
use crate::params::RESPONSE_MAX;
use crate::registries::registries;
use crate::reputation::jobs;
use crate::types::JobFeedback;
use crate::validation::respond::{self, Answer};
use crate::validation::{request, state as validation};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue as _;
use assay_abi::identity::COURT_HASH_PREFIX;
use assay_kernel::{CallError, Ctx};

/// Whether a settled job became feedback, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobRecord {
    /// It did, under this index of its client.
    Written(u64),
    /// There is no such agent.
    UnknownAgent,
    /// The client acts for the agent, is its wallet, or is nobody.
    SelfDealing,
    /// The client has an entry about this agent in this epoch already.
    OncePerEpoch,
    /// Nothing of the fee was burned, or the score is above 100.
    Weightless,
}

/// The job-backed reputation of an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Number of entries.
    pub count: u64,
    /// Weighted average score, in hundredths (0 to 10,000).
    pub score_hundredths: u64,
    /// Sum of the weights; below 2^192.
    pub weight: U256,
}

/// How many agents there are; the ids below it exist.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn agent_count(ctx: &mut Ctx<'_>) -> Result<u64, CallError> {
    ctx.view_of(registries(ctx).identity, |ctx| state::NEXT_ID.get_or_default(ctx))
}

/// The owner of an agent; `None` where there is no such agent.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn owner_of(ctx: &mut Ctx<'_>, agent: U256) -> Result<Option<Address>, CallError> {
    ctx.view_of(registries(ctx).identity, |ctx| OWNERS.get(ctx, &agent))
}

/// The wallet of an agent; `None` where it has none.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn wallet_of(ctx: &mut Ctx<'_>, agent: U256) -> Result<Option<Address>, CallError> {
    ctx.view_of(registries(ctx).identity, |ctx| WALLETS.get(ctx, &agent))
}

/// Whether an account is the owner of an agent, an operator of the owner, or approved for the agent; `false` where
/// there is no such agent.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn is_authorized(ctx: &mut Ctx<'_>, account: Address, agent: U256) -> Result<bool, CallError> {
    ctx.view_of(registries(ctx).identity, |ctx| match OWNERS.get(ctx, &agent)? {
        Some(owner) => access::is_authorized(ctx, owner, account, agent),
        None => Ok(false),
    })
}

/// Whether an account may speak for an agent: [`is_authorized`], or its wallet.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn speaks_for(ctx: &mut Ctx<'_>, account: Address, agent: U256) -> Result<bool, CallError> {
    Ok(is_authorized(ctx, account, agent)? || wallet_of(ctx, agent)? == Some(account))
}

/// The job-backed reputation of an agent under a kind of job; an empty kind means all.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn verified(ctx: &mut Ctx<'_>, agent: U256, kind: &str) -> Result<Verified, CallError> {
    ctx.view_of(registries(ctx).reputation, |ctx| {
        let (tally, score_hundredths) = jobs::summary(ctx, agent, kind)?;
        Ok(Verified { count: tally.count, score_hundredths, weight: tally.weight })
    })
}

/// Why the feedback of a settled job would not be written; `None` where it would.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn job_refusal(ctx: &mut Ctx<'_>, job: &JobFeedback<'_>) -> Result<Option<JobRecord>, CallError> {
    if owner_of(ctx, job.agent)?.is_none() {
        return Ok(Some(JobRecord::UnknownAgent));
    }
    if job.client == Address::ZERO || speaks_for(ctx, job.client, job.agent)? {
        return Ok(Some(JobRecord::SelfDealing));
    }
    if job.weight == 0 || job.score > RESPONSE_MAX {
        return Ok(Some(JobRecord::Weightless));
    }
    let first = ctx.view_of(registries(ctx).reputation, |ctx| jobs::is_first_of_epoch(ctx, job))?;
    Ok((!first).then_some(JobRecord::OncePerEpoch))
}

/// Writes the feedback of a settled job: at most one entry per client, agent and epoch, weighted by what was burned of
/// the fee. It refuses by its answer, never by a revert, so that no settlement fails for its reputation entry.
///
/// # Errors
/// `Reverted(Reentrant)` where the reputation registry is calling out (it never does); `Reverted(TooLong)` for a kind
/// over 2 KiB; `Halted`, `Fault`.
pub fn record_job(ctx: &mut Ctx<'_>, job: &JobFeedback<'_>) -> Result<JobRecord, CallError> {
    match job_refusal(ctx, job)? {
        Some(refusal) => Ok(refusal),
        None => ctx.act_for(registries(ctx).reputation, |ctx| Ok(JobRecord::Written(jobs::write(ctx, job)?))),
    }
}

/// The request hash under which a native module asks itself about a subject (a job): the court's prefix, which no other
/// caller may use, and 20 bytes of a hash over chain, validator, agent and subject.
pub fn court_hash(chain_id: u64, validator: Address, agent: U256, subject: B256) -> B256 {
    let hash = keccak256((U256::from(chain_id), validator, agent, subject).abi_encode());
    let mut bytes = hash.0;
    bytes.iter_mut().zip(COURT_HASH_PREFIX).for_each(|(to, from)| *to = from);
    B256::new(bytes)
}

/// Writes a validation request in the name of a native module, which is also the validator; returns its hash. `None`
/// where there is no such agent, or the request is there already.
///
/// # Errors
/// `Reverted(Reentrant | TooLong)`; `Halted`, `Fault`.
pub fn request_validation(
    ctx: &mut Ctx<'_>,
    validator: Address,
    agent: U256,
    subject: B256,
    uri: &str,
) -> Result<Option<B256>, CallError> {
    check_string(uri)?;
    let hash = court_hash(ctx.environment().chain_id, validator, agent, subject);
    if owner_of(ctx, agent)?.is_none() {
        return Ok(None);
    }
    ctx.act_for(registries(ctx).validation, |ctx| {
        if validation::REQUESTS.get(ctx, &hash)?.is_some() {
            return Ok(None);
        }
        request::write(ctx, validator, agent, uri.to_owned(), hash)?;
        Ok(Some(hash))
    })
}

/// What a native module answers to a request of its own.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a> {
    /// 0 to 100; more counts as 100.
    pub response: u8,
    /// Where the evidence lies.
    pub uri: &'a str,
    /// Its hash.
    pub hash: B256,
    /// What kind of verdict.
    pub tag: &'a str,
}

/// Answers a validation request in the name of the native module that it names. `false` where there is no such request
/// or it names another validator.
///
/// # Errors
/// `Reverted(Reentrant | TooLong)`; `Halted`, `Fault`.
pub fn respond_validation(
    ctx: &mut Ctx<'_>,
    validator: Address,
    hash: B256,
    verdict: &Verdict<'_>,
) -> Result<bool, CallError> {
    check_string(verdict.uri)?;
    ctx.act_for(registries(ctx).validation, |ctx| {
        let Some(request) = validation::REQUESTS.get(ctx, &hash)? else { return Ok(false) };
        if request.validator != validator {
            return Ok(false);
        }
        let answer = Answer {
            response: verdict.response.min(RESPONSE_MAX),
            uri: verdict.uri.to_owned(),
            hash: verdict.hash,
            tag: verdict.tag.to_owned(),
        };
        respond::write(ctx, hash, request, answer)?;
        Ok(true)
    })
}
