//! Transactions: decoding, sender recovery, and the proof in the type system that both happened.

use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_eips::eip2718::Decodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy_rlp::Encodable as _;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, SECP256K1};
use thiserror::Error;

/// Largest raw transaction, in bytes (as in Ethereum's pools).
pub const TX_BYTES_MAX: usize = 128 * 1024;

/// EIP-2718 types this chain knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TxKind2718 {
    /// Legacy.
    Legacy = 0x00,
    /// EIP-2930, access lists.
    AccessList = 0x01,
    /// EIP-1559, dynamic fees.
    DynamicFee = 0x02,
    /// EIP-7702, set code.
    SetCode = 0x04,
    /// Assay's system transaction, made by the chain at the end of a block whose native modules emitted logs.
    System = 0x7e,
}

/// Why raw bytes are no transaction of this chain.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TxError {
    /// Over [`TX_BYTES_MAX`].
    #[error("oversized data: transaction size {size}, limit {TX_BYTES_MAX}")]
    TooLarge {
        /// Size given, in bytes.
        size: usize,
    },
    /// Not the EIP-2718 encoding of a known type, or bytes left over.
    #[error("rlp: {0}")]
    Malformed(String),
    /// EIP-4844 transactions: this chain carries no blobs.
    #[error("blob transactions (type 3) are not supported on this chain")]
    Blob,
    /// The signature is no valid signature, or its `s` is in the upper half (EIP-2).
    #[error("invalid sender: {0}")]
    Signature(&'static str),
}

/// A decoded transaction whose signature was recovered; only [`CheckedTx::recover`] builds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedTx {
    envelope: TxEnvelope,
    sender: Address,
    raw: Bytes,
}

impl CheckedTx {
    /// Decodes raw EIP-2718 bytes and recovers the sender (about 40 microseconds).
    ///
    /// # Errors
    /// See [`TxError`]. Chain id, nonce and funds are not looked at here.
    pub fn recover(raw: Bytes) -> Result<Self, TxError> {
        if raw.len() > TX_BYTES_MAX {
            return Err(TxError::TooLarge { size: raw.len() });
        }
        let mut rest = raw.as_ref();
        let envelope = TxEnvelope::decode_2718(&mut rest).map_err(|e| TxError::Malformed(e.to_string()))?;
        if !rest.is_empty() {
            return Err(TxError::Malformed("trailing bytes after the transaction".to_owned()));
        }
        let (signature, signing_hash) = match &envelope {
            TxEnvelope::Legacy(tx) => (tx.signature(), tx.signature_hash()),
            TxEnvelope::Eip2930(tx) => (tx.signature(), tx.signature_hash()),
            TxEnvelope::Eip1559(tx) => (tx.signature(), tx.signature_hash()),
            TxEnvelope::Eip7702(tx) => (tx.signature(), tx.signature_hash()),
            TxEnvelope::Eip4844(_) => return Err(TxError::Blob),
        };
        let sender = recover_sender(signature, signing_hash)?;
        Ok(Self { envelope, sender, raw })
    }

    /// The decoded transaction.
    pub const fn envelope(&self) -> &TxEnvelope {
        &self.envelope
    }

    /// Who signed.
    pub const fn sender(&self) -> Address {
        self.sender
    }

    /// The raw bytes as they were received.
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// keccak of the raw bytes.
    pub fn hash(&self) -> B256 {
        *self.envelope.tx_hash()
    }

    /// The nonce.
    pub fn nonce(&self) -> u64 {
        self.envelope.nonce()
    }

    /// The most this transaction can take from its sender: gas limit times fee cap, plus value.
    pub fn cost_max(&self) -> U256 {
        let gas = U256::from(self.envelope.gas_limit());
        let fee = gas.saturating_mul(U256::from(self.envelope.max_fee_per_gas()));
        fee.saturating_add(self.envelope.value())
    }
}

/// Recovers the address that made a signature over a hash; refuses upper-half `s` (EIP-2).
///
/// # Errors
/// `Signature` with the reason.
pub fn recover_sender(signature: &Signature, hash: B256) -> Result<Address, TxError> {
    if signature.normalize_s().is_some() {
        return Err(TxError::Signature("s is in the upper half of the curve order"));
    }
    let id = if signature.v() { RecoveryId::One } else { RecoveryId::Zero };
    let mut compact = [0u8; 64];
    let (r, s) = compact.split_at_mut(32);
    r.copy_from_slice(&signature.r().to_be_bytes::<32>());
    s.copy_from_slice(&signature.s().to_be_bytes::<32>());
    let signature =
        RecoverableSignature::from_compact(&compact, id).map_err(|_| TxError::Signature("r or s out of range"))?;
    let key = SECP256K1
        .recover_ecdsa(Message::from_digest(hash.0), &signature)
        .map_err(|_| TxError::Signature("no public key matches"))?;
    Ok(Address::from_raw_public_key(key.serialize_uncompressed().get(1..).unwrap_or_default()))
}

/// The system transaction of a height: `0x7e || rlp([height])`.
pub fn system_transaction(height: u64) -> Bytes {
    let mut payload = Vec::new();
    height.encode(&mut payload);
    let mut out = vec![TxKind2718::System as u8];
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    out.extend_from_slice(&payload);
    Bytes::from(out)
}

/// Hash of a raw transaction of any type.
pub fn raw_hash(raw: &[u8]) -> B256 {
    keccak256(raw)
}
