//! Names of persisted nodes, and where they are read from.

use crate::path::Path;
use alloy_primitives::B256;
use assay_primitives::Fault;
use core::fmt;

/// A trie of the state: the account trie, or the storage trie of the account with this hashed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The trie of accounts.
    Accounts,
    /// The storage trie of an account, by keccak of its address.
    Storage(B256),
}

/// The name of a persisted node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey {
    /// The trie.
    pub owner: Owner,
    /// The path in it.
    pub path: Path,
}

impl NodeKey {
    /// Longest encoded key in bytes.
    pub const MAX_ENCODED: usize = 97;

    /// The name as a database key: the owner's prefix, then the path, a byte per nibble. The order of the keys puts a node
    /// right before its descendants.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::MAX_ENCODED);
        self.encode_into(&mut out);
        out
    }

    /// [`Self::encode`] appended to a buffer.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        match &self.owner {
            Owner::Accounts => out.push(0),
            Owner::Storage(address) => out.extend_from_slice(&Self::storage_prefix(address)),
        }
        out.extend((0..self.path.len()).map(|index| self.path.nibble(index)));
    }

    /// What the encoded keys of all nodes of an account's storage trie begin with, and no other key.
    pub fn storage_prefix(address: &B256) -> [u8; 33] {
        let mut prefix = [1; 33];
        if let Some(tail) = prefix.last_chunk_mut::<32>() {
            *tail = address.0;
        }
        prefix
    }
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner {
            Owner::Accounts => write!(f, "node {} of the account trie", self.path),
            Owner::Storage(address) => write!(f, "node {} of the storage trie of {address}", self.path),
        }
    }
}

/// Where persisted nodes are read from. It must answer from the state that the trie was last installed at.
pub trait NodeSource {
    /// The bytes last written for a node; `None` where there is none.
    ///
    /// # Errors
    /// A [`Fault`] of the disk.
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault>;
}

impl<T: NodeSource + ?Sized> NodeSource for &T {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        (**self).node(key)
    }
}

/// A source without nodes, for tries that are wholly resident.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSource;

impl NodeSource for NoSource {
    fn node(&self, _: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }
}
