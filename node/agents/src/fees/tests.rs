//! The offer.

use super::*;

#[test]
fn the_offer_covers_a_rising_base_fee_and_stops_at_the_bound() {
    let check = |base: u64, max, tip| assert_eq!(Fees::new(3, 100).offer(U256::from(base)), Fee { max, tip });
    check(0, 3, 3);
    check(10, 23, 3);
    check(48, 99, 3);
    check(49, 100, 3);
    check(u64::MAX, 100, 3);
    assert_eq!(Fees::new(7, 5).offer(U256::MAX), Fee { max: 5, tip: 5 });
}
