//! What development tools probe for, on a development chain only.

use super::Table;
use crate::api::Api;
use crate::args::Args;
use crate::error::Answer;
use alloy_primitives::B256;
use jsonrpsee::server::RegisterMethodError;
use serde_json::{Value, json};

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("anvil_nodeInfo", node_info)?;
    table.plain("hardhat_metadata", metadata)
}

fn node_info(api: &Api, args: Args) -> Answer<Value> {
    args.end()?;
    let head = api.chain.head();
    Ok(json!({
        "currentBlockNumber": head.number(),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": head.hash,
        "hardFork": "Osaka",
        "transactionOrder": "fees",
        "environment": {
            "baseFee": format!("{:#x}", api.chain.next_base_fee()),
            "chainId": api.chain.spec().chain_id,
            "gasLimit": head.header.gas_limit,
            "gasPrice": format!("{:#x}", u128::from(api.chain.next_base_fee()) + api.chain.suggested_tip()),
        },
        "forkConfig": { "forkUrl": null, "forkBlockNumber": null, "forkRetryBackoff": null },
    }))
}

fn metadata(api: &Api, args: Args) -> Answer<Value> {
    args.end()?;
    let head = api.chain.head();
    let genesis: B256 = api.block(assay_chain::BlockRef::Number(0))?.hash;
    Ok(json!({
        "clientVersion": api.config.client_version,
        "chainId": api.chain.spec().chain_id,
        "instanceId": genesis,
        "latestBlockNumber": head.number(),
        "latestBlockHash": head.hash,
    }))
}
