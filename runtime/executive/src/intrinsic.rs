//! What a transaction costs before its first instruction.

use alloy_consensus::{Transaction as _, TxEnvelope};

/// EIP-2: every transaction.
const BASE: u64 = 21_000;
/// EIP-2: a creation, on top.
const CREATE: u64 = 32_000;
/// EIP-2028, in tokens of EIP-7623: a zero byte is one token, any other four.
const TOKENS_PER_NONZERO: u64 = 4;
const GAS_PER_TOKEN: u64 = 4;
/// EIP-7623: the floor per token.
const FLOOR_PER_TOKEN: u64 = 10;
/// EIP-2930.
const ACCESS_LIST_ADDRESS: u64 = 2_400;
const ACCESS_LIST_SLOT: u64 = 1_900;
/// EIP-3860: per 32-byte word of init code.
const INIT_CODE_WORD: u64 = 2;
/// EIP-7702: per authorization, as for an empty account; part of it may be refunded.
const AUTHORIZATION: u64 = 25_000;

/// EIP-3860: longest init code, in bytes.
pub(crate) const INIT_CODE_BYTES_MAX: usize = 49_152;
/// EIP-7825: largest gas limit of a transaction.
pub(crate) const TX_GAS_LIMIT_MAX: u64 = 1 << 24;

/// The smallest gas limit with which a transaction can be included under Osaka's rules.
pub(crate) fn intrinsic_gas(tx: &TxEnvelope) -> u64 {
    let zeroes = count(tx.input().iter().filter(|byte| **byte == 0).count());
    let others = count(tx.input().len()).saturating_sub(zeroes);
    let tokens = zeroes.saturating_add(others.saturating_mul(TOKENS_PER_NONZERO));
    let floor = BASE.saturating_add(tokens.saturating_mul(FLOOR_PER_TOKEN));

    let mut gas = BASE.saturating_add(tokens.saturating_mul(GAS_PER_TOKEN));
    if tx.is_create() {
        let words = count(tx.input().len()).div_ceil(32);
        gas = gas.saturating_add(CREATE).saturating_add(words.saturating_mul(INIT_CODE_WORD));
    }
    for item in tx.access_list().into_iter().flat_map(|list| list.iter()) {
        let slots = count(item.storage_keys.len()).saturating_mul(ACCESS_LIST_SLOT);
        gas = gas.saturating_add(ACCESS_LIST_ADDRESS).saturating_add(slots);
    }
    let authorizations = count(tx.authorization_list().map_or(0, <[_]>::len));
    gas = gas.saturating_add(authorizations.saturating_mul(AUTHORIZATION));
    gas.max(floor)
}

const fn count(n: usize) -> u64 {
    n as u64
}
