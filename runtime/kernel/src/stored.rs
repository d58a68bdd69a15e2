//! How values lie in 32-byte slots.
//!
//! ```text
//! word     one slot, numbers big-endian, addresses right-aligned; zero = nothing stored
//! record   slot + 0        length of the borsh encoding in bytes; zero = nothing stored
//!          slot + 1 + i    bytes 32 i .. 32 i + 32 of it, padded with zeros on the right
//! ```

use crate::ctx::Ctx;
use crate::error::{CallError, revert};
use crate::gas;
use alloy_primitives::{Address, B256, U256};
use assay_abi::errors::TooLong;
use assay_primitives::Fault;
use assay_primitives::codec;
use borsh::{BorshDeserialize, BorshSerialize};

/// A value that lies in slots.
///
/// # Errors
/// Every method: `Halted`, `Fault`; `store` also `Reverted(TooLong)` for a record over its bound.
pub trait Stored: Sized {
    /// Reads what lies at a slot; `None` where nothing (or a zero word) does.
    fn load(ctx: &mut Ctx<'_>, slot: U256) -> Result<Option<Self>, CallError>;
    /// Writes it, and clears what a longer value before it left behind.
    fn store(&self, ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError>;
    /// Clears every slot that the value at `slot` takes.
    fn erase(ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError>;
}

macro_rules! word {
    ($type:ty, $to:expr, $from:expr) => {
        impl Stored for $type {
            fn load(ctx: &mut Ctx<'_>, slot: U256) -> Result<Option<Self>, CallError> {
                let word = ctx.sload(slot)?;
                if word.is_zero() {
                    return Ok(None);
                }
                let from: fn(U256) -> Option<Self> = $from;
                from(word).map(Some).ok_or_else(|| misfit(slot))
            }

            fn store(&self, ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                let to: fn(&Self) -> U256 = $to;
                ctx.sstore(slot, to(self))
            }

            fn erase(ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                ctx.sstore(slot, U256::ZERO)
            }
        }
    };
}

fn misfit(slot: U256) -> CallError {
    CallError::Fault(Fault::corrupt(format!("the word at slot {slot:#x} does not fit its type")))
}

word!(u8, |value| U256::from(*value), |word| word.try_into().ok());
word!(u16, |value| U256::from(*value), |word| word.try_into().ok());
word!(u32, |value| U256::from(*value), |word| word.try_into().ok());
word!(u64, |value| U256::from(*value), |word| word.try_into().ok());
word!(u128, |value| U256::from(*value), |word| word.try_into().ok());
word!(U256, |value| *value, Some);
word!(bool, |value| U256::from(*value), |word| (word == U256::ONE).then_some(true));
word!(B256, |value| U256::from_be_bytes(value.0), |word| Some(B256::from(word)));
word!(Address, |value| value.into_word().into(), |word| {
    let address = Address::from_word(word.into());
    (U256::from_be_bytes(address.into_word().0) == word).then_some(address)
});

/// A borsh record of bounded size. Its encoding is never empty.
pub trait Record: BorshSerialize + BorshDeserialize {
    /// Largest encoding, in bytes.
    const BYTES_MAX: usize;
}

fn record_length<T: Record>(ctx: &mut Ctx<'_>, slot: U256) -> Result<usize, CallError> {
    let length = ctx.sload(slot)?;
    usize::try_from(length).ok().filter(|length| *length <= T::BYTES_MAX).ok_or_else(|| {
        CallError::Fault(Fault::corrupt(format!("a record of {length} bytes at slot {slot:#x}, over its bound")))
    })
}

/// Slot of a record's word `index`.
fn word_slot(slot: U256, index: u64) -> U256 {
    slot.wrapping_add(U256::ONE).wrapping_add(U256::from(index))
}

impl<T: Record> Stored for T {
    fn load(ctx: &mut Ctx<'_>, slot: U256) -> Result<Option<Self>, CallError> {
        let length = record_length::<T>(ctx, slot)?;
        if length == 0 {
            return Ok(None);
        }
        ctx.charge(gas::codec(length))?;
        let mut bytes = Vec::new();
        for index in 0..gas::words(length) {
            bytes.extend_from_slice(&ctx.sload(word_slot(slot, index))?.to_be_bytes::<32>());
        }
        bytes.truncate(length);
        let record = codec::decode("stored record", &bytes, T::BYTES_MAX);
        record.map(Some).map_err(|e| CallError::Fault(Fault::corrupt(format!("slot {slot:#x}: {e}"))))
    }

    fn store(&self, ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
        let bytes = codec::encode(self);
        if bytes.len() > T::BYTES_MAX {
            return revert(TooLong {});
        }
        if bytes.is_empty() {
            return Err(CallError::Fault(Fault::invariant("a record without any byte cannot be stored")));
        }
        ctx.charge(gas::codec(bytes.len()))?;
        let before = record_length::<T>(ctx, slot)?;
        if before != bytes.len() {
            ctx.sstore(slot, U256::from(bytes.len()))?;
        }
        let mut index = 0u64;
        for chunk in bytes.chunks(32) {
            ctx.sstore(word_slot(slot, index), padded(chunk))?;
            index = index.saturating_add(1);
        }
        clear_words(ctx, slot, index..gas::words(before))
    }

    fn erase(ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
        let before = record_length::<T>(ctx, slot)?;
        if before == 0 {
            return Ok(());
        }
        ctx.sstore(slot, U256::ZERO)?;
        clear_words(ctx, slot, 0..gas::words(before))
    }
}

fn padded(chunk: &[u8]) -> U256 {
    B256::right_padding_from(chunk).into()
}

fn clear_words(ctx: &mut Ctx<'_>, slot: U256, words: std::ops::Range<u64>) -> Result<(), CallError> {
    for index in words {
        ctx.sstore(word_slot(slot, index), U256::ZERO)?;
    }
    Ok(())
}
