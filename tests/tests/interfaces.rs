//! `interfaces/*.sol` and its address book are drawn from `runtime/abi`, and compile.
//!
//! `ASSAY_WRITE_INTERFACES=1` writes them anew.

use crate::clients::clients;
use crate::support::root;
use alloy_primitives::hex;
use alloy_sol_types::SolInterface;
use assay_abi::escrow::{ESCROW, ESCROW_ACP, ESCROW_BASE, IACPHook, IEscrow, IEscrowAcp, IEscrowBase, IEscrowBids};
use assay_abi::identity::{IIdentityRegistry, IReputationRegistry, IValidationRegistry, Registries};
use assay_abi::staking::{IStaking, STAKING};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken, INativeTokenFactory, TOKEN_FACTORY};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

const PRAGMA: &str = "// SPDX-License-Identifier: Apache-2.0 OR MIT\npragma solidity ^0.8.20;\n";

/// The files that describe modules which are part of the chain.
const SOURCES: [&str; 4] = [
    include_str!("../../runtime/abi/src/token.rs"),
    include_str!("../../runtime/abi/src/identity.rs"),
    include_str!("../../runtime/abi/src/staking.rs"),
    include_str!("../../runtime/abi/src/escrow.rs"),
];

fn of<I: SolInterface>() -> Vec<String> {
    I::selectors().map(hex::encode).collect()
}

/// The selectors of each interface that the node dispatches, and of hooks, which it calls.
fn selectors() -> [(&'static str, Vec<String>); 12] {
    [
        ("INativeToken", of::<INativeToken::INativeTokenCalls>()),
        ("INativeTokenFactory", of::<INativeTokenFactory::INativeTokenFactoryCalls>()),
        ("IStaking", of::<IStaking::IStakingCalls>()),
        ("IIdentityRegistry", of::<IIdentityRegistry::IIdentityRegistryCalls>()),
        ("IReputationRegistry", of::<IReputationRegistry::IReputationRegistryCalls>()),
        ("IValidationRegistry", of::<IValidationRegistry::IValidationRegistryCalls>()),
        ("IEscrow", of::<IEscrow::IEscrowCalls>()),
        ("IEscrowBase", of::<IEscrowBase::IEscrowBaseCalls>()),
        ("IEscrowAcp", of::<IEscrowAcp::IEscrowAcpCalls>()),
        ("IEscrowBids", of::<IEscrowBids::IEscrowBidsCalls>()),
        ("IEscrowErrors", Vec::new()),
        ("IACPHook", of::<IACPHook::IACPHookCalls>()),
    ]
}

/// The interfaces of one file of `runtime/abi`, as Solidity.
fn solidity(rust: &str) -> Vec<(String, String)> {
    let start = rust.find("sol! {").unwrap() + "sol! {".len();
    let block = rust[start..].rsplit_once('}').unwrap().0;
    let mut found = Vec::new();
    let mut rest = block;
    while let Some(at) = rest.find("interface ") {
        let docs = rest[..at].lines().map(str::trim).filter(|line| line.starts_with("///"));
        let name = rest[at + "interface ".len()..].split(' ').next().unwrap().to_owned();
        let end = at + body_end(&rest[at..]);
        let body = &rest[at..end];
        let structs = body.lines().filter_map(|line| line.trim().strip_prefix("struct "));
        let structs: BTreeSet<&str> = structs.filter_map(|line| line.split(' ').next()).collect();
        let mut text = PRAGMA.to_owned();
        text.push('\n');
        for doc in docs {
            writeln!(text, "{doc}").unwrap();
        }
        for statement in statements(body) {
            text.push_str(&located(&statement, &structs));
        }
        found.push((name, text.trim_end().to_owned() + "\n"));
        rest = &rest[end..];
    }
    found
}

/// Length of an interface, its closing brace included.
fn body_end(text: &str) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in text.bytes().enumerate() {
        depth += match byte {
            b'{' => 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => -1,
            _ => 0,
        };
    }
    panic!("no end")
}

