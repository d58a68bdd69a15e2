//! Every Solidity interface of Assay and the addresses of its native modules: what RPC, agents, the command line and
//! contract bindings share without compiling a pallet.

#![no_std]

use alloy_primitives::Address;

pub mod errors;

/// Code of every native module's account. One byte, so that the account is never empty (EIP-161 would erase its
/// storage) and satisfies Solidity's `extcodesize` check; `0xFE` (INVALID), so that it halts where it is ever
/// interpreted, as under an EIP-7702 delegation to a native module.
pub const NATIVE_CODE: [u8; 1] = [0xfe];

/// Nonce of every native module's account, as EIP-161 gives to contracts.
pub const NATIVE_NONCE: u64 = 1;

/// Addresses of the native modules that a chain starts with, in dispatch order. Version 1 of the chain has none yet.
pub const NATIVE_MODULES: &[Address] = &[];
