//! Signed transactions and pool entries for tests.

use crate::mempool::{PoolTx, SenderState};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use assay_genesis::DEV_MNEMONIC;
use assay_primitives::CheckedTx;
use std::sync::{Arc, OnceLock};

/// The development account of an index.
pub fn signer(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::from_phrase(DEV_MNEMONIC).index(index).unwrap().build().unwrap()
}

/// A plain transfer on the development chain.
pub fn transfer(from: &PrivateKeySigner, nonce: u64, to: Address, value: u64, tip: u128) -> Bytes {
    sign(
        from,
        TxEip1559 {
            chain_id: assay_genesis::DEV_CHAIN_ID,
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: tip,
            to: TxKind::Call(to),
            value: U256::from(value),
            ..TxEip1559::default()
        },
    )
}

/// Signs and encodes.
pub fn sign(from: &PrivateKeySigner, tx: TxEip1559) -> Bytes {
    let signature = from.sign_hash_sync(&tx.signature_hash()).unwrap();
    TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into()
}

fn template() -> Arc<CheckedTx> {
    static TEMPLATE: OnceLock<Arc<CheckedTx>> = OnceLock::new();
    TEMPLATE.get_or_init(|| Arc::new(CheckedTx::recover(transfer(&signer(0), 0, Address::ZERO, 1, 1)).unwrap())).clone()
}

/// A pool entry with made-up numbers; what it carries is always the same transaction.
pub fn entry(sender: u8, nonce: u64, fee_cap: u128, tip_cap: u128, cost: u64, bytes: usize, salt: u64) -> PoolTx {
    let mut hash = B256::repeat_byte(sender);
    hash[8..16].copy_from_slice(&nonce.to_be_bytes());
    hash[16..24].copy_from_slice(&salt.to_be_bytes());
    PoolTx {
        tx: template(),
        hash,
        sender: Address::repeat_byte(sender),
        nonce,
        fee_cap,
        tip_cap,
        cost: U256::from(cost),
        bytes,
        authorities: Vec::new(),
    }
}

/// An account without code.
pub fn state(nonce: u64, balance: u64) -> SenderState {
    SenderState { nonce, balance: U256::from(balance), has_code: false }
}
