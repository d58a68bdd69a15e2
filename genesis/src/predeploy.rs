//! Contracts that Ethereum's tools expect at fixed addresses, shipped as data and checked by hash.

use crate::SpecError;
use alloy_primitives::{Address, B256, Bytes, address, b256, keccak256};
use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};

/// Address of EIP-2935's contract, which the chain itself calls at the start of every block.
pub const HISTORY_STORAGE_ADDRESS: Address = address!("0x0000F90827F1C53a10cb7A02335B175320002935");

const SHIPPED: &str = include_str!("../data/predeploys.json");

/// The contracts this crate ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase")]
pub enum Predeploy {
    /// Multicall3: many calls in one.
    Multicall3,
    /// The deterministic deployment proxy: CREATE2 for everybody.
    Create2Proxy,
    /// EIP-2935: the hashes of the last 8,191 headers.
    HistoryStorage,
}

/// A shipped contract with its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredeployedContract {
    /// Which one.
    pub predeploy: Predeploy,
    /// Where it lives.
    pub address: Address,
    /// Its runtime code; the hash was checked.
    pub code: Bytes,
}

#[derive(Deserialize)]
struct ShippedFile {
    contracts: Vec<ShippedContract>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShippedContract {
    address: Address,
    code_hash: B256,
    code: Bytes,
}

impl Predeploy {
    /// Every shipped contract.
    pub fn all() -> Vec<Self> {
        vec![Self::Multicall3, Self::Create2Proxy, Self::HistoryStorage]
    }

    /// The address at which tools expect it.
    pub const fn address(self) -> Address {
        match self {
            Self::Multicall3 => address!("0xcA11bde05977b3631167028862bE2a173976CA11"),
            Self::Create2Proxy => address!("0x4e59b44847b379578588920cA78FbF26c0B4956C"),
            Self::HistoryStorage => HISTORY_STORAGE_ADDRESS,
        }
    }

    /// keccak of its runtime code, as block explorers and tools check it.
    pub const fn code_hash(self) -> B256 {
        match self {
            Self::Multicall3 => b256!("0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891"),
            Self::Create2Proxy => b256!("0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989"),
            Self::HistoryStorage => b256!("0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d"),
        }
    }

    /// The contract with its code from the shipped data.
    ///
    /// # Errors
    /// [`SpecError::Shipped`] where the data of this build miss it or its code does not have the published hash.
    pub fn contract(self) -> Result<PredeployedContract, SpecError> {
        let shipped: ShippedFile =
            serde_json::from_str(SHIPPED).map_err(|e| SpecError::Shipped(format!("predeploys.json: {e}")))?;
        let contract = shipped
            .contracts
            .into_iter()
            .find(|contract| contract.address == self.address())
            .ok_or_else(|| SpecError::Shipped(format!("predeploys.json lacks {self:?}")))?;
        let hash = keccak256(&contract.code);
        if hash != self.code_hash() || hash != contract.code_hash {
            return Err(SpecError::Shipped(format!("predeploys.json: code of {self:?} has hash {hash}")));
        }
        Ok(PredeployedContract { predeploy: self, address: contract.address, code: contract.code })
    }
}
