//! The tokens of a chain's first state.

use crate::handlers::factory::make;
use crate::ledger;
use crate::params::{
    DECIMALS_MAX, GENESIS_HOLDERS_MAX, GENESIS_TOKENS_MAX, NAME_BYTES_MAX, SUPPLY_MAX, SYMBOL_BYTES_MAX,
};
use crate::state::{DEFAULT, NEXT_ID};
use crate::types::Metadata;
use alloy_primitives::{Address, U256};
use assay_kernel::{CallError, Ctx};
use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The token module's part of a specification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Genesis {
    /// Tokens that exist from the first block, at most 64, with ids from 1 in this order; the first is the default token.
    pub tokens: Vec<GenesisToken>,
}

/// A token of the first state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisToken {
    /// 1 to 64 bytes.
    pub name: String,
    /// 1 to 16 bytes.
    pub symbol: String,
    /// At most 18.
    pub decimals: u8,
    /// Who rules it; not the zero address.
    pub owner: Address,
    /// Sum of all balances, in the smallest unit: written out, so that a slip among the holders is noticed.
    pub total_supply: U256,
    /// Balances, in the smallest unit, none of them zero; at most 100,000.
    pub holders: BTreeMap<Address, U256>,
}

/// Why the part cannot be used. The text starts with the field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// More than 64 tokens.
    #[error("token.tokens: {0} tokens exceed the bound of {GENESIS_TOKENS_MAX}")]
    TooManyTokens(usize),
    /// Empty or too long.
    #[error("token.tokens[{token}].{field}: not 1 to {max} bytes")]
    Text {
        /// Position of the token, from 0.
        token: usize,
        /// `name` or `symbol`.
        field: &'static str,
        /// Most bytes.
        max: usize,
    },
    /// More than 18 decimals.
    #[error("token.tokens[{0}].decimals: over {DECIMALS_MAX}")]
    Decimals(usize),
    /// Nobody owns it.
    #[error("token.tokens[{0}].owner: the zero address")]
    Owner(usize),
    /// More than 100,000 holders.
    #[error("token.tokens[{0}].holders: more than {GENESIS_HOLDERS_MAX}")]
    TooManyHolders(usize),
    /// The zero address, or a balance of zero.
    #[error("token.tokens[{token}].holders[{holder}]: the zero address, or nothing held")]
    Holder {
        /// Position of the token, from 0.
        token: usize,
        /// The holder.
        holder: Address,
    },
    /// The balances do not sum to the supply, or the supply exceeds 2^128 - 1.
    #[error("token.tokens[{0}].totalSupply: not the sum of the holders' balances, or over 2^128 - 1")]
    Supply(usize),
}

impl Genesis {
    /// Checks every bound.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn validate(&self) -> Result<(), GenesisError> {
        if self.tokens.len() > GENESIS_TOKENS_MAX {
            return Err(GenesisError::TooManyTokens(self.tokens.len()));
        }
        self.tokens.iter().enumerate().try_for_each(|(index, token)| token.validate(index))
    }
}

impl GenesisToken {
    fn validate(&self, token: usize) -> Result<(), GenesisError> {
        let text = |field, text: &str, max| {
            if (1..=max).contains(&text.len()) { Ok(()) } else { Err(GenesisError::Text { token, field, max }) }
        };
        text("name", &self.name, NAME_BYTES_MAX)?;
        text("symbol", &self.symbol, SYMBOL_BYTES_MAX)?;
        if self.decimals > DECIMALS_MAX {
            return Err(GenesisError::Decimals(token));
        }
        if self.owner.is_zero() {
            return Err(GenesisError::Owner(token));
        }
        if self.holders.len() > GENESIS_HOLDERS_MAX {
            return Err(GenesisError::TooManyHolders(token));
        }
        let mut sum = U256::ZERO;
        for (holder, balance) in &self.holders {
            if holder.is_zero() || balance.is_zero() {
                return Err(GenesisError::Holder { token, holder: *holder });
            }
            sum = sum.checked_add(*balance).ok_or(GenesisError::Supply(token))?;
        }
        if sum == self.total_supply && sum <= U256::from(SUPPLY_MAX) {
            Ok(())
        } else {
            Err(GenesisError::Supply(token))
        }
    }
}

/// Makes the tokens, in the factory's frame. Genesis emits no events: block 0 has no receipts.
///
/// # Errors
/// `Halted(OutOfGas)`, `Fault`; `Reverted` where the part was not validated.
pub fn init(ctx: &mut Ctx<'_>, genesis: &Genesis) -> Result<(), CallError> {
    if genesis.tokens.is_empty() {
        return Ok(());
    }
    let mut id = 1u64;
    for token in &genesis.tokens {
        let metadata = Metadata { name: token.name.clone(), symbol: token.symbol.clone(), decimals: token.decimals };
        let address = make(ctx, id, &metadata, token.owner)?;
        ctx.act_for(address, |ctx| {
            token.holders.iter().try_for_each(|(holder, balance)| ledger::create(ctx, *holder, *balance))
        })?;
        id = id.saturating_add(1);
    }
    DEFAULT.set(ctx, &true)?;
    NEXT_ID.set(ctx, &id)
}
