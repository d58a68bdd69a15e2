//! Ordering blocks: what validators agree on before anything of it is executed.
//!
//! ```text
//! ordering block = header (borsh) + items
//!   items[0]     = system payload (borsh)         creator, round, milliseconds, randomness proof, last commit, ...
//!   items[1..]   = raw EIP-2718 transactions
//! block id       = blake3("assay 1 ordering block", borsh(header))
//! ```
//! The round of a re-proposal travels outside the block, so the id never changes when a value is proposed again.

use crate::codec::{self, CodecError};
use crate::hash::{Domain, blake3_tagged};
use crate::vrf::RandomnessProof;
use crate::{CommitCertificate, ConsensusAddress, Evidence, Height, LateVote, Round, TimestampMs};
use alloy_primitives::{B256, Bytes};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Largest encoded ordering block, in bytes (below EIP-7934's bound of the RLP block).
pub const BLOCK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most items in a block, the system payload included.
pub const ITEMS_MAX: usize = 65_536;
/// Largest system payload, in bytes.
pub const SYSTEM_PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// Version of the ordering block format.
pub const ORDERING_VERSION: u8 = 1;

/// Id of an ordering block.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct BlockId(pub B256);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Header of an ordering block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct OrderingHeader {
    /// Format version, [`ORDERING_VERSION`].
    pub version: u8,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Height.
    pub height: Height,
    /// Id of the ordering block before (zero at height 1).
    pub parent_id: BlockId,
    /// Hash of the execution header of `height - 1` (genesis header at height 1): the agreement on state.
    pub previous_execution_hash: B256,
    /// Digest of the items.
    pub items_digest: B256,
    /// How many items there are, the system payload included.
    pub items_count: u32,
}

impl OrderingHeader {
    /// The block id.
    pub fn id(&self) -> BlockId {
        BlockId(blake3_tagged(Domain::OrderingBlock, &[&codec::encode(self)]))
    }
}

/// Item 0 of every block: what the chain itself needs to agree on, the same under every engine.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SystemPayload {
    /// Proposer of the round in which this value was first proposed.
    pub creator: ConsensusAddress,
    /// That round.
    pub round: Round,
    /// Block time; rises strictly from block to block.
    pub timestamp_ms: TimestampMs,
    /// The creator's randomness proof for this height.
    pub randomness: RandomnessProof,
    /// Certificate of the height before (none at height 1).
    pub last_commit: Option<CommitCertificate>,
    /// Precommits for the last 10 heights that no earlier block carried.
    pub late_votes: Vec<LateVote>,
    /// Double signatures that no earlier block carried.
    pub evidence: Vec<Evidence>,
}

/// An ordering block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Block {
    header: OrderingHeader,
    items: Vec<Bytes>,
    #[borsh(skip)]
    id: BlockId,
}

fn items_digest(items: &[Bytes]) -> B256 {
    let parts: Vec<&[u8]> = items.iter().map(|item| item.as_ref()).collect();
    blake3_tagged(Domain::OrderingItems, &parts)
}

impl Block {
    /// Assembles a block from its system payload and raw transactions.
    ///
    /// # Errors
    /// `TooLarge` where payload, item count or total size exceed their bounds.
    pub fn assemble(
        chain_id: u64,
        height: Height,
        parent_id: BlockId,
        previous_execution_hash: B256,
        payload: &SystemPayload,
        transactions: impl IntoIterator<Item = Bytes>,
    ) -> Result<Self, CodecError> {
        let mut items = vec![Bytes::from(codec::encode(payload))];
        items.extend(transactions);
        check_bounds(&items)?;
        let header = OrderingHeader {
            version: ORDERING_VERSION,
            chain_id,
            height,
            parent_id,
            previous_execution_hash,
            items_digest: items_digest(&items),
            items_count: u32::try_from(items.len()).unwrap_or(u32::MAX),
        };
        let id = header.id();
        Ok(Self { header, items, id })
    }

    /// Decodes a block and checks that the items are those of the header.
    ///
    /// # Errors
    /// `TooLarge` or `Malformed`; the latter also for a digest or count that does not match, or an unknown version.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (header, items): (OrderingHeader, Vec<Vec<u8>>) = codec::decode("ordering block", bytes, BLOCK_BYTES_MAX)?;
        let items: Vec<Bytes> = items.into_iter().map(Bytes::from).collect();
        let malformed = |reason: &str| CodecError::Malformed { what: "ordering block", reason: reason.to_owned() };
        if header.version != ORDERING_VERSION {
            return Err(malformed("unknown version"));
        }
        check_bounds(&items)?;
        if items.is_empty() {
            return Err(malformed("no system payload"));
        }
        if usize::try_from(header.items_count).ok() != Some(items.len()) || header.items_digest != items_digest(&items)
        {
            return Err(malformed("the items are not those of the header"));
        }
        let id = header.id();
        Ok(Self { header, items, id })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The header.
    pub const fn header(&self) -> &OrderingHeader {
        &self.header
    }

    /// The id, computed once.
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// The height.
    pub const fn height(&self) -> Height {
        self.header.height
    }

    /// Decodes item 0.
    ///
    /// # Errors
    /// `Malformed` or `TooLarge` where item 0 is no system payload.
    pub fn system_payload(&self) -> Result<SystemPayload, CodecError> {
        let bytes = self.items.first().map(|item| item.as_ref()).unwrap_or_default();
        codec::decode("system payload", bytes, SYSTEM_PAYLOAD_BYTES_MAX)
    }

    /// The raw transactions, in order.
    pub fn transactions(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.items.iter().skip(1)
    }
}

fn check_bounds(items: &[Bytes]) -> Result<(), CodecError> {
    let payload = items.first().map_or(0, |item| item.len());
    if payload > SYSTEM_PAYLOAD_BYTES_MAX {
        return Err(CodecError::TooLarge { what: "system payload", size: payload, bound: SYSTEM_PAYLOAD_BYTES_MAX });
    }
    if items.len() > ITEMS_MAX {
        return Err(CodecError::TooLarge { what: "ordering block items", size: items.len(), bound: ITEMS_MAX });
    }
    // 4 bytes of length per item and less than 256 bytes of header.
    let total = items.iter().fold(256usize, |sum, item| sum.saturating_add(item.len()).saturating_add(4));
    if total > BLOCK_BYTES_MAX {
        return Err(CodecError::TooLarge { what: "ordering block", size: total, bound: BLOCK_BYTES_MAX });
    }
    Ok(())
}
