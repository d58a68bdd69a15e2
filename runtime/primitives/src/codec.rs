//! The canonical codec: borsh, with a size bound before decoding and no trailing bytes after it.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// Why bytes are not the canonical encoding of a value.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CodecError {
    /// More bytes than the format allows.
    #[error("{what}: {size} bytes exceed the bound of {bound}")]
    TooLarge {
        /// What was being decoded.
        what: &'static str,
        /// Size given, in bytes.
        size: usize,
        /// Largest size allowed, in bytes.
        bound: usize,
    },
    /// Not the encoding of such a value, or bytes left over.
    #[error("{what}: {reason}")]
    Malformed {
        /// What was being decoded.
        what: &'static str,
        /// What the decoder said.
        reason: String,
    },
}

/// Encodes a value. Borsh writes to memory and cannot fail for the types of this crate; a length over `u32::MAX` would
/// be the one exception, and is far above every bound here.
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a Vec never fails; a failed serialisation of an over-long list leaves bytes that no decoder accepts.
    let _ = value.serialize(&mut out);
    out
}

/// Decodes exactly one value from at most `bound` bytes.
///
/// # Errors
/// `TooLarge` before anything is decoded; `Malformed` for anything but the whole encoding of one value.
pub fn decode<T: BorshDeserialize>(what: &'static str, bytes: &[u8], bound: usize) -> Result<T, CodecError> {
    if bytes.len() > bound {
        return Err(CodecError::TooLarge { what, size: bytes.len(), bound });
    }
    T::try_from_slice(bytes).map_err(|e| CodecError::Malformed { what, reason: e.to_string() })
}
