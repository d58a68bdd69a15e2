//! The block that the next one stands on.

use alloy_primitives::B256;
use assay_primitives::{BlockId, ExecutionHeader, Height, TimestampMs, ValidatorSet};
use std::sync::Arc;

/// The last block, as far as its child depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    header: ExecutionHeader,
    hash: B256,
    timestamp_ms: TimestampMs,
    /// Validators of its own height and of the next, where they were read already.
    sets: Option<[Arc<ValidatorSet>; 2]>,
}

impl Parent {
    /// A parent from its execution header and its time in milliseconds (from its system payload; genesis: from the
    /// specification).
    pub fn new(header: ExecutionHeader, timestamp_ms: TimestampMs) -> Self {
        let hash = header.hash_slow();
        Self { header, hash, timestamp_ms, sets: None }
    }

    /// With the validators of its own height and of the next, as [`crate::Executive::validators`] gives them, so that
    /// nobody has to read them again.
    pub fn with_validators(self, own: Arc<ValidatorSet>, next: Arc<ValidatorSet>) -> Self {
        Self { sets: Some([own, next]), ..self }
    }

    /// The validators of a height, if they are known from here.
    pub fn validators(&self, height: Height) -> Option<&Arc<ValidatorSet>> {
        let [own, next] = self.sets.as_ref()?;
        match height {
            height if height == self.height() => Some(own),
            height if height == self.height().next() => Some(next),
            _ => None,
        }
    }

    /// The execution header.
    pub const fn header(&self) -> &ExecutionHeader {
        &self.header
    }

    /// Its hash.
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Its time.
    pub const fn timestamp_ms(&self) -> TimestampMs {
        self.timestamp_ms
    }

    /// Its height.
    pub const fn height(&self) -> Height {
        Height(self.header.number)
    }

    /// Its randomness: the input of the next one.
    pub const fn randomness(&self) -> B256 {
        self.header.mix_hash
    }

    /// Id of its ordering block; zero for genesis, which has none.
    pub fn block_id(&self) -> BlockId {
        if self.header.number == 0 || self.header.extra_data.len() != 32 {
            return BlockId::default();
        }
        BlockId(B256::from_slice(&self.header.extra_data))
    }
}
