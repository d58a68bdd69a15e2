//! One sender's queue, by nonce.

use super::entry::{PoolTx, Rank, Slot};
use alloy_primitives::U256;
use std::collections::BTreeMap;
use std::ops::Bound;

/// What the pool needs to know of an account at the head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderState {
    /// Next nonce.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// Whether it has code or a delegation.
    pub has_code: bool,
}

/// The transactions of one sender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender {
    pub(crate) state: SenderState,
    slots: BTreeMap<u64, Slot>,
    /// Sum of raw bytes.
    pub(crate) bytes: usize,
    /// Sum of costs, in wei.
    pub(crate) cost: U256,
    /// How many, from the account's nonce on, follow each other without a gap and within the balance.
    pub(crate) ready: usize,
    ready_cost: U256,
    /// Rank under which the eviction index holds this sender.
    pub(crate) rank: Option<Rank>,
}

impl Sender {
    pub(crate) fn new(state: SenderState) -> Self {
        Self { state, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn get(&self, nonce: u64) -> Option<&Slot> {
        self.slots.get(&nonce)
    }

    pub(crate) fn slots(&self) -> impl DoubleEndedIterator<Item = &Slot> {
        self.slots.values()
    }

    pub(crate) fn tail(&self) -> Option<&Slot> {
        self.slots.last_key_value().map(|(_, slot)| slot)
    }

    /// Whether there is any transaction but the one with this nonce.
    pub(crate) fn has_other(&self, nonce: u64) -> bool {
        self.slots.len() > usize::from(self.slots.contains_key(&nonce))
    }

    /// The nonce of the next transaction to sign: the first that is free.
    pub(crate) fn next_nonce(&self) -> u64 {
        let mut next = self.state.nonce;
        for nonce in self.slots.range(next..).map(|(nonce, _)| *nonce) {
            if nonce != next {
                break;
            }
            next = next.saturating_add(1);
        }
        next
    }

    /// The transactions that can be included now, in order.
    pub(crate) fn ready_slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.range(self.state.nonce..).take(self.ready).map(|(_, slot)| slot)
    }

    /// Whether a transaction with this nonce and cost would be ready if it were put in.
    pub(crate) fn would_be_ready(&self, nonce: u64) -> bool {
        let end = self.state.nonce.saturating_add(self.ready as u64);
        nonce >= self.state.nonce && nonce <= end
    }

    /// Floors of the slots before a nonce.
    pub(crate) fn floors_before(&self, nonce: u64) -> (u128, u128) {
        self.slots.range(..nonce).next_back().map_or((u128::MAX, u128::MAX), |(_, s)| (s.fee_floor, s.tip_floor))
    }

    /// Puts a transaction in and returns the one it replaces.
    pub(crate) fn put(&mut self, entry: PoolTx, seq: u64, since_ms: u64) -> Option<Slot> {
        let nonce = entry.nonce;
        let (bytes, cost) = (entry.bytes, entry.cost);
        let old = self.take(nonce);
        self.bytes = self.bytes.saturating_add(bytes);
        self.cost = self.cost.saturating_add(cost);
        self.slots.insert(nonce, Slot { entry, seq, since_ms, fee_floor: 0, tip_floor: 0 });
        self.refresh_from(nonce);
        old
    }

    /// Removes the transaction with a nonce.
    pub(crate) fn remove(&mut self, nonce: u64) -> Option<Slot> {
        let slot = self.take(nonce)?;
        self.refresh_from(nonce);
        Some(slot)
    }

    fn take(&mut self, nonce: u64) -> Option<Slot> {
        let slot = self.slots.remove(&nonce)?;
        self.bytes = self.bytes.saturating_sub(slot.entry.bytes);
        self.cost = self.cost.saturating_sub(slot.entry.cost);
        if nonce < self.state.nonce.saturating_add(self.ready as u64) {
            self.ready = 0;
            self.ready_cost = U256::ZERO;
        }
        Some(slot)
    }

    /// Takes the account's new state; returns what it makes obsolete: used nonces, and all but the first transaction of
    /// an account that came to have code.
    pub(crate) fn set_state(&mut self, state: SenderState) -> Vec<Slot> {
        self.state = state;
        let live = self.slots.split_off(&state.nonce);
        let mut obsolete: Vec<Slot> = std::mem::replace(&mut self.slots, live).into_values().collect();
        if state.has_code
            && let Some(second) = self.slots.keys().nth(1).copied()
        {
            obsolete.extend(self.slots.split_off(&second).into_values());
        }
        for slot in &obsolete {
            self.bytes = self.bytes.saturating_sub(slot.entry.bytes);
            self.cost = self.cost.saturating_sub(slot.entry.cost);
        }
        self.ready = 0;
        self.ready_cost = U256::ZERO;
        self.refresh_from(0);
        obsolete
    }

    /// Brings floors up to date from a nonce on, and the ready prefix. Appending to a queue costs no walk over it.
    fn refresh_from(&mut self, nonce: u64) {
        let (mut fee, mut tip) = self.floors_before(nonce);
        for slot in self.slots.range_mut(nonce..).map(|(_, slot)| slot) {
            fee = fee.min(slot.entry.fee_cap);
            tip = tip.min(slot.entry.tip_cap);
            (slot.fee_floor, slot.tip_floor) = (fee, tip);
        }
        let mut next = self.state.nonce.saturating_add(self.ready as u64);
        for (nonce, slot) in self.slots.range((Bound::Included(next), Bound::Unbounded)) {
            let cost = self.ready_cost.saturating_add(slot.entry.cost);
            if *nonce != next || cost > self.state.balance {
                break;
            }
            self.ready_cost = cost;
            self.ready = self.ready.saturating_add(1);
            next = next.saturating_add(1);
        }
    }

    /// Rank of the last transaction.
    pub(crate) fn rank_at(&self, base_fee: u64) -> Option<Rank> {
        let tail = self.tail()?;
        let end = self.state.nonce.saturating_add(self.ready as u64);
        Some(Rank::new(tail.entry.nonce < end, tail.fee_floor, tail.tip_floor, tail.seq, base_fee))
    }
}
