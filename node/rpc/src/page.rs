//! Pages of lists that only grow: agents, jobs. A page costs a bounded number of reads whatever its filter leaves out:
//! it ends with `limit` entries or after [`SCAN_MAX`] that were looked at, and says where the next one begins.

use crate::args::Quantity;
use crate::error::{Answer, INVALID_PARAMS, RpcError};
use alloy_primitives::U64;
use assay_primitives::Fault;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Most entries of a page.
pub const LIMIT_MAX: u64 = 100;
/// Entries of a page where the client does not say.
const LIMIT_DEFAULT: u64 = 50;
/// Entries that one request looks at.
pub const SCAN_MAX: u64 = 2_000;

/// Which end of the list comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// The oldest.
    #[default]
    Asc,
    /// The newest.
    Desc,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    start: Option<u64>,
    limit: u64,
    order: Order,
}

/// Entries, and where the next page begins; `None` at the end of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The entries, in order.
    pub entries: Vec<T>,
    /// Cursor of the next page.
    pub next: Option<U64>,
}

/// A cursor that is not a place in the list.
pub fn bad_cursor() -> RpcError {
    RpcError::new(INVALID_PARAMS, "bad_cursor", "the cursor is none of this list at this block")
}

/// A filter object; none at all is the empty one.
///
/// # Errors
/// `invalid_filter` for members that there are not, or of a wrong form.
pub fn filter<T: DeserializeOwned>(value: Option<Value>) -> Answer<T> {
    serde_json::from_value(value.unwrap_or_else(|| json!({})))
        .map_err(|error| RpcError::new(INVALID_PARAMS, "invalid_filter", format!("invalid filter: {error}")))
}

impl Page {
    /// A page as a client asks for it.
    ///
    /// # Errors
    /// `bad_cursor`, `bad_limit`.
    pub fn new(cursor: Option<&Value>, limit: Option<Quantity>, order: Order) -> Answer<Self> {
        let start = cursor.map(|cursor| serde_json::from_value::<Quantity>(cursor.clone()).map_err(|_| bad_cursor()));
        let limit = limit.map_or(LIMIT_DEFAULT, |limit| limit.0);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(RpcError {
                code: INVALID_PARAMS,
                message: format!("limit must be 1 to {LIMIT_MAX}"),
                data: Some(json!({ "reason": "bad_limit", "maxLimit": LIMIT_MAX })),
            });
        }
        Ok(Self { start: start.transpose()?.map(|start| start.0), limit, order })
    }

    /// The entries of the ids from `first` to `last` that `pick` makes something of. `None` where the cursor is not one
    /// of them.
    ///
    /// # Errors
    /// A `Fault` of `pick`.
    pub fn collect<T>(
        self,
        (first, last): (u64, u64),
        mut pick: impl FnMut(u64) -> Result<Option<T>, Fault>,
    ) -> Result<Option<Found<T>>, Fault> {
        if self.start.is_some_and(|start| start < first || start > last) {
            return Ok(None);
        }
        let mut found = Found { entries: Vec::new(), next: None };
        let mut looked_at = 0;
        let edge = if self.order == Order::Asc { first } else { last };
        let mut next = (first <= last).then_some(self.start.unwrap_or(edge));
        while let Some(id) = next {
            if looked_at == SCAN_MAX || found.entries.len() as u64 == self.limit {
                break;
            }
            looked_at += 1;
            found.entries.extend(pick(id)?);
            next = match self.order {
                Order::Asc => id.checked_add(1).filter(|id| *id <= last),
                Order::Desc => id.checked_sub(1).filter(|id| *id >= first),
            };
        }
        found.next = next.map(U64::from);
        Ok(Some(found))
    }
}
