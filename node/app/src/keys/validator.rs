//! The keys of a running validator, and its entry in a chain specification.

use super::dev::{DEV_FILE, dev_validator, read_dev_validator};
use super::keystore::{KeyKind, PublicPart, StoredKey, list, read_secret};
use super::{KeyError, Passphrase};
use crate::data_dir::DataDir;
use alloy_primitives::{Address, B256};
use assay_consensus::{ConsensusKey, NetworkKey};
use assay_genesis::{ChainSpec, GenesisValidator};
use assay_primitives::vrf::{RandomnessSecret, verify_possession};

/// The three keys of a validator.
#[derive(Clone, Debug)]
pub struct ValidatorKeys {
    /// Signs proposals and votes.
    pub consensus: ConsensusKey,
    /// Makes the chain's randomness.
    pub randomness: RandomnessSecret,
    /// Names the node to its peers.
    pub network: NetworkKey,
}

impl ValidatorKeys {
    /// The keys of three seeds.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn from_seeds(consensus: [u8; 32], randomness: [u8; 32], network: [u8; 32]) -> Result<Self, KeyError> {
        let invalid = |kind| KeyError::Invalid { kind, reason: "not a seed" };
        Ok(Self {
            consensus: ConsensusKey::from_bytes(consensus),
            randomness: RandomnessSecret::from_seed(randomness).ok_or(invalid(KeyKind::Randomness))?,
            network: NetworkKey::from_bytes(network).ok_or(invalid(KeyKind::Network))?,
        })
    }

    /// The validator as a specification lists it.
    pub fn genesis(&self, power: u64, fee_address: Address) -> GenesisValidator {
        let address = self.consensus.address();
        GenesisValidator {
            address,
            public_key: self.consensus.public_key(),
            power,
            randomness_key: self.randomness.public(),
            possession: self.randomness.prove_possession(address.0.as_slice()),
            fee_address,
            operator: None,
        }
    }
}

/// The keys that a node runs with.
#[derive(Clone, Debug)]
pub enum NodeKeys {
    /// Those of a validator.
    Validator(Box<ValidatorKeys>),
    /// That of a full node, which follows and serves but never votes.
    Full(Box<NetworkKey>),
}

impl NodeKeys {
    /// The validator's keys, if it is one.
    pub const fn validator(&self) -> Option<&ValidatorKeys> {
        match self {
            Self::Validator(keys) => Some(keys),
            Self::Full(_) => None,
        }
    }

    /// Names the node to its peers.
    pub const fn network(&self) -> &NetworkKey {
        match self {
            Self::Validator(keys) => &keys.network,
            Self::Full(key) => key,
        }
    }
}

/// Reads the keys of a data folder. One without a consensus and a randomness key is a full node's; its network key is
/// drawn anew at every start, unless a keystore holds one. `passphrase` is asked for only where a keystore must be opened.
///
/// # Errors
/// `Incomplete`, and those of keystores.
pub fn load(
    data_dir: &DataDir,
    spec: &ChainSpec,
    passphrase: impl FnOnce() -> Result<Passphrase, KeyError>,
) -> Result<NodeKeys, KeyError> {
    let folder = data_dir.keys();
    let keys = list(&folder)?;
    let voting = [KeyKind::Consensus, KeyKind::Randomness].into_iter().find(|kind| find(&keys, *kind).is_some());
    if let Some(there) = voting {
        let needed = [KeyKind::Consensus, KeyKind::Randomness, KeyKind::Network];
        if let Some(missing) = needed.into_iter().find(|kind| find(&keys, *kind).is_none()) {
            return Err(KeyError::Incomplete { folder, there, missing });
        }
    } else if !folder.join(DEV_FILE).exists() {
        let Some(stored) = find(&keys, KeyKind::Network) else {
            return Ok(NodeKeys::Full(Box::new(NetworkKey::generate())));
        };
        let invalid = KeyError::Invalid { kind: KeyKind::Network, reason: "not a seed" };
        let secret = read_secret(&stored.path, &passphrase()?)?;
        return NetworkKey::from_bytes(*secret).map(|key| NodeKeys::Full(Box::new(key))).ok_or(invalid);
    }
    load_validator(data_dir, spec, passphrase).map(|keys| NodeKeys::Validator(Box::new(keys)))
}

fn find(keys: &[StoredKey], kind: KeyKind) -> Option<&StoredKey> {
    keys.iter().find(|key| key.public.kind() == kind)
}

/// Reads the validator's keys of a data folder; `passphrase` is asked for only where a keystore must be opened.
///
/// # Errors
/// `NoValidator`, and those of keystores.
pub fn load_validator(
    data_dir: &DataDir,
    spec: &ChainSpec,
    passphrase: impl FnOnce() -> Result<Passphrase, KeyError>,
) -> Result<ValidatorKeys, KeyError> {
    let folder = data_dir.keys();
    let keys = list(&folder)?;
    let found = (find(&keys, KeyKind::Consensus), find(&keys, KeyKind::Randomness), find(&keys, KeyKind::Network));
    let validator = if let (Some(consensus), Some(randomness), Some(network)) = found {
        let passphrase = passphrase()?;
        let read = |key: &StoredKey| read_secret(&key.path, &passphrase);
        ValidatorKeys::from_seeds(*read(consensus)?, *read(randomness)?, *read(network)?)?
    } else if folder.join(DEV_FILE).exists() {
        read_dev_validator(&folder)?
    } else if spec.validators.iter().any(|v| is_dev(v.public_key)) {
        dev_validator()?
    } else {
        return Err(KeyError::NoValidator { folder, data_dir: data_dir.root().to_path_buf() });
    };
    Ok(validator)
}

/// Whether a consensus key is the development validator's, which is no secret.
pub fn is_dev(public_key: B256) -> bool {
    dev_validator().is_ok_and(|keys| keys.consensus.public_key() == public_key)
}

/// The entry of a folder's validator in a chain specification, from public parts alone. Fees go to the first account
/// key, if there is one. `None` where a key is missing or the possession was not proven for this consensus key.
pub fn genesis_entry(keys: &[StoredKey]) -> Option<GenesisValidator> {
    let fee_address = keys.iter().find_map(|key| match key.public {
        PublicPart::Account { address } => Some(address),
        _ => None,
    });
    let (address, public_key) = keys.iter().find_map(|key| match key.public {
        PublicPart::Consensus { consensus_address, public_key } => Some((consensus_address, public_key)),
        _ => None,
    })?;
    let (randomness_key, possession) = keys.iter().find_map(|key| match key.public {
        PublicPart::Randomness { public_key, possession } => Some((public_key, possession?)),
        _ => None,
    })?;
    verify_possession(randomness_key, address.0.as_slice(), &possession).ok()?;
    let fee_address = fee_address.unwrap_or_default();
    Some(GenesisValidator { address, public_key, power: 1, randomness_key, possession, fee_address, operator: None })
}
