//! Making room: the cheapest last transactions leave.

use super::entry::{PoolTx, Rank, Slot};
use super::{Mempool, PoolError, Sender, SenderState};
use alloy_primitives::{Address, B256};
use std::collections::BTreeSet;

impl Mempool {
    /// Evicts until `entry` fits, its sender's own transactions at the nonces `own` being as good as gone; or finds that
    /// `entry` is worth less than what it would displace and leaves the pool as it was.
    pub(super) fn make_room(
        &mut self,
        entry: &PoolTx,
        state: SenderState,
        own: &[u64],
    ) -> Result<Vec<B256>, PoolError> {
        let absent = Sender::new(state);
        let queue = self.senders.get(&entry.sender).unwrap_or(&absent);
        let rank = self.rank_of(queue, entry);
        let leaving = own.iter().chain(queue.get(entry.nonce).map(|_| &entry.nonce));
        let (freed_count, freed_bytes) = leaving
            .filter_map(|nonce| queue.get(*nonce))
            .fold((0usize, 0usize), |(count, bytes), slot| (count + 1, bytes + slot.entry.bytes));
        let mut removed: Vec<(SenderState, Slot)> = Vec::new();
        while self.len() + 1 - freed_count > self.limits.count_max
            || self.bytes + entry.bytes - freed_bytes > self.limits.bytes_max
        {
            let Some((cheapest, address)) = self.cheapest_tail(entry.sender) else {
                self.put_back(removed);
                return Err(PoolError::Full { tip_min: rank.tip });
            };
            if cheapest >= rank {
                self.put_back(removed);
                return Err(PoolError::Full { tip_min: cheapest.tip });
            }
            let tail = self.senders.get(&address).and_then(|queue| Some((queue.state, queue.tail()?.entry.nonce)));
            removed.extend(tail.and_then(|(state, nonce)| Some((state, self.take(address, nonce)?))));
        }
        Ok(removed.into_iter().map(|(_, slot)| slot.entry.hash).collect())
    }

    /// Rank that `entry` would have as its sender's last transaction.
    fn rank_of(&self, queue: &Sender, entry: &PoolTx) -> Rank {
        let (fee, tip) = queue.floors_before(entry.nonce);
        let ready = queue.would_be_ready(entry.nonce);
        // The newest of all: among equals it is the one that stays out.
        Rank::new(ready, fee.min(entry.fee_cap), tip.min(entry.tip_cap), u64::MAX, self.base_fee)
    }

    /// The cheapest last transaction of any sender but one.
    fn cheapest_tail(&mut self, except: Address) -> Option<(Rank, Address)> {
        let base_fee = self.base_fee;
        let senders = &mut self.senders;
        let tails = self.tails.get_or_insert_with(|| {
            let mut tails = BTreeSet::new();
            for (address, queue) in senders.iter_mut() {
                queue.rank = queue.rank_at(base_fee);
                tails.extend(queue.rank.map(|rank| (rank, *address)));
            }
            tails
        });
        tails.iter().find(|(_, address)| *address != except).copied()
    }

    /// Undoes evictions, arrival order included.
    fn put_back(&mut self, removed: Vec<(SenderState, Slot)>) {
        for (state, slot) in removed.into_iter().rev() {
            let (sender, nonce) = (slot.entry.sender, slot.entry.nonce);
            self.by_hash.insert(slot.entry.hash, (sender, nonce));
            self.arrivals.insert(slot.seq, (sender, nonce, slot.entry.hash));
            for authority in &slot.entry.authorities {
                *self.authorities.entry(*authority).or_default() += 1;
            }
            self.update(sender, |queue| {
                queue.state = state;
                queue.put(slot.entry, slot.seq, slot.since_ms)
            });
        }
    }
}
