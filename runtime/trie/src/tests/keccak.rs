//! Hashing in batches, against hashing one by one.

use crate::keccak::Batch;
use alloy_primitives::{B256, keccak256};

#[test]
fn batches_of_any_lengths_agree_with_single_hashes() {
    let mut batch = Batch::default();
    for count in [0usize, 1, 2, 7, 8, 9, 40, 300] {
        // Around every boundary of a block, and longer than what is hashed side by side.
        let lengths = [0, 1, 20, 32, 100, 134, 135, 136, 137, 271, 272, 273, 407, 408, 532, 543, 544, 545, 2000];
        let messages: Vec<Vec<u8>> = (0..count)
            .map(|index| {
                (0..lengths[index * 7 % lengths.len()])
                    .map(|at| u8::try_from((at * 31 + index) % 256).unwrap())
                    .collect()
            })
            .collect();
        batch.clear();
        messages.iter().for_each(|message| batch.add(message));
        let expected: Vec<B256> = messages.iter().map(keccak256).collect();
        assert_eq!(batch.run(), expected, "{count} messages");
    }
}

#[test]
fn short_messages_are_shown_instead() {
    let mut batch = Batch::default();
    assert_eq!(batch.push(3, |out| out.extend_from_slice(b"ab"), <[u8]>::len), Some(2));
    assert_eq!(batch.push(3, |out| out.extend_from_slice(b"abc"), <[u8]>::len), None);
    assert_eq!(batch.run(), [keccak256(b"abc")]);
}
