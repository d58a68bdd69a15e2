//! Everything that is stored. A token's items lie under the token's own account, the factory's under the factory's.

use crate::types::{Control, Holding, Metadata};
use alloy_primitives::{Address, B256};
use assay_kernel::{Item, Map};

// The factory.

/// Id that the next created token gets; none stored: 2. One number, never deleted.
pub(crate) const NEXT_ID: Item<u64> = Item::new("token.next_id");
/// Whether genesis made the default token, id 1. One flag, never deleted.
pub(crate) const DEFAULT: Item<bool> = Item::new("token.default");

// Each token.

/// Name, symbol, decimals. One record, never changed.
pub(crate) const METADATA: Item<Metadata> = Item::new("token.metadata");
/// Hash of the EIP-712 domain. One word, never changed.
pub(crate) const DOMAIN: Item<B256> = Item::new("token.domain");
/// Owner and pause. One word, never deleted.
pub(crate) const CONTROL: Item<Control> = Item::new("token.control");
/// Who may take the ownership over. One word, deleted when taken or withdrawn.
pub(crate) const PENDING_OWNER: Item<Address> = Item::new("token.pending_owner");
/// Sum of all balances. One number.
pub(crate) const SUPPLY: Item<u128> = Item::new("token.supply");
/// Account -> balance and block. One word for each account that ever held; zero again where nothing is left.
pub(crate) const HOLDINGS: Map<Address, Holding> = Map::new("token.holdings");
/// Owner and spender -> allowance. One word for each pair that is not zero.
pub(crate) const ALLOWANCES: Map<(Address, Address), alloy_primitives::U256> = Map::new("token.allowances");
/// Account -> permits used (EIP-2612). One number for each account that ever signed one.
pub(crate) const PERMITS: Map<Address, u64> = Map::new("token.permits");
/// Authorizer and nonce -> used or cancelled (EIP-3009). One flag for each, never deleted.
pub(crate) const AUTHORIZATIONS: Map<(Address, B256), bool> = Map::new("token.authorizations");
/// Account -> whether it is a minter. Deleted when removed.
pub(crate) const MINTERS: Map<Address, bool> = Map::new("token.minters");
/// Minter -> what it may still make. Deleted when used up or removed.
pub(crate) const MINTABLE: Map<Address, alloy_primitives::U256> = Map::new("token.mintable");
