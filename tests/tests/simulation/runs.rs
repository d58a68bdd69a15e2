//! Many seeds in a row, and one seed with its trace.

use super::plan::{Plan, Planted};
use super::world::{Failure, Report, World};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Seeds of `make test`.
const SEEDS: u64 = 150;
/// One seed of so many runs twice and must repeat itself.
const REPEAT_EVERY: u64 = 20;
/// Lines of a trace that are printed.
const TRACE_LINES_MAX: usize = 20_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs a plan; a panic anywhere in it is a failure like any other.
pub fn run(plan: Plan, traced: bool) -> Result<Report, Failure> {
    let world = AssertUnwindSafe(|| World::new(plan, traced).run());
    catch_unwind(world).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let reason = format!("panic: {}", text.unwrap_or_default());
        Err(Failure { reason, accused: BTreeSet::new(), trace: Vec::new() })
    })
}

/// The command that repeats a seed.
fn command(seed: u64) -> String {
    format!("make simulate SEED={seed}")
}

/// What all runs did together.
#[derive(Default)]
struct Sum {
    runs: u64,
    heights: u64,
    transactions: u64,
    evidence: u64,
    rounds_max: u32,
    /// With their seeds.
    healed_ms: Vec<(u64, u64)>,
    faults: BTreeMap<String, u64>,
    failures: Vec<(u64, String)>,
}

impl Sum {
    fn add(&mut self, seed: u64, result: Result<Report, Failure>) {
        self.runs += 1;
        match result {
            Ok(report) => {
                self.heights += report.heights;
                self.transactions += report.transactions as u64;
                self.evidence += report.evidence;
                self.rounds_max = self.rounds_max.max(report.rounds_max);
                self.healed_ms.push((report.healed_ms, seed));
                for (name, count) in report.faults {
                    *self.faults.entry(name).or_default() += count;
                }
            }
            Err(failure) => {
                println!("seed {seed}: {}; repeat it: {}", failure.reason, command(seed));
                self.failures.push((seed, failure.reason));
            }
        }
    }
}

fn cpu_seconds() -> f64 {
    // utime and stime, in clock ticks of 1/100 s.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

/// Runs seeds on a few threads. Which thread runs which changes nothing.
fn run_seeds(first: u64, count: u64) -> Sum {
    let (next, sum) = (AtomicU64::new(first), Mutex::new(Sum::default()));
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get()).min(16);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let mut result = run(Plan::of_seed(seed), false);
                    if seed % REPEAT_EVERY == 0 && run(Plan::of_seed(seed), false).ok() != result.as_ref().ok().cloned()
                    {
                        let reason = "the same seed gave other bytes".to_owned();
                        result = Err(Failure { reason, accused: BTreeSet::new(), trace: Vec::new() });
                    }
                    sum.lock().unwrap().add(seed, result);
                }
            });
        }
    });
    sum.into_inner().unwrap()
}

#[test]
fn no_seed_breaks_an_invariant() {
    if let Some(seed) = number("ASSAY_SIMULATION_SEED") {
        return replay(seed);
    }
    let count = number("ASSAY_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let first = number("ASSAY_SIMULATION_FIRST").unwrap_or(1);
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let sum = run_seeds(first, count);
    println!(
        "{} seeds from {first}: {} heights, {} transactions, evidence in blocks {}, highest round {}, {:.0} s, {:.0} s of CPU",
        sum.runs,
        sum.heights,
        sum.transactions,
        sum.evidence,
        sum.rounds_max,
        started.elapsed().as_secs_f64(),
        cpu_seconds() - cpu,
    );
    let mut healed = sum.healed_ms.clone();
    healed.sort_unstable();
    let part = |percent: usize| healed.get((healed.len().max(1) - 1) * percent / 100).copied().unwrap_or_default();
    let ((middle, _), (late, _), (latest, seed)) = (part(50), part(99), part(100));
    println!("first block after the faults: p50 {middle} ms, p99 {late} ms, at most {latest} ms (seed {seed})");
    println!("{:#?}", sum.faults);
    assert!(sum.failures.is_empty(), "{} seeds fail: {:#?}", sum.failures.len(), sum.failures);
}

/// One seed, twice: its trace, and that it repeats itself.
fn replay(seed: u64) {
    println!("{:#?}", Plan::of_seed(seed));
    let (first, again) = (run(Plan::of_seed(seed), true), run(Plan::of_seed(seed), true));
    match (first, again) {
        (Ok(first), Ok(again)) => {
            assert_eq!(first, again, "seed {seed} gave other bytes");
            first.trace.iter().for_each(|line| println!("{line}"));
            println!("{:#?}", Report { trace: Vec::new(), ..first });
        }
        (Err(failure), _) => {
            let skipped = failure.trace.len().saturating_sub(TRACE_LINES_MAX);
            for line in failure.trace.iter().skip(skipped) {
                println!("{line}");
            }
            panic!("seed {seed}: {}", failure.reason);
        }
        (Ok(_), Err(failure)) => panic!("seed {seed} fails only sometimes: {}", failure.reason),
    }
}

/// The first of the default seeds in which a planted bug shows as a double signature.
fn found_at(planted: Planted) -> Option<u64> {
    (1..=SEEDS).find(|seed| {
        let plan = Plan { planted: Some(planted), ..Plan::of_seed(*seed) };
        run(plan, false).is_err_and(|failure| failure.reason.contains("double signature"))
    })
}

#[test]
fn a_guard_that_forgets_is_found() {
    let seed = found_at(Planted::GuardForgets).expect("no default seed finds it");
    println!("a guard that forgets is found at seed {seed}");
}

#[test]
fn a_disk_that_lies_is_found() {
    let seed = found_at(Planted::DiskLies).expect("no default seed finds it");
    println!("a disk that lies is found at seed {seed}");
}
