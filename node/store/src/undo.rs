//! What one block overwrote: the record that is stored, and how values are found in it.

use crate::state::{decode_account, parse_account};
use alloy_primitives::{Address, U256};
use assay_kernel::AccountRecord;
use assay_primitives::Fault;

/// Of the length of an account's form: the block changed only slots of it.
const SAME: u8 = 0x80;

/// What one block overwrote in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountUndo {
    /// The account before; `None` where there was none.
    pub account: Option<AccountRecord>,
    /// The slots before.
    pub slots: Vec<(U256, U256)>,
}

/// What one block overwrote, in the form in which it is stored: for each account, ascending, its address (20), the length (1)
/// and the stored form of the account before, the number of slots (4, big-endian), and for each of these, ascending, its key
/// (32), the length (1) and the stored form of the value before. Empty forms stand for no account and for zero. The high bit
/// of an account's length says that the block left the account itself as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UndoRecord {
    bytes: Vec<u8>,
    accounts: Vec<AccountPlace>,
    /// Where each slot begins.
    slots: Vec<u32>,
}

/// An account of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountPlace {
    /// Where it begins.
    at: u32,
    /// Its slots among those of all accounts: the first, and after the last.
    first: u32,
    end: u32,
}

/// The address and the stored form of the account before; `None` where the block left it as it was.
type AccountEntry<'a> = (&'a [u8; 20], Option<&'a [u8]>);

