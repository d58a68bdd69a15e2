//! A transaction as the pool looks at it.

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, U256};
use assay_primitives::CheckedTx;
use assay_primitives::transaction::recover_sender;
use std::cmp::Reverse;
use std::sync::Arc;

/// A transaction with what the pool decides by.
#[derive(Clone, Debug)]
pub struct PoolTx {
    pub(crate) tx: Arc<CheckedTx>,
    pub(crate) hash: B256,
    pub(crate) sender: Address,
    pub(crate) nonce: u64,
    /// Most it pays per gas, in wei.
    pub(crate) fee_cap: u128,
    /// Most of that which goes to the creator, in wei.
    pub(crate) tip_cap: u128,
    /// Most it takes from its sender, in wei.
    pub(crate) cost: U256,
    pub(crate) bytes: usize,
    /// Accounts whose authorisation (EIP-7702) it carries.
    pub(crate) authorities: Vec<Address>,
}

impl PoolTx {
    /// Reads a transaction; recovers the signers of its authorisations (about 40 microseconds each).
    pub fn new(tx: Arc<CheckedTx>) -> Self {
        let envelope = tx.envelope();
        let mut authorities: Vec<Address> = envelope
            .authorization_list()
            .unwrap_or_default()
            .iter()
            .filter_map(|signed| recover_sender(&signed.signature().ok()?, signed.signature_hash()).ok())
            .collect();
        authorities.sort_unstable();
        authorities.dedup();
        Self {
            hash: tx.hash(),
            sender: tx.sender(),
            nonce: tx.nonce(),
            fee_cap: envelope.max_fee_per_gas(),
            // A legacy transaction offers its whole price as a tip.
            tip_cap: envelope.max_priority_fee_per_gas().unwrap_or_else(|| envelope.max_fee_per_gas()),
            cost: tx.cost_max(),
            bytes: tx.raw().len(),
            authorities,
            tx,
        }
    }

    /// What the creator earns per gas under a base fee; `None` where the fee cap is below it.
    pub(crate) fn tip_at(&self, base_fee: u64) -> Option<u128> {
        Some(self.fee_cap.checked_sub(u128::from(base_fee))?.min(self.tip_cap))
    }
}

/// A transaction in its sender's queue.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) entry: PoolTx,
    /// Order of arrival.
    pub(crate) seq: u64,
    /// Time of arrival, in milliseconds.
    pub(crate) since_ms: u64,
    /// Least fee cap of this and all earlier slots of the sender.
    pub(crate) fee_floor: u128,
    /// Least tip cap of this and all earlier slots of the sender.
    pub(crate) tip_floor: u128,
}

/// What a sender's last transaction is worth to the pool; the lowest is evicted first. It can only be included after
/// all before it, so the floors of the queue count, not its own caps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// Whether the next blocks could take it.
    pub(crate) executable: bool,
    /// Effective tip, in wei per gas.
    pub(crate) tip: u128,
    /// Earlier arrivals rank higher.
    pub(crate) age: Reverse<u64>,
}

impl Rank {
    pub(crate) fn new(ready: bool, fee_floor: u128, tip_floor: u128, seq: u64, base_fee: u64) -> Self {
        let above = fee_floor.checked_sub(u128::from(base_fee));
        Self { executable: ready && above.is_some(), tip: above.unwrap_or_default().min(tip_floor), age: Reverse(seq) }
    }
}
