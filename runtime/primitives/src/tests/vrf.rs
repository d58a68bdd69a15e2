//! The randomness VRF: unique output, deterministic proof, nothing verifies but the right key and input.

use crate::Height;
use crate::vrf::{RandomnessSecret, VrfError, verify, verify_possession};
use alloy_primitives::B256;

#[test]
fn proofs_verify_and_repeat() {
    let secret = RandomnessSecret::from_seed([7; 32]).unwrap();
    let previous = B256::repeat_byte(3);
    let proof = secret.prove(previous, Height(9));
    assert_eq!(proof, secret.prove(previous, Height(9)));
    let randomness = verify(secret.public(), previous, Height(9), &proof).unwrap();
    assert_ne!(randomness, B256::ZERO);
    assert_eq!(verify(secret.public(), previous, Height(10), &proof), Err(VrfError::Proof));
    assert_eq!(verify(secret.public(), B256::ZERO, Height(9), &proof), Err(VrfError::Proof));
    let other = RandomnessSecret::from_seed([8; 32]).unwrap();
    assert_eq!(verify(other.public(), previous, Height(9), &proof), Err(VrfError::Proof));
}

#[test]
fn every_flipped_bit_of_a_proof_is_refused() {
    let secret = RandomnessSecret::from_seed([7; 32]).unwrap();
    let proof = secret.prove(B256::ZERO, Height(1));
    for bit in 0..512 {
        let mut bad = proof;
        bad.proof.0[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(secret.public(), B256::ZERO, Height(1), &bad), Err(VrfError::Proof), "bit {bit}");
    }
    for bit in 0..256 {
        let mut bad = proof;
        bad.pre_output.0[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(secret.public(), B256::ZERO, Height(1), &bad), Err(VrfError::Proof), "bit {bit}");
    }
}

#[test]
fn possession_is_bound_to_the_owner() {
    let secret = RandomnessSecret::from_seed([1; 32]).unwrap();
    let proof = secret.prove_possession(b"validator a");
    assert_eq!(verify_possession(secret.public(), b"validator a", &proof), Ok(()));
    assert_eq!(verify_possession(secret.public(), b"validator b", &proof), Err(VrfError::Proof));
}
