//! Errors as clients see them: geth's codes and words, and a stable `data.reason` wherever `data` is free.
//!
//! | code | when | `data` |
//! |---|---|---|
//! | 3 | execution reverted | the raw revert bytes |
//! | 4 | `eth_sendRawTransactionSync` ran out of time | hash of the transaction, which is in the pool |
//! | 6 | the same, and a lower nonce is missing | the nonce that the chain expects, as a quantity |
//! | -32000 | the chain or the pool refuses | `{reason, ...}`; nonce errors add `expectedNonce` |
//! | -32001 | no such block | `{reason}` |
//! | -32005 | over a limit, or busy | `{reason, ...}` with `retryAfterMs`, or `maxRange` and `suggestedTo` |
//! | -32600 | request too large, too deep, too many entries | `{reason, ...}` |
//! | -32601 | no such method here | - |
//! | -32602 | arguments | `{reason}` |
//! | -32603 | a fault of this node | `{reason}` |

use crate::revert;
use alloy_primitives::U64;
use assay_chain::{CallError, ReadError, SubmitError, WaitError};
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};
use serde_json::{Value, json};

/// Execution reverted.
pub const REVERTED: i32 = 3;
/// EIP-7966: not in a block within the timeout.
pub const SYNC_TIMEOUT: i32 = 4;
/// EIP-7966: a lower nonce is missing.
pub const SYNC_NONCE_GAP: i32 = 6;
/// Refused by the chain or the pool.
pub const REFUSED: i32 = -32000;
/// No such block.
pub const NOT_FOUND: i32 = -32001;
/// Over a limit, or busy.
pub const LIMIT: i32 = -32005;
/// No valid request.
pub const INVALID_REQUEST: i32 = -32600;
/// No such method.
pub const NO_METHOD: i32 = -32601;
/// Arguments.
pub const INVALID_PARAMS: i32 = -32602;
/// A fault of this node.
pub const INTERNAL: i32 = -32603;

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// JSON-RPC code.
    pub code: i32,
    /// For people; in geth's words where geth has some.
    pub message: String,
    /// For programs.
    pub data: Option<Value>,
}

/// What a method answers.
pub type Answer<T> = Result<T, RpcError>;

impl RpcError {
    /// An error with a reason.
    pub fn new(code: i32, reason: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Some(json!({ "reason": reason })) }
    }

    /// Arguments that do not parse or make no sense.
    pub fn params(message: impl Into<String>) -> Self {
        Self::new(INVALID_PARAMS, "invalid_params", message)
    }

    /// No block of this number or hash.
    pub fn unknown_block() -> Self {
        Self::new(NOT_FOUND, "unknown_block", "header not found")
    }

    /// Too much to do.
    pub fn busy(reason: &str, retry_after_ms: u64) -> Self {
        let message = format!("{}; retry after {retry_after_ms} ms", reason.replace('_', " "));
        Self { code: LIMIT, message, data: Some(json!({ "reason": reason, "retryAfterMs": retry_after_ms })) }
    }

    /// Over a bound that a retry does not lift.
    pub fn limit(reason: &str, message: impl Into<String>, bound: &str, max: u64) -> Self {
        Self { code: LIMIT, message: message.into(), data: Some(json!({ "reason": reason, bound: max })) }
    }

    /// No such method here.
    pub fn no_method(name: &str) -> Self {
        let name: String = name.chars().take(100).collect();
        Self { code: NO_METHOD, message: format!("the method {name} does not exist/is not available"), data: None }
    }

    /// A fault of this node. The text goes to the operator, not to the client.
    pub fn internal(text: &str) -> Self {
        tracing::error!("{text}");
        Self::new(INTERNAL, "internal", "internal error")
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        ErrorObject::owned(error.code, error.message, error.data)
    }
}

impl From<ReadError> for RpcError {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::UnknownBlock => Self::unknown_block(),
            ReadError::Pruned { oldest, .. } => Self {
                code: REFUSED,
                message,
                data: Some(json!({ "reason": "state_pruned", "oldestBlock": U64::from(oldest) })),
            },
            ReadError::RangeTooLarge { max_blocks, suggested_to, .. } => Self {
                code: LIMIT,
                message,
                data: Some(json!({
                    "reason": "range_too_large", "maxRange": max_blocks, "suggestedTo": U64::from(suggested_to),
                })),
            },
            ReadError::TooManyResults { max_results, suggested_to } => Self {
                code: LIMIT,
                message,
                data: Some(json!({
                    "reason": "too_many_results", "maxResults": max_results, "suggestedTo": U64::from(suggested_to),
                })),
            },
            ReadError::InvalidRange => Self::new(INVALID_PARAMS, "invalid_range", "invalid block range params"),
            ReadError::Busy { retry_after_ms } => Self::busy("busy", retry_after_ms),
            ReadError::Stopped(_) => Self::new(INTERNAL, "stopped", message),
            ReadError::Fault(text) => Self::internal(&text),
        }
    }
}

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::Reverted(data) => {
                let message = revert::message(&data);
                Self { code: REVERTED, message, data: Some(json!(data)) }
            }
            CallError::Halted(_) => Self::new(REFUSED, "halted", message),
            CallError::Invalid { reason, .. } => Self::new(REFUSED, reason, message),
            CallError::BadQuery(_) => Self::new(INVALID_PARAMS, "bad_query", message),
            CallError::UnknownTransaction => Self::new(REFUSED, "unknown_transaction", message),
            CallError::TimedOut { timeout_ms } => Self {
                code: REFUSED,
                message,
                data: Some(json!({ "reason": "execution_timeout", "timeoutMs": timeout_ms })),
            },
            CallError::Read(error) => error.into(),
        }
    }
}

impl From<SubmitError> for RpcError {
    fn from(error: SubmitError) -> Self {
        if let SubmitError::Busy { retry_after_ms } = error {
            return Self::busy("busy", retry_after_ms);
        }
        let mut data = json!({ "reason": error.reason() });
        if let (Some(nonce), Some(fields)) = (error.expected_nonce(), data.as_object_mut()) {
            fields.insert("expectedNonce".to_owned(), json!(U64::from(nonce)));
        }
        let code = if matches!(error, SubmitError::Stopped(_) | SubmitError::Unkept(_)) { INTERNAL } else { REFUSED };
        Self { code, message: error.to_string(), data: Some(data) }
    }
}

impl From<WaitError> for RpcError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Submit(error) => error.into(),
            WaitError::Read(error) => error.into(),
            WaitError::TimedOut { expected_nonce: Some(expected), .. } => Self {
                code: SYNC_NONCE_GAP,
                message: format!("the transaction waits in the mempool behind a nonce gap; expected nonce {expected}"),
                data: Some(json!(U64::from(expected))),
            },
            WaitError::TimedOut { hash, .. } => {
                Self { code: SYNC_TIMEOUT, message: error.to_string(), data: Some(json!(hash)) }
            }
        }
    }
}
