//! Finding and reading test files.

use revm_statetest_types::TestUnit;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Largest test file, in bytes; the largest of Ethereum's own has about 60 MB.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A path that cannot be read.
#[derive(Debug, Error)]
#[error("{}: {error}", path.display())]
pub struct FileError {
    /// The path.
    pub path: PathBuf,
    /// What the system said.
    pub error: std::io::Error,
}

impl FileError {
    fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self { path: path.to_owned(), error }
    }
}

/// The file itself, or every `.json` file below a folder, in path order. Links are not followed.
pub(super) fn json_files(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    if !fs::metadata(path).map_err(FileError::at(path))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(FileError::at(&folder))? {
            let entry = entry.map_err(FileError::at(&folder))?;
            let kind = entry.file_type().map_err(FileError::at(&folder))?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a file within the bound.
pub(super) fn read(path: &Path) -> Result<String, FileError> {
    let size = fs::metadata(path).map_err(FileError::at(path))?.len();
    if size > FILE_BYTES_MAX {
        let text = format!("{size} bytes exceed the bound of {FILE_BYTES_MAX}");
        return Err(FileError { path: path.to_owned(), error: std::io::Error::other(text) });
    }
    fs::read_to_string(path).map_err(FileError::at(path))
}

type Units = Vec<(String, Result<TestUnit, serde_json::Error>)>;

/// The tests of a file, each on its own, so that a malformed one does not hide the others.
pub(super) fn units(text: &str) -> Result<Units, serde_json::Error> {
    let raw: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
    let units: Units = raw.into_iter().map(|(name, unit)| (name, serde_json::from_str(unit.get()))).collect();
    match units.iter().all(|(_, unit)| unit.is_err()) {
        // Not one test in it: the file is something else.
        true => match units.into_iter().find_map(|(_, unit)| unit.err()) {
            Some(error) => Err(error),
            None => Ok(Vec::new()),
        },
        false => Ok(units),
    }
}

/// Files that are not run, with the reason.
pub(super) fn skip_reason(file: &Path) -> Option<&'static str> {
    match file.file_stem()?.to_str()? {
        // An account with storage but neither nonce nor code cannot arise on a chain that had EIP-161 from its start.
        "InitCollision"
        | "InitCollisionParis"
        | "RevertInCreateInInit"
        | "RevertInCreateInInit_Paris"
        | "RevertInCreateInInitCreate2"
        | "RevertInCreateInInitCreate2Paris"
        | "create2collisionStorage"
        | "create2collisionStorageParis"
        | "dynamicAccountOverwriteEmpty"
        | "dynamicAccountOverwriteEmpty_Paris" => Some("EIP-7610: storage at an account without nonce and code"),
        "CALLBlake2f_MaxRounds" | "loopExp" | "loopMul" | "static_Call50000_sha256" => Some("runs for minutes"),
        "ValueOverflow" | "ValueOverflowParis" => Some("a value over 256 bits"),
        _ => None,
    }
}
