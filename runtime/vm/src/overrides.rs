//! State overrides of `eth_call` and its relatives.

use crate::Executor;
use crate::database::CachedSlot;
use crate::options::OverrideError;
use alloy_primitives::{Address, KECCAK256_EMPTY, U256, keccak256};
use alloy_rpc_types_eth::state::{AccountOverride, StateOverride};
use revm::state::Bytecode;

impl Executor<'_> {
    /// Lays overrides over the state; for executors whose changes are thrown away.
    ///
    /// # Errors
    /// `StateAndDiff`, `MovePrecompile`, `Code`, `Fault`.
    pub fn override_state(&mut self, overrides: &StateOverride) -> Result<(), OverrideError> {
        let mut accounts: Vec<(&Address, &AccountOverride)> = overrides.iter().collect();
        accounts.sort_unstable_by_key(|(address, _)| **address);
        for (address, account) in accounts {
            self.override_account(*address, account)?;
        }
        Ok(())
    }

    fn override_account(&mut self, address: Address, change: &AccountOverride) -> Result<(), OverrideError> {
        if change.move_precompile_to.is_some() {
            return Err(OverrideError::MovePrecompile);
        }
        if change.state.is_some() && change.state_diff.is_some() {
            return Err(OverrideError::StateAndDiff(address));
        }
        let state = self.state_mut();
        let mut code_hash = None;
        if let Some(bytes) = &change.code {
            let code = Bytecode::new_raw_checked(bytes.clone()).map_err(|_| OverrideError::Code(address))?;
            let hash = if bytes.is_empty() { KECCAK256_EMPTY } else { keccak256(bytes) };
            state.code.insert(hash, code);
            code_hash = Some(hash);
        }
        let entry = state.account(address)?;
        let mut record = entry.current.unwrap_or_default();
        record.code_hash = code_hash.unwrap_or(record.code_hash);
        record.nonce = change.nonce.unwrap_or(record.nonce);
        record.balance = change.balance.unwrap_or(record.balance);
        entry.current = Some(record);
        // Only an account that exists below has storage there to read.
        if change.state.is_some() {
            entry.wiped = true;
            entry.slots.clear();
        }
        let slots = change.state.iter().chain(&change.state_diff).flatten();
        slots.for_each(|(slot, value)| {
            let current = U256::from_be_bytes(value.0);
            entry.slots.insert(U256::from_be_bytes(slot.0), CachedSlot { base: U256::ZERO, current });
        });
        Ok(())
    }
}
