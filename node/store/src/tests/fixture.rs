//! A small chain over a store: random blocks, a naive model beside it, and copies of its folder.

use crate::{ApplyBlock, ChainIdentity, Head, ReceiptRecord, Store, StoreError, StoreOptions};
use alloy_primitives::{Address, B256, Bloom, Bytes, LogData, U256, keccak256};
use alloy_trie::{HashBuilder, Nibbles, TrieAccount};
use assay_kernel::{AccountChange, AccountRecord, MemoryState, StateChanges, StateView};
use assay_primitives::header::HeaderParts;
use assay_primitives::receipt::logs_bloom;
use assay_primitives::vrf::RandomnessProof;
use assay_primitives::{
    Block, BlockId, CommitCertificate, CommitSignature, ConsensusAddress, ExecutionHeader, Height, Log, Receipt, Round,
    SystemPayload, TimestampMs,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

pub(super) const CHAIN_ID: u64 = 31_337;

/// A seeded generator: the same blocks in every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }
}

pub(super) fn address(index: u64) -> Address {
    Address::from_slice(&keccak256(index.to_be_bytes())[..20])
}

/// One of a few accounts changed in one of all the ways there are.
pub(super) fn random_changes(random: &mut Random, state: &MemoryState, accounts: u64, touched: u64) -> StateChanges {
    let mut changes = StateChanges::default();
    for _ in 0..touched {
        let address = address(random.below(accounts));
        let before = state.account(address).unwrap();
        let mut change = AccountChange::default();
        if before.is_some() && random.below(8) == 0 {
            changes.accounts.insert(address, AccountChange { wiped: random.below(2) == 0, ..change });
            continue;
        }
        let mut account = before.unwrap_or_default();
        account.nonce += 1;
        account.balance = U256::from(random.next()) << random.below(190);
        if random.below(4) == 0 {
            let code = Bytes::from(random.next().to_be_bytes().repeat(random.below(2000) as usize + 1));
            account.code_hash = keccak256(&code);
            changes.code.insert(account.code_hash, code);
        }
        change.wiped = before.is_some() && random.below(6) == 0;
        for _ in 0..random.below(8) {
            let slot = U256::from(random.below(24));
            let value = if random.below(3) == 0 { U256::ZERO } else { U256::from(random.next()) << random.below(190) };
            change.slots.insert(slot, value);
        }
        change.account = Some(account);
        changes.accounts.insert(address, change);
    }
    changes
}

/// The state root by alloy-trie, from nothing.
pub(super) fn oracle_root(state: &MemoryState) -> B256 {
    let mut leaves = BTreeMap::new();
    for (address, account) in state.accounts() {
        let slots: BTreeMap<B256, Vec<u8>> = state
            .slots(address)
            .map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), alloy_rlp::encode(value)))
            .collect();
        let leaf = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root: hash_leaves(slots),
            code_hash: account.code_hash,
        };
        leaves.insert(keccak256(address), alloy_rlp::encode(leaf));
    }
    hash_leaves(leaves)
}

fn hash_leaves(leaves: BTreeMap<B256, Vec<u8>>) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), &value);
    }
    builder.root()
}

/// A chain with its store and its model.
pub(super) struct TestChain {
    pub(super) folder: TempDir,
    store: Option<Store>,
    pub(super) options: StoreOptions,
    /// The model's state at every height from genesis.
    pub(super) states: Vec<MemoryState>,
    pub(super) headers: Vec<ExecutionHeader>,
    pub(super) blocks: Vec<Block>,
    pub(super) receipts: Vec<Vec<ReceiptRecord>>,
    pub(super) changes: Vec<StateChanges>,
}

pub(super) fn small_options() -> StoreOptions {
    StoreOptions { memory_bytes: 32 * 1024 * 1024, ..StoreOptions::default() }
}

impl TestChain {
    pub(super) fn new(options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::at(folder, options)
    }

