//! Keys of a node: what each is for, where it lies, how it is read.

mod account;
mod dev;
mod keystore;
mod passphrase;
mod validator;

pub use account::{account, dev_account};
pub use dev::{DEV_FILE, dev_spec, dev_validator, put_dev_validator};
pub use keystore::{KeyKind, PublicPart, StoredKey, list, read_secret, store};
pub use passphrase::{Passphrase, read_line_from};
pub use validator::{NodeKeys, ValidatorKeys, genesis_entry, is_dev, load, load_validator};

use std::path::PathBuf;
use thiserror::Error;

/// Why a key cannot be made, read or written.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The passphrase does not open the keystore.
    #[error("{}: wrong passphrase", path.display())]
    WrongPassphrase {
        /// The keystore.
        path: PathBuf,
    },
    /// A keystore that is none, or that asks for more than a keystore may.
    #[error("{}: not a usable keystore: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key of that name is there already.
    #[error("{} exists already; move it away first, it may be the only copy", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// No such key.
    #[error("there is no key `{name}` in {}", folder.display())]
    Missing {
        /// Its name.
        name: String,
        /// The folder.
        folder: PathBuf,
    },
    /// Bytes that are no key of the kind.
    #[error("not a {kind} key: {reason}")]
    Invalid {
        /// The kind.
        kind: KeyKind,
        /// What is wrong.
        reason: &'static str,
    },
    /// No passphrase.
    #[error("the passphrase is empty; give --passphrase-file FILE, or write it to standard input")]
    NoPassphrase,
    /// A validator without its keys.
    #[error(
        "this node has no validator keys in {}; run `assay keys new validator --data-dir {}`",
        folder.display(), data_dir.display()
    )]
    NoValidator {
        /// The folder.
        folder: PathBuf,
        /// The data folder.
        data_dir: PathBuf,
    },
    /// Some of a validator's keys, not all.
    #[error(
        "{} holds a validator's {there} key but no {missing} key: restore or import it; a full node has neither a \
         consensus nor a randomness key", folder.display()
    )]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// A key that is there.
        there: KeyKind,
        /// One that is not.
        missing: KeyKind,
    },
    /// The system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}
