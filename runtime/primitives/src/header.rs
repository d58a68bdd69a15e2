//! The execution header: an Ethereum header (Osaka fields) whose unused fields are fixed.

use crate::BlockId;
use alloy_consensus::constants::EMPTY_OMMER_ROOT_HASH;
use alloy_consensus::{EMPTY_ROOT_HASH, Header};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256, b256};

/// An execution header; its hash is keccak(RLP(header)), as Ethereum's clients compute it.
pub type ExecutionHeader = Header;

/// `requestsHash` of a block without execution requests: SHA-256 of nothing (EIP-7685).
pub const EMPTY_REQUESTS_HASH: B256 = b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/// The fields of an execution header that differ from block to block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderParts {
    /// Hash of the previous execution header.
    pub parent_hash: B256,
    /// Height.
    pub number: u64,
    /// Block time in whole seconds; never below the parent's, equal is allowed.
    pub timestamp: u64,
    /// The creator's fee address.
    pub beneficiary: Address,
    /// Header randomness, in `mixHash`.
    pub randomness: B256,
    /// State root after the block.
    pub state_root: B256,
    /// Root over the block's transactions (item 1 onwards, and the system transaction where there is one).
    pub transactions_root: B256,
    /// Root over the receipts of the same transactions.
    pub receipts_root: B256,
    /// Bloom over all logs.
    pub logs_bloom: Bloom,
    /// Gas limit of the block.
    pub gas_limit: u64,
    /// Gas used by the block.
    pub gas_used: u64,
    /// EIP-1559 base fee per gas, in wei.
    pub base_fee_per_gas: u64,
    /// 32 bytes of extra data: id of the ordering block (genesis: hash of the chain specification).
    pub extra_data: BlockId,
}

impl HeaderParts {
    /// The whole header, with the fixed fields of this chain: no ommers, no withdrawals, no blobs, no beacon root.
    pub fn into_header(self) -> ExecutionHeader {
        Header {
            parent_hash: self.parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: self.beneficiary,
            state_root: self.state_root,
            transactions_root: self.transactions_root,
            receipts_root: self.receipts_root,
            logs_bloom: self.logs_bloom,
            difficulty: U256::ZERO,
            number: self.number,
            gas_limit: self.gas_limit,
            gas_used: self.gas_used,
            timestamp: self.timestamp,
            extra_data: Bytes::copy_from_slice(self.extra_data.0.as_slice()),
            mix_hash: self.randomness,
            nonce: B64::ZERO,
            base_fee_per_gas: Some(self.base_fee_per_gas),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        }
    }
}
