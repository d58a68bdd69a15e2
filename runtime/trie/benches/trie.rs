//! The state trie at 1 M and 4 M leaves: what a block of 10,000 random changes costs in CPU.
//!
//! `trie/update`: prepare and install of 10,000 updates; `trie/prepare`: prepare alone, over a trie in memory and over
//! one of which nothing is; `trie/evict`: dropping a quarter. Sizes of what is held and written are printed once.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench is not the runtime"
)]
#![allow(clippy::disallowed_types, reason = "a hash map stands for the database")]

use alloy_primitives::{Address, U256};
use assay_primitives::Fault;
use assay_trie::{Account, AccountUpdate, EMPTY_ROOT, NodeKey, NodeSource, StateTrie};
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

const UPDATES: u64 = 10_000;
const CONTRACT: Address = Address::repeat_byte(0xcc);

type Change = (Address, AccountUpdate<Vec<(U256, U256)>>);

#[derive(Default)]
struct Nodes(HashMap<Vec<u8>, Vec<u8>>);

impl NodeSource for Nodes {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.get(&key.encode()).cloned())
    }
}

impl Nodes {
    /// Persists what changed since the last save.
    fn save(&mut self, trie: &mut StateTrie) {
        trie.save(Vec::new(), &mut |name, record| {
            match record {
                Some(record) => self.0.insert(name.to_vec(), record.to_vec()),
                None => self.0.remove(name),
            };
            Ok(())
        })
        .unwrap();
        trie.saved();
    }
}

/// A linear congruential generator: the bench must do the same every time.
struct Numbers(u64);

