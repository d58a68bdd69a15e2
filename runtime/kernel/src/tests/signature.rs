//! Signatures of keys and of contract wallets.

use crate::memory_host::MemoryHost;
use crate::{CallReturn, CallStatus, gas};
use alloy_primitives::{Address, B256, Bytes, U256, address, b256, keccak256, uint};
use alloy_sol_types::SolCall as _;
use assay_abi::erc1271::isValidSignatureCall;
use secp256k1::{Message, SECP256K1, SecretKey};

const PALLET: Address = address!("0x00000000000000000000000000000000000a5501");
const WALLET: Address = address!("0x000000000000000000000000000000000000a11e");
/// Order of secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// `r ‖ s ‖ v` of the key whose bytes are all 1, and its address.
fn signed(digest: B256) -> (Address, [u8; 65]) {
    let secret = SecretKey::from_byte_array([1; 32]).unwrap();
    let key = secret.public_key(SECP256K1).serialize_uncompressed();
    let (id, compact) = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest.0), &secret).serialize_compact();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&compact);
    bytes[64] = 27 + u8::try_from(i32::from(id)).unwrap();
    (Address::from_raw_public_key(&key[1..]), bytes)
}

fn parts(signature: &[u8; 65]) -> (u8, B256, B256) {
    (signature[64], B256::from_slice(&signature[..32]), B256::from_slice(&signature[32..64]))
}

#[test]
fn a_key_is_recovered_for_the_price_of_the_precompile() {
    let digest = keccak256(b"pay");
    let (signer, signature) = signed(digest);
    let (v, r, s) = parts(&signature);
    let mut host = MemoryHost::new(PALLET);
    host.set_gas(gas::RECOVER);
    assert_eq!(host.run(|ctx| ctx.recover(digest, v, r, s)).unwrap(), Some(signer));
    assert!(host.run(|ctx| ctx.recover(digest, v, r, s)).is_err());
}

#[test]
fn what_nobody_can_have_signed_recovers_nobody() {
    let digest = keccak256(b"pay");
    let (signer, signature) = signed(digest);
    let (v, r, s) = parts(&signature);
    let mirrored = B256::from(ORDER - U256::from_be_bytes(s.0));
    let cases = [
        (v - 27, r, s),
        (29, r, s),
        (55 - v, r, mirrored),
        (v, B256::ZERO, s),
        (v, r, B256::ZERO),
        (v, B256::repeat_byte(0xff), s),
    ];
    for (v, r, s) in cases {
        assert_eq!(MemoryHost::new(PALLET).run(|ctx| ctx.recover(digest, v, r, s)).unwrap(), None, "{v} {r} {s}");
    }
    // The other parity is a signature, but somebody else's.
    let other = MemoryHost::new(PALLET).run(|ctx| ctx.recover(digest, 55 - v, r, s)).unwrap();
    assert!(other.is_some() && other != Some(signer));
    let zero = b256!("0x0000000000000000000000000000000000000000000000000000000000000000");
    assert_ne!(MemoryHost::new(PALLET).run(|ctx| ctx.recover(zero, v, r, s)).unwrap(), Some(signer));
}

fn accepts(host: &mut MemoryHost, signer: Address, digest: B256, signature: &[u8]) -> bool {
    host.run(|ctx| ctx.is_signed_by(signer, digest, signature)).unwrap()
}

#[test]
fn an_account_signs_with_its_key() {
    let digest = keccak256(b"pay");
    let (signer, signature) = signed(digest);
    let mut host = MemoryHost::new(PALLET);
    assert!(accepts(&mut host, signer, digest, &signature));
    assert!(!accepts(&mut host, signer, keccak256(b"other"), &signature));
    assert!(!accepts(&mut host, WALLET, digest, &signature));
    assert!(!accepts(&mut host, signer, digest, &signature[..64]));
    assert!(!accepts(&mut host, signer, digest, &[&signature[..], &[0]].concat()));
    assert!(!accepts(&mut host, signer, digest, &[]));
    assert!(!accepts(&mut host, Address::ZERO, digest, &[0; 65]));
}

#[test]
fn a_wallet_signs_with_its_code() {
    let digest = keccak256(b"pay");
    let mut host = MemoryHost::new(PALLET);
    host.set_callee(WALLET, |_, call| {
        let asked = isValidSignatureCall::abi_decode(&call.input).unwrap();
        let mut output = vec![0; 32];
        let status = match asked.signature.as_ref() {
            b"yes" => CallStatus::Success,
            b"reverts" => CallStatus::Reverted,
            _ => return CallReturn { status: CallStatus::Success, output: [0x16, 0x26, 0xba, 0x7e].into() },
        };
        assert_eq!(asked.hash, keccak256(b"pay"));
        output[..4].copy_from_slice(&isValidSignatureCall::SELECTOR);
        CallReturn { status, output: Bytes::from(output) }
    });
    assert!(accepts(&mut host, WALLET, digest, b"yes"));
    assert!(!accepts(&mut host, WALLET, digest, b"reverts"));
    // Four bytes are no ABI word.
    assert!(!accepts(&mut host, WALLET, digest, b"short"));
}
