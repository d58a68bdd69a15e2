//! Proofs of accounts and slots, and reads of what the trie commits to.

use crate::branch::{Branch, Child, Leaf, Place, Root};
use crate::edit;
use crate::names::{NodeKey, NodeSource, Owner};
use crate::overlay::{Nodes, Overlay};
use crate::path::{Path, nibble};
use crate::record::StoredNode;
use crate::rlp::{self, Reference};
use crate::state::{Prepared, StateTrie, persisted};
use crate::value::{AccountLeaf, Storage, Value};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use assay_primitives::Fault;

/// The proof of an account and of slots of it, against a state root, in the form of `eth_getProof`: RLP nodes from the
/// root down, where nodes shorter than 32 bytes stand only inside their parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account; `None` where the proof shows that there is none.
    pub account: Option<AccountLeaf>,
    /// Nodes of the account trie. Empty for the empty state.
    pub proof: Vec<Bytes>,
    /// The slots, in the order asked for.
    pub slots: Vec<SlotProof>,
}

/// The proof of a slot against its account's storage root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotProof {
    /// The slot.
    pub slot: U256,
    /// Its value; zero where the proof shows that nothing is stored.
    pub value: U256,
    /// Nodes of the storage trie. Empty for empty storage.
    pub proof: Vec<Bytes>,
}

impl StateTrie {
    /// Proves an account and slots of it.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub fn proof(&self, source: &dyn NodeSource, address: Address, slots: &[U256]) -> Result<AccountProof, Fault> {
        let overlay = Overlay::default();
        let walk = Walk { trie: self, source, overlay: &overlay, after: None };
        walk.prove(address, slots)
    }

    /// Proves an account and slots of it in the state after a block that is prepared on this one, such as an older
    /// state that reverse changes lead to.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub fn proof_after(
        &self,
        prepared: &Prepared,
        source: &dyn NodeSource,
        address: Address,
        slots: &[U256],
    ) -> Result<AccountProof, Fault> {
        if !self.is_base_of(prepared) {
            return Err(Fault::invariant("trie: proof after a block that was prepared on another state"));
        }
        Walk { trie: self, source, overlay: &prepared.overlay, after: Some(prepared) }.prove(address, slots)
    }

    /// The account leaf that the trie commits to.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub fn account(&self, source: &dyn NodeSource, address: Address) -> Result<Option<AccountLeaf>, Fault> {
        self.proof(source, address, &[]).map(|proof| proof.account)
    }
}

struct Walk<'a> {
    trie: &'a StateTrie,
    source: &'a dyn NodeSource,
    overlay: &'a Overlay,
    after: Option<&'a Prepared>,
}

impl Walk<'_> {
    fn prove(&self, address: Address, slots: &[U256]) -> Result<AccountProof, Fault> {
        let address = keccak256(address);
        let root = self.after.map_or(&self.trie.root, |prepared| &prepared.root);
        let (value, proof) = self.descend(Owner::Accounts, root, &address)?;
        let found = value.and_then(|value| value.as_account());
        let root = found.map_or(Root::Empty, |(_, storage)| self.storage(&address, &storage));
        let account = found.map(|(account, storage)| AccountLeaf { account, storage_root: storage.root() });
        let mut proven = Vec::with_capacity(slots.len());
        for slot in slots {
            let key = keccak256(slot.to_be_bytes::<32>());
            let (value, proof) = self.descend(Owner::Storage(address), &root, &key)?;
            let value = value.and_then(|value| value.as_slot()).unwrap_or_default();
            proven.push(SlotProof { slot: *slot, value, proof });
        }
        Ok(AccountProof { account, proof, slots: proven })
    }

    fn storage(&self, address: &B256, storage: &Storage) -> Root {
        let root = match storage {
            Storage::Empty => return Root::Empty,
            Storage::One(slot, value) => {
                return Root::Leaf(Box::new(Leaf { key: *slot, value: Value::slot(*value) }));
            }
            Storage::Root(root) => root,
        };
        let changed = self.after.and_then(|prepared| prepared.storage(address));
        let resident = changed.or_else(|| self.trie.storages.get(address).copied());
        resident.map_or_else(|| persisted(*root), Root::Branch)
    }

    /// Walks towards a key and gathers the nodes; gives the value if the key is there.
    fn descend(&self, owner: Owner, root: &Root, key: &B256) -> Result<(Option<Value>, Vec<Bytes>), Fault> {
        let nodes = Nodes { arena: &self.trie.arena, overlay: self.overlay };
        let mut proof = Vec::new();
        let mut depth = 0usize;
        let mut next = match root {
            Root::Empty => return Ok((None, proof)),
            Root::Leaf(leaf) => return Ok(end(leaf, depth, key, proof)),
            Root::Branch(link) => Ok(*link),
            Root::Paged(reference) => Err(*reference),
        };
        loop {
            // A branch in memory, or one that is read and verified.
            let stored;
            let branch = match next {
                Ok(link) => nodes.branch(link)?,
                Err(reference) => {
                    let path = Path::of_key(key).prefix(depth);
                    match edit::load(self.source, NodeKey { owner, path }, &reference)? {
                        StoredNode::Leaf(leaf) => return Ok(end(&leaf, depth, key, proof)),
                        StoredNode::Branch(branch) => {
                            stored = branch;
                            stored.view()
                        }
                    }
                }
            };
            if !show_branch(&mut proof, branch, depth, key) {
                return Ok((None, proof));
            }
            depth = depth.saturating_add(branch.prefix_len());
            let towards = nibble(&key.0, depth);
            depth = depth.saturating_add(1);
            next = match branch.at(towards) {
                Place::Empty => return Ok((None, proof)),
                Place::Leaf(leaf) => return Ok(end(leaf, depth, key, proof)),
                Place::Branch(Child { reference, link }) if link.is_paged() => Err(reference),
                Place::Branch(Child { link, .. }) => Ok(link),
            };
        }
    }
}

/// Adds a branch, and the extension before it; gives whether the key goes on below it.
fn show_branch(proof: &mut Vec<Bytes>, branch: Branch<'_>, depth: usize, key: &B256) -> bool {
    let mut node = Vec::new();
    rlp::branch(&mut node, branch.head.present, branch.references().iter());
    if let Some(prefix) = branch.prefix() {
        let mut extension = Vec::new();
        rlp::extension(&mut extension, prefix, &Reference::of(&node));
        show(proof, extension);
        if prefix.matching(key, depth) < prefix.len() {
            return false;
        }
    }
    show(proof, node);
    true
}

/// The end of a walk at a leaf: its value if the key is there.
fn end(leaf: &Leaf, depth: usize, key: &B256, mut proof: Vec<Bytes>) -> (Option<Value>, Vec<Bytes>) {
    let (mut value, mut node) = (Vec::new(), Vec::new());
    leaf.value.rlp(leaf.value.storage().root(), &mut value);
    rlp::leaf(&mut node, leaf.key.as_slice(), depth, &value);
    show(&mut proof, node);
    ((leaf.key == *key).then(|| leaf.value.clone()), proof)
}

/// Adds a node to a proof unless it stands inside its parent.
fn show(proof: &mut Vec<Bytes>, node: Vec<u8>) {
    if proof.is_empty() || node.len() >= 32 {
        proof.push(node.into());
    }
}
