//! The chain specification itself and its canonical hash.

use crate::{Alloc, GenesisValidator, Params, Predeploy};
use alloy_primitives::{Address, B256, U256};
use assay_primitives::codec;
use assay_primitives::hash::{Domain, blake3_tagged};
use assay_primitives::{NetworkKind, TimestampMs, UpgradeSchedule, Validator};
use assay_staking::StakingParams;
use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};

/// Which consensus engine drives the chain; one network has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// Malachite, in the node's own process.
    #[default]
    Malachite,
}

/// Everything that the nodes of one network agree on before the first block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChainSpec {
    /// Name of the network: 1 to 32 characters of `a-z`, `0-9` and `-`.
    pub network: String,
    /// What kind of network it is; a file without it is a development network's.
    #[serde(default)]
    pub kind: NetworkKind,
    /// EIP-155 chain id, 1 to 2^53 - 1 (so that clients in JavaScript can hold it).
    pub chain_id: u64,
    /// The consensus engine.
    #[serde(default)]
    pub engine: Engine,
    /// Time of the genesis block; block 1 is later.
    pub genesis_time_ms: TimestampMs,
    /// Randomness before block 1 (`mixHash` of the genesis header); draw it after the validators' keys are fixed.
    pub randomness: B256,
    /// Sum of all allocated balances, the validators' bonds and the reserve of the issuance, in wei: written out, so that a
    /// slip in any of them is noticed.
    pub total_supply: U256,
    /// Parameters of the chain.
    pub params: Params,
    /// Parameters of staking.
    #[serde(default)]
    pub staking: StakingParams,
    /// Parameters of jobs.
    #[serde(default)]
    pub escrow: assay_escrow::Genesis,
    /// Heights of protocol upgrades.
    #[serde(default)]
    pub upgrades: UpgradeSchedule,
    /// The first validators.
    pub validators: Vec<GenesisValidator>,
    /// Agents that exist from the first block.
    #[serde(default)]
    pub identity: assay_identity::Genesis,
    /// Shipped contracts that exist from the first block.
    #[serde(default = "Predeploy::all")]
    pub predeploys: Vec<Predeploy>,
    /// Native tokens of the first state; none where it is left out.
    #[serde(default)]
    pub token: assay_token::Genesis,
    /// Accounts of the first state, predeployed contracts not among them.
    pub alloc: Alloc,
}

/// The canonical form: every value of the specification once, in a fixed order, without its JSON clothes.
#[derive(BorshSerialize)]
struct Canonical<'a> {
    version: u8,
    network: &'a str,
    kind: NetworkKind,
    chain_id: u64,
    engine: Engine,
    genesis_time_ms: u64,
    randomness: B256,
    total_supply: U256,
    params: &'a Params,
    staking: &'a StakingParams,
    escrow: &'a assay_escrow::Genesis,
    upgrades: Vec<(String, u64)>,
    validators: Vec<(Validator, [u8; 64], Address)>,
    identity: &'a assay_identity::Genesis,
    predeploys: Vec<(Predeploy, B256)>,
    alloc: &'a Alloc,
    token: &'a assay_token::Genesis,
}

/// Version of the canonical form.
const CANONICAL_VERSION: u8 = 3;

impl ChainSpec {
    /// Hash of the canonical form: the identity of the chain.
    pub fn hash(&self) -> B256 {
        blake3_tagged(Domain::ChainSpec, &[&self.canonical()])
    }

    /// The canonical encoding that is hashed.
    pub fn canonical(&self) -> Vec<u8> {
        let mut predeploys: Vec<_> = self.predeploys.iter().map(|p| (*p, p.code_hash())).collect();
        predeploys.sort_unstable();
        codec::encode(&Canonical {
            version: CANONICAL_VERSION,
            network: &self.network,
            kind: self.kind,
            chain_id: self.chain_id,
            engine: self.engine,
            genesis_time_ms: self.genesis_time_ms.get(),
            randomness: self.randomness,
            total_supply: self.total_supply,
            params: &self.params,
            staking: &self.staking,
            escrow: &self.escrow,
            upgrades: self.upgrades.iter().map(|(upgrade, from)| (format!("{upgrade:?}"), from.get())).collect(),
            validators: self
                .validators
                .iter()
                .zip(self.operators())
                .map(|(v, operator)| (v.to_validator(), v.possession.0, operator))
                .collect(),
            identity: &self.identity,
            predeploys,
            alloc: &self.alloc,
            token: &self.token,
        })
    }

    /// Wei that a genesis validator has bonded: its power, in power units.
    pub fn bond(&self, validator: &GenesisValidator) -> U256 {
        self.staking.power_unit.saturating_mul(U256::from(validator.power))
    }

    /// Wei that the staking module holds from the first block on: all bonds, and the reserve of the issuance.
    pub fn staked(&self) -> U256 {
        let bonds = self.validators.iter().map(|validator| self.bond(validator));
        bonds.fold(self.staking.issuance.reserve, U256::saturating_add)
    }

    /// What `total_supply` must be, in wei.
    pub fn supply(&self) -> U256 {
        self.alloc.0.values().map(|account| account.balance).fold(self.staked(), U256::saturating_add)
    }

    /// Who owns the bond of each validator, in their order: the one it names; else its fee address; else, where an earlier
    /// one has that, the address of its consensus key, from which nobody can call.
    pub fn operators(&self) -> Vec<Address> {
        let mut operators: Vec<Address> = Vec::new();
        for validator in &self.validators {
            let fees = Some(validator.fee_address).filter(|fees| !operators.contains(fees));
            operators.push(validator.operator.or(fees).unwrap_or(validator.address.0));
        }
        operators
    }

    /// Whether a shipped contract is part of this chain.
    pub fn has_predeploy(&self, predeploy: Predeploy) -> bool {
        self.predeploys.contains(&predeploy)
    }
}
