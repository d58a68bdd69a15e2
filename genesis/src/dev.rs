//! The development network: one validator and 256 funded accounts whose keys everybody knows.

use crate::{
    Alloc, BaseFeeParams, ChainSpec, Engine, FeeSplit, GenesisAccount, GenesisValidator, Params, Predeploy, SpecError,
    Timing,
};
use alloy_primitives::{Address, B256, U256};
use assay_identity::{GenesisAgent, GenesisMetadata};
use assay_primitives::{Bps, NetworkKind, TimestampMs, UpgradeSchedule};
use assay_staking::StakingParams;
use assay_token::GenesisToken;

/// Chain id of a development network, as tools expect it.
pub const DEV_CHAIN_ID: u64 = 31_337;
/// Name of a development network.
pub const DEV_NETWORK: &str = "assay-dev";
/// The mnemonic of the funded accounts, at m/44'/60'/0'/0/i.
pub const DEV_MNEMONIC: &str = "test test test test test test test test test test test junk";
/// Coins of each funded account.
pub const DEV_COINS: u64 = 10_000;
/// Name and symbol of the default token of development and test networks.
pub const DEV_TOKEN: &str = "assayUSD";
/// Whole default tokens of each funded account.
pub const DEV_TOKENS: u64 = 1_000_000;
/// Decimals of the default token.
const DEV_TOKEN_DECIMALS: u8 = 6;
/// Smallest units of one default token.
const DEV_TOKEN_UNIT: u64 = 1_000_000;
/// Smallest units of one coin.
pub const WEI_PER_COIN: u64 = 1_000_000_000_000_000_000;

const ACCOUNTS: &str = include_str!("../data/dev-accounts.txt");

/// Addresses of the 256 accounts of [`DEV_MNEMONIC`], in order of derivation.
///
/// # Errors
/// [`SpecError::Shipped`] where the data of this build are damaged.
pub fn dev_accounts() -> Result<Vec<Address>, SpecError> {
    ACCOUNTS
        .lines()
        .map(|line| {
            Address::parse_checksummed(line, None).map_err(|e| SpecError::Shipped(format!("dev-accounts.txt: {e}")))
        })
        .collect()
}

/// The default token, held by the accounts in equal parts; the first of them is its owner.
fn default_token(accounts: &[Address]) -> GenesisToken {
    let balance = U256::from(DEV_TOKENS).saturating_mul(U256::from(DEV_TOKEN_UNIT));
    GenesisToken {
        name: DEV_TOKEN.to_owned(),
        symbol: DEV_TOKEN.to_owned(),
        decimals: DEV_TOKEN_DECIMALS,
        owner: accounts.first().copied().unwrap_or_default(),
        total_supply: balance.saturating_mul(U256::from(accounts.len())),
        holders: accounts.iter().map(|account| (*account, balance)).collect(),
    }
}

impl Params {
    /// Parameters of a development network, and a sound start for another one.
    pub const fn dev() -> Self {
        Self {
            gas_limit: 120_000_000,
            base_fee: BaseFeeParams { initial: 1_000_000_000, min: 1_000_000, elasticity: 2, denominator: 8 },
            fee_split: FeeSplit { burned: Bps(10_000), creator: Bps(0), stakers: Bps(0) },
            timing: Timing {
                propose_timeout_ms: 1_000,
                propose_timeout_delta_ms: 500,
                vote_timeout_ms: 300,
                vote_timeout_delta_ms: 200,
                block_interval_ms: 500,
                clock_drift_ms: 500,
            },
        }
    }
}

impl ChainSpec {
    /// A development network of one validator that starts at a time.
    ///
    /// # Errors
    /// [`SpecError::Shipped`] where the data of this build are damaged, or what [`ChainSpec::validate`] finds.
    pub fn dev(validator: GenesisValidator, genesis_time_ms: TimestampMs) -> Result<Self, SpecError> {
        let accounts = dev_accounts()?;
        let balance = U256::from(DEV_COINS).saturating_mul(U256::from(WEI_PER_COIN));
        let account = GenesisAccount { balance, ..GenesisAccount::default() };
        let mut spec = Self {
            network: DEV_NETWORK.to_owned(),
            kind: NetworkKind::Dev,
            chain_id: DEV_CHAIN_ID,
            engine: Engine::Malachite,
            genesis_time_ms,
            randomness: B256::ZERO,
            total_supply: U256::ZERO,
            params: Params::dev(),
            staking: StakingParams::dev(),
            escrow: assay_escrow::Genesis::of_network(NetworkKind::Dev),
            upgrades: UpgradeSchedule::default(),
            validators: vec![validator],
            identity: dev_agents(&accounts),
            predeploys: Predeploy::all(),
            token: assay_token::Genesis { tokens: vec![default_token(&accounts)] },
            alloc: Alloc(accounts.into_iter().map(|address| (address, account.clone())).collect()),
        };
        spec.total_supply = spec.supply();
        spec.validate()?;
        Ok(spec)
    }
}

/// Name and what it does, of the agents that a development network starts with.
const AGENTS: [(&str, &str); 3] = [
    ("Echo", "repeats what it is told"),
    ("Summary", "shortens long texts"),
    ("Watch", "checks what other agents did"),
];

/// Agents 1 to 3, owned by development accounts 10 to 12, each with its registration file in its URI (ERC-8004).
fn dev_agents(accounts: &[Address]) -> assay_identity::Genesis {
    let agents = AGENTS.iter().zip(accounts.iter().skip(10)).map(|((name, does), owner)| GenesisAgent {
        owner: *owner,
        uri: format!(
            "data:application/json,{{\"type\":\"https://eips.ethereum.org/EIPS/eip-8004#registration-v1\",\
             \"name\":\"{name}\",\"description\":\"{does}\",\"image\":\"\",\"services\":[],\"active\":true}}"
        ),
        metadata: vec![GenesisMetadata { key: "name".to_owned(), value: (*name).into() }],
    });
    assay_identity::Genesis { agents: agents.collect() }
}
