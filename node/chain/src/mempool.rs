//! The transaction pool: pure and bounded. It does no I/O and has no clock; state and time are passed in.
//!
//! Each sender has a queue by nonce. Its *ready* prefix, the transactions that follow the account's nonce without a gap
//! and within its balance, is what blocks are made of, by effective tip. Everything else waits *queued*. When the pool
//! is full, the cheapest last transaction of any sender makes room: a last one, so that no nonce order ever breaks.

mod entry;
mod error;
mod evict;
mod limits;
mod pick;
mod sender;

pub use entry::PoolTx;
pub use error::PoolError;
pub use limits::PoolLimits;
pub use sender::SenderState;

use crate::types::{PoolStatus, SenderContent};
use alloy_primitives::{Address, B256};
use assay_primitives::CheckedTx;
use entry::{Rank, Slot};
use sender::Sender;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was in the pool already.
    Known,
    /// It is in the pool now; these left it.
    New {
        /// The transaction whose nonce it took over.
        replaced: Option<B256>,
        /// Those that made room.
        evicted: Vec<B256>,
    },
}

/// The pool.
#[derive(Debug)]
pub struct Mempool {
    limits: PoolLimits,
    base_fee: u64,
    senders: BTreeMap<Address, Sender>,
    by_hash: HashMap<B256, (Address, u64)>,
    /// Accounts with an authorisation in the pool, and how many transactions carry one.
    authorities: BTreeMap<Address, usize>,
    /// Transactions by order of arrival.
    arrivals: BTreeMap<u64, (Address, u64, B256)>,
    /// Senders by rank of their last transaction; built when the pool is first found full, dropped when ranks change.
    tails: Option<BTreeSet<(Rank, Address)>>,
    bytes: usize,
    ready: usize,
    seq: u64,
    clock_ms: u64,
}

impl Mempool {
    /// An empty pool.
    pub fn new(limits: PoolLimits, base_fee: u64) -> Self {
        Self {
            limits,
            base_fee,
            senders: BTreeMap::new(),
            by_hash: HashMap::new(),
            authorities: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            tails: None,
            bytes: 0,
            ready: 0,
            seq: 0,
            clock_ms: 0,
        }
    }

    /// Takes a transaction whose rules of the chain were checked. `state` is its sender's at the head.
    ///
    /// # Errors
    /// The bound or pool rule that refuses it; the pool is unchanged then.
    pub fn insert(&mut self, entry: PoolTx, state: SenderState, now_ms: u64) -> Result<Inserted, PoolError> {
        if self.by_hash.contains_key(&entry.hash) {
            return Ok(Inserted::Known);
        }
        self.clock_ms = self.clock_ms.max(now_ms);
        let sender = entry.sender;
        if self.senders.get(&sender).is_some_and(|known| known.state != state) {
            self.set_state(sender, state);
        }
        let absent = Sender::new(state);
        let queue = self.senders.get(&sender).unwrap_or(&absent);
        self.check_nonce(queue, &entry)?;
        self.check_delegation(queue, &entry)?;
        check_funds(queue, &entry)?;
        let own = self.own_tails_to_drop(queue, &entry)?;
        let mut evicted = self.make_room(&entry, state, &own)?;
        for nonce in own {
            evicted.extend(self.take(sender, nonce).map(|slot| slot.entry.hash));
        }
        let replaced = self.put(entry, state);
        Ok(Inserted::New { replaced: replaced.map(|slot| slot.entry.hash), evicted })
    }

    fn check_nonce(&self, queue: &Sender, entry: &PoolTx) -> Result<(), PoolError> {
        let (expected, got) = (queue.state.nonce, entry.nonce);
        if got < expected {
            return Err(PoolError::NonceTooLow { expected, got });
        }
        if got - expected > self.limits.nonce_ahead_max {
            let ahead_max = self.limits.nonce_ahead_max;
            return Err(PoolError::NonceTooHigh { expected: queue.next_nonce(), got, ahead_max });
        }
        if let Some(old) = queue.get(got) {
            let fee_min = self.limits.replacement_min(old.entry.fee_cap);
            let tip_min = self.limits.replacement_min(old.entry.tip_cap);
            if entry.fee_cap < fee_min || entry.tip_cap < tip_min {
                return Err(PoolError::ReplacementUnderpriced { fee_min, tip_min });
            }
        }
        Ok(())
    }

