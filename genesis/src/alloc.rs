//! Accounts of the first state.

use alloy_primitives::{Address, B256, Bytes, U256};
use borsh::BorshSerialize;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Most accounts in a specification.
pub const ALLOC_MAX: usize = 1_000_000;

/// One account of the first state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisAccount {
    /// Balance in wei: a hex quantity or a decimal string.
    #[serde(default)]
    pub balance: U256,
    /// Nonce.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nonce: u64,
    /// Runtime code.
    #[serde(default, skip_serializing_if = "bytes_empty")]
    #[borsh(serialize_with = "borsh_bytes")]
    pub code: Bytes,
    /// Storage, slot to value; zero values are refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub storage: BTreeMap<B256, B256>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn bytes_empty(value: &Bytes) -> bool {
    value.is_empty()
}

fn borsh_bytes<W: borsh::io::Write>(value: &Bytes, writer: &mut W) -> borsh::io::Result<()> {
    BorshSerialize::serialize(&value.as_ref(), writer)
}

/// All accounts by address. Unlike a plain map it refuses an address that is listed twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, BorshSerialize)]
#[serde(transparent)]
pub struct Alloc(pub BTreeMap<Address, GenesisAccount>);

impl<'de> Deserialize<'de> for Alloc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AllocVisitor)
    }
}

struct AllocVisitor;

impl<'de> Visitor<'de> for AllocVisitor {
    type Value = Alloc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from address to account")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Alloc, A::Error> {
        let mut accounts = BTreeMap::new();
        while let Some((address, account)) = map.next_entry::<Address, GenesisAccount>()? {
            if accounts.insert(address, account).is_some() {
                return Err(A::Error::custom(format_args!("alloc: {address} is listed twice")));
            }
            if accounts.len() > ALLOC_MAX {
                return Err(A::Error::custom(format_args!("alloc: more than {ALLOC_MAX} accounts")));
            }
        }
        Ok(Alloc(accounts))
    }
}
