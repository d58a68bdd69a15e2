//! The randomness VRF: schnorrkel over a key of its own, never the Ed25519 consensus key.
//!
//! `output = blake3(previous, VRF(key, previous, height))`. The output is unique for key and input; the proof is made
//! deterministic too, so that a restarted proposer rebuilds the same bytes.

use crate::Height;
use crate::hash::{Domain, blake3_tagged};
use alloy_primitives::{B256, FixedBytes};
use borsh::{BorshDeserialize, BorshSerialize};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use schnorrkel::context::{attach_rng, signing_context};
use schnorrkel::vrf::{VRFPreOut, VRFProof};
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey, PublicKey, Signature};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// The label under which schnorrkel expands the VRF output into the bytes that are hashed.
const OUTPUT_CONTEXT: &[u8] = b"assay randomness output";

/// A randomness proof does not verify.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum VrfError {
    /// The public key is not a point of the group.
    #[error("the randomness key is not a valid point")]
    Key,
    /// The proof does not belong to this key and input.
    #[error("the randomness proof does not verify")]
    Proof,
}

/// VRF pre-output and proof, as they stand in a system payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct RandomnessProof {
    /// The VRF pre-output: one compressed point.
    pub pre_output: B256,
    /// The DLEQ proof.
    pub proof: FixedBytes<64>,
}

impl Default for RandomnessProof {
    fn default() -> Self {
        Self { pre_output: B256::ZERO, proof: FixedBytes::ZERO }
    }
}

/// The secret half of a randomness key.
#[derive(Clone)]
pub struct RandomnessSecret {
    seed: [u8; 32],
    pair: Keypair,
}

impl fmt::Debug for RandomnessSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RandomnessSecret({})", self.public())
    }
}

fn input(previous: B256, height: Height) -> B256 {
    blake3_tagged(Domain::RandomnessInput, &[previous.as_slice(), &height.get().to_le_bytes()])
}

/// An rng for the proof's nonce, seeded by secret and message: the same proof each time, never a nonce twice for two
/// messages.
fn nonce_rng(seed: &[u8; 32], label: &[u8], message: B256) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(blake3_tagged(Domain::RandomnessInput, &[label, seed, message.as_slice()]).0)
}

impl RandomnessSecret {
    /// The key of a 32-byte seed.
    pub fn from_seed(seed: [u8; 32]) -> Option<Self> {
        let pair = MiniSecretKey::from_bytes(&seed).ok()?.expand_to_keypair(ExpansionMode::Ed25519);
        Some(Self { seed, pair })
    }

    /// The public key.
    pub fn public(&self) -> B256 {
        B256::from(self.pair.public.to_bytes())
    }

    /// Proves the randomness of a height.
    pub fn prove(&self, previous: B256, height: Height) -> RandomnessProof {
        let message = input(previous, height);
        let transcript = signing_context(Domain::RandomnessInput.context().as_bytes()).bytes(message.as_slice());
        let extra = attach_rng(merlin_vrf(), nonce_rng(&self.seed, b"vrf", message));
        let (in_out, proof, _) = self.pair.vrf_sign_extra(transcript, extra);
        RandomnessProof { pre_output: B256::from(in_out.to_preout().to_bytes()), proof: proof.to_bytes().into() }
    }

    /// Proof that this key is in the hands of whoever registers it for an owner.
    pub fn prove_possession(&self, owner: &[u8]) -> FixedBytes<64> {
        let message = blake3_tagged(Domain::RandomnessPossession, &[owner]);
        let transcript = signing_context(Domain::RandomnessPossession.context().as_bytes()).bytes(message.as_slice());
        self.pair.sign(attach_rng(transcript, nonce_rng(&self.seed, b"possession", message))).to_bytes().into()
    }
}

/// The transcript schnorrkel uses for VRF proofs without extra context; named here so that an rng can be attached.
fn merlin_vrf() -> impl schnorrkel::context::SigningTranscript {
    signing_context(b"VRF").bytes(b"assay")
}

/// Verifies a randomness proof and returns the header randomness of the height.
///
/// # Errors
/// `Key` for a public key off the curve, `Proof` for anything that the key's owner did not prove for this input.
pub fn verify(key: B256, previous: B256, height: Height, proof: &RandomnessProof) -> Result<B256, VrfError> {
    let public = PublicKey::from_bytes(key.as_slice()).map_err(|_| VrfError::Key)?;
    let pre_output = VRFPreOut::from_bytes(proof.pre_output.as_slice()).map_err(|_| VrfError::Proof)?;
    let dleq = VRFProof::from_bytes(proof.proof.as_slice()).map_err(|_| VrfError::Proof)?;
    let message = input(previous, height);
    let transcript = signing_context(Domain::RandomnessInput.context().as_bytes()).bytes(message.as_slice());
    let (in_out, _) =
        public.vrf_verify_extra(transcript, &pre_output, &dleq, merlin_vrf()).map_err(|_| VrfError::Proof)?;
    let output: [u8; 32] = in_out.make_bytes(OUTPUT_CONTEXT);
    Ok(blake3_tagged(Domain::Randomness, &[previous.as_slice(), &output]))
}

/// Verifies a proof of possession made by [`RandomnessSecret::prove_possession`].
///
/// # Errors
/// `Key` for a public key off the curve, `Proof` for a signature of somebody else or for another owner.
pub fn verify_possession(key: B256, owner: &[u8], proof: &FixedBytes<64>) -> Result<(), VrfError> {
    let public = PublicKey::from_bytes(key.as_slice()).map_err(|_| VrfError::Key)?;
    let signature = Signature::from_bytes(proof.as_slice()).map_err(|_| VrfError::Proof)?;
    let message = blake3_tagged(Domain::RandomnessPossession, &[owner]);
    let transcript = signing_context(Domain::RandomnessPossession.context().as_bytes()).bytes(message.as_slice());
    public.verify(transcript, &signature).map_err(|_| VrfError::Proof)
}
