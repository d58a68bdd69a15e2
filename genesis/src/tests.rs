//! Tests of the specification: golden hash, JSON, validation.

#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod golden;
mod json;
mod validation;

use crate::{ChainSpec, GenesisValidator, consensus_address};
use alloy_primitives::{B256, address};
use assay_primitives::TimestampMs;
use assay_primitives::vrf::RandomnessSecret;

/// A validator whose keys come from one byte.
pub(crate) fn validator(byte: u8) -> GenesisValidator {
    let public_key = B256::repeat_byte(byte);
    let address = consensus_address(public_key);
    let secret = RandomnessSecret::from_seed([byte; 32]).unwrap();
    GenesisValidator {
        address,
        public_key,
        power: 10,
        randomness_key: secret.public(),
        possession: secret.prove_possession(address.0.as_slice()),
        fee_address: address!("0x00000000000000000000000000000000000fee00"),
        operator: None,
    }
}

pub(crate) fn spec() -> ChainSpec {
    ChainSpec::dev(validator(7), TimestampMs(1_767_225_600_000)).unwrap()
}
