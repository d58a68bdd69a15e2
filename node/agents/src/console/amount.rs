//! Decimal amounts, exact in both directions.

use alloy_primitives::U256;
use thiserror::Error;

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Anything but digits and one point.
    #[error("{0:?} is not an amount: digits, and a point at most")]
    Malformed(String),
    /// More digits after the point than the token has.
    #[error("{text:?} has more than {decimals} digits after the point")]
    TooFine {
        /// The text.
        text: String,
        /// Digits of the token.
        decimals: u8,
    },
    /// More than 2^256 - 1 atomic units.
    #[error("{0:?} is too much")]
    TooMuch(String),
}

/// Atomic units of an amount such as `1.5`.
///
/// # Errors
/// See [`AmountError`].
pub fn parse_units(text: &str, decimals: u8) -> Result<U256, AmountError> {
    let malformed = || AmountError::Malformed(text.to_owned());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        return Err(malformed());
    }
    let Some(zeros) = usize::from(decimals).checked_sub(fraction.len()) else {
        return Err(AmountError::TooFine { text: text.to_owned(), decimals });
    };
    let units = format!("{whole}{fraction}{}", "0".repeat(zeros));
    U256::from_str_radix(&units, 10).map_err(|_| AmountError::TooMuch(text.to_owned()))
}

/// An amount such as `1.5`, without zeros at its end.
pub fn format_units(units: U256, decimals: u8) -> String {
    let digits =
        format!("{units:0>width$}", units = units.to_string(), width = usize::from(decimals).saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(usize::from(decimals)));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}
