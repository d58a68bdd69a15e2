//! A path of nibbles from the root of a trie: packed, at most 64 nibbles, copied by value.

use alloy_primitives::B256;
use core::fmt;

/// Nibbles of a full 32-byte key.
pub(crate) const KEY_NIBBLES: usize = 64;

/// A path of 0 to 64 nibbles, two per byte, the first in the high half. Nibbles past the end are zero, so the derived
/// order is lexicographic with every node before its descendants.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    packed: [u8; 32],
    len: u8,
}

impl Path {
    /// The path of the root.
    pub const EMPTY: Self = Self { packed: [0; 32], len: 0 };

    /// The full path of a hashed key.
    pub const fn of_key(key: &B256) -> Self {
        Self { packed: key.0, len: 64 }
    }

    /// The path of a key of at most 32 bytes; `None` for a longer one.
    pub fn of_bytes(key: &[u8]) -> Option<Self> {
        let mut packed = [0; 32];
        packed.get_mut(..key.len())?.copy_from_slice(key);
        let len = u8::try_from(key.len().saturating_mul(2)).ok()?;
        Some(Self { packed, len })
    }

    /// Number of nibbles.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether this is the root's path.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The nibble at an index; zero past the end.
    pub fn nibble(&self, index: usize) -> u8 {
        nibble(&self.packed, index)
    }

    /// The packed nibbles, `len.div_ceil(2)` bytes; the low half of the last byte is zero for an odd length.
    pub fn packed(&self) -> &[u8] {
        self.packed.get(..self.len().div_ceil(2)).unwrap_or_default()
    }

    /// This path and one nibble more. A path of 64 nibbles stays as it is: no trie of 32-byte keys goes deeper.
    pub fn child(mut self, nibble: u8) -> Self {
        let at = self.len();
        if let Some(byte) = self.packed.get_mut(at / 2) {
            *byte |= if at.is_multiple_of(2) { nibble << 4 } else { nibble & 0x0f };
            self.len = self.len.saturating_add(1);
        }
        self
    }

    /// This path followed by another; what exceeds 64 nibbles is cut.
    pub fn join(mut self, other: &Self) -> Self {
        for index in 0..other.len() {
            self = self.child(other.nibble(index));
        }
        self
    }

    /// The nibbles from `start` to before `end`, clamped to the path.
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let mut part = Self::EMPTY;
        for index in start..end.min(self.len()) {
            part = part.child(self.nibble(index));
        }
        part
    }

    /// The first `len` nibbles.
    pub fn prefix(mut self, len: usize) -> Self {
        if len < self.len() {
            self.packed.get_mut(len.div_ceil(2)..).unwrap_or_default().fill(0);
            if !len.is_multiple_of(2)
                && let Some(last) = self.packed.get_mut(len / 2)
            {
                *last &= 0xf0;
            }
            self.len = u8::try_from(len).unwrap_or(self.len);
        }
        self
    }

    /// How many leading nibbles two paths share.
    pub fn common_prefix(&self, other: &Self) -> usize {
        common_nibbles(&self.packed, &other.packed).min(self.len()).min(other.len())
    }

    /// How many nibbles of this path `key` has from nibble `depth` on.
    pub(crate) fn matching(&self, key: &B256, depth: usize) -> usize {
        (0..self.len()).take_while(|index| self.nibble(*index) == nibble(&key.0, depth.saturating_add(*index))).count()
    }

    /// Hex-prefix form of an extension's path, appended.
    pub(crate) fn hex_prefix(&self, out: &mut Vec<u8>) {
        if self.len().is_multiple_of(2) {
            out.push(0x00);
            out.extend_from_slice(self.packed());
        } else {
            out.push(0x10 | self.nibble(0));
            for index in (1..self.len()).step_by(2) {
                out.push(self.nibble(index) << 4 | self.nibble(index.saturating_add(1)));
            }
        }
    }
}

/// The nibble of a packed key at an index; zero past the end.
pub(crate) fn nibble(key: &[u8; 32], index: usize) -> u8 {
    let byte = key.get(index / 2).copied().unwrap_or_default();
    if index.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
}

/// How many leading nibbles two packed keys share.
pub(crate) fn common_nibbles(left: &[u8; 32], right: &[u8; 32]) -> usize {
    for (index, (a, b)) in left.iter().zip(right).enumerate() {
        if a != b {
            let odd = usize::from(a >> 4 == b >> 4);
            return index.saturating_mul(2).saturating_add(odd);
        }
    }
    KEY_NIBBLES
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        for index in 0..self.len() {
            write!(f, "{:x}", self.nibble(index))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
