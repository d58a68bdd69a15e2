//! The pool against a naive model that looks at everything each time.

use super::fixtures::{entry, state};
use crate::mempool::{Inserted, Mempool, PoolError, PoolLimits, PoolTx, SenderState};
use alloy_primitives::{Address, B256, U256};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeMap;

const LIMITS: PoolLimits = PoolLimits {
    count_max: 9,
    bytes_max: 1_500,
    sender_count_max: 5,
    sender_bytes_max: 900,
    nonce_ahead_max: 7,
    lifetime_ms: 50,
    replacement_percent: 10,
};

#[derive(Clone, Debug)]
struct Waiting {
    entry: PoolTx,
    seq: u64,
    since_ms: u64,
}

#[derive(Default)]
struct Model {
    txs: Vec<Waiting>,
    states: BTreeMap<Address, SenderState>,
    base_fee: u64,
    seq: u64,
    clock_ms: u64,
}

type Rank = (bool, u128, Reverse<u64>);

impl Model {
    fn of(&self, sender: Address) -> Vec<&Waiting> {
        let mut txs: Vec<_> = self.txs.iter().filter(|tx| tx.entry.sender == sender).collect();
        txs.sort_by_key(|tx| tx.entry.nonce);
        txs
    }

    fn ready(&self, sender: Address) -> Vec<&Waiting> {
        let state = self.states.get(&sender).copied().unwrap_or_default();
        let mut cost = U256::ZERO;
        self.of(sender)
            .into_iter()
            .zip(state.nonce..)
            .take_while(|(tx, next)| {
                cost += tx.entry.cost;
                tx.entry.nonce == *next && cost <= state.balance
            })
            .map(|(tx, _)| tx)
            .collect()
    }

    /// Worth of a sender's queue that ends with `last`.
    fn rank(&self, queue: &[&PoolTx], ready: bool, seq: u64) -> Rank {
        let tip = queue.iter().map(|tx| tx.tip_at(self.base_fee)).collect::<Option<Vec<_>>>();
        let blocked = queue.iter().map(|tx| tx.fee_cap.saturating_sub(self.base_fee.into()).min(tx.tip_cap)).min();
        (ready && tip.is_some(), blocked.unwrap(), Reverse(seq))
    }

    fn insert(&mut self, new: PoolTx, state: SenderState, now_ms: u64) -> Result<Inserted, PoolError> {
        if self.txs.iter().any(|tx| tx.entry.hash == new.hash) {
            return Ok(Inserted::Known);
        }
        self.clock_ms = self.clock_ms.max(now_ms);
        let sender = new.sender;
        self.states.insert(sender, state);
        let queue: Vec<Waiting> = self.of(sender).into_iter().cloned().collect();
        let old = queue.iter().find(|tx| tx.entry.nonce == new.nonce);
        let next = (state.nonce..).find(|nonce| queue.iter().all(|tx| tx.entry.nonce != *nonce)).unwrap();
        if new.nonce < state.nonce {
            return Err(PoolError::NonceTooLow { expected: state.nonce, got: new.nonce });
        }
        if new.nonce - state.nonce > LIMITS.nonce_ahead_max {
            return Err(PoolError::NonceTooHigh { expected: next, got: new.nonce, ahead_max: LIMITS.nonce_ahead_max });
        }
        if let Some(old) = old {
            let raise = |cap: u128| (cap * 11).div_ceil(10).max(cap + 1);
            let (fee_min, tip_min) = (raise(old.entry.fee_cap), raise(old.entry.tip_cap));
            if new.fee_cap < fee_min || new.tip_cap < tip_min {
                return Err(PoolError::ReplacementUnderpriced { fee_min, tip_min });
            }
        }
        let others: Vec<&Waiting> = queue.iter().filter(|tx| tx.entry.nonce != new.nonce).collect();
        let queued = others.iter().map(|tx| tx.entry.cost).sum::<U256>();
        if queued + new.cost > state.balance {
            return Err(PoolError::InsufficientFunds { balance: state.balance, queued, cost: new.cost });
        }
        let mut kept = others.clone();
        let mut evicted = Vec::new();
        while kept.len() + 1 > LIMITS.sender_count_max
            || kept.iter().map(|tx| tx.entry.bytes).sum::<usize>() + new.bytes > LIMITS.sender_bytes_max
        {
            if kept.last().is_none_or(|tail| tail.entry.nonce < new.nonce) {
                return Err(PoolError::SenderLimit {
                    count: queue.len(),
                    bytes: queue.iter().map(|tx| tx.entry.bytes).sum(),
                    count_max: LIMITS.sender_count_max,
                    bytes_max: LIMITS.sender_bytes_max,
                });
            }
            evicted.push(kept.pop().unwrap().entry.hash);
        }
        let old = old.map(|tx| tx.entry.hash);
        let (mut all, mut for_room) = self.make_room(&new, state, &others, old.iter().chain(&evicted))?;
        self.seq += 1;
        all.push(Waiting { entry: new, seq: self.seq, since_ms: self.clock_ms });
        self.txs = all;
        for_room.extend(evicted);
        Ok(Inserted::New { replaced: old, evicted: for_room })
    }

