//! Typed storage in `const` declarations: a pallet's state is readable from one list of names.
//!
//! ```text
//! base(name)          = the name's bytes, padded with zeros to a word: known when the node is compiled
//! Item                at base
//! Map, key            at keccak256(base, borsh(key))
//! List                length at base, element i at keccak256(base, i as u64 little-endian)
//! Lists, key          a List whose base is keccak256(base, borsh(key))
//! ```

use crate::ctx::Ctx;
use crate::error::{CallError, revert};
use crate::stored::Stored;
use alloy_primitives::{B256, U256, keccak256};
use assay_abi::errors::IndexOutOfBounds;
use borsh::BorshSerialize;
use std::marker::PhantomData;

/// Most elements of a page.
pub const PAGE_MAX: u64 = 100;

/// Longest name: what follows it in the word leaves room for the words of a record, so that items never meet.
const NAME_BYTES_MAX: usize = 28;

/// The word that a name stands for.
const fn base(name: &str) -> B256 {
    assert!(!name.is_empty() && name.len() <= NAME_BYTES_MAX, "a name of 1 to 28 bytes");
    let mut word = [0; 32];
    let (head, _) = word.split_at_mut(name.len());
    head.copy_from_slice(name.as_bytes());
    B256::new(word)
}

fn derived<K: BorshSerialize>(ctx: &mut Ctx<'_>, base: B256, key: &K) -> Result<B256, CallError> {
    let mut bytes = base.to_vec();
    bytes.extend_from_slice(&assay_primitives::codec::encode(key));
    ctx.keccak(&bytes)
}

/// The slot of [`Map`] entry `key`, for whoever proves or reads it from outside.
pub fn map_slot<K: BorshSerialize>(name: &str, key: &K) -> U256 {
    let mut bytes = base(name).to_vec();
    bytes.extend_from_slice(&assay_primitives::codec::encode(key));
    keccak256(bytes).into()
}

/// The slot of an [`Item`], for whoever proves or reads it from outside.
pub fn item_slot(name: &str) -> U256 {
    base(name).into()
}

/// One value.
#[derive(Debug)]
pub struct Item<T> {
    base: B256,
    value: PhantomData<fn() -> T>,
}

impl<T: Stored> Item<T> {
    /// An item; the name must be the chain's only one (by convention `pallet.item`).
    pub const fn new(name: &'static str) -> Self {
        Self { base: base(name), value: PhantomData }
    }

    /// Reads it.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn get(&self, ctx: &mut Ctx<'_>) -> Result<Option<T>, CallError> {
        T::load(ctx, self.base.into())
    }

    /// Reads it; the default where nothing is stored.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn get_or_default(&self, ctx: &mut Ctx<'_>) -> Result<T, CallError>
    where
        T: Default,
    {
        Ok(self.get(ctx)?.unwrap_or_default())
    }

    /// Writes it.
    ///
    /// # Errors
    /// As [`Stored::store`].
    pub fn set(&self, ctx: &mut Ctx<'_>, value: &T) -> Result<(), CallError> {
        value.store(ctx, self.base.into())
    }

    /// Removes it.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn remove(&self, ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        T::erase(ctx, self.base.into())
    }
}

/// Values by key. It cannot be iterated.
#[derive(Debug)]
pub struct Map<K, T> {
    base: B256,
    entry: PhantomData<fn(K) -> T>,
}

impl<K: BorshSerialize, T: Stored> Map<K, T> {
    /// A map; the name must be the chain's only one.
    pub const fn new(name: &'static str) -> Self {
        Self { base: base(name), entry: PhantomData }
    }

    /// The entry of a key as an item, so that its slot is derived once for reading and writing.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`.
    pub fn at(&self, ctx: &mut Ctx<'_>, key: &K) -> Result<Item<T>, CallError> {
        Ok(Item { base: derived(ctx, self.base, key)?, value: PhantomData })
    }

    fn slot(&self, ctx: &mut Ctx<'_>, key: &K) -> Result<U256, CallError> {
        Ok(derived(ctx, self.base, key)?.into())
    }

