//! Sealed bids, who works on a job, and what escrow owes: the calls of `assay job` beside its life in `job`.

use super::amount::{format_units, parse_units};
use super::job::price_units;
use super::report::{Report, pair};
use super::session::{ConsoleError, Session};
use super::stake::COIN_DECIMALS;
use super::token::done;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolValue as _;
use assay_abi::escrow::{ESCROW, IEscrow as I, IEscrowBids as B};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken as T};
use serde_json::json;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuctionAction {
    /// Asks agents for bids.
    Open(NewAuction),
    /// Bids without saying the price.
    Commit {
        /// The job.
        job: U256,
        /// The agent.
        agent: U256,
        /// Its price.
        price: String,
        /// What hides the price; drawn where none is given.
        salt: Option<B256>,
    },
    /// Says the price of a sealed bid.
    Reveal {
        /// The job.
        job: U256,
        /// The agent.
        agent: U256,
        /// The price that was committed to.
        price: String,
        /// What hid it.
        salt: B256,
    },
    /// Frees the bonds of a job whose time is over, or that is ended.
    Release(U256),
    /// Names who works on an open job.
    SetProvider(U256, Address),
    /// Names the agent as which the signer works.
    SetAgent(U256, U256),
    /// What waits for an account; the signer where there is none.
    Credits(Option<Address>, Option<Address>),
    /// Pays the signer what waits for it.
    Withdraw(Option<Address>),
}

/// An auction that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuction {
    /// The job.
    pub job: U256,
    /// Seconds in which agents may bid.
    pub seconds: u64,
    /// Seconds after that in which sealed bids say their prices; `None`: bids are open.
    pub reveal: Option<u64>,
    /// Seconds that the winner has for the work at least.
    pub work_time: u64,
    /// Highest price.
    pub max_price: String,
    /// Coins that each bidder has at stake.
    pub bond: String,
}

/// Does it.
///
/// # Errors
/// See [`ConsoleError`].
pub async fn run(session: &Session, action: AuctionAction) -> Result<Report, ConsoleError> {
    match action {
        AuctionAction::Open(auction) => open(session, auction).await,
        AuctionAction::Commit { job, agent, price, salt } => commit(session, (job, agent), &price, salt).await,
        AuctionAction::Reveal { job, agent, price, salt } => {
            let units = price_units(session, &price).await?;
            let call = B::revealBidCall { jobId: job, agentId: agent, price: units, salt };
            let receipt = session.send(ESCROW, &call).await?;
            Ok(done(&receipt, &format!("agent {agent} bids {price} for job {job}")))
        }
        AuctionAction::Release(job) => {
            let receipt = session.send(ESCROW, &B::releaseBondsCall { jobId: job }).await?;
            Ok(done(&receipt, &format!("bonds of job {job} are free")))
        }
        AuctionAction::SetProvider(job, provider) => {
            let call = I::setProviderCall { jobId: job, provider, optParams: Bytes::new() };
            let receipt = session.send(ESCROW, &call).await?;
            Ok(done(&receipt, &format!("{provider} works on job {job}")))
        }
        AuctionAction::SetAgent(job, agent) => {
            let receipt = session.send(ESCROW, &I::setProviderAgentCall { jobId: job, agentId: agent }).await?;
            Ok(done(&receipt, &format!("agent {agent} works on job {job}")))
        }
        AuctionAction::Credits(account, token) => credits(session, account, token).await,
        AuctionAction::Withdraw(token) => {
            let token = token.unwrap_or(DEFAULT_TOKEN);
            let receipt = session.send(ESCROW, &I::withdrawCall { token }).await?;
            let taken: Option<I::Withdrawn> = receipt.event();
            let units = taken.map(|taken| taken.amount).unwrap_or_default();
            let amount = format_units(units, decimals(session, token).await?);
            Ok(done(&receipt, &format!("{amount} withdrawn")).with("amount", amount))
        }
    }
}

async fn decimals(session: &Session, token: Address) -> Result<u8, ConsoleError> {
    session.view(token, &T::decimalsCall {}).await
}

async fn open(session: &Session, auction: NewAuction) -> Result<Report, ConsoleError> {
    let NewAuction { job, seconds, reveal, work_time, max_price, bond } = auction;
    let until = session.now().await?.saturating_add(seconds);
    let call = B::openBidsCall {
        jobId: job,
        sealedBids: reveal.is_some(),
        bidUntil: until,
        revealUntil: until.saturating_add(reveal.unwrap_or_default()),
        workTime: work_time,
        maxPrice: price_units(session, &max_price).await?,
        bond: parse_units(&bond, COIN_DECIMALS)?,
    };
    let receipt = session.send(ESCROW, &call).await?;
    let then = reveal.map(|reveal| format!(", and their prices for {reveal} s after that")).unwrap_or_default();
    let report = done(&receipt, &format!("job {job} takes bids for {seconds} s{then}"));
    Ok(report.with("bidUntil", call.bidUntil).with("revealUntil", call.revealUntil))
}

/// What hides a price: nobody who does not know it can try prices.
fn new_salt() -> B256 {
    keccak256(PrivateKeySigner::random().to_bytes())
}

async fn commit(
    session: &Session,
    (job, agent): (U256, U256),
    price: &str,
    salt: Option<B256>,
) -> Result<Report, ConsoleError> {
    let units = price_units(session, price).await?;
    let salt = salt.unwrap_or_else(new_salt);
    let (chain, bidder) = (U256::from(session.chain_id()), session.account()?);
    let commitment = keccak256((chain, ESCROW, job, agent, bidder, units, salt).abi_encode());
    let receipt = session.send(ESCROW, &B::commitBidCall { jobId: job, agentId: agent, commitment }).await?;
    let what = format!("agent {agent} bids for job {job}; reveal with: job reveal-bid {job} {agent} {price} {salt}");
    Ok(done(&receipt, &what).with("salt", json!(salt)).with("commitment", json!(commitment)))
}

async fn credits(session: &Session, account: Option<Address>, token: Option<Address>) -> Result<Report, ConsoleError> {
    let account = account.map_or_else(|| session.account(), Ok)?;
    let token = token.unwrap_or(DEFAULT_TOKEN);
    let units = session.view(ESCROW, &I::creditOfCall { token, account }).await?;
    let amount = format_units(units, decimals(session, token).await?);
    let json = json!({ "account": account, "token": token, "credit": amount, "units": units.to_string() });
    Ok(Report::new(&json, vec![pair("account", account), pair("token", token), pair("credit", amount)]))
}
