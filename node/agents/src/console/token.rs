//! Native tokens, and any ERC-20 at an address.

use super::amount::{format_units, parse_units};
use super::report::{Report, pair, printable};
use super::session::{ConsoleError, Session};
use crate::node::Receipt;
use alloy_primitives::{Address, U256};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken as I, INativeTokenFactory as F, TOKEN_FACTORY};
use serde_json::json;

/// Tokens of one page.
const PAGE: u64 = 100;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAction {
    /// Name, supply, roles.
    Info,
    /// The native tokens of the chain.
    List,
    /// What an account has; the signer where none is named.
    Balance(Option<Address>),
    /// What a spender may take of an owner.
    Allowance(Address, Address),
    /// Moves an amount to an account.
    Transfer(Address, String),
    /// Lets a spender take an amount.
    Approve(Address, String),
    /// Makes an amount for an account.
    Mint(Address, String),
    /// Destroys an amount of the signer's.
    Burn(String),
    /// Makes a new native token, owned by the signer.
    Create {
        /// Name.
        name: String,
        /// Symbol.
        symbol: String,
        /// Digits after the point.
        decimals: u8,
    },
}

/// Does it.
///
/// # Errors
/// See [`ConsoleError`].
pub async fn run(session: &Session, token: Option<Address>, action: TokenAction) -> Result<Report, ConsoleError> {
    let token = token.unwrap_or(DEFAULT_TOKEN);
    match action {
        TokenAction::Info => info(session, token).await,
        TokenAction::List => list(session).await,
        TokenAction::Create { name, symbol, decimals } => create(session, name, symbol, decimals).await,
        TokenAction::Balance(account) => balance(session, token, account).await,
        TokenAction::Allowance(owner, spender) => {
            let units = session.view(token, &I::allowanceCall { owner, spender }).await?;
            let unit = Unit::of(session, token).await?;
            let json = json!({ "token": token, "owner": owner, "spender": spender, "units": units.to_string(), "amount": unit.show(units) });
            Ok(Report::new(&json, vec![vec![unit.words(units)]]))
        }
        TokenAction::Transfer(to, amount) => {
            let unit = Unit::of(session, token).await?;
            let value = unit.read(&amount)?;
            let receipt = session.send(token, &I::transferCall { to, value }).await?;
            Ok(done(&receipt, &format!("{} to {to}", unit.words(value))))
        }
        TokenAction::Approve(spender, amount) => {
            let unit = Unit::of(session, token).await?;
            let value = unit.read(&amount)?;
            let receipt = session.send(token, &I::approveCall { spender, value }).await?;
            Ok(done(&receipt, &format!("{spender} may take {}", unit.words(value))))
        }
        TokenAction::Mint(to, amount) => {
            let unit = Unit::of(session, token).await?;
            let value = unit.read(&amount)?;
            let receipt = session.send(token, &I::mintCall { to, amount: value }).await?;
            Ok(done(&receipt, &format!("{} made for {to}", unit.words(value))))
        }
        TokenAction::Burn(amount) => {
            let unit = Unit::of(session, token).await?;
            let value = unit.read(&amount)?;
            let receipt = session.send(token, &I::burnCall { amount: value }).await?;
            Ok(done(&receipt, &format!("{} destroyed", unit.words(value))))
        }
    }
}

/// How a token counts.
struct Unit {
    symbol: String,
    decimals: u8,
}

impl Unit {
    async fn of(session: &Session, token: Address) -> Result<Self, ConsoleError> {
        let decimals = session.view(token, &I::decimalsCall {}).await?;
        let symbol = printable(&session.view(token, &I::symbolCall {}).await?);
        Ok(Self { symbol, decimals })
    }

    fn read(&self, amount: &str) -> Result<U256, ConsoleError> {
        Ok(parse_units(amount, self.decimals)?)
    }

    fn show(&self, units: U256) -> String {
        format_units(units, self.decimals)
    }

