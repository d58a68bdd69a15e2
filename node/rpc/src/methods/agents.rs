//! `assay_getAgents`: registered agents by page.

use super::Table;
use crate::api::Api;
use crate::args::{Args, Quantity};
use crate::error::Answer;
use crate::page::{Order, Page, bad_cursor, filter};
use alloy_primitives::{Address, B256, U64, U256};
use assay_identity::reads::{self, Profile};
use assay_identity::registries::registries_of;
use jsonrpsee::server::RegisterMethodError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("assay_getAgents", agents)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AgentFilter {
    owner: Option<Address>,
    cursor: Option<Value>,
    limit: Option<Quantity>,
    #[serde(default)]
    order: Order,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifiedView {
    count: U64,
    score_hundredths: U64,
    weight: U256,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentView {
    agent_id: U64,
    owner: Address,
    wallet: Option<Address>,
    uri: String,
    clients: U64,
    verified: VerifiedView,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentsView {
    block_number: U64,
    block_hash: B256,
    total: U64,
    agents: Vec<AgentView>,
    next_cursor: Option<U64>,
}

impl AgentView {
    fn new(id: u64, agent: Profile) -> Self {
        Self {
            agent_id: U64::from(id),
            owner: agent.owner,
            wallet: agent.wallet,
            uri: agent.uri,
            clients: U64::from(agent.clients),
            verified: VerifiedView {
                count: U64::from(agent.verified.count),
                score_hundredths: U64::from(agent.verified.score_hundredths),
                weight: agent.verified.weight,
            },
        }
    }
}

async fn agents(api: Arc<Api>, mut args: Args) -> Answer<AgentsView> {
    let wanted: AgentFilter = filter(args.optional()?)?;
    let block = args.block()?;
    args.end()?;
    let page = Page::new(wanted.cursor.as_ref(), wanted.limit, wanted.order)?;
    let registries = registries_of(api.chain.spec().kind);
    let answer = api.chain.read_state(block, move |block, view| {
        let total = reads::count(view, registries)?;
        // Ids begin with 0, the system's agent.
        let range = if total == 0 { (1, 0) } else { (0, total - 1) };
        let found = page.collect(range, |id| {
            if let Some(owner) = wanted.owner
                && reads::owner(view, registries, id)? != Some(owner)
            {
                return Ok(None);
            }
            Ok(reads::profile(view, registries, id)?.map(|agent| AgentView::new(id, agent)))
        })?;
        Ok(found.map(|found| AgentsView {
            block_number: U64::from(block.number()),
            block_hash: block.hash,
            total: U64::from(total),
            agents: found.entries,
            next_cursor: found.next,
        }))
    });
    answer.await?.ok_or_else(bad_cursor)
}
