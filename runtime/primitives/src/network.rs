//! What kind of network a chain is: the one thing about its surroundings that native modules may look at.

use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind of a network; part of genesis, and the same for every node of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase")]
pub enum NetworkKind {
    /// Its coins are worth something.
    Main,
    /// Public or shared, its coins worth nothing.
    Test,
    /// One machine's own, with keys that everybody knows.
    #[default]
    Dev,
}

impl NetworkKind {
    /// Whether it is a main network.
    pub const fn is_main(self) -> bool {
        matches!(self, Self::Main)
    }
}

impl fmt::Display for NetworkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "main",
            Self::Test => "test",
            Self::Dev => "dev",
        })
    }
}