    /// Reads the value of a key.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn get(&self, ctx: &mut Ctx<'_>, key: &K) -> Result<Option<T>, CallError> {
        let slot = self.slot(ctx, key)?;
        T::load(ctx, slot)
    }

    /// Reads the value of a key; the default where nothing is stored.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn get_or_default(&self, ctx: &mut Ctx<'_>, key: &K) -> Result<T, CallError>
    where
        T: Default,
    {
        Ok(self.get(ctx, key)?.unwrap_or_default())
    }

    /// Writes the value of a key.
    ///
    /// # Errors
    /// As [`Stored::store`].
    pub fn set(&self, ctx: &mut Ctx<'_>, key: &K, value: &T) -> Result<(), CallError> {
        let slot = self.slot(ctx, key)?;
        value.store(ctx, slot)
    }

    /// Removes the value of a key.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn remove(&self, ctx: &mut Ctx<'_>, key: &K) -> Result<(), CallError> {
        let slot = self.slot(ctx, key)?;
        T::erase(ctx, slot)
    }
}

/// Values in order, read by index or page.
#[derive(Debug)]
pub struct List<T> {
    base: B256,
    element: PhantomData<fn() -> T>,
}

impl<T: Stored> List<T> {
    /// A list; the name must be the chain's only one.
    pub const fn new(name: &'static str) -> Self {
        Self { base: base(name), element: PhantomData }
    }

    fn slots(&self, ctx: &mut Ctx<'_>, index: u64) -> Result<(U256, U256), CallError> {
        Ok((self.base.into(), derived(ctx, self.base, &index)?.into()))
    }

    /// How many elements there are.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn length(&self, ctx: &mut Ctx<'_>) -> Result<u64, CallError> {
        Ok(u64::load(ctx, self.base.into())?.unwrap_or_default())
    }

    /// Reads an element; `None` beyond the end, or where a zero word is stored.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn get(&self, ctx: &mut Ctx<'_>, index: u64) -> Result<Option<T>, CallError> {
        let (_, slot) = self.slots(ctx, index)?;
        T::load(ctx, slot)
    }

    /// Overwrites an element.
    ///
    /// # Errors
    /// `Reverted(IndexOutOfBounds)` beyond the end; as [`Stored::store`].
    pub fn set(&self, ctx: &mut Ctx<'_>, index: u64, value: &T) -> Result<(), CallError> {
        if index >= self.length(ctx)? {
            return revert(IndexOutOfBounds {});
        }
        let (_, slot) = self.slots(ctx, index)?;
        value.store(ctx, slot)
    }

    /// Appends an element and returns its index.
    ///
    /// # Errors
    /// As [`Stored::store`].
    pub fn push(&self, ctx: &mut Ctx<'_>, value: &T) -> Result<u64, CallError> {
        let index = self.length(ctx)?;
        let (base, slot) = self.slots(ctx, index)?;
        value.store(ctx, slot)?;
        index.saturating_add(1).store(ctx, base)?;
        Ok(index)
    }

    /// Removes the last element.
    ///
    /// # Errors
    /// `Reverted(IndexOutOfBounds)` where the list is empty; `Halted`, `Fault`.
    pub fn pop(&self, ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        let Some(last) = self.length(ctx)?.checked_sub(1) else { return revert(IndexOutOfBounds {}) };
        let (base, slot) = self.slots(ctx, last)?;
        T::erase(ctx, slot)?;
        last.store(ctx, base)
    }

    /// Reads at most `count` elements (and at most [`PAGE_MAX`]) from an index on.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn page(&self, ctx: &mut Ctx<'_>, start: u64, count: u64) -> Result<Vec<T>, CallError>
    where
        T: Default,
    {
        let end = self.length(ctx)?.min(start.saturating_add(count.min(PAGE_MAX)));
        let mut page = Vec::new();
        for index in start..end {
            page.push(self.get(ctx, index)?.unwrap_or_default());
        }
        Ok(page)
    }
}

/// A list for each key.
#[derive(Debug)]
pub struct Lists<K, T> {
    base: B256,
    entry: PhantomData<fn(K) -> T>,
}

impl<K: BorshSerialize, T: Stored> Lists<K, T> {
    /// Lists; the name must be the chain's only one.
    pub const fn new(name: &'static str) -> Self {
        Self { base: base(name), entry: PhantomData }
    }

    /// The list of a key.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`.
    pub fn at(&self, ctx: &mut Ctx<'_>, key: &K) -> Result<List<T>, CallError> {
        Ok(List { base: derived(ctx, self.base, key)?, element: PhantomData })
    }
}
