//! The two keys of a node: the consensus key signs proposals and votes, the network key names the node to its peers.

use alloy_primitives::{Address, B256, FixedBytes};
use arc_malachitebft_app::types::Keypair;
use arc_malachitebft_signing_ed25519::{PrivateKey, PublicKey, Signature};
use assay_primitives::{ConsensusAddress, certificate::Signature64};
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// What every proof of possession begins with.
pub const POSSESSION_PREFIX: &[u8] = b"assay 1 consensus key possession";

/// Address of a consensus key, as in Tendermint: the first 20 bytes of SHA-256 of the Ed25519 public key.
pub fn address_of(public_key: B256) -> ConsensusAddress {
    let digest = Sha256::digest(public_key);
    ConsensusAddress(digest.first_chunk::<20>().map_or(Address::ZERO, |head| Address::from(*head)))
}

/// Whether bytes are an Ed25519 public key: a point of the curve, in its one encoding.
pub fn is_public_key(bytes: B256) -> bool {
    PublicKey::from_bytes(bytes.0).is_ok()
}

/// Whether a signature is that of a public key over a message. A key off the curve has signed nothing.
pub fn verify_signature(public_key: B256, message: &[u8], signature: &Signature64) -> bool {
    PublicKey::from_bytes(public_key.0)
        .is_ok_and(|key| key.verify(message, &Signature::from_bytes(signature.0)).is_ok())
}

/// An Ed25519 consensus key. The seed is wiped when the key is dropped; the key of a running validator lives in its
/// signing guard alone.
#[derive(Clone)]
pub struct ConsensusKey {
    seed: Zeroizing<[u8; 32]>,
    public_key: B256,
}

impl ConsensusKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0u8; 32]);
        rand::rngs::OsRng.fill_bytes(seed.as_mut());
        Self::from_seed(seed)
    }

    /// The key of a 32-byte seed (RFC 8032 private key).
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self::from_seed(Zeroizing::new(bytes))
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        let public_key = B256::from(*PrivateKey::from(*seed).public_key().as_bytes());
        Self { seed, public_key }
    }

    /// The seed. Whoever calls this keeps it secret.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The public key.
    pub const fn public_key(&self) -> B256 {
        self.public_key
    }

    /// The address.
    pub fn address(&self) -> ConsensusAddress {
        address_of(self.public_key)
    }

    /// Proves that whoever registers this key for a purpose holds it: a signature over [`POSSESSION_PREFIX`] and the
    /// purpose. No consensus message begins like this, so the guard need not know of it.
    pub fn prove_possession(&self, purpose: &[u8]) -> Signature64 {
        self.sign(&[POSSESSION_PREFIX, purpose].concat())
    }

    /// Signs raw bytes. Consensus messages go through the signing guard, never through here.
    pub(crate) fn sign(&self, message: &[u8]) -> Signature64 {
        FixedBytes(PrivateKey::from(*self.seed).sign(message).to_bytes())
    }
}

impl fmt::Debug for ConsensusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsensusKey").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// An Ed25519 key that names the node on the network (libp2p).
#[derive(Clone)]
pub struct NetworkKey {
    seed: Zeroizing<[u8; 32]>,
    keypair: Keypair,
}

impl NetworkKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Self {
        loop {
            let mut seed = [0u8; 32];
            rand::rngs::OsRng.fill_bytes(&mut seed);
            // Every 32 bytes are a seed; the loop only spares an `expect`.
            if let Some(key) = Self::from_bytes(seed) {
                return key;
            }
        }
    }

    /// The key of a 32-byte seed; `None` where the network library refuses it.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        let seed = Zeroizing::new(bytes);
        let keypair = Keypair::ed25519_from_bytes(bytes).ok()?;
        Some(Self { seed, keypair })
    }

    /// The seed. Whoever calls this keeps it secret.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The peer id, in base 58, as it stands at the end of a peer's address (`/p2p/...`).
    pub fn peer_id(&self) -> String {
        self.keypair.public().to_peer_id().to_base58()
    }

    /// The library's own form.
    pub(crate) const fn keypair(&self) -> &Keypair {
        &self.keypair
    }
}

impl fmt::Debug for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkKey").field("peer_id", &self.peer_id()).finish_non_exhaustive()
    }
}
