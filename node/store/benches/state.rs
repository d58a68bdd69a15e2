//! The cost of a block's state: 10,000 slot updates, half of them in one contract, through the store (flat state, history,
//! undo, trie, root) and as a plain RocksDB batch of the same slots, in one run. CPU time of the whole process, flushes and
//! compactions included, and bytes handed to the system per slot.
//!
//! `ASSAY_BENCH_ACCOUNTS=1000000,4000000` chooses the sizes; by default one small state, so that the bench itself is tested.
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a benchmark")]
#![allow(clippy::disallowed_types, clippy::float_arithmetic, clippy::cast_possible_truncation, reason = "a benchmark")]

use alloy_primitives::{Address, B256, U256, keccak256};
use assay_kernel::{AccountChange, AccountRecord, StateChanges};
use assay_primitives::header::HeaderParts;
use assay_primitives::vrf::RandomnessProof;
use assay_primitives::{
    Block, BlockId, CommitCertificate, ConsensusAddress, Height, Round, SystemPayload, TimestampMs,
};
use assay_store::{ApplyBlock, Store, StoreOptions};
use criterion::{Criterion, criterion_group, criterion_main};
use rocksdb::{BlockBasedOptions, DB, DBCompressionType, Options, WaitForCompactOptions, WriteBatch};
use std::time::Duration;
use tempfile::TempDir;

/// The node's allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Slots changed by one block.
const UPDATES: u64 = 10_000;
/// Accounts created by one block while the state is filled.
const FILL: u64 = 20_000;
/// Blocks of the summary: enough for flushes and compactions to happen as often as in a running node.
const BLOCKS: u64 = 64;
/// Memory for caches, in bytes.
const MEMORY: usize = 1024 * 1024 * 1024;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

fn address(index: u64) -> Address {
    Address::from_slice(&keccak256(index.to_be_bytes())[..20])
}

/// Slots as Solidity's mappings make them: hashes.
fn slot(index: u64) -> U256 {
    keccak256(index.to_le_bytes()).into()
}

fn account() -> AccountRecord {
    AccountRecord { nonce: 1, balance: U256::from(10u64).pow(U256::from(18)), ..AccountRecord::default() }
}

/// The contract that takes half of all updates.
fn contract() -> Address {
    Address::repeat_byte(0xcc)
}

/// CPU time of all threads of this process, in nanoseconds.
fn cpu() -> Duration {
    let mut total = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        // A thread may end between the listing and the read.
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        total += text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
    }
    Duration::from_nanos(total)
}

/// Bytes handed to the system by this process.
fn written() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap();
    text.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap().parse().unwrap()
}

struct Chain {
    store: Store,
    parent_id: BlockId,
    height: u64,
    accounts: u64,
    random: Random,
    _folder: TempDir,
}

impl Chain {
    fn new(accounts: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions { memory_bytes: MEMORY, ..StoreOptions::default() };
        let store = Store::open(&folder.path().join("store"), options).unwrap();
        let mut changes = StateChanges::default();
        changes.accounts.insert(contract(), AccountChange { account: Some(account()), ..AccountChange::default() });
        let root = store.prepare(changes.clone()).unwrap().root();
        store.init_genesis(&header(0, B256::ZERO, root), changes, 1, B256::ZERO).unwrap();
        let random = Random(0x9e37_79b9_7f4a_7c15);
        let mut chain = Self { store, parent_id: BlockId::default(), height: 0, accounts, random, _folder: folder };
        for start in (0..accounts).step_by(FILL as usize) {
            let changes = chain.fill(start, (start + FILL).min(accounts));
            chain.block(changes);
        }
        chain.store.flush().unwrap();
        chain
    }

    /// Accounts of which every fourth has a slot, and as many slots in the contract.
    fn fill(&mut self, start: u64, end: u64) -> StateChanges {
        let mut changes = StateChanges::default();
        let mut shared = AccountChange { account: Some(account()), ..AccountChange::default() };
        for index in start..end {
            let mut change = AccountChange { account: Some(account()), ..AccountChange::default() };
            if index % 4 == 0 {
                change.slots.insert(slot(0), U256::from(self.random.next()));
                shared.slots.insert(slot(index), U256::from(self.random.next()));
            }
            changes.accounts.insert(address(index), change);
        }
        changes.accounts.insert(contract(), shared);
        changes
    }

    /// A block's updates of slots that exist: half in the contract, half in one account each.
    fn updates(&mut self) -> StateChanges {
        let mut changes = StateChanges::default();
        let mut shared = AccountChange { account: Some(account()), ..AccountChange::default() };
        while (shared.slots.len() as u64) < UPDATES / 2 {
            let index = self.random.next() % self.accounts.div_ceil(4) * 4;
            shared.slots.insert(slot(index), U256::from(self.random.next()));
        }
        while (changes.accounts.len() as u64) < UPDATES / 2 {
            let index = self.random.next() % self.accounts.div_ceil(4) * 4;
            let mut change = AccountChange { account: Some(account()), ..AccountChange::default() };
            change.slots.insert(slot(0), U256::from(self.random.next()));
            changes.accounts.insert(address(index), change);
        }
        changes.accounts.insert(contract(), shared);
        changes
    }

