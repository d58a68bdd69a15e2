//! The RLP of trie nodes and the reference by which a parent names a child.

use crate::path::Path;
use crate::value::trimmed;
use alloy_primitives::{B256, U256, keccak256};
use alloy_rlp::{Encodable, Header};

/// Root of a trie without entries: keccak of the RLP of nothing.
pub const EMPTY_ROOT: B256 =
    alloy_primitives::b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// How a node is named in its parent: by the keccak of its RLP, or by the RLP itself where that is shorter than 32
/// bytes. Length 0 stands for "not computed" in a node, and for "no child" in a branch.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Reference {
    len: u8,
    bytes: [u8; 32],
}

impl Reference {
    /// No child, or a hash that is not computed.
    pub(crate) const NONE: Self = Self { len: 0, bytes: [0; 32] };

    /// The reference to a node with this RLP.
    pub(crate) fn of(rlp: &[u8]) -> Self {
        Self::inline(rlp).unwrap_or_else(|| Self::hash(keccak256(rlp)))
    }

    /// The reference by hash.
    pub(crate) const fn hash(hash: B256) -> Self {
        Self { len: 32, bytes: hash.0 }
    }

    /// The reference that is the RLP itself: 1 to 31 bytes.
    pub(crate) fn inline(rlp: &[u8]) -> Option<Self> {
        let len = u8::try_from(rlp.len()).ok().filter(|len| (1..32).contains(len))?;
        let mut bytes = [0; 32];
        bytes.get_mut(..rlp.len())?.copy_from_slice(rlp);
        Some(Self { len, bytes })
    }

    /// Whether this is a hash.
    pub(crate) const fn is_hash(&self) -> bool {
        self.len == 32
    }

    /// The hash, or the inline RLP.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The root hash of a trie whose root node this names.
    pub(crate) fn root(&self) -> B256 {
        match self.len {
            0 => EMPTY_ROOT,
            32 => B256::new(self.bytes),
            _ => keccak256(self.as_slice()),
        }
    }

    fn item_length(&self) -> usize {
        match self.len {
            0 => 1,
            32 => 33,
            len => usize::from(len),
        }
    }

    fn encode_item(&self, out: &mut Vec<u8>) {
        match self.len {
            0 => out.push(0x80),
            32 => {
                out.push(0xa0);
                out.extend_from_slice(&self.bytes);
            }
            _ => out.extend_from_slice(self.as_slice()),
        }
    }
}

/// Appends the header of a list of at most 65,535 bytes.
fn list_header(out: &mut Vec<u8>, length: usize) {
    match u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes() {
        [0, low] if low <= 55 => out.push(0xc0 | low),
        [0, low] => out.extend_from_slice(&[0xf8, low]),
        [high, low] => out.extend_from_slice(&[0xf9, high, low]),
    }
}

/// Appends the RLP of a leaf at nibble `depth` of `key`.
pub(crate) fn leaf(out: &mut Vec<u8>, key: &[u8], depth: usize, value: &[u8]) {
    let tail = key.get(depth.div_ceil(2)..).unwrap_or_default();
    let marker =
        if depth.is_multiple_of(2) { 0x20 } else { 0x30 | key.get(depth / 2).copied().unwrap_or_default() & 0x0f };
    let hex_prefix = tail.len().saturating_add(1);
    let hex_prefix_item = if tail.is_empty() { 1 } else { hex_prefix.saturating_add(1) };
    let payload_length = hex_prefix_item.saturating_add(value.length());
    Header { list: true, payload_length }.encode(out);
    if !tail.is_empty() {
        Header { list: false, payload_length: hex_prefix }.encode(out);
    }
    out.push(marker);
    out.extend_from_slice(tail);
    value.encode(out);
}

/// Appends the RLP of a leaf that is a whole storage trie.
pub(crate) fn slot_leaf(out: &mut Vec<u8>, slot: &B256, value: U256) {
    let bytes = value.to_be_bytes::<32>();
    let mut rlp = [0; 33];
    let (head, tail) = rlp.split_at_mut(1);
    let bytes = trimmed(&bytes);
    // A byte below 0x80 stands for itself.
    let value = match bytes {
        [byte] if *byte < 0x80 => bytes,
        _ => {
            head.fill(0x80 | u8::try_from(bytes.len()).unwrap_or_default());
            tail.get_mut(..bytes.len()).unwrap_or_default().copy_from_slice(bytes);
            rlp.get(..bytes.len().saturating_add(1)).unwrap_or_default()
        }
    };
    leaf(out, slot.as_slice(), 0, value);
}

/// The longest RLP of a branch without a value.
const BRANCH_MAX: usize = 3 + 16 * 33 + 1;

/// Appends the RLP of a branch without a value: `children` are those of the nibbles in `present`.
pub(crate) fn branch<'a>(out: &mut Vec<u8>, present: u16, children: impl Iterator<Item = &'a Reference> + Clone) {
    out.reserve(BRANCH_MAX);
    let items = children.clone().fold(0usize, |sum, child| sum.saturating_add(child.item_length()));
    let payload_length = items.saturating_add(17).saturating_sub(present.count_ones() as usize);
    list_header(out, payload_length);
    let mut children = children;
    for nibble in 0u32..16 {
        let child = if present & 1u16.wrapping_shl(nibble) == 0 { None } else { children.next() };
        child.unwrap_or(&Reference::NONE).encode_item(out);
    }
    out.push(0x80);
}

/// Appends the RLP of an extension.
pub(crate) fn extension(out: &mut Vec<u8>, path: &Path, child: &Reference) {
    let mut hex_prefix = Vec::with_capacity(33);
    path.hex_prefix(&mut hex_prefix);
    let hex_prefix = hex_prefix.as_slice();
    let payload_length = hex_prefix.length().saturating_add(child.item_length());
    Header { list: true, payload_length }.encode(out);
    hex_prefix.encode(out);
    child.encode_item(out);
}

/// The reference to a branch with an extension before it where the path is not empty. `out` is scratch.
pub(crate) fn branch_reference<'a>(
    out: &mut Vec<u8>,
    prefix: Option<&Path>,
    present: u16,
    children: impl Iterator<Item = &'a Reference> + Clone,
) -> Reference {
    out.clear();
    branch(out, present, children);
    let node = Reference::of(out);
    let Some(prefix) = prefix else { return node };
    out.clear();
    extension(out, prefix, &node);
    Reference::of(out)
}
