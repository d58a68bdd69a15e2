//! Random operations over all native modules at once, in real blocks of signed transactions: wrong callers, wrong states,
//! expired times, hooks that fail, payees that a token refuses, offences and absences. After every block every
//! invariant of every module holds, and the sums across modules; at the end every job can be ended and nothing is left.
//!
//! `make soak-operations` runs a million.

mod agents;
mod court;
mod jobs;
mod ledger;
mod money;
mod world;

use alloy_primitives::{Address, U256};
use assay_abi::escrow::{COURT, ESCROW, IEscrow, IEscrowBids};
use assay_abi::token::INativeToken;
use assay_escrow::types::Status;
use court::ICourt;
use world::{Counts, Op, World, who};

/// Operations on one chain; then another one begins, so that looking at all of it stays cheap.
const PER_CHAIN: u64 = 2_500;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

impl World {
    /// Makes every token and account free, waits until all jobs are over, and ends them: nothing may be left.
    fn drain(&mut self) {
        let mut ops = Vec::new();
        for token in self.tokens.clone() {
            let owner = self.owner_of_token(token);
            let owner = (0..world::ACTORS).find(|actor| who(*actor) == owner).unwrap();
            if self.view(token, &INativeToken::pausedCall {}) {
                ops.push(Op::new("drain", owner, token, &INativeToken::unpauseCall {}));
            }
            for account in (0..world::ACTORS).map(who) {
                if self.view(token, &INativeToken::isBlacklistedCall { account }) {
                    ops.push(Op::new("drain", owner, token, &INativeToken::unBlacklistCall { account }));
                }
            }
        }
        self.run(200_000, ops);
        self.look();
        let mut ops = Vec::new();
        for (id, job) in self.live.clone() {
            let (number, to) = (U256::from(id), job.facade.address());
            match job.status {
                Status::Open if job.bidding || job.bonded => {
                    ops.push(Op::new("drain", 0, ESCROW, &IEscrowBids::releaseBondsCall { jobId: number }));
                }
                Status::Open => (),
                _ => {
                    if job.held {
                        ops.push(Op::new("drain", 0, COURT, &ICourt::holdCall { job: id, held: false }));
                    }
                    ops.push(Op::new("drain", 0, to, &IEscrow::claimRefundCall { jobId: number }));
                }
            }
        }
        self.run(500, ops);
        let waiting: Vec<(Address, Address, Address)> = self.ledger.credits.keys().copied().collect();
        let mut ops = Vec::new();
        for (facade, token, payee) in waiting {
            if let Some(by) = (0..world::ACTORS).find(|actor| who(*actor) == payee) {
                ops.push(Op::new("drain", by, facade, &IEscrow::withdrawCall { token }));
            }
        }
        self.run(500, ops);
        let drained = self.counts.remove("drain").unwrap_or_default();
        assert_eq!(drained.refused + drained.halted, 0, "a job cannot be ended");
        self.look();
        assert!(self.live.iter().all(|(_, job)| job.status == Status::Open && job.funded == 0));
        assert!(self.ledger.locks.is_empty(), "a bond stays locked: {:?}", self.ledger.locks);
        assert!(self.ledger.credits.keys().all(|(_, _, payee)| *payee == COURT));
    }
}

fn print(counts: &Counts) {
    println!("{:<38}{:>10}{:>10}{:>8}", "call", "done", "refused", "halted");
    for (name, count) in counts {
        println!("{name:<38}{:>10}{:>10}{:>8}", count.done, count.refused, count.halted);
    }
}

#[test]
fn random_operations_keep_all_invariants() {
    let operations = number("ASSAY_OPERATIONS", 10_000);
    let seed = number("ASSAY_OPERATIONS_SEED", 1);
    let (mut made, mut chains, mut blocks) = (0, 0, 0);
    let mut counts = Counts::new();
    while made < operations {
        let of_chain = PER_CHAIN.min(operations - made);
        println!("seed {}", seed + chains);
        let mut world = World::new(seed + chains);
        let mut here = 0;
        while here < of_chain {
            here += world.block();
            blocks += 1;
        }
        world.drain();
        for (name, count) in world.counts {
            let sum = counts.entry(name).or_default();
            sum.done += count.done;
            sum.refused += count.refused;
            sum.halted += count.halted;
        }
        (made, chains) = (made + here, chains + 1);
    }
    print(&counts);
    let done: u64 = counts.values().map(|count| count.done).sum();
    println!("{made} operations, {done} done, {blocks} blocks, {chains} chains");
    assert!(done * 100 >= made * 55, "{done} of {made} succeeded");
    // In the smallest run everything happens, and often enough.
    for (name, count) in &counts {
        assert!(count.done >= operations / 5_000, "{name} succeeded {} times", count.done);
    }
    assert!(counts.len() >= CALLS, "{} calls were made", counts.len());
}

/// Calls that a run makes.
const CALLS: usize = 74;
