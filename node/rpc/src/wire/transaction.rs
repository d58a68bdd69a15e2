//! Transactions: signed ones of types 0, 1, 2 and 4, and the chain's own of type 0x7e.

use alloy_consensus::{Transaction, TxEnvelope, Typed2718};
use alloy_eips::eip2930::AccessList;
use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use assay_chain::{CommittedBlock, CommittedTx, TxLocation};
use assay_primitives::{CheckedTx, TxKind2718};
use serde::Serialize;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    block_hash: B256,
    block_number: u64,
    timestamp: u64,
    base_fee: Option<u64>,
    index: u64,
}

/// A transaction. One that waits in the pool has nulls for its place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    block_hash: Option<B256>,
    #[serde(with = "alloy_serde::quantity::opt")]
    block_number: Option<u64>,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    block_timestamp: Option<u64>,
    #[serde(with = "alloy_serde::quantity::opt")]
    transaction_index: Option<u64>,
    hash: B256,
    from: Address,
    to: Option<Address>,
    #[serde(with = "alloy_serde::quantity")]
    nonce: u64,
    #[serde(with = "alloy_serde::quantity")]
    gas: u64,
    #[serde(with = "alloy_serde::quantity")]
    gas_price: u128,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    max_fee_per_gas: Option<u128>,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    max_priority_fee_per_gas: Option<u128>,
    value: U256,
    input: Bytes,
    #[serde(rename = "type", with = "alloy_serde::quantity")]
    tx_type: u8,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    chain_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_list: Option<AccessList>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_list: Option<Vec<SignedAuthorization>>,
    v: U256,
    r: U256,
    s: U256,
    #[serde(with = "alloy_serde::quantity::opt", skip_serializing_if = "Option::is_none")]
    y_parity: Option<u64>,
}

impl Place {
    fn new(block: &CommittedBlock, index: usize) -> Self {
        Self {
            block_hash: block.hash,
            block_number: block.number(),
            timestamp: block.header.timestamp,
            base_fee: block.header.base_fee_per_gas,
            index: index as u64,
        }
    }
}

impl TransactionView {
    /// The transaction at a position of a block.
    pub fn committed(block: &CommittedBlock, index: usize) -> Option<Self> {
        let tx = block.transactions.get(index)?;
        let place = Place::new(block, index);
        Some(match &tx.envelope {
            Some(envelope) => Self::signed(envelope, tx.sender, Some(place)),
            None => Self::system(tx, place),
        })
    }

    /// A transaction that was looked up.
    pub fn located(location: &TxLocation) -> Option<Self> {
        Self::committed(&location.block, location.index)
    }

    /// All transactions of a block.
    pub fn all(block: &CommittedBlock) -> Vec<Self> {
        (0..block.transactions.len()).filter_map(|index| Self::committed(block, index)).collect()
    }

    /// A transaction that waits in the pool.
    pub fn pooled(tx: &CheckedTx) -> Self {
        Self::signed(tx.envelope(), tx.sender(), None)
    }

    /// A signed transaction, or one that would only need a signature.
    pub fn signed(envelope: &TxEnvelope, from: Address, place: Option<Place>) -> Self {
        let signature = envelope.signature();
        let legacy = envelope.is_legacy();
        let dynamic = envelope.is_dynamic_fee();
        Self {
            block_hash: place.map(|place| place.block_hash),
            block_number: place.map(|place| place.block_number),
            block_timestamp: place.map(|place| place.timestamp),
            transaction_index: place.map(|place| place.index),
            hash: *envelope.tx_hash(),
            from,
            to: envelope.to(),
            nonce: envelope.nonce(),
            gas: envelope.gas_limit(),
            gas_price: envelope.effective_gas_price(place.and_then(|place| place.base_fee)),
            max_fee_per_gas: dynamic.then(|| envelope.max_fee_per_gas()),
            max_priority_fee_per_gas: envelope.max_priority_fee_per_gas(),
            value: envelope.value(),
            input: envelope.input().clone(),
            tx_type: envelope.ty(),
            chain_id: envelope.chain_id(),
            access_list: envelope.access_list().cloned(),
            authorization_list: envelope.authorization_list().map(<[SignedAuthorization]>::to_vec),
            v: recovery_value(signature, legacy, envelope.chain_id()),
            r: signature.r(),
            s: signature.s(),
            y_parity: (!legacy).then(|| u64::from(signature.v())),
        }
    }

    /// A system transaction. Nobody signed it, it moves nothing and pays nothing; its nonce is the height.
    fn system(tx: &CommittedTx, place: Place) -> Self {
        Self {
            block_hash: Some(place.block_hash),
            block_number: Some(place.block_number),
            block_timestamp: Some(place.timestamp),
            transaction_index: Some(place.index),
            hash: tx.hash,
            from: tx.sender,
            to: Some(Address::ZERO),
            nonce: place.block_number,
            gas: 0,
            gas_price: 0,
            max_fee_per_gas: None,
            max_priority_fee_per_gas: None,
            value: U256::ZERO,
            input: Bytes::new(),
            tx_type: TxKind2718::System as u8,
            chain_id: None,
            access_list: None,
            authorization_list: None,
            v: U256::ZERO,
            r: U256::ZERO,
            s: U256::ZERO,
            y_parity: None,
        }
    }
}

/// `v` as it stands in the transaction: with the chain id where a legacy signature protects it (EIP-155), else parity.
fn recovery_value(signature: &Signature, legacy: bool, chain_id: Option<u64>) -> U256 {
    let parity = U256::from(u8::from(signature.v()));
    match (legacy, chain_id) {
        (true, Some(chain_id)) => U256::from(chain_id) * U256::from(2) + U256::from(35) + parity,
        (true, None) => U256::from(27) + parity,
        (false, _) => parity,
    }
}
