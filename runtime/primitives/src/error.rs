//! The one error that stops a node: a fault of our own disk or our own code.

use thiserror::Error;

/// A fault of this node, never of a transaction or a peer: its disk failed, its data are corrupt, or its code broke an
/// invariant. Whoever receives one stops the node, RPC and health included, rather than vote.
///
/// The text is for the operator; it never enters consensus.
#[derive(Debug, Error, Clone)]
pub enum Fault {
    /// The disk or the database refused an operation.
    #[error("storage failed: {0}")]
    Storage(String),
    /// Stored bytes do not decode or do not match their checksum or root.
    #[error("stored data are corrupt: {0}")]
    Corrupt(String),
    /// An invariant of the program does not hold.
    #[error("internal invariant broken: {0}")]
    Invariant(String),
}

impl Fault {
    /// An invariant that does not hold.
    pub fn invariant(what: impl Into<String>) -> Self {
        Self::Invariant(what.into())
    }

    /// Stored data that cannot be what was written.
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    /// A refused disk or database operation.
    pub fn storage(what: impl Into<String>) -> Self {
        Self::Storage(what.into())
    }
}
