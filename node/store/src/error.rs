//! Why a store cannot be opened, read at a height, or repaired. Every text names the file and the command that helps.

use crate::options::ChainIdentity;
use assay_primitives::{Fault, Height};
use std::path::PathBuf;
use thiserror::Error;

/// The command that examines a store.
pub const CHECK_COMMAND: &str = "assay db check --data-dir D";
/// The command that repairs what can be repaired, and says what cannot.
pub const REPAIR_COMMAND: &str = "assay db repair --data-dir D";
/// The command that builds the trie again from the flat state.
pub const REBUILD_TRIE_COMMAND: &str = "assay db rebuild-trie --data-dir D";

/// A store that cannot be opened.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("{path} is in use by another process; stop it first, or give another --data-dir")]
    Locked {
        /// The store's folder.
        path: PathBuf,
    },
    /// Written by a version of the program with another layout.
    #[error("{path} has format \"{found}\", this program reads \"{expected}\"")]
    Format {
        /// The format file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// It holds another chain.
    #[error(
        "{path} holds another chain: chain id {} genesis {}, expected chain id {} genesis {}; \
         give another --data-dir or the right genesis",
        found.chain_id, found.genesis_hash, expected.chain_id, expected.genesis_hash
    )]
    WrongChain {
        /// The store's folder.
        path: PathBuf,
        /// The chain in it.
        found: Box<ChainIdentity>,
        /// The chain that was expected.
        expected: Box<ChainIdentity>,
    },
    /// A file is damaged.
    #[error("{file} is damaged: {reason}; run `{}`", REPAIR_COMMAND)]
    Damaged {
        /// The damaged file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Decided blocks that this node had acknowledged are missing.
    #[error(
        "{file} was cut: height {acknowledged} was decided and acknowledged, but only height {found} is there; run `{}`",
        REPAIR_COMMAND
    )]
    Lost {
        /// The file that must have held them.
        file: PathBuf,
        /// Highest height that was acknowledged.
        acknowledged: Height,
        /// Highest height that is there.
        found: Height,
    },
    /// The trie is not that of the state's header.
    #[error("the state trie does not match the header of height {height}: {reason}; run `{}`", REBUILD_TRIE_COMMAND)]
    Root {
        /// Height of the state.
        height: Height,
        /// What does not match.
        reason: String,
    },
    /// The disk refused an operation.
    #[error("{path}: {reason}")]
    Storage {
        /// File or folder concerned.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A fault while reading what was opened.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A height that cannot be read or proven.
#[derive(Debug, Error, Clone)]
pub enum HistoryError {
    /// Older than what is kept.
    #[error("height {height} is older than the last {bound} heights; the oldest one left is {oldest}")]
    Pruned {
        /// The height asked for.
        height: Height,
        /// The oldest height that can be had.
        oldest: Height,
        /// How many heights are kept.
        bound: u64,
    },
    /// Not executed yet.
    #[error("height {height} is not there yet; the latest is {latest}")]
    Future {
        /// The height asked for.
        height: Height,
        /// The latest height.
        latest: Height,
    },
    /// A fault of this node.
    #[error(transparent)]
    Fault(#[from] Fault),
}