    /// What is left, and what had to go, once the new one has room.
    fn make_room<'a>(
        &self,
        new: &PoolTx,
        state: SenderState,
        others: &[&Waiting],
        gone: impl Iterator<Item = &'a B256>,
    ) -> Result<(Vec<Waiting>, Vec<B256>), PoolError> {
        let sender = new.sender;
        let gone: Vec<&B256> = gone.collect();
        let mut all: Vec<Waiting> = self.txs.iter().filter(|tx| !gone.contains(&&tx.entry.hash)).cloned().collect();
        let ready_end = state.nonce + self.ready(sender).len() as u64;
        let mut before: Vec<&PoolTx> = others.iter().map(|tx| &tx.entry).filter(|tx| tx.nonce < new.nonce).collect();
        before.push(new);
        let mine = self.rank(&before, new.nonce <= ready_end, u64::MAX);
        let mut for_room = Vec::new();
        while all.len() + 1 > LIMITS.count_max
            || all.iter().map(|tx| tx.entry.bytes).sum::<usize>() + new.bytes > LIMITS.bytes_max
        {
            let rest =
                Model { txs: all.clone(), states: self.states.clone(), base_fee: self.base_fee, ..Model::default() };
            let cheapest = rest
                .states
                .keys()
                .filter(|address| **address != sender)
                .filter_map(|address| {
                    let queue = rest.of(*address);
                    let tail = *queue.last()?;
                    let ready = rest.ready(*address).iter().any(|tx| tx.seq == tail.seq);
                    let entries: Vec<&PoolTx> = queue.iter().map(|tx| &tx.entry).collect();
                    Some((rest.rank(&entries, ready, tail.seq), tail.entry.hash))
                })
                .min();
            match cheapest {
                None => return Err(PoolError::Full { tip_min: mine.1 }),
                Some((rank, _)) if rank >= mine => return Err(PoolError::Full { tip_min: rank.1 }),
                Some((_, hash)) => {
                    for_room.push(hash);
                    all.retain(|tx| tx.entry.hash != hash);
                }
            }
        }
        Ok((all, for_room))
    }

    fn on_block(&mut self, sender: Address, state: SenderState, base_fee: u64) {
        self.base_fee = base_fee;
        self.states.insert(sender, state);
        self.txs.retain(|tx| tx.entry.sender != sender || tx.entry.nonce >= state.nonce);
    }

    fn expire(&mut self, now_ms: u64) {
        self.clock_ms = self.clock_ms.max(now_ms);
        self.txs.retain(|tx| tx.since_ms + LIMITS.lifetime_ms > self.clock_ms);
    }

    fn pick(&self, count: usize, bytes_max: usize) -> Vec<B256> {
        let mut queues: Vec<Vec<&Waiting>> = self.states.keys().map(|sender| self.ready(*sender)).collect();
        let (mut picked, mut bytes) = (Vec::new(), 0);
        while picked.len() < count {
            let best = queues
                .iter()
                .enumerate()
                .filter_map(|(i, queue)| {
                    let head = queue.first()?;
                    Some((head.entry.tip_at(self.base_fee)?, Reverse(head.seq), i))
                })
                .max();
            let Some((_, _, index)) = best else { break };
            if bytes + queues[index][0].entry.bytes > bytes_max {
                queues[index].clear();
                continue;
            }
            bytes += queues[index][0].entry.bytes;
            picked.push(queues[index].remove(0).entry.hash);
        }
        picked
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert { sender: u8, nonce: u64, fee: u128, tip: u128, cost: u64, bytes: usize, salt: u64 },
    Block { sender: u8, advance: u64, balance: u64, base_fee: u64 },
    Wait { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (1u8..6, 0u64..9, 1u128..30, 1u128..30, 1u64..40, 50usize..400, 0u64..3).prop_map(
            |(sender, nonce, fee, tip, cost, bytes, salt)| Step::Insert { sender, nonce, fee: fee.max(tip), tip, cost, bytes, salt }
        ),
        2 => (1u8..6, 0u64..3, 20u64..200, 1u64..12)
            .prop_map(|(sender, advance, balance, base_fee)| Step::Block { sender, advance, balance, base_fee }),
        1 => (1u64..30).prop_map(|ms| Step::Wait { ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn pool_is_the_model(steps in prop::collection::vec(step(), 1..80)) {
        let mut pool = Mempool::new(LIMITS, 1);
        let mut model = Model { base_fee: 1, ..Model::default() };
        let mut states: BTreeMap<Address, SenderState> = BTreeMap::new();
        let mut now_ms = 0;
        for step in steps {
            match step {
                Step::Insert { sender, nonce, fee, tip, cost, bytes, salt } => {
                    let known = *states.entry(Address::repeat_byte(sender)).or_insert_with(|| state(0, 120));
                    let new = entry(sender, nonce, fee, tip, cost, bytes, salt);
                    let expected = model.insert(new.clone(), known, now_ms);
                    prop_assert_eq!(pool.insert(new, known, now_ms), expected);
                }
                Step::Block { sender, advance, balance, base_fee } => {
                    let address = Address::repeat_byte(sender);
                    let old = states.get(&address).map_or(0, |state| state.nonce);
                    states.insert(address, state(old + advance, balance));
                    pool.on_block([(address, state(old + advance, balance))], base_fee);
                    model.on_block(address, state(old + advance, balance), base_fee);
                }
                Step::Wait { ms } => {
                    now_ms += ms;
                    pool.expire(now_ms);
                    model.expire(now_ms);
                }
            }
            let pending: usize = states.keys().map(|sender| model.ready(*sender).len()).sum();
            let bytes = model.txs.iter().map(|tx| tx.entry.bytes).sum();
            let status = pool.status();
            prop_assert_eq!((status.pending, status.queued, status.bytes), (pending, model.txs.len() - pending, bytes));
            prop_assert!(pool.len() <= LIMITS.count_max && status.bytes <= LIMITS.bytes_max);
            let picked: Vec<B256> = pool.pick_entries(model.base_fee, 4, 800).iter().map(|entry| entry.hash).collect();
            prop_assert_eq!(picked, model.pick(4, 800));
            prop_assert_eq!(pool.has_work(model.base_fee), !model.pick(1, 10_000).is_empty());
        }
    }
}
