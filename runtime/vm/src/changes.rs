//! From revm's journal to the changes of a block.

use crate::database::{BlockState, CachedAccount, CachedSlot};
use alloy_primitives::{Address, KECCAK256_EMPTY, U256};
use assay_kernel::{AccountChange, AccountRecord, StateChanges};
use assay_primitives::Fault;
use revm::state::{Account, AccountInfo, EvmState};

fn to_record(info: &AccountInfo) -> AccountRecord {
    AccountRecord { nonce: info.nonce, balance: info.balance, code_hash: info.code_hash }
}

impl BlockState<'_> {
    /// Takes over the state that a transaction left in the journal. Order among accounts does not matter.
    pub(crate) fn commit(&mut self, state: EvmState) -> Result<(), Fault> {
        let mut touched: Vec<(Address, Account)> = state.into_iter().filter(|(_, a)| a.is_touched()).collect();
        touched.sort_unstable_by_key(|(address, _)| *address);
        for (address, account) in touched {
            self.commit_account(address, account)?;
        }
        Ok(())
    }

    fn commit_account(&mut self, address: Address, mut account: Account) -> Result<(), Fault> {
        // An account that was created may be empty only before EIP-161, where it is stored all the same.
        let removed = account.is_selfdestructed() || (account.is_empty() && !account.is_created());
        if !removed
            && account.info.code_hash != KECCAK256_EMPTY
            && let Some(code) = account.info.code.take()
        {
            self.code.entry(account.info.code_hash).or_insert(code);
        }
        let entry = self.account(address)?;
        if removed {
            entry.current = None;
            entry.wiped = true;
            entry.slots.clear();
            return Ok(());
        }
        if account.is_created() {
            entry.wiped = true;
            entry.slots.clear();
        }
        entry.current = Some(to_record(&account.info));
        let fresh = entry.wiped || entry.base.is_none();
        let changed = account.storage.into_iter().filter(|(_, slot)| slot.present_value != slot.original_value);
        changed.for_each(|(key, slot)| {
            let base = if fresh { U256::ZERO } else { slot.original_value };
            entry.slots.entry(key).or_insert(CachedSlot { base, current: base }).current = slot.present_value;
        });
        Ok(())
    }

    /// What the block changed so far; nothing where old and new value are the same.
    pub(crate) fn changes(&self) -> StateChanges {
        let mut changes = StateChanges::default();
        let mut accounts: Vec<(&Address, &CachedAccount)> = self.accounts.iter().collect();
        accounts.sort_unstable_by_key(|(address, _)| **address);
        for (address, account) in accounts {
            let Some(change) = account.change() else { continue };
            if let Some(record) = change.account
                && account.base.is_none_or(|base| base.code_hash != record.code_hash)
                && let Some(code) = self.code.get(&record.code_hash)
            {
                changes.code.insert(record.code_hash, code.original_bytes());
            }
            changes.accounts.insert(*address, change);
        }
        changes
    }
}

impl CachedAccount {
    fn change(&self) -> Option<AccountChange> {
        let wiped = self.wiped && self.base.is_some();
        let Some(record) = self.current else {
            return self.base.map(|_| AccountChange { account: None, wiped, ..AccountChange::default() });
        };
        let slots: std::collections::BTreeMap<U256, U256> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.current != slot.base)
            .map(|(key, slot)| (*key, slot.current))
            .collect();
        if self.base == Some(record) && slots.is_empty() && !wiped {
            return None;
        }
        Some(AccountChange { account: Some(record), wiped, slots })
    }
}
