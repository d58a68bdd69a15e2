//! The house rules as a test: the crate table of ARCHITECTURE.md, its walls, head lines, file sizes, forbidden attributes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// folder, workspace crates it may name directly (whatever those may name is allowed too).
const CRATES: &[(&str, &[&str])] = &[
    ("runtime/primitives", &[]),
    ("runtime/abi", &[]),
    ("runtime/trie", &["primitives"]),
    ("runtime/kernel", &["primitives", "abi"]),
    ("runtime/vm", &["kernel"]),
    ("pallets/token", &["kernel"]),
    ("pallets/identity", &["kernel"]),
    ("pallets/staking", &["kernel", "identity"]),
    ("pallets/escrow", &["kernel", "token", "identity", "staking"]),
    ("genesis", &["primitives", "token", "identity", "staking", "escrow"]),
    ("runtime/executive", &["kernel", "token", "identity", "staking", "escrow", "vm", "genesis", "trie"]),
    ("node/consensus", &["primitives"]),
    ("node/store", &["kernel", "trie"]),
    ("node/chain", &["executive", "store", "consensus"]),
    ("node/rpc", &["chain", "abi"]),
    ("node/agents", &["abi"]),
    ("node/app", &["agents", "rpc", "chain", "store", "executive", "consensus"]),
    ("tests", &["agents", "app", "rpc", "chain", "store", "executive", "consensus", "vm", "kernel", "trie", "genesis"]),
];

/// Outside crates that only some crates may name.
const WALLS: &[(&str, &[&str])] = &[
    ("revm", &["vm"]),
    ("revm-inspectors", &["vm"]),
    ("revm-statetest-types", &["vm", "executive"]),
    ("wasmtime", &["vm"]),
    ("rocksdb", &["store"]),
    ("libp2p", &["consensus"]),
    ("ractor", &["consensus"]),
    ("arc-malachitebft-", &["consensus"]),
    ("tendermint-", &["consensus"]),
    ("jsonrpsee", &["rpc", "agents", "app", "tests"]),
    ("axum", &["rpc", "agents"]),
    ("cudarc", &["verifier"]),
];

/// Crates that must stay free of clocks, threads, I/O and async.
const PURE: &[&str] = &["runtime/", "pallets/", "genesis/", "gpu-verifier/opml/"];

/// Files that may hold `unsafe`, each block with its proof.
const UNSAFE: &[&str] = &[];

const LINES_MAX: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "corpus", "artifacts"].contains(&name.as_str()) {
                rust_files(&path, out);
            }
        } else if name.ends_with(".rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn is_test(file: &str) -> bool {
    file.starts_with("tests/")
        || file.starts_with("fuzz/")
        || ["/tests/", "/benches/", "/examples/", "/testing/"].iter().any(|part| file.contains(part))
        || file.ends_with("/tests.rs")
}

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).parse().unwrap()
}

fn dependencies(manifest: &toml::Table, section: &str) -> Vec<(String, toml::Value)> {
    let table = manifest.get(section).and_then(toml::Value::as_table);
    table.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn short(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap()
}

fn allowed(of: &str) -> BTreeSet<&'static str> {
    let mut out = BTreeSet::new();
    let mut todo = vec![of];
    while let Some(name) = todo.pop() {
        let row = CRATES.iter().find(|(folder, _)| short(folder) == name);
        for dependency in row.into_iter().flat_map(|(_, list)| list.iter()) {
            if out.insert(*dependency) {
                todo.push(dependency);
            }
        }
    }
    out
}

#[test]
fn the_workspace_is_the_crate_table() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap();
    let found: BTreeSet<String> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    let expected: BTreeSet<String> = CRATES.iter().map(|(folder, _)| format!("assay-{}", short(folder))).collect();
    assert_eq!(found, expected);
}

