//! What holds after every block, checked over the whole state of the three registries.

use crate::identity::state::{APPROVED, BALANCES, NEXT_ID, OWNERS};
use crate::params::{DECIMALS_MAX, FEEDBACK_VALUE_MAX, RESPONSE_MAX, SYSTEM_OWNER};
use crate::reputation::filter::Filter;
use crate::reputation::state as reputation;
use crate::reputation::tally::{self, Tally};
use crate::types::{AnswerTally, Feedback, JobTally, TagId};
use crate::validation::state as validation;
use alloy_primitives::{Address, B256, U256};
use assay_abi::identity::Registries;
use assay_kernel::{CallError, Ctx, StateView};
use assay_primitives::Fault;
use std::collections::{BTreeMap, BTreeSet};

/// Checks IDN-1 to IDN-10 over a state. The work grows with the state: for tests and tools.
///
/// # Errors
/// A `Fault` that names the first broken invariant, or of the view.
pub fn check(view: &dyn StateView, registries: Registries) -> Result<(), Fault> {
    let agents = assay_kernel::read(view, registries.identity, check_identity)?;
    assay_kernel::read(view, registries.reputation, |ctx| {
        (0..agents).try_for_each(|agent| check_feedback(ctx, agent))
    })?;
    assay_kernel::read(view, registries.validation, |ctx| check_validation(ctx, agents))
}

fn holds(name: &str, condition: bool, what: impl FnOnce() -> String) -> Result<(), CallError> {
    if condition { Ok(()) } else { Err(Fault::invariant(format!("{name}: {}", what())).into()) }
}

/// IDN-1, IDN-2, IDN-3; returns how many agents there are.
fn check_identity(ctx: &mut Ctx<'_>) -> Result<u64, CallError> {
    let agents = NEXT_ID.get_or_default(ctx)?;
    let mut balances: BTreeMap<Address, u64> = BTreeMap::new();
    for id in 0..agents {
        let agent = U256::from(id);
        let owner = OWNERS.get(ctx, &agent)?;
        holds("IDN-1", owner.is_some(), || format!("agent {id} has no owner"))?;
        let held = balances.entry(owner.unwrap_or_default()).or_default();
        *held = held.saturating_add(1);
    }
    let beyond = OWNERS.get(ctx, &U256::from(agents))?;
    holds("IDN-1", beyond.is_none(), || format!("agent {agents} has an owner, and is not counted"))?;
    let system = OWNERS.get(ctx, &U256::ZERO)?;
    holds("IDN-2", system == Some(SYSTEM_OWNER), || format!("agent 0 belongs to {system:?}"))?;
    let approved = APPROVED.get(ctx, &U256::ZERO)?;
    holds("IDN-2", approved.is_none(), || format!("{approved:?} may act for agent 0"))?;
    for (owner, owned) in balances {
        let balance = BALANCES.get_or_default(ctx, &owner)?;
        holds("IDN-3", balance == owned, || format!("{owner} owns {owned} agents, its balance is {balance}"))?;
    }
    Ok(agents)
}

/// What the entries of one agent add up to.
#[derive(Default)]
struct Expected {
    tallies: BTreeMap<(TagId, TagId), Tally>,
    jobs: BTreeMap<TagId, (JobTally, U256)>,
}

/// IDN-4 to IDN-7 for one agent.
fn check_feedback(ctx: &mut Ctx<'_>, agent: u64) -> Result<(), CallError> {
    let agent = U256::from(agent);
    let list = reputation::CLIENTS.at(ctx, &agent)?;
    let (mut clients, mut jobs) = (BTreeSet::new(), BTreeMap::new());
    for position in 0..list.length(ctx)? {
        let client = list.get(ctx, position)?.unwrap_or_default();
        holds("IDN-4", clients.insert(client), || format!("{client} is listed twice as a client of {agent}"))?;
        let last = reputation::LAST_INDEX.get_or_default(ctx, &(agent, client))?;
        holds("IDN-4", last > 0, || format!("{client} is a client of {agent} without feedback"))?;
        let mut expected = Expected { jobs, ..Expected::default() };
        for index in 1..=last {
            check_entry(ctx, (agent, client, index), &mut expected)?;
        }
        for ((tag1, tag2), sum) in expected.tallies {
            let stored = tally::load(ctx, (agent, client, tag1, tag2))?;
            let what =
                || format!("the tally of {client} about {agent} under ({tag1}, {tag2}) is {stored:?}, not {sum:?}");
            holds("IDN-6", stored == sum, what)?;
        }
        jobs = expected.jobs;
    }
    for (kind, (tally, scores)) in jobs {
        let stored = reputation::JOB_TALLIES.get_or_default(ctx, &(agent, kind))?;
        holds("IDN-7", stored == tally, || format!("job tally {kind} of {agent} is {stored:?}, not {tally:?}"))?;
        let stored = reputation::JOB_SCORES.get_or_default(ctx, &(agent, kind))?;
        holds("IDN-7", stored == scores, || format!("job scores {kind} of {agent} are {stored}, not {scores}"))?;
    }
    Ok(())
}

