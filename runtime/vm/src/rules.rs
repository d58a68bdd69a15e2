//! The rules of a chain, as a value: Assay's own and Ethereum's run in the same executor.

use alloy_primitives::Address;
use assay_primitives::{Bps, NetworkKind};
use revm::primitives::hardfork::SpecId;
use std::str::FromStr;
use thiserror::Error;

/// Ethereum's forks that change execution, by their names in state tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fork {
    /// July 2015.
    Frontier,
    /// EIP-2, EIP-7.
    Homestead,
    /// EIP-150; `EIP150` in tests.
    Tangerine,
    /// EIP-155 to EIP-170; `EIP158` in tests.
    SpuriousDragon,
    /// REVERT, STATICCALL, precompiles 5 to 8.
    Byzantium,
    /// EIP-145, EIP-1014, EIP-1052; `ConstantinopleFix` in tests.
    Petersburg,
    /// EIP-1884, EIP-2200.
    Istanbul,
    /// EIP-2929, EIP-2930.
    Berlin,
    /// EIP-1559, EIP-3529, EIP-3541.
    London,
    /// Proof of stake; `Merge` in tests.
    Paris,
    /// EIP-3651, EIP-3855, EIP-3860.
    Shanghai,
    /// EIP-1153, EIP-4844, EIP-5656, EIP-6780.
    Cancun,
    /// EIP-2537, EIP-2935, EIP-7623, EIP-7702.
    Prague,
    /// EIP-7825, EIP-7883, EIP-7939, EIP-7951.
    Osaka,
}

/// A fork name that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown fork {0:?}")]
pub struct UnknownFork(pub String);

impl FromStr for Fork {
    type Err = UnknownFork;

    fn from_str(name: &str) -> Result<Self, UnknownFork> {
        Ok(match name {
            "Frontier" => Self::Frontier,
            "Homestead" => Self::Homestead,
            "EIP150" | "Tangerine" => Self::Tangerine,
            "EIP158" | "SpuriousDragon" => Self::SpuriousDragon,
            "Byzantium" => Self::Byzantium,
            "ConstantinopleFix" | "Petersburg" => Self::Petersburg,
            "Istanbul" => Self::Istanbul,
            "Berlin" => Self::Berlin,
            "London" => Self::London,
            "Merge" | "Paris" => Self::Paris,
            "Shanghai" => Self::Shanghai,
            "Cancun" => Self::Cancun,
            "Prague" => Self::Prague,
            "Osaka" => Self::Osaka,
            _ => return Err(UnknownFork(name.to_owned())),
        })
    }
}

impl Fork {
    /// revm's name for it.
    pub(crate) const fn spec(self) -> SpecId {
        match self {
            Self::Frontier => SpecId::FRONTIER,
            Self::Homestead => SpecId::HOMESTEAD,
            Self::Tangerine => SpecId::TANGERINE,
            Self::SpuriousDragon => SpecId::SPURIOUS_DRAGON,
            Self::Byzantium => SpecId::BYZANTIUM,
            Self::Petersburg => SpecId::PETERSBURG,
            Self::Istanbul => SpecId::ISTANBUL,
            Self::Berlin => SpecId::BERLIN,
            Self::London => SpecId::LONDON,
            Self::Paris => SpecId::MERGE,
            Self::Shanghai => SpecId::SHANGHAI,
            Self::Cancun => SpecId::CANCUN,
            Self::Prague => SpecId::PRAGUE,
            Self::Osaka => SpecId::OSAKA,
        }
    }
}

/// Where the base fee goes. Priority fees always go to the block's beneficiary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSplit {
    /// Share of the base fee that is burned (EIP-1559: all of it).
    pub burned: Bps,
    /// Who receives the rest; `None`: the block's beneficiary.
    pub collector: Option<Address>,
}

impl FeeSplit {
    /// EIP-1559: the whole base fee is burned.
    pub const ETHEREUM: Self = Self { burned: Bps::WHOLE, collector: None };
}

/// Everything about execution that differs between chains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRules {
    /// Ethereum's fork.
    pub fork: Fork,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The kind of network, which native modules may ask for.
    pub network: NetworkKind,
    /// Whether EIP-4844 transactions are valid.
    pub blobs: bool,
    /// Where the base fee goes.
    pub fee_split: FeeSplit,
    /// The 0xEF rule: deployed code may start with `0xEFF000`, `0xEFF001` or `0xEFF002` (WASM programs and their
    /// fragments). Off: EIP-3541 alone decides.
    pub native_code_rule: bool,
    /// Largest gas limit of a transaction (EIP-7825); `None`: as the fork has it.
    pub tx_gas_limit_cap: Option<u64>,
    /// Most blobs of a transaction; `None`: as many as the fork allows.
    pub blobs_per_tx_max: Option<u64>,
    /// EIP-4844 update fraction of the blob base fee; `None`: as the fork has it.
    pub blob_base_fee_update_fraction: Option<u64>,
}

impl ChainRules {
    /// Assay's rules: Osaka without blobs, with the 0xEF rule.
    pub const fn assay(chain_id: u64, network: NetworkKind, fee_split: FeeSplit) -> Self {
        Self {
            fork: Fork::Osaka,
            chain_id,
            network,
            blobs: false,
            fee_split,
            native_code_rule: true,
            tx_gas_limit_cap: None,
            blobs_per_tx_max: None,
            blob_base_fee_update_fraction: None,
        }
    }

    /// Ethereum's rules at a fork.
    pub const fn ethereum(fork: Fork, chain_id: u64) -> Self {
        Self {
            fork,
            chain_id,
            network: NetworkKind::Main,
            blobs: true,
            fee_split: FeeSplit::ETHEREUM,
            native_code_rule: false,
            tx_gas_limit_cap: None,
            blobs_per_tx_max: None,
            blob_base_fee_update_fraction: None,
        }
    }
}
