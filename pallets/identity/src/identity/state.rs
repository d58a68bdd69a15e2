//! Everything that the identity registry stores.

use crate::params::{METADATA_BYTES_MAX, STRING_BYTES_MAX};
use crate::types::Blob;
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{Item, Map};

/// The next agent's id, which is also how many agents there are. Grows only.
pub const NEXT_ID: Item<u64> = Item::new("identity.next_id");
/// Agent -> its owner; one per agent, never deleted.
pub const OWNERS: Map<U256, Address> = Map::new("identity.owners");
/// Owner -> how many agents it owns; deleted at zero.
pub const BALANCES: Map<Address, u64> = Map::new("identity.balances");
/// Agent -> who may act for it beside owner and operators; deleted by a transfer.
pub const APPROVED: Map<U256, Address> = Map::new("identity.approved");
/// (owner, operator) -> may act for all agents of the owner; deleted by the owner.
pub const OPERATORS: Map<(Address, Address), bool> = Map::new("identity.operators");
/// Agent -> its wallet; deleted by a transfer and by whoever may act for the agent.
pub const WALLETS: Map<U256, Address> = Map::new("identity.wallets");
/// Agent -> where its registration file lies.
pub const URIS: Map<U256, Blob<STRING_BYTES_MAX>> = Map::new("identity.uris");
/// (agent, keccak of the key) -> metadata value; deleted by an empty value.
pub const METADATA: Map<(U256, B256), Blob<METADATA_BYTES_MAX>> = Map::new("identity.metadata");
