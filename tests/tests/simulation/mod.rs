//! Deterministic simulation: Malachite's own state machine, the real chain and store, on a seeded scheduler with an
//! in-memory network. The same seed gives the same bytes.
//!
//! ```text
//! plan      what a seed means            world    the scheduler, from start to end
//! network   delay, loss, copies, cuts    machine  a folder, a key, a validator from crash to crash
//! adversary who breaks the rules         clients  transactions, and who holds nodes to their answers
//! checker   the invariants               trace    digest and readable trace
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "test code over small numbers"
)]

mod adversary;
mod checker;
mod checks;
mod clients;
mod machine;
mod network;
mod plan;
mod rng;
mod runs;
mod trace;
mod world;

use plan::Plan;
use world::World;

#[test]
fn four_honest_validators_agree_and_repeat_themselves() {
    let run = |seed| World::new(Plan::calm(seed), false).run().unwrap_or_else(|failure| panic!("{}", failure.reason));
    let (first, again, other) = (run(1), run(1), run(2));
    println!("{first:?}");
    assert_eq!(first, again, "the same seed gave other bytes");
    assert_ne!(first.digest, other.digest);
    assert!(first.heights >= 20 && first.rounds_max == 0 && first.transactions > 0, "{first:?}");
}
