//! What is stored of a token.

use crate::params::{NAME_BYTES_MAX, SYMBOL_BYTES_MAX};
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{CallError, Ctx, Record, Stored};
use assay_primitives::Fault;
use borsh::{BorshDeserialize, BorshSerialize};

/// What a token calls itself. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Metadata {
    /// 1 to 64 bytes; not unique.
    pub name: String,
    /// 1 to 16 bytes; not unique.
    pub symbol: String,
    /// At most 18.
    pub decimals: u8,
}

impl Record for Metadata {
    const BYTES_MAX: usize = 4 + NAME_BYTES_MAX + 4 + SYMBOL_BYTES_MAX + 1;
}

/// Who rules a token, in one word that every transfer reads: bits 0..160 the owner, bit 160 whether it is paused. A
/// token exists where this word is not zero, so the owner never is the zero address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// The owner.
    pub owner: Address,
    /// Whether nothing moves.
    pub paused: bool,
}

/// What an account has of a token, in one word: bits 0..128 the balance, bit 255 whether the account is blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// In the token's smallest unit.
    pub balance: u128,
    /// Whether the account is on the block list.
    pub blocked: bool,
}

const PAUSED_BIT: usize = 160;
const BLOCKED_BIT: usize = 255;

fn misfit(slot: U256) -> CallError {
    CallError::Fault(Fault::corrupt(format!("the word at slot {slot:#x} does not fit its type")))
}

impl Control {
    fn to_word(self) -> U256 {
        let mut word: U256 = self.owner.into_word().into();
        word.set_bit(PAUSED_BIT, self.paused);
        word
    }

    fn from_word(mut word: U256) -> Option<Self> {
        let paused = word.bit(PAUSED_BIT);
        word.set_bit(PAUSED_BIT, false);
        let owner = Address::from_word(B256::from(word));
        (!owner.is_zero() && U256::from_be_bytes(owner.into_word().0) == word).then_some(Self { owner, paused })
    }
}

impl Holding {
    fn to_word(self) -> U256 {
        let mut word = U256::from(self.balance);
        word.set_bit(BLOCKED_BIT, self.blocked);
        word
    }

    fn from_word(mut word: U256) -> Option<Self> {
        let blocked = word.bit(BLOCKED_BIT);
        word.set_bit(BLOCKED_BIT, false);
        u128::try_from(word).ok().map(|balance| Self { balance, blocked })
    }
}

macro_rules! packed {
    ($type:ty) => {
        impl Stored for $type {
            fn load(ctx: &mut Ctx<'_>, slot: U256) -> Result<Option<Self>, CallError> {
                match ctx.sload(slot)? {
                    U256::ZERO => Ok(None),
                    word => Self::from_word(word).map(Some).ok_or_else(|| misfit(slot)),
                }
            }

            fn store(&self, ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                ctx.sstore(slot, self.to_word())
            }

            fn erase(ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                ctx.sstore(slot, U256::ZERO)
            }
        }
    };
}

packed!(Control);
packed!(Holding);
