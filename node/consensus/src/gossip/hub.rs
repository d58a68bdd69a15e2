//! Who knows which transaction, and who is asked for what: plain state behind one lock, with the time passed in.

use super::End;
use super::connection::Link;
use super::limits::{
    ADMISSION_TIME_MAX, ANNOUNCED_MAX, ANSWER_TIME_MAX, KNOWN_MAX, PUSH_BYTES_MAX, REANNOUNCE_MAX, REFUSED_FOR,
    RELAY_MAX, SEEN_MAX, TAKEN_FOR, WANT_MAX,
};
use super::outbox::Outbox;
use super::pool::Verdict;
use super::recent::Recent;
use alloy_primitives::map::{B256HashMap, B256HashSet};
use alloy_primitives::{B256, Bytes};
use libp2p::PeerId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// What became of a transaction that was met lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// In admission since then, from a peer.
    Taking(Instant),
    /// Accepted then.
    Taken(Instant),
    /// Refused for a reason that may pass; not tried again before then.
    Refused(Instant),
    /// No honest node passes it on.
    Invalid,
}

impl Seen {
    /// Whether it need not be asked for now. What has left the pool since may be asked for again.
    fn is_held(self, now: Instant) -> bool {
        match self {
            Self::Taking(since) => now.saturating_duration_since(since) < ADMISSION_TIME_MAX,
            Self::Taken(at) => now.saturating_duration_since(at) < TAKEN_FOR,
            Self::Refused(until) => until > now,
            Self::Invalid => true,
        }
    }
}

/// An open question to a peer.
#[derive(Debug)]
struct Want {
    open: B256HashSet,
    delivered: usize,
    until: Instant,
}

/// A peer that has said hello.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) link: Link,
    pub(super) outbox: Arc<Outbox>,
    instance: u64,
    /// What it has, where it said so (true), or was sent (false).
    known: Recent<bool>,
    /// What it says it has and this node lacks.
    announced: VecDeque<B256>,
    want: Option<Want>,
    /// It was asked and has not answered in time: it is not asked again before it has, nor blamed for it then.
    late: bool,
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answered {
    /// Transactions that nobody asked for.
    pub(super) out_of_turn: usize,
    /// Announced, asked for, and not given.
    pub(super) missing: usize,
}

/// The state of gossip.
#[derive(Debug)]
pub(super) struct Hub {
    own: PeerId,
    next: u64,
    peers: BTreeMap<u64, Peer>,
    seen: Recent<Seen>,
    /// What is asked for, and of which peer.
    in_flight: B256HashMap<u64>,
    /// Accepted from a peer, or too large to push: to be announced soon.
    relays: VecDeque<B256>,
    /// The pool at the last re-announcement, and where in it the next one begins.
    pending: B256HashSet,
    cursor: usize,
}

