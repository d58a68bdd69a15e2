//! The port to committed state: what can be read of it, and what a block changes in it.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use assay_primitives::Fault;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An Ethereum account without its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// Transactions sent, or for contracts creations made.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// keccak of the code; [`KECCAK256_EMPTY`] for none.
    pub code_hash: B256,
}

impl Default for AccountRecord {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}

impl AccountRecord {
    /// Whether the account is empty in the sense of EIP-161; an empty account is never stored.
    pub fn is_empty(&self) -> bool {
        self.nonce == 0 && self.balance.is_zero() && self.code_hash == KECCAK256_EMPTY
    }
}

/// Read access to the state at one height: the store, an in-memory map, or an overlay over either.
///
/// # Errors
/// Every method: a [`Fault`] of the disk or of stored data, never a missing entry.
pub trait StateView: Send + Sync {
    /// The account, or `None` where there is none.
    fn account(&self, address: Address) -> Result<Option<AccountRecord>, Fault>;
    /// A storage slot; zero where nothing is stored.
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault>;
    /// Code by its hash; empty for [`KECCAK256_EMPTY`]. An unknown hash is a `Fault`.
    fn code(&self, hash: B256) -> Result<Bytes, Fault>;
    /// Hash of the execution header at a height, for `BLOCKHASH`; zero where it is unknown.
    fn block_hash(&self, number: u64) -> Result<B256, Fault>;
}

impl<T: StateView + ?Sized> StateView for &T {
    fn account(&self, address: Address) -> Result<Option<AccountRecord>, Fault> {
        (**self).account(address)
    }
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault> {
        (**self).storage(address, slot)
    }
    fn code(&self, hash: B256) -> Result<Bytes, Fault> {
        (**self).code(hash)
    }
    fn block_hash(&self, number: u64) -> Result<B256, Fault> {
        (**self).block_hash(number)
    }
}

impl<T: StateView + ?Sized> StateView for Arc<T> {
    fn account(&self, address: Address) -> Result<Option<AccountRecord>, Fault> {
        (**self).account(address)
    }
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault> {
        (**self).storage(address, slot)
    }
    fn code(&self, hash: B256) -> Result<Bytes, Fault> {
        (**self).code(hash)
    }
    fn block_hash(&self, number: u64) -> Result<B256, Fault> {
        (**self).block_hash(number)
    }
}

/// What happened to one account. Read it in this order: where `wiped`, all old storage is gone first; then `slots` are
/// written; a slot set to zero is deleted. `account` is the account afterwards, `None` where it no longer exists (then
/// no storage is left either).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// The account after the change; `None`: deleted.
    pub account: Option<AccountRecord>,
    /// Whether all storage from before the change is gone.
    pub wiped: bool,
    /// Slots that changed, with their new values.
    pub slots: BTreeMap<U256, U256>,
}

/// Everything a block changed, in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// Changed accounts.
    pub accounts: BTreeMap<Address, AccountChange>,
    /// Code that was deployed, by hash.
    pub code: BTreeMap<B256, Bytes>,
}

impl StateChanges {
    /// Adds changes that were made after these.
    pub fn extend(&mut self, later: Self) {
        for (address, change) in later.accounts {
            let entry = self.accounts.entry(address).or_default();
            if change.wiped || change.account.is_none() {
                entry.slots.clear();
                entry.wiped = true;
            }
            entry.account = change.account;
            entry.slots.extend(change.slots);
        }
        self.code.extend(later.code);
    }
}

/// The port that turns changes into a state root: the store's incremental trie, or an in-memory one in tests.
pub trait Commitment {
    /// The root of the state that `changes` lead to from the last root this commitment has. Nothing is kept: a
    /// commitment advances only when its owner commits the block.
    ///
    /// # Errors
    /// A [`Fault`] where nodes cannot be read or do not match their hashes.
    fn root_after(&self, changes: &StateChanges) -> Result<B256, Fault>;
}