#[test]
fn edges_point_down() {
    let mut wrong = Vec::new();
    for (folder, _) in CRATES {
        let may = allowed(short(folder));
        for (name, _) in dependencies(&manifest(folder), "dependencies") {
            if let Some(name) = name.strip_prefix("assay-")
                && !may.contains(name)
            {
                wrong.push(format!("{folder} may not depend on {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn walls_stand() {
    let mut wrong = Vec::new();
    for (folder, _) in CRATES {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, _) in dependencies(&manifest(folder), section) {
                let wall =
                    WALLS.iter().find(|(wall, _)| *wall == name || (wall.ends_with('-') && name.starts_with(wall)));
                if let Some((_, inside)) = wall
                    && !inside.contains(&short(folder))
                {
                    wrong.push(format!("{folder} may not name {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    let mut wrong = Vec::new();
    for (folder, _) in CRATES {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in dependencies(&manifest(folder), section) {
                if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    wrong.push(format!("{folder}: {name} must be `workspace = true`"));
                }
            }
        }
    }
    let root = manifest("");
    let pinned = root["workspace"]["dependencies"].as_table().unwrap();
    for (name, value) in pinned {
        let version = value.as_str().or_else(|| value.get("version").and_then(toml::Value::as_str)).unwrap_or_default();
        if (name.starts_with("arc-malachitebft-") || name == "revm") && !version.starts_with('=') {
            wrong.push(format!("{name} must be pinned exactly"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_has_a_head_line_and_a_bound() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !text.trim_start().starts_with("//!") && !text.trim_start().starts_with("#![") {
            wrong.push(format!("{file}: no `//!` head line"));
        }
        let lines = text.lines().count();
        if !is_test(&file) && lines > LINES_MAX {
            wrong.push(format!("{file}: {lines} lines, at most {LINES_MAX}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_test_is_ignored_or_expects_a_panic() {
    let forbidden = [concat!("#[", "ignore"), concat!("#[", "should_panic")];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for attribute in forbidden {
            if text.contains(attribute) {
                wrong.push(format!("{file}: {attribute}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_stands_in_listed_files_only() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if !UNSAFE.contains(&file.as_str()) && code.clone().any(|line| line.contains(concat!("unsafe", " {"))) {
            wrong.push(file);
        }
    }
    assert!(wrong.is_empty(), "unsafe outside the listed files: {wrong:?}");
}

#[test]
fn the_state_transition_names_no_clock_thread_or_async() {
    let forbidden =
        ["std::thread", "std::time", "std::fs", "std::net", "std::env", "tokio", "async fn", "thread_rng", "OsRng"];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let pure = PURE.iter().any(|folder| file.starts_with(folder));
        if !pure || is_test(&file) || file.contains("/statetest/") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = forbidden.iter().find(|word| code.contains(**word)) {
                wrong.push(format!("{file}:{}: {word}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_crate_inherits_the_lints() {
    let mut missing = BTreeMap::new();
    for (folder, _) in CRATES {
        let manifest = manifest(folder);
        let inherits = manifest.get("lints").and_then(|l| l.get("workspace")).and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            missing.insert(*folder, "lints.workspace = true");
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// Words such as `ESC-12`, of the invariants that a text names.
fn invariants(text: &str) -> BTreeSet<String> {
    let word = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let is_id = |id: &&str| {
        let number = id.get(4..).unwrap_or_default();
        let prefix = id.get(..4).is_some_and(|p| p.ends_with('-') && p[..3].bytes().all(|b| b.is_ascii_uppercase()));
        prefix && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    };
    text.split(word)
        .filter(is_id)
        .filter(|id| !["EIP-", "ERC-", "UTF-"].contains(&&id[..4]))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_invariants_of_a_readme_are_the_checked_ones() {
    for (folder, _) in CRATES.iter().filter(|(folder, _)| folder.starts_with("pallets/")) {
        let read = |file: &str| fs::read_to_string(root().join(folder).join(file)).unwrap();
        let promised: BTreeSet<String> = read("README.md")
            .lines()
            .filter_map(|line| line.strip_prefix("- **"))
            .flat_map(|line| invariants(line.split("**").next().unwrap_or_default()))
            .collect();
        assert!(!promised.is_empty(), "{folder}: no invariants");
        assert_eq!(promised, invariants(&read("src/invariants.rs")), "{folder}");
    }
}
