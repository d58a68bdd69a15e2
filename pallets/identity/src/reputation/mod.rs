//! The reputation registry: what clients say of agents, and exact summaries at a bounded price.

use alloy_primitives::Address;
use assay_abi::identity::{IReputationRegistry as abi, Registries};
use assay_kernel::{Entry, Pallet, calls};

pub mod feedback;
pub mod filter;
pub mod jobs;
pub mod memory;
pub mod respond;
pub mod state;
pub mod summary;
pub mod tally;
pub mod views;

/// The reputation registry as a native module.
#[derive(Debug)]
pub struct ReputationRegistry;

/// Its functions.
pub const ENTRIES: &[Entry] = calls! {
    view(0) abi::getSummaryCall => summary::get_summary,
    view(0) abi::getVerifiedSummaryCall => jobs::get_verified_summary,
    view(0) abi::readFeedbackCall => views::read_feedback,
    view(0) abi::getLastIndexCall => views::last_index,
    view(0) abi::readAllFeedbackCall => views::read_all_feedback,
    view(0) abi::getFeedbackPageCall => views::feedback_page,
    view(0) abi::getClientsCall => views::clients,
    view(0) abi::getClientsPageCall => views::clients_page,
    view(0) abi::getResponseCountCall => respond::response_count,
    view(0) abi::getIdentityRegistryCall => views::identity_registry,
    view(0) abi::getVersionCall => views::version,
    view(0) abi::ownerCall => views::owner,
    write(500) abi::giveFeedbackCall => feedback::give_feedback,
    write(300) abi::revokeFeedbackCall => feedback::revoke_feedback,
    write(300) abi::appendResponseCall => respond::append_response,
};

impl Pallet for ReputationRegistry {
    const ADDRESS: Address = Registries::TEST.reputation;

    fn entries() -> &'static [Entry] {
        ENTRIES
    }
}
