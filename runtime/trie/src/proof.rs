//! Proofs of accounts and slots, and reads of what the trie commits to.

use crate::arena::{Kind, Link, Nodes, Overlay};
use crate::edit;
use crate::path::{Path, nibble};
use crate::record::{StoredChild, StoredNode};
use crate::rlp::{self, EMPTY_ROOT, Reference};
use crate::state::{Prepared, StateTrie};
use crate::value::{AccountLeaf, Value};
use crate::writes::{NodeKey, NodeSource, Owner};
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

/// Where a walk stands: at a node in memory, or at one that must be read.
enum At {
    Resident(Link),
    Stored(Reference),
    /// At a leaf that came with its parent's record.
    Leaf(B256, Value),
}

/// A node as a walk needs it.
enum Step {
    Leaf(B256, Value),
    Branch { prefix: Path, references: [Reference; 16], next: At },
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
        let root = self.after.map_or(self.trie.root, |prepared| prepared.root);
        let (value, proof) = self.descend(Owner::Accounts, At::Resident(root), &address)?;
        let account = value.and_then(|value| value.as_account());
        let storage_root = account.map_or(EMPTY_ROOT, |account| account.storage_root);
        let mut proven = Vec::with_capacity(slots.len());
        for slot in slots {
            let key = keccak256(slot.to_be_bytes::<32>());
            let (value, proof) = self.descend(Owner::Storage(address), self.storage(&address, storage_root), &key)?;
            let value = value.and_then(|value| value.as_slot()).unwrap_or_default();
            proven.push(SlotProof { slot: *slot, value, proof });
        }
        Ok(AccountProof { account, proof, slots: proven })
    }

    fn storage(&self, address: &B256, storage_root: B256) -> At {
        if storage_root == EMPTY_ROOT {
            return At::Resident(Link::EMPTY);
        }
        let changed = self.after.and_then(|prepared| prepared.storages.get(address).copied());
        let resident = changed.or_else(|| self.trie.storages.get(address).map(|root| root.link));
        resident.map_or_else(|| At::Stored(Reference::hash(storage_root)), At::Resident)
    }

    /// Walks towards a key and gathers the nodes; gives the value if the key is there.
    fn descend(&self, owner: Owner, mut at: At, key: &B256) -> Result<(Option<Value>, Vec<Bytes>), Fault> {
        let mut proof = Vec::new();
        let mut node = Vec::new();
        let mut depth = 0usize;
        while let Some(step) = self.step(owner, at, depth, key)? {
            match step {
                Step::Leaf(leaf_key, value) => {
                    let mut value_rlp = Vec::new();
                    value.rlp(&mut value_rlp);
                    rlp::leaf(&mut node, leaf_key.as_slice(), depth, &value_rlp);
                    show(&mut proof, &node);
                    return Ok(((leaf_key == *key).then_some(value), proof));
                }
                Step::Branch { prefix, references, next } => {
                    rlp::branch(&mut node, &references);
                    if !prefix.is_empty() {
                        let mut extension = Vec::new();
                        rlp::extension(&mut extension, &prefix, &Reference::of(&node));
                        show(&mut proof, &extension);
                    }
                    if prefix.matching(key, depth) < prefix.len() {
                        return Ok((None, proof));
                    }
                    show(&mut proof, &node);
                    depth = depth.saturating_add(prefix.len()).saturating_add(1);
                    at = next;
                }
            }
        }
        Ok((None, proof))
    }

    /// The node at a place of the path to `key`, and its child towards it; `None` where nothing is there.
    fn step(&self, owner: Owner, at: At, depth: usize, key: &B256) -> Result<Option<Step>, Fault> {
        let nodes = Nodes { arena: &self.trie.arena, overlay: self.overlay };
        let reference = match at {
            At::Stored(reference) => reference,
            At::Leaf(key, value) => return Ok(Some(Step::Leaf(key, value))),
            At::Resident(link) => match link.kind() {
                Kind::Empty => return Ok(None),
                Kind::Leaf => {
                    let leaf = nodes.leaf(link)?;
                    return Ok(Some(Step::Leaf(leaf.key, leaf.value.clone())));
                }
                Kind::Branch => {
                    let branch = nodes.branch(link)?;
                    let mut references = [Reference::NONE; 16];
                    for (reference, child) in references.iter_mut().zip(branch.children) {
                        *reference = nodes.reference(child)?;
                    }
                    let towards = nibble(&key.0, depth.saturating_add(branch.prefix_len()));
                    let next = At::Resident(branch.child(towards));
                    return Ok(Some(Step::Branch { prefix: branch.prefix(), references, next }));
                }
                Kind::Stub => nodes.reference(link)?,
            },
        };
        if reference.is_none() {
            return Ok(None);
        }
        let path = Path::of_key(key).prefix(depth);
        self.stored(NodeKey { owner, path }, reference, key).map(Some)
    }
}

impl Walk<'_> {
    fn stored(&self, key: NodeKey, reference: Reference, towards: &B256) -> Result<Step, Fault> {
        match edit::load(self.source, key, &reference)? {
            StoredNode::Leaf(leaf) => Ok(Step::Leaf(leaf.key, leaf.value)),
            StoredNode::Branch { prefix, children, .. } => {
                let towards = nibble(&towards.0, key.path.len().saturating_add(prefix.len()));
                let mut references = [Reference::NONE; 16];
                let mut next = At::Resident(Link::EMPTY);
                for (at, (reference, child)) in (0u8..16).zip(references.iter_mut().zip(children)) {
                    let (named, place) = match child {
                        StoredChild::Empty => continue,
                        StoredChild::Branch(reference) => (reference, At::Stored(reference)),
                        StoredChild::Leaf(leaf) => (leaf.reference, At::Leaf(leaf.key, leaf.value)),
                    };
                    *reference = named;
                    if at == towards {
                        next = place;
                    }
                }
                Ok(Step::Branch { prefix, references, next })
            }
        }
    }
}

/// Adds a node to a proof unless it stands inside its parent.
fn show(proof: &mut Vec<Bytes>, node: &[u8]) {
    if proof.is_empty() || node.len() >= 32 {
        proof.push(Bytes::copy_from_slice(node));
    }
}
