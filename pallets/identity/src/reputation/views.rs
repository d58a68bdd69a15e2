//! What the reputation registry answers without writing, beside the summaries.

use super::feedback::{entry, stored};
use super::filter::Filter;
use super::memory::Memory;
use super::state::{CLIENTS, LAST_INDEX, TAGS, WEIGHTS};
use crate::registries::{OWNER, VERSION, registries};
use crate::types::{Feedback, TagId};
use alloy_primitives::{Address, U256};
use assay_abi::identity::IReputationRegistry as abi;
use assay_kernel::storage::PAGE_MAX;
use assay_kernel::{CallError, Ctx, gas};
use std::collections::BTreeMap;

/// Computation per client and per entry looked at, beside the slots read.
const CLIENT_GAS: u64 = 100;
const ENTRY_GAS: u64 = 50;
/// Words that an entry takes in the answer of `readAllFeedback`, without the bytes of its tags.
const ENTRY_WORDS: u64 = 11;

/// `readFeedback(uint256,address,uint64)`.
///
/// # Errors
/// `Reverted("index must be > 0" | "index out of bounds")`.
pub fn read_feedback(ctx: &mut Ctx<'_>, call: abi::readFeedbackCall) -> Result<abi::readFeedbackReturn, CallError> {
    let entry = entry(ctx, call.agentId, call.clientAddress, call.feedbackIndex)?;
    Ok(abi::readFeedbackReturn {
        value: entry.value,
        valueDecimals: entry.decimals,
        tag1: TAGS.text(ctx, entry.tag1)?,
        tag2: TAGS.text(ctx, entry.tag2)?,
        isRevoked: entry.revoked,
    })
}

/// `getLastIndex(uint256,address)`; zero where there is none.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn last_index(ctx: &mut Ctx<'_>, call: abi::getLastIndexCall) -> Result<u64, CallError> {
    LAST_INDEX.get_or_default(ctx, &(call.agentId, call.clientAddress))
}

/// Tags read once per call, and the memory that the answer takes.
#[derive(Default)]
struct Answer {
    texts: BTreeMap<TagId, String>,
    memory: Memory,
}

impl Answer {
    /// Pays for an entry of the answer and returns its tags.
    fn entry(&mut self, ctx: &mut Ctx<'_>, entry: &Feedback) -> Result<(String, String), CallError> {
        let (tag1, tag2) = (self.tag(ctx, entry.tag1)?, self.tag(ctx, entry.tag2)?);
        let tags = gas::words(tag1.len()).saturating_add(gas::words(tag2.len()));
        self.memory.grow(ctx, ENTRY_WORDS.saturating_add(tags))?;
        Ok((tag1, tag2))
    }

    fn tag(&mut self, ctx: &mut Ctx<'_>, id: TagId) -> Result<String, CallError> {
        if let Some(text) = self.texts.get(&id) {
            return Ok(text.clone());
        }
        let text = TAGS.text(ctx, id)?;
        self.texts.insert(id, text.clone());
        Ok(text)
    }
}

/// `readAllFeedback(uint256,address[],string,string,bool)`. No addresses: all clients. Unbounded: gas per entry, and the
/// EVM's price of memory for the answer.
///
/// # Errors
/// `Halted(OutOfGas)`.
pub fn read_all_feedback(
    ctx: &mut Ctx<'_>,
    call: abi::readAllFeedbackCall,
) -> Result<abi::readAllFeedbackReturn, CallError> {
    let mut all = abi::readAllFeedbackReturn {
        clients: Vec::new(),
        feedbackIndexes: Vec::new(),
        values: Vec::new(),
        valueDecimals: Vec::new(),
        tag1s: Vec::new(),
        tag2s: Vec::new(),
        revokedStatuses: Vec::new(),
    };
    let clients = if call.clientAddresses.is_empty() { all_clients(ctx, call.agentId)? } else { call.clientAddresses };
    let Some(filter) = Filter::of(ctx, &call.tag1, &call.tag2)? else { return Ok(all) };
    let mut answer = Answer::default();
    for client in clients {
        ctx.charge(CLIENT_GAS)?;
        for index in 1..=LAST_INDEX.get_or_default(ctx, &(call.agentId, client))? {
            ctx.charge(ENTRY_GAS)?;
            let entry = stored(ctx, call.agentId, client, index)?;
            if (entry.revoked && !call.includeRevoked) || !filter.matches(&entry) {
                continue;
            }
            let (tag1, tag2) = answer.entry(ctx, &entry)?;
            all.clients.push(client);
            all.feedbackIndexes.push(index);
            all.values.push(entry.value);
            all.valueDecimals.push(entry.decimals);
            all.tag1s.push(tag1);
            all.tag2s.push(tag2);
            all.revokedStatuses.push(entry.revoked);
        }
    }
    Ok(all)
}

