//! Ethereum's Merkle-Patricia trie, exactly: roots, proofs and the persisted nodes of the state.
//!
//! Keys are keccak hashes of addresses and slots, accounts commit as RLP `[nonce, balance, storageRoot, codeHash]` and
//! slots as the RLP of their trimmed value, so that any Ethereum client verifies our roots and proofs. The crate is
//! pure: nodes are read through [`NodeSource`], and what must be persisted is handed out by [`StateTrie::save`].
//!
//! # A block
//!
//! 1. [`StateTrie::prepare`] works out the root in an overlay; the trie does not change, so every proposal of a
//!    height can be prepared, at the same time and again. It also tells what the block overwrites, because the leaves
//!    are at hand. All changes are made first; then every dirty node is hashed once, level by level, many at a time.
//! 2. The decided one is installed ([`StateTrie::install`]). All others of that height are void then.
//! 3. Every few blocks [`StateTrie::save`] gives the nodes that changed since the last time, each once, and
//!    [`StateTrie::saved`] notes that they are persisted. Until then they stay in memory.
//! 4. [`StateTrie::evict_to`] holds the persisted nodes in memory under a byte budget.
//!
//! [`StateTrie::open`] starts from a persisted root and reads nodes when they are first needed. Every node that is read
//! is hashed and compared with the hash in its parent: a missing, torn or foreign node is a fault that
//! names it. [`StateBuilder`] gives root and nodes from the flat state in key order; a trie that was maintained block
//! by block and one that was rebuilt persist the same nodes, byte for byte.
//!
//! # Bounds
//!
//! A leaf takes 56 bytes in memory (one whose value is longer than 22 bytes up to 160 more, by its content), a branch 32,
//! each child of a branch 40; a storage trie of more than one slot 64 more. With 1 M random slots or plain accounts that is
//! 121 bytes a leaf. An overlay takes the same for what the block changes and for what it reads. Recursion is at most 65 frames deep. At most 2^31 - 2 branches are in memory.
//!
//! # Persisted nodes
//!
//! One record per branch. Its extension, if it has one, and its leaf children lie in the same record. Storage of one slot
//! lies in the account and has no record of its own. The record of an account trie that is a single leaf is that leaf; an
//! empty trie has none.
//!
//! The key in the database ([`NodeKey::encode`], 1 to 97 bytes; `path` leads to the extension or branch from the root, one
//! byte per nibble, so that a node stands right before its descendants):
//!
//! ```text
//! account trie   00 | path
//! storage trie   01 | keccak(address) 32 | path
//! ```
//!
//! The record (integers big-endian; the high half of the first byte is the version of the format, 1):
//!
//! ```text
//! branch      tag 10, +02 if there is an extension, +04 if there are short children
//!             with an extension: m (1..=63) | its path (m+1)/2 bytes
//!             children u16 | leaves u16 | with short children: short u16      (bit i: the child at nibble i)
//!             then each child, from nibble 0:
//!               leaf    key tail | value       the bytes of the key from nibble 2*((d+1)/2) on, where d is the depth
//!                                              of the branch after its extension
//!               branch  hash 32                keccak of its RLP
//!               short   k (1..=31) | RLP k     a branch whose RLP is shorter than 32 bytes
//! root leaf   tag 11 | key 32 | value
//!
//! slot        k (1..=32) | value k bytes, the first not 0
//! account     flags | k (0..=32) | nonce | balance k bytes
//!             | storage root 32 if flag 01, or keccak(slot) 32 and a slot if flag 04 | code hash 32 if flag 02
//!             the high half of flags is the length of the nonce (0..=8); neither number begins with 0;
//!             without flags 01 and 04 the storage is empty, without flag 02 there is no code
//! ```
//!
//! A record is at most 1 + 33 + 6 + 16 * (32 + 139) bytes long, in practice 532 plus its extension. Records have one
//! valid form only; a reader refuses any other.

mod arena;
mod branch;
mod build;
mod edit;
mod evict;
mod keccak;
mod names;
mod overlay;
mod path;
mod pool;
mod prepare;
mod proof;
mod record;
mod rlp;
mod save;
mod seal;
mod seek;
mod state;
mod value;

pub use build::{StateBuilder, ordered_root, state_root, storage_root};
pub use names::{NoSource, NodeKey, NodeSource, Owner};
pub use path::Path;
pub use proof::{AccountProof, SlotProof};
pub use rlp::EMPTY_ROOT;
pub use save::Sink;
pub use state::{AccountUpdate, Overwritten, Prepared, StateTrie};
pub use value::{Account, AccountLeaf};

#[cfg(test)]
mod tests;
