//! What a revert says: `Error(string)`, `Panic(uint256)`, and every custom error of the native modules, by name and with
//! its arguments; and the names of native functions in traces.

use alloy_primitives::{Address, Bytes, I256, U256, hex};
use alloy_sol_types::{Panic, Revert, SolError};
use assay_abi::errors::{
    IndexOutOfBounds, InsufficientBalance, MalformedArguments, NoDelegate, NotPayable, Reentrant, TooLong,
    UnknownSelector,
};
use assay_abi::escrow::{IEscrow, IEscrowAcp, IEscrowBase, IEscrowBids, IEscrowErrors};
use assay_abi::identity::{IIdentityRegistry, IReputationRegistry, IValidationRegistry, Registries};
use assay_abi::staking::{IStaking, STAKING};
use assay_abi::token::{INativeToken, INativeTokenFactory, TOKEN_FACTORY};
use serde::Serialize;
use serde_json::{Value, json};

/// Longest reason that is repeated in a message, in characters; all of it is in the data.
const REASON_CHARS_MAX: usize = 1024;

/// Deepest frame of a trace that gets names; pallet frames nest at most 64 deep, all frames at most 1,024.
const FRAMES_DEPTH_MAX: usize = 1_100;

/// A decoded revert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Name of the error: `Error`, `Panic`, `BudgetMismatch`. Stable.
    pub reason: String,
    /// The error with the types of its arguments.
    pub signature: String,
    /// Its arguments in order: numbers as quantities, signed ones in decimal.
    pub args: Vec<Value>,
    /// For people: what a message says after `execution reverted: `.
    pub message: String,
}

/// The message of a revert: `execution reverted`, and the reason where one can be read.
pub fn message(data: &[u8]) -> String {
    match Reason::of(data) {
        Some(reason) => format!("execution reverted: {}", reason.message),
        None => "execution reverted".to_owned(),
    }
}

/// The custom error of this selector that a native module has, with the types of its arguments.
fn signature(selector: [u8; 4]) -> Option<&'static str> {
    [
        (NoDelegate::SELECTOR, NoDelegate::SIGNATURE),
        (Reentrant::SELECTOR, Reentrant::SIGNATURE),
        (UnknownSelector::SELECTOR, UnknownSelector::SIGNATURE),
        (NotPayable::SELECTOR, NotPayable::SIGNATURE),
        (MalformedArguments::SELECTOR, MalformedArguments::SIGNATURE),
        (InsufficientBalance::SELECTOR, InsufficientBalance::SIGNATURE),
        (IndexOutOfBounds::SELECTOR, IndexOutOfBounds::SIGNATURE),
        (TooLong::SELECTOR, TooLong::SIGNATURE),
    ]
    .into_iter()
    .find_map(|(known, signature)| (known == selector).then_some(signature))
    .or_else(|| IEscrowErrors::IEscrowErrorsErrors::signature_by_selector(selector))
    .or_else(|| IEscrowBids::IEscrowBidsErrors::signature_by_selector(selector))
    .or_else(|| IStaking::IStakingErrors::signature_by_selector(selector))
    .or_else(|| IIdentityRegistry::IIdentityRegistryErrors::signature_by_selector(selector))
    .or_else(|| INativeTokenFactory::INativeTokenFactoryErrors::signature_by_selector(selector))
}

/// One argument of a static type; `None` for types that no error of a native module has.
fn argument(kind: &str, word: &[u8; 32]) -> Option<(String, Value)> {
    let number = U256::from_be_bytes(*word);
    let text = |text: String| Some((text.clone(), Value::String(text)));
    match kind {
        "address" => text(Address::from_slice(word.get(12..)?).to_checksum(None)),
        "bool" => Some((number.bit(0).to_string(), json!(number.bit(0)))),
        _ if kind.starts_with("uint") => Some((number.to_string(), json!(number))),
        _ if kind.starts_with("int") => text(I256::from_raw(number).to_string()),
        _ => {
            let length = kind.strip_prefix("bytes")?.parse::<usize>().ok()?;
            text(hex::encode_prefixed(word.get(..length)?))
        }
    }
}

