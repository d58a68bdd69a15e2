//! The persisted form of nodes; the crate's documentation draws it.

use crate::path::{KEY_NIBBLES, Path, nibble};
use crate::rlp::{self, Reference};
use crate::value::{Value, take_hash};
use alloy_primitives::B256;

const BRANCH: u8 = 0x10;
const ROOT_LEAF: u8 = 0x11;
const HAS_PREFIX: u8 = 0x02;
const HAS_SHORT: u8 = 0x04;

/// A child as the encoder needs it.
#[derive(Clone, Copy)]
pub(crate) enum ChildView<'a> {
    Empty,
    Branch(Reference),
    Leaf(&'a B256, &'a Value),
}

/// A child as the decoder finds it.
pub(crate) enum StoredChild {
    Empty,
    Branch(Reference),
    Leaf(StoredLeaf),
}

/// A leaf out of a record, with the reference computed from it.
pub(crate) struct StoredLeaf {
    pub(crate) key: B256,
    pub(crate) value: Value,
    pub(crate) reference: Reference,
}

/// A decoded record and the reference computed from its content.
pub(crate) enum StoredNode {
    Leaf(StoredLeaf),
    Branch { prefix: Path, children: [StoredChild; 16], reference: Reference },
}

/// Appends the record of a branch whose children hang at nibble `depth` of their keys.
pub(crate) fn encode_branch(out: &mut Vec<u8>, prefix: &Path, depth: usize, children: &[ChildView<'_>; 16]) {
    let (mut present, mut leaves, mut short) = (0u16, 0u16, 0u16);
    for (bit, child) in (0u32..).zip(children) {
        let bit = 1u16.wrapping_shl(bit);
        match child {
            ChildView::Empty => {}
            ChildView::Branch(reference) => {
                present |= bit;
                if !reference.is_hash() {
                    short |= bit;
                }
            }
            ChildView::Leaf(..) => {
                present |= bit;
                leaves |= bit;
            }
        }
    }
    let prefix_flag = if prefix.is_empty() { 0 } else { HAS_PREFIX };
    let short_flag = if short == 0 { 0 } else { HAS_SHORT };
    out.push(BRANCH | prefix_flag | short_flag);
    if !prefix.is_empty() {
        out.push(u8::try_from(prefix.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(prefix.packed());
    }
    out.extend_from_slice(&present.to_be_bytes());
    out.extend_from_slice(&leaves.to_be_bytes());
    if short != 0 {
        out.extend_from_slice(&short.to_be_bytes());
    }
    for child in children {
        match child {
            ChildView::Empty => {}
            ChildView::Branch(reference) => {
                let bytes = reference.as_slice();
                if !reference.is_hash() {
                    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
                }
                out.extend_from_slice(bytes);
            }
            ChildView::Leaf(key, value) => {
                out.extend_from_slice(key.get(tail_start(depth)..).unwrap_or_default());
                value.encode(out);
            }
        }
    }
}

/// Appends the record of a trie that is one leaf.
pub(crate) fn encode_root_leaf(out: &mut Vec<u8>, key: &B256, value: &Value) {
    out.push(ROOT_LEAF);
    out.extend_from_slice(key.as_slice());
    value.encode(out);
}

/// Decodes a record that belongs at `path`; `None` where it is malformed. Whether it is the right node is for the
/// caller to see from the reference.
pub(crate) fn decode(mut input: &[u8], path: &Path, account: bool) -> Option<StoredNode> {
    let (&tag, rest) = input.split_first()?;
    input = rest;
    let mut scratch = Scratch::default();
    if tag == ROOT_LEAF {
        if !path.is_empty() {
            return None;
        }
        let key = take_hash(&mut input)?;
        let value = Value::decode(&mut input, account)?;
        return input.is_empty().then(|| StoredNode::Leaf(scratch.leaf(key, value, 0)));
    }
    if tag & !(HAS_PREFIX | HAS_SHORT) != BRANCH {
        return None;
    }
    let prefix = if tag & HAS_PREFIX == 0 { Path::EMPTY } else { take_prefix(&mut input)? };
    let position = path.join(&prefix);
    let depth = position.len();
    if depth >= KEY_NIBBLES || path.len().saturating_add(prefix.len()) != depth {
        return None;
    }
    let present = take_mask(&mut input)?;
    let leaves = take_mask(&mut input)?;
    let short = if tag & HAS_SHORT == 0 { 0 } else { take_mask(&mut input)? };
    if present.count_ones() < 2 || leaves & !present != 0 || short & !(present & !leaves) != 0 {
        return None;
    }
    let mut children = [const { StoredChild::Empty }; 16];
    let mut references = [Reference::NONE; 16];
    for (at, (child, reference)) in (0u8..16).zip(children.iter_mut().zip(&mut references)) {
        let bit = 1u16.wrapping_shl(u32::from(at));
        if leaves & bit != 0 {
            let leaf = scratch.take_leaf(&mut input, &position.child(at), account)?;
            *reference = leaf.reference;
            *child = StoredChild::Leaf(leaf);
        } else if present & bit != 0 {
            *reference =
                if short & bit != 0 { take_short(&mut input)? } else { Reference::hash(take_hash(&mut input)?) };
            *child = StoredChild::Branch(*reference);
        }
    }
    let reference = rlp::branch_reference(&mut scratch.node, &prefix, &references);
    input.is_empty().then_some(StoredNode::Branch { prefix, children, reference })
}

/// Where the bytes of a leaf's key begin in the record of a branch at `depth`. The branch's nibble is repeated where
/// it shares a byte with the first nibble that is needed.
const fn tail_start(depth: usize) -> usize {
    depth.saturating_add(1) / 2
}

#[derive(Default)]
struct Scratch {
    node: Vec<u8>,
    value: Vec<u8>,
}

impl Scratch {
    fn leaf(&mut self, key: B256, value: Value, depth: usize) -> StoredLeaf {
        value.rlp(&mut self.value);
        rlp::leaf(&mut self.node, key.as_slice(), depth, &self.value);
        StoredLeaf { key, value, reference: Reference::of(&self.node) }
    }

    /// Takes the leaf that hangs at `at`, whose last nibble is the branch's.
    fn take_leaf(&mut self, input: &mut &[u8], at: &Path, account: bool) -> Option<StoredLeaf> {
        let depth = at.len().saturating_sub(1);
        let start = tail_start(depth);
        let (tail, rest) = input.split_at_checked(32usize.saturating_sub(start))?;
        *input = rest;
        let mut key = [0; 32];
        let (head, key_tail) = key.split_at_mut_checked(start)?;
        head.copy_from_slice(at.packed().get(..start)?);
        key_tail.copy_from_slice(tail);
        if nibble(&key, depth) != at.nibble(depth) {
            return None;
        }
        let value = Value::decode(input, account)?;
        Some(self.leaf(B256::new(key), value, at.len()))
    }
}

fn take_prefix(input: &mut &[u8]) -> Option<Path> {
    let (&length, rest) = input.split_first()?;
    let length = usize::from(length);
    let (packed, rest) = rest.split_at_checked(length.div_ceil(2))?;
    *input = rest;
    let path = Path::of_bytes(packed)?.slice(0, length);
    (length > 0 && path.packed() == packed).then_some(path)
}

fn take_mask(input: &mut &[u8]) -> Option<u16> {
    let (&bytes, rest) = input.split_first_chunk::<2>()?;
    *input = rest;
    Some(u16::from_be_bytes(bytes))
}

fn take_short(input: &mut &[u8]) -> Option<Reference> {
    let (&length, rest) = input.split_first()?;
    let (bytes, rest) = rest.split_at_checked(usize::from(length))?;
    *input = rest;
    Reference::inline(bytes)
}
