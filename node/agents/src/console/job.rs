//! Jobs with escrowed payment (ERC-8183), in the EIP's dialect, and bids for them. Prices are in the default token.

use super::amount::{format_units, parse_units};
use super::report::{Report, pair, printable};
use super::session::{ConsoleError, Session};
use super::token::done;
use crate::node::Receipt;
use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};
use alloy_sol_types::SolCall as _;
use assay_abi::escrow::{ESCROW, IEscrow as I, IEscrowBids as B};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken as T};
use multicall::{Call3, aggregate3Call};
use serde_json::{Value, json};

/// Where every chain of ours has Multicall3.
const MULTICALL: Address = address!("0xcA11bde05977b3631167028862bE2a173976CA11");
/// Jobs that are read at once.
const PAGE: u64 = 50;

mod multicall {
    alloy_sol_types::sol! {
        /// One call of several.
        struct Call3 { address target; bool allowFailure; bytes callData; }
        /// What it gave.
        struct Result3 { bool success; bytes returnData; }
        /// Several calls in one.
        function aggregate3(Call3[] calls) external payable returns (Result3[] results);
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobAction {
    /// Orders work.
    Create(NewJob),
    /// Names the price of an open job.
    Price(U256, String),
    /// Bids for an agent of the signer's.
    Bid {
        /// The job.
        job: U256,
        /// The agent.
        agent: U256,
        /// Its price.
        price: String,
    },
    /// Ends an auction.
    Award(U256),
    /// Pays the named price into escrow; lets escrow take it first where it may not yet.
    Fund(U256, String),
    /// Delivers: 32 bytes in hex, or a text whose Keccak-256 is delivered.
    Submit(U256, String),
    /// Ends a job.
    Settle(U256, Verdict, String),
    /// Jobs in order of creation.
    List {
        /// Number of the first.
        start: u64,
        /// How many at most.
        count: u64,
    },
    /// One job and its bids.
    Show(U256),
}

/// A job that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What is to be done.
    pub description: String,
    /// Who does it; nobody yet where there is none.
    pub provider: Option<Address>,
    /// Who judges it; the signer where there is none.
    pub evaluator: Option<Address>,
    /// Seconds until the client may have its payment back.
    pub seconds: u64,
    /// The price, if it is known.
    pub price: Option<String>,
    /// A contract that is asked before and after each step.
    pub hook: Option<Address>,
}

/// How a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The provider is paid.
    Complete,
    /// The client gets its payment back.
    Reject,
    /// The same after the expiry, for anybody to ask.
    Refund,
}

/// Does it.
///
/// # Errors
/// See [`ConsoleError`].
pub async fn run(session: &Session, action: JobAction) -> Result<Report, ConsoleError> {
    match action {
        JobAction::Create(job) => create(session, job).await,
        JobAction::Price(job, price) => {
            let receipt = set_price(session, job, price_units(session, &price).await?).await?;
            Ok(done(&receipt, &format!("job {job} costs {price}")))
        }
        JobAction::Bid { job, agent, price } => {
            let units = price_units(session, &price).await?;
            let receipt = session.send(ESCROW, &B::bidCall { jobId: job, agentId: agent, price: units }).await?;
            Ok(done(&receipt, &format!("agent {agent} bids {price} for job {job}")))
        }
        JobAction::Award(job) => award(session, job).await,
        JobAction::Fund(job, price) => fund(session, job, &price).await,
        JobAction::Submit(job, work) => {
            let deliverable = work.parse::<B256>().unwrap_or_else(|_| keccak256(&work));
            let call = I::submitCall { jobId: job, deliverable, optParams: Bytes::new() };
            let receipt = session.send(ESCROW, &call).await?;
            Ok(done(&receipt, &format!("work for job {job} submitted")).with("deliverable", json!(deliverable)))
        }
        JobAction::Settle(job, verdict, reason) => settle(session, job, verdict, &reason).await,
        JobAction::List { start, count } => list(session, start, count).await,
        JobAction::Show(job) => show(session, job).await,
    }
}

