//! Filters, the log of pending hashes, log ranges, rates.

use crate::error::{INVALID_PARAMS, LIMIT};
use crate::filters::{Filter, Filters};
use crate::log_filter::{LogFilter, LogRange, Resolved};
use crate::pending::{PENDING_KEPT, PendingHashes};
use crate::rate::{RateLimit, cost};
use alloy_primitives::{Address, B256, U256};
use proptest::prelude::*;
use std::net::IpAddr;
use std::time::{Duration, Instant};

const IDLE: Duration = Duration::from_secs(300);

#[test]
fn filters_are_bounded_and_forgotten() {
    let (filters, start) = (Filters::new(2, IDLE), Instant::now());
    for id in [1, 2] {
        filters.add(Filter::Blocks { next: 1 }, id, start).unwrap();
    }
    assert_eq!(filters.add(Filter::Blocks { next: 1 }, 3, start).unwrap_err().code, LIMIT);
    filters.get(1, start + IDLE / 2).unwrap();
    // Nobody asked for the second, so the third takes its place.
    filters.add(Filter::Blocks { next: 1 }, 3, start + IDLE).unwrap();
    assert_eq!(filters.get(2, start + IDLE).unwrap_err().message, "filter not found");
    filters.get(1, start + IDLE).unwrap();
    filters.expire(start + IDLE * 4);
    assert!(filters.get(1, start + IDLE * 4).is_err());
    assert!(!filters.remove(3));
}

#[test]
fn filters_only_move_forward() {
    let (filters, now) = (Filters::new(2, IDLE), Instant::now());
    filters.add(Filter::Pending { next: 5 }, 1, now).unwrap();
    filters.advance(1, 9);
    filters.advance(1, 7);
    assert!(matches!(filters.get(1, now), Ok(Filter::Pending { next: 9 })));
    assert!(filters.remove(1));
    filters.advance(1, 20);
    assert!(filters.get(1, now).is_err());
}

#[test]
fn pending_hashes_are_numbered_and_bounded() {
    let pending = PendingHashes::default();
    let hash = |n: usize| B256::from(U256::from(n));
    for n in 0..PENDING_KEPT + 10 {
        pending.push(hash(n));
    }
    let end = (PENDING_KEPT + 10) as u64;
    assert_eq!(pending.next(), end);
    assert_eq!(pending.since(end - 2), (vec![hash(PENDING_KEPT + 8), hash(PENDING_KEPT + 9)], end));
    assert_eq!(pending.since(0).0.len(), PENDING_KEPT);
    assert_eq!(pending.since(end), (vec![], end));
    assert_eq!(pending.since(u64::MAX), (vec![], end));
}

fn log_filter(text: &str) -> LogFilter {
    LogFilter::new(&serde_json::from_str(text).unwrap(), 10).unwrap()
}

#[test]
fn log_filters_as_clients_write_them() {
    let one = log_filter(r#"{"address":"0x0000000000000000000000000000000000000002"}"#);
    assert_eq!(one.query.addresses, [Address::with_last_byte(2)]);
    assert_eq!(one.range, LogRange::Heights { from: None, to: None });
    let b = B256::repeat_byte(2);
    let topics = log_filter(&format!(
        r#"{{"fromBlock":"earliest","toBlock":"0x10","address":[],"topics":[null,["{b}"],null]}}"#
    ));
    assert_eq!(topics.query.topics, [vec![], vec![b]]);
    assert_eq!(topics.range, LogRange::Heights { from: Some(0), to: Some(16) });
    assert_eq!(log_filter(&format!(r#"{{"blockHash":"{b}"}}"#)).range, LogRange::Block(b));
    let many: Vec<Address> = (0..11).map(Address::with_last_byte).collect();
    let many = serde_json::from_value(serde_json::json!({ "address": many })).unwrap();
    assert_eq!(LogFilter::new(&many, 10).unwrap_err().code, LIMIT);
}

#[test]
fn log_ranges_end_at_the_head() {
    let resolve = |from, to| LogRange::Heights { from, to }.resolve(100);
    assert_eq!(resolve(None, None), Ok(Resolved::Heights(100, 100)));
    assert_eq!(resolve(Some(7), None), Ok(Resolved::Heights(7, 100)));
    assert_eq!(resolve(Some(7), Some(9)), Ok(Resolved::Heights(7, 9)));
    assert_eq!(resolve(Some(7), Some(u64::MAX)), Ok(Resolved::Heights(7, 100)));
    assert_eq!(resolve(Some(101), None), Ok(Resolved::Empty));
    assert_eq!(resolve(None, Some(9)), Ok(Resolved::Empty));
    assert_eq!(resolve(Some(9), Some(7)).unwrap_err().code, INVALID_PARAMS);
}

#[test]
fn clients_far_away_have_a_budget() {
    let (far, near): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "127.0.0.1".parse().unwrap());
    let rate = RateLimit::new(Some(10), false);
    let taken = (0..100).take_while(|_| rate.take(far, 1).is_ok()).count();
    assert!((40..=42).contains(&taken), "{taken}");
    assert!((1..=1000).contains(&rate.take(far, 1).unwrap_err()));
    assert_eq!(rate.take("192.0.2.2".parse().unwrap(), 1), Ok(()));
    assert_eq!(rate.take(near, 1000), Ok(()));
    let strict = RateLimit::new(Some(1), true);
    assert!((0..10).any(|_| strict.take(near, 1).is_err()));
    // One client's addresses count as one.
    let v6 = RateLimit::new(Some(10), false);
    let from = |n: u16| v6.take(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]), 1);
    assert!((0..100).any(|n| from(n).is_err()));
    assert_eq!(RateLimit::new(None, true).take(far, u32::MAX), Ok(()));
    assert!(cost("debug_traceBlockByNumber") > cost("eth_call"));
}

proptest! {
    #[test]
    fn no_filter_panics(text in r#"\{"(address|topics|fromBlock|toBlock|blockHash)":("[0-9a-fx]{0,66}"|\[\]|null|[0-9]{1,3})\}"#) {
        if let Ok(filter) = serde_json::from_str(&text)
            && let Ok(filter) = LogFilter::new(&filter, 10)
        {
            let _ = filter.range.resolve(5);
        }
    }
}
