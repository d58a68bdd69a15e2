//! Keystores: web3's version 3 (scrypt, AES-128-CTR), with the public part of the key beside it in clear.

use super::{KeyError, Passphrase};
use crate::data_dir::write_new;
use alloy_primitives::{Address, B256, FixedBytes};
use alloy_signer_local::PrivateKeySigner;
use assay_consensus::{ConsensusKey, NetworkKey};
use assay_primitives::ConsensusAddress;
use assay_primitives::vrf::RandomnessSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest keystore that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Most memory that a keystore's scrypt may ask for: 128 * n * r bytes.
const SCRYPT_BYTES_MAX: u64 = 1 << 30;
/// Most rounds of PBKDF2.
const PBKDF2_ROUNDS_MAX: u64 = 10_000_000;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Signs proposals and votes.
    Consensus,
    /// Makes the chain's randomness.
    Randomness,
    /// Names the node to its peers.
    Network,
    /// An Ethereum account.
    Account,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Consensus => "consensus",
            Self::Randomness => "randomness",
            Self::Network => "network",
            Self::Account => "account",
        })
    }
}

/// What everybody may know of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum PublicPart {
    /// Of a consensus key.
    Consensus {
        /// Its address.
        consensus_address: ConsensusAddress,
        /// Ed25519.
        public_key: B256,
    },
    /// Of a randomness key.
    Randomness {
        /// schnorrkel.
        public_key: B256,
        /// Proof of possession for a consensus address, made when the key was stored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        possession: Option<FixedBytes<64>>,
    },
    /// Of a network key.
    Network {
        /// As at the end of a peer's address.
        peer_id: String,
    },
    /// Of an account. The field is that of other programs' keystores.
    Account {
        /// Its address.
        address: Address,
    },
}

impl PublicPart {
    /// The public part of a secret; a randomness key proves its possession for an owner.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn of(kind: KeyKind, secret: &[u8; 32], owner: Option<ConsensusAddress>) -> Result<Self, KeyError> {
        let invalid = |reason| KeyError::Invalid { kind, reason };
        Ok(match kind {
            KeyKind::Consensus => {
                let key = ConsensusKey::from_bytes(*secret);
                Self::Consensus { consensus_address: key.address(), public_key: key.public_key() }
            }
            KeyKind::Randomness => {
                let key = RandomnessSecret::from_seed(*secret).ok_or_else(|| invalid("not a seed"))?;
                let possession = owner.map(|owner| key.prove_possession(owner.0.as_slice()));
                Self::Randomness { public_key: key.public(), possession }
            }
            KeyKind::Network => {
                let key = NetworkKey::from_bytes(*secret).ok_or_else(|| invalid("not a seed"))?;
                Self::Network { peer_id: key.peer_id() }
            }
            KeyKind::Account => {
                let key = PrivateKeySigner::from_slice(secret).map_err(|_| invalid("not a scalar of secp256k1"))?;
                Self::Account { address: key.address() }
            }
        })
    }

    /// What the key is for.
    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Consensus { .. } => KeyKind::Consensus,
            Self::Randomness { .. } => KeyKind::Randomness,
            Self::Network { .. } => KeyKind::Network,
            Self::Account { .. } => KeyKind::Account,
        }
    }
}

/// A keystore in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredKey {
    /// File name without its ending.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The public part.
    #[serde(flatten)]
    pub public: PublicPart,
}

/// Encrypts a key into a folder, under `name`, and returns where it lies. Never replaces a key.
///
/// # Errors
/// `Exists`, `Io`.
pub fn store(
    folder: &Path,
    name: &str,
    public: &PublicPart,
    secret: &[u8; 32],
    passphrase: &Passphrase,
) -> Result<PathBuf, KeyError> {
    let path = folder.join(format!("{name}.json"));
    if path.exists() {
        return Err(KeyError::Exists { path });
    }
    let io = |error| KeyError::Io { path: path.clone(), error };
    // The library writes files only: into a folder of our own, from which the keystore is taken with its public part.
    let draft = tempfile::Builder::new().prefix(".draft").tempdir_in(folder).map_err(io)?;
    let encrypted =
        eth_keystore::encrypt_key(draft.path(), &mut rand::rngs::OsRng, secret, passphrase.as_str(), Some("key"));
    let malformed = |reason: String| KeyError::Malformed { path: path.clone(), reason };
    encrypted.map_err(|error| malformed(error.to_string()))?;
    let text = std::fs::read_to_string(draft.path().join("key")).map_err(io)?;
    let mut keystore: Value = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let clear = serde_json::to_value(public).map_err(|error| malformed(error.to_string()))?;
    if let (Some(keystore), Value::Object(clear)) = (keystore.as_object_mut(), clear) {
        keystore.extend(clear);
    }
    let text = serde_json::to_string_pretty(&keystore).map_err(|error| malformed(error.to_string()))?;
    write_new(&path, format!("{text}\n").as_bytes()).map_err(io)?;
    Ok(path)
}