    /// An account whose balance or nonce can move without a transaction of its own gets one place only, so that no
    /// single transaction invalidates many others.
    fn check_delegation(&self, queue: &Sender, entry: &PoolTx) -> Result<(), PoolError> {
        let address = entry.sender;
        let delegated = queue.state.has_code || self.authorities.contains_key(&address);
        if delegated && queue.has_other(entry.nonce) {
            return Err(PoolError::OnePending { address });
        }
        for authority in &entry.authorities {
            let others = if *authority == address {
                1 + usize::from(queue.has_other(entry.nonce))
            } else {
                self.senders.get(authority).map_or(0, Sender::len)
            };
            if others > 1 {
                return Err(PoolError::AuthorityReserved { address: *authority });
            }
        }
        Ok(())
    }

    /// The sender's own later transactions that must go for this one, which fills a place before them.
    fn own_tails_to_drop(&self, queue: &Sender, entry: &PoolTx) -> Result<Vec<u64>, PoolError> {
        let replaced = queue.get(entry.nonce).map_or((0, 0), |slot| (1, slot.entry.bytes));
        let mut count = queue.len() + 1 - replaced.0;
        let mut bytes = queue.bytes + entry.bytes - replaced.1;
        let (count_max, bytes_max) = (self.limits.sender_count_max, self.limits.sender_bytes_max);
        let mut drop = Vec::new();
        let mut tails = queue.slots().rev().take_while(|slot| slot.entry.nonce > entry.nonce);
        while count > count_max || bytes > bytes_max {
            let Some(tail) = tails.next() else {
                return Err(PoolError::SenderLimit { count: queue.len(), bytes: queue.bytes, count_max, bytes_max });
            };
            drop.push(tail.entry.nonce);
            count -= 1;
            bytes -= tail.entry.bytes;
        }
        Ok(drop)
    }

    fn put(&mut self, entry: PoolTx, state: SenderState) -> Option<Slot> {
        let (sender, nonce) = (entry.sender, entry.nonce);
        self.seq += 1;
        let (seq, since_ms) = (self.seq, self.clock_ms);
        self.by_hash.insert(entry.hash, (sender, nonce));
        self.arrivals.insert(seq, (sender, nonce, entry.hash));
        for authority in &entry.authorities {
            *self.authorities.entry(*authority).or_default() += 1;
        }
        let old = self.update(sender, |queue| {
            queue.state = state;
            queue.put(entry, seq, since_ms)
        });
        if let Some(slot) = &old {
            self.forget(slot);
        }
        old
    }

    /// Removes one transaction.
    fn take(&mut self, sender: Address, nonce: u64) -> Option<Slot> {
        let slot = self.update(sender, |queue| queue.remove(nonce))?;
        self.forget(&slot);
        Some(slot)
    }

    fn set_state(&mut self, sender: Address, state: SenderState) -> Vec<B256> {
        let obsolete = self.update(sender, |queue| queue.set_state(state));
        for slot in &obsolete {
            self.forget(slot);
        }
        obsolete.into_iter().map(|slot| slot.entry.hash).collect()
    }

    /// Changes a queue and keeps sums and index in step.
    fn update<R>(&mut self, address: Address, change: impl FnOnce(&mut Sender) -> R) -> R {
        let queue = self.senders.entry(address).or_default();
        if let (Some(tails), Some(rank)) = (&mut self.tails, queue.rank.take()) {
            tails.remove(&(rank, address));
        }
        let (bytes, ready) = (queue.bytes, queue.ready);
        let result = change(queue);
        self.bytes = self.bytes + queue.bytes - bytes;
        self.ready = self.ready + queue.ready - ready;
        if queue.is_empty() {
            self.senders.remove(&address);
        } else if let Some(tails) = &mut self.tails {
            queue.rank = queue.rank_at(self.base_fee);
            tails.extend(queue.rank.map(|rank| (rank, address)));
        }
        result
    }

    /// Drops the references to a transaction that left its queue.
    fn forget(&mut self, slot: &Slot) {
        self.by_hash.remove(&slot.entry.hash);
        self.arrivals.remove(&slot.seq);
        for authority in &slot.entry.authorities {
            if let Some(count) = self.authorities.get_mut(authority) {
                *count -= 1;
                if *count == 0 {
                    self.authorities.remove(authority);
                }
            }
        }
    }

