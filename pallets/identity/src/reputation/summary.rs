//! `getSummary`: one tally per address of the list, whatever the number of entries.

use super::filter::Filter;
use super::tally::{self, Tally};
use crate::error::require;
use assay_abi::identity::IReputationRegistry as abi;
use assay_kernel::{CallError, Ctx};

/// Computation per address of the list, beside the slots read.
const ADDRESS_GAS: u64 = 100;

/// `getSummary(uint256,address[],string,string)`. An address that is listed twice counts twice.
///
/// # Errors
/// `Reverted("clientAddresses required")`.
pub fn get_summary(ctx: &mut Ctx<'_>, call: abi::getSummaryCall) -> Result<abi::getSummaryReturn, CallError> {
    require(!call.clientAddresses.is_empty(), "clientAddresses required")?;
    let mut total = Tally::default();
    if let Some(filter) = Filter::of(ctx, &call.tag1, &call.tag2)? {
        for client in call.clientAddresses {
            ctx.charge(ADDRESS_GAS)?;
            total.add(&tally::load(ctx, (call.agentId, client, filter.tag1, filter.tag2))?)?;
        }
    }
    let (count, value, decimals) = total.summary()?;
    Ok(abi::getSummaryReturn { count, summaryValue: value, summaryValueDecimals: decimals })
}
