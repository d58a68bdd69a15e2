//! Every bound of the pool.

/// Bounds of the pool. None of them is consensus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Most transactions in the pool.
    pub count_max: usize,
    /// Most bytes of raw transactions in the pool.
    pub bytes_max: usize,
    /// Most transactions of one sender.
    pub sender_count_max: usize,
    /// Most bytes of one sender's raw transactions.
    pub sender_bytes_max: usize,
    /// How far a nonce may lie above the account's.
    pub nonce_ahead_max: u64,
    /// How long a transaction may wait, in milliseconds.
    pub lifetime_ms: u64,
    /// By how many per cent both fee caps of a replacement must rise.
    pub replacement_percent: u64,
}

impl PoolLimits {
    /// Bounds for a node with a few gigabytes of memory: a decoded transaction takes about four times its raw bytes.
    pub const fn standard() -> Self {
        Self {
            count_max: 100_000,
            bytes_max: 128 * 1024 * 1024,
            sender_count_max: 4_096,
            sender_bytes_max: 8 * 1024 * 1024,
            nonce_ahead_max: 16_384,
            lifetime_ms: 3 * 60 * 60 * 1000,
            replacement_percent: 10,
        }
    }

    /// The least value of a fee cap that replaces `old`, rounded up and always above it.
    pub(crate) fn replacement_min(&self, old: u128) -> u128 {
        let raised = old.saturating_mul(u128::from(self.replacement_percent)).div_ceil(100);
        old.saturating_add(raised.max(1))
    }
}
