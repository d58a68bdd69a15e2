//! Positional arguments: parsed one by one, trailing ones optional, bounded in number.

use crate::error::{Answer, RpcError};
use alloy_primitives::{B256, U256};
use assay_chain::BlockRef;
use jsonrpsee::types::Params;
use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// Most arguments of any call, those that no method knows included.
const ARGS_MAX: usize = 16;

/// The arguments of a call, read from the front.
#[derive(Debug)]
pub struct Args {
    values: std::vec::IntoIter<Box<RawValue>>,
    position: usize,
}

struct Values(Vec<Box<RawValue>>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element::<Box<RawValue>>()? {
                    if values.len() == ARGS_MAX {
                        return Err(A::Error::custom(format!("too many arguments, want at most {ARGS_MAX}")));
                    }
                    values.push(value);
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_seq(Collect)
    }
}

impl Args {
    /// The arguments of a call; none at all count as an empty list.
    ///
    /// # Errors
    /// What is no array, or too long.
    pub fn new(params: &Params<'_>) -> Answer<Self> {
        let values = match params.as_str().map(str::trim) {
            None | Some("" | "null") => Vec::new(),
            Some(text) if text.starts_with('{') => return Err(RpcError::params("non-array args")),
            Some(text) => serde_json::from_str::<Values>(text).map_err(|e| RpcError::params(e.to_string()))?.0,
        };
        Ok(Self { values: values.into_iter(), position: 0 })
    }

    /// The next argument, which must be there.
    ///
    /// # Errors
    /// Where it is missing or not what the method takes.
    pub fn required<T: DeserializeOwned>(&mut self) -> Answer<T> {
        let position = self.position;
        self.optional()?.ok_or_else(|| RpcError::params(format!("missing value for required argument {position}")))
    }

    /// The next argument, which may be missing or null.
    ///
    /// # Errors
    /// Where it is not what the method takes.
    pub fn optional<T: DeserializeOwned>(&mut self) -> Answer<Option<T>> {
        let position = self.position;
        self.position += 1;
        match self.values.next() {
            None => Ok(None),
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|e| RpcError::params(format!("invalid argument {position}: {e}"))),
        }
    }

    /// The block argument that ends many lists; `latest` where it is missing.
    ///
    /// # Errors
    /// Where it is no block.
    pub fn block(&mut self) -> Answer<BlockRef> {
        Ok(self.optional::<BlockArg>()?.unwrap_or(BlockArg::Latest).reference())
    }

    /// Nothing may follow but nulls.
    ///
    /// # Errors
    /// Where something does.
    pub fn end(mut self) -> Answer<()> {
        if self.values.any(|raw| raw.get() != "null") {
            return Err(RpcError::params(format!("too many arguments, want at most {}", self.position)));
        }
        Ok(())
    }
}

/// A block as clients name it: a tag, a number, a hash, or an EIP-1898 object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockArg {
    /// `latest`, `safe` or `finalized`: all of them are the newest committed block.
    Latest,
    /// `earliest`: genesis.
    Earliest,
    /// `pending`: as `latest`, but nonces count the pool.
    Pending,
    /// A height.
    Number(u64),
    /// Hash of an execution header.
    Hash(B256),
}

impl BlockArg {
    /// The block that is meant. Never an undecided one.
    pub const fn reference(self) -> BlockRef {
        match self {
            Self::Latest | Self::Pending => BlockRef::Latest,
            Self::Earliest => BlockRef::Number(0),
            Self::Number(number) => BlockRef::Number(number),
            Self::Hash(hash) => BlockRef::Hash(hash),
        }
    }

    fn from_text(text: &str) -> Result<Self, String> {
        for (tag, arg) in [
            ("latest", Self::Latest),
            ("safe", Self::Latest),
            ("finalized", Self::Latest),
            ("earliest", Self::Earliest),
            ("pending", Self::Pending),
        ] {
            if text.eq_ignore_ascii_case(tag) {
                return Ok(arg);
            }
        }
        if text.len() == 66 {
            return text.parse().map(Self::Hash).map_err(|e| format!("invalid block hash: {e}"));
        }
        quantity(text).map(Self::Number)
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::from_text(text),
            Value::Object(fields) => match (fields.get("blockHash"), fields.get("blockNumber")) {
                (Some(_), Some(_)) => Err("cannot specify both blockHash and blockNumber, choose one".to_owned()),
                (Some(Value::String(hash)), None) => {
                    hash.parse().map(Self::Hash).map_err(|e| format!("invalid block hash: {e}"))
                }
                (None, Some(Value::String(text))) => Self::from_text(text),
                _ => Err("expected blockHash or blockNumber".to_owned()),
            },
            _ => Err("expected a block number, a block hash or a tag".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for BlockArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A number as any client writes it: a hexadecimal quantity, or a plain JSON integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(pub u64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => quantity(&text).map(Self).map_err(D::Error::custom),
            Value::Number(number) => {
                number.as_u64().map(Self).ok_or_else(|| D::Error::custom("expected a whole number, zero or above"))
            }
            _ => Err(D::Error::custom("expected a number")),
        }
    }
}

/// A storage slot: a hexadecimal number of at most 32 bytes, padded or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The slot.
    pub number: U256,
    /// As the client wrote it: answers repeat that form.
    pub text: String,
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(&text);
        if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(D::Error::custom("unable to decode storage key: expected at most 32 bytes of hex"));
        }
        let number = U256::from_str_radix(digits, 16).map_err(|e| D::Error::custom(e.to_string()))?;
        Ok(Self { number, text })
    }
}

fn quantity(text: &str) -> Result<u64, String> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .ok_or_else(|| "hex string without 0x prefix".to_owned())?;
    if digits.is_empty() {
        return Err("hex string \"0x\" has no digits".to_owned());
    }
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("invalid hex string".to_owned());
    }
    u64::from_str_radix(digits, 16).map_err(|_| "hex number exceeds 64 bits".to_owned())
}
