//! Unmodified Ethereum clients against the real node: cast and forge, viem, ethers, web3.py.

use crate::support::{Node, binary, get, raw_http, root};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// Where the client libraries are installed.
pub fn clients() -> PathBuf {
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
    run_with(rpc, ws, &[], program, script);
}

/// The same with further variables.
fn run_with(rpc: &str, ws: &str, variables: &[(&str, &str)], program: &str, script: &str) {
    let artifacts = artifacts();
    let output = Command::new(program)
        .arg(root().join("tests/clients").join(script))
        .env("RPC", rpc)
        .env("WS", ws)
        .envs(variables.iter().copied())
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

#[test]
fn real_clients_pay_by_way_of_the_facilitator() {
    let node = Node::dev(&[]);
    let (rpc, ws) = (node.rpc(), node.ws());
    let (facilitator, url) = facilitator(&rpc);
    let kept = tempfile::NamedTempFile::new().unwrap();
    let variables = [("FACILITATOR", url.as_str()), ("KEEP", kept.path().to_str().unwrap())];
    run_with(&rpc, &ws, &variables, "node", "x402.mjs");
    run_with(&rpc, &ws, &variables, &python(), "x402-python.py");
    run_with(&rpc, &ws, &variables, "node", "mppx.mjs");
    assert_eq!(get(&url, "/health").0, 200);
    let (status, metrics) = get(&url, "/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains(r#"facilitator_answers_total{endpoint="settle",outcome="ok"}"#), "{metrics}");
    assert_eq!(facilitator.terminate().0, Some(0));

    // Another one with the same keys answers what the first has settled as the first did.
    let kept: Value = serde_json::from_slice(&std::fs::read(kept.path()).unwrap()).unwrap();
    let (again, url) = self::facilitator(&rpc);
    let body = kept["asked"].to_string();
    let length = body.len();
    let request = format!(
        "POST /settle HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let (status, answer) = raw_http(&url, request.as_bytes(), Duration::from_secs(20));
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), kept["settled"]);
    again.kill();
}

/// A facilitator with two keys beside a node, and its URL.
fn facilitator(rpc: &str) -> (Node, String) {
    let mut command = Command::new(binary());
    command.args(["facilitator", "--dev", "2", "--json", "--listen", "127.0.0.1:0", "--rpc", rpc]);
    let facilitator = Node::spawn(command).unwrap();
    let url = facilitator.ready["facilitator"].as_str().unwrap().to_owned();
    (facilitator, url)
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
        ("JobsReference", "jobs"),
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

#[test]
fn real_clients_take_jobs_through_escrow() {
    let node = Node::dev(&[]);
    run(&node.rpc(), &node.ws(), "node", "jobs.mjs");
}

#[test]
fn real_clients_find_agents_and_jobs() {
    let node = Node::dev(&[]);
    run(&node.rpc(), &node.ws(), "node", "agents.mjs");
}