async fn decimals(session: &Session) -> Result<u8, ConsoleError> {
    session.view(DEFAULT_TOKEN, &T::decimalsCall {}).await
}

/// A price in the default token's smallest unit.
pub(super) async fn price_units(session: &Session, price: &str) -> Result<U256, ConsoleError> {
    Ok(parse_units(price, decimals(session).await?)?)
}

async fn set_price(session: &Session, job: U256, amount: U256) -> Result<Receipt, ConsoleError> {
    session.send(ESCROW, &I::setBudgetCall { jobId: job, amount, optParams: Bytes::new() }).await
}

async fn create(session: &Session, job: NewJob) -> Result<Report, ConsoleError> {
    let client = session.account()?;
    // A price that is none is refused before there is a job.
    let price = match &job.price {
        Some(price) => Some(price_units(session, price).await?),
        None => None,
    };
    let expires = session.now().await?.saturating_add(job.seconds);
    let call = I::createJobCall {
        provider: job.provider.unwrap_or_default(),
        evaluator: job.evaluator.unwrap_or(client),
        expiredAt: U256::from(expires),
        description: job.description,
        hook: job.hook.unwrap_or_default(),
    };
    let mut receipt = session.send(ESCROW, &call).await?;
    let made: Option<I::JobCreated> = receipt.event();
    let number = made.ok_or_else(|| ConsoleError::Answer("the receipt names no job".to_owned()))?.jobId;
    if let Some(price) = price {
        let unpriced = |error| ConsoleError::Answer(format!("job {number} is made, but has no price: {error}"));
        receipt = set_price(session, number, price).await.map_err(unpriced)?;
    }
    Ok(done(&receipt, &format!("job {number}")).with("job", number.to_string()))
}

async fn award(session: &Session, job: U256) -> Result<Report, ConsoleError> {
    let receipt = session.send(ESCROW, &B::awardCall { jobId: job }).await?;
    let Some(won) = receipt.event::<B::JobAwarded>() else {
        return Ok(done(&receipt, &format!("nobody wins job {job}")).with("agent", Value::Null));
    };
    let price = format_units(won.price, decimals(session).await?);
    let report = done(&receipt, &format!("agent {} wins job {job} for {price}", won.agentId));
    Ok(report.with("agent", won.agentId.to_string()).with("price", price))
}

async fn fund(session: &Session, job: U256, price: &str) -> Result<Report, ConsoleError> {
    let (owner, budget) = (session.account()?, price_units(session, price).await?);
    let of = session.view(ESCROW, &I::getJobCall { jobId: job }).await?;
    // What escrow would refuse is asked for before it may take anything.
    if of.budget != budget {
        let asked = format_units(of.budget, decimals(session).await?);
        return Err(ConsoleError::Answer(format!("job {job} costs {asked}, not {price}")));
    }
    let may = session.view(DEFAULT_TOKEN, &T::allowanceCall { owner, spender: ESCROW }).await?;
    if may < budget {
        session.send(DEFAULT_TOKEN, &T::approveCall { spender: ESCROW, value: budget }).await?;
    }
    let call = I::fundCall { jobId: job, expectedBudget: budget, optParams: Bytes::new() };
    let receipt = session.send(ESCROW, &call).await?;
    Ok(done(&receipt, &format!("{price} in escrow for job {job}")))
}

async fn settle(session: &Session, job: U256, verdict: Verdict, reason: &str) -> Result<Report, ConsoleError> {
    let reason = match reason {
        "" => B256::ZERO,
        text => text.parse().unwrap_or_else(|_| keccak256(text)),
    };
    let (receipt, what) = match verdict {
        Verdict::Complete => {
            let call = I::completeCall { jobId: job, reason, optParams: Bytes::new() };
            (session.send(ESCROW, &call).await?, "complete: the provider is paid")
        }
        Verdict::Reject => {
            let call = I::rejectCall { jobId: job, reason, optParams: Bytes::new() };
            (session.send(ESCROW, &call).await?, "rejected: the client has its payment back")
        }
        Verdict::Refund => (
            session.send(ESCROW, &I::claimRefundCall { jobId: job }).await?,
            "expired: the client has its payment back",
        ),
    };
    Ok(done(&receipt, &format!("job {job} is {what}")))
}

