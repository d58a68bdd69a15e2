//! Bounds of tokens. None can be tuned: they stand in formats.

/// Longest name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest symbol, in bytes of UTF-8.
pub const SYMBOL_BYTES_MAX: usize = 16;
/// Most decimals.
pub const DECIMALS_MAX: u8 = 18;
/// Most of one token that may exist, in its smallest unit: the largest number that the ledger can hold.
pub const SUPPLY_MAX: u128 = u128::MAX;
/// Most tokens in genesis.
pub const GENESIS_TOKENS_MAX: usize = 64;
/// Most holders of one token in genesis.
pub const GENESIS_HOLDERS_MAX: usize = 100_000;
/// Version in the EIP-712 domain of every token; that of USDC, whose shape this is.
pub const VERSION: &str = "2";