/// The keystores of a folder, by name.
///
/// # Errors
/// `Malformed` for a file that is no keystore of ours, `Io`.
pub fn list(folder: &Path) -> Result<Vec<StoredKey>, KeyError> {
    let io = |error| KeyError::Io { path: folder.to_path_buf(), error };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_key = path.extension().is_some_and(|ending| ending == "json") && !name.starts_with('.');
        if !is_key || path.ends_with(super::DEV_FILE) {
            continue;
        }
        let malformed =
            |error: serde_json::Error| KeyError::Malformed { path: path.clone(), reason: error.to_string() };
        let public = serde_json::from_value(read_json(&path)?).map_err(malformed)?;
        keys.push(StoredKey { name, path, public });
    }
    keys.sort_by(|a, b| (a.public.kind(), &a.name).cmp(&(b.public.kind(), &b.name)));
    Ok(keys)
}

fn read_json(path: &Path) -> Result<Value, KeyError> {
    use std::io::Read as _;
    let io = |error| KeyError::Io { path: path.to_path_buf(), error };
    let mut text = String::new();
    std::fs::File::open(path).map_err(io)?.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io)?;
    serde_json::from_str(&text)
        .map_err(|error| KeyError::Malformed { path: path.to_path_buf(), reason: error.to_string() })
}

/// Decrypts any web3 keystore of version 3 that holds 32 bytes.
///
/// # Errors
/// `WrongPassphrase`, `Malformed`, `Io`.
pub fn read_secret(path: &Path, passphrase: &Passphrase) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let malformed = |reason: String| KeyError::Malformed { path: path.to_path_buf(), reason };
    check_demands(&read_json(path)?).map_err(|reason| malformed(reason.to_owned()))?;
    let secret = eth_keystore::decrypt_key(path, passphrase.as_str()).map_err(|error| match error {
        eth_keystore::KeystoreError::MacMismatch => KeyError::WrongPassphrase { path: path.to_path_buf() },
        other => malformed(other.to_string()),
    })?;
    let secret = Zeroizing::new(secret);
    let bytes: [u8; 32] = secret.as_slice().try_into().map_err(|_| malformed("not 32 bytes".to_owned()))?;
    Ok(Zeroizing::new(bytes))
}

/// The library trusts lengths and costs that a file states; a damaged or hostile one must end in an error instead.
fn check_demands(keystore: &Value) -> Result<(), &'static str> {
    let crypto = keystore.get("crypto").ok_or("no `crypto`")?;
    let hex_bytes = |value: Option<&Value>| value.and_then(Value::as_str).map_or(0, |text| text.len().div_euclid(2));
    if crypto.get("cipher").and_then(Value::as_str) != Some("aes-128-ctr") {
        return Err("the cipher is not aes-128-ctr");
    }
    if hex_bytes(crypto.get("cipherparams").and_then(|params| params.get("iv"))) != 16 {
        return Err("the initialisation vector is not 16 bytes");
    }
    let params = crypto.get("kdfparams").ok_or("no `kdfparams`")?;
    let number = |name: &str| params.get(name).and_then(Value::as_u64).unwrap_or(0);
    if number("dklen") != 32 {
        return Err("dklen is not 32");
    }
    if let Some(rounds) = params.get("c").and_then(Value::as_u64) {
        return if (1..=PBKDF2_ROUNDS_MAX).contains(&rounds) { Ok(()) } else { Err("c is out of bounds") };
    }
    let (n, r, p) = (number("n"), number("r"), number("p"));
    let memory = n.saturating_mul(r).saturating_mul(128);
    if !n.is_power_of_two() || n < 2 || memory == 0 || memory > SCRYPT_BYTES_MAX || !(1..=16).contains(&p) {
        return Err("the scrypt parameters are out of bounds");
    }
    Ok(())
}
