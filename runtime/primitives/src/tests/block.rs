//! Ordering blocks: round trips, golden id, and refusal of anything altered.

use crate::block::{BLOCK_BYTES_MAX, ITEMS_MAX};
use crate::vrf::RandomnessProof;
use crate::*;
use alloy_primitives::{B256, Bytes};
use proptest::prelude::*;

fn payload() -> SystemPayload {
    SystemPayload {
        creator: ConsensusAddress::default(),
        round: Round(0),
        timestamp_ms: TimestampMs(1_700_000_000_123),
        randomness: RandomnessProof::default(),
        last_commit: None,
        late_votes: vec![],
        evidence: vec![],
    }
}

fn block(items: Vec<Vec<u8>>) -> Result<Block, CodecError> {
    Block::assemble(31337, Height(1), BlockId::default(), B256::ZERO, &payload(), items.into_iter().map(Bytes::from))
}

#[test]
fn golden_id() {
    let id = block(vec![vec![1, 2, 3]]).unwrap().id();
    assert_eq!(id.to_string(), include_str!("golden_block_id.txt").trim());
}

#[test]
fn bounds() {
    assert!(matches!(block(vec![vec![0; BLOCK_BYTES_MAX]]), Err(CodecError::TooLarge { .. })));
    assert!(matches!(block(vec![vec![]; ITEMS_MAX]), Err(CodecError::TooLarge { .. })));
    assert!(matches!(Block::decode(&vec![0; BLOCK_BYTES_MAX + 1]), Err(CodecError::TooLarge { .. })));
}

proptest! {
    #[test]
    fn round_trip_and_no_altered_byte_survives(
        items in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6),
        at in any::<prop::sample::Index>(),
        flip in 1u8..=255,
    ) {
        let original = block(items).unwrap();
        let bytes = original.encode();
        let back = Block::decode(&bytes).unwrap();
        prop_assert_eq!(&back, &original);
        prop_assert_eq!(back.system_payload().unwrap(), payload());
        let mut altered = bytes;
        let at = at.index(altered.len());
        altered[at] ^= flip;
        if let Ok(other) = Block::decode(&altered) {
            prop_assert_ne!(other.id(), original.id());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Block::decode(&bytes);
        let _ = Receipt::decode_2718(&bytes);
        let _ = CheckedTx::recover(bytes.into());
    }
}
