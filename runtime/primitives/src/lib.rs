//! Ids, units, hashes, the canonical codec, block, header and receipt types of Assay.
//!
//! Floor 0 of the house: pure data, no I/O, no clock. Everything that two nodes exchange or hash is defined here once.

pub mod block;
pub mod certificate;
pub mod codec;
pub mod error;
pub mod hash;
pub mod header;
pub mod network;
pub mod receipt;
pub mod transaction;
pub mod units;
pub mod upgrade;
pub mod validators;
pub mod vrf;

pub use block::{Block, BlockId, OrderingHeader, SystemPayload};
pub use certificate::{CommitCertificate, CommitSignature, Evidence, LateVote};
pub use codec::CodecError;
pub use error::Fault;
pub use header::ExecutionHeader;
pub use network::NetworkKind;
pub use receipt::{Log, Receipt};
pub use transaction::{CheckedTx, TxError, TxKind2718};
pub use units::{Bps, Gas, Height, Round, TimestampMs};
pub use upgrade::{Upgrade, UpgradeSchedule};
pub use validators::{ConsensusAddress, Validator, ValidatorSet, ValidatorSetError};

#[cfg(test)]
mod tests;
