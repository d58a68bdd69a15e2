//! What leaves hold: accounts and storage slots, in their compact and their RLP form.

use crate::rlp::{self, EMPTY_ROOT};
use alloy_primitives::{B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::{Encodable, Header};

/// An account as the state trie commits to it, without its storage root, which the trie computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Transactions sent, or for contracts creations made.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// keccak of the code.
    pub code_hash: B256,
}

impl Default for Account {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}

/// An account with the root of its storage: exactly what an account leaf holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLeaf {
    /// Nonce, balance and code hash.
    pub account: Account,
    /// Root of the account's storage trie.
    pub storage_root: B256,
}

/// The storage of an account as its leaf holds it. A storage trie of one slot lies in the account's leaf, so that the many
/// small contracts cost neither a record nor an entry in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    Empty,
    /// One slot: its hashed key and its value.
    One(B256, U256),
    /// More than one: the root.
    Root(B256),
}

impl Storage {
    /// The root that the account commits to.
    pub(crate) fn root(&self) -> B256 {
        match self {
            Self::Empty => EMPTY_ROOT,
            Self::Root(root) => *root,
            Self::One(slot, value) => {
                let mut leaf = Vec::with_capacity(72);
                rlp::slot_leaf(&mut leaf, slot, *value);
                keccak256(leaf)
            }
        }
    }
}

const HAS_STORAGE: u8 = 0x01;
const HAS_CODE: u8 = 0x02;
const HAS_SLOT: u8 = 0x04;

/// The persisted form of an account: flags and nonce length, balance length, nonce, balance, then root or slot and code
/// hash where they are not the empty ones.
pub(crate) fn encode_account(account: &Account, storage: &Storage) -> Vec<u8> {
    let nonce = account.nonce.to_be_bytes();
    let nonce = trimmed(&nonce);
    let balance = account.balance.to_be_bytes::<32>();
    let balance = trimmed(&balance);
    let has_code = account.code_hash != KECCAK256_EMPTY;
    let slot = match storage {
        Storage::One(_, value) => value.to_be_bytes::<32>(),
        Storage::Empty | Storage::Root(_) => [0; 32],
    };
    let slot = trimmed(&slot);
    let (storage_flag, storage_length) = match storage {
        Storage::Empty => (0, 0),
        Storage::One(..) => (HAS_SLOT, slot.len().saturating_add(33)),
        Storage::Root(_) => (HAS_STORAGE, 32),
    };
    let code_length = if has_code { 32 } else { 0 };
    let lengths = [2, nonce.len(), balance.len(), storage_length, code_length];
    let mut out = Vec::with_capacity(lengths.iter().sum());
    let flags = length_byte(nonce) << 4 | storage_flag | if has_code { HAS_CODE } else { 0 };
    out.extend_from_slice(&[flags, length_byte(balance)]);
    out.extend_from_slice(nonce);
    out.extend_from_slice(balance);
    match storage {
        Storage::Empty => {}
        Storage::One(key, _) => {
            out.extend_from_slice(key.as_slice());
            out.push(length_byte(slot));
            out.extend_from_slice(slot);
        }
        Storage::Root(root) => out.extend_from_slice(root.as_slice()),
    }
    if has_code {
        out.extend_from_slice(account.code_hash.as_slice());
    }
    out
}

/// Reads what [`encode_account`] wrote from the front of `input`; `None` where it is malformed.
pub(crate) fn decode_account(input: &mut &[u8]) -> Option<(Account, Storage)> {
    let (&flags, rest) = input.split_first()?;
    let (&balance_length, rest) = rest.split_first()?;
    let nonce_length = flags >> 4;
    if flags & 0x0f & !(HAS_STORAGE | HAS_CODE | HAS_SLOT) != 0 || nonce_length > 8 || balance_length > 32 {
        return None;
    }
    *input = rest;
    let nonce = U256::try_from_be_slice(take_trimmed(input, nonce_length)?)?;
    let balance = U256::try_from_be_slice(take_trimmed(input, balance_length)?)?;
    let storage = match flags & (HAS_STORAGE | HAS_SLOT) {
        0 => Storage::Empty,
        HAS_STORAGE => Storage::Root(take_hash(input)?),
        HAS_SLOT => Storage::One(take_hash(input)?, take_slot(input)?),
        _ => return None,
    };
    let code_hash = if flags & HAS_CODE == 0 { KECCAK256_EMPTY } else { take_hash(input)? };
    Some((Account { nonce: u64::try_from(nonce).ok()?, balance, code_hash }, storage))
}

impl AccountLeaf {
    /// Writes the RLP list `[nonce, balance, storageRoot, codeHash]` over `out`.
    pub(crate) fn rlp(&self, out: &mut Vec<u8>) {
        out.clear();
        let Account { nonce, balance, code_hash } = &self.account;
        let payload_length = nonce.length().saturating_add(balance.length()).saturating_add(66);
        Header { list: true, payload_length }.encode(out);
        nonce.encode(out);
        balance.encode(out);
        self.storage_root.encode(out);
        code_hash.encode(out);
    }
}