impl Numbers {
    const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn account(index: u64, nonce: u64) -> Change {
    let balance = U256::from(10u64).pow(U256::from(18)) * U256::from(index + nonce + 1);
    let account = Some(Account { nonce, balance, ..Account::default() });
    (Address::left_padding_from(&index.to_be_bytes()), AccountUpdate { account, wiped: false, slots: Vec::new() })
}

fn contract(slots: Vec<(U256, U256)>) -> Change {
    (CONTRACT, AccountUpdate { account: Some(Account { nonce: 1, ..Account::default() }), wiped: false, slots })
}

/// Changes of accounts, of slots of one contract, or half of each.
#[derive(Clone, Copy)]
enum Kind {
    Accounts,
    Slots,
    Mixed,
}

fn block(kind: Kind, leaves: u64, numbers: &mut Numbers) -> Vec<Change> {
    let (accounts, slots) = match kind {
        Kind::Accounts => (UPDATES, 0),
        Kind::Slots => (0, UPDATES),
        Kind::Mixed => (UPDATES / 2, UPDATES / 2),
    };
    let mut changed: Vec<u64> = (0..accounts).map(|_| numbers.below(leaves)).collect();
    changed.sort_unstable();
    changed.dedup();
    let mut changes: Vec<Change> = changed.into_iter().map(|index| account(index, numbers.below(1 << 20))).collect();
    if slots > 0 {
        let slot = |numbers: &mut Numbers| (U256::from(numbers.below(leaves)), U256::from(numbers.below(1 << 40) + 1));
        changes.push(contract((0..slots).map(|_| slot(numbers)).collect()));
    }
    changes
}

fn populate(kind: Kind, leaves: u64) -> (StateTrie, Nodes) {
    const CHUNK: u64 = 100_000;
    let mut trie = StateTrie::open(EMPTY_ROOT).unwrap();
    let mut nodes = Nodes::default();
    for start in (0..leaves).step_by(usize::try_from(CHUNK).unwrap()) {
        let range = start..(start + CHUNK).min(leaves);
        let mut changes = Vec::new();
        if !matches!(kind, Kind::Slots) {
            changes.extend(range.clone().map(|index| account(index, 1)));
        }
        if !matches!(kind, Kind::Accounts) {
            changes.push(contract(range.map(|index| (U256::from(index), U256::from(index + 1))).collect()));
        }
        let prepared = trie.prepare(&nodes, changes).unwrap();
        trie.install(prepared).unwrap();
        nodes.save(&mut trie);
    }
    (trie, nodes)
}

fn report(name: &str, trie: &mut StateTrie, nodes: &mut Nodes, block: &[Change]) {
    let prepared = trie.prepare(nodes, block.to_vec()).unwrap();
    trie.install(prepared).unwrap();
    let (mut count, mut bytes) = (0, 0);
    let mut sink = |_: &[u8], record: Option<&[u8]>| {
        count += 1;
        bytes += record.map_or(0, <[u8]>::len);
        Ok(())
    };
    trie.save(Vec::new(), &mut sink).unwrap();
    nodes.save(trie);
    let stored: usize = nodes.0.iter().map(|(key, value)| key.len() + value.len()).sum();
    let leaves = u64::try_from(trie.resident_leaves()).unwrap();
    eprintln!(
        "{name}: {leaves} leaves and {} branches in {} bytes ({} per leaf); {} nodes persisted in {stored} bytes; a \
         block changes {count} nodes, {bytes} bytes ({} per update)",
        trie.resident_branches(),
        trie.bytes(),
        trie.bytes() / trie.resident_leaves().max(1),
        nodes.0.len(),
        bytes as u64 / UPDATES,
    );
}

/// CPU time of the benched thread, so that a busy machine does not count.
struct CpuTime;

impl CpuTime {
    /// Nanoseconds on a CPU so far.
    fn now() -> u64 {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        stat.split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Measurement for CpuTime {
    type Intermediate = u64;
    type Value = u64;

    fn start(&self) -> u64 {
        Self::now()
    }
    fn end(&self, start: u64) -> u64 {
        Self::now() - start
    }
    fn add(&self, a: &u64, b: &u64) -> u64 {
        a + b
    }
    fn zero(&self) -> u64 {
        0
    }
    fn to_f64(&self, value: &u64) -> f64 {
        *value as f64
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn update(c: &mut Criterion<CpuTime>) {
    let mut group = c.benchmark_group("trie/update");
    group.sample_size(40).measurement_time(Duration::from_secs(3));
    for (name, kind, leaves) in [
        ("leaves=1000000", Kind::Slots, 1_000_000),
        ("leaves=4000000", Kind::Slots, 4_000_000),
        ("accounts=1000000", Kind::Accounts, 1_000_000),
        ("mixed=1000000", Kind::Mixed, 1_000_000),
    ] {
        // Built only if the filter of the command line asks for it.
        let mut state = None;
        let mut numbers = Numbers(leaves);
        group.bench_function(name, |b| {
            let (trie, nodes) = state.get_or_insert_with(|| {
                let (mut trie, mut nodes) = populate(kind, leaves);
                report(name, &mut trie, &mut nodes, &block(kind, leaves, &mut Numbers(1)));
                (trie, nodes)
            });
            b.iter_batched(
                || block(kind, leaves, &mut numbers),
                |changes| {
                    let prepared = trie.prepare(&*nodes, changes).unwrap();
                    trie.install(prepared).unwrap()
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn prepare(c: &mut Criterion<CpuTime>) {
    let mut group = c.benchmark_group("trie/prepare");
    group.sample_size(40).measurement_time(Duration::from_secs(3));
    let mut state = None;
    let mut numbers = Numbers(1);
    for (name, budget) in [("resident=1000000", usize::MAX), ("paged_out=1000000", 0)] {
        group.bench_function(name, |b| {
            let (trie, nodes) = state.get_or_insert_with(|| populate(Kind::Slots, 1_000_000));
            trie.evict_to(budget).unwrap();
            b.iter_batched(
                || block(Kind::Slots, 1_000_000, &mut numbers),
                |changes| black_box(trie.prepare(&*nodes, changes).unwrap()),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn evict(c: &mut Criterion<CpuTime>) {
    let mut group = c.benchmark_group("trie/evict");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    let mut state = None;
    group.bench_function("leaves=1000000", |b| {
        let (trie, nodes) = state.get_or_insert_with(|| {
            let (trie, nodes) = populate(Kind::Slots, 1_000_000);
            (RefCell::new(trie), nodes)
        });
        b.iter_batched(
            || {
                // Everything is read back before each run.
                let everything = contract((0..1_000_000).map(|i| (U256::from(i), U256::from(i + 1))).collect());
                let mut trie = trie.borrow_mut();
                let prepared = trie.prepare(&*nodes, [everything]).unwrap();
                trie.install(prepared).unwrap();
                trie.saved();
                trie.bytes() / 8 * 7
            },
            |budget| trie.borrow_mut().evict_to(budget).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = update, prepare, evict
}
criterion_main!(benches);
