//! `eth_fillTransaction`: what is missing in a transaction before it can be signed, in one call.

use super::Table;
use super::calls::request;
use crate::api::Api;
use crate::args::Args;
use crate::error::{Answer, RpcError};
use crate::wire::TransactionView;
use alloy_consensus::TxEnvelope;
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Bytes, Signature, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use assay_chain::{BlockRef, CallQuery};
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::sync::Arc;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.add("eth_fillTransaction", fill)
}

/// The transaction with a signature of zeros.
#[derive(Clone, Serialize)]
struct Filled {
    raw: Bytes,
    tx: TransactionView,
}

async fn fill(api: Arc<Api>, mut args: Args) -> Answer<Filled> {
    let mut request = request(&mut args)?;
    args.end()?;
    let from = request.from.unwrap_or_default();
    let chain_id = api.chain.spec().chain_id;
    if let Some(given) = request.chain_id.filter(|given| *given != chain_id) {
        return Err(RpcError::params(format!("chainId does not match node's (have={given}, want={chain_id})")));
    }
    request.chain_id = Some(chain_id);
    request.to.get_or_insert(TxKind::Create);
    request.value.get_or_insert(U256::ZERO);
    fill_fees(&api, &mut request)?;
    if request.nonce.is_none() {
        request.nonce = Some(api.chain.pending_nonce(from)?);
    }
    if request.gas.is_none() {
        let query = CallQuery::new(request.clone(), BlockRef::Latest);
        request.gas = Some(api.chain.estimate_gas(query).await?);
    }
    let unsigned = request.build_typed_tx().map_err(|_| RpcError::params("the fields make no transaction"))?;
    let envelope: TxEnvelope = unsigned
        .into_envelope(Signature::new(U256::ZERO, U256::ZERO, false))
        .try_into_pooled()
        .map_err(|_| RpcError::params("blob transactions are not supported on this chain"))?
        .into();
    Ok(Filled { raw: Bytes::from(envelope.encoded_2718()), tx: TransactionView::signed(&envelope, from, None) })
}

/// A fee cap of twice the base fee lasts through several full blocks.
fn fill_fees(api: &Api, request: &mut TransactionRequest) -> Answer<()> {
    let dynamic = request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
    if request.gas_price.is_some() {
        if dynamic {
            let message = "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified";
            return Err(RpcError::params(message));
        }
        return Ok(());
    }
    if matches!(request.transaction_type, Some(0 | 1)) {
        if dynamic {
            return Err(RpcError::params("maxFeePerGas does not fit this transaction type"));
        }
        request.gas_price = Some(u128::from(api.chain.next_base_fee()).saturating_add(api.chain.suggested_tip()));
        return Ok(());
    }
    let tip = *request.max_priority_fee_per_gas.get_or_insert_with(|| {
        let tip = api.chain.suggested_tip();
        request.max_fee_per_gas.map_or(tip, |cap| tip.min(cap))
    });
    let cap = *request
        .max_fee_per_gas
        .get_or_insert_with(|| u128::from(api.chain.next_base_fee()).saturating_mul(2).saturating_add(tip));
    if cap < tip {
        return Err(RpcError::params(format!("maxFeePerGas ({cap}) < maxPriorityFeePerGas ({tip})")));
    }
    Ok(())
}
