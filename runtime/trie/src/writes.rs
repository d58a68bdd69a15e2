//! Names of persisted nodes, where they are read from, and the list of those that a block changes.

use crate::path::Path;
use alloy_primitives::B256;
use assay_primitives::Fault;
use core::fmt;
use core::ops::Range;

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
    pub const MAX_ENCODED: usize = 66;

    /// The name as a database key: the owner's prefix, the packed path, its length in nibbles. The order of the keys
    /// puts a node right before its descendants.
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
        out.extend_from_slice(self.path.packed());
        out.push(u8::try_from(self.path.len()).unwrap_or(u8::MAX));
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

/// What must be persisted for a block, in this order: all nodes of the storage tries in [`Self::cleared`] are deleted,
/// then the nodes of [`Self::nodes`] are put or deleted.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    cleared: Vec<B256>,
    nodes: Vec<(NodeKey, Option<Range<usize>>)>,
    bytes: Vec<u8>,
}

impl Writes {
    /// Hashed addresses whose storage tries are deleted whole ([`NodeKey::storage_prefix`]).
    pub fn cleared(&self) -> &[B256] {
        &self.cleared
    }

    /// Every written node once: its bytes, or `None` where it is deleted. Deletions of nodes that do not exist occur.
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeKey, Option<&[u8]>)> {
        self.nodes
            .iter()
            .map(|(key, range)| (key, range.as_ref().map(|range| self.bytes.get(range.clone()).unwrap_or_default())))
    }

    /// Number of nodes written or deleted.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.cleared.is_empty()
    }

    /// Bytes of all node records together, keys not counted.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn clear(&mut self, address: B256) {
        self.cleared.push(address);
    }

    /// Puts a node whose record `encode` appends.
    pub(crate) fn put(&mut self, key: NodeKey, encode: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        self.nodes.push((key, Some(start..self.bytes.len())));
    }

    pub(crate) fn delete(&mut self, key: NodeKey) {
        self.nodes.push((key, None));
    }
}
