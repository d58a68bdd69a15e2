//! Unmodified Ethereum clients against the real node: cast and forge, viem, ethers, web3.py.

use crate::support::{Node, root};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

fn clients() -> PathBuf {
    let path = root().join(".cache/clients");
    assert!(
        path.join("node_modules").exists(),
        "{}: run `scripts/setup test` first (`make test` does)",
        path.display()
    );
    path.canonicalize().unwrap()
}

fn artifacts() -> PathBuf {
    // Once for all tests: they run side by side.
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(compile).clone()
}

fn compile() -> PathBuf {
    let out = root().join(".cache/artifacts");
    let modules = clients().join("node_modules");
    let status = Command::new("node")
        .arg(root().join("tests/clients/compile.mjs"))
        .args([modules.as_os_str(), out.as_os_str()])
        .status()
        .unwrap();
    assert!(status.success());
    out
}

/// The interpreter that has web3.py.
pub fn python() -> String {
    clients().join("venv/bin/python").to_str().unwrap().to_owned()
}

/// Runs a script of `tests/clients` against a node.
pub fn run(rpc: &str, ws: &str, program: &str, script: &str) {
    let artifacts = artifacts();
    let output = Command::new(program)
        .arg(root().join("tests/clients").join(script))
        .env("RPC", rpc)
        .env("WS", ws)
        .env("MODULES", clients().join("node_modules"))
        .env("ARTIFACTS", &artifacts)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{script}: {said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn real_clients_work_unmodified() {
    let node = Node::dev(&[]);
    let (rpc, ws) = (node.rpc(), node.ws());
    run(&rpc, &ws, "node", "viem.mjs");
    run(&rpc, &ws, "node", "ethers.mjs");
    run(&rpc, &ws, &python(), "web3py.py");
    run(&rpc, &ws, "bash", "cast.sh");
}

#[test]
fn real_clients_pay_in_the_default_token() {
    let node = Node::dev(&[]);
    let (rpc, ws) = (node.rpc(), node.ws());
    run(&rpc, &ws, "node", "payments.mjs");
    run(&rpc, &ws, "node", "payments-ethers.mjs");
    run(&rpc, &ws, &python(), "payments.py");
}

/// The differential tests and the benchmark of the executive run committed bytecode.
#[test]
fn the_reference_contracts_are_compiled_from_their_sources() {
    for (contract, file) in [
        ("ReferenceToken", "token"),
        ("IdentityReference", "identity"),
        ("ReputationReference", "reputation"),
        ("ValidationReference", "validation"),
        ("Receiver", "receiver"),
    ] {
        let artifact = std::fs::read_to_string(artifacts().join(format!("{contract}.json"))).unwrap();
        let artifact: serde_json::Value = serde_json::from_str(&artifact).unwrap();
        let committed = root().join(format!("runtime/executive/data/reference-{file}.hex"));
        let committed = std::fs::read_to_string(&committed).unwrap();
        assert_eq!(artifact["bytecode"].as_str().unwrap(), format!("0x{}", committed.trim()), "{contract}");
    }
}

#[test]
fn real_clients_work_with_interval_blocks() {
    let node = Node::dev(&["--block-time", "200"]);
    let (rpc, ws) = (node.rpc(), node.ws());
    run(&rpc, &ws, "node", "viem.mjs");
    run(&rpc, &ws, &python(), "web3py.py");
}

#[test]
fn real_clients_call_every_function_of_the_registries() {
    let node = Node::dev(&[]);
    let (rpc, ws) = (node.rpc(), node.ws());
    run(&rpc, &ws, "node", "registries.mjs");
    run(&rpc, &ws, &python(), "registries.py");
}
