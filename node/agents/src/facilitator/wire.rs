//! Bodies of `/verify` and `/settle`, versions 2 and 1, and the answers. Unknown fields are ignored; numbers may stand
//! as decimal strings or as JSON integers.
//!
//! | | version 2 | version 1 |
//! |---|---|---|
//! | scheme, network of the payer | `paymentPayload.accepted` | `paymentPayload` |
//! | amount | `paymentRequirements.amount` | `paymentRequirements.maxAmountRequired` |
//! | network | CAIP-2 | CAIP-2 here; the names of its closed list mean other chains |

use super::payment::{Authorization, Payment, Terms};
use super::reason::{self, Refusal};
use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest signature, in bytes. Wallets of several owners concatenate theirs.
const SIGNATURE_BYTES_MAX: usize = 4096;
/// Longest name, scheme, network or number, in bytes.
const WORD_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    x402_version: Option<u64>,
    payment_payload: PayloadBody,
    payment_requirements: RequirementsBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayloadBody {
    x402_version: Option<u64>,
    accepted: Option<AcceptedBody>,
    scheme: Option<String>,
    network: Option<String>,
    payload: Value,
}

#[derive(Deserialize)]
struct AcceptedBody {
    scheme: String,
    network: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequirementsBody {
    scheme: String,
    network: String,
    asset: String,
    amount: Option<Value>,
    max_amount_required: Option<Value>,
    pay_to: String,
    extra: Option<ExtraBody>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtraBody {
    name: Option<String>,
    version: Option<String>,
    payment_flow: Option<String>,
    asset_transfer_method: Option<String>,
}

#[derive(Deserialize)]
struct ExactBody {
    signature: Option<String>,
    authorization: AuthorizationBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationBody {
    from: String,
    to: String,
    value: Value,
    valid_after: Value,
    valid_before: Value,
    nonce: String,
}

fn payload(message: impl Into<String>) -> Refusal {
    Refusal::new(reason::INVALID_PAYLOAD, message)
}

fn requirements(message: impl Into<String>) -> Refusal {
    Refusal::new(reason::INVALID_REQUIREMENTS, message)
}

fn word(text: String, field: &str) -> Result<String, Refusal> {
    let fits = text.len() <= WORD_BYTES_MAX;
    if fits { Ok(text) } else { Err(payload(format!("{field} is longer than {WORD_BYTES_MAX} bytes"))) }
}

fn address(text: &str) -> Option<Address> {
    // `Address` also reads hex without its prefix, which nobody writes.
    text.starts_with("0x").then(|| text.parse().ok()).flatten()
}

/// A number as a decimal string or a JSON integer; never negative, hex or fractional.
fn number(value: &Value) -> Option<U256> {
    match value {
        Value::Number(number) => number.as_u64().map(U256::from),
        Value::String(text) => {
            let digits = !text.is_empty() && text.len() <= 78 && text.bytes().all(|b| b.is_ascii_digit());
            if digits { U256::from_str_radix(text, 10).ok() } else { None }
        }
        _ => None,
    }
}

/// Reads a body.
///
/// # Errors
/// `invalid_payload`, `invalid_payment_requirements`, `invalid_x402_version`, `unsupported_payload_type`.
pub fn decode(body: &[u8]) -> Result<Payment, Refusal> {
    let body: Body = serde_json::from_slice(body).map_err(|error| payload(error.to_string()))?;
    let inner = body.payment_payload.x402_version;
    let version = body.x402_version.or(inner).unwrap_or_default();
    if !(1..=2).contains(&version) || inner.is_some_and(|inner| inner != version) {
        return Err(Refusal::new(
            reason::INVALID_VERSION,
            "x402Version must be 2 (or 1), the same in body and payload",
        ));
    }
    let terms = terms(version, body.payment_requirements)?;
    let PayloadBody { accepted, scheme, network, payload, .. } = body.payment_payload;
    let (scheme, network) = chosen(version, accepted, scheme, network)?;
    let (authorization, signature) = exact(payload)?;
    Ok(Payment { scheme: word(scheme, "scheme")?, network: word(network, "network")?, authorization, signature, terms })
}

/// Scheme and network that the payer chose.
fn chosen(
    version: u64,
    accepted: Option<AcceptedBody>,
    scheme: Option<String>,
    network: Option<String>,
) -> Result<(String, String), Refusal> {
    match (version, accepted, scheme, network) {
        (2, Some(accepted), ..) => Ok((accepted.scheme, accepted.network)),
        (1, _, Some(scheme), Some(network)) => Ok((scheme, network)),
        (2, ..) => Err(payload("paymentPayload.accepted is missing")),
        _ => Err(payload("paymentPayload.scheme or paymentPayload.network is missing")),
    }
}

fn terms(version: u64, body: RequirementsBody) -> Result<Terms, Refusal> {
    let extra = body.extra.unwrap_or_default();
    if extra.asset_transfer_method.as_deref().is_some_and(|method| method != "eip3009") {
        return Err(Refusal::new(reason::PAYLOAD_TYPE, "extra.assetTransferMethod: only eip3009 is settled here"));
    }
    let amount = if version == 1 { body.max_amount_required } else { body.amount };
    let amount = amount.as_ref().and_then(number);
    Ok(Terms {
        scheme: word(body.scheme, "scheme")?,
        network: word(body.network, "network")?,
        asset: address(&body.asset).ok_or_else(|| requirements("asset is not an address"))?,
        amount: amount.ok_or_else(|| requirements("the amount is missing or not a decimal number"))?,
        pay_to: address(&body.pay_to).ok_or_else(|| requirements("payTo is not an address"))?,
        name: extra.name,
        version: extra.version,
        delivers_once: extra.payment_flow.is_some_and(|flow| flow != "authorization"),
    })
}

fn exact(body: Value) -> Result<(Authorization, Bytes), Refusal> {
    if body.get("authorization").is_none() {
        return Err(Refusal::new(reason::PAYLOAD_TYPE, "the payload is no EIP-3009 authorization"));
    }
    let body: ExactBody = serde_json::from_value(body).map_err(|error| payload(error.to_string()))?;
    let of = body.authorization;
    let account = |text: &str, field| address(text).ok_or_else(|| payload(format!("{field} is not an address")));
    let whole = |value: &Value, field| number(value).ok_or_else(|| payload(format!("{field} is not a decimal number")));
    let nonce = of.nonce.starts_with("0x").then(|| of.nonce.parse::<B256>().ok()).flatten();
    let authorization = Authorization {
        from: account(&of.from, "from")?,
        to: account(&of.to, "to")?,
        value: whole(&of.value, "value")?,
        valid_after: whole(&of.valid_after, "validAfter")?,
        valid_before: whole(&of.valid_before, "validBefore")?,
        nonce: nonce.ok_or_else(|| payload("nonce is not 32 bytes of hex"))?,
    };
    let signature = body.signature.ok_or_else(|| payload("signature is missing"))?;
    let signature: Option<Bytes> = signature.starts_with("0x").then(|| signature.parse().ok()).flatten();
    let signature = signature.ok_or_else(|| payload("signature is not hex"))?;
    if signature.len() > SIGNATURE_BYTES_MAX {
        return Err(payload(format!("the signature is longer than {SIGNATURE_BYTES_MAX} bytes")));
    }
    Ok((authorization, signature))
}

/// For the fuzzer: whether bytes decode. Never panics.
pub fn decodes(body: &[u8]) -> bool {
    decode(body).is_ok_and(|payment| !payment.call_data().is_empty())
}

/// The answer of `/verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyAnswer {
    /// Whether settling would succeed now.
    pub is_valid: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_reason: Option<&'static str>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid_message: Option<String>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
}

/// The answer of `/settle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettleAnswer {
    /// Whether the payee has the money, in a final block.
    pub success: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_reason: Option<&'static str>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Hash, or empty.
    pub transaction: String,
    /// CAIP-2, or empty.
    pub network: String,
    /// Atomic units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
}
