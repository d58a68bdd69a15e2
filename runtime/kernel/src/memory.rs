//! State in memory: a map-backed [`StateView`] for tests, genesis and state tests, and an overlay of changes over any view.

use crate::state::{AccountRecord, StateChanges, StateView};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use assay_primitives::Fault;
use std::collections::BTreeMap;

/// The whole state in ordered maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    accounts: BTreeMap<Address, AccountRecord>,
    storage: BTreeMap<Address, BTreeMap<U256, U256>>,
    code: BTreeMap<B256, Bytes>,
    block_hashes: BTreeMap<u64, B256>,
}

impl MemoryState {
    /// Sets an account; its code hash must be of code known by then.
    pub fn set_account(&mut self, address: Address, account: AccountRecord) {
        self.accounts.insert(address, account);
    }

    /// Stores code and returns its hash.
    pub fn set_code(&mut self, code: Bytes) -> B256 {
        let hash = keccak256(&code);
        self.code.insert(hash, code);
        hash
    }

    /// Sets a storage slot; zero deletes it.
    pub fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        let slots = self.storage.entry(address).or_default();
        if value.is_zero() {
            slots.remove(&slot);
        } else {
            slots.insert(slot, value);
        }
    }

    /// Sets the header hash of a height.
    pub fn set_block_hash(&mut self, number: u64, hash: B256) {
        self.block_hashes.insert(number, hash);
    }

    /// Applies the changes of a block.
    pub fn apply(&mut self, changes: &StateChanges) {
        for (address, change) in &changes.accounts {
            if change.wiped || change.account.is_none() {
                self.storage.remove(address);
            }
            match change.account {
                Some(account) => {
                    self.accounts.insert(*address, account);
                    for (slot, value) in &change.slots {
                        self.set_storage(*address, *slot, *value);
                    }
                }
                None => {
                    self.accounts.remove(address);
                }
            }
        }
        for (hash, code) in &changes.code {
            self.code.insert(*hash, code.clone());
        }
    }

    /// All accounts in order.
    pub fn accounts(&self) -> impl Iterator<Item = (&Address, &AccountRecord)> {
        self.accounts.iter()
    }

    /// All non-zero slots of an account, in order.
    pub fn slots(&self, address: &Address) -> impl Iterator<Item = (&U256, &U256)> {
        self.storage.get(address).into_iter().flatten()
    }
}

impl StateView for MemoryState {
    fn account(&self, address: Address) -> Result<Option<AccountRecord>, Fault> {
        Ok(self.accounts.get(&address).copied())
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault> {
        Ok(self.storage.get(&address).and_then(|slots| slots.get(&slot)).copied().unwrap_or_default())
    }

    fn code(&self, hash: B256) -> Result<Bytes, Fault> {
        if hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        self.code.get(&hash).cloned().ok_or_else(|| Fault::corrupt(format!("no code with hash {hash}")))
    }

    fn block_hash(&self, number: u64) -> Result<B256, Fault> {
        Ok(self.block_hashes.get(&number).copied().unwrap_or_default())
    }
}

/// Changes laid over a view: what a proposal's state looks like before it is decided.
#[derive(Clone, Debug)]
pub struct Overlay<V> {
    base: V,
    changes: StateChanges,
    block_hashes: BTreeMap<u64, B256>,
}

impl<V: StateView> Overlay<V> {
    /// An overlay over a view.
    pub const fn new(base: V, changes: StateChanges) -> Self {
        Self { base, changes, block_hashes: BTreeMap::new() }
    }

    /// Adds a header hash that the base does not know yet.
    pub fn set_block_hash(&mut self, number: u64, hash: B256) {
        self.block_hashes.insert(number, hash);
    }

    /// Adds later changes.
    pub fn extend(&mut self, later: StateChanges) {
        self.changes.extend(later);
    }

    /// The changes laid over the base so far.
    pub const fn changes(&self) -> &StateChanges {
        &self.changes
    }
}

impl<V: StateView> StateView for Overlay<V> {
    fn account(&self, address: Address) -> Result<Option<AccountRecord>, Fault> {
        match self.changes.accounts.get(&address) {
            Some(change) => Ok(change.account),
            None => self.base.account(address),
        }
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault> {
        match self.changes.accounts.get(&address) {
            Some(change) => match change.slots.get(&slot) {
                Some(value) => Ok(*value),
                None if change.wiped || change.account.is_none() => Ok(U256::ZERO),
                None => self.base.storage(address, slot),
            },
            None => self.base.storage(address, slot),
        }
    }

    fn code(&self, hash: B256) -> Result<Bytes, Fault> {
        match self.changes.code.get(&hash) {
            Some(code) => Ok(code.clone()),
            None => self.base.code(hash),
        }
    }

    fn block_hash(&self, number: u64) -> Result<B256, Fault> {
        match self.block_hashes.get(&number) {
            Some(hash) => Ok(*hash),
            None => self.base.block_hash(number),
        }
    }
}
