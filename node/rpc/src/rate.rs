//! How often one client may call.

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

/// Clients that are remembered before those at rest are forgotten.
const CLIENTS_KEPT: usize = 65_536;

/// Seconds of the rate that may be used at once.
const BURST_SECONDS: u32 = 4;

/// A budget of cost units per address.
#[derive(Debug)]
pub struct RateLimit {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    loopback: bool,
    clock: DefaultClock,
    burst: u32,
}

impl RateLimit {
    /// A budget per second and address; `loopback`: for clients on this machine, too.
    pub fn new(per_second: Option<u32>, loopback: bool) -> Self {
        let rate = per_second.and_then(NonZeroU32::new);
        let burst = rate.map_or(0, |rate| rate.get().saturating_mul(BURST_SECONDS));
        let quota = rate.zip(NonZeroU32::new(burst)).map(|(rate, burst)| Quota::per_second(rate).allow_burst(burst));
        Self { limiter: quota.map(governor::RateLimiter::keyed), loopback, clock: DefaultClock::default(), burst }
    }

    /// Takes the cost of a call out of the budget of an address.
    ///
    /// # Errors
    /// After how many milliseconds there would be enough.
    pub fn take(&self, address: IpAddr, cost: u32) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if address.is_loopback() && !self.loopback {
            return Ok(());
        }
        let Some(cost) = NonZeroU32::new(cost.min(self.burst)) else { return Ok(()) };
        if limiter.len() > CLIENTS_KEPT {
            limiter.retain_recent();
        }
        match limiter.check_key_n(&client(address), cost) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(self.clock.now());
                Err(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
            }
            // A cost above the burst, which the line above rules out.
            Err(_) => Ok(()),
        }
    }
}

/// IPv6 clients usually hold a whole /64.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        v4 => v4,
    }
}

/// What a call costs, about in proportion to the work it makes.
pub fn cost(method: &str) -> u32 {
    match method {
        "eth_call" | "eth_estimateGas" | "eth_createAccessList" | "eth_fillTransaction" | "eth_getProof" => 5,
        "eth_getLogs" | "eth_getFilterLogs" | "eth_feeHistory" | "txpool_content" | "txpool_inspect"
        | "assay_getAgents" | "assay_getJobs" | "assay_getSupply" => 10,
        "eth_sendRawTransaction" | "eth_sendRawTransactionSync" | "eth_getBlockReceipts" => 2,
        method if method.starts_with("debug_trace") => 20,
        _ => 1,
    }
}
