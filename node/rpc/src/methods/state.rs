//! `eth_`: accounts, storage, proofs.

use super::Table;
use crate::api::Api;
use crate::args::{Args, BlockArg, Slot};
use crate::error::{Answer, RpcError};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use assay_chain::{AccountRecord, BlockRef, StateView};
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use std::sync::Arc;

/// Most slots of one proof.
const PROOF_SLOTS_MAX: usize = 1024;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("eth_getBalance", balance)?;
    table.plain("eth_getTransactionCount", transaction_count)?;
    table.plain("eth_getCode", code)?;
    table.plain("eth_getStorageAt", storage_at)?;
    table.plain("eth_getAccountInfo", account_info)?;
    table.add("eth_getProof", proof)
}

fn fault(fault: impl std::fmt::Display) -> RpcError {
    RpcError::internal(&fault.to_string())
}

fn account(view: &dyn StateView, address: Address) -> Answer<AccountRecord> {
    Ok(view.account(address).map_err(fault)?.unwrap_or_default())
}

fn code_of(view: &dyn StateView, record: &AccountRecord) -> Answer<Bytes> {
    view.code(record.code_hash).map_err(fault)
}

fn balance(api: &Api, mut args: Args) -> Answer<U256> {
    let (address, block) = (args.required()?, args.block()?);
    args.end()?;
    Ok(account(&*api.chain.state(block)?, address)?.balance)
}

fn transaction_count(api: &Api, mut args: Args) -> Answer<U64> {
    let (address, block) = (args.required()?, args.optional()?.unwrap_or(BlockArg::Latest));
    args.end()?;
    if block == BlockArg::Pending {
        return Ok(U64::from(api.chain.pending_nonce(address)?));
    }
    Ok(U64::from(account(&*api.chain.state(block.reference())?, address)?.nonce))
}

fn code(api: &Api, mut args: Args) -> Answer<Bytes> {
    let (address, block) = (args.required()?, args.block()?);
    args.end()?;
    let view = api.chain.state(block)?;
    code_of(&*view, &account(&*view, address)?)
}

fn storage_at(api: &Api, mut args: Args) -> Answer<B256> {
    let (address, slot, block) = (args.required()?, args.required::<Slot>()?, args.block()?);
    args.end()?;
    let value = api.chain.state(block)?.storage(address, slot.number).map_err(fault)?;
    Ok(B256::from(value))
}

#[derive(Clone, Serialize)]
struct AccountView {
    balance: U256,
    nonce: U64,
    code: Bytes,
}

fn account_info(api: &Api, mut args: Args) -> Answer<AccountView> {
    let (address, block) = (args.required()?, args.block()?);
    args.end()?;
    let view = api.chain.state(block)?;
    let record = account(&*view, address)?;
    let code = code_of(&*view, &record)?;
    Ok(AccountView { balance: record.balance, nonce: U64::from(record.nonce), code })
}

#[derive(Clone, Serialize)]
struct SlotProofView {
    key: String,
    value: U256,
    proof: Vec<Bytes>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProofView {
    address: Address,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    storage_hash: B256,
    account_proof: Vec<Bytes>,
    storage_proof: Vec<SlotProofView>,
}

async fn proof(api: Arc<Api>, mut args: Args) -> Answer<ProofView> {
    let address: Address = args.required()?;
    let slots: Vec<Slot> = args.optional()?.unwrap_or_default();
    let block: BlockRef = args.block()?;
    args.end()?;
    if slots.len() > PROOF_SLOTS_MAX {
        let message = format!("too many keys in a proof: {}, at most {PROOF_SLOTS_MAX}", slots.len());
        return Err(RpcError::limit("too_many_slots", message, "maxSlots", PROOF_SLOTS_MAX as u64));
    }
    let proof = api.chain.proof(address, slots.iter().map(|slot| slot.number).collect(), block).await?;
    let storage_proof = slots.into_iter().zip(proof.slots);
    Ok(ProofView {
        address,
        balance: proof.balance,
        code_hash: proof.code_hash,
        nonce: U64::from(proof.nonce),
        storage_hash: proof.storage_root,
        account_proof: proof.proof,
        storage_proof: storage_proof
            .map(|(slot, proof)| SlotProofView { key: slot.text, value: proof.value, proof: proof.proof })
            .collect(),
    })
}
