//! The tables of calls and their gas: what a call costs beside its storage, logs, hashes and signatures, which the
//! machine charges as in the EVM. Calls that payments make stand first.

use crate::handlers::{authorization, erc20, factory, issuer, metadata, permit};
use assay_abi::token::{INativeToken as I, INativeTokenFactory as F};
use assay_kernel::{Entry, calls};

/// A read of one or two words.
const READ: u64 = 50;
/// A read of the record of names.
const NAMES: u64 = 100;
/// A transfer or a change of one entry.
const WRITE: u64 = 200;
/// A signature's digest; the recovery itself costs 3,000 more.
const SIGNED: u64 = 300;
/// A page of addresses.
const PAGE: u64 = 500;

/// Calls of a token.
pub const TOKEN_ENTRIES: &[Entry] = calls! {
    write(WRITE) I::transferCall => erc20::transfer,
    view(READ) I::balanceOfCall => erc20::balance_of,
    write(WRITE) I::transferFromCall => erc20::transfer_from,
    write(SIGNED) I::transferWithAuthorization_0Call => authorization::transfer_by_parts,
    write(SIGNED) I::transferWithAuthorization_1Call => authorization::transfer_by_bytes,
    write(SIGNED) I::receiveWithAuthorization_0Call => authorization::receive_by_parts,
    write(SIGNED) I::receiveWithAuthorization_1Call => authorization::receive_by_bytes,
    view(READ) I::authorizationStateCall => authorization::state,
    write(WRITE) I::approveCall => erc20::approve,
    view(READ) I::allowanceCall => erc20::allowance,
    write(SIGNED) I::permit_0Call => permit::by_parts,
    write(SIGNED) I::permit_1Call => permit::by_bytes,
    view(READ) I::noncesCall => permit::nonces,
    write(WRITE) I::increaseAllowanceCall => erc20::increase_allowance,
    write(WRITE) I::decreaseAllowanceCall => erc20::decrease_allowance,
    write(SIGNED) I::cancelAuthorization_0Call => authorization::cancel_by_parts,
    write(SIGNED) I::cancelAuthorization_1Call => authorization::cancel_by_bytes,
    view(READ) I::totalSupplyCall => erc20::total_supply,
    view(NAMES) I::nameCall => metadata::name,
    view(NAMES) I::symbolCall => metadata::symbol,
    view(NAMES) I::decimalsCall => metadata::decimals,
    view(READ) I::versionCall => metadata::version,
    view(READ) I::DOMAIN_SEPARATORCall => metadata::domain_separator,
    view(NAMES) I::eip712DomainCall => metadata::eip712_domain,
    view(READ) I::PERMIT_TYPEHASHCall => permit::typehash,
    view(READ) I::TRANSFER_WITH_AUTHORIZATION_TYPEHASHCall => authorization::transfer_typehash,
    view(READ) I::RECEIVE_WITH_AUTHORIZATION_TYPEHASHCall => authorization::receive_typehash,
    view(READ) I::CANCEL_AUTHORIZATION_TYPEHASHCall => authorization::cancel_typehash,
    write(WRITE) I::mintCall => issuer::mint,
    write(WRITE) I::burnCall => issuer::burn,
    view(READ) I::isMinterCall => issuer::is_minter,
    view(READ) I::minterAllowanceCall => issuer::minter_allowance,
    write(WRITE) I::configureMinterCall => issuer::configure_minter,
    write(WRITE) I::removeMinterCall => issuer::remove_minter,
    view(READ) I::isBlacklistedCall => issuer::is_blocked,
    write(WRITE) I::blacklistCall => issuer::block,
    write(WRITE) I::unBlacklistCall => issuer::unblock,
    view(READ) I::pausedCall => issuer::paused,
    write(WRITE) I::pauseCall => issuer::pause,
    write(WRITE) I::unpauseCall => issuer::unpause,
    view(READ) I::ownerCall => issuer::owner,
    view(READ) I::pendingOwnerCall => issuer::pending_owner,
    write(WRITE) I::transferOwnershipCall => issuer::transfer_ownership,
    write(WRITE) I::acceptOwnershipCall => issuer::accept_ownership,
};

/// Calls of the factory.
pub const FACTORY_ENTRIES: &[Entry] = calls! {
    write(WRITE) F::createTokenCall => factory::create_token,
    view(READ) F::tokenCountCall => factory::token_count,
    view(PAGE) F::tokensCall => factory::tokens,
    view(READ) F::isTokenCall => factory::is_token,
    view(READ) F::defaultTokenCall => factory::default_token,
};
