//! A token bucket: how long whoever takes more than its rate has to wait.

use std::time::{Duration, Instant};

/// Fills at `rate` per second up to `burst`.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    rate: u64,
    burst: u64,
    /// When it was, or will be, full again if nothing more is taken.
    full_at: Instant,
}

impl Bucket {
    pub(super) fn new(rate: u64, burst: u64, now: Instant) -> Self {
        Self { rate: rate.max(1), burst, full_at: now }
    }

    /// Takes so many and says how long to wait before going on.
    pub(super) fn take(&mut self, count: u64, now: Instant) -> Duration {
        let time = |count: u64| Duration::from_nanos(count.saturating_mul(1_000_000_000) / self.rate);
        self.full_at = self.full_at.max(now) + time(count);
        (self.full_at - now).saturating_sub(time(self.burst))
    }
}
