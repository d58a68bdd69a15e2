//! The validation registry: requests about agents' work and the answers of the validators that they name.

use alloy_primitives::Address;
use assay_abi::identity::{IValidationRegistry as abi, Registries};
use assay_kernel::{Entry, Pallet, calls};

pub mod request;
pub mod respond;
pub mod state;
pub mod views;

/// The validation registry as a native module.
#[derive(Debug)]
pub struct ValidationRegistry;

/// Its functions.
pub const ENTRIES: &[Entry] = calls! {
    view(0) abi::getValidationStatusCall => views::status,
    view(0) abi::getSummaryCall => views::get_summary,
    view(0) abi::getAgentValidationsCall => views::agent_validations,
    view(0) abi::getValidatorRequestsCall => views::validator_requests,
    view(0) abi::getAgentValidationsPageCall => views::agent_validations_page,
    view(0) abi::getValidatorRequestsPageCall => views::validator_requests_page,
    view(0) abi::getIdentityRegistryCall => views::identity_registry,
    view(0) abi::getVersionCall => views::version,
    view(0) abi::ownerCall => views::owner,
    write(300) abi::validationRequestCall => request::validation_request,
    write(300) abi::validationResponseCall => respond::validation_response,
};

impl Pallet for ValidationRegistry {
    const ADDRESS: Address = Registries::TEST.validation;

    fn entries() -> &'static [Entry] {
        ENTRIES
    }
}
