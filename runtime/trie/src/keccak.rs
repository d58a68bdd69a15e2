//! Keccak-256 of many messages at a time.
//!
//! The messages of a batch are independent, so where the machine has AVX-512 eight of them are permuted at once, which
//! takes a sixth of the time; elsewhere they are hashed one by one. The result is the same everywhere.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "indices into arrays of fixed size, and the sizes of messages in memory"
)]

use alloy_primitives::{B256, keccak256};

/// Bytes that one permutation absorbs.
const RATE: usize = 136;
/// Messages of more blocks are hashed one by one: a branch without a value takes at most 4.
const BLOCKS: usize = 4;
/// Messages hashed at once.
#[cfg(target_arch = "x86_64")]
const LANES: usize = 8;

/// Messages to hash, each laid out with its padding.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Where each message begins, and its length.
    messages: Vec<(usize, usize)>,
    hashes: Vec<B256>,
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.messages.clear();
    }

    /// Adds a message, which `write` appends. One shorter than `least` bytes is not added but shown to `short`.
    pub(crate) fn push<T>(
        &mut self,
        least: usize,
        write: impl FnOnce(&mut Vec<u8>),
        short: impl FnOnce(&[u8]) -> T,
    ) -> Option<T> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let length = self.bytes.len() - start;
        if length < least {
            let shown = short(&self.bytes[start..]);
            self.bytes.truncate(start);
            return Some(shown);
        }
        self.bytes.push(0x01);
        self.bytes.resize(start + (length / RATE + 1) * RATE, 0);
        if let Some(last) = self.bytes.last_mut() {
            *last |= 0x80;
        }
        self.messages.push((start, length));
        None
    }

    /// Adds a message.
    pub(crate) fn add(&mut self, message: &[u8]) {
        self.push(0, |out| out.extend_from_slice(message), |_| ());
    }

    /// The hashes of all messages, in the order in which they were added.
    pub(crate) fn run(&mut self) -> &[B256] {
        self.hashes.clear();
        self.hashes.resize(self.messages.len(), B256::ZERO);
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V4::try_new() {
            self.run_wide(simd);
            return &self.hashes;
        }
        for index in 0..self.messages.len() {
            self.run_one(index);
        }
        &self.hashes
    }

    fn run_one(&mut self, index: usize) {
        let (start, length) = self.messages[index];
        self.hashes[index] = keccak256(&self.bytes[start..start + length]);
    }

    /// Hashes messages of the same number of blocks together.
    #[cfg(target_arch = "x86_64")]
    fn run_wide(&mut self, simd: pulp::x86::V4) {
        let mut waiting = [[0usize; LANES]; BLOCKS];
        let mut counts = [0usize; BLOCKS];
        for index in 0..self.messages.len() {
            let class = self.messages[index].1 / RATE;
            if class >= BLOCKS {
                self.run_one(index);
                continue;
            }
            waiting[class][counts[class]] = index;
            counts[class] += 1;
            if counts[class] == LANES {
                self.run_lanes(simd, &waiting[class], class + 1);
                counts[class] = 0;
            }
        }
        for class in 0..BLOCKS {
            match counts[class] {
                0 => {}
                1 => self.run_one(waiting[class][0]),
                count => self.run_lanes(simd, &waiting[class][..count], class + 1),
            }
        }
    }

    /// Hashes up to eight messages of `blocks` blocks each.
    #[cfg(target_arch = "x86_64")]
    fn run_lanes(&mut self, simd: pulp::x86::V4, indices: &[usize], blocks: usize) {
        let mut starts = [0usize; LANES];
        for (lane, start) in starts.iter_mut().enumerate() {
            // Lanes that are left over repeat the first message.
            *start = self.messages[*indices.get(lane).unwrap_or(&indices[0])].0;
        }
        let bytes = &self.bytes;
        let state = simd.vectorize(
            #[inline(always)]
            || wide::absorb(bytes, &starts, blocks),
        );
        for (lane, index) in indices.iter().enumerate() {
            let hash = &mut self.hashes[*index].0;
            for (word, out) in hash.chunks_exact_mut(8).enumerate() {
                out.copy_from_slice(&state[word].0[lane].to_le_bytes());
            }
        }
    }
}

