//! The state-test runner over the tests of this repository, whose expectations come from the executable specification.

use crate::statetest::{Case, Options, Summary, Verdict, run};
use assay_vm::Fork;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/statetests")
}

fn run_all(options: Options) -> (Summary, Vec<Case>) {
    let mut failed = Vec::new();
    let summary = run(&[folder()], &options, &mut |case| {
        if matches!(case.verdict, Verdict::Fail(_)) {
            failed.push(case.clone());
        }
    })
    .unwrap();
    (summary, failed)
}

fn assert_none_failed(failed: &[Case]) {
    let lines: Vec<String> = failed.iter().map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn all_cases_pass_under_ethereums_rules_and_with_native_modules() {
    for native in [false, true] {
        let (summary, failed) = run_all(Options { native, ..Options::default() });
        assert_none_failed(&failed);
        assert_eq!((summary.failed, summary.skipped_total()), (0, 0));
        assert!(summary.passed >= 500, "{}", summary.passed);
    }
}

#[test]
fn the_fork_filter_skips_the_others() {
    let (summary, failed) = run_all(Options { fork: Some(Fork::Osaka), ..Options::default() });
    assert_none_failed(&failed);
    assert!(summary.passed > 50);
    assert!(summary.skipped["another fork than asked for"] > 100);
}

/// A runner that cannot fail proves nothing: break each kind of expectation and see it noticed.
#[test]
fn wrong_expectations_fail() {
    let text = fs::read_to_string(folder().join("transfers.json")).unwrap();
    let file = std::env::temp_dir().join(format!("statetest-{}.json", std::process::id()));
    let run_text = |text: &str| {
        fs::write(&file, text).unwrap();
        let mut verdicts = Vec::new();
        run(std::slice::from_ref(&file), &Options::default(), &mut |case| verdicts.push(case.verdict.clone())).unwrap();
        verdicts.into_iter().filter(|verdict| matches!(verdict, Verdict::Fail(_))).count()
    };
    assert_eq!(run_text(&text), 0);
    let mut tests: serde_json::Value = serde_json::from_str(&text).unwrap();
    let plain = &mut tests["transfers/plain"]["post"]["Osaka"];
    plain[0]["hash"] = serde_json::json!(alloy_primitives::B256::ZERO);
    plain[1]["logs"] = serde_json::json!(alloy_primitives::B256::ZERO);
    plain[2]["expectException"] = serde_json::json!("TransactionException.ANY");
    let rejected = &mut tests["transfers/nonce_too_high"]["post"]["Osaka"][0];
    rejected.as_object_mut().unwrap().remove("expectException");
    assert_eq!(run_text(&tests.to_string()), 4);
    assert_eq!(run_text("{}"), 0);
    assert_eq!(run_text("[1]"), 1);
    assert_eq!(run_text("{\"a\": {\"b\": 1}}"), 1);
    fs::remove_file(&file).unwrap();
    assert!(run(&[file], &Options::default(), &mut |_| ()).is_err());
}
