//! Passphrases: from a file, a FIFO or standard input, never from an argument.

use super::KeyError;
use std::fs::File;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// A passphrase; wiped when dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

impl Passphrase {
    /// A passphrase that is known already.
    ///
    /// # Errors
    /// `NoPassphrase` for an empty one.
    pub fn new(text: String) -> Result<Self, KeyError> {
        if text.is_empty() { Err(KeyError::NoPassphrase) } else { Ok(Self(Zeroizing::new(text))) }
    }

    /// The first line of a file or FIFO; of standard input without one, or for `-`.
    ///
    /// # Errors
    /// `NoPassphrase`, `Io`.
    pub fn read(from: Option<&Path>) -> Result<Self, KeyError> {
        let from = from.filter(|path| path.as_os_str() != "-");
        if from.is_none() && std::io::stdin().is_terminal() {
            crate::output::note("Passphrase (it will be visible; --passphrase-file reads one from a file or FIFO):");
        }
        Self::new(read_line_from(from)?.to_string())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first line of a file, FIFO or (without a path) standard input, without its end.
///
/// # Errors
/// `Io`.
pub fn read_line_from(from: Option<&Path>) -> Result<Zeroizing<String>, KeyError> {
    let path = from.map_or_else(|| PathBuf::from("standard input"), Path::to_path_buf);
    let io = |error| KeyError::Io { path: path.clone(), error };
    let source: Box<dyn Read> = match from {
        Some(path) => Box::new(File::open(path).map_err(io)?),
        None => Box::new(std::io::stdin()),
    };
    let mut line = Zeroizing::new(String::new());
    BufReader::new(source.take(LINE_BYTES_MAX)).read_line(&mut line).map_err(io)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