    pub(super) fn at(folder: TempDir, options: StoreOptions) -> Self {
        let store = Store::open(&folder.path().join("store"), options.clone()).unwrap();
        let mut chain = Self {
            folder,
            store: Some(store),
            options,
            states: Vec::new(),
            headers: Vec::new(),
            blocks: Vec::new(),
            receipts: Vec::new(),
            changes: Vec::new(),
        };
        let changes = genesis_changes();
        let mut state = MemoryState::default();
        state.apply(&changes);
        let header = header(0, B256::ZERO, oracle_root(&state), BlockId(B256::repeat_byte(7)), &[]);
        chain.store().init_genesis(&header, changes.clone(), CHAIN_ID, B256::repeat_byte(7)).unwrap();
        chain.states.push(state);
        chain.headers.push(header);
        chain.receipts.push(Vec::new());
        chain.changes.push(changes);
        chain
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(super) fn identity(&self) -> ChainIdentity {
        ChainIdentity { chain_id: CHAIN_ID, genesis_hash: self.headers[0].hash_slow(), spec_hash: B256::repeat_byte(7) }
    }

    /// Height of the model.
    pub(super) fn height(&self) -> u64 {
        self.states.len() as u64 - 1
    }

    pub(super) fn state(&self) -> &MemoryState {
        self.states.last().unwrap()
    }

    /// Adds a block to the model only.
    pub(super) fn draft(&mut self, changes: StateChanges) {
        let height = self.height() + 1;
        let parent = self.headers.last().unwrap().hash_slow();
        let parent_id = self.blocks.last().map(Block::id).unwrap_or_default();
        let transactions: Vec<Bytes> =
            (0..height % 4).map(|index| Bytes::from(vec![height as u8, index as u8, 9])).collect();
        let block =
            Block::assemble(CHAIN_ID, Height(height), parent_id, parent, &payload(height), transactions.clone())
                .unwrap();
        let receipts: Vec<ReceiptRecord> =
            transactions.iter().enumerate().map(|(index, raw)| receipt(height, index as u64, raw)).collect();
        let mut state = self.state().clone();
        state.apply(&changes);
        self.headers.push(header(height, parent, oracle_root(&state), block.id(), &receipts));
        self.states.push(state);
        self.blocks.push(block);
        self.receipts.push(receipts);
        self.changes.push(changes);
    }

    /// Decides a drafted block in the store.
    pub(super) fn decide(&self, height: u64) {
        let block = &self.blocks[height as usize - 1];
        self.store().put_decided(block, &certificate(block, 1)).unwrap();
    }

    /// Installs a drafted block in the store.
    pub(super) fn install(&self, height: u64) -> Arc<Head> {
        install(self.store(), self, height)
    }

    /// Drafts, decides and installs a block.
    pub(super) fn grow(&mut self, changes: StateChanges) -> Arc<Head> {
        self.draft(changes);
        self.decide(self.height());
        self.install(self.height())
    }

    pub(super) fn grow_random(&mut self, random: &mut Random, blocks: u64) {
        for _ in 0..blocks {
            let changes = random_changes(random, self.state(), 24, 6);
            self.grow(changes);
        }
    }

    /// Drops the store without any farewell and opens it again.
    pub(super) fn reopen(&mut self) {
        self.close();
        self.store = Some(Store::open(&self.path(), self.options.clone()).unwrap());
    }

    pub(super) fn close(&mut self) {
        self.store = None;
    }

    pub(super) fn try_reopen(&mut self) -> Result<(), StoreError> {
        self.close();
        self.store = Some(Store::open(&self.path(), self.options.clone())?);
        Ok(())
    }
}

/// Installs a block of the model in any store.
pub(super) fn install(store: &Store, chain: &TestChain, height: u64) -> Arc<Head> {
    let at = height as usize;
    let prepared = store.prepare(chain.changes[at].clone()).unwrap();
    store
        .apply(ApplyBlock {
            block_id: chain.blocks[at - 1].id(),
            header: &chain.headers[at],
            prepared,
            receipts: &chain.receipts[at],
            system_transaction: height.is_multiple_of(5).then(|| Bytes::from(vec![0x7e, height as u8])),
        })
        .unwrap()
}

/// Compares everything a store shows of its latest state with a model.
pub(super) fn assert_state(view: &dyn StateView, state: &MemoryState, accounts: u64) {
    for index in 0..accounts {
        let address = address(index);
        let account = state.account(address).unwrap();
        assert_eq!(view.account(address).unwrap(), account, "account {index}");
        for slot in (0..24).map(U256::from) {
            assert_eq!(view.storage(address, slot).unwrap(), state.storage(address, slot).unwrap(), "slot {slot}");
        }
        if let Some(account) = account {
            assert_eq!(view.code(account.code_hash).unwrap(), state.code(account.code_hash).unwrap());
        }
    }
}

fn genesis_changes() -> StateChanges {
    let mut changes = StateChanges::default();
    for index in 0..10 {
        let account = AccountRecord { balance: U256::from(1_000_000 + index), ..AccountRecord::default() };
        changes.accounts.insert(address(index), AccountChange { account: Some(account), ..AccountChange::default() });
    }
    changes
}

fn payload(height: u64) -> SystemPayload {
    SystemPayload {
        creator: ConsensusAddress(Address::repeat_byte(1)),
        round: Round(0),
        timestamp_ms: TimestampMs(1_700_000_000_000 + height * 500),
        randomness: RandomnessProof::default(),
        last_commit: None,
        late_votes: Vec::new(),
        evidence: Vec::new(),
    }
}

pub(super) fn certificate(block: &Block, signatures: usize) -> CommitCertificate {
    let one = |index: usize| CommitSignature {
        address: ConsensusAddress(Address::repeat_byte(index as u8)),
        signature: [index as u8; 64].into(),
    };
    CommitCertificate {
        height: block.height(),
        round: Round(0),
        block_id: block.id(),
        signatures: (0..signatures).map(one).collect(),
    }
}

fn header(height: u64, parent: B256, root: B256, id: BlockId, receipts: &[ReceiptRecord]) -> ExecutionHeader {
    let logs: Vec<&Log> = receipts.iter().flat_map(|record| &record.receipt.logs).collect();
    HeaderParts {
        parent_hash: parent,
        number: height,
        timestamp: 1_700_000_000 + height / 2,
        beneficiary: Address::repeat_byte(2),
        randomness: B256::repeat_byte(3),
        state_root: root,
        transactions_root: B256::repeat_byte(4),
        receipts_root: B256::repeat_byte(5),
        logs_bloom: if logs.is_empty() { Bloom::ZERO } else { logs_bloom(logs) },
        gas_limit: 30_000_000,
        gas_used: 21_000 * receipts.len() as u64,
        base_fee_per_gas: 7,
        extra_data: id,
    }
    .into_header()
}

fn receipt(height: u64, index: u64, raw: &Bytes) -> ReceiptRecord {
    let log = Log {
        address: address(height),
        data: LogData::new_unchecked(vec![B256::repeat_byte(height as u8)], Bytes::from(vec![index as u8; 40])),
    };
    ReceiptRecord {
        receipt: Receipt { tx_type: 2, success: true, cumulative_gas_used: 21_000 * (index + 1), logs: vec![log] },
        tx_hash: keccak256(raw),
        sender: address(index),
        gas_used: 21_000,
        effective_gas_price: 1_000_000_007,
        contract_address: (index == 1).then(|| address(99)),
        output: Bytes::from(vec![1, 2, 3]),
    }
}

/// Copies a folder as a killed process would leave it.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // Files that the database removes meanwhile do not matter to it either.
        let _ = std::fs::copy(entry.path(), to.join(entry.file_name()));
    }
}

/// Brings a store to the height that its ledger has decided, from whatever state it is at.
pub(super) fn replay(store: &Store, chain: &TestChain) {
    if store.head().is_none() {
        let spec = B256::repeat_byte(7);
        store.init_genesis(&chain.headers[0], chain.changes[0].clone(), CHAIN_ID, spec).unwrap();
    }
    let decided = store.decided_head().map_or(0, |decided| decided.height.get());
    for height in store.head().unwrap().height.get() + 1..=decided {
        assert_eq!(store.block(Height(height)).unwrap().as_ref(), Some(&chain.blocks[height as usize - 1]));
        install(store, chain, height);
    }
    let at = decided as usize;
    assert_eq!(store.head().unwrap().header, chain.headers[at]);
    assert_state(&store.view_latest().unwrap(), &chain.states[at], 24);
}

/// The files of a folder with an extension, or whose names begin with a word.
pub(super) fn files(folder: &Path, which: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == which)
                || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(which))
        })
        .collect();
    found.sort();
    found
}

/// Inverts one bit of a file.
pub(super) fn flip(file: &Path, offset: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[offset] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}
