//! Which authorizations are known here, and who was told that they were paid.
//!
//! A settlement is asked for again after a lost answer, a time-out or a restart, and must then be answered as the first
//! time. But a payer that sends one payment to the same service twice at once has it settled twice as well, and must
//! not be served twice for it. The two look alike but for what went before:
//!
//! * an authorization that was found valid at most once belongs to one request of the service: settling it again is a
//!   repetition, answered like the first;
//! * one that was found valid twice before it was settled, or whose terms say that settling stands for delivering
//!   (`extra.paymentFlow` other than `authorization`), is answered with success to one asker only, and with
//!   `invalid_exact_evm_nonce_already_used` and the transaction to all others.
//!
//! Whoever went away before the answer was not told.

use super::payment::{Payment, PaymentKey};
use super::reason::Refusal;
use alloy_primitives::{Address, B256, U256};
use lru::LruCache;
use parking_lot::Mutex;
use std::num::NonZeroUsize;
use tokio::sync::watch;

/// Authorizations that are remembered; the one not asked for longest goes first. The chain remembers all.
const ENTRIES_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

/// How far a settlement has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being checked, or waits for its turn.
    Working,
    /// It is with the node.
    Sent(B256),
    /// The payee has the money.
    Settled(B256),
    /// It will not be settled by this try.
    Refused(Refusal),
    /// The node gives no answer.
    Unavailable(String),
}

/// What a signature was for; two payments of one key and the same facts are one payment.
type Facts = (Address, U256, U256, U256);

struct Entry {
    facts: Facts,
    /// How often it was found valid before it was settled.
    verified: u32,
    /// How many were told of success.
    told: u32,
    delivers_once: bool,
    progress: Option<watch::Receiver<Progress>>,
}

/// The memory of one process.
pub struct Ledger(Mutex<LruCache<PaymentKey, Entry>>);

/// What is to be done with a settlement.
pub enum Turn {
    /// Somebody does it already, or has done it.
    Join(watch::Receiver<Progress>),
    /// The caller does it, and tells how it fares.
    Do(watch::Sender<Progress>, watch::Receiver<Progress>),
}

fn facts(payment: &Payment) -> Facts {
    let of = &payment.authorization;
    (of.to, of.value, of.valid_after, of.valid_before)
}

impl Default for Ledger {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(ENTRIES_MAX)))
    }
}

impl Ledger {
    /// Whether it is settled here, or about to be.
    pub fn is_taken(&self, payment: &Payment) -> bool {
        let mut entries = self.0.lock();
        entries.get(&payment.key()).is_some_and(|entry| {
            let progress = entry.progress.as_ref().map(|progress| progress.borrow().clone());
            matches!(progress, Some(Progress::Working | Progress::Sent(_) | Progress::Settled(_)))
        })
    }

    /// It was found valid.
    pub fn verified(&self, payment: &Payment) {
        let mut entries = self.0.lock();
        let entry = entries.get_or_insert_mut(payment.key(), || Entry::of(payment));
        if entry.facts != facts(payment) {
            *entry = Entry::of(payment);
        }
        entry.verified = entry.verified.saturating_add(1);
    }

    /// Who settles.
    pub fn turn(&self, payment: &Payment) -> Turn {
        let mut entries = self.0.lock();
        let entry = entries.get_or_insert_mut(payment.key(), || Entry::of(payment));
        let same = entry.facts == facts(payment);
        entry.delivers_once |= payment.terms.delivers_once;
        if let Some(progress) = &entry.progress
            && !matches!(*progress.borrow(), Progress::Refused(_) | Progress::Unavailable(_))
            // A task that died told nothing; another may try.
            && (progress.has_changed().is_ok() || matches!(*progress.borrow(), Progress::Settled(_)))
        {
            if same {
                return Turn::Join(progress.clone());
            }
            let used = Refusal::used(payment.authorization.from, payment.authorization.nonce);
            return Turn::Join(watch::channel(Progress::Refused(used)).1);
        }
        let (told, progress) = watch::channel(Progress::Working);
        if !same {
            *entry = Entry::of(payment);
        }
        entry.progress = Some(progress.clone());
        Turn::Do(told, progress)
    }

    /// Whether the asker may be told of success; it counts as told then.
    pub fn tell(&self, payment: &Payment) -> bool {
        let mut entries = self.0.lock();
        let Some(entry) = entries.get_mut(&payment.key()) else { return true };
        let may = entry.told == 0 || (entry.verified <= 1 && !entry.delivers_once);
        if may {
            entry.told = entry.told.saturating_add(1);
        }
        may
    }
}

impl Entry {
    fn of(payment: &Payment) -> Self {
        let delivers_once = payment.terms.delivers_once;
        Self { facts: facts(payment), verified: 0, told: 0, delivers_once, progress: None }
    }
}
