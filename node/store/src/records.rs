//! What callers hand to the store and get back, with its stored encodings.

use crate::commitment::PreparedState;
use alloy_primitives::{Address, B256, Bytes, Log, LogData};
use assay_primitives::{
    Block, BlockId, CommitCertificate, ConsensusAddress, ExecutionHeader, Fault, Height, Receipt, Round,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// Where the executed state stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Height.
    pub height: Height,
    /// Id of its ordering block; zero at genesis.
    pub block_id: BlockId,
    /// Hash of its execution header.
    pub hash: B256,
    /// Its execution header.
    pub header: ExecutionHeader,
}

/// The highest decided block; it may be above the executed state, which then catches up by replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DecidedHead {
    /// Height.
    pub height: Height,
    /// Id of its ordering block.
    pub block_id: BlockId,
}

/// A receipt with what RPC adds to it, so that serving it needs no execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRecord {
    /// The receipt as it stands in the receipts trie.
    pub receipt: Receipt,
    /// Hash of the transaction.
    pub tx_hash: B256,
    /// Who sent it; zero for the system transaction.
    pub sender: Address,
    /// Gas used by this transaction alone.
    pub gas_used: u64,
    /// Price paid per gas, in wei.
    pub effective_gas_price: u128,
    /// Contract created at top level.
    pub contract_address: Option<Address>,
    /// Return or revert data, empty where the caller does not keep it.
    pub output: Bytes,
}

/// Place of a transaction in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxLocation {
    /// Height of its block.
    pub height: Height,
    /// Position among the block's transactions, from 0.
    pub index: u32,
}

/// A proposal seen or made but not decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndecidedRecord {
    /// Round in which it was proposed.
    pub round: Round,
    /// Round of its polka when it was proposed again.
    pub valid_round: Option<Round>,
    /// Who proposed it in that round.
    pub proposer: ConsensusAddress,
    /// The block; its height is the proposal's.
    pub block: Block,
    /// What the application said of it.
    pub accepted: bool,
}

/// A decided block with the certificate this node holds for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedBlock {
    /// Canonical bytes of the ordering block.
    pub block: Vec<u8>,
    /// The certificate.
    pub certificate: CommitCertificate,
}

/// The outcome of executing a decided block, to be installed in one batch.
#[derive(Debug)]
pub struct ApplyBlock<'a> {
    /// Id of the ordering block.
    pub block_id: BlockId,
    /// The sealed execution header; its number is the height.
    pub header: &'a ExecutionHeader,
    /// What [`crate::Store::prepare`] made of the block's state changes.
    pub prepared: PreparedState,
    /// One record per transaction, the system transaction last where there is one.
    pub receipts: &'a [ReceiptRecord],
    /// Raw bytes of the system transaction; all others lie in the ordering block.
    pub system_transaction: Option<Bytes>,
}

/// A header with its hash, as stored.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct HeaderRecord {
    pub hash: B256,
    pub rlp: Vec<u8>,
    pub block_id: BlockId,
    pub system_transaction: Option<Vec<u8>>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct LogRecord {
    address: Address,
    topics: Vec<B256>,
    data: Vec<u8>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredReceipt {
    tx_type: u8,
    success: bool,
    cumulative_gas_used: u64,
    logs: Vec<LogRecord>,
    tx_hash: B256,
    sender: Address,
    gas_used: u64,
    effective_gas_price: u128,
    contract_address: Option<Address>,
    output: Vec<u8>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredProposal {
    round: Round,
    valid_round: Option<Round>,
    proposer: ConsensusAddress,
    accepted: bool,
    block: Vec<u8>,
}

/// Decodes a whole borsh value written by this crate.
pub(crate) fn decode<T: BorshDeserialize>(what: &str, bytes: &[u8]) -> Result<T, Fault> {
    T::try_from_slice(bytes).map_err(|error| Fault::corrupt(format!("{what}: {error}")))
}

pub(crate) fn encode_receipts(records: &[ReceiptRecord]) -> Vec<u8> {
    let stored: Vec<StoredReceipt> = records
        .iter()
        .map(|record| StoredReceipt {
            tx_type: record.receipt.tx_type,
            success: record.receipt.success,
            cumulative_gas_used: record.receipt.cumulative_gas_used,
            logs: record
                .receipt
                .logs
                .iter()
                .map(|log| LogRecord {
                    address: log.address,
                    topics: log.topics().to_vec(),
                    data: log.data.data.to_vec(),
                })
                .collect(),
            tx_hash: record.tx_hash,
            sender: record.sender,
            gas_used: record.gas_used,
            effective_gas_price: record.effective_gas_price,
            contract_address: record.contract_address,
            output: record.output.to_vec(),
        })
        .collect();
    assay_primitives::codec::encode(&stored)
}

pub(crate) fn decode_receipts(bytes: &[u8]) -> Result<Vec<ReceiptRecord>, Fault> {
    let stored: Vec<StoredReceipt> = decode("receipts", bytes)?;
    Ok(stored
        .into_iter()
        .map(|record| ReceiptRecord {
            receipt: Receipt {
                tx_type: record.tx_type,
                success: record.success,
                cumulative_gas_used: record.cumulative_gas_used,
                logs: record
                    .logs
                    .into_iter()
                    .map(|log| Log { address: log.address, data: LogData::new_unchecked(log.topics, log.data.into()) })
                    .collect(),
            },
            tx_hash: record.tx_hash,
            sender: record.sender,
            gas_used: record.gas_used,
            effective_gas_price: record.effective_gas_price,
            contract_address: record.contract_address,
            output: record.output.into(),
        })
        .collect())
}

pub(crate) fn encode_undecided(record: &UndecidedRecord) -> Vec<u8> {
    assay_primitives::codec::encode(&StoredProposal {
        round: record.round,
        valid_round: record.valid_round,
        proposer: record.proposer,
        accepted: record.accepted,
        block: record.block.encode(),
    })
}

pub(crate) fn decode_undecided(bytes: &[u8]) -> Result<UndecidedRecord, Fault> {
    let stored: StoredProposal = decode("undecided proposal", bytes)?;
    let block = Block::decode(&stored.block).map_err(|error| Fault::corrupt(error.to_string()))?;
    Ok(UndecidedRecord {
        round: stored.round,
        valid_round: stored.valid_round,
        proposer: stored.proposer,
        block,
        accepted: stored.accepted,
    })
}
