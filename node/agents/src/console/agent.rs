//! The ERC-8004 registries: who is registered, what is said of them.

use super::amount::parse_units;
use super::report::{Report, pair, printable};
use super::session::{ConsoleError, Session};
use super::token::done;
use alloy_primitives::{Address, B256, I256, U256};
use assay_abi::identity::IIdentityRegistry::{self as I, MetadataEntry};
use assay_abi::identity::{IReputationRegistry as R, Registries};
use serde_json::json;

/// Clients whose feedback is summed up.
const CLIENTS_MAX: u64 = 100;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentAction {
    /// Registers the signer's agent.
    Register {
        /// Where its registration file lies; may be empty.
        uri: String,
        /// Metadata by key.
        metadata: Vec<(String, String)>,
    },
    /// All of one agent.
    Show(U256),
    /// Agents in order of registration.
    List {
        /// The first.
        start: u64,
        /// How many at most.
        count: u64,
    },
    /// Says something of an agent.
    Feedback {
        /// The agent.
        agent: U256,
        /// Such as `87` or `-99.77`.
        value: String,
        /// Two tags.
        tags: [String; 2],
        /// What was used.
        endpoint: String,
        /// Where more is said.
        uri: String,
    },
}

/// Does it.
///
/// # Errors
/// See [`ConsoleError`].
pub async fn run(session: &Session, action: AgentAction) -> Result<Report, ConsoleError> {
    let registries = session.registries().await?;
    match action {
        AgentAction::Register { uri, metadata } => register(session, registries, uri, metadata).await,
        AgentAction::Show(agent) => show(session, registries, agent).await,
        AgentAction::List { start, count } => list(session, registries, start, count).await,
        AgentAction::Feedback { agent, value, tags: [tag1, tag2], endpoint, uri } => {
            let (value, decimals) = parse_value(&value)?;
            let call = R::giveFeedbackCall {
                agentId: agent,
                value,
                valueDecimals: decimals,
                tag1,
                tag2,
                endpoint,
                feedbackURI: uri,
                feedbackHash: B256::ZERO,
            };
            let receipt = session.send(registries.reputation, &call).await?;
            Ok(done(&receipt, &format!("feedback on agent {agent}")))
        }
    }
}

/// A value and the digits after its point, as feedback carries them.
pub(super) fn parse_value(text: &str) -> Result<(i128, u8), ConsoleError> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let wrong = || ConsoleError::Answer(format!("{text:?} is no value: at most 18 digits after the point, and 1e38"));
    let decimals = u8::try_from(decimals).ok().filter(|decimals| *decimals <= 18).ok_or_else(wrong)?;
    let units = parse_units(digits, decimals)?;
    let value = i128::try_from(units).map_err(|_| wrong())?;
    let value = if negative { value.checked_neg().ok_or_else(wrong)? } else { value };
    Ok((value, decimals))
}

async fn register(
    session: &Session,
    registries: Registries,
    uri: String,
    metadata: Vec<(String, String)>,
) -> Result<Report, ConsoleError> {
    let entry =
        |(key, value): (String, String)| MetadataEntry { metadataKey: key, metadataValue: value.into_bytes().into() };
    let call = I::register_2Call { agentURI: uri, metadata: metadata.into_iter().map(entry).collect() };
    let receipt = session.send(registries.identity, &call).await?;
    let made: I::Registered =
        receipt.event().ok_or_else(|| ConsoleError::Answer("the receipt names no agent".to_owned()))?;
    Ok(done(&receipt, &format!("agent {}", made.agentId)).with("agent", made.agentId.to_string()))
}

/// A sum of feedback, as people read it.
fn average(count: u64, value: i128, decimals: u8) -> String {
    let units = I256::try_from(value).unwrap_or_default().unsigned_abs();
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{} of {count}", super::amount::format_units(units, decimals))
}

async fn show(session: &Session, registries: Registries, agent: U256) -> Result<Report, ConsoleError> {
    let owner: Address = session.view(registries.identity, &I::ownerOfCall { tokenId: agent }).await?;
    let wallet = session.view(registries.identity, &I::getAgentWalletCall { agentId: agent }).await?;
    let uri = session.view(registries.identity, &I::tokenURICall { tokenId: agent }).await?;
    let page = R::getClientsPageCall { agentId: agent, offset: 0, limit: CLIENTS_MAX };
    let clients = session.view(registries.reputation, &page).await?;
    let feedback = if clients.clients.is_empty() {
        None
    } else {
        let call = R::getSummaryCall {
            agentId: agent,
            clientAddresses: clients.clients.clone(),
            tag1: String::new(),
            tag2: String::new(),
        };
        Some(session.view(registries.reputation, &call).await?)
    };
    let summary = feedback.map(|sum| (sum.count, sum.summaryValue, sum.summaryValueDecimals));
    let (count, value, decimals) = summary.unwrap_or_default();
    let json = json!({
        "agent": agent.to_string(), "owner": owner, "wallet": wallet, "uri": uri,
        "clients": clients.clients.len(), "moreClients": clients.truncated,
        "feedback": { "count": count, "value": value.to_string(), "decimals": decimals },
    });
    let more = if clients.truncated { " (the first ones)" } else { "" };
    let lines = vec![
        pair("agent", agent),
        pair("owner", owner),
        pair("wallet", wallet),
        pair("uri", &uri),
        pair("clients", format!("{}{more}", clients.clients.len())),
        pair("feedback", average(count, value, decimals)),
    ];
    Ok(Report::new(&json, lines))
}

async fn list(session: &Session, registries: Registries, start: u64, count: u64) -> Result<Report, ConsoleError> {
    let total: u64 = session.view(registries.identity, &I::totalSupplyCall {}).await?.saturating_to();
    let (mut agents, mut lines) = (Vec::new(), vec![["agent", "owner", "uri"].map(str::to_owned).to_vec()]);
    for index in start..start.saturating_add(count).min(total) {
        let agent = session.view(registries.identity, &I::tokenByIndexCall { index: U256::from(index) }).await?;
        let owner = session.view(registries.identity, &I::ownerOfCall { tokenId: agent }).await?;
        let uri = session.view(registries.identity, &I::tokenURICall { tokenId: agent }).await?;
        lines.push(vec![agent.to_string(), owner.to_string(), printable(&uri)]);
        agents.push(json!({ "agent": agent.to_string(), "owner": owner, "uri": uri }));
    }
    let json = json!({ "total": total, "start": start, "agents": agents });
    Ok(Report::new(&json, lines))
}
