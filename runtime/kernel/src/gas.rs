//! What native code pays beyond what the EVM charges for the same accesses. All in gas of the frame: there is no side
//! meter, so the 63/64 rule, refunds and the calldata floor apply.

/// Every call into a native module: lookup, decoding, lock.
pub const CALL: u64 = 200;
/// Each 32 bytes of input decoded or output encoded.
pub const CODEC_WORD: u64 = 6;
/// keccak-256, once (as KECCAK256 in the EVM).
pub const HASH: u64 = 30;
/// keccak-256, each 32 bytes.
pub const HASH_WORD: u64 = 6;

/// Recovering who signed, as the EVM's precompile 1.
pub const RECOVER: u64 = 3_000;
/// Making an account a native module: CREATE, and the deposit of one byte of code.
pub const CREATE_NATIVE: u64 = 32_000 + 200;

/// 32-byte words that hold `bytes` bytes.
pub const fn words(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(32)
}

/// Price of hashing `bytes` bytes.
pub const fn hash(bytes: usize) -> u64 {
    HASH.saturating_add(HASH_WORD.saturating_mul(words(bytes)))
}

/// Price of decoding or encoding `bytes` bytes.
pub const fn codec(bytes: usize) -> u64 {
    CODEC_WORD.saturating_mul(words(bytes))
}
