//! Every bound of gossip.

use std::time::Duration;

/// Version of the protocol.
pub(super) const VERSION: u16 = 1;

/// Largest frame, kind and body, in bytes: one transaction of the largest size and as much again.
pub(super) const FRAME_BYTES_MAX: usize = 256 * 1024;
/// Largest first frame, before the peer has shown that it is of this chain.
pub(super) const HELLO_BYTES_MAX: usize = 512;
/// Longest network name in a hello.
pub(super) const NAME_BYTES_MAX: usize = 64;
/// Longest reason of a refusal.
pub(super) const REASON_BYTES_MAX: usize = 255;
/// Most transactions of a frame.
pub(super) const TXS_PER_FRAME_MAX: usize = 1_024;
/// Most hashes of an announcement.
pub(super) const HASHES_PER_FRAME_MAX: usize = 4_096;
/// Most hashes that are asked for at a time, of one peer.
pub(super) const WANT_MAX: usize = 512;
/// Most bytes of transactions in the answer to one question; what is left out is asked for again.
pub(super) const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Largest transaction that is pushed to every peer; larger ones are announced and fetched.
pub(super) const PUSH_BYTES_MAX: usize = 8 * 1024;
/// Bytes of pushes that may wait for a slow peer; the oldest are dropped, and resynchronisation repairs that.
pub(super) const OUTBOX_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Hashes that may wait for a slow peer: more than a pool holds. The oldest are dropped.
pub(super) const OUTBOX_HASHES_MAX: usize = 128 * 1024;
/// Announced hashes of one peer that wait to be fetched. The oldest are dropped.
pub(super) const ANNOUNCED_MAX: usize = 128 * 1024;
/// Hashes remembered per peer, twice this at most.
pub(super) const KNOWN_MAX: usize = 16 * 1024;
/// Hashes remembered of all peers, twice this at most.
pub(super) const SEEN_MAX: usize = 64 * 1024;
/// Accepted transactions that wait to be relayed; beyond, the oldest are left to the resynchronisation.
pub(super) const RELAY_MAX: usize = 64 * 1024;
/// Hashes of the pool that one round of re-announcement covers.
pub(super) const REANNOUNCE_MAX: usize = 16 * 1024;

/// Requests to the pool that may wait.
pub(super) const POOL_QUEUE: usize = 256;
/// Peers whose conduct is remembered.
pub(super) const CONDUCT_MAX: usize = 4_096;
/// Banned identities of one address from which on the address itself is refused, unless a configured peer has it.
pub(super) const BANS_PER_IP_MAX: usize = 3;
/// Streams of a connection; one is used.
pub(super) const STREAMS_MAX: usize = 4;

/// A peer with as many points is banned.
pub(super) const POINTS_MAX: u32 = 100;
/// Points for a transaction that no honest node passes on: undecodable, of another chain, or with a bad signature.
pub(super) const POINTS_INVALID: u32 = 10;
/// Points for a message out of turn: an answer that nobody asked for, a second question while one is open.
pub(super) const POINTS_OUT_OF_TURN: u32 = 10;
/// Points for a question that got no answer in time.
pub(super) const POINTS_NO_ANSWER: u32 = 5;
/// Points that are forgiven per second.
pub(super) const POINTS_FORGIVEN_PER_SECOND: u32 = 1;

/// Time for a connection to open its stream and to say hello.
pub(super) const HELLO_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a refused peer has to read why and to hang up.
pub(super) const LINGER_MAX: Duration = Duration::from_secs(1);
/// A ping is sent this often.
pub(super) const PING_EVERY: Duration = Duration::from_secs(5);
/// A peer that is silent for longer is gone.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(20);
/// A peer that takes longer to take one batch is gone.
pub(super) const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// An answer that has not ended by then is late, and others are asked.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a transaction in admission counts as being taken care of.
pub(super) const ADMISSION_TIME_MAX: Duration = Duration::from_secs(10);
/// How long an accepted transaction is not asked for again, however often it is announced.
pub(super) const TAKEN_FOR: Duration = Duration::from_secs(20);
/// How long a refused transaction is not tried again: its sender's state may have changed by then.
pub(super) const REFUSED_FOR: Duration = Duration::from_secs(15);

/// First wait before a configured peer is dialled again; doubles up to [`REDIAL_MAX`].
pub(super) const REDIAL_MIN: Duration = Duration::from_millis(250);
/// Longest wait before a configured peer is dialled again.
pub(super) const REDIAL_MAX: Duration = Duration::from_secs(15);
/// How often the network task looks whom to dial.
pub(super) const NET_TICK: Duration = Duration::from_millis(100);
/// How often open questions are looked after.
pub(super) const HUB_TICK: Duration = Duration::from_millis(500);
/// How long to wait for a listener's address.
pub(super) const LISTEN_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a stop may take.
pub(super) const STOP_TIME_MAX: Duration = Duration::from_secs(1);
