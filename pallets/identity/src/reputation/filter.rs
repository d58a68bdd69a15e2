//! Which tallies an entry counts in, and which one a filter asks for.

use super::state::TAGS;
use crate::types::{Feedback, TagId};
use alloy_primitives::{Address, U256};
use assay_kernel::{CallError, Ctx};

use super::tally::{self, TallyKey};

/// A filter by tags; zero matches any tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// First tag or any.
    pub tag1: TagId,
    /// Second tag or any.
    pub tag2: TagId,
}

impl Filter {
    /// The filter of two strings, empty ones matching any tag; `None` where one of them was never used, so that nothing
    /// can match.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn of(ctx: &mut Ctx<'_>, tag1: &str, tag2: &str) -> Result<Option<Self>, CallError> {
        let (tag1, tag2) = (TAGS.find(ctx, tag1)?, TAGS.find(ctx, tag2)?);
        Ok(tag1.zip(tag2).map(|(tag1, tag2)| Self { tag1, tag2 }))
    }

    /// Whether it lets an entry through.
    pub const fn matches(&self, entry: &Feedback) -> bool {
        (self.tag1 == 0 || self.tag1 == entry.tag1) && (self.tag2 == 0 || self.tag2 == entry.tag2)
    }
}

/// The tallies that an entry counts in: under each of its tags and under any, at most four.
fn keys(agent: U256, client: Address, entry: &Feedback) -> impl Iterator<Item = TallyKey> {
    let firsts = std::iter::once(0).chain((entry.tag1 != 0).then_some(entry.tag1));
    let second = entry.tag2;
    firsts.flat_map(move |tag1| {
        let seconds = std::iter::once(0).chain((second != 0).then_some(second));
        seconds.map(move |tag2| (agent, client, tag1, tag2))
    })
}

/// Adds an entry to its tallies, or takes it out of them.
///
/// # Errors
/// As [`tally::change`].
pub fn count(ctx: &mut Ctx<'_>, agent: U256, client: Address, entry: &Feedback, adds: bool) -> Result<(), CallError> {
    for key in keys(agent, client, entry) {
        tally::change(ctx, key, entry.value, entry.decimals, adds)?;
    }
    Ok(())
}
