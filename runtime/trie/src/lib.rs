//! Ethereum's Merkle-Patricia trie, exactly: roots, proofs and the persisted nodes of the state.
//!
//! Keys are keccak hashes of addresses and slots, accounts commit as RLP `[nonce, balance, storageRoot, codeHash]` and
//! slots as the RLP of their trimmed value, so that any Ethereum client verifies our roots and proofs. The crate is
//! pure: nodes are read through [`NodeSource`], and what must be persisted is handed back as [`Writes`].
//!
//! # A block
//!
//! 1. [`StateTrie::prepare`] works out root and writes in an overlay; the trie does not change, so every proposal of a
//!    height can be prepared, at the same time and again.
//! 2. The decided one is persisted ([`Prepared::writes`]) and installed ([`StateTrie::install`]) in one step, no
//!    matter which first. All others of that height are void then.
//! 3. [`StateTrie::evict_to`] holds the nodes in memory under a byte budget. It may drop any node, so the writes must
//!    be readable from the source by then.
//!
//! [`StateTrie::open`] starts from a persisted root and reads nodes when they are first needed. Every node that is read
//! is hashed and compared with the hash in its parent: a missing, torn or foreign node is a fault that
//! names it. [`StateBuilder`] gives root and nodes from the flat state in key order; a trie that was maintained block
//! by block and one that was rebuilt persist the same nodes, byte for byte.
//!
//! # Bounds
//!
//! A leaf takes 72 bytes in memory (an account with code or storage 34 to 122 more, by its content), a branch 32, each
//! child of a branch 40; a small storage trie that is in memory about 190 more. With 1 M random slots or plain accounts
//! that is 137 bytes a leaf. An overlay takes the same for what the block changes and for what it reads, and the writes
//! their own bytes. Recursion is at most 65 frames deep. At most 2^31 - 2 branches are in memory.
//!
//! # Persisted nodes
//!
//! One record per branch. Its extension, if it has one, and its leaf children lie in the same record, so a changed slot
//! rewrites one record per level; of 1 M random slots that is two and a half records, 580 bytes. The record of a trie
//! that is a single leaf is that leaf; an empty trie has none.
//!
//! The key in the database ([`NodeKey::encode`], 2 to 66 bytes; `path` leads to the extension or branch from the root,
//! two nibbles per byte, an odd one in the high half of the last byte):
//!
//! ```text
//! account trie   00 | path (n+1)/2 bytes | n
//! storage trie   01 | keccak(address) 32 | path (n+1)/2 bytes | n
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
//! account     flags | k (0..=32) | nonce | balance k bytes | storage root 32 if flag 01 | code hash 32 if flag 02
//!             the high half of flags is the length of the nonce (0..=8); neither number begins with 0;
//!             without flag 01 the storage is empty, without flag 02 there is no code
//! ```
//!
//! A record is at most 1 + 33 + 6 + 16 * (32 + 106) bytes long, in practice 532 plus its extension. Records have one
//! valid form only; a reader refuses any other.

mod arena;
mod branch;
mod build;
mod edit;
mod evict;
mod path;
mod pool;
mod proof;
mod record;
mod rlp;
mod state;
mod value;
mod writes;

pub use build::{StateBuilder, ordered_root, state_root, storage_root};
pub use path::Path;
pub use proof::{AccountProof, SlotProof};
pub use rlp::EMPTY_ROOT;
pub use state::{AccountUpdate, Prepared, StateTrie};
pub use value::{Account, AccountLeaf};
pub use writes::{NoSource, NodeKey, NodeSource, Owner, Writes};

#[cfg(test)]
mod tests;
