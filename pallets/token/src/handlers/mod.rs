//! The calls, by what they are about.

pub(crate) mod authorization;
pub(crate) mod erc20;
pub(crate) mod factory;
pub(crate) mod issuer;
pub(crate) mod metadata;
pub(crate) mod permit;

use alloy_primitives::{B256, Bytes};

/// The 65 bytes `r ‖ s ‖ v` of a signature in parts.
fn joined(v: u8, r: B256, s: B256) -> Bytes {
    [r.as_slice(), s.as_slice(), &[v]].concat().into()
}