/// The permutation over vectors of eight words: written so that the compiler makes one instruction of every line.
#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{LANES, RATE};

    #[derive(Clone, Copy)]
    #[repr(align(64))]
    pub(super) struct Words(pub(super) [u64; LANES]);

    const ROUND_CONSTANTS: [u64; 24] = [
        0x0000_0000_0000_0001,
        0x0000_0000_0000_8082,
        0x8000_0000_0000_808a,
        0x8000_0000_8000_8000,
        0x0000_0000_0000_808b,
        0x0000_0000_8000_0001,
        0x8000_0000_8000_8081,
        0x8000_0000_0000_8009,
        0x0000_0000_0000_008a,
        0x0000_0000_0000_0088,
        0x0000_0000_8000_8009,
        0x0000_0000_8000_000a,
        0x0000_0000_8000_808b,
        0x8000_0000_0000_008b,
        0x8000_0000_0000_8089,
        0x8000_0000_0000_8003,
        0x8000_0000_0000_8002,
        0x8000_0000_0000_0080,
        0x0000_0000_0000_800a,
        0x8000_0000_8000_000a,
        0x8000_0000_8000_8081,
        0x8000_0000_0000_8080,
        0x0000_0000_8000_0001,
        0x8000_0000_8000_8008,
    ];

    /// Rotation of the word at x + 5 y.
    const ROTATIONS: [u32; 25] =
        [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

    impl Words {
        const ZERO: Self = Self([0; LANES]);

        #[inline(always)]
        fn each(word: impl Fn(usize) -> u64) -> Self {
            let mut out = [0; LANES];
            for (lane, out) in out.iter_mut().enumerate() {
                *out = word(lane);
            }
            Self(out)
        }

        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            Self::each(|lane| self.0[lane] ^ other.0[lane])
        }

        #[inline(always)]
        fn rotate(self, bits: u32) -> Self {
            Self::each(|lane| self.0[lane].rotate_left(bits))
        }

        #[inline(always)]
        fn chi(self, next: Self, after: Self) -> Self {
            Self::each(|lane| self.0[lane] ^ (!next.0[lane] & after.0[lane]))
        }
    }

    /// Absorbs `blocks` padded blocks per lane.
    #[inline(always)]
    pub(super) fn absorb(bytes: &[u8], starts: &[usize; LANES], blocks: usize) -> [Words; 25] {
        let mut state = [Words::ZERO; 25];
        for block in 0..blocks {
            for (lane, start) in starts.iter().enumerate() {
                let from = start + block * RATE;
                for (word, chunk) in bytes[from..from + RATE].chunks_exact(8).enumerate() {
                    let mut le = [0; 8];
                    le.copy_from_slice(chunk);
                    state[word].0[lane] ^= u64::from_le_bytes(le);
                }
            }
            state = permute(state);
        }
        state
    }

    #[inline(always)]
    fn permute(mut a: [Words; 25]) -> [Words; 25] {
        for constant in ROUND_CONSTANTS {
            let mut columns = [Words::ZERO; 5];
            for (x, column) in columns.iter_mut().enumerate() {
                *column = a[x].xor(a[x + 5]).xor(a[x + 10]).xor(a[x + 15]).xor(a[x + 20]);
            }
            let mut b = [Words::ZERO; 25];
            for x in 0..5 {
                let theta = columns[(x + 4) % 5].xor(columns[(x + 1) % 5].rotate(1));
                for y in 0..5 {
                    b[y + 5 * ((2 * x + 3 * y) % 5)] = a[x + 5 * y].xor(theta).rotate(ROTATIONS[x + 5 * y]);
                }
            }
            for y in 0..5 {
                for x in 0..5 {
                    a[x + 5 * y] = b[x + 5 * y].chi(b[(x + 1) % 5 + 5 * y], b[(x + 2) % 5 + 5 * y]);
                }
            }
            a[0] = a[0].xor(Words([constant; LANES]));
        }
        a
    }
}
