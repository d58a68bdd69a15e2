//! The persisted form of nodes; the crate's documentation draws it.

use crate::branch::{Branch, Child, Head, Leaf, Link, Loose};
use crate::path::{KEY_NIBBLES, Path, nibble};
use crate::rlp::Reference;
use crate::seal::Sealer;
use crate::value::{Value, take_hash};
use alloy_primitives::B256;

const BRANCH: u8 = 0x10;
const ROOT_LEAF: u8 = 0x11;
const HAS_PREFIX: u8 = 0x02;
const HAS_SHORT: u8 = 0x04;

/// A decoded record.
pub(crate) enum StoredNode {
    Leaf(Leaf),
    Branch(Loose),
}

/// Appends the record of a branch whose children hang at nibble `depth` of their keys.
pub(crate) fn encode_branch(out: &mut Vec<u8>, depth: usize, branch: Branch<'_>) {
    let mut short = 0u16;
    for (nibble, child) in branch.numbered() {
        if !child.reference.is_hash() {
            short |= 1u16.wrapping_shl(u32::from(nibble));
        }
    }
    short &= !branch.head.leaf_mask;
    let short_flag = if short == 0 { 0 } else { HAS_SHORT };
    match branch.prefix() {
        None => out.push(BRANCH | short_flag),
        Some(prefix) => {
            out.extend_from_slice(&[BRANCH | HAS_PREFIX | short_flag, u8::try_from(prefix.len()).unwrap_or(u8::MAX)]);
            out.extend_from_slice(prefix.packed());
        }
    }
    out.extend_from_slice(&branch.head.present.to_be_bytes());
    out.extend_from_slice(&branch.head.leaf_mask.to_be_bytes());
    if short != 0 {
        out.extend_from_slice(&short.to_be_bytes());
    }
    let mut leaves = branch.leaves.iter();
    for (nibble, child) in branch.numbered() {
        let bit = 1u16.wrapping_shl(u32::from(nibble));
        if branch.head.leaf_mask & bit != 0 {
            if let Some(leaf) = leaves.next() {
                out.extend_from_slice(leaf.key.get(tail_start(depth)..).unwrap_or_default());
                leaf.value.encode(out);
            }
            continue;
        }
        let bytes = child.reference.as_slice();
        if short & bit != 0 {
            out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        }
        out.extend_from_slice(bytes);
    }
}

/// Appends the record of a trie that is one leaf.
pub(crate) fn encode_root_leaf(out: &mut Vec<u8>, leaf: &Leaf) {
    out.push(ROOT_LEAF);
    out.extend_from_slice(leaf.key.as_slice());
    leaf.value.encode(out);
}

/// Decodes a record that belongs at `path` and computes its reference; `None` where it is malformed. Whether it is the
/// right node is for the caller to see from the reference.
pub(crate) fn decode(mut input: &[u8], path: &Path, account: bool) -> Option<(StoredNode, Reference)> {
    let (&tag, rest) = input.split_first()?;
    input = rest;
    let mut sealer = Sealer::default();
    if tag == ROOT_LEAF {
        // A storage trie that is one leaf lies in its account.
        if !account || !path.is_empty() {
            return None;
        }
        let key = take_hash(&mut input)?;
        let leaf = Leaf { key, value: Value::decode(&mut input, account)? };
        let reference = sealer.leaf_reference(&leaf, 0);
        return input.is_empty().then_some((StoredNode::Leaf(leaf), reference));
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
    if (tag & HAS_SHORT != 0) != (short != 0) {
        return None;
    }
    let mut children = Vec::with_capacity(present.count_ones() as usize);
    let mut held = Vec::with_capacity(leaves.count_ones() as usize);
    for at in 0u8..16 {
        let bit = 1u16.wrapping_shl(u32::from(at));
        if present & bit == 0 {
            continue;
        }
        let reference = if leaves & bit != 0 {
            held.push(take_leaf(&mut input, &position.child(at), account)?);
            Reference::NONE
        } else if short & bit != 0 {
            take_short(&mut input)?
        } else {
            Reference::hash(take_hash(&mut input)?)
        };
        children.push(Child { reference, link: Link::PAGED });
    }
    if !input.is_empty() {
        return None;
    }
    let hung: Vec<(&Leaf, usize)> = held.iter().map(|leaf| (leaf, depth.saturating_add(1))).collect();
    let mut references = sealer.leaf_references(&hung).into_iter();
    for child in children.iter_mut().filter(|child: &&mut Child| child.reference == Reference::NONE) {
        child.reference = references.next().unwrap_or_default();
    }
    let head = Head { present, leaf_mask: leaves, ..Head::new(prefix, 0) };
    let branch = Loose { head, children, leaves: held };
    let reference = branch.view().reference(&mut Vec::new());
    Some((StoredNode::Branch(branch), reference))
}

/// Where the bytes of a leaf's key begin in the record of a branch at `depth`. The branch's nibble is repeated where
/// it shares a byte with the first nibble that is needed.
const fn tail_start(depth: usize) -> usize {
    depth.saturating_add(1) / 2
}

/// Takes the leaf that hangs at `at`, whose last nibble is the branch's.
fn take_leaf(input: &mut &[u8], at: &Path, account: bool) -> Option<Leaf> {
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
    Some(Leaf { key: B256::new(key), value: Value::decode(input, account)? })
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
