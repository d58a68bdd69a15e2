//! The accumulator of `getSummary`: exact sum and number of entries per `valueDecimals`, in one word while all entries
//! have the same decimals and in two to five otherwise.
//!
//! ```text
//! single   bit 0 sum of the raw values (176 bits, two's complement)   176 count (48)   224 decimals (5)   255 = 0
//! mixed    bit 0 sum of the values at 18 decimals (236 bits, two's complement)   236 decimals in use (19)   255 = 1
//!          and counters of 48 bits, five to a word: decimals d at word d / 5, bit 48 (d mod 5)
//! ```
//! `|value| <= 10^38 < 2^127` and at most `2^48 - 1` entries, so the raw sum stays below `2^175` and the sum at 18
//! decimals below `2^235`. A tally that was mixed stays mixed until it is empty.

use super::state::{TALLIES, TALLY_COUNTS};
use crate::error::overflow;
use crate::params::DECIMALS_MAX;
use crate::types::{TagId, bits};
use alloy_primitives::{Address, I256, U256};
use assay_kernel::{CallError, Ctx};
use assay_primitives::Fault;

const SINGLE_BITS: usize = 176;
const MIXED_BITS: usize = 236;
const COUNT_BITS: usize = 48;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
const COUNTERS_PER_WORD: u8 = 5;
/// Different numbers of decimals.
pub const DECIMALS: usize = DECIMALS_MAX as usize + 1;

/// Whose tally: agent, client, first tag or any, second tag or any.
pub type TallyKey = (U256, Address, TagId, TagId);

/// What a set of entries adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Sum of the values at 18 decimals.
    pub sum: I256,
    /// How many entries have each number of decimals.
    pub counts: [u64; DECIMALS],
}

impl Default for Tally {
    fn default() -> Self {
        Self { sum: I256::ZERO, counts: [0; DECIMALS] }
    }
}

/// Number of entries, average, and decimals of the average.
pub type Summary = (u64, i128, u8);

impl Tally {
    /// Adds another set of entries.
    ///
    /// # Errors
    /// `Reverted(Panic(0x11))` where a sum does not fit, as in Solidity.
    pub fn add(&mut self, other: &Self) -> Result<(), CallError> {
        self.sum = self.sum.checked_add(other.sum).ok_or_else(overflow)?;
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.checked_add(more).ok_or_else(overflow)?;
        }
        Ok(())
    }

    /// The average of the entries, cut to the decimals that most of them have (the smaller ones of several); both
    /// divisions cut toward zero, and what does not fit an int128 loses its upper bits, as in the reference
    /// implementation.
    ///
    /// # Errors
    /// `Reverted(Panic(0x11))` for 2^64 entries.
    pub fn summary(&self) -> Result<Summary, CallError> {
        let mut count = 0u64;
        let (mut mode, mut most) = (0u8, 0u64);
        for (decimals, entries) in (0u8..).zip(self.counts) {
            count = count.checked_add(entries).ok_or_else(overflow)?;
            if entries > most {
                (mode, most) = (decimals, entries);
            }
        }
        if count == 0 {
            return Ok((0, 0, 0));
        }
        let average = self.sum.checked_div(I256::from_raw(U256::from(count))).unwrap_or_default();
        let cut = average.checked_div(scale(mode)).unwrap_or_default();
        let low: u128 = cut.into_raw().wrapping_to();
        Ok((count, low.cast_signed(), mode))
    }
}

/// 10^(18 - decimals): from a raw value to one at 18 decimals.
pub fn scale(decimals: u8) -> I256 {
    let exponent = u32::from(DECIMALS_MAX.saturating_sub(decimals));
    I256::from_raw(U256::from(10u64.saturating_pow(exponent)))
}

/// A value at 18 decimals; below 2^187.
pub fn scaled(value: i128, decimals: u8) -> I256 {
    signed(value).saturating_mul(scale(decimals))
}

fn signed(value: i128) -> I256 {
    let magnitude = I256::from_raw(U256::from(value.unsigned_abs()));
    if value < 0 { magnitude.wrapping_neg() } else { magnitude }
}

/// What the head word of a tally says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// All entries have the same decimals.
    Single { sum: I256, count: u64, decimals: u8 },
    /// They had different ones at some time.
    Mixed { sum: I256, used: u32 },
}

fn sign_extended(word: U256, width: usize) -> I256 {
    let up = 256usize.saturating_sub(width);
    I256::from_raw(word.wrapping_shl(up)).asr(up)
}

impl Head {
    fn from_word(word: U256) -> Self {
        if word.bit(255) {
            return Self::Mixed {
                sum: sign_extended(word, MIXED_BITS),
                used: bits(word, MIXED_BITS, 19).wrapping_to(),
            };
        }
        Self::Single {
            sum: sign_extended(word, SINGLE_BITS),
            count: bits(word, SINGLE_BITS, COUNT_BITS).wrapping_to(),
            decimals: bits(word, 224, 5).wrapping_to(),
        }
    }

    fn to_word(self) -> U256 {
        match self {
            Self::Single { count: 0, .. } | Self::Mixed { used: 0, .. } => U256::ZERO,
            Self::Single { sum, count, decimals } => {
                bits(sum.into_raw(), 0, SINGLE_BITS)
                    | U256::from(count).wrapping_shl(SINGLE_BITS)
                    | U256::from(decimals).wrapping_shl(224)
            }
            Self::Mixed { sum, used } => {
                bits(sum.into_raw(), 0, MIXED_BITS)
                    | U256::from(used).wrapping_shl(MIXED_BITS)
                    | U256::ONE.wrapping_shl(255)
            }
        }
    }
}

