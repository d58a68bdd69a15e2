//! Budgets.

use super::super::budgets::{Budget, Budgets};
use super::super::reason;
use alloy_primitives::Address;
use std::time::{Duration, Instant};

#[test]
fn a_budget_counts_payer_and_payee_and_comes_back_with_the_window() {
    let window = Duration::from_secs(10);
    let budgets = Budgets::new(Budget { payer: 2, payee: 3, window });
    let [a, b, c, shop] = [1, 2, 3, 9].map(Address::repeat_byte);
    let start = Instant::now();
    let take = |payer, at| budgets.take(payer, shop, at).map_err(|refusal| refusal.reason);
    assert_eq!(take(a, start), Ok(()));
    assert_eq!(take(a, start), Ok(()));
    assert_eq!(take(a, start), Err(reason::PAYER_BUDGET));
    assert_eq!(budgets.check(a, shop, start).map_err(|refusal| refusal.reason), Err(reason::PAYER_BUDGET));
    assert_eq!(take(b, start), Ok(()), "what was refused took nothing of the payee's");
    assert_eq!(take(c, start), Err(reason::PAYEE_BUDGET));
    assert_eq!(take(c, start + window), Ok(()));
    assert_eq!(take(a, start + window), Ok(()));
    let unbounded = Budgets::new(Budget { payer: 0, payee: 0, window });
    assert!((0..1000).all(|_| unbounded.take(a, shop, start).is_ok()));
}
