//! What can be seen of gossip from outside.

use std::sync::atomic::{AtomicU64, Ordering};

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GossipPeer {
    /// Its identity, in base 58.
    pub id: String,
    /// Its address, as a multiaddress.
    pub address: String,
    /// Whether this node dialled.
    pub outbound: bool,
    /// 0 without blame, -100 is a ban.
    pub score: i64,
}

/// Gossip at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GossipStatus {
    /// Where it listens, as multiaddresses.
    pub listening: Vec<String>,
    /// Who is connected and of this chain.
    pub peers: Vec<GossipPeer>,
    /// Banned identities.
    pub banned: usize,
    /// Sums since the start.
    pub counters: GossipCounters,
}

macro_rules! counters {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {
        /// Sums since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct GossipCounters {
            $($(#[doc = $doc])* pub $name: u64,)*
        }

        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $(pub(super) $name: Counter,)*
        }

        impl Counters {
            pub(super) fn snapshot(&self) -> GossipCounters {
                GossipCounters { $($name: self.$name.get(),)* }
            }
        }
    };
}

counters! {
    /// Bytes of frames sent.
    sent_bytes,
    /// Bytes of frames received.
    received_bytes,
    /// Frames sent.
    sent_frames,
    /// Frames received.
    received_frames,
    /// Transactions sent, in pushes and answers.
    sent,
    /// Transactions received, duplicates among them.
    received,
    /// Transactions received that were known.
    duplicates,
    /// Transactions received and accepted.
    accepted,
    /// Transactions received and refused for a harmless reason.
    refused,
    /// Transactions received that no honest node sends.
    invalid,
    /// Transactions received for which there was no time.
    busy,
    /// Pushes and announcements dropped because a peer was slow.
    dropped,
    /// Times a peer was made to wait for going over its rate.
    throttled,
    /// Dials that failed.
    dial_failures,
    /// Peers refused for being of another chain or version.
    refused_peers,
    /// Bans.
    bans,
}

/// A sum.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