impl Reason {
    /// Decodes what a call reverted with; `None` for what is no known error.
    pub fn of(data: &[u8]) -> Option<Self> {
        let selector: [u8; 4] = data.get(..4)?.try_into().ok()?;
        if selector == Revert::SELECTOR {
            let reason = Revert::abi_decode(data).ok()?.reason;
            let message = reason.chars().take(REASON_CHARS_MAX).collect();
            return Some(Self::new("Error(string)", vec![json!(reason)], message));
        }
        if selector == Panic::SELECTOR {
            let panic = Panic::abi_decode(data).ok()?;
            return Some(Self::new("Panic(uint256)", vec![json!(panic.code)], panic.to_string()));
        }
        let signature = signature(selector)?;
        let (_, kinds) = signature.strip_suffix(')')?.split_once('(')?;
        let mut words = data.get(4..)?.chunks_exact(32);
        let (mut shown, mut args) = (Vec::new(), Vec::new());
        for kind in kinds.split(',').filter(|kind| !kind.is_empty()) {
            let (text, value) = argument(kind, words.next()?.try_into().ok()?)?;
            shown.push(text);
            args.push(value);
        }
        let name = signature.split('(').next()?;
        Some(Self::new(signature, args, format!("{name}({})", shown.join(", "))))
    }

    fn new(signature: &str, args: Vec<Value>, message: String) -> Self {
        let reason = signature.split('(').next().unwrap_or_default().to_owned();
        Self { reason, signature: signature.to_owned(), args, message }
    }
}

/// The signature of a function of a native module.
fn function(to: Address, selector: [u8; 4]) -> Option<&'static str> {
    use assay_abi::escrow::{ESCROW, ESCROW_ACP, ESCROW_BASE};
    let eip = || IEscrow::IEscrowCalls::signature_by_selector(selector);
    match to {
        STAKING => IStaking::IStakingCalls::signature_by_selector(selector),
        ESCROW => eip().or_else(|| IEscrowBids::IEscrowBidsCalls::signature_by_selector(selector)),
        ESCROW_BASE => IEscrowBase::IEscrowBaseCalls::signature_by_selector(selector).or_else(eip),
        ESCROW_ACP => IEscrowAcp::IEscrowAcpCalls::signature_by_selector(selector).or_else(eip),
        TOKEN_FACTORY => INativeTokenFactory::INativeTokenFactoryCalls::signature_by_selector(selector),
        _ if assay_abi::token_id(to).is_some() => INativeToken::INativeTokenCalls::signature_by_selector(selector),
        _ => [Registries::MAIN, Registries::TEST].into_iter().find_map(|registries| match to {
            to if to == registries.identity => {
                IIdentityRegistry::IIdentityRegistryCalls::signature_by_selector(selector)
            }
            to if to == registries.reputation => {
                IReputationRegistry::IReputationRegistryCalls::signature_by_selector(selector)
            }
            to if to == registries.validation => {
                IValidationRegistry::IValidationRegistryCalls::signature_by_selector(selector)
            }
            _ => None,
        }),
    }
}

/// Adds to the frames of a call tracer: `function`, the signature that a native module is called by, and `revertReason`
/// where a frame reverted with an error of one (geth has `Error(string)` there).
pub fn name_frames(root: &mut Value) {
    let mut todo = vec![(root, 0_usize)];
    while let Some((frame, depth)) = todo.pop() {
        let Some(fields) = frame.as_object_mut() else { continue };
        let bytes = |name: &str| fields.get(name)?.as_str()?.parse::<Bytes>().ok();
        let to = fields.get("to").and_then(Value::as_str).and_then(|to| to.parse::<Address>().ok());
        let selector = bytes("input").and_then(|input| input.get(..4)?.try_into().ok());
        let named = to.zip(selector).and_then(|(to, selector)| function(to, selector));
        let failed = fields.contains_key("error");
        let reason = bytes("output").filter(|_| failed).and_then(|output| Reason::of(&output));
        if let Some(named) = named {
            fields.insert("function".to_owned(), json!(named));
        }
        if let Some(reason) = reason {
            fields.entry("revertReason").or_insert_with(|| json!(reason.message));
        }
        if depth < FRAMES_DEPTH_MAX
            && let Some(calls) = fields.get_mut("calls").and_then(Value::as_array_mut)
        {
            todo.extend(calls.iter_mut().map(|frame| (frame, depth + 1)));
        }
    }
}
