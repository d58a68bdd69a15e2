//! What the executor is asked to run: a signed transaction, or a call that nobody signed.

use alloy_consensus::Transaction as _;
use alloy_eips::Typed2718 as _;
use alloy_eips::eip2930::AccessList;
use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use assay_primitives::CheckedTx;

/// A transaction without its signature.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TxRequest {
    /// EIP-2718 type.
    pub tx_type: u8,
    /// Sender.
    pub caller: Address,
    /// Callee, or creation.
    pub kind: TxKind,
    /// Wei to send.
    pub value: U256,
    /// Input data or init code.
    pub data: Bytes,
    /// Gas limit.
    pub gas_limit: u64,
    /// Fee cap per gas (types 2 to 4), or the gas price (types 0 and 1), in wei.
    pub max_fee_per_gas: u128,
    /// Priority fee cap per gas in wei; `None` for types 0 and 1.
    pub max_priority_fee_per_gas: Option<u128>,
    /// Nonce; `None`: the one that the sender's account has.
    pub nonce: Option<u64>,
    /// Chain id; `None`: not protected by EIP-155.
    pub chain_id: Option<u64>,
    /// EIP-2930 access list.
    pub access_list: AccessList,
    /// EIP-7702 authorisations.
    pub authorization_list: Vec<SignedAuthorization>,
    /// EIP-4844 versioned hashes.
    pub blob_hashes: Vec<B256>,
    /// EIP-4844 fee cap per blob gas, in wei.
    pub max_fee_per_blob_gas: u128,
}

impl TxRequest {
    /// A signed transaction.
    pub fn from_checked(tx: &CheckedTx) -> Self {
        let envelope = tx.envelope();
        Self {
            tx_type: envelope.ty(),
            caller: tx.sender(),
            kind: envelope.kind(),
            value: envelope.value(),
            data: envelope.input().clone(),
            gas_limit: envelope.gas_limit(),
            max_fee_per_gas: envelope.max_fee_per_gas(),
            max_priority_fee_per_gas: envelope.max_priority_fee_per_gas(),
            nonce: Some(envelope.nonce()),
            chain_id: envelope.chain_id(),
            access_list: envelope.access_list().cloned().unwrap_or_default(),
            authorization_list: envelope.authorization_list().map(<[_]>::to_vec).unwrap_or_default(),
            blob_hashes: envelope.blob_versioned_hashes().map(<[_]>::to_vec).unwrap_or_default(),
            max_fee_per_blob_gas: envelope.max_fee_per_blob_gas().unwrap_or_default(),
        }
    }
}
