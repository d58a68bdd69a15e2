//! Reads at one height, the latest or an older one.
//!
//! A view holds no snapshot of the database, which would keep old data alive and pile up deletions for as long as a slow
//! caller lives. It reads the flat value first and asks afterwards whether a block above its height has begun to be
//! installed. If none has, the value is that of its height. If one has, the history under the key decides: its first
//! entry above the height is the value then, and no entry means that nothing up to now changed it. History is the table of that
//! name and, for the last blocks, their undo records in memory. The order matters: a block is announced, and its record
//! is there, before its batch is written, and a batch becomes visible as a whole.

use crate::recent::{Records, account_after, slot_after};
use crate::records::{HeaderRecord, decode};
use crate::state::{account_history_key, decode_account, decode_slot, slot_history_key, slot_key, value_after};
use crate::store::Inner;
use crate::tables::Table;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use assay_kernel::{AccountRecord, StateView};
use assay_primitives::{Fault, Height};
use std::sync::Arc;

/// The state at one height.
#[derive(Clone)]
pub struct StateAt {
    pub(crate) inner: Arc<Inner>,
    pub(crate) height: Height,
}

impl StateAt {
    /// The height it shows.
    pub const fn height(&self) -> Height {
        self.height
    }

    /// The value of a key at the view's height, `flat` being what was read just now and `recent` what finds the key in the
    /// records of the last blocks.
    fn settle(
        &self,
        flat: Vec<u8>,
        history_key: &[u8],
        recent: impl FnOnce(&Records) -> Option<Vec<u8>>,
    ) -> Result<Vec<u8>, Fault> {
        if !self.inner.has_begun_above(self.height) {
            return Ok(flat);
        }
        self.inner.check_history(self.height)?;
        let records = self.inner.recent.records();
        // What history has is of lower heights than the records.
        if records.first().is_none_or(|(first, _)| *first > self.height.next()) {
            let height_at = history_key.len().saturating_sub(8);
            if let Some(value) = value_after(&self.inner.database, history_key, height_at)? {
                return Ok(value);
            }
        }
        Ok(recent(&records).unwrap_or(flat))
    }

    fn flat(&self, table: Table, key: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.inner.database.get(table, key)?.map(|value| value.to_vec()).unwrap_or_default())
    }
}

impl std::fmt::Debug for StateAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StateAt({})", self.height)
    }
}

impl StateView for StateAt {
    fn account(&self, address: Address) -> Result<Option<AccountRecord>, Fault> {
        let flat = self.flat(Table::Accounts, address.as_slice())?;
        let value = self.settle(flat, &account_history_key(&address, self.height.next().get()), |records| {
            account_after(records, &address, self.height)
        })?;
        if value.is_empty() { Ok(None) } else { decode_account(&value).map(Some) }
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault> {
        let flat = self.flat(Table::Slots, &slot_key(&address, &slot))?;
        let value = self.settle(flat, &slot_history_key(&address, &slot, self.height.next().get()), |records| {
            slot_after(records, &address, &slot, self.height)
        })?;
        decode_slot(&value)
    }

    fn code(&self, hash: B256) -> Result<Bytes, Fault> {
        if hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        let code = self.inner.database.get(Table::Code, hash.as_slice())?;
        let code = code.ok_or_else(|| Fault::corrupt(format!("no code with hash {hash}")))?;
        Ok(Bytes::copy_from_slice(&code))
    }

    fn block_hash(&self, number: u64) -> Result<B256, Fault> {
        if number > self.height.get() {
            return Ok(B256::ZERO);
        }
        match self.inner.database.get(Table::Headers, &number.to_be_bytes())? {
            Some(bytes) => Ok(decode::<HeaderRecord>("header", &bytes)?.hash),
            None => Ok(B256::ZERO),
        }
    }
}