    /// A block was committed: takes the new state of the accounts it changed (others may be given too) and the base fee
    /// of the next block. Returns the transactions that became obsolete, the block's own among them.
    pub fn on_block(&mut self, changed: impl IntoIterator<Item = (Address, SenderState)>, base_fee: u64) -> Vec<B256> {
        if base_fee != self.base_fee {
            self.base_fee = base_fee;
            self.tails = None;
        }
        let mut obsolete = Vec::new();
        for (address, state) in changed {
            if self.senders.get(&address).is_some_and(|queue| queue.state != state) {
                obsolete.extend(self.set_state(address, state));
            }
        }
        obsolete
    }

    /// Drops a transaction that turned out never to be includable.
    pub fn remove(&mut self, hash: &B256) -> Option<Arc<CheckedTx>> {
        let (sender, nonce) = self.by_hash.get(hash).copied()?;
        self.take(sender, nonce).map(|slot| slot.entry.tx)
    }

    /// Drops what has waited for too long.
    pub fn expire(&mut self, now_ms: u64) -> Vec<B256> {
        self.clock_ms = self.clock_ms.max(now_ms);
        let mut expired = Vec::new();
        while let Some((sender, nonce, _)) = self.arrivals.first_key_value().map(|(_, at)| *at) {
            let since_ms = self.senders.get(&sender).and_then(|queue| queue.get(nonce)).map(|slot| slot.since_ms);
            if since_ms.is_none_or(|since| since.saturating_add(self.limits.lifetime_ms) > self.clock_ms) {
                break;
            }
            expired.extend(self.take(sender, nonce).map(|slot| slot.entry.hash));
        }
        expired
    }

    /// Whether an account sent or signed something that waits here, so that its state matters.
    pub fn tracks(&self, address: &Address) -> bool {
        self.senders.contains_key(address)
    }

    /// The next free nonce of a sender with transactions here.
    pub fn pending_nonce(&self, sender: Address) -> Option<u64> {
        self.senders.get(&sender).map(Sender::next_nonce)
    }

    /// A transaction by its hash.
    pub fn get(&self, hash: &B256) -> Option<Arc<CheckedTx>> {
        let (sender, nonce) = self.by_hash.get(hash)?;
        Some(self.senders.get(sender)?.get(*nonce)?.entry.tx.clone())
    }

    /// Whether a transaction is here.
    pub fn contains(&self, hash: &B256) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// How many transactions there are.
    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }

    /// How full the pool is.
    pub fn status(&self) -> PoolStatus {
        PoolStatus { pending: self.ready, queued: self.len() - self.ready, bytes: self.bytes }
    }

    /// Everything, by sender.
    pub fn content(&self) -> Vec<SenderContent> {
        self.senders.keys().map(|sender| self.content_from(*sender)).collect()
    }

    /// One sender's transactions.
    pub fn content_from(&self, sender: Address) -> SenderContent {
        let mut content = SenderContent { sender, ..SenderContent::default() };
        if let Some(queue) = self.senders.get(&sender) {
            content.pending = queue.ready_slots().map(|slot| slot.entry.tx.clone()).collect();
            content.queued = queue.slots().skip(queue.ready).map(|slot| slot.entry.tx.clone()).collect();
        }
        content
    }

    /// Hashes of all transactions in order of arrival, as gossip announces them.
    pub fn hashes(&self) -> impl Iterator<Item = B256> {
        self.arrivals.values().map(|(_, _, hash)| *hash)
    }

    /// All transactions in order of arrival, as the journal keeps them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<CheckedTx>> {
        self.arrivals.values().filter_map(|(sender, nonce, _)| Some(&self.senders.get(sender)?.get(*nonce)?.entry.tx))
    }
}

fn check_funds(queue: &Sender, entry: &PoolTx) -> Result<(), PoolError> {
    let replaced = queue.get(entry.nonce).map(|slot| slot.entry.cost).unwrap_or_default();
    let queued = queue.cost.saturating_sub(replaced);
    let (balance, cost) = (queue.state.balance, entry.cost);
    if queued.saturating_add(cost) > balance {
        return Err(PoolError::InsufficientFunds { balance, queued, cost });
    }
    Ok(())
}
