//! Tests of the parts that need no running engine.
#![allow(clippy::cast_possible_truncation, clippy::too_many_lines, reason = "test code")]

mod certificate;
mod guard;
mod keys;
mod proposer;
mod rotation;
mod wal;

use crate::keys::ConsensusKey;
use crate::message::{ConsensusMessage, Step};
use alloy_primitives::{Address, B256};
use assay_primitives::{BlockId, Height, Round, Validator, ValidatorSet};

pub(crate) const CHAIN_ID: u64 = 31_337;

pub(crate) fn key(n: u8) -> ConsensusKey {
    ConsensusKey::from_bytes([n; 32])
}

pub(crate) fn block(n: u8) -> BlockId {
    BlockId(B256::repeat_byte(n))
}

pub(crate) fn validators(powers: &[u64]) -> ValidatorSet {
    let list = (1u8..).zip(powers).map(|(n, power)| Validator {
        address: key(n).address(),
        public_key: key(n).public_key(),
        power: *power,
        randomness_key: B256::ZERO,
        fee_address: Address::ZERO,
    });
    ValidatorSet::new(list.collect()).unwrap()
}

/// A message of key 1.
pub(crate) fn message(step: Step, height: u64, round: u32, block_id: Option<BlockId>) -> ConsensusMessage {
    ConsensusMessage {
        chain_id: CHAIN_ID,
        step,
        height: Height(height),
        round: Round(round),
        block_id,
        valid_round: None,
        address: key(1).address(),
    }
}
