//! What leaves hold: accounts and storage slots, in their compact and their RLP form.

use crate::rlp::EMPTY_ROOT;
use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
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

const HAS_STORAGE: u8 = 0x01;
const HAS_CODE: u8 = 0x02;

impl AccountLeaf {
    /// The persisted form: flags and nonce length, balance length, nonce, balance, then root and code hash where they
    /// are not the empty ones.
    pub(crate) fn compact(&self) -> Vec<u8> {
        let nonce = self.account.nonce.to_be_bytes();
        let nonce = trimmed(&nonce);
        let balance = self.account.balance.to_be_bytes::<32>();
        let balance = trimmed(&balance);
        let mut flags = length_byte(nonce) << 4;
        let mut out = Vec::with_capacity(106);
        out.extend_from_slice(&[0, length_byte(balance)]);
        out.extend_from_slice(nonce);
        out.extend_from_slice(balance);
        if self.storage_root != EMPTY_ROOT {
            flags |= HAS_STORAGE;
            out.extend_from_slice(self.storage_root.as_slice());
        }
        if self.account.code_hash != KECCAK256_EMPTY {
            flags |= HAS_CODE;
            out.extend_from_slice(self.account.code_hash.as_slice());
        }
        if let Some(first) = out.first_mut() {
            *first = flags;
        }
        out
    }

    /// Reads the persisted form from the front of `input`; `None` where it is malformed.
    pub(crate) fn from_compact(input: &mut &[u8]) -> Option<Self> {
        let (&flags, rest) = input.split_first()?;
        let (&balance_length, rest) = rest.split_first()?;
        let nonce_length = flags >> 4;
        if flags & 0x0f & !(HAS_STORAGE | HAS_CODE) != 0 || nonce_length > 8 || balance_length > 32 {
            return None;
        }
        *input = rest;
        let nonce = U256::try_from_be_slice(take_trimmed(input, nonce_length)?)?;
        let balance = U256::try_from_be_slice(take_trimmed(input, balance_length)?)?;
        let storage_root = if flags & HAS_STORAGE == 0 { EMPTY_ROOT } else { take_hash(input)? };
        let code_hash = if flags & HAS_CODE == 0 { KECCAK256_EMPTY } else { take_hash(input)? };
        let account = Account { nonce: u64::try_from(nonce).ok()?, balance, code_hash };
        Some(Self { account, storage_root })
    }

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

/// The value of a leaf in memory. A slot, and an account without code and storage, lies in the leaf itself; another
/// account, which is larger, in its compact form beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A storage slot, big-endian, not zero.
    Slot([u8; 32]),
    /// [`AccountLeaf::compact`] of at most 38 bytes: its length, the bytes, zeros.
    Small(u8, [u8; SMALL]),
    /// [`AccountLeaf::compact`], longer.
    Large(Box<[u8]>),
}

/// The longest account that lies in its leaf.
const SMALL: usize = 38;

impl Value {
    /// The value of a slot; zero is no value.
    pub(crate) const fn slot(value: U256) -> Self {
        Self::Slot(value.to_be_bytes::<32>())
    }

    /// The value of an account.
    pub(crate) fn account(leaf: &AccountLeaf) -> Self {
        let compact = leaf.compact();
        let mut bytes = [0; SMALL];
        match bytes.get_mut(..compact.len()) {
            Some(place) => {
                place.copy_from_slice(&compact);
                Self::Small(length_byte(&compact), bytes)
            }
            None => Self::Large(compact.into_boxed_slice()),
        }
    }

    /// The account, where this is one.
    pub(crate) fn as_account(&self) -> Option<AccountLeaf> {
        self.compact().and_then(|mut compact| AccountLeaf::from_compact(&mut compact))
    }

    fn compact(&self) -> Option<&[u8]> {
        match self {
            Self::Slot(_) => None,
            Self::Small(length, bytes) => bytes.get(..usize::from(*length)),
            Self::Large(bytes) => Some(bytes),
        }
    }

    /// The slot, where this is one.
    pub(crate) const fn as_slot(&self) -> Option<U256> {
        match self {
            Self::Slot(bytes) => Some(U256::from_be_bytes(*bytes)),
            Self::Small(..) | Self::Large(_) => None,
        }
    }

    /// Writes the RLP that the trie commits to over `out`.
    pub(crate) fn rlp(&self, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Slot(bytes) => trimmed(bytes).encode(out),
            Self::Small(..) | Self::Large(_) => {
                if let Some(leaf) = self.as_account() {
                    leaf.rlp(out);
                }
            }
        }
    }

    /// Appends the persisted form.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Slot(bytes) => {
                let bytes = trimmed(bytes);
                out.push(length_byte(bytes));
                out.extend_from_slice(bytes);
            }
            Self::Small(..) | Self::Large(_) => out.extend_from_slice(self.compact().unwrap_or_default()),
        }
    }

    /// Reads the persisted form of an account (`account`) or of a slot from the front of `input`; `None` where it is
    /// malformed.
    pub(crate) fn decode(input: &mut &[u8], account: bool) -> Option<Self> {
        if account {
            return AccountLeaf::from_compact(input).map(|leaf| Self::account(&leaf));
        }
        let (&length, rest) = input.split_first()?;
        *input = rest;
        let value = U256::try_from_be_slice(take_trimmed(input, length)?)?;
        (!value.is_zero()).then(|| Self::slot(value))
    }

    /// Bytes on the heap.
    pub(crate) fn heap(&self) -> usize {
        match self {
            Self::Slot(_) | Self::Small(..) => 0,
            // The allocator's own header and rounding.
            Self::Large(compact) => compact.len().saturating_add(16),
        }
    }
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
