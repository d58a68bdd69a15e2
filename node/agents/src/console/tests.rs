//! Amounts, values and tables.

use super::agent::parse_value;
use super::report::{Report, pair};
use super::stake::shares_for;
use super::{AmountError, format_units, parse_units};
use alloy_primitives::U256;

#[test]
fn amounts_are_exact_in_both_directions() {
    let check = |text: &str, decimals, units: u128| {
        assert_eq!(parse_units(text, decimals), Ok(U256::from(units)), "{text}");
        assert_eq!(format_units(U256::from(units), decimals), text);
    };
    check("0", 6, 0);
    check("1", 6, 1_000_000);
    check("1.5", 6, 1_500_000);
    check("0.000001", 6, 1);
    check("12", 0, 12);
    check("340282366920938463463.374607431768211455", 18, u128::MAX);
    assert_eq!(parse_units("1.50", 6), Ok(U256::from(1_500_000)));
    assert_eq!(parse_units("007", 1), Ok(U256::from(70)));
}

#[test]
fn what_is_no_amount_is_refused() {
    for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "0x10", "1.2.3", "١"] {
        assert_eq!(parse_units(text, 6), Err(AmountError::Malformed(text.to_owned())), "{text}");
    }
    let fine = "0.0000001".to_owned();
    assert_eq!(parse_units(&fine, 6), Err(AmountError::TooFine { text: fine, decimals: 6 }));
    let much = "9".repeat(78);
    assert_eq!(parse_units(&much, 0), Err(AmountError::TooMuch(much.clone())));
}

#[test]
fn values_of_feedback_carry_their_digits() {
    for (text, expected) in [("87", (87, 0)), ("99.77", (9977, 2)), ("-0.5", (-5, 1)), ("0", (0, 0))] {
        assert_eq!(parse_value(text).unwrap(), expected, "{text}");
    }
    for text in ["", "-", "--1", "1.0000000000000000001", "nan", &"9".repeat(40)] {
        assert!(parse_value(text).is_err(), "{text}");
    }
}

#[test]
fn tables_are_aligned_and_harmless() {
    let lines = vec![pair("name", "a\u{1b}[2Jb"), pair("long name", "x")];
    let report = Report { json: serde_json::Value::Null, lines };
    assert_eq!(report.table(), "name       a\u{fffd}[2Jb\nlong name  x");
}

#[test]
fn shares_are_the_least_that_are_worth_an_amount() {
    let shares =
        |amount: u64, shares: u64, value: u64| shares_for(U256::from(amount), U256::from(shares), U256::from(value));
    assert_eq!(shares(10, 100, 100), Some(U256::from(10)));
    // After a slash of a tenth: 10 of 90 are 11.1 of 100 shares.
    assert_eq!(shares(10, 100, 90), Some(U256::from(12)));
    assert_eq!(shares(90, 100, 90), Some(U256::from(100)));
    assert_eq!(shares(91, 100, 90), None);
    assert_eq!(shares(1, 0, 0), None);
    assert_eq!(shares_for(U256::MAX, U256::from(2), U256::MAX), None);
}
