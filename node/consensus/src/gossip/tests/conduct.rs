//! Points and bans, by a clock that is passed in.

use crate::gossip::bucket::Bucket;
use crate::gossip::conduct::Conduct;
use crate::gossip::limits::{BANS_PER_IP_MAX, CONDUCT_MAX};
use crate::gossip::recent::Recent;
use alloy_primitives::B256;
use libp2p::PeerId;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

const BAN: Duration = Duration::from_secs(60);

#[test]
fn points_add_up_are_forgiven_and_end_in_a_ban() {
    let (mut conduct, peer, start) = (Conduct::new(BAN, BTreeSet::new()), PeerId::random(), Instant::now());
    assert!(!conduct.charge(peer, None, 60, start));
    assert_eq!(conduct.score(&peer, start), -60);
    let later = start + Duration::from_secs(30);
    assert_eq!(conduct.score(&peer, later), -30);
    assert!(!conduct.charge(peer, None, 60, later));
    assert!(conduct.charge(peer, None, 10, later));
    assert!(conduct.is_banned(&peer, later));
    // Whoever is banned is not banned again for what was on its way.
    assert!(!conduct.charge(peer, None, 500, later));
    assert!(!conduct.is_banned(&peer, later + BAN));
    assert_eq!(conduct.banned(later + BAN), 0);
}

#[test]
fn an_address_is_refused_for_several_banned_identities_unless_it_is_spared() {
    let now = Instant::now();
    let (ip, spared): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
    let mut conduct = Conduct::new(BAN, BTreeSet::from([spared]));
    for count in 1..=BANS_PER_IP_MAX {
        assert!(!conduct.is_ip_banned(ip, now));
        for ip in [ip, spared] {
            assert!(conduct.charge(PeerId::random(), Some(ip), 100, now), "{count}");
        }
    }
    assert!(conduct.is_ip_banned(ip, now));
    assert!(!conduct.is_ip_banned(spared, now));
    assert!(!conduct.is_ip_banned(ip, now + BAN));
}

#[test]
fn the_book_is_bounded_and_keeps_the_worst() {
    let (mut conduct, now) = (Conduct::new(BAN, BTreeSet::new()), Instant::now());
    let (banned, bad) = (PeerId::random(), PeerId::random());
    conduct.charge(banned, None, 100, now);
    conduct.charge(bad, None, 90, now);
    for _ in 0..CONDUCT_MAX + 10 {
        conduct.charge(PeerId::random(), None, 1, now);
    }
    assert!(conduct.is_banned(&banned, now));
    assert_eq!(conduct.score(&bad, now), -90);
}

#[test]
fn a_bucket_lets_a_burst_through_and_then_its_rate() {
    let start = Instant::now();
    let mut bucket = Bucket::new(100, 200, start);
    assert_eq!(bucket.take(200, start), Duration::ZERO);
    assert_eq!(bucket.take(50, start), Duration::from_millis(500));
    // After the wait it is where it was.
    assert_eq!(bucket.take(100, start + Duration::from_millis(500)), Duration::from_secs(1));
    assert_eq!(bucket.take(200, start + Duration::from_secs(100)), Duration::ZERO);
}

#[test]
fn a_memory_forgets_the_oldest_and_never_grows() {
    let mut recent = Recent::new(10);
    let hash = |number: u8| B256::repeat_byte(number);
    for number in 0..25 {
        recent.put(hash(number), number);
        assert_eq!(recent.get(&hash(number)), Some(number));
    }
    assert!(recent.get(&hash(0)).is_none());
    assert_eq!((10..25).filter(|number| recent.get(&hash(*number)).is_some()).count(), 15);
    recent.put(hash(24), 99);
    assert_eq!(recent.get(&hash(24)), Some(99));
    recent.remove(&hash(24));
    assert!(recent.get(&hash(24)).is_none());
}
