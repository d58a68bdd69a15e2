//! Reads of agents in committed state, for indexes outside of any transaction. Each costs a bounded number of slots.

use crate::api::Verified;
use crate::identity::state::{NEXT_ID, OWNERS, URIS, WALLETS};
use crate::reputation::jobs;
use crate::reputation::state::CLIENTS;
use crate::types::Blob;
use alloy_primitives::{Address, U256};
use assay_abi::identity::Registries;
use assay_kernel::{StateView, read};
use assay_primitives::Fault;

/// What is known of an agent without its metadata and its single entries of feedback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who owns it.
    pub owner: Address,
    /// Its wallet, where it has one.
    pub wallet: Option<Address>,
    /// Where its registration file lies; at most 2 KiB.
    pub uri: String,
    /// How many clients have given feedback.
    pub clients: u64,
    /// What settled jobs say.
    pub verified: Verified,
}

/// How many agents there are; the ids below it exist.
///
/// # Errors
/// A `Fault` of the view.
pub fn count(view: &dyn StateView, registries: Registries) -> Result<u64, Fault> {
    read(view, registries.identity, |ctx| NEXT_ID.get_or_default(ctx))
}

/// The owner of an agent; `None` where there is no such agent.
///
/// # Errors
/// A `Fault` of the view.
pub fn owner(view: &dyn StateView, registries: Registries, agent: u64) -> Result<Option<Address>, Fault> {
    read(view, registries.identity, |ctx| OWNERS.get(ctx, &U256::from(agent)))
}

/// An agent; `None` where there is no such agent.
///
/// # Errors
/// A `Fault` of the view, or of stored data that do not decode.
pub fn profile(view: &dyn StateView, registries: Registries, agent: u64) -> Result<Option<Profile>, Fault> {
    let id = U256::from(agent);
    let Some(owner) = owner(view, registries, agent)? else { return Ok(None) };
    let (wallet, uri) =
        read(view, registries.identity, |ctx| Ok((WALLETS.get(ctx, &id)?, Blob::read_text(&URIS, ctx, &id)?)))?;
    let (clients, verified) = read(view, registries.reputation, |ctx| {
        let clients = CLIENTS.at(ctx, &id)?.length(ctx)?;
        let (tally, score_hundredths) = jobs::summary(ctx, id, "")?;
        Ok((clients, Verified { count: tally.count, score_hundredths, weight: tally.weight }))
    })?;
    Ok(Some(Profile { owner, wallet, uri, clients, verified }))
}
