//! `assay_getSupply`: how much there is of the native coin and of a native token.
//!
//! What was burned is the sum over all blocks. The server adds it up as it is asked for, at most [`STEP_MAX`] blocks per
//! request, and says up to which block it has: `burnedThroughBlock` is `blockNumber` once it has caught up.

use super::Table;
use crate::api::Api;
use crate::args::Args;
use crate::error::{Answer, INVALID_PARAMS, RpcError};
use alloy_primitives::{Address, U64, U256};
use assay_chain::{BlockRef, ReadError};
use assay_escrow::Facade;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::sync::Arc;

/// Blocks that one request adds to the sum.
const STEP_MAX: u64 = 4_096;

/// Base fees burned from the first block up to a height.
#[derive(Clone, Copy, Debug, Default)]
pub struct Burned {
    through: u64,
    wei: U256,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("assay_getSupply", supply)
}

/// Wei of the native coin. `circulating` = `genesis` - `reserve` - `burned`; `bonded` and `agentBonds` are part of it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CoinView {
    genesis: U256,
    reserve: U256,
    issued: U256,
    burned: Option<U256>,
    burned_through_block: Option<U64>,
    bonded: U256,
    agent_bonds: U256,
    circulating: Option<U256>,
}

/// Smallest units of a native token.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenView {
    address: Address,
    genesis: U256,
    total: U256,
    in_escrow: U256,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct SupplyView {
    block_number: U64,
    native: CoinView,
    token: Option<TokenView>,
}

/// What was burned up to a block, or up to an earlier one; `None` where the node keeps not all blocks.
async fn burned(api: &Api, head: u64) -> Answer<Option<Burned>> {
    let mut known = api.burned.lock().await;
    if known.through < head {
        let to = head.min(known.through + STEP_MAX);
        match api.chain.burned(known.through + 1, to).await {
            Ok(wei) => *known = Burned { through: to, wei: known.wei.saturating_add(wei) },
            Err(ReadError::UnknownBlock) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(*known))
}

async fn supply(api: Arc<Api>, mut args: Args) -> Answer<SupplyView> {
    let asked: Option<Address> = args.optional()?;
    args.end()?;
    let head = api.chain.head().number();
    let burned = burned(&api, head).await?;
    let token = asked.unwrap_or(assay_abi::token::DEFAULT_TOKEN);
    let facades = Facade::ALL.map(Facade::address);
    // Another request may have added later blocks: what is told is true of one block.
    let at = burned.map_or(head, |burned| burned.through.max(head));
    let read = api.chain.read_state(BlockRef::Number(at), move |_, view| {
        Ok((assay_staking::api::holdings(view)?, assay_token::api::supply_at(view, token, &facades)?))
    });
    let (staking, supply) = read.await?;
    if supply.is_none() && asked.is_some() {
        return Err(RpcError::new(INVALID_PARAMS, "unknown_token", "no native token has this address"));
    }
    let spec = api.chain.spec();
    let reserve = U256::from(staking.reserve);
    let position = assay_abi::token_id(token).and_then(|id| usize::try_from(id.checked_sub(1)?).ok());
    let genesis = position.and_then(|position| spec.token.tokens.get(position)).map(|token| token.total_supply);
    let complete = burned.filter(|burned| burned.through == at);
    Ok(SupplyView {
        block_number: U64::from(at),
        native: CoinView {
            genesis: spec.total_supply,
            reserve,
            issued: spec.staking.issuance.reserve.saturating_sub(reserve),
            burned: burned.map(|burned| burned.wei),
            burned_through_block: burned.map(|burned| U64::from(burned.through)),
            bonded: U256::from(staking.stake),
            agent_bonds: U256::from(staking.agent_bonds),
            circulating: complete.map(|burned| spec.total_supply.saturating_sub(reserve).saturating_sub(burned.wei)),
        },
        token: supply.map(|(total, in_escrow)| TokenView {
            address: token,
            genesis: genesis.unwrap_or_default(),
            total,
            in_escrow,
        }),
    })
}
