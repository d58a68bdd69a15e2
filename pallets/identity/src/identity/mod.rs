//! The identity registry: agents as ERC-721 tokens with a URI, metadata and a proven wallet.

use alloy_primitives::Address;
use assay_abi::identity::{IIdentityRegistry as abi, Registries};
use assay_kernel::{Entry, Pallet, calls};

pub mod access;
pub mod approvals;
pub mod metadata;
pub mod mint;
pub mod receiver;
pub mod register;
pub mod state;
pub mod transfer;
pub mod views;
pub mod wallet;

/// The identity registry as a native module.
#[derive(Debug)]
pub struct IdentityRegistry;

/// Its functions, the ones other modules and contracts ask most first.
pub const ENTRIES: &[Entry] = calls! {
    view(0) abi::ownerOfCall => views::owner_of,
    view(0) abi::isAuthorizedOrOwnerCall => views::is_authorized_or_owner,
    view(0) abi::getAgentWalletCall => views::agent_wallet,
    view(0) abi::tokenURICall => views::token_uri,
    view(0) abi::agentURICall => views::agent_uri,
    view(0) abi::getMetadataCall => views::metadata,
    view(0) abi::balanceOfCall => views::balance_of,
    view(0) abi::getApprovedCall => views::approved,
    view(0) abi::isApprovedForAllCall => views::is_approved_for_all,
    view(0) abi::supportsInterfaceCall => views::supports_interface,
    view(0) abi::nameCall => views::name,
    view(0) abi::symbolCall => views::symbol,
    view(0) abi::totalSupplyCall => views::total_supply,
    view(0) abi::tokenByIndexCall => views::token_by_index,
    view(0) abi::eip712DomainCall => views::eip712_domain,
    view(0) abi::getVersionCall => views::version,
    view(0) abi::ownerCall => views::owner,
    write(500) abi::register_0Call => register::register,
    write(500) abi::register_1Call => register::register_with_uri,
    write(500) abi::register_2Call => register::register_with_metadata,
    write(300) abi::setAgentURICall => metadata::set_agent_uri,
    write(300) abi::setMetadataCall => metadata::set_metadata,
    write(500) abi::setAgentWalletCall => wallet::set_agent_wallet,
    write(300) abi::unsetAgentWalletCall => wallet::unset_agent_wallet,
    write(300) abi::transferFromCall => transfer::transfer_from,
    write(300) abi::safeTransferFrom_0Call => transfer::safe_transfer_from,
    write(300) abi::safeTransferFrom_1Call => transfer::safe_transfer_from_with_data,
    write(300) abi::approveCall => approvals::approve,
    write(300) abi::setApprovalForAllCall => approvals::set_approval_for_all,
};

impl Pallet for IdentityRegistry {
    const ADDRESS: Address = Registries::TEST.identity;

    fn entries() -> &'static [Entry] {
        ENTRIES
    }
}
