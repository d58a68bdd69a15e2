//! Bounds, and the registries' part of genesis.

use crate::identity::mint::{self, Registration};
use crate::registries::registries;
use alloy_primitives::{Address, Bytes, address};
use assay_kernel::{CallError, Ctx};
use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest string of a call, in bytes.
pub const STRING_BYTES_MAX: usize = 2 << 10;
/// Longest metadata value, in bytes.
pub const METADATA_BYTES_MAX: usize = 8 << 10;
/// How far the deadline of a wallet's proof may lie ahead, in seconds.
pub const WALLET_DEADLINE_S_MAX: u64 = 300;
/// Largest feedback value, either way (reference implementation).
pub const FEEDBACK_VALUE_MAX: i128 = 100_000_000_000_000_000_000_000_000_000_000_000_000;
/// Most decimals of a feedback value.
pub const DECIMALS_MAX: u8 = 18;
/// Best response of a validator, and best score of a job.
pub const RESPONSE_MAX: u8 = 100;
/// Most agents in genesis, agent 0 not among them.
pub const GENESIS_AGENTS_MAX: usize = 1_000;
/// Most metadata entries of one agent in genesis.
pub const GENESIS_METADATA_MAX: usize = 32;

/// Owner of agent 0, which other standards read as "none": the system's address (EIP-4788), for which nobody signs.
pub const SYSTEM_OWNER: Address = address!("0xfffffffffffffffffffffffffffffffffffffffe");

/// Agents that exist from the first block, numbered from 1 in their order. Agent 0 is the system's on every chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Genesis {
    /// The agents.
    #[serde(default)]
    pub agents: Vec<GenesisAgent>,
}

/// An agent of genesis; its wallet is its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisAgent {
    /// Who owns it.
    pub owner: Address,
    /// Where its registration file lies.
    #[serde(default)]
    pub uri: String,
    /// Its metadata.
    #[serde(default)]
    pub metadata: Vec<GenesisMetadata>,
}

/// One metadata entry of an agent of genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisMetadata {
    /// Its key; not `agentWallet`.
    pub key: String,
    /// Its value.
    pub value: Bytes,
}

/// What is wrong with the registries' part of genesis.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// Too many agents.
    #[error("{0} agents, at most {GENESIS_AGENTS_MAX}")]
    Agents(usize),
    /// An agent of nobody.
    #[error("agent {0} is owned by the zero address")]
    Owner(usize),
    /// A string or value over its bound.
    #[error("agent {0} has a string or a value that is too long, or too many metadata entries")]
    TooLong(usize),
    /// The key that stands for the wallet.
    #[error("agent {0} sets the reserved key agentWallet")]
    ReservedKey(usize),
}

impl Genesis {
    /// Checks every rule of this part.
    ///
    /// # Errors
    /// The first broken rule; agents are counted from 1.
    pub fn validate(&self) -> Result<(), GenesisError> {
        if self.agents.len() > GENESIS_AGENTS_MAX {
            return Err(GenesisError::Agents(self.agents.len()));
        }
        for (number, agent) in (1..).zip(&self.agents) {
            let mut strings = std::iter::once(&agent.uri).chain(agent.metadata.iter().map(|entry| &entry.key));
            let too_long = strings.any(|string| string.len() > STRING_BYTES_MAX)
                || agent.metadata.len() > GENESIS_METADATA_MAX
                || agent.metadata.iter().any(|entry| entry.value.len() > METADATA_BYTES_MAX);
            if agent.owner == Address::ZERO {
                return Err(GenesisError::Owner(number));
            }
            if too_long {
                return Err(GenesisError::TooLong(number));
            }
            if agent.metadata.iter().any(|entry| entry.key == mint::WALLET_KEY) {
                return Err(GenesisError::ReservedKey(number));
            }
        }
        Ok(())
    }

    /// Registers agent 0 for the system, and the agents of this part.
    ///
    /// # Errors
    /// `Halted`, `Fault`; `Reverted` where the part is not valid.
    pub fn apply(&self, ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        debug_assert_eq!(ctx.address(), registries(ctx).identity);
        mint::mint(ctx, SYSTEM_OWNER, &Registration::default())?;
        for agent in &self.agents {
            let metadata = agent.metadata.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
            mint::mint(ctx, agent.owner, &Registration { uri: Some(agent.uri.clone()), metadata })?;
        }
        Ok(())
    }
}
