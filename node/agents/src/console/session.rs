//! A node, the chain it serves, and the key that signs, if any.

use super::amount::AmountError;
use crate::fees::Fees;
use crate::node::{Message, NodeClient, NodeError, Receipt};
use crate::outbox::{Outbox, OutgoingCall, Stage};
use alloy_primitives::{Address, B256, U256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use assay_abi::identity::Registries;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// How long a transaction may take to a block.
const PATIENCE: Duration = Duration::from_secs(60);
/// Wei of a gwei: the tip. 500 of it are the most that is offered.
const GWEI: u128 = 1_000_000_000;
/// Of an estimate, added to it: state may change before the block.
const GAS_MARGIN_DIVISOR: u64 = 4;

/// Why a command has no result.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// The node does not answer or refuses.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// An amount that is none.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// Nothing that answers like this.
    #[error("{0}")]
    Answer(String),
    /// A command that sends, without a key.
    #[error("this sends a transaction: give --key, or --dev-account on a development chain")]
    NoKey,
    /// The transaction reverted although its simulation did not.
    #[error("transaction {0} reverted")]
    Reverted(B256),
    /// It is with the node and in no block yet.
    #[error("transaction {0} is not in a block yet")]
    Slow(B256),
    /// It could not be sent.
    #[error("the transaction was not sent: {0}")]
    NotSent(String),
}

/// See the head of the file.
#[derive(Clone, Debug)]
pub struct Session {
    node: NodeClient,
    chain_id: u64,
    signer: Option<PrivateKeySigner>,
}

impl Session {
    /// Asks a node for its chain.
    ///
    /// # Errors
    /// `Node`.
    pub async fn open(url: &str, signer: Option<PrivateKeySigner>) -> Result<Self, ConsoleError> {
        let node = NodeClient::new(url)?;
        let chain_id = node.chain_id().await?;
        Ok(Self { node, chain_id, signer })
    }

    /// The chain's id.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The account that signs.
    ///
    /// # Errors
    /// `NoKey`.
    pub fn account(&self) -> Result<Address, ConsoleError> {
        self.signer.as_ref().map(PrivateKeySigner::address).ok_or(ConsoleError::NoKey)
    }

    /// Who a view is asked as.
    fn asker(&self) -> Address {
        self.signer.as_ref().map(PrivateKeySigner::address).unwrap_or_default()
    }

    /// The registries of this chain: those of test networks, or else of main networks.
    ///
    /// # Errors
    /// `Answer` where there are none.
    pub async fn registries(&self) -> Result<Registries, ConsoleError> {
        for registries in [Registries::TEST, Registries::MAIN] {
            if !self.node.code(registries.identity).await?.is_empty() {
                return Ok(registries);
            }
        }
        Err(ConsoleError::Answer("this chain has no ERC-8004 registries".to_owned()))
    }

    /// Seconds since 1970: the later of the newest block's time, which may be old, and the clock of this machine.
    ///
    /// # Errors
    /// `Node`.
    pub async fn now(&self) -> Result<u64, ConsoleError> {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(self.node.head().await?.timestamp.to::<u64>().max(clock))
    }

    /// What a view returns.
    ///
    /// # Errors
    /// `Node` with the reason of a revert, `Answer` for what is no answer of such a function.
    pub async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, ConsoleError> {
        let message = Message { from: self.asker(), to, input: call.abi_encode().into(), value: U256::ZERO, gas: None };
        let answer = self.node.call(&message, None).await?;
        C::abi_decode_returns(&answer)
            .map_err(|_| ConsoleError::Answer(format!("{to} does not answer to {}", C::SIGNATURE)))
    }

    /// Sends a call and waits for its block. What would revert is not sent.
    ///
    /// # Errors
    /// All of [`ConsoleError`].
    pub async fn send<C: SolCall>(&self, to: Address, call: &C) -> Result<Receipt, ConsoleError> {
        self.pay(to, call, U256::ZERO).await
    }

    /// As [`Session::send`], with coins, in wei.
    ///
    /// # Errors
    /// All of [`ConsoleError`].
    pub async fn pay<C: SolCall>(&self, to: Address, call: &C, value: U256) -> Result<Receipt, ConsoleError> {
        let signer = self.signer.clone().ok_or(ConsoleError::NoKey)?;
        let message = Message { from: signer.address(), to, input: call.abi_encode().into(), value, gas: None };
        let gas = self.node.estimate_gas(&message).await?;
        let gas = gas.saturating_add(gas.checked_div(GAS_MARGIN_DIVISOR).unwrap_or_default());
        let fees = Fees::new(GWEI, GWEI.saturating_mul(500));
        let outbox = Outbox::start(self.node.clone(), fees, self.chain_id, signer);
        let sent = outbox.send(OutgoingCall { to, input: message.input, value, gas });
        let mut stage = sent.map_err(|full| ConsoleError::NotSent(full.to_string()))?;
        let ended = |stage: &Stage| matches!(stage, Stage::Mined(_) | Stage::Failed { .. });
        let waited = tokio::time::timeout(PATIENCE, stage.wait_for(ended)).await;
        let waited = waited.map(|end| end.map(|end| end.clone()));
        let end = match waited {
            Ok(Ok(end)) => end,
            _ => stage.borrow().clone(),
        };
        match end {
            Stage::Mined(receipt) if receipt.succeeded() => Ok(*receipt),
            Stage::Mined(receipt) => Err(ConsoleError::Reverted(receipt.transaction_hash)),
            Stage::Sent(hash) | Stage::Failed { hash: Some(hash), .. } => Err(ConsoleError::Slow(hash)),
            Stage::Failed { reason, .. } => Err(ConsoleError::NotSent(reason)),
            Stage::Queued => Err(ConsoleError::NotSent("the node does not answer".to_owned())),
        }
    }
}
