//! The wire format: round trips, one encoding, bounds.

use super::adversary::hello;
use crate::gossip::frame::{Frame, FrameError, LENGTH_BYTES, fitting, length};
use crate::gossip::limits::{FRAME_BYTES_MAX, HASHES_PER_FRAME_MAX, HELLO_BYTES_MAX, TXS_PER_FRAME_MAX, WANT_MAX};
use alloy_primitives::{B256, Bytes};
use assay_primitives::transaction::TX_BYTES_MAX;
use proptest::prelude::*;
use std::path::Path;

fn encoded(frame: &Frame) -> Vec<u8> {
    let mut out = vec![0xaa; 3];
    frame.encode(&mut out);
    let body = out.split_off(3 + LENGTH_BYTES);
    assert_eq!(out[3..], u32::try_from(body.len()).unwrap().to_le_bytes());
    body
}

fn samples() -> Vec<Frame> {
    let raws: Vec<Bytes> = vec![Bytes::from_static(b"one"), Bytes::new(), vec![9; TX_BYTES_MAX].into()];
    let hashes = vec![B256::repeat_byte(1), B256::repeat_byte(2)];
    vec![
        Frame::Hello(hello()),
        Frame::Refused("not here".to_owned()),
        Frame::Ping,
        Frame::Push(raws.clone()),
        Frame::Have(hashes.clone()),
        Frame::Want(hashes),
        Frame::Answer { last: false, transactions: raws },
        Frame::Answer { last: true, transactions: Vec::new() },
    ]
}

#[test]
fn frames_come_back() {
    for frame in samples() {
        assert_eq!(Frame::decode(&encoded(&frame)), Ok(frame));
    }
}

/// The seeds of the fuzzer were written by another encoder than ours: they fix the format.
#[test]
fn golden_frames() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let raws: Vec<Bytes> =
        ["eip1559", "legacy", "eip155"].map(|name| read(&format!("transaction/{name}")).into()).to_vec();
    let hashes = vec![B256::repeat_byte(1), B256::repeat_byte(2)];
    for (name, frame) in [
        ("hello", Frame::Hello(hello())),
        ("refused", Frame::Refused("it is of another chain".to_owned())),
        ("ping", Frame::Ping),
        ("push", Frame::Push(raws.clone())),
        ("have", Frame::Have(hashes.clone())),
        ("want", Frame::Want(hashes)),
        ("answer", Frame::Answer { last: false, transactions: raws[..2].to_vec() }),
        ("answer_last", Frame::Answer { last: true, transactions: Vec::new() }),
    ] {
        let golden = read(&format!("transaction_frame/{name}"));
        assert_eq!(Frame::decode(&golden), Ok(frame.clone()), "{name}");
        assert_eq!(encoded(&frame), golden, "{name}");
    }
}

#[test]
fn a_cut_or_lengthened_frame_is_none() {
    for frame in samples() {
        let whole = encoded(&frame);
        for cut in (0..whole.len()).filter(|cut| *cut < 200) {
            assert!(Frame::decode(&whole[..cut]).is_err(), "{frame:?} cut at {cut}");
        }
        let longer = [whole.as_slice(), &[0]].concat();
        assert!(Frame::decode(&longer).is_err(), "{frame:?} with a byte more");
    }
}

#[test]
fn bounds_hold() {
    assert_eq!(length(0u32.to_le_bytes(), false), Err(FrameError::Empty));
    let max = u32::try_from(FRAME_BYTES_MAX).unwrap();
    assert_eq!(length(max.to_le_bytes(), false), Ok(FRAME_BYTES_MAX));
    assert_eq!(length((max + 1).to_le_bytes(), false), Err(FrameError::TooLarge(FRAME_BYTES_MAX + 1)));
    assert_eq!(length(max.to_le_bytes(), true), Err(FrameError::HelloTooLarge(FRAME_BYTES_MAX)));
    assert!(encoded(&Frame::Hello(hello())).len() <= HELLO_BYTES_MAX);
    assert!(Frame::decode(&vec![2; FRAME_BYTES_MAX + 1]).is_err());

    let refused = |frame: Frame| assert!(matches!(Frame::decode(&encoded(&frame)), Err(FrameError::Count { .. })));
    refused(Frame::Have(Vec::new()));
    refused(Frame::Have(vec![B256::ZERO; HASHES_PER_FRAME_MAX + 1]));
    refused(Frame::Want(vec![B256::ZERO; WANT_MAX + 1]));
    refused(Frame::Push(Vec::new()));
    refused(Frame::Push(vec![Bytes::new(); TXS_PER_FRAME_MAX + 1]));
    let large = Frame::Push(vec![vec![0; TX_BYTES_MAX + 1].into()]);
    assert_eq!(Frame::decode(&encoded(&large)), Err(FrameError::Transaction(TX_BYTES_MAX + 1)));
    // A count of 65,535 with nothing behind it.
    assert!(matches!(Frame::decode(&[3, 255, 255]), Err(FrameError::Count { .. })));
    assert_eq!(Frame::decode(&[3, 0, 4]), Err(FrameError::Short));
    assert_eq!(Frame::decode(&[6, 2, 0, 0]), Err(FrameError::Mark));
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let name = "é".repeat(100);
    let Ok(Frame::Hello(hello)) =
        Frame::decode(&encoded(&Frame::Hello(crate::gossip::frame::Hello { network: name, ..hello() })))
    else {
        panic!("no hello")
    };
    assert_eq!(hello.network, "é".repeat(32));
    let Ok(Frame::Refused(reason)) = Frame::decode(&encoded(&Frame::Refused("x".repeat(400)))) else { panic!("none") };
    assert_eq!(reason.len(), 255);
}

#[test]
fn batches_fill_a_frame_and_no_more() {
    let largest: Vec<Bytes> = vec![vec![1; TX_BYTES_MAX].into(); 3];
    assert_eq!(fitting(largest.iter()), 1);
    let small: Vec<Bytes> = vec![vec![1; 100].into(); 3_000];
    assert_eq!(fitting(small.iter()), TXS_PER_FRAME_MAX);
    let middle: Vec<Bytes> = vec![vec![1; 1_000].into(); 1_000];
    let count = fitting(middle.iter());
    assert!(encoded(&Frame::Push(middle[..count].to_vec())).len() <= FRAME_BYTES_MAX);
    assert!(encoded(&Frame::Answer { last: true, transactions: middle[..=count].to_vec() }).len() > FRAME_BYTES_MAX);
}

proptest! {
    #[test]
    fn any_bytes_decode_or_do_not(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        // Asserts that what decodes has one encoding.
        let _ = crate::gossip::decodes(&bytes);
    }

    #[test]
    fn damaged_frames_have_one_encoding(index in 0usize..8, at in 0usize..300, flip in 1u8..=255) {
        let mut bytes = encoded(&samples()[index]);
        let at = at % bytes.len();
        bytes[at] ^= flip;
        let _ = crate::gossip::decodes(&bytes);
    }
}