impl Hub {
    pub(super) fn new(own: PeerId) -> Self {
        Self {
            own,
            next: 0,
            peers: BTreeMap::new(),
            seen: Recent::new(SEEN_MAX),
            in_flight: B256HashMap::default(),
            relays: VecDeque::new(),
            pending: B256HashSet::default(),
            cursor: 0,
        }
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    pub(super) fn is_joined(&self, id: &PeerId) -> bool {
        self.peers.values().any(|peer| peer.link.peer == *id)
    }

    /// Takes a peer in under a number of its own. Of two connections with one peer both sides keep the same: the newer
    /// one if the peer has started anew or dialled again, otherwise the one that the smaller identity dialled.
    pub(super) fn join(&mut self, link: Link, instance: u64) -> Result<(u64, Arc<Outbox>), End> {
        let (id, outbound) = (link.peer, link.outbound);
        if let Some((number, old)) = self.peers.iter().find(|(_, peer)| peer.link.peer == id) {
            let opposite = old.instance == instance && old.link.outbound != outbound;
            if opposite && outbound != (self.own < id) {
                return Err(End::Duplicate);
            }
            old.outbox.end(End::Duplicate);
            let number = *number;
            self.leave(number);
        }
        self.next += 1;
        let (number, outbox) = (self.next, Arc::new(Outbox::new()));
        let peer = Peer {
            link,
            outbox: Arc::clone(&outbox),
            instance,
            known: Recent::new(KNOWN_MAX),
            announced: VecDeque::new(),
            want: None,
            late: false,
        };
        self.peers.insert(number, peer);
        Ok((number, outbox))
    }

    /// Forgets a connection; what was asked of it can be asked of others. False where it was replaced before.
    pub(super) fn leave(&mut self, number: u64) -> bool {
        let known = self.peers.remove(&number).is_some();
        self.in_flight.retain(|_, of| *of != number);
        known
    }

    // Transactions.

    /// A transaction was accepted: pushed to whoever lacks it if it came from a client, else announced soon, when most
    /// peers will have said that they have it. Returns how many old pushes were dropped for it.
    pub(super) fn accepted(&mut self, hash: B256, raw: &Bytes, now: Instant) -> u64 {
        let from_peer = matches!(self.seen.get(&hash), Some(Seen::Taking(_)));
        self.seen.put(hash, Seen::Taken(now));
        if from_peer || raw.len() > PUSH_BYTES_MAX {
            if self.relays.len() >= RELAY_MAX {
                self.relays.pop_front();
            }
            self.relays.push_back(hash);
            return 0;
        }
        let mut dropped = 0;
        for peer in self.peers.values_mut() {
            if peer.known.get(&hash).is_none() {
                peer.known.put(hash, false);
                dropped += peer.outbox.push(raw.clone());
            }
        }
        dropped
    }

    pub(super) fn has_relays(&self) -> bool {
        !self.relays.is_empty()
    }

    /// Announces what waits to be relayed.
    pub(super) fn relay(&mut self) -> u64 {
        let relays = std::mem::take(&mut self.relays);
        self.announce(relays.iter().copied(), false)
    }

    /// Announces to every peer what it is not known to have; what was only sent to it may be announced `again`.
    fn announce(&mut self, hashes: impl Iterator<Item = B256> + Clone, again: bool) -> u64 {
        let mut dropped = 0;
        for peer in self.peers.values_mut() {
            let mut news = Vec::new();
            for hash in hashes.clone() {
                let known = peer.known.get(&hash);
                if known.is_none() || (again && known == Some(false)) {
                    peer.known.put(hash, false);
                    news.push(hash);
                }
            }
            if !news.is_empty() {
                dropped += peer.outbox.have(news);
            }
        }
        dropped
    }

    /// Announces the whole pool to a peer that has just joined.
    pub(super) fn announce_to(&mut self, number: u64, pending: Vec<B256>) -> u64 {
        self.peers.get(&number).map_or(0, |peer| peer.outbox.have(pending))
    }

    /// Announces again what has been in the pool since the last time: whoever dropped it or was full then gets another
    /// chance. A part of a large pool at a time.
    pub(super) fn reannounce(&mut self, pending: &[B256]) -> u64 {
        let mut still: Vec<B256> = pending.iter().filter(|hash| self.pending.contains(*hash)).copied().collect();
        self.pending = pending.iter().copied().collect();
        if self.cursor >= still.len() {
            self.cursor = 0;
        }
        still.drain(..self.cursor);
        still.truncate(REANNOUNCE_MAX);
        self.cursor += still.len();
        self.announce(still.iter().copied(), true)
    }

    /// A peer sent transactions. Says which of them are to be admitted.
    pub(super) fn received(&mut self, number: u64, hashes: &[B256], now: Instant) -> Vec<bool> {
        let Some(peer) = self.peers.get_mut(&number) else { return vec![false; hashes.len()] };
        let mut fresh = Vec::with_capacity(hashes.len());
        for hash in hashes {
            peer.known.put(*hash, true);
            let held = self.seen.get(hash).is_some_and(|seen| seen.is_held(now));
            if !held {
                self.seen.put(*hash, Seen::Taking(now));
            }
            fresh.push(!held);
        }
        fresh
    }

    /// What the pool said of received transactions.
    pub(super) fn judged(&mut self, hashes: &[B256], verdicts: &[Verdict], now: Instant) {
        for (hash, verdict) in hashes.iter().zip(verdicts) {
            match verdict {
                Verdict::Accepted | Verdict::Known => self.seen.put(*hash, Seen::Taken(now)),
                Verdict::Refused => self.seen.put(*hash, Seen::Refused(now + REFUSED_FOR)),
                Verdict::Invalid => self.seen.put(*hash, Seen::Invalid),
                Verdict::Busy => self.seen.remove(hash),
            }
        }
    }

    // Fetching.

    /// A peer has transactions; returns those that the pool is to be asked about.
    pub(super) fn announced(&mut self, number: u64, hashes: &[B256], now: Instant) -> Vec<B256> {
        let Some(peer) = self.peers.get_mut(&number) else { return Vec::new() };
        hashes.iter().for_each(|hash| peer.known.put(*hash, true));
        let held = |hash: &B256| self.seen.get(hash).is_some_and(|seen| seen.is_held(now));
        hashes.iter().filter(|hash| !held(hash)).copied().collect()
    }

    /// The pool lacks these, which a peer has announced.
    pub(super) fn lacking(&mut self, number: u64, hashes: Vec<B256>) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.announced.extend(hashes);
            let surplus = peer.announced.len().saturating_sub(ANNOUNCED_MAX);
            peer.announced.drain(..surplus);
        }
    }

    /// Asks every peer without an open question for what it has announced and nobody else is asked for.
    pub(super) fn fetch(&mut self, now: Instant) {
        for (number, peer) in &mut self.peers {
            if peer.want.is_some() || peer.late {
                continue;
            }
            let (mut hashes, mut later) = (Vec::new(), Vec::new());
            while hashes.len() < WANT_MAX
                && later.len() < WANT_MAX
                && let Some(hash) = peer.announced.pop_front()
            {
                if self.in_flight.contains_key(&hash) {
                    later.push(hash);
                } else if !self.seen.get(&hash).is_some_and(|seen| seen.is_held(now)) {
                    self.in_flight.insert(hash, *number);
                    hashes.push(hash);
                }
            }
            peer.announced.extend(later);
            if !hashes.is_empty() {
                let open = hashes.iter().copied().collect();
                peer.want = Some(Want { open, delivered: 0, until: now + ANSWER_TIME_MAX });
                peer.outbox.want(hashes);
            }
        }
    }

    /// Part of an answer has come. What an answer left out is asked for again, as long as there is progress.
    pub(super) fn answered(&mut self, number: u64, hashes: &[B256], last: bool) -> Answered {
        let mut answered = Answered::default();
        let Some(peer) = self.peers.get_mut(&number) else { return answered };
        let Some(want) = &mut peer.want else {
            let late = peer.late;
            peer.late &= !last;
            let out_of_turn = if late { 0 } else { hashes.len().max(usize::from(last)) };
            return Answered { out_of_turn, missing: 0 };
        };
        for hash in hashes {
            if want.open.remove(hash) {
                want.delivered += 1;
                self.in_flight.remove(hash);
            } else {
                answered.out_of_turn += 1;
            }
        }
        if last && let Some(want) = peer.want.take() {
            self.in_flight.retain(|hash, _| !want.open.contains(hash));
            if want.delivered > 0 {
                peer.announced.extend(want.open);
            } else {
                answered.missing = want.open.len();
            }
        }
        answered
    }

    /// Gives up questions without an answer; returns who was asked.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Link> {
        let mut late = Vec::new();
        for peer in self.peers.values_mut() {
            if let Some(want) = peer.want.take_if(|want| want.until <= now) {
                self.in_flight.retain(|hash, _| !want.open.contains(hash));
                peer.late = true;
                late.push(peer.link.clone());
            }
        }
        late
    }

    /// A question of a peer is answered: it has these now.
    pub(super) fn gave(&mut self, number: u64, hashes: &[B256]) {
        if let Some(peer) = self.peers.get_mut(&number) {
            hashes.iter().for_each(|hash| peer.known.put(*hash, true));
        }
    }
}
