//! How peers have behaved: points, and who is banned until when. Outlives connections, so that hanging up forgives
//! nothing.

use super::limits::{BANS_PER_IP_MAX, CONDUCT_MAX, POINTS_FORGIVEN_PER_SECOND, POINTS_MAX};
use libp2p::PeerId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
struct Record {
    points: u32,
    since: Instant,
    banned_until: Option<Instant>,
    ip: Option<IpAddr>,
}

impl Record {
    fn points(&self, now: Instant) -> u32 {
        let seconds = u32::try_from(now.saturating_duration_since(self.since).as_secs()).unwrap_or(u32::MAX);
        self.points.saturating_sub(seconds.saturating_mul(POINTS_FORGIVEN_PER_SECOND))
    }

    fn is_banned(&self, now: Instant) -> bool {
        self.banned_until.is_some_and(|until| until > now)
    }
}

/// The book of all peers.
#[derive(Debug)]
pub(super) struct Conduct {
    records: BTreeMap<PeerId, Record>,
    ban_for: Duration,
    /// Addresses of configured peers: never refused as such.
    spared: BTreeSet<IpAddr>,
}

impl Conduct {
    pub(super) fn new(ban_for: Duration, spared: BTreeSet<IpAddr>) -> Self {
        Self { records: BTreeMap::new(), ban_for, spared }
    }

    /// Adds points; true where the peer is banned by them, for the first time.
    pub(super) fn charge(&mut self, peer: PeerId, ip: Option<IpAddr>, points: u32, now: Instant) -> bool {
        self.make_room(&peer, now);
        let ban_for = self.ban_for;
        let fresh = Record { points: 0, since: now, banned_until: None, ip };
        let record = self.records.entry(peer).or_insert(fresh);
        record.points = record.points(now).saturating_add(points);
        record.since = now;
        record.ip = ip.or(record.ip);
        if record.points < POINTS_MAX || record.is_banned(now) {
            return false;
        }
        // Served its time, it starts anew.
        record.points = 0;
        record.banned_until = Some(now + ban_for);
        true
    }

    fn make_room(&mut self, peer: &PeerId, now: Instant) {
        if self.records.len() < CONDUCT_MAX || self.records.contains_key(peer) {
            return;
        }
        self.records.retain(|_, record| record.is_banned(now) || record.points(now) > 0);
        if self.records.len() >= CONDUCT_MAX {
            let best = |record: &Record| (record.is_banned(now), record.points(now));
            let least = self.records.iter().min_by_key(|(_, record)| best(record)).map(|(peer, _)| *peer);
            least.map(|peer| self.records.remove(&peer));
        }
    }

    pub(super) fn is_banned(&self, peer: &PeerId, now: Instant) -> bool {
        self.records.get(peer).is_some_and(|record| record.is_banned(now))
    }

    /// Whether too many banned identities came from an address: identities cost nothing to make.
    pub(super) fn is_ip_banned(&self, ip: IpAddr, now: Instant) -> bool {
        let of_ip = |record: &&Record| record.ip == Some(ip) && record.is_banned(now);
        !self.spared.contains(&ip) && self.records.values().filter(of_ip).count() >= BANS_PER_IP_MAX
    }

    pub(super) fn banned(&self, now: Instant) -> usize {
        self.records.values().filter(|record| record.is_banned(now)).count()
    }

    /// 0 for a peer without blame, down to -100, at which it is banned.
    pub(super) fn score(&self, peer: &PeerId, now: Instant) -> i64 {
        self.records.get(peer).map_or(0, |record| -i64::from(record.points(now)))
    }
}
