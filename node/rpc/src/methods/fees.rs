//! `eth_`: fees.

use super::Table;
use crate::api::Api;
use crate::args::{Args, BlockArg, Quantity};
use crate::error::{Answer, RpcError};
use alloy_primitives::{U64, U128, U256};
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::sync::Arc;

/// Most blocks of a fee history.
const HISTORY_BLOCKS_MAX: u64 = 1024;
/// Most percentiles per block.
const PERCENTILES_MAX: usize = 100;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("eth_gasPrice", |api, _| {
        Ok(U256::from(api.chain.next_base_fee()) + U256::from(api.chain.suggested_tip()))
    })?;
    table.plain("eth_maxPriorityFeePerGas", |api, _| Ok(U128::from(api.chain.suggested_tip())))?;
    table.plain("eth_baseFee", |api, _| Ok(U64::from(api.chain.next_base_fee())))?;
    table.add("eth_feeHistory", fee_history)
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct FeeHistoryView {
    oldest_block: U64,
    base_fee_per_gas: Vec<U64>,
    gas_used_ratio: Vec<f64>,
    base_fee_per_blob_gas: Vec<U64>,
    blob_gas_used_ratio: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<Vec<Vec<U128>>>,
}

async fn fee_history(api: Arc<Api>, mut args: Args) -> Answer<FeeHistoryView> {
    let Quantity(count) = args.required()?;
    let newest = args.required::<BlockArg>()?.reference();
    let percentiles: Option<Vec<f64>> = args.optional()?;
    args.end()?;
    let wanted = percentiles.clone().unwrap_or_default();
    if wanted.len() > PERCENTILES_MAX {
        return Err(RpcError::params(format!("over the query limit {PERCENTILES_MAX} of percentiles")));
    }
    if wanted.iter().any(|p| !(0.0..=100.0).contains(p)) || !wanted.is_sorted() {
        return Err(RpcError::params("invalid reward percentile: they must rise, from 0 to 100"));
    }
    let history = api.chain.fee_history(count.min(HISTORY_BLOCKS_MAX), newest, wanted).await?;
    Ok(FeeHistoryView {
        oldest_block: U64::from(history.oldest),
        // There are no blobs on this chain; clients still expect the fields.
        base_fee_per_blob_gas: vec![U64::ZERO; history.base_fees.len()],
        blob_gas_used_ratio: vec![0.0; history.gas_used_ratios.len()],
        base_fee_per_gas: history.base_fees.into_iter().map(U64::from).collect(),
        gas_used_ratio: history.gas_used_ratios,
        reward: percentiles
            .map(|_| history.rewards.into_iter().map(|tips| tips.into_iter().map(U128::from).collect()).collect()),
    })
}
