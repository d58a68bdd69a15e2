//! The words in `invalidReason` and `errorReason`, as the reference facilitator (`@x402/evm` 2.27.0) spells them.

use alloy_primitives::{Address, B256};

/// The body is not what the protocol says.
pub const INVALID_PAYLOAD: &str = "invalid_payload";
/// The requirements are not what the protocol says, or name a token that is not accepted here.
pub const INVALID_REQUIREMENTS: &str = "invalid_payment_requirements";
/// Neither version 1 nor 2.
pub const INVALID_VERSION: &str = "invalid_x402_version";
/// Not `exact`.
pub const SCHEME: &str = "invalid_exact_evm_scheme";
/// Another chain, or two different ones.
pub const NETWORK: &str = "invalid_exact_evm_network_mismatch";
/// Not an EIP-3009 authorization.
pub const PAYLOAD_TYPE: &str = "unsupported_payload_type";
/// `extra` lacks name or version.
pub const NO_DOMAIN: &str = "invalid_exact_evm_missing_eip712_domain";
/// The asset has no code.
pub const NO_ASSET: &str = "asset_not_deployed_contract";
/// The asset's name is another one.
pub const TOKEN_NAME: &str = "invalid_exact_evm_token_name_mismatch";
/// The asset's version is another one.
pub const TOKEN_VERSION: &str = "invalid_exact_evm_token_version_mismatch";
/// The payment goes to somebody else.
pub const RECIPIENT: &str = "invalid_exact_evm_recipient_mismatch";
/// This facilitator does not serve the payee.
pub const RECEIVER_NOT_ALLOWED: &str = "receiver_not_allowed";
/// Not the amount asked for.
pub const VALUE: &str = "invalid_exact_evm_payload_authorization_value_mismatch";
/// Less than settling costs.
pub const VALUE_TOO_LOW: &str = "invalid_exact_evm_authorization_value";
/// Expired, or about to.
pub const VALID_BEFORE: &str = "invalid_exact_evm_payload_authorization_valid_before";
/// Not valid yet.
pub const VALID_AFTER: &str = "invalid_exact_evm_payload_authorization_valid_after";
/// Not the payer's signature.
pub const SIGNATURE: &str = "invalid_exact_evm_signature";
/// ERC-6492: no factory is allowed.
pub const FACTORY: &str = "eip6492_factory_not_allowed";
/// Used or cancelled.
pub const NONCE_USED: &str = "invalid_exact_evm_nonce_already_used";
/// The payer has less.
pub const BALANCE: &str = "invalid_exact_evm_insufficient_balance";
/// The token would refuse.
pub const SIMULATION: &str = "invalid_exact_evm_transaction_simulation_failed";
/// The transaction reverted.
pub const FAILED: &str = "invalid_exact_evm_transaction_failed";
/// It succeeded, and moved something else.
pub const TRANSFER_EVENT: &str = "invalid_exact_evm_transfer_event_mismatch";
/// Sent, not yet in a block: ask again.
pub const PENDING: &str = "settlement_pending";
/// The payer has used up what this facilitator spends on one payer.
pub const PAYER_BUDGET: &str = "payer_budget_exceeded";
/// The payee has used up what this facilitator spends on one payee.
pub const PAYEE_BUDGET: &str = "payee_budget_exceeded";
/// This facilitator failed; nothing is wrong with the payment.
pub const VERIFY_FAULT: &str = "unexpected_verify_error";
/// This facilitator failed; nothing is wrong with the payment.
pub const SETTLE_FAULT: &str = "unexpected_settle_error";

/// Why a payment is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One of the words above.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// The transaction, where one was sent.
    pub transaction: Option<B256>,
}

impl Refusal {
    /// A refusal before anything was sent.
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), transaction: None }
    }

    /// The authorization is spent.
    pub fn used(payer: Address, nonce: B256) -> Self {
        Self::new(NONCE_USED, format!("the authorization {nonce} of {payer} is used or cancelled"))
    }

    /// With the transaction it is about.
    pub fn with(self, transaction: Option<B256>) -> Self {
        Self { transaction, ..self }
    }
}

/// Why a payment is not judged: refused, or the node gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The payment's fault.
    Refused(Refusal),
    /// Ours.
    Unavailable(String),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
