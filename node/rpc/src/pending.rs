//! The last transactions that entered the pool, numbered, for pending-transaction filters.

use alloy_primitives::B256;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Hashes that are kept; a filter that is asked less often than they come misses the oldest.
pub const PENDING_KEPT: usize = 32_768;

#[derive(Debug, Default)]
struct Ring {
    hashes: VecDeque<B256>,
    /// Number of the hash that comes next.
    next: u64,
}

/// A bounded log of hashes.
#[derive(Debug, Default)]
pub struct PendingHashes {
    ring: Mutex<Ring>,
}

impl PendingHashes {
    /// Adds one.
    pub fn push(&self, hash: B256) {
        let mut ring = self.ring.lock();
        if ring.hashes.len() == PENDING_KEPT {
            ring.hashes.pop_front();
        }
        ring.hashes.push_back(hash);
        ring.next += 1;
    }

    /// Number of the hash that comes next.
    pub fn next(&self) -> u64 {
        self.ring.lock().next
    }

    /// Those from a number on that are still kept, and the number that comes next.
    pub fn since(&self, from: u64) -> (Vec<B256>, u64) {
        let ring = self.ring.lock();
        let first = ring.next - ring.hashes.len() as u64;
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        (ring.hashes.iter().skip(skip).copied().collect(), ring.next)
    }
}
