//! Log filters as clients write them, turned into queries of the chain.

use crate::error::{Answer, RpcError};
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::B256;
use alloy_rpc_types_eth::{Filter, FilterBlockOption};
use assay_chain::LogQuery;

/// A filter with its range still as written.
#[derive(Clone, Debug)]
pub struct LogFilter {
    /// Emitters and topics; the range is empty.
    pub query: LogQuery,
    /// The range.
    pub range: LogRange,
}

/// Blocks of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogRange {
    /// One block.
    Block(B256),
    /// From the first to the last; `None`: the newest block, or one named so.
    Heights {
        /// First block.
        from: Option<u64>,
        /// Last block.
        to: Option<u64>,
    },
}

/// The heights that a range covers when the chain has this head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Nothing: it begins above the head.
    Empty,
    /// From the first to the last.
    Heights(u64, u64),
}

impl LogFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// More than `terms_max` emitters, or topics in one position.
    pub fn new(filter: &Filter, terms_max: usize) -> Answer<Self> {
        let mut addresses: Vec<_> = filter.address.iter().copied().collect();
        addresses.sort_unstable();
        let mut topics: Vec<Vec<B256>> = Vec::new();
        for position in &filter.topics {
            let mut any: Vec<B256> = position.iter().copied().collect();
            any.sort_unstable();
            topics.push(any);
        }
        while topics.last().is_some_and(Vec::is_empty) {
            topics.pop();
        }
        if addresses.len() > terms_max || topics.iter().any(|any| any.len() > terms_max) {
            let message = format!("more than {terms_max} addresses or topics in a filter");
            return Err(RpcError::limit("filter_too_large", message, "maxTerms", terms_max as u64));
        }
        let range = match filter.block_option {
            FilterBlockOption::AtBlockHash(hash) => LogRange::Block(hash),
            FilterBlockOption::Range { from_block, to_block } => {
                LogRange::Heights { from: from_block.and_then(height), to: to_block.and_then(height) }
            }
        };
        Ok(Self { query: LogQuery { from: 0, to: 0, addresses, topics }, range })
    }
}

impl LogRange {
    /// The heights below and at the head.
    ///
    /// # Errors
    /// A first block above the last, both given as numbers.
    pub fn resolve(self, head: u64) -> Answer<Resolved> {
        let Self::Heights { from, to } = self else { return Ok(Resolved::Empty) };
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(RpcError::new(crate::error::INVALID_PARAMS, "invalid_range", "invalid block range params"));
        }
        let (first, last) = (from.unwrap_or(head), to.unwrap_or(head).min(head));
        Ok(if first > last { Resolved::Empty } else { Resolved::Heights(first, last) })
    }
}

/// The height that a tag or number stands for; `None` for every tag that means the newest block.
const fn height(tag: BlockNumberOrTag) -> Option<u64> {
    match tag {
        BlockNumberOrTag::Number(number) => Some(number),
        BlockNumberOrTag::Earliest => Some(0),
        _ => None,
    }
}
