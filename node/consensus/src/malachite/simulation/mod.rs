//! One validator without a network, a clock or threads: Malachite's own state machine and all of this crate's parts that
//! decide anything, driven one event at a time. The same events in the same order give the same actions, byte for byte.
//!
//! ```text
//! real, shared with the engine    core consensus (inputs and effects) · context and proposer · codec, so every message
//!                                 crosses as encoded bytes · guard and its file · log format and reconciliation ·
//!                                 certificate and signature checks · part streams · the host's table of proposals
//! restated here without actors    what the engine's consensus actor does with each effect (`effects`), what host and
//!                                 worker do with each question (`host`, `jobs`), timers as events
//! simpler than the engine         catching up (`catch_up`): Malachite's sync picks peers from the order of a hash map and
//!                                 meters them by the machine's clock, so it cannot be replayed; here one request at a
//!                                 time goes round the peers. Pacing: heights follow each other at once.
//! ```
//! A crash is an `Err` of [`Node::handle`]: whoever drives the node drops it and starts another one on the same folder.
//! [`CrashPoint`]s before and after each write ask the driver whether to crash there.

mod catch_up;
mod effects;
mod forge;
mod host;
mod jobs;
mod log;
mod node;

pub use forge::Forger;
pub use node::Node;

use crate::application::UndecidedProposal;
use crate::engine::EngineError;
use crate::message::ConsensusMessage;
use assay_primitives::certificate::Signature64;
use assay_primitives::{CommitCertificate, Fault, Height, Round};
use bytes::Bytes;
use std::time::Duration;
use thiserror::Error;

/// A node of the simulated network, by its place in it.
pub type Peer = u8;

/// How a message travels; requests and answers carry the number that pairs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Signed proposals and votes.
    Consensus,
    /// Votes and certificates sent again.
    Liveness,
    /// Parts of blocks.
    Parts,
    /// What a node has decided.
    Status,
    /// Asks for decided blocks.
    Request(u64),
    /// Decided blocks with certificates.
    Answer(u64),
}

/// What happens to a node.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message arrives.
    Message {
        /// Who sent it.
        from: Peer,
        /// How it came.
        channel: Channel,
        /// Its bytes, which may be anything.
        bytes: Bytes,
    },
    /// A timer fires that was set with this number. One that was replaced or cancelled meanwhile does nothing.
    Timer(u64),
    /// The worker takes up its next job.
    Job,
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Sends to everybody else.
    Broadcast(Channel, Bytes),
    /// Sends to one.
    Send(Peer, Channel, Bytes),
    /// Wants [`Event::Timer`] with this number after a while.
    SetTimer(u64, Duration),
    /// Wants [`Event::Job`] once, whenever the worker comes to it.
    QueueJob(&'static str),
    /// The guard gave out a signature.
    Signed(ConsensusMessage, Signature64),
    /// The guard gave none.
    Abstained(ConsensusMessage),
    /// Streams a block: its parts follow.
    Streams(Box<UndecidedProposal>),
    /// A round begins.
    Round(Height, Round),
    /// A block is decided and stored.
    Decided(CommitCertificate),
    /// A message could not be read.
    Malformed(Peer, Channel),
    /// A message was read and thrown away, and why.
    Refused(Peer, Channel, String),
    /// Blocks that a peer offered with certificates are taken up.
    CaughtUp(Peer, Height),
}

/// What is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Write {
    /// A record of the guard.
    Guard,
    /// An entry of the log, written and not yet synced.
    LogEntry,
    /// The log is synced.
    LogSync,
    /// The log begins a height.
    LogReset,
    /// A proposal that is not decided.
    Undecided,
    /// A decision.
    Decided,
    /// A closed height.
    Finalized,
}

/// A moment at which a node may crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrashPoint {
    /// Which write.
    pub write: Write,
    /// Whether it has been done.
    pub done: bool,
}

/// Asks whether to crash.
pub type CrashHook = Box<dyn FnMut(CrashPoint) -> bool + Send>;

/// Why a node ends.
#[derive(Debug, Error)]
pub enum End {
    /// The driver said so.
    #[error("crashed")]
    Crashed,
    /// It does not start.
    #[error(transparent)]
    Start(#[from] EngineError),
    /// The application or the guard failed.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The state machine refused to go on.
    #[error("consensus failed: {0}")]
    Consensus(String),
}
