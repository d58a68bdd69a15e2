//! Filters of clients that poll: bounded in number, forgotten when nobody asks for them.

use crate::error::{Answer, RpcError};
use assay_chain::LogQuery;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a filter watches, and how far it has been read.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Hashes of new blocks.
    Blocks {
        /// Height that is reported next.
        next: u64,
    },
    /// Logs of new blocks.
    Logs {
        /// Which; the range is that of `eth_getFilterLogs`.
        query: LogQuery,
        /// Whether `query.to` was given as a number, beyond which there is nothing to report.
        bounded: bool,
        /// Height that is reported next.
        next: u64,
    },
    /// Hashes of transactions that entered the pool.
    Pending {
        /// Number in the log of pending hashes that is reported next.
        next: u64,
    },
}

#[derive(Debug)]
struct Slot {
    filter: Filter,
    used: Instant,
}

/// The filters of all clients.
#[derive(Debug)]
pub struct Filters {
    slots: Mutex<BTreeMap<u128, Slot>>,
    max: usize,
    idle: Duration,
}

impl Filters {
    /// No filters yet.
    pub const fn new(max: usize, idle: Duration) -> Self {
        Self { slots: Mutex::new(BTreeMap::new()), max, idle }
    }

    /// Adds a filter and returns its id.
    ///
    /// # Errors
    /// Where there are too many; idle ones are removed first.
    pub fn add(&self, filter: Filter, id: u128, now: Instant) -> Answer<u128> {
        let mut slots = self.slots.lock();
        if slots.len() >= self.max {
            slots.retain(|_, slot| now.duration_since(slot.used) < self.idle);
        }
        if slots.len() >= self.max {
            return Err(RpcError::busy("too_many_filters", 1000));
        }
        slots.insert(id, Slot { filter, used: now });
        Ok(id)
    }

    /// A filter as it stands; counts as use.
    ///
    /// # Errors
    /// `filter not found`, also where it was idle for too long.
    pub fn get(&self, id: u128, now: Instant) -> Answer<Filter> {
        let mut slots = self.slots.lock();
        let slot = slots.get_mut(&id).filter(|slot| now.duration_since(slot.used) < self.idle);
        let Some(slot) = slot else {
            slots.remove(&id);
            return Err(unknown());
        };
        slot.used = now;
        Ok(slot.filter.clone())
    }

    /// Writes back how far a filter has been read. One that was removed meanwhile stays removed.
    pub fn advance(&self, id: u128, to: u64) {
        if let Some(slot) = self.slots.lock().get_mut(&id) {
            match &mut slot.filter {
                Filter::Blocks { next } | Filter::Logs { next, .. } | Filter::Pending { next } => *next = to.max(*next),
            }
        }
    }

    /// Removes a filter; whether there was one.
    pub fn remove(&self, id: u128) -> bool {
        self.slots.lock().remove(&id).is_some()
    }

    /// Removes those that nobody asks for.
    pub fn expire(&self, now: Instant) {
        self.slots.lock().retain(|_, slot| now.duration_since(slot.used) < self.idle);
    }
}

fn unknown() -> RpcError {
    RpcError::new(crate::error::REFUSED, "unknown_filter", "filter not found")
}
