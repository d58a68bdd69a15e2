//! Finding logs: blooms by range, with a bound on the work of one call.

use crate::ledger::decode_header;
use crate::records::{HeaderRecord, decode};
use crate::store::Store;
use crate::tables::Table;
use alloy_primitives::Bloom;
use assay_primitives::{ExecutionHeader, Fault, Height};

/// Headers examined by one call at most.
pub const BLOOM_HEADERS_MAX: usize = 10_000;

/// Blocks that may hold what was looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BloomMatches {
    /// Their heights, rising.
    pub heights: Vec<Height>,
    /// Where to go on; `None` where the range is done.
    pub next: Option<Height>,
}

impl Store {
    /// Calls `visit` with the headers from `first` to `last`, rising, until it returns false.
    ///
    /// # Errors
    /// A fault of disk or stored data, or one that `visit` returns.
    pub fn visit_headers(
        &self,
        first: Height,
        last: Height,
        mut visit: impl FnMut(&ExecutionHeader) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let start = first.get().to_be_bytes();
        let end = last.get().to_be_bytes();
        self.inner.database.scan(Table::Headers, &[], &start, |key, value| {
            if *key > end[..] {
                return Ok(false);
            }
            let record: HeaderRecord = decode("header", value)?;
            visit(&decode_header(&record.rlp)?)
        })
    }

    /// The blocks from `first` to `last` whose bloom satisfies `matches`, after examining at most `limit` headers
    /// (and never more than [`BLOOM_HEADERS_MAX`]).
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn bloom_matches(
        &self,
        first: Height,
        last: Height,
        limit: usize,
        mut matches: impl FnMut(&Bloom) -> bool,
    ) -> Result<BloomMatches, Fault> {
        let limit = limit.min(BLOOM_HEADERS_MAX);
        let mut found = BloomMatches::default();
        let mut examined = 0;
        self.visit_headers(first, last, |header| {
            if examined == limit {
                found.next = Some(Height(header.number));
                return Ok(false);
            }
            examined += 1;
            if matches(&header.logs_bloom) {
                found.heights.push(Height(header.number));
            }
            Ok(true)
        })?;
        Ok(found)
    }
}
