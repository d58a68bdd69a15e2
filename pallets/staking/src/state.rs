//! Everything the module stores, once.

use crate::params::StakingParams;
use crate::types::{AgentBond, Delegation, KeyRecord, Pool, Seat, SetRecord, UnbondingPool, Validator};
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{Item, List, Map};

/// The parameters; written by genesis.
pub(crate) const PARAMS: Item<StakingParams> = Item::new("staking.params");
/// Wei of the account's balance that somebody has a claim on, or that lie in reserve; what is above is income.
pub(crate) const ACCOUNTED: Item<u128> = Item::new("staking.accounted");
/// Wei that may still be issued; slashed stake comes back here.
pub(crate) const RESERVE: Item<u128> = Item::new("staking.reserve");

/// All operators that ever had a validator, in order of registration; nobody deletes.
pub(crate) const OPERATORS: List<Address> = List::new("staking.operators");
/// Operator -> validator; nobody deletes.
pub(crate) const VALIDATORS: Map<Address, Validator> = Map::new("staking.validators");
/// Operator -> stake; nobody deletes.
pub(crate) const POOLS: Map<Address, Pool> = Map::new("staking.pools");
/// Operator, delegator -> shares; deleted with the last share and reward.
pub(crate) const DELEGATIONS: Map<(Address, Address), Delegation> = Map::new("staking.delegations");
/// Operator, epoch -> what was undelegated; deleted with the last share.
pub(crate) const UNBONDING_POOLS: Map<(Address, u64), UnbondingPool> = Map::new("staking.unbonding_pools");
/// Operator, delegator, epoch -> shares of that pool; deleted by the withdrawal.
pub(crate) const UNBONDING: Map<(Address, Address, u64), u128> = Map::new("staking.unbonding");

/// Agent, role -> bond; deleted with its last wei.
pub(crate) const AGENT_BONDS: Map<(U256, u8), AgentBond> = Map::new("staking.agent_bonds");
/// Agent, role, module, job -> wei that the module has locked; deleted when it releases or slashes them.
pub(crate) const AGENT_LOCKS: Map<(U256, u8, Address, U256), u128> = Map::new("staking.agent_locks");
/// Wei in all bonds of agents.
pub(crate) const AGENT_BONDS_TOTAL: Item<u128> = Item::new("staking.agent_bonds_total");

/// Candidates for the set, at most [`crate::params::CANDIDATES_MAX`], in no order; whoever is none any more is removed.
pub(crate) const CANDIDATES: List<Address> = List::new("staking.candidates");
/// Address of a consensus key -> its operator; for ever, so that no key comes twice.
pub(crate) const KEY_OWNERS: Map<Address, Address> = Map::new("staking.key_owners");
/// Randomness key -> its operator; for ever.
pub(crate) const RANDOMNESS_OWNERS: Map<B256, Address> = Map::new("staking.randomness_owners");

/// How many key records there are.
pub(crate) const KEY_COUNT: Item<u32> = Item::new("staking.key_count");
/// Number -> keys of a member of a set; nobody deletes.
pub(crate) const KEYS: Map<u32, KeyRecord> = Map::new("staking.keys");
/// Number of the newest set, counted from 1; 0 before genesis.
pub(crate) const SET_NEWEST: Item<u64> = Item::new("staking.set_newest");
/// Number of the oldest set that is kept.
pub(crate) const SET_OLDEST: Item<u64> = Item::new("staking.set_oldest");
/// Number -> first height of the set; deleted with it.
pub(crate) const SET_FROM: Map<u64, u64> = Map::new("staking.set_from");
/// Number -> members; kept for [`crate::params::SET_HEIGHTS`], one is deleted per block.
pub(crate) const SETS: Map<u64, SetRecord> = Map::new("staking.sets");
/// Not zero in a block after which the keys or members of the newest set have to change.
pub(crate) const SET_DIRTY: Item<bool> = Item::new("staking.set_dirty");

/// Seat -> who sits there, at most [`crate::params::SET_MAX`]; deleted when it leaves the set.
pub(crate) const SEATS: Map<u8, Seat> = Map::new("staking.seats");
/// Height modulo 16 -> positions in the set of that height that have not signed yet; cleared once it counts.
pub(crate) const PENDING_ABSENCES: Map<u64, U256> = Map::new("staking.pending_absences");
/// Height modulo the window -> seats that were absent; overwritten a window later.
pub(crate) const ABSENCES: Map<u64, U256> = Map::new("staking.absences");
