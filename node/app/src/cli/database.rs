//! The command line of `assay db`, `assay wal` and `assay guard`.

use super::PassphraseArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// A data folder.
#[derive(Debug, Args)]
pub struct FolderArgs {
    /// The node's folder
    #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
    pub data_dir: PathBuf,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `assay db`.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Read everything and compare all checksums, hashes and roots
    Check(FolderArgs),
    /// Repair what can be repaired from what is there; says what cannot
    Repair(FolderArgs),
    /// Build the state trie again from the flat state
    RebuildTrie(FolderArgs),
    /// Sizes, counts, heights
    Stats(FolderArgs),
}

/// `assay wal`.
#[derive(Debug, Subcommand)]
pub enum WalCommand {
    /// Say whether the log is whole
    Check(FolderArgs),
    /// Put a damaged log aside; the signing guard keeps the validator from contradicting itself
    Repair {
        /// The folder.
        #[command(flatten)]
        folder: FolderArgs,
        /// The passphrase.
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
}

/// `assay guard`.
#[derive(Debug, Subcommand)]
pub enum GuardCommand {
    /// Make the guard of a consensus key that has never signed on this chain
    Create {
        /// The folder.
        #[command(flatten)]
        folder: FolderArgs,
        /// The passphrase.
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Replace the guard by one that signs nothing up to a height; the old one is kept beside it
    Reset {
        /// A height that the network has passed
        #[arg(long, value_name = "HEIGHT")]
        above: u64,
        /// The folder.
        #[command(flatten)]
        folder: FolderArgs,
        /// The passphrase.
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
}
