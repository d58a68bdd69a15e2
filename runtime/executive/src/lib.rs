//! The state-transition function of Assay: from the state after one block and the next ordering block to the state,
//! receipts and header after it.
//!
//! ```text
//! init_chain      chain specification           -> genesis header, first state
//! admit           state, transaction            -> may it wait in the mempool?
//! build           state, parent, candidates     -> a block, and what executing it gives
//! execute_block   state, parent, block          -> changes, receipts      (proposer, voter, sync, replay alike)
//! seal            what a block did, state root  -> execution header
//! call, estimate_gas, create_access_list, trace_*   the same machine without consequences
//! ```
//! Pure: no clock, no disk, no thread of its own. A [`Reject`] concerns a transaction, a [`BlockError::Invalid`] a
//! block, a [`Fault`](assay_primitives::Fault) this node.

mod access_list;
mod admit;
mod base_fee;
mod block;
mod builder;
mod decode;
mod error;
mod estimate;
mod executed;
mod executive;
mod genesis;
mod intrinsic;
mod natives;
mod parent;
mod payload;
mod reject;
mod simulation;
mod staking;
pub mod statetest;
mod trace;

pub use builder::BlockBuilder;
pub use decode::decode_transactions;
pub use error::{BlockError, InvalidBlock};
pub use executed::{Executed, ExecutedReceipt};
pub use executive::Executive;
pub use genesis::{Genesis, memory_root};
pub use natives::{CallFn, Family, GenesisFn, NativeModule, NativeModules, SYSTEM_ADDRESS, WorkFn};
pub use parent::Parent;
pub use payload::{EVIDENCE_BYTES_MAX, EVIDENCE_MAX, LATE_VOTE_HEIGHTS, LATE_VOTES_MAX, TIMESTAMP_MS_MAX};
pub use reject::{AdmitError, Reject};
pub use simulation::{Simulation, SimulationError};
pub use trace::{TraceBlockError, TracedTransaction};

/// Heights after an offence in which a block may carry the evidence.
pub use assay_staking::params::EVIDENCE_HEIGHTS;
/// The machine's own types that appear in this crate's interface.
pub use assay_vm::{BlockEnvironment, HaltReason, TRACE_BYTES_MAX, TxOutcome, TxStatus};

#[cfg(test)]
mod tests;
