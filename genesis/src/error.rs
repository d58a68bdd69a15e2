//! Why a specification cannot be used, with the field to look at.

use alloy_primitives::{Address, U256};
use assay_primitives::vrf::VrfError;
use assay_primitives::{ConsensusAddress, ValidatorSetError};
use thiserror::Error;

/// Why a specification is refused. The text starts with the field.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SpecError {
    /// More bytes than a specification may have.
    #[error("{size} bytes exceed the bound of {bound}")]
    TooLarge {
        /// Size given.
        size: usize,
        /// Largest size allowed.
        bound: usize,
    },
    /// Not JSON, or a value of the wrong type.
    #[error("{0}")]
    Json(String),
    /// A key that no specification has.
    #[error("unknown key `{key}` at line {line} column {column}{}", suggestion(.nearest.as_deref()))]
    UnknownKey {
        /// The key.
        key: String,
        /// The known key that is nearest to it, where one is near.
        nearest: Option<String>,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The network's name is empty, too long or has characters outside `a-z 0-9 -`.
    #[error("network: `{0}` is not 1 to 32 characters of a-z, 0-9 and -")]
    Network(String),
    /// A number outside its bounds.
    #[error("{field}: {value} is not in {min}..={max}")]
    OutOfRange {
        /// Path of the field.
        field: &'static str,
        /// The number given.
        value: u64,
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// The agents of the first block.
    #[error("identity: {0}")]
    Identity(#[from] assay_identity::GenesisError),
    /// The shares of the base fee are not the whole.
    #[error("params.feeSplit: the shares sum to {0}, not 10000")]
    FeeSplit(u32),
    /// Creator and stakers both have a share.
    #[error("params.feeSplit: what is not burned goes to the creator or to the stakers, not to both")]
    FeeReceivers,
    /// A parameter of jobs out of its bounds.
    #[error(transparent)]
    Escrow(#[from] assay_escrow::GenesisError),
    /// A parameter of staking out of its bounds.
    #[error(transparent)]
    Staking(#[from] assay_staking::ParamsError),
    /// A bond below the least that a validator must have of its own.
    #[error("validators[{index}].power: a bond of so many power units is less than staking.selfBondMin")]
    Bond {
        /// Position in the list, from 0.
        index: usize,
    },
    /// The sum of the allocated balances, bonds and reserve is not the declared supply.
    #[error("totalSupply: declared {declared} wei, but allocations, bonds and reserve sum to {sum}")]
    TotalSupply {
        /// What the specification declares.
        declared: U256,
        /// What it allocates, bonds and reserves.
        sum: U256,
    },
    /// The sum of the allocated balances does not fit into 128 bits.
    #[error("alloc: the balances exceed 2^128 - 1 wei")]
    SupplyOverflow,
    /// More accounts than [`crate::ALLOC_MAX`].
    #[error("alloc: {0} accounts exceed the bound of {max}", max = crate::ALLOC_MAX)]
    TooManyAccounts(usize),
    /// An account that cannot stand in a first state.
    #[error("alloc[{address}]: {problem}")]
    Account {
        /// The account.
        address: Address,
        /// What is wrong with it.
        problem: AccountProblem,
    },
    /// The list of validators is no validator set.
    #[error("validators: {0}")]
    Validators(#[from] ValidatorSetError),
    /// A consensus address that is not that of the public key.
    #[error("validators[{index}].address: {given} is not the address of the public key, which is {expected}")]
    ValidatorAddress {
        /// Position in the list, from 0.
        index: usize,
        /// The address given.
        given: ConsensusAddress,
        /// The address of the key.
        expected: ConsensusAddress,
    },
    /// The validator does not hold its randomness key.
    #[error("validators[{index}].possession: {error}")]
    Possession {
        /// Position in the list, from 0.
        index: usize,
        /// What the proof failed on.
        error: VrfError,
    },
    /// Two validators with one key.
    #[error("validators[{index}].{field}: the key of an earlier validator")]
    SharedKey {
        /// Position in the list, from 0.
        index: usize,
        /// Which key.
        field: &'static str,
    },
    /// Fees would go to nobody.
    #[error("validators[{index}].feeAddress: the zero address")]
    FeeAddress {
        /// Position in the list, from 0.
        index: usize,
    },
    /// A shipped contract that is listed twice.
    #[error("predeploys: {0:?} is listed twice")]
    PredeployTwice(crate::Predeploy),
    /// The tokens of the first state.
    #[error(transparent)]
    Token(#[from] assay_token::GenesisError),
    /// A native module cannot make its first state of its part of the specification.
    #[error("{module}: {reason}")]
    Module {
        /// The module.
        module: &'static str,
        /// What it says.
        reason: String,
    },
    /// The data shipped with this build are damaged.
    #[error("shipped data: {0}")]
    Shipped(String),
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|key| format!(", did you mean `{key}`?")).unwrap_or_default()
}

/// What is wrong with an account of a first state.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum AccountProblem {
    /// Neither nonce, balance nor code: EIP-161 would delete it.
    #[error("the account is empty")]
    Empty,
    /// A contract that ships with the chain lives there.
    #[error("{0:?} is predeployed there")]
    Predeployed(crate::Predeploy),
    /// Over EIP-170's bound.
    #[error("{0} bytes of code exceed EIP-170's 24576")]
    CodeSize(usize),
    /// Code that starts with 0xEF and is no EIP-7702 delegation.
    #[error("the code starts with 0xEF (EIP-3541)")]
    CodePrefix,
    /// A slot with value zero does not exist.
    #[error("storage slot {0} is set to zero")]
    ZeroSlot(alloy_primitives::B256),
    /// An account at one of the addresses 1 to 0xffff, where precompiles and native modules live.
    #[error("the address is reserved for precompiles and native modules")]
    Reserved,
}