/// Adds one entry to a tally, or takes one that it holds away. Costs one slot while all entries have the same decimals,
/// two otherwise.
///
/// # Errors
/// `Reverted(Panic(0x11))` for 2^48 entries; `Halted`, `Fault`.
pub fn change(ctx: &mut Ctx<'_>, key: TallyKey, value: i128, decimals: u8, adds: bool) -> Result<(), CallError> {
    let word = TALLIES.get_or_default(ctx, &key)?;
    let head = match Head::from_word(word) {
        Head::Single { count: 0, .. } if adds => Head::Single { sum: signed(value), count: 1, decimals },
        Head::Single { sum, count, decimals: same } if same == decimals => {
            let sum = if adds { sum.wrapping_add(signed(value)) } else { sum.wrapping_sub(signed(value)) };
            Head::Single { sum, count: counted(count, adds)?, decimals }
        }
        Head::Single { sum, count, decimals: before } => {
            put_count(ctx, key, before, |_| Ok(count))?;
            let mixed = Head::Mixed { sum: sum.wrapping_mul(scale(before)), used: bit(before) };
            changed_mixed(ctx, key, mixed, value, decimals, adds)?
        }
        mixed @ Head::Mixed { .. } => changed_mixed(ctx, key, mixed, value, decimals, adds)?,
    };
    TALLIES.set(ctx, &key, &head.to_word())
}

fn changed_mixed(
    ctx: &mut Ctx<'_>,
    key: TallyKey,
    head: Head,
    value: i128,
    decimals: u8,
    adds: bool,
) -> Result<Head, CallError> {
    let Head::Mixed { sum, used } = head else { return Err(misfit()) };
    let value = scaled(value, decimals);
    let sum = if adds { sum.wrapping_add(value) } else { sum.wrapping_sub(value) };
    let left = put_count(ctx, key, decimals, |count| counted(count, adds))?;
    let used = if left == 0 { used & !bit(decimals) } else { used | bit(decimals) };
    Ok(Head::Mixed { sum, used })
}

fn misfit() -> CallError {
    CallError::Fault(Fault::corrupt("a tally does not hold the entry that leaves it"))
}

fn counted(count: u64, adds: bool) -> Result<u64, CallError> {
    if !adds {
        return count.checked_sub(1).ok_or_else(misfit);
    }
    let count = count.saturating_add(1);
    if count > COUNT_MAX { Err(overflow()) } else { Ok(count) }
}

fn bit(decimals: u8) -> u32 {
    1u32.wrapping_shl(u32::from(decimals))
}

/// Word of a counter, and its first bit there.
fn place(decimals: u8) -> (u8, usize) {
    let (word, position) = (decimals / COUNTERS_PER_WORD, decimals % COUNTERS_PER_WORD);
    (word, usize::from(position).saturating_mul(COUNT_BITS))
}

/// Changes one counter and returns it.
fn put_count(
    ctx: &mut Ctx<'_>,
    (agent, client, tag1, tag2): TallyKey,
    decimals: u8,
    change: impl FnOnce(u64) -> Result<u64, CallError>,
) -> Result<u64, CallError> {
    let (index, from) = place(decimals);
    let key = (agent, client, tag1, tag2, index);
    let word = TALLY_COUNTS.get_or_default(ctx, &key)?;
    let count = change(bits(word, from, COUNT_BITS).wrapping_to())?;
    let others = word & !U256::from(COUNT_MAX).wrapping_shl(from);
    TALLY_COUNTS.set(ctx, &key, &(others | U256::from(count).wrapping_shl(from)))?;
    Ok(count)
}

/// Reads a tally: one slot, or up to five where its entries had different decimals.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn load(ctx: &mut Ctx<'_>, key: TallyKey) -> Result<Tally, CallError> {
    let mut tally = Tally::default();
    let word = TALLIES.get_or_default(ctx, &key)?;
    match Head::from_word(word) {
        Head::Single { sum, count, decimals } => {
            tally.sum = sum.wrapping_mul(scale(decimals));
            *tally.counts.get_mut(usize::from(decimals)).ok_or_else(misfit)? = count;
        }
        Head::Mixed { sum, used } => {
            tally.sum = sum;
            load_counts(ctx, key, used, &mut tally.counts)?;
        }
    }
    Ok(tally)
}

fn load_counts(
    ctx: &mut Ctx<'_>,
    (agent, client, tag1, tag2): TallyKey,
    used: u32,
    counts: &mut [u64; DECIMALS],
) -> Result<(), CallError> {
    let mut read = None;
    for (decimals, count) in (0u8..).zip(counts) {
        if used & bit(decimals) == 0 {
            continue;
        }
        let (index, from) = place(decimals);
        let word = match read {
            Some((at, word)) if at == index => word,
            _ => TALLY_COUNTS.get_or_default(ctx, &(agent, client, tag1, tag2, index))?,
        };
        read = Some((index, word));
        *count = bits(word, from, COUNT_BITS).wrapping_to();
    }
    Ok(())
}
