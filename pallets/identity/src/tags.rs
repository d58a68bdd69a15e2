//! Tags are stored once per registry and named by number everywhere else, so that an entry takes one word and a tag of
//! 2 KiB costs its author once.

use crate::error::check_string;
use crate::params::STRING_BYTES_MAX;
use crate::types::{Blob, TagId};
use alloy_primitives::B256;
use assay_kernel::{CallError, Ctx, Item, Map};

/// The tags of one registry, numbered from 1; the empty tag is 0 and not stored. Nothing is ever deleted.
#[derive(Debug)]
pub struct Tags {
    /// How many there are.
    count: Item<u64>,
    /// keccak of the tag -> its number.
    ids: Map<B256, TagId>,
    /// Its number -> the tag.
    texts: Map<TagId, Blob<STRING_BYTES_MAX>>,
}

impl Tags {
    /// The table under three names.
    pub const fn new(count: &'static str, ids: &'static str, texts: &'static str) -> Self {
        Self { count: Item::new(count), ids: Map::new(ids), texts: Map::new(texts) }
    }

    /// How many tags there are.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn count(&self, ctx: &mut Ctx<'_>) -> Result<u64, CallError> {
        self.count.get_or_default(ctx)
    }

    /// The number of a tag; `None` where nobody used it yet.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn find(&self, ctx: &mut Ctx<'_>, tag: &str) -> Result<Option<TagId>, CallError> {
        if tag.is_empty() {
            return Ok(Some(0));
        }
        let hash = ctx.keccak(tag.as_bytes())?;
        self.ids.get(ctx, &hash)
    }

    /// The number of a tag, which it gets now if it has none.
    ///
    /// # Errors
    /// `Reverted(TooLong)`; `Halted`, `Fault`.
    pub fn intern(&self, ctx: &mut Ctx<'_>, tag: &str) -> Result<TagId, CallError> {
        check_string(tag)?;
        if tag.is_empty() {
            return Ok(0);
        }
        let hash = ctx.keccak(tag.as_bytes())?;
        if let Some(id) = self.ids.get(ctx, &hash)? {
            return Ok(id);
        }
        let id = self.count(ctx)?.saturating_add(1);
        self.count.set(ctx, &id)?;
        self.ids.set(ctx, &hash, &id)?;
        Blob::write(&self.texts, ctx, &id, tag.as_bytes())?;
        Ok(id)
    }

    /// The tag with a number.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn text(&self, ctx: &mut Ctx<'_>, id: TagId) -> Result<String, CallError> {
        if id == 0 { Ok(String::new()) } else { Blob::read_text(&self.texts, ctx, &id) }
    }
}
