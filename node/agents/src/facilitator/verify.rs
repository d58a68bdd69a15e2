//! Checks against the chain: the token's own domain, the signature as the token will judge it, and the transfer itself
//! by simulation.

use super::Facilitator;
use super::payment::{ECDSA_BYTES, Payment, TokenDomain};
use super::reason::{self, Refusal, Trouble};
use super::terms::{check_window, now};
use crate::node::{Message, NodeError};
use alloy_primitives::{Address, Bytes, Signature, U256};
use alloy_sol_types::{Revert, SolCall, SolError as _};
use assay_abi::erc1271::isValidSignatureCall;
use assay_abi::token::INativeToken;
use std::sync::Arc;
use std::time::Instant;

/// What a token says, and the word for it.
const TOKEN_WORDS: [(&str, &str); 6] = [
    ("authorization is used or canceled", reason::NONCE_USED),
    ("authorization is expired", reason::VALID_BEFORE),
    ("authorization is not yet valid", reason::VALID_AFTER),
    ("transfer amount exceeds balance", reason::BALANCE),
    ("invalid signature", reason::SIGNATURE),
    ("ECDSA: ", reason::SIGNATURE),
];
/// Tokens whose domains are remembered.
const DOMAINS_MAX: usize = 1024;

impl From<NodeError> for Trouble {
    fn from(error: NodeError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A refusal of the token itself.
pub fn refused_by_token(data: &Bytes, message: &str) -> Refusal {
    let said = Revert::abi_decode(data).map(|revert| revert.reason).unwrap_or_default();
    let word = TOKEN_WORDS.iter().find(|(text, _)| said.contains(text)).map_or(reason::SIMULATION, |(_, word)| word);
    Refusal::new(word, message)
}

/// What became of a simulated call: what it returned, or the token's refusal.
fn judged<T>(outcome: Result<T, NodeError>) -> Result<T, Trouble> {
    outcome.map_err(|error| match error {
        NodeError::Reverted { message, data } => refused_by_token(&data, &message).into(),
        // Out of gas, or another exceptional end; everything else that the node refuses is our fault.
        NodeError::Refused { message, reason, .. } if reason == "halted" || message.contains("gas required") => {
            Refusal::new(reason::SIMULATION, message).into()
        }
        other => other.into(),
    })
}

impl Facilitator {
    /// Whether settling would succeed now.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn verify(&self, payment: &Payment) -> Result<(), Trouble> {
        self.check_terms(payment)?;
        let now = now();
        check_window(payment, now)?;
        let of = &payment.authorization;
        if self.ledger.is_taken(payment) {
            return Err(Refusal::used(of.from, of.nonce).into());
        }
        self.budgets.check(of.from, of.to, Instant::now())?;
        self.check_price().await.and_then(|least| least.check(payment))?;
        self.check_signature(payment).await?;
        let message = self.message(payment);
        judged(self.node.call(&message, Some(now)).await)?;
        self.ledger.verified(payment);
        Ok(())
    }

    /// The transfer, as this facilitator would send it.
    pub(super) fn message(&self, payment: &Payment) -> Message {
        let from = self.outboxes.first().map_or(Address::ZERO, crate::outbox::Outbox::address);
        Message {
            from,
            to: payment.terms.asset,
            input: payment.call_data(),
            value: U256::ZERO,
            gas: Some(self.config.gas_max),
        }
    }

    /// Gas that the transfer needs, which is also its simulation in the next block.
    pub(super) async fn estimate(&self, payment: &Payment) -> Result<u64, Trouble> {
        judged(self.node.estimate_gas(&self.message(payment)).await)
    }

    /// The token's domain is what the payee says, and the signature is the payer's under it.
    pub(super) async fn check_signature(&self, payment: &Payment) -> Result<(), Trouble> {
        let (terms, of) = (&payment.terms, &payment.authorization);
        if payment.is_counterfactual() {
            let message = "signatures that deploy a wallet first (ERC-6492) are not settled here";
            return Err(Refusal::new(reason::FACTORY, message).into());
        }
        let domain = self.domain(terms.asset).await?;
        if terms.name.as_deref() != Some(domain.name.as_str()) {
            let message = format!("extra.name must be {:?}", domain.name);
            return Err(Refusal::new(reason::TOKEN_NAME, message).into());
        }
        if terms.version.as_deref() != Some(domain.version.as_str()) {
            let message = format!("extra.version must be {:?}", domain.version);
            return Err(Refusal::new(reason::TOKEN_VERSION, message).into());
        }
        let digest = domain.digest(of);
        let wrong = |message: &str| Trouble::from(Refusal::new(reason::SIGNATURE, message));
        if self.node.code(of.from).await?.is_empty() {
            let bytes: &[u8; ECDSA_BYTES] = payment
                .signature
                .as_ref()
                .try_into()
                .map_err(|_| wrong("the payer has no code; its signature is 65 bytes"))?;
            let signature = Signature::from_raw_array(bytes).map_err(|_| wrong("not an ECDSA signature"))?;
            let signer = signature.recover_address_from_prehash(&digest).map_err(|_| wrong("nobody's signature"))?;
            return if signer == of.from { Ok(()) } else { Err(wrong("somebody else signed, or something else")) };
        }
        // A contract, or an account that delegates (EIP-7702): it judges by itself, as the token will ask it to.
        let call = isValidSignatureCall { hash: digest, signature: payment.signature.clone() };
        let message = Message {
            from: terms.asset,
            to: of.from,
            input: call.abi_encode().into(),
            value: U256::ZERO,
            gas: Some(self.config.gas_max),
        };
        match self.node.call(&message, None).await {
            Ok(answer) if answer.len() >= 32 && answer.starts_with(&isValidSignatureCall::SELECTOR) => Ok(()),
            Ok(_) | Err(NodeError::Reverted { .. }) => Err(wrong("the payer's wallet does not accept the signature")),
            Err(NodeError::Refused { reason, message, .. }) if reason == "halted" => Err(wrong(&message)),
            Err(error) => Err(error.into()),
        }
    }

    /// The domain of a token, asked for once.
    pub(super) async fn domain(&self, token: Address) -> Result<Arc<TokenDomain>, Trouble> {
        if let Some(domain) = self.domains.lock().get(&token) {
            return Ok(domain.clone());
        }
        if self.node.code(token).await?.is_empty() {
            return Err(Refusal::new(reason::NO_ASSET, format!("there is no token at {token}")).into());
        }
        let input = INativeToken::eip712DomainCall {}.abi_encode().into();
        let message =
            Message { from: Address::ZERO, to: token, input, value: U256::ZERO, gas: Some(self.config.gas_max) };
        let none = || Refusal::new(reason::NO_ASSET, format!("{token} tells no EIP-712 domain (EIP-5267)"));
        let answer = match self.node.call(&message, None).await {
            Ok(answer) => answer,
            Err(NodeError::Unreachable(error)) => return Err(Trouble::Unavailable(error)),
            Err(_) => return Err(none().into()),
        };
        let told = INativeToken::eip712DomainCall::abi_decode_returns(&answer).map_err(|_| none())?;
        if told.chainId != U256::from(self.chain_id) || told.verifyingContract != token {
            return Err(none().into());
        }
        let domain = TokenDomain { name: told.name, version: told.version, chain_id: told.chainId, token };
        let domain = Arc::new(domain);
        let mut domains = self.domains.lock();
        if domains.len() < DOMAINS_MAX {
            domains.insert(token, domain.clone());
        }
        Ok(domain)
    }

    /// The least value that covers the gas of settling it.
    pub(super) async fn check_price(&self) -> Result<LeastValue, Trouble> {
        let Some(coin_price) = self.config.coin_price else { return Ok(LeastValue(U256::ZERO)) };
        let fee = self.fees.now(&self.node).await?;
        let wei = U256::from(fee.max).saturating_mul(U256::from(TYPICAL_GAS));
        Ok(LeastValue(wei.saturating_mul(coin_price).checked_div(WEI_PER_COIN).unwrap_or_default()))
    }
}

/// Gas of an ordinary settlement.
const TYPICAL_GAS: u64 = 90_000;
/// Wei of a coin.
const WEI_PER_COIN: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// Atomic units that a payment must at least have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastValue(pub U256);

impl LeastValue {
    /// # Errors
    /// `invalid_exact_evm_authorization_value`.
    pub fn check(self, payment: &Payment) -> Result<(), Trouble> {
        if payment.authorization.value >= self.0 {
            return Ok(());
        }
        let message = format!("its gas costs as much as {} of the token", self.0);
        Err(Refusal::new(reason::VALUE_TOO_LOW, message).into())
    }
}
