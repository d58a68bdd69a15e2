//! What the next block is made of: by effective tip, each sender's transactions in nonce order.

use super::Mempool;
use super::entry::{PoolTx, Slot};
use alloy_primitives::Address;
use assay_primitives::CheckedTx;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

impl Mempool {
    /// Up to `count_max` transactions of together up to `bytes_max` raw bytes, best first under a base fee. A sender's
    /// transactions come in nonce order without a gap; where one does not fit into the bytes, its followers are left out.
    pub fn pick(&self, base_fee: u64, count_max: usize, bytes_max: usize) -> Vec<Arc<CheckedTx>> {
        self.pick_entries(base_fee, count_max, bytes_max).into_iter().map(|entry| entry.tx.clone()).collect()
    }

    pub(crate) fn pick_entries(&self, base_fee: u64, count_max: usize, bytes_max: usize) -> Vec<&PoolTx> {
        let mut queues: Vec<_> = Vec::new();
        let mut heads = BinaryHeap::new();
        for queue in self.senders.values().filter(|queue| queue.ready > 0) {
            let mut slots = queue.ready_slots();
            if let Some((tip, slot)) = slots.next().and_then(|slot| Some((slot.entry.tip_at(base_fee)?, slot))) {
                heads.push(((tip, Reverse(slot.seq)), queues.len()));
                queues.push((slot, slots));
            }
        }
        let mut picked = Vec::new();
        let mut bytes = 0usize;
        while picked.len() < count_max
            && let Some((_, index)) = heads.pop()
        {
            let Some((slot, rest)) = queues.get_mut(index) else { break };
            if bytes + slot.entry.bytes > bytes_max {
                continue;
            }
            bytes += slot.entry.bytes;
            picked.push(&slot.entry);
            if let Some((tip, next)) = rest.next().and_then(|slot| Some((slot.entry.tip_at(base_fee)?, slot))) {
                *slot = next;
                heads.push(((tip, Reverse(next.seq)), index));
            }
        }
        picked
    }

    /// Whether a block under this base fee would get any transaction.
    pub fn has_work(&self, base_fee: u64) -> bool {
        self.ready > 0
            && self.senders.values().any(|queue| {
                queue.ready_slots().next().is_some_and(|slot: &Slot| slot.entry.tip_at(base_fee).is_some())
            })
    }

    /// Senders with transactions here, in order.
    pub fn senders(&self) -> impl Iterator<Item = &Address> {
        self.senders.keys()
    }
}