/// `getFeedbackPage(uint256,address,uint64,uint64)`: entries `offset + 1 ..= offset + limit` of a client, at most
/// [`PAGE_MAX`], revoked ones among them; the weight is zero unless a job backs the entry.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn feedback_page(
    ctx: &mut Ctx<'_>,
    call: abi::getFeedbackPageCall,
) -> Result<abi::getFeedbackPageReturn, CallError> {
    let mut page = abi::getFeedbackPageReturn {
        values: Vec::new(),
        valueDecimals: Vec::new(),
        tag1s: Vec::new(),
        tag2s: Vec::new(),
        revokedStatuses: Vec::new(),
        weights: Vec::new(),
        truncated: false,
    };
    let last = LAST_INDEX.get_or_default(ctx, &(call.agentId, call.clientAddress))?;
    let end = last.min(call.offset.saturating_add(call.limit.min(PAGE_MAX)));
    let mut answer = Answer::default();
    for index in call.offset.saturating_add(1)..=end {
        let entry = stored(ctx, call.agentId, call.clientAddress, index)?;
        let (tag1, tag2) = answer.entry(ctx, &entry)?;
        let weight = WEIGHTS.get_or_default(ctx, &(call.agentId, call.clientAddress, index))?;
        page.values.push(entry.value);
        page.valueDecimals.push(entry.decimals);
        page.tag1s.push(tag1);
        page.tag2s.push(tag2);
        page.revokedStatuses.push(entry.revoked);
        page.weights.push(U256::from(weight));
    }
    page.truncated = end < last;
    Ok(page)
}

fn all_clients(ctx: &mut Ctx<'_>, agent: U256) -> Result<Vec<Address>, CallError> {
    let list = CLIENTS.at(ctx, &agent)?;
    let mut clients = Vec::new();
    for position in 0..list.length(ctx)? {
        clients.push(list.get(ctx, position)?.unwrap_or_default());
    }
    Ok(clients)
}

/// `getClients(uint256)`, in the order of their first feedback. Unbounded: gas per client.
///
/// # Errors
/// `Halted(OutOfGas)`.
pub fn clients(ctx: &mut Ctx<'_>, call: abi::getClientsCall) -> Result<Vec<Address>, CallError> {
    all_clients(ctx, call.agentId)
}

/// `getClientsPage(uint256,uint64,uint64)`: at most [`PAGE_MAX`] clients from an offset on, and whether there are more.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn clients_page(ctx: &mut Ctx<'_>, call: abi::getClientsPageCall) -> Result<abi::getClientsPageReturn, CallError> {
    let list = CLIENTS.at(ctx, &call.agentId)?;
    let clients = list.page(ctx, call.offset, call.limit)?;
    let end = call.offset.saturating_add(clients.len() as u64);
    Ok(abi::getClientsPageReturn { clients, truncated: end < list.length(ctx)? })
}

/// `getIdentityRegistry()`.
///
/// # Errors
/// None.
pub fn identity_registry(ctx: &mut Ctx<'_>, _: abi::getIdentityRegistryCall) -> Result<Address, CallError> {
    Ok(registries(ctx).identity)
}

/// `getVersion()`.
///
/// # Errors
/// None.
pub fn version(_: &mut Ctx<'_>, _: abi::getVersionCall) -> Result<String, CallError> {
    Ok(VERSION.to_owned())
}

/// `owner()`.
///
/// # Errors
/// None.
pub fn owner(_: &mut Ctx<'_>, _: abi::ownerCall) -> Result<Address, CallError> {
    Ok(OWNER)
}