impl UndoRecord {
    /// The stored form.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes in memory.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + size_of_val(&*self.accounts) + size_of_val(&*self.slots)
    }

    /// Begins an account, which must be after all others.
    pub(crate) fn account(&mut self, address: &Address, before: &[u8], same: bool) {
        let next = self.slots.len() as u32;
        self.accounts.push(AccountPlace { at: self.bytes.len() as u32, first: next, end: next });
        self.bytes.extend_from_slice(address.as_slice());
        // An account takes at most 74 bytes.
        self.bytes.push(before.len() as u8 | if same { SAME } else { 0 });
        self.bytes.extend_from_slice(before);
        self.bytes.extend_from_slice(&[0; 4]);
    }

    /// Adds a slot, which must be after all others, to the account begun last.
    pub(crate) fn slot(&mut self, slot: &U256, before: &[u8]) {
        self.slots.push(self.bytes.len() as u32);
        self.bytes.extend_from_slice(&slot.to_be_bytes::<32>());
        self.bytes.push(before.len() as u8);
        self.bytes.extend_from_slice(before);
    }

    /// Ends an account: notes its number of slots.
    pub(crate) fn end(&mut self) {
        let Some(place) = self.accounts.last_mut() else { return };
        place.end = self.slots.len() as u32;
        let count = (place.end - place.first).to_be_bytes();
        let start = place.at as usize + 20;
        let at = start + 1 + usize::from(self.bytes[start] & !SAME);
        self.bytes[at..at + 4].copy_from_slice(&count);
    }

    /// Reads a stored record.
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, Fault> {
        let mut record = Self { bytes, accounts: Vec::new(), slots: Vec::new() };
        let mut at = 0;
        while at < record.bytes.len() {
            at = record.index(at).ok_or_else(|| Fault::corrupt("an undo record does not decode"))?;
        }
        Ok(record)
    }

    /// Notes where an account and its slots lie; gives where the next begins. `None` where it is malformed.
    fn index(&mut self, at: usize) -> Option<usize> {
        let (first, address) = (self.slots.len() as u32, self.bytes.get(at..at + 20)?);
        if self.accounts.last().is_some_and(|last| self.bytes[last.at as usize..][..20] >= *address) {
            return None;
        }
        let form = at + 21..at + 21 + usize::from(self.bytes.get(at + 20)? & !SAME);
        let account = self.bytes.get(form.clone())?;
        if !account.is_empty() {
            parse_account(account)?;
        }
        let count = u32::from_be_bytes(self.bytes.get(form.end..form.end + 4)?.try_into().ok()?);
        let mut next = form.end + 4;
        for slot in 0..count {
            let key = self.bytes.get(next..next + 32)?;
            if slot > 0 && self.slots.last().is_some_and(|last| self.bytes[*last as usize..][..32] >= *key) {
                return None;
            }
            self.slots.push(next as u32);
            let length = usize::from(*self.bytes.get(next + 32)?);
            next += 33 + length;
            if length > 32 || next > self.bytes.len() {
                return None;
            }
        }
        self.accounts.push(AccountPlace { at: at as u32, first, end: self.slots.len() as u32 });
        Some(next)
    }

    /// All accounts, ascending.
    pub(crate) fn accounts(&self) -> &[AccountPlace] {
        &self.accounts
    }

    /// An account with its slots.
    pub(crate) fn entry(&self, place: AccountPlace) -> AccountEntry<'_> {
        let at = place.at as usize;
        let length = self.bytes[at + 20];
        let before = &self.bytes[at + 21..][..usize::from(length & !SAME)];
        (self.address(place), (length & SAME == 0).then_some(before))
    }

    pub(crate) fn address(&self, place: AccountPlace) -> &[u8; 20] {
        let bytes = self.bytes[place.at as usize..].first_chunk();
        bytes.unwrap_or(&[0; 20])
    }

    /// Where the slots of an account begin, ascending.
    pub(crate) fn slots(&self, place: AccountPlace) -> &[u32] {
        &self.slots[place.first as usize..place.end as usize]
    }

    /// The key of a slot and the stored form of its value before.
    pub(crate) fn slot_entry(&self, at: u32) -> (&[u8; 32], &[u8]) {
        let at = at as usize;
        let key = self.bytes[at..].first_chunk();
        (key.unwrap_or(&[0; 32]), &self.bytes[at + 33..][..usize::from(self.bytes[at + 32])])
    }

    fn find(&self, address: &Address) -> Option<AccountPlace> {
        let at = self.accounts.binary_search_by_key(&&address.0.0, |place| self.address(*place)).ok()?;
        Some(self.accounts[at])
    }

    /// The stored form of an account before the block; `None` where the block did not change it.
    pub(crate) fn account_before(&self, address: &Address) -> Option<&[u8]> {
        self.entry(self.find(address)?).1
    }

    /// The stored form of a slot before the block; `None` where the block did not change it.
    pub(crate) fn slot_before(&self, address: &Address, slot: &U256) -> Option<&[u8]> {
        let (slots, slot) = (self.slots(self.find(address)?), slot.to_be_bytes::<32>());
        let at = slots.binary_search_by_key(&&slot, |at| self.slot_entry(*at).0).ok()?;
        Some(self.slot_entry(slots[at]).1)
    }

    /// What the block overwrote, account by account.
    pub(crate) fn decode(&self) -> Result<Vec<(Address, AccountUndo)>, Fault> {
        let mut accounts = Vec::with_capacity(self.accounts.len());
        for place in &self.accounts {
            let at = place.at as usize;
            let account = match &self.bytes[at + 21..][..usize::from(self.bytes[at + 20] & !SAME)] {
                [] => None,
                account => Some(decode_account(account)?),
            };
            let slots = self.slots(*place).iter().map(|at| self.slot_entry(*at));
            let slots = slots.map(|(slot, value)| (U256::from_be_bytes(*slot), U256::from_be_slice(value))).collect();
            accounts.push((Address::from(self.address(*place)), AccountUndo { account, slots }));
        }
        Ok(accounts)
    }
}

/// Reads a stored [`UndoRecord`], account by account.
pub(crate) fn decode_undo(bytes: &[u8]) -> Result<Vec<(Address, AccountUndo)>, Fault> {
    UndoRecord::read(bytes.to_vec())?.decode()
}