    fn words(&self, units: U256) -> String {
        format!("{} {}", self.show(units), self.symbol)
    }
}

/// What a transaction did.
pub(super) fn done(receipt: &Receipt, what: &str) -> Report {
    let json = json!({
        "transaction": receipt.transaction_hash, "block": receipt.block_number.to::<u64>(),
        "gas": receipt.gas_used.to::<u64>(), "done": what,
    });
    let height = receipt.block_number;
    let lines = vec![pair("done", what), pair("transaction", receipt.transaction_hash), pair("block", height)];
    Report::new(&json, lines)
}

async fn info(session: &Session, token: Address) -> Result<Report, ConsoleError> {
    let unit = Unit::of(session, token).await?;
    let name = session.view(token, &I::nameCall {}).await?;
    let supply = session.view(token, &I::totalSupplyCall {}).await?;
    let mut json = json!({
        "token": token, "name": name, "symbol": unit.symbol, "decimals": unit.decimals,
        "supplyUnits": supply.to_string(), "supply": unit.show(supply),
    });
    let mut lines = vec![
        pair("token", token),
        pair("name", &name),
        pair("symbol", &unit.symbol),
        pair("decimals", unit.decimals),
        pair("supply", unit.words(supply)),
    ];
    // Other ERC-20 tokens have no issuer that can be asked.
    if assay_abi::token_id(token).is_some() {
        let owner = session.view(token, &I::ownerCall {}).await?;
        let paused = session.view(token, &I::pausedCall {}).await?;
        let version = session.view(token, &I::versionCall {}).await?;
        lines.extend([pair("owner", owner), pair("paused", paused), pair("version", &version)]);
        if let Some(fields) = json.as_object_mut() {
            fields.extend([
                ("owner".to_owned(), json!(owner)),
                ("paused".to_owned(), json!(paused)),
                ("version".to_owned(), json!(version)),
            ]);
        }
    }
    Ok(Report::new(&json, lines))
}

async fn balance(session: &Session, token: Address, account: Option<Address>) -> Result<Report, ConsoleError> {
    let account = account.map_or_else(|| session.account(), Ok)?;
    let units = session.view(token, &I::balanceOfCall { account }).await?;
    let unit = Unit::of(session, token).await?;
    let json = json!({ "token": token, "account": account, "units": units.to_string(), "amount": unit.show(units) });
    Ok(Report::new(&json, vec![vec![unit.words(units)]]))
}

async fn list(session: &Session) -> Result<Report, ConsoleError> {
    let (mut tokens, mut lines) = (Vec::new(), vec![["token", "symbol", "name", "supply"].map(str::to_owned).to_vec()]);
    let mut start = U256::ZERO;
    loop {
        let page = session.view(TOKEN_FACTORY, &F::tokensCall { start, count: U256::from(PAGE) }).await?;
        start = start.saturating_add(U256::from(page.page.len()));
        for token in page.page {
            let unit = Unit::of(session, token).await?;
            let name = session.view(token, &I::nameCall {}).await?;
            let supply = session.view(token, &I::totalSupplyCall {}).await?;
            lines.push(vec![token.to_string(), unit.symbol.clone(), printable(&name), unit.show(supply)]);
            tokens.push(json!({
                "token": token, "symbol": unit.symbol, "name": name, "decimals": unit.decimals,
                "supplyUnits": supply.to_string(), "supply": unit.show(supply),
            }));
        }
        if !page.more {
            return Ok(Report::new(&tokens, lines));
        }
    }
}

async fn create(session: &Session, name: String, symbol: String, decimals: u8) -> Result<Report, ConsoleError> {
    let owner = session.account()?;
    let receipt = session.send(TOKEN_FACTORY, &F::createTokenCall { name, symbol, decimals, owner }).await?;
    let made: F::TokenCreated =
        receipt.event().ok_or_else(|| ConsoleError::Answer("the receipt names no token".to_owned()))?;
    Ok(done(&receipt, &format!("token {}", made.token)).with("token", json!(made.token)))
}
