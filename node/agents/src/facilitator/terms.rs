//! Checks that need no chain: what was asked for against what was signed, and the rules of this facilitator.

use super::Facilitator;
use super::payment::Payment;
use super::reason::{self, Refusal};
use alloy_primitives::U256;
use std::time::{SystemTime, UNIX_EPOCH};

/// An authorization must be valid for this many seconds more, as the reference facilitator has it.
const MARGIN_SECONDS: u64 = 6;
/// The only scheme.
pub const SCHEME: &str = "exact";

/// Seconds of the wall clock.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Whether an authorization is valid now, and long enough to be settled.
///
/// # Errors
/// `..authorization_valid_after`, `..authorization_valid_before`.
pub fn check_window(payment: &Payment, now: u64) -> Result<(), Refusal> {
    let of = &payment.authorization;
    // The token asks for later than `validAfter`; its clock is the next block's, which is not before ours.
    if of.valid_after > U256::from(now) {
        let message = format!("it is valid after {}, and now is {now}", of.valid_after);
        return Err(Refusal::new(reason::VALID_AFTER, message));
    }
    if of.valid_before < U256::from(now.saturating_add(MARGIN_SECONDS)) {
        let message =
            format!("it is valid before {}, now is {now}, and {MARGIN_SECONDS} s must be left", of.valid_before);
        return Err(Refusal::new(reason::VALID_BEFORE, message));
    }
    Ok(())
}

impl Facilitator {
    /// What can be told from the request alone, and does not change with time.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub(super) fn check_terms(&self, payment: &Payment) -> Result<(), Refusal> {
        let (terms, of) = (&payment.terms, &payment.authorization);
        if payment.scheme != SCHEME || terms.scheme != SCHEME {
            return Err(Refusal::new(reason::SCHEME, "the only scheme here is `exact`"));
        }
        if payment.network != terms.network || terms.network != self.network {
            return Err(Refusal::new(reason::NETWORK, format!("the only network here is {}", self.network)));
        }
        if terms.name.is_none() || terms.version.is_none() {
            return Err(Refusal::new(reason::NO_DOMAIN, "extra.name and extra.version say what was signed"));
        }
        if !self.config.accepts(terms.asset) {
            let message = format!("{} is no token that is settled here", terms.asset);
            return Err(Refusal::new(reason::INVALID_REQUIREMENTS, message));
        }
        if of.to != terms.pay_to {
            let message = format!("it pays {}, and {} is to be paid", of.to, terms.pay_to);
            return Err(Refusal::new(reason::RECIPIENT, message));
        }
        if of.value != terms.amount {
            let message = format!("it pays {}, and {} are asked for", of.value, terms.amount);
            return Err(Refusal::new(reason::VALUE, message));
        }
        if !self.config.serves(terms.pay_to) {
            return Err(Refusal::new(reason::RECEIVER_NOT_ALLOWED, format!("{} is not served here", terms.pay_to)));
        }
        if of.value < self.config.value_min {
            let message = format!("less than {} is not settled here", self.config.value_min);
            return Err(Refusal::new(reason::VALUE_TOO_LOW, message));
        }
        Ok(())
    }
}
