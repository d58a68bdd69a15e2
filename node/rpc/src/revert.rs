//! What a revert says, where its data follow a convention: `Error(string)`, `Panic(uint256)`, and the errors that all
//! native modules share.

use alloy_sol_types::{Panic, Revert, SolError};
use assay_abi::errors::{
    IndexOutOfBounds, InsufficientBalance, MalformedArguments, NoDelegate, NotPayable, Reentrant, TooLong,
    UnknownSelector,
};

/// Longest reason that is repeated in a message, in characters; all of it is in the data.
const REASON_CHARS_MAX: usize = 1024;

/// The message of a revert: `execution reverted`, and the reason where one can be read.
pub fn message(data: &[u8]) -> String {
    match reason(data) {
        Some(reason) => format!("execution reverted: {reason}"),
        None => "execution reverted".to_owned(),
    }
}

fn reason(data: &[u8]) -> Option<String> {
    let selector: [u8; 4] = data.get(..4)?.try_into().ok()?;
    if selector == Revert::SELECTOR {
        let reason = Revert::abi_decode(data).ok()?.reason;
        return Some(reason.chars().take(REASON_CHARS_MAX).collect());
    }
    if selector == Panic::SELECTOR {
        let panic = Panic::abi_decode(data).ok()?;
        return Some(panic.to_string());
    }
    [
        (NoDelegate::SELECTOR, NoDelegate::SIGNATURE),
        (Reentrant::SELECTOR, Reentrant::SIGNATURE),
        (UnknownSelector::SELECTOR, UnknownSelector::SIGNATURE),
        (NotPayable::SELECTOR, NotPayable::SIGNATURE),
        (MalformedArguments::SELECTOR, MalformedArguments::SIGNATURE),
        (InsufficientBalance::SELECTOR, InsufficientBalance::SIGNATURE),
        (IndexOutOfBounds::SELECTOR, IndexOutOfBounds::SIGNATURE),
        (TooLong::SELECTOR, TooLong::SIGNATURE),
    ]
    .into_iter()
    .find(|(known, _)| *known == selector)
    .map(|(_, signature)| signature.to_owned())
}
