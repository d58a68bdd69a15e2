//! A node that catches up: when it begins, what it reports, when it has done.

use crate::node::network::{CatchUp, Notice};
use std::time::{Duration, Instant};

#[test]
fn a_node_one_block_behind_does_not_catch_up() {
    let now = Instant::now();
    for (height, target) in [(0, 0), (5, 4), (5, 5), (5, 6)] {
        assert_eq!(CatchUp::step(None, height, target, now), (None, None), "{height} of {target}");
    }
}

#[test]
fn catching_up_is_reported_with_its_pace_until_it_is_done() {
    let start = Instant::now();
    let (at, notice) = CatchUp::step(None, 1_000, 5_000, start);
    assert!(matches!(notice, Some(Notice::Going(at)) if at.blocks_per_second == 0));
    let (at, notice) = CatchUp::step(at, 1_100, 5_000, start + Duration::from_millis(500));
    assert_eq!((at.map(|at| at.height), notice), (Some(1_100), None), "not every look is reported");
    let (at, notice) = CatchUp::step(at, 1_300, 5_010, start + Duration::from_secs(2));
    let Some(Notice::Going(going)) = notice else { panic!("{notice:?}") };
    assert_eq!((going.from, going.height, going.target, going.blocks_per_second), (1_000, 1_300, 5_010, 150));
    let (at, notice) = CatchUp::step(at, 5_009, 5_010, start + Duration::from_secs(9));
    assert_eq!(at, None);
    assert_eq!(notice, Some(Notice::Done { height: 5_009, blocks: 4_009, took: Duration::from_secs(9) }));
}