/// Lines, those of one function joined, at one level of indentation less.
fn statements(body: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in body.lines() {
        let line = line.strip_prefix("    ").unwrap_or(line);
        match out.last_mut() {
            Some(last) if last.trim_start().starts_with("function ") && !last.trim_end().ends_with(';') => {
                *last = format!("{} {}", last.trim_end(), line.trim());
            }
            _ => out.push(line.to_owned()),
        }
    }
    let tidied = |line: String| {
        let is_function = line.trim_start().starts_with("function ");
        if is_function { line.replace("( ", "(").replace(" )", ")") + "\n" } else { line + "\n" }
    };
    out.into_iter().map(tidied).collect()
}

/// A function with the data locations that `sol!` leaves out.
fn located(statement: &str, structs: &BTreeSet<&str>) -> String {
    if !statement.trim_start().starts_with("function ") {
        return statement.to_owned();
    }
    let (before, rest) = statement.split_once('(').unwrap();
    let (arguments, rest) = rest.split_once(')').unwrap();
    let arguments = with_location(arguments, "calldata", structs);
    let rest = match rest.split_once("returns (") {
        None => rest.to_owned(),
        Some((middle, rest)) => {
            let (returned, end) = rest.split_once(')').unwrap();
            format!("{middle}returns ({}){end}", with_location(returned, "memory", structs))
        }
    };
    format!("{before}({arguments}){rest}")
}

fn with_location(list: &str, location: &str, structs: &BTreeSet<&str>) -> String {
    let one = |parameter: &str| {
        let parameter = parameter.trim();
        let (kind, rest) = parameter.split_once(' ').unwrap_or((parameter, ""));
        let refers = kind == "string" || kind == "bytes" || kind.ends_with(']') || structs.contains(kind);
        let rest = rest.trim_start_matches("calldata").trim_start_matches("memory").trim();
        let place = if refers { location } else { "" };
        [kind, place, rest].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    if list.trim().is_empty() { String::new() } else { list.split(',').map(one).collect::<Vec<_>>().join(", ") }
}

fn address_book() -> String {
    let network = |of: Registries| {
        serde_json::json!({
            "tokenFactory": TOKEN_FACTORY.to_string(),
            "defaultToken": DEFAULT_TOKEN.to_string(),
            "staking": STAKING.to_string(),
            "escrow": ESCROW.to_string(),
            "escrowBase": ESCROW_BASE.to_string(),
            "escrowAcp": ESCROW_ACP.to_string(),
            "identityRegistry": of.identity.to_string(),
            "reputationRegistry": of.reputation.to_string(),
            "validationRegistry": of.validation.to_string(),
        })
    };
    let book = serde_json::json!({
        "dev": network(Registries::TEST), "test": network(Registries::TEST), "main": network(Registries::MAIN),
    });
    serde_json::to_string_pretty(&book).unwrap() + "\n"
}

#[test]
fn the_solidity_interfaces_are_those_of_the_node() {
    let folder = root().join("interfaces");
    let mut expected = vec![("addresses.json".to_owned(), address_book())];
    for source in SOURCES {
        // What payment tokens and wallets answer has its interface elsewhere.
        let ours = |name: &str| selectors().iter().any(|(known, _)| *known == name);
        let interfaces = solidity(source).into_iter().filter(|(name, _)| ours(name));
        expected.extend(interfaces.map(|(name, text)| (format!("{name}.sol"), text)));
    }
    if std::env::var("ASSAY_WRITE_INTERFACES").is_ok() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &expected {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &expected {
        let found = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(found == *text, "interfaces/{name} is not what runtime/abi says: ASSAY_WRITE_INTERFACES=1 writes it");
    }
    let known: BTreeSet<String> = expected.into_iter().map(|(name, _)| name).chain(["README.md".to_owned()]).collect();
    let there: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, known);
}

#[test]
fn the_solidity_interfaces_compile() {
    let script = root().join("tests/clients/interfaces.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(clients().join("node_modules"))
        .arg(root().join("interfaces"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // The compiler's selectors are those that the node dispatches.
    let compiled: serde_json::Value = serde_json::from_str(&said).unwrap();
    for (name, selectors) in selectors() {
        let found = compiled[name].as_array().unwrap_or_else(|| panic!("{name}"));
        let found: BTreeSet<String> = found.iter().map(|selector| selector.as_str().unwrap().to_owned()).collect();
        assert_eq!(found, selectors.into_iter().collect(), "{name}");
    }
}
