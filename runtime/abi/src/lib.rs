//! Every Solidity interface of Assay and the addresses of its native modules: what RPC, agents, the command line and
//! contract bindings share without compiling a pallet.

#![no_std]

use alloy_primitives::{Address, hex};
use identity::Registries;

pub mod erc1271;
pub mod errors;
pub mod escrow;
pub mod identity;
pub mod staking;
pub mod token;

/// Code of every native module's account. One byte, so that the account is never empty (EIP-161 would erase its
/// storage) and satisfies Solidity's `extcodesize` check; `0xFE` (INVALID), so that it halts where it is ever
/// interpreted, as under an EIP-7702 delegation to a native module.
pub const NATIVE_CODE: [u8; 1] = [0xfe];

/// Nonce of every native module's account, as EIP-161 gives to contracts.
pub const NATIVE_NONCE: u64 = 1;

/// Addresses of the native modules that a chain with these registries starts with, in dispatch order. They are warm in
/// every transaction.
pub const fn native_modules(registries: Registries) -> [Address; 8] {
    [
        token::TOKEN_FACTORY,
        registries.identity,
        registries.reputation,
        registries.validation,
        staking::STAKING,
        escrow::ESCROW,
        escrow::ESCROW_BASE,
        escrow::ESCROW_ACP,
    ]
}

/// First 12 bytes of every native token's address; the last 8 are its id, big-endian.
pub const TOKEN_PREFIX: [u8; 12] = hex!("a55a20000000000000000000");

/// Address of the native token with an id; id 0 is the factory, id 1 the default token.
pub const fn token_address(id: u64) -> Address {
    let mut bytes = [0; 20];
    let (prefix, last) = bytes.split_at_mut(12);
    prefix.copy_from_slice(&TOKEN_PREFIX);
    last.copy_from_slice(&id.to_be_bytes());
    Address::new(bytes)
}

/// The id in a native token's address, whether or not there is such a token; `None` for any other address.
pub fn token_id(address: Address) -> Option<u64> {
    let last = address.as_slice().strip_prefix(&TOKEN_PREFIX)?;
    last.try_into().ok().map(u64::from_be_bytes)
}
