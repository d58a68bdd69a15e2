//! `assay_getJobs`: jobs of escrow by page, those of all dialects.

use super::Table;
use crate::api::Api;
use crate::args::{Args, Quantity};
use crate::error::Answer;
use crate::page::{Order, Page, bad_cursor, filter};
use alloy_primitives::{Address, B256, U64, U256};
use assay_escrow::reads::{self, Terms};
use assay_escrow::types::{Job, Status};
use jsonrpsee::server::RegisterMethodError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("assay_getJobs", jobs)
}

/// The status of a job, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StatusName {
    Open,
    Funded,
    Submitted,
    Completed,
    Rejected,
    Expired,
}

impl From<Status> for StatusName {
    fn from(status: Status) -> Self {
        match status {
            Status::Open => Self::Open,
            Status::Funded => Self::Funded,
            Status::Submitted => Self::Submitted,
            Status::Completed => Self::Completed,
            Status::Rejected => Self::Rejected,
            Status::Expired => Self::Expired,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Statuses {
    One(StatusName),
    Any(Vec<StatusName>),
}

impl Statuses {
    fn has(&self, status: Status) -> bool {
        match self {
            Self::One(one) => *one == status.into(),
            Self::Any(any) => any.contains(&status.into()),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JobFilter {
    client: Option<Address>,
    provider: Option<Address>,
    evaluator: Option<Address>,
    agent_id: Option<Quantity>,
    status: Option<Statuses>,
    bidding: Option<bool>,
    cursor: Option<Value>,
    limit: Option<Quantity>,
    #[serde(default)]
    order: Order,
}

impl JobFilter {
    fn wants(&self, job: &Job) -> bool {
        self.client.is_none_or(|client| client == job.client)
            && self.provider.is_none_or(|provider| provider == job.provider)
            && self.evaluator.is_none_or(|evaluator| evaluator == job.evaluator)
            && self.agent_id.is_none_or(|agent| agent.0 == job.agent)
            && self.bidding.is_none_or(|bidding| bidding == job.bidding)
            && self.status.as_ref().is_none_or(|any| any.has(job.status))
    }
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct BiddingView {
    sealed_bids: bool,
    awarded: bool,
    bid_until: U64,
    reveal_until: U64,
    work_time: U64,
    max_price: U256,
    bond: U256,
    bids: U64,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobView {
    job_id: U64,
    status: StatusName,
    client: Address,
    provider: Option<Address>,
    evaluator: Address,
    agent_id: Option<U64>,
    description: String,
    payment_token: Option<Address>,
    budget: U256,
    funded: U256,
    expired_at: U64,
    submitted_at: Option<U64>,
    deliverable: Option<B256>,
    hook: Option<Address>,
    facade: Address,
    held: bool,
    bidding: Option<BiddingView>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobsView {
    block_number: U64,
    block_hash: B256,
    total: U64,
    jobs: Vec<JobView>,
    next_cursor: Option<U64>,
}

fn some(address: Address) -> Option<Address> {
    (!address.is_zero()).then_some(address)
}

impl JobView {
    fn new(id: u64, job: &Job, terms: Terms) -> Self {
        let auction = terms.bidding;
        Self {
            job_id: U64::from(id),
            status: job.status.into(),
            client: job.client,
            provider: some(job.provider),
            evaluator: job.evaluator,
            agent_id: (job.agent != 0).then(|| U64::from(job.agent)),
            description: terms.description,
            payment_token: some(job.payment_token()),
            budget: U256::from(job.budget),
            funded: U256::from(job.funded),
            expired_at: U64::from(job.expired_at),
            submitted_at: (job.submitted_at != 0).then(|| U64::from(job.submitted_at)),
            deliverable: (!terms.deliverable.is_zero()).then_some(terms.deliverable),
            hook: some(job.hook),
            facade: job.facade.address(),
            held: job.held,
            bidding: (auction.bidUntil != 0).then(|| BiddingView {
                sealed_bids: auction.sealedBids,
                awarded: auction.awarded,
                bid_until: U64::from(auction.bidUntil),
                reveal_until: U64::from(auction.revealUntil),
                work_time: U64::from(auction.workTime),
                max_price: auction.maxPrice,
                bond: auction.bond,
                bids: U64::from(auction.bids),
            }),
        }
    }
}

async fn jobs(api: Arc<Api>, mut args: Args) -> Answer<JobsView> {
    let wanted: JobFilter = filter(args.optional()?)?;
    let block = args.block()?;
    args.end()?;
    let page = Page::new(wanted.cursor.as_ref(), wanted.limit, wanted.order)?;
    let answer = api.chain.read_state(block, move |block, view| {
        let total = reads::count(view)?;
        let found = page.collect((1, total), |id| match reads::job(view, id)? {
            Some(job) if wanted.wants(&job) => Ok(Some(JobView::new(id, &job, reads::terms(view, id)?))),
            _ => Ok(None),
        })?;
        Ok(found.map(|found| JobsView {
            block_number: U64::from(block.number()),
            block_hash: block.hash,
            total: U64::from(total),
            jobs: found.entries,
            next_cursor: found.next,
        }))
    });
    answer.await?.ok_or_else(bad_cursor)
}
