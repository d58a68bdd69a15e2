//! Validators of the first block, with proof that they hold their randomness keys.

use alloy_primitives::{Address, B256, FixedBytes};
use assay_primitives::{ConsensusAddress, Validator};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A validator as a specification lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisValidator {
    /// Address of the consensus key; must be that of `public_key`.
    pub address: ConsensusAddress,
    /// Ed25519 public key that signs proposals and votes.
    pub public_key: B256,
    /// Voting power, above zero.
    pub power: u64,
    /// Key of the randomness VRF (schnorrkel).
    pub randomness_key: B256,
    /// Signature by the randomness key over the consensus address.
    pub possession: FixedBytes<64>,
    /// Ethereum address that receives the fees of this validator's blocks.
    pub fee_address: Address,
    /// Ethereum account that owns the bond and manages the validator; the fee address by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Address>,
}

impl GenesisValidator {
    /// The validator as consensus sees it.
    pub const fn to_validator(&self) -> Validator {
        Validator {
            address: self.address,
            public_key: self.public_key,
            power: self.power,
            randomness_key: self.randomness_key,
            fee_address: self.fee_address,
        }
    }
}

/// The consensus address of an Ed25519 public key: the first 20 bytes of its SHA-256, as in Tendermint.
pub fn consensus_address(public_key: B256) -> ConsensusAddress {
    let digest = B256::from_slice(Sha256::digest(public_key).as_slice());
    ConsensusAddress(Address::from_slice(digest.get(..20).unwrap_or(&[0; 20])))
}