const fn status(code: u8) -> &'static str {
    match code {
        0 => "open",
        1 => "funded",
        2 => "submitted",
        3 => "completed",
        4 => "rejected",
        5 => "expired",
        _ => "unknown",
    }
}

fn job_json(of: &I::Job, price: &str) -> Value {
    json!({
        "job": of.id.to_string(), "status": status(of.status), "client": of.client, "provider": of.provider,
        "evaluator": of.evaluator, "description": of.description, "price": price, "units": of.budget.to_string(),
        "token": of.paymentToken, "funded": of.funded.to_string(), "expiredAt": of.expiredAt.to_string(),
        "hook": of.hook, "submittedAt": of.submittedAt.to_string(), "deliverable": of.deliverable,
        "agent": of.providerAgentId.to_string(), "held": of.held, "facade": of.facade,
    })
}

/// A price as people read it: other tokens than the default one in their smallest unit.
fn price_of(job: &I::Job, decimals: u8) -> String {
    if job.paymentToken == DEFAULT_TOKEN { format_units(job.budget, decimals) } else { job.budget.to_string() }
}

async fn list(session: &Session, start: u64, count: u64) -> Result<Report, ConsoleError> {
    let total: u64 = session.view(ESCROW, &I::jobCounterCall {}).await?.saturating_to();
    let decimals = decimals(session).await?;
    let head = ["job", "status", "price", "client", "provider", "description"].map(str::to_owned).to_vec();
    let (mut jobs, mut lines) = (Vec::new(), vec![head]);
    let end = start.saturating_add(count).min(total.saturating_add(1));
    let mut first = start.max(1);
    while first < end {
        let next = first.saturating_add(PAGE).min(end);
        let call = |job| Call3 {
            target: ESCROW,
            allowFailure: false,
            callData: I::getJobCall { jobId: U256::from(job) }.abi_encode().into(),
        };
        let page = aggregate3Call { calls: (first..next).map(call).collect() };
        for found in session.view(MULTICALL, &page).await? {
            let of = I::getJobCall::abi_decode_returns(&found.returnData)
                .map_err(|_| ConsoleError::Answer("escrow gives no job".to_owned()))?;
            let price = price_of(&of, decimals);
            jobs.push(job_json(&of, &price));
            let (client, provider) = (of.client.to_string(), of.provider.to_string());
            let description = printable(&of.description);
            lines.push(vec![of.id.to_string(), status(of.status).to_owned(), price, client, provider, description]);
        }
        first = next;
    }
    Ok(Report::new(&json!({ "total": total, "start": start, "jobs": jobs }), lines))
}

async fn show(session: &Session, job: U256) -> Result<Report, ConsoleError> {
    let of = session.view(ESCROW, &I::getJobCall { jobId: job }).await?;
    if of.client.is_zero() {
        return Err(ConsoleError::Answer(format!("there is no job {job}")));
    }
    let decimals = decimals(session).await?;
    let price = price_of(&of, decimals);
    let mut lines = vec![
        pair("job", of.id),
        pair("status", status(of.status)),
        pair("description", &of.description),
        pair("price", &price),
        pair("client", of.client),
        pair("provider", of.provider),
        pair("evaluator", of.evaluator),
        pair("expires", of.expiredAt),
        pair("deliverable", of.deliverable),
    ];
    let bids = session.view(ESCROW, &B::bidsOfCall { jobId: job }).await?;
    lines.extend(bids.iter().map(|bid| pair(&format!("bid of {}", bid.agentId), format_units(bid.price, decimals))));
    let one = |bid: &B::Bid| json!({ "agent": bid.agentId.to_string(), "bidder": bid.bidder, "price": format_units(bid.price, decimals) });
    let bids: Vec<Value> = bids.iter().map(one).collect();
    Ok(Report::new(&job_json(&of, &price), lines).with("bids", bids))
}
