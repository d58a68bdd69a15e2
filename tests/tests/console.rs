//! `assay token`, `agent`, `job` and `stake` against the real node, as people and scripts use them.

use crate::support::{Node, binary};
use serde_json::Value;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

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

/// Development accounts 40 and 41, client and provider of the jobs here.
const CLIENT: &str = "--dev-account 40";
const PROVIDER: &str = "--dev-account 41";

/// The address of a development account, from the job that it makes.
fn address_of(node: &Node, account: &str) -> String {
    let job = json(node, &format!("job create who-am-i {account}"))["job"].as_str().unwrap().to_owned();
    json(node, &format!("job show {job}"))["client"].as_str().unwrap().to_owned()
}

#[test]
fn console_takes_a_job_through_its_life() {
    let node = Node::dev(&[]);
    let provider = address_of(&node, PROVIDER);
    let units =
        |who: &str| json(&node, &format!("token balance {who}"))["units"].as_str().unwrap().parse::<u128>().unwrap();
    let before = units(&provider);
    let made = json(&node, &format!("job create translate --provider {provider} --price 25.5 {CLIENT}"));
    assert_eq!(made["job"], "2");
    let (code, said) = refused(&node, &format!("job fund 2 24 {CLIENT}"));
    assert_eq!(code, Some(1));
    assert!(said.contains("costs 25.5, not 24"), "{said}");
    json(&node, &format!("job fund 2 25.5 {CLIENT}"));
    assert_eq!(json(&node, "job show 2")["funded"], "25500000");
    let (code, _) = refused(&node, &format!("job submit 2 work {CLIENT}"));
    assert_eq!(code, Some(1), "only the provider delivers");
    let delivered = json(&node, &format!("job submit 2 work {PROVIDER}"));
    assert_eq!(json(&node, "job show 2")["deliverable"], delivered["deliverable"]);
    json(&node, &format!("job settle 2 complete --reason good {CLIENT}"));
    let shown = json(&node, "job show 2");
    assert_eq!((&shown["status"], &shown["funded"]), (&Value::from("completed"), &Value::from("0")));
    assert!(units(&provider) > before, "the provider is paid");

    json(&node, &format!("job create again --provider {provider} --price 1 {CLIENT}"));
    json(&node, &format!("job settle 3 reject {CLIENT}"));
    let listed = json(&node, "job list --start 2");
    let statuses: Vec<&Value> = listed["jobs"].as_array().unwrap().iter().map(|job| &job["status"]).collect();
    assert_eq!(
        (listed["total"].as_u64(), statuses),
        (Some(3), vec![&Value::from("completed"), &Value::from("rejected")])
    );
    let table = text(&node, "job list --start 3 --count 1");
    assert!(table.contains("rejected") && !table.contains("completed"), "{table}");
    assert_eq!(refused(&node, "job show 99").0, Some(1));
    assert_eq!(refused(&node, "job create nobody-signs").0, Some(2));
    assert_eq!(refused(&node, &format!("job fund 2 1e3 {CLIENT}")).0, Some(2));
}

#[test]
fn console_auctions_a_job() {
    let node = Node::dev(&[]);
    // Agents 1 and 2 of a development network are those of accounts 10 and 11.
    for (agent, price) in [(1, "9"), (2, "7.5")] {
        json(&node, &format!("stake bond-agent {agent} 1 --dev-account {}", 9 + agent));
        if agent == 1 {
            json(&node, &format!("job create summarize {CLIENT}"));
            json(&node, &format!("job open-bids 1 10 --seconds 8 --work-time 60 {CLIENT}"));
        }
        json(&node, &format!("job bid 1 {agent} {price} --dev-account {}", 9 + agent));
    }
    assert_eq!(json(&node, "job show 1")["bids"].as_array().unwrap().len(), 2);
    let started = Instant::now();
    let awarded = loop {
        let output = assay(&node, &format!("job award 1 {CLIENT} --json"));
        if output.status.success() {
            break serde_json::from_slice::<Value>(&output.stdout).unwrap();
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(started.elapsed() < Duration::from_secs(60), "{said}");
        std::thread::sleep(Duration::from_millis(500));
    };
    assert_eq!((&awarded["agent"], &awarded["price"]), (&Value::from("2"), &Value::from("7.5")));
    assert_eq!(json(&node, "job show 1")["price"], "7.5");
    json(&node, &format!("job fund 1 7.5 {CLIENT}"));
    json(&node, "job submit 1 work --dev-account 11");
    json(&node, &format!("job settle 1 complete {CLIENT}"));
    assert_eq!(json(&node, "job show 1")["status"], "completed");
}

#[test]
fn console_delegates_stake() {
    let node = Node::dev(&[]);
    let listed = json(&node, "stake show");
    let operator = listed["validators"][0]["operator"].as_str().unwrap().to_owned();
    assert!(text(&node, "stake show").contains("active"));
    json(&node, &format!("stake delegate {operator} 12.5 {CLIENT}"));
    let value = || json(&node, &format!("stake show {operator} {CLIENT}"))["delegation"]["value"].clone();
    assert_eq!(value(), "12.5");
    let taken = json(&node, &format!("stake unbond {operator} 2.5 {CLIENT}"));
    assert_eq!((&taken["amount"], value()), (&Value::from("2.5"), Value::from("10")));
    let epoch = taken["epoch"].as_u64().unwrap();
    assert!(taken["dueEpoch"].as_u64().unwrap() > epoch);
    let (code, said) = refused(&node, &format!("stake withdraw {operator} --epoch {epoch} {CLIENT}"));
    assert_eq!(code, Some(1));
    assert!(said.contains("NotDue") || said.contains("revert"), "{said}");
    json(&node, &format!("stake unbond {operator} {CLIENT}"));
    assert_eq!(value(), "0");
    let (code, said) = refused(&node, &format!("stake unbond {operator} 1 {CLIENT}"));
    assert_eq!(code, Some(1));
    assert!(said.contains("has 0 with"), "{said}");
}
