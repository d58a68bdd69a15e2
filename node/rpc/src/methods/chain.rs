//! `eth_`: the chain itself.

use super::Table;
use crate::api::{Api, Syncing};
use crate::args::Args;
use crate::error::Answer;
use alloy_primitives::{Address, B256, U64};
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("eth_chainId", |api, _| Ok(U64::from(api.chain.spec().chain_id)))?;
    table.plain("eth_blockNumber", |api, _| Ok(U64::from(api.chain.head().number())))?;
    table.plain("eth_syncing", |api, _| Ok((api.network.syncing)().map_or(SyncStatus::No(false), SyncStatus::Yes)))?;
    table.plain("eth_accounts", |_, _| Ok(Vec::<Address>::new()))?;
    table.plain("eth_mining", |_, _| Ok(false))?;
    table.plain("eth_capabilities", capabilities)
}

/// `false`, or how far the node is.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum SyncStatus {
    No(bool),
    Yes(Syncing),
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    disabled: bool,
    oldest_block: U64,
}

#[derive(Clone, Serialize)]
struct HeadOf {
    number: U64,
    hash: B256,
}

/// From which block on what can be asked for.
#[derive(Clone, Serialize)]
struct Capabilities {
    head: HeadOf,
    state: Kept,
    tx: Kept,
    logs: Kept,
    receipts: Kept,
    blocks: Kept,
    stateproofs: Kept,
}

/// State proofs go back as far as the store keeps trie history, whatever the history of the flat state.
const PROOF_HEIGHTS: u64 = 128;

fn capabilities(api: &Api, args: Args) -> Answer<Capabilities> {
    args.end()?;
    let head = api.chain.head();
    let kept = |oldest: u64| Kept { disabled: false, oldest_block: U64::from(oldest) };
    let oldest_state = api.chain.oldest_state();
    Ok(Capabilities {
        head: HeadOf { number: U64::from(head.number()), hash: head.hash },
        state: kept(oldest_state),
        tx: kept(0),
        logs: kept(0),
        receipts: kept(0),
        blocks: kept(0),
        stateproofs: kept(oldest_state.max(head.number().saturating_sub(PROOF_HEIGHTS))),
    })
}