    fn block(&mut self, changes: StateChanges) {
        self.height += 1;
        let parent = self.store.head().unwrap().hash;
        let payload = SystemPayload {
            creator: ConsensusAddress::default(),
            round: Round(0),
            timestamp_ms: TimestampMs(self.height),
            randomness: RandomnessProof::default(),
            last_commit: None,
            late_votes: Vec::new(),
            evidence: Vec::new(),
        };
        let block = Block::assemble(1, Height(self.height), self.parent_id, parent, &payload, []).unwrap();
        self.parent_id = block.id();
        let certificate =
            CommitCertificate { height: block.height(), round: Round(0), block_id: block.id(), signatures: Vec::new() };
        self.store.put_decided(&block, &certificate).unwrap();
        let prepared = self.store.prepare(changes).unwrap();
        let header = header(self.height, parent, prepared.root());
        let block_id = block.id();
        self.store
            .apply(ApplyBlock { block_id, header: &header, prepared, receipts: &[], system_transaction: None })
            .unwrap();
    }
}

fn header(number: u64, parent_hash: B256, state_root: B256) -> assay_primitives::ExecutionHeader {
    HeaderParts {
        parent_hash,
        number,
        timestamp: number,
        beneficiary: Address::ZERO,
        randomness: B256::ZERO,
        state_root,
        transactions_root: B256::ZERO,
        receipts_root: B256::ZERO,
        logs_bloom: Default::default(),
        gas_limit: 30_000_000,
        gas_used: 0,
        base_fee_per_gas: 7,
        extra_data: BlockId::default(),
    }
    .into_header()
}

/// The same slots as plain keys and values in one column family.
struct Plain {
    db: DB,
    _folder: TempDir,
}

impl Plain {
    fn new(chain: &mut Chain) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut blocks = BlockBasedOptions::default();
        blocks.set_bloom_filter(10.0, false);
        blocks.set_block_cache(&rocksdb::Cache::new_lru_cache(MEMORY / 2));
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_block_based_table_factory(&blocks);
        options.set_write_buffer_size(64 * 1024 * 1024);
        let plain = Self { db: DB::open(&options, folder.path()).unwrap(), _folder: folder };
        for start in (0..chain.accounts).step_by(FILL as usize) {
            let changes = chain.fill(start, (start + FILL).min(chain.accounts));
            plain.write(&changes);
        }
        plain.flush();
        plain
    }

    fn write(&self, changes: &StateChanges) {
        let mut batch = WriteBatch::default();
        for (address, change) in &changes.accounts {
            for (slot, value) in &change.slots {
                let mut key = [0; 52];
                key[..20].copy_from_slice(address.as_slice());
                key[20..].copy_from_slice(&slot.to_be_bytes::<32>());
                batch.put(key, value.to_be_bytes_trimmed_vec());
            }
        }
        self.db.write(batch).unwrap();
    }

    fn flush(&self) {
        self.db.flush().unwrap();
        self.db.wait_for_compact(&WaitForCompactOptions::default()).unwrap();
    }
}

fn sizes() -> Vec<u64> {
    let text = std::env::var("ASSAY_BENCH_ACCOUNTS").unwrap_or_else(|_| "50000".to_owned());
    text.split(',').map(|size| size.trim().parse().unwrap()).collect()
}

/// CPU time and bytes of one block's work, flush and compaction included, averaged over several.
fn measure(mut work: impl FnMut(StateChanges), flush: impl Fn(), changes: Vec<StateChanges>) -> (Duration, u64) {
    let blocks = changes.len() as u64;
    let (cpu_before, written_before) = (cpu(), written());
    for change in changes {
        work(change);
    }
    flush();
    ((cpu() - cpu_before) / blocks as u32, (written() - written_before) / blocks)
}

fn state(criterion: &mut Criterion) {
    for accounts in sizes() {
        let mut chain = Chain::new(accounts);
        let plain = Plain::new(&mut chain);
        let draw = |chain: &mut Chain, blocks: u64| (0..blocks).map(|_| chain.updates()).collect::<Vec<_>>();

        let changes = draw(&mut chain, BLOCKS);
        let base = measure(|changes| plain.write(&changes), || plain.flush(), changes.clone());
        let store = chain.store.clone();
        let full = measure(|changes| chain.block(changes), || store.flush().unwrap(), changes);
        println!(
            "state/{UPDATES} slots/accounts={accounts}: store {:.1} ms CPU, {} B written per slot; plain batch {:.1} ms CPU, \
             {} B per slot; {:.2} x",
            full.0.as_secs_f64() * 1e3,
            full.1 / UPDATES,
            base.0.as_secs_f64() * 1e3,
            base.1 / UPDATES,
            full.0.as_secs_f64() / base.0.as_secs_f64(),
        );

        let mut group = criterion.benchmark_group(format!("state/update/accounts={accounts}"));
        group.sample_size(10);
        group.bench_function("plain", |bench| {
            bench.iter_custom(|blocks| {
                let changes = draw(&mut chain, blocks);
                measure(|changes| plain.write(&changes), || plain.flush(), changes).0 * blocks as u32
            });
        });
        group.bench_function("store", |bench| {
            bench.iter_custom(|blocks| {
                let changes = draw(&mut chain, blocks);
                measure(|changes| chain.block(changes), || store.flush().unwrap(), changes).0 * blocks as u32
            });
        });
        group.finish();
    }
}

criterion_group!(benches, state);
criterion_main!(benches);
