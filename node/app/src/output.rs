//! Writing to standard output and standard error. A reader that goes away is no reason to fail.

use std::fmt::Display;
use std::io::Write as _;

/// One line on standard output.
pub fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Text on standard output as it is.
pub fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// One line on standard error.
pub fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error with all its causes on standard error.
pub fn error(error: &dyn std::error::Error) {
    note(format_args!("error: {error}"));
}
