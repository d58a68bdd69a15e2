//! The log scan on logs made by hand.

use crate::crc32c::crc32c;
use crate::log_scan::{Tail, scan_bytes};

const BLOCK: usize = 32 * 1024;

/// A log of whole records with payloads of these lengths, each within one block.
fn log(lengths: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, length) in lengths.iter().enumerate() {
        let room = BLOCK - out.len() % BLOCK;
        if room < 7 + length {
            out.resize(out.len() + room, 0);
        }
        let mut covered = vec![1];
        covered.extend((0..*length).map(|at| (at * 31 + index * 7 + 1) as u8));
        let crc = crc32c(&[&covered]).rotate_right(15).wrapping_add(0xa282_ead8);
        out.extend(crc.to_le_bytes());
        out.extend((*length as u16).to_le_bytes());
        out.extend(covered);
    }
    out
}

#[test]
fn crc32c_is_castagnoli() {
    assert_eq!(crc32c(&[b"123456789"]), 0xe306_9283);
    assert_eq!(crc32c(&[b"1234", b"56789"]), 0xe306_9283);
    assert_eq!(crc32c(&[&[0; 32]]), 0x8a91_36aa);
}

#[test]
fn whole_logs_are_clean() {
    let whole = log(&[10, 500, 30_000, 30_000, 7]);
    let scan = scan_bytes(&whole);
    assert_eq!((scan.records, scan.tail), (5, Tail::Clean));
    let mut preallocated = whole;
    preallocated.resize(BLOCK * 4, 0);
    assert_eq!(scan_bytes(&preallocated).tail, Tail::Clean);
    assert_eq!(scan_bytes(&[]).tail, Tail::Clean);
}

#[test]
fn cut_logs_are_torn_at_the_last_record() {
    let whole = log(&[10, 500, 300]);
    let last = 17 + 507;
    for cut in last + 1..whole.len() {
        assert_eq!(scan_bytes(&whole[..cut]).tail, Tail::Torn(last as u64), "cut at {cut}");
    }
    assert_eq!(scan_bytes(&whole[..last]).tail, Tail::Clean);
}

#[test]
fn a_flipped_bit_is_damage_where_records_follow_and_bad_at_the_end() {
    let whole = log(&[10, 500, 300]);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        let tail = scan_bytes(&bytes).tail;
        if at < 524 {
            assert!(matches!(tail, Tail::Damaged(_)), "offset {at}: {tail:?}");
        } else if (528..530).contains(&at) {
            // Only the length was altered: the rest of the file matches the checksum.
            assert_eq!(tail, Tail::Damaged(524), "offset {at}");
        } else {
            assert!(matches!(tail, Tail::Bad(524) | Tail::Torn(524)), "offset {at}: {tail:?}");
        }
    }
}
