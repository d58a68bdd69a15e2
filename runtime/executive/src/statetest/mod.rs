//! Ethereum's state tests (the GeneralStateTests JSON format), run through this chain's own machine and trie.
//!
//! A file maps names to tests; a test has a pre-state, one transaction with several variants, and for each fork the
//! expected state root and logs hash of each variant. One *case* is one variant under one fork. This module is the
//! one place of the crate that reads files.

mod case;
mod files;

use assay_vm::Fork;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use files::FileError;

/// What to run and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Only cases of this fork.
    pub fork: Option<Fork>,
    /// With the native modules and, from London on, the 0xEF rule of this chain; the results must be the same.
    pub native: bool,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "result", content = "reason")]
pub enum Verdict {
    /// State root and logs are as expected, or the expected exception came.
    Pass,
    /// They are not.
    Fail(String),
    /// The case was not run.
    Skip(String),
}

/// One case and its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// The file.
    pub file: PathBuf,
    /// Name of the test in the file.
    pub name: String,
    /// Name of the fork, as the file has it.
    pub fork: String,
    /// Position among the fork's variants.
    pub variant: usize,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, reason) = match &self.verdict {
            Verdict::Pass => ("pass", None),
            Verdict::Fail(reason) => ("FAIL", Some(reason)),
            Verdict::Skip(reason) => ("skip", Some(reason)),
        };
        write!(f, "{word} {}: {} [{} {}]", self.file.display(), self.name, self.fork, self.variant)?;
        reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

/// Counts over all cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Files that were read.
    pub files: u64,
    /// Cases that passed.
    pub passed: u64,
    /// Cases that failed.
    pub failed: u64,
    /// Cases (or whole tests and files) that were not run, by reason.
    pub skipped: BTreeMap<String, u64>,
}

impl Summary {
    fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Pass => self.passed = self.passed.saturating_add(1),
            Verdict::Fail(_) => self.failed = self.failed.saturating_add(1),
            Verdict::Skip(reason) => {
                let count = self.skipped.entry(reason.clone()).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    /// How many were not run.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Runs every state test in the given files and folder trees, in path order, and reports each case.
///
/// # Errors
/// A path that does not exist or cannot be read. A file in a folder that is no state test is skipped; one that was
/// named itself fails.
pub fn run(paths: &[PathBuf], options: &Options, on_case: &mut dyn FnMut(&Case)) -> Result<Summary, FileError> {
    let mut summary = Summary::default();
    for path in paths {
        for file in files::json_files(path)? {
            summary.files = summary.files.saturating_add(1);
            let named = file == *path;
            run_file(&file, named, options, &mut |case| {
                summary.count(&case.verdict);
                on_case(&case);
            })?;
        }
    }
    Ok(summary)
}

fn run_file(file: &Path, named: bool, options: &Options, report: &mut dyn FnMut(Case)) -> Result<(), FileError> {
    let text = files::read(file)?;
    let whole = |name: &str, verdict| Case {
        file: file.to_owned(),
        name: name.to_owned(),
        fork: String::new(),
        variant: 0,
        verdict,
    };
    let units = match files::units(&text) {
        Ok(units) => units,
        Err(error) if named => {
            report(whole("", Verdict::Fail(format!("not in the state test format: {error}"))));
            return Ok(());
        }
        Err(_) => {
            report(whole("", Verdict::Skip("not in the state test format".to_owned())));
            return Ok(());
        }
    };
    for (name, unit) in units {
        if let Some(reason) = files::skip_reason(file) {
            report(whole(&name, Verdict::Skip(reason.to_owned())));
            continue;
        }
        match unit {
            Ok(unit) => {
                for (fork, variant, verdict) in case::run_unit(&unit, options) {
                    report(Case { file: file.to_owned(), name: name.clone(), fork, variant, verdict });
                }
            }
            Err(error) if named => report(whole(&name, Verdict::Fail(format!("malformed test: {error}")))),
            Err(_) => report(whole(&name, Verdict::Skip("malformed test".to_owned()))),
        }
    }
    Ok(())
}
