//! `assay statetest`: Ethereum's state tests through this node's executor.

use crate::cli::StatetestArgs;
use crate::error::AppError;
use crate::output;
use assay_executive::statetest::{self, Case, Options, Summary, Verdict};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Instant;

pub(super) fn run(args: &StatetestArgs) -> Result<ExitCode, AppError> {
    let fork = match &args.fork {
        Some(name) => Some(name.parse().map_err(|error| AppError::Usage(format!("--fork: {error}")))?),
        None => None,
    };
    let started = Instant::now();
    let mut total = Summary::default();
    let mut runs = Vec::new();
    for native in [false, true].into_iter().filter(|native| args.native || !native) {
        let rules = if native { "native" } else { "ethereum" };
        let options = Options { fork, native };
        let summary = statetest::run(&args.paths, &options, &mut |case| report(case, rules, args.json))
            .map_err(|error| AppError::Failed(error.to_string()))?;
        runs.push(
            json!({ "rules": rules, "passed": summary.passed, "failed": summary.failed, "skipped": summary.skipped }),
        );
        add(&mut total, summary);
    }
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        output::line(json!({
            "summary": true,
            "files": total.files,
            "passed": total.passed,
            "failed": total.failed,
            "skipped": total.skipped_total(),
            "skippedByReason": total.skipped,
            "runs": runs,
            "seconds": seconds,
        }));
    } else {
        for (reason, count) in &total.skipped {
            output::line(format_args!("skipped {count}: {reason}"));
        }
        output::line(format_args!(
            "{} passed, {} failed, {} skipped in {} files, {seconds:.1} s",
            total.passed,
            total.failed,
            total.skipped_total(),
            total.files
        ));
    }
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(case: &Case, rules: &str, as_json: bool) {
    if as_json {
        let mut value = serde_json::to_value(case).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("rules".to_owned(), Value::from(rules));
        }
        output::line(value);
    } else if matches!(case.verdict, Verdict::Fail(_)) {
        output::line(format_args!("{case} ({rules} rules)"));
    }
}

/// Files are counted once, cases of all runs.
fn add(total: &mut Summary, run: Summary) {
    total.files = total.files.max(run.files);
    total.passed = total.passed.saturating_add(run.passed);
    total.failed = total.failed.saturating_add(run.failed);
    for (reason, count) in run.skipped {
        let sum = total.skipped.entry(reason).or_default();
        *sum = sum.saturating_add(count);
    }
}
