//! The state as the transactions of one block see it: the view below, and on top what the block read and changed.

use alloy_primitives::map::{AddressMap, B256Map, U256Map};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use assay_kernel::{AccountRecord, StateView};
use assay_primitives::Fault;
use revm::database_interface::{DBErrorMarker, Database, DatabaseRef};
use revm::state::{AccountInfo, Bytecode};
use std::fmt;

/// A [`Fault`] on its way through revm.
#[derive(Clone, Debug)]
pub struct DatabaseFault(pub Fault);

impl fmt::Display for DatabaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for DatabaseFault {}
impl DBErrorMarker for DatabaseFault {}

impl From<Fault> for DatabaseFault {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

/// A slot: its value below the block, and now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachedSlot {
    pub(crate) base: U256,
    pub(crate) current: U256,
}

/// An account: what it was below the block, and what it is now.
#[derive(Clone, Debug, Default)]
pub(crate) struct CachedAccount {
    pub(crate) base: Option<AccountRecord>,
    pub(crate) current: Option<AccountRecord>,
    /// Whether storage from below the block is gone.
    pub(crate) wiped: bool,
    pub(crate) slots: U256Map<CachedSlot>,
}

/// What a block read and changed so far, over a view.
#[derive(Clone)]
pub struct BlockState<'a> {
    pub(crate) view: &'a dyn StateView,
    pub(crate) accounts: AddressMap<CachedAccount>,
    /// Code read or deployed, analysed.
    pub(crate) code: B256Map<Bytecode>,
}

impl fmt::Debug for BlockState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockState").field("accounts", &self.accounts.len()).finish_non_exhaustive()
    }
}

impl<'a> BlockState<'a> {
    pub(crate) fn new(view: &'a dyn StateView) -> Self {
        Self { view, accounts: AddressMap::default(), code: B256Map::default() }
    }

    /// The account, read from the view at its first use.
    pub(crate) fn account(&mut self, address: Address) -> Result<&mut CachedAccount, Fault> {
        match self.accounts.entry(address) {
            alloy_primitives::map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            alloy_primitives::map::Entry::Vacant(entry) => {
                let base = self.view.account(address)?;
                Ok(entry.insert(CachedAccount { base, current: base, ..CachedAccount::default() }))
            }
        }
    }

    fn read_code(&self, hash: B256) -> Result<Bytecode, Fault> {
        let bytes = self.view.code(hash)?;
        // Only a malformed EIP-7702 designator is refused; no rule can have stored one.
        Bytecode::new_raw_checked(bytes).map_err(|e| Fault::corrupt(format!("code {hash}: {e}")))
    }
}

pub(crate) fn to_info(record: AccountRecord) -> AccountInfo {
    AccountInfo {
        balance: record.balance,
        nonce: record.nonce,
        code_hash: record.code_hash,
        code: if record.code_hash == KECCAK256_EMPTY { Some(Bytecode::default()) } else { None },
        ..AccountInfo::default()
    }
}

impl Database for BlockState<'_> {
    type Error = DatabaseFault;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, DatabaseFault> {
        Ok(self.account(address)?.current.map(to_info))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, DatabaseFault> {
        if let Some(code) = self.code.get(&hash) {
            return Ok(code.clone());
        }
        let code = self.read_code(hash)?;
        self.code.insert(hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, DatabaseFault> {
        let view = self.view;
        let account = self.account(address)?;
        if let Some(cached) = account.slots.get(&slot) {
            return Ok(cached.current);
        }
        if account.wiped || account.base.is_none() {
            return Ok(U256::ZERO);
        }
        let value = view.storage(address, slot)?;
        account.slots.insert(slot, CachedSlot { base: value, current: value });
        Ok(value)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, DatabaseFault> {
        Ok(self.view.block_hash(number)?)
    }
}

impl DatabaseRef for BlockState<'_> {
    type Error = DatabaseFault;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, DatabaseFault> {
        match self.accounts.get(&address) {
            Some(account) => Ok(account.current.map(to_info)),
            None => Ok(self.view.account(address)?.map(to_info)),
        }
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, DatabaseFault> {
        match self.code.get(&hash) {
            Some(code) => Ok(code.clone()),
            None => Ok(self.read_code(hash)?),
        }
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, DatabaseFault> {
        if let Some(account) = self.accounts.get(&address) {
            if let Some(cached) = account.slots.get(&slot) {
                return Ok(cached.current);
            }
            if account.wiped || account.base.is_none() {
                return Ok(U256::ZERO);
            }
        }
        Ok(self.view.storage(address, slot)?)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, DatabaseFault> {
        Ok(self.view.block_hash(number)?)
    }
}
