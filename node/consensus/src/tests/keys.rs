//! Keys, addresses and sign bytes against fixed vectors.

use super::{CHAIN_ID, block, key, message};
use crate::keys::{NetworkKey, address_of, verify_signature};
use crate::message::{ConsensusMessage, SIGN_BYTES_MAX, SIGN_PREFIX, Step};
use alloy_primitives::{b256, hex};
use assay_primitives::Round;

#[test]
fn the_address_is_that_of_tendermint() {
    // RFC 8032, test 1: public key d75a98...; first 20 bytes of its SHA-256.
    let public = b256!("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let seed = hex!("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let key = crate::keys::ConsensusKey::from_bytes(seed);
    assert_eq!(key.public_key(), public);
    assert_eq!(*key.to_bytes(), seed);
    assert_eq!(key.address(), address_of(public));
    assert_eq!(key.address().to_string(), "21FE31DFA154A261626BF854046FD2271B7BED4B");
}

#[test]
fn signatures_verify_only_as_made() {
    let signature = key(1).sign(b"message");
    assert!(verify_signature(key(1).public_key(), b"message", &signature));
    assert!(!verify_signature(key(1).public_key(), b"massage", &signature));
    assert!(!verify_signature(key(2).public_key(), b"message", &signature));
    assert!(!verify_signature(alloy_primitives::B256::repeat_byte(0x01), b"message", &signature));
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let text = format!("{:?}", key(0x5a));
    assert!(!text.contains("5a5a5a") && text.contains("address"));
    assert!(NetworkKey::from_bytes([3; 32]).unwrap().peer_id().starts_with("12D3KooW"));
}

#[test]
fn sign_bytes_are_golden() {
    let mut proposal = message(Step::Proposal, 7, 2, Some(block(0xab)));
    proposal.valid_round = Some(Round(1));
    let address = hex::encode(key(1).address().0);
    let expected = format!(
        "{}{}00{}{}01{}0101000000{address}",
        hex::encode(SIGN_PREFIX),
        "697a000000000000",
        "0700000000000000",
        "02000000",
        "ab".repeat(32),
    );
    assert_eq!(hex::encode(proposal.sign_bytes()), expected);
    let nil = message(Step::Precommit, 7, 2, None);
    let expected = format!(
        "{}{}02{}{}0000{address}",
        hex::encode(SIGN_PREFIX),
        "697a000000000000",
        "0700000000000000",
        "02000000"
    );
    assert_eq!(hex::encode(nil.sign_bytes()), expected);
    assert_eq!(CHAIN_ID, 0x7a69);
}

#[test]
fn sign_bytes_read_back_and_nothing_else_does() {
    for step in [Step::Proposal, Step::Prevote, Step::Precommit] {
        let message = message(step, u64::MAX, u32::MAX, Some(block(1)));
        let bytes = message.sign_bytes();
        assert!(bytes.len() <= SIGN_BYTES_MAX);
        assert_eq!(ConsensusMessage::from_sign_bytes(&bytes), Ok(message));
        assert!(ConsensusMessage::from_sign_bytes(&bytes[1..]).is_err());
        assert!(ConsensusMessage::from_sign_bytes(&bytes[..bytes.len() - 1]).is_err());
        assert!(ConsensusMessage::from_sign_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(ConsensusMessage::from_sign_bytes(&[bytes.as_slice(), &[0; 1000]].concat()).is_err());
    }
}
