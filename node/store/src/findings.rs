//! What an examination or repair tells: how far it is, what is wrong, what helps.

use std::path::PathBuf;

/// What a long examination or repair is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The step.
    pub stage: Stage,
    /// Entries (or files) done in it.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
}

/// A step of an examination or repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Logs and blob files, record by record.
    Files,
    /// Tables, entry by entry.
    Tables,
    /// Blocks, certificates, headers, receipts against each other.
    Ledger,
    /// The trie against the flat state, node by node.
    Trie,
}

/// What helps against a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Opening drops it by itself; nothing acknowledged is lost.
    None,
    /// The trie is built again from the flat state.
    RebuildTrie,
    /// The file is written anew from what it describes.
    Rewrite,
    /// Acknowledged blocks are gone: repair lets the node start without them, and peers must supply them again.
    Refetch,
    /// What is derived or passing is dropped; the node executes the ledger again from genesis where it must.
    Replay,
    /// Cannot be derived from anything else in the store: restore a copy, or start from an empty folder and sync.
    Restore,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, or the store's folder where no single file is to blame.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// What helps.
    pub remedy: Remedy,
}

/// What an examination found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Everything wrong; empty for a sound store.
    pub findings: Vec<Finding>,
    /// Entries read.
    pub entries: u64,
    /// Bytes of keys and values read.
    pub bytes: u64,
}

impl Report {
    /// Whether nothing is wrong that opening does not mend by itself.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.remedy == Remedy::None)
    }

    pub(crate) fn add(&mut self, file: PathBuf, reason: impl Into<String>, remedy: Remedy) {
        self.findings.push(Finding { file, reason: reason.into(), remedy });
    }
}