/// The value of a leaf in memory, which is its persisted form. A short one lies in the leaf itself, another beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A storage slot, not zero: its length, big-endian without leading zeros, zeros.
    Slot(u8, [u8; SHORT]),
    /// A longer one.
    LongSlot(Box<[u8; 32]>),
    /// [`encode_account`]: its length, the bytes, zeros.
    Account(u8, [u8; SHORT]),
    /// [`encode_account`], longer.
    LongAccount(Box<[u8]>),
}

/// The longest value that lies in its leaf.
const SHORT: usize = 22;

impl Value {
    /// The value of a slot; zero is no value.
    pub(crate) fn slot(value: U256) -> Self {
        let bytes = value.to_be_bytes::<32>();
        match short(trimmed(&bytes)) {
            Some((length, bytes)) => Self::Slot(length, bytes),
            None => Self::LongSlot(Box::new(bytes)),
        }
    }

    /// The value of an account.
    pub(crate) fn account(account: &Account, storage: &Storage) -> Self {
        let bytes = encode_account(account, storage);
        match short(&bytes) {
            Some((length, bytes)) => Self::Account(length, bytes),
            None => Self::LongAccount(bytes.into_boxed_slice()),
        }
    }

    /// The account, where this is one.
    pub(crate) fn as_account(&self) -> Option<(Account, Storage)> {
        match self {
            Self::Slot(..) | Self::LongSlot(_) => None,
            Self::Account(..) | Self::LongAccount(_) => decode_account(&mut self.bytes()),
        }
    }

    /// The storage of an account; empty for a slot.
    pub(crate) fn storage(&self) -> Storage {
        match self {
            Self::Slot(..) | Self::LongSlot(_) => Storage::Empty,
            // The flags alone say that there is none.
            Self::Account(_, [flags, ..]) if flags & (HAS_STORAGE | HAS_SLOT) == 0 => Storage::Empty,
            Self::Account(..) | Self::LongAccount(_) => {
                self.as_account().map_or(Storage::Empty, |(_, storage)| storage)
            }
        }
    }

    /// The slot, where this is one.
    pub(crate) fn as_slot(&self) -> Option<U256> {
        match self {
            Self::Slot(..) | Self::LongSlot(_) => U256::try_from_be_slice(self.bytes()),
            Self::Account(..) | Self::LongAccount(_) => None,
        }
    }

    /// The persisted form, for a slot without its length.
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Slot(length, bytes) | Self::Account(length, bytes) => {
                bytes.get(..usize::from(*length)).unwrap_or_default()
            }
            Self::LongSlot(bytes) => trimmed(bytes.as_slice()),
            Self::LongAccount(bytes) => bytes,
        }
    }

    /// Writes the RLP that the trie commits to over `out`. `storage_root` is that of [`Self::storage`].
    pub(crate) fn rlp(&self, storage_root: B256, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Slot(..) | Self::LongSlot(_) => self.bytes().encode(out),
            Self::Account(..) | Self::LongAccount(_) => {
                if let Some((account, _)) = self.as_account() {
                    AccountLeaf { account, storage_root }.rlp(out);
                }
            }
        }
    }

    /// Appends the persisted form.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let bytes = self.bytes();
        if let Self::Slot(..) | Self::LongSlot(_) = self {
            out.push(length_byte(bytes));
        }
        out.extend_from_slice(bytes);
    }

    /// Reads the persisted form of an account (`account`) or of a slot from the front of `input`; `None` where it is
    /// malformed.
    pub(crate) fn decode(input: &mut &[u8], account: bool) -> Option<Self> {
        if account {
            return decode_account(input).map(|(account, storage)| Self::account(&account, &storage));
        }
        take_slot(input).map(Self::slot)
    }

    /// Bytes on the heap, with the allocator's own header and rounding.
    pub(crate) fn heap(&self) -> usize {
        match self {
            Self::Slot(..) | Self::Account(..) => 0,
            Self::LongSlot(_) => 48,
            Self::LongAccount(compact) => compact.len().saturating_add(16),
        }
    }
}

/// Bytes that fit into a leaf, with their length.
fn short(bytes: &[u8]) -> Option<(u8, [u8; SHORT])> {
    let mut out = [0; SHORT];
    out.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some((length_byte(bytes), out))
}

/// Takes a slot's length and value, which is not zero.
fn take_slot(input: &mut &[u8]) -> Option<U256> {
    let (&length, rest) = input.split_first()?;
    *input = rest;
    let value = U256::try_from_be_slice(take_trimmed(input, length)?)?;
    (!value.is_zero()).then_some(value)
}

/// Without leading zeros.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn length_byte(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}

/// Takes `length` bytes that must not begin with a zero: one value has one form.
fn take_trimmed<'a>(input: &mut &'a [u8], length: u8) -> Option<&'a [u8]> {
    let (bytes, rest) = input.split_at_checked(usize::from(length))?;
    *input = rest;
    (bytes.first() != Some(&0)).then_some(bytes)
}

pub(crate) fn take_hash(input: &mut &[u8]) -> Option<B256> {
    let (bytes, rest) = input.split_at_checked(32)?;
    *input = rest;
    Some(B256::from_slice(bytes))
}
