//! `assay token` and `assay agent` against the real node, as people and scripts use them.

use crate::support::{Node, binary};
use serde_json::Value;
use std::process::{Command, Output};

fn assay(node: &Node, line: &str) -> Output {
    let words = line.split_whitespace();
    Command::new(binary()).args(words).args(["--rpc", &node.rpc()]).output().unwrap()
}

/// A command that must succeed, as JSON.
fn json(node: &Node, line: &str) -> Value {
    let output = assay(node, &format!("{line} --json"));
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A command that must succeed, for people.
fn text(node: &Node, line: &str) -> String {
    let output = assay(node, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A command that must fail: its exit code and what it says.
fn refused(node: &Node, line: &str) -> (Option<i32>, String) {
    let output = assay(node, line);
    assert!(output.stdout.is_empty(), "{line}");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

const SOMEBODY: &str = "0x00000000000000000000000000000000000000AA";
const ACCOUNT_30: &str = "--dev-account 30";

#[test]
fn console_moves_tokens() {
    let node = Node::dev(&[]);
    let info = json(&node, "token info");
    assert_eq!((&info["symbol"], &info["decimals"]), (&Value::from("assayUSD"), &Value::from(6)));
    let sent = json(&node, &format!("token transfer {SOMEBODY} 1.5 {ACCOUNT_30}"));
    assert_eq!(sent["done"], format!("1.5 assayUSD to {SOMEBODY}"));
    assert_eq!(json(&node, &format!("token balance {SOMEBODY}"))["units"], "1500000");
    assert_eq!(text(&node, &format!("token balance {SOMEBODY}")), "1.5 assayUSD\n");
    json(&node, &format!("token approve {SOMEBODY} 2 {ACCOUNT_30}"));
    let made = json(&node, &format!("token create Points PTS --decimals 2 {ACCOUNT_30}"));
    let points = made["token"].as_str().unwrap();
    let listed = text(&node, "token list");
    assert!(listed.contains("PTS") && listed.contains("assayUSD"), "{listed}");
    assert_eq!(json(&node, &format!("token info --token {points}"))["supplyUnits"], "0");

    let (code, said) = refused(&node, &format!("token transfer {SOMEBODY} 1e9 {ACCOUNT_30}"));
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = refused(&node, &format!("token transfer {SOMEBODY} 1.5"));
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = refused(&node, &format!("token transfer {SOMEBODY} 99999999999 {ACCOUNT_30}"));
    assert_eq!(code, Some(1));
    assert!(said.contains("transfer amount exceeds balance"), "{said}");
    let (code, said) = refused(&node, &format!("token mint {SOMEBODY} 1 --token {points} {ACCOUNT_30}"));
    assert_eq!(code, Some(1));
    assert!(said.contains("minter"), "{said}");
    let (code, said) = refused(&node, &format!("token info --token {SOMEBODY}"));
    assert_eq!(code, Some(1));
    assert!(said.contains("does not answer"), "{said}");
}

#[test]
fn console_registers_agents() {
    let node = Node::dev(&[]);
    let before = json(&node, "agent list")["total"].as_u64().unwrap();
    let made = json(&node, &format!("agent register https://agent.example/card.json --metadata model=m1 {ACCOUNT_30}"));
    let agent = made["agent"].as_str().unwrap().to_owned();
    assert_eq!(json(&node, "agent list")["total"], before + 1);
    json(&node, &format!("agent feedback {agent} 99.77 --tag1 quality --dev-account 31"));
    json(&node, &format!("agent feedback {agent} 87 --tag1 quality --dev-account 32"));
    json(&node, &format!("agent feedback {agent} 88 --tag1 quality --dev-account 33"));
    let shown = json(&node, &format!("agent show {agent}"));
    assert_eq!(shown["uri"], "https://agent.example/card.json");
    assert_eq!(shown["feedback"], serde_json::json!({ "count": 3, "value": "91", "decimals": 0 }));
    let table = text(&node, &format!("agent show {agent}"));
    assert!(table.contains("feedback  91 of 3"), "{table}");
    let (code, said) = refused(&node, &format!("agent feedback {agent} 5 {ACCOUNT_30}"));
    assert_eq!(code, Some(1));
    assert!(said.contains("Self-feedback not allowed"), "{said}");
    assert_eq!(refused(&node, "agent show 999999").0, Some(1));
    assert_eq!(refused(&node, &format!("agent register x --metadata nothing {ACCOUNT_30}")).0, Some(2));
}
