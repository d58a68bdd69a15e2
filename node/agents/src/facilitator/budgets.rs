//! How many settlements one payer and one payee may have within a window, since each costs this facilitator gas.

use super::reason::{self, Refusal};
use alloy_primitives::Address;
use lru::LruCache;
use parking_lot::Mutex;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Accounts whose use is remembered; whoever was not seen for longest is forgotten first.
const ACCOUNTS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

/// Bounds of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Settlements of one payer; 0: no bound.
    pub payer: u32,
    /// Settlements to one payee; 0: no bound.
    pub payee: u32,
    /// How long a window is.
    pub window: Duration,
}

struct Used {
    since: Instant,
    count: u32,
}

/// Who has used how much.
pub struct Budgets {
    budget: Budget,
    used: Mutex<(LruCache<Address, Used>, LruCache<Address, Used>)>,
}

impl Budgets {
    pub fn new(budget: Budget) -> Self {
        Self { budget, used: Mutex::new((LruCache::new(ACCOUNTS_MAX), LruCache::new(ACCOUNTS_MAX))) }
    }

    /// Whether both have room for one more settlement.
    ///
    /// # Errors
    /// `payer_budget_exceeded`, `payee_budget_exceeded`.
    pub fn check(&self, payer: Address, payee: Address, now: Instant) -> Result<(), Refusal> {
        let (payers, payees) = &mut *self.used.lock();
        self.room(payers, payer, self.budget.payer, reason::PAYER_BUDGET, now)?;
        self.room(payees, payee, self.budget.payee, reason::PAYEE_BUDGET, now)
    }

    /// Takes one settlement from both, or from none.
    ///
    /// # Errors
    /// As [`Budgets::check`].
    pub fn take(&self, payer: Address, payee: Address, now: Instant) -> Result<(), Refusal> {
        let (payers, payees) = &mut *self.used.lock();
        self.room(payers, payer, self.budget.payer, reason::PAYER_BUDGET, now)?;
        self.room(payees, payee, self.budget.payee, reason::PAYEE_BUDGET, now)?;
        for (used, account) in [(payers, payer), (payees, payee)] {
            let entry = used.get_or_insert_mut(account, || Used { since: now, count: 0 });
            entry.count = entry.count.saturating_add(1);
        }
        Ok(())
    }

    fn room(
        &self,
        used: &mut LruCache<Address, Used>,
        account: Address,
        max: u32,
        reason: &'static str,
        now: Instant,
    ) -> Result<(), Refusal> {
        let Some(entry) = used.get_mut(&account) else { return Ok(()) };
        if now.saturating_duration_since(entry.since) >= self.budget.window {
            *entry = Used { since: now, count: 0 };
        }
        if max > 0 && entry.count >= max {
            let window = self.budget.window.as_secs();
            return Err(Refusal::new(reason, format!("{account}: {max} settlements in {window} s are used up")));
        }
        Ok(())
    }
}