/// IDN-5, and what an entry adds to the sums.
fn check_entry(ctx: &mut Ctx<'_>, key: (U256, Address, u64), expected: &mut Expected) -> Result<(), CallError> {
    let Some(entry) = reputation::FEEDBACK.get(ctx, &key)? else {
        return holds("IDN-5", false, || format!("entry {key:?} is missing"));
    };
    let tags = reputation::TAGS.count(ctx)?;
    let sound = entry.decimals <= DECIMALS_MAX
        && entry.value.unsigned_abs() <= FEEDBACK_VALUE_MAX.unsigned_abs()
        && entry.tag1 <= tags
        && entry.tag2 <= tags;
    holds("IDN-5", sound, || format!("entry {key:?} is {entry:?}"))?;
    add_entry(&entry, &mut expected.tallies)?;
    let Some(weight) = reputation::WEIGHTS.get(ctx, &key)? else { return Ok(()) };
    let score = u8::try_from(entry.value).unwrap_or(u8::MAX);
    holds("IDN-7", score <= RESPONSE_MAX, || format!("the score of the job-backed entry {key:?} is {score}"))?;
    for kind in BTreeSet::from([0, entry.tag2]) {
        let (tally, scores) = expected.jobs.entry(kind).or_default();
        tally.count = tally.count.saturating_add(1);
        tally.weight = tally.weight.saturating_add(U256::from(weight));
        *scores = scores.saturating_add(U256::from(weight).saturating_mul(U256::from(score)));
    }
    Ok(())
}

/// Every tally that an entry names must exist, if only to be empty.
fn add_entry(entry: &Feedback, tallies: &mut BTreeMap<(TagId, TagId), Tally>) -> Result<(), CallError> {
    for (tag1, tag2) in [(0, 0), (entry.tag1, 0), (0, entry.tag2), (entry.tag1, entry.tag2)] {
        tallies.entry((tag1, tag2)).or_default();
    }
    if entry.revoked {
        return Ok(());
    }
    let mut one = Tally { sum: tally::scaled(entry.value, entry.decimals), ..Tally::default() };
    if let Some(count) = one.counts.get_mut(usize::from(entry.decimals)) {
        *count = 1;
    }
    for ((tag1, tag2), sum) in tallies {
        if (Filter { tag1: *tag1, tag2: *tag2 }).matches(entry) {
            sum.add(&one)?;
        }
    }
    Ok(())
}

/// IDN-8 to IDN-10.
fn check_validation(ctx: &mut Ctx<'_>, agents: u64) -> Result<(), CallError> {
    let (mut seen, mut validators): (BTreeSet<B256>, BTreeMap<Address, u64>) = Default::default();
    for agent in 0..agents {
        let agent = U256::from(agent);
        let list = validation::OF_AGENT.at(ctx, &agent)?;
        let mut tallies: BTreeMap<(Address, TagId), AnswerTally> = BTreeMap::new();
        for position in 0..list.length(ctx)? {
            let hash = list.get(ctx, position)?.unwrap_or_default();
            holds("IDN-8", seen.insert(hash), || format!("request {hash} is listed twice"))?;
            let Some(request) = validation::REQUESTS.get(ctx, &hash)? else {
                return holds("IDN-8", false, || format!("request {hash} of agent {agent} is missing"));
            };
            let subject = validation::SUBJECTS.get_or_default(ctx, &hash)?;
            let sound = subject.agent == agent && request.response <= RESPONSE_MAX && !request.validator.is_zero();
            holds("IDN-8", sound, || format!("request {hash} of agent {agent} is {request:?} about {subject:?}"))?;
            let named = validators.entry(request.validator).or_default();
            *named = named.saturating_add(1);
            for key in BTreeSet::from([
                (Address::ZERO, 0),
                (Address::ZERO, subject.tag),
                (request.validator, 0),
                (request.validator, subject.tag),
            ]) {
                let tally = tallies.entry(key).or_default();
                if request.answered {
                    tally.count = tally.count.saturating_add(1);
                    tally.sum = tally.sum.saturating_add(request.response.into());
                }
            }
        }
        for ((validator, tag), tally) in tallies {
            let stored = validation::TALLIES.get_or_default(ctx, &(agent, validator, tag))?;
            let what = || format!("the tally of {validator} about {agent} under {tag} is {stored:?}, not {tally:?}");
            holds("IDN-10", stored == tally, what)?;
        }
    }
    for (validator, named) in validators {
        let list = validation::OF_VALIDATOR.at(ctx, &validator)?;
        let listed = list.length(ctx)?;
        holds("IDN-9", listed == named, || format!("{validator} is named by {named} requests, {listed} are listed"))?;
        for position in 0..listed {
            let hash = list.get(ctx, position)?.unwrap_or_default();
            holds("IDN-9", seen.contains(&hash), || format!("request {hash} of {validator} is of no agent"))?;
        }
    }
    Ok(())
}
