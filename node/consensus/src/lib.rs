//! Engine adapters and gossip: all that talks to peers. The chain sees none of it but the port [`Application`].
//!
//! ```text
//! application   the port: what an engine asks of the chain, in plain types
//! engine        the running engine: start, status, stop, metrics
//! message       the canonical bytes that validators sign, under every engine
//! certificate   verification of certificates, late votes and evidence
//! gossip        transactions between nodes, over a libp2p swarm of its own
//! guard         the signing guard: a record is durable before a signature leaves
//! keys          consensus key and network key
//! rotation      who is asked last to propose, from decided blocks
//! wal           damage of the engine's write-ahead log, and its repair
//! malachite     Malachite 0.8.2; no type of it leaves this crate
//! simulation    one validator without network, clock or threads, for the simulator; no engine runs it
//! ```
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "node crate: clocks and threads drive the engine and never enter consensus"
)]
#![allow(
    clippy::arithmetic_side_effects,
    reason = "node crate: file offsets and durations below known bounds; overflow checks stay on"
)]

pub mod application;
pub mod certificate;
pub mod engine;
pub mod gossip;
pub mod guard;
pub mod keys;
mod malachite;
pub mod message;
pub mod rotation;
pub mod wal;

pub use application::*;
pub use certificate::{
    CertificateError, verify_certificate, verify_certificate_beyond, verify_evidence, verify_late_vote,
};
pub use engine::{
    CommitStatus, EngineConfig, EngineError, EngineHandle, EngineKeys, EngineStatus, Pacing, PeerStatus, PubSub,
    StopReason, Timeouts,
};
pub use gossip::{GossipConfig, GossipError, GossipHandle, GossipStatus};
pub use guard::GuardError;
pub use keys::{ConsensusKey, NetworkKey};
pub use malachite::simulation;
pub use message::{ConsensusMessage, Step};
pub use rotation::Rotation;

/// Whether bytes are a message of any kind that peers send: every decoder that a stranger reaches, for fuzzing.
pub fn decodes_peer_message(chain_id: u64, bytes: &[u8]) -> bool {
    let engine = malachite::decodes(chain_id, bytes);
    gossip::decodes(bytes) || engine
}

#[cfg(test)]
mod tests;
