//! x402 settlements by way of the facilitator, all at once: per CPU-second of the node, of the facilitator, and per second.
//!
//! `make bench` runs it. Payers sign beforehand; what is measured is `/settle` with everything behind it: the signature,
//! the simulation, the transaction, its final block and its receipt.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a measuring program: it drives processes with clocks and may panic"
)]

mod support;

use alloy_primitives::{Address, B256, U256, address};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolStruct as _, eip712_domain, sol};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use support::{accounts, binary, cpu_seconds, ready};

sol! {
    struct TransferWithAuthorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }
}

const TOKEN: Address = address!("a55a200000000000000000000000000000000001");
const PAYEE: Address = Address::repeat_byte(0xbb);
/// Requests that run at once.
const ASKERS: usize = 64;

/// The body of `/settle` for 10 atomic units of a payer.
fn body(payer: &PrivateKeySigner, nonce: usize) -> String {
    let domain = eip712_domain! { name: "assayUSD", version: "2", chain_id: 31337, verifying_contract: TOKEN, };
    let signed = TransferWithAuthorization {
        from: payer.address(),
        to: PAYEE,
        value: U256::from(10),
        validAfter: U256::ZERO,
        validBefore: U256::from(u64::MAX),
        nonce: B256::from(U256::from(nonce)),
    };
    let signature = payer.sign_hash_sync(&signed.eip712_signing_hash(&domain)).unwrap();
    let terms = json!({
        "scheme": "exact", "network": "eip155:31337", "amount": "10", "asset": TOKEN, "payTo": PAYEE,
        "maxTimeoutSeconds": 60, "extra": { "name": "assayUSD", "version": "2" },
    });
    let authorization = json!({
        "from": signed.from, "to": signed.to, "value": "10", "validAfter": "0",
        "validBefore": u64::MAX.to_string(), "nonce": signed.nonce,
    });
    let signature = alloy_primitives::hex::encode_prefixed(signature.as_bytes());
    let payload = json!({ "signature": signature, "authorization": authorization });
    json!({
        "x402Version": 2, "paymentRequirements": terms,
        "paymentPayload": { "x402Version": 2, "accepted": terms, "payload": payload },
    })
    .to_string()
}

fn settle(place: &str, body: &str) {
    let mut stream = TcpStream::connect(place).unwrap();
    let length = body.len();
    let head =
        format!("POST /settle HTTP/1.1\r\nHost: {place}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let told: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(told["success"], true, "{told}");
}

fn main() {
    let count: usize = std::env::var("ASSAY_BENCH_PAYMENTS").map_or(2000, |text| text.parse().unwrap());
    let mut command = Command::new(binary());
    command.args(["dev", "--json", "--rpc-port", "0", "--admin-port", "0"]);
    let (mut node, said) = ready(command);
    let mut command = Command::new(binary());
    command.args(["facilitator", "--dev", "8", "--json", "--listen", "127.0.0.1:0", "--log", "warn"]);
    command.args(["--payer-budget", "0", "--payee-budget", "0", "--rpc", said["rpc"].as_str().unwrap()]);
    let (mut facilitator, said) = ready(command);
    let place = said["facilitator"].as_str().unwrap().trim_start_matches("http://").to_owned();

    let payers = accounts();
    let bodies: Vec<String> = (0..count).map(|nonce| body(&payers[nonce % payers.len()], nonce)).collect();
    let (next, started) = (AtomicUsize::new(0), Instant::now());
    let before = (cpu_seconds(&node), cpu_seconds(&facilitator));
    std::thread::scope(|scope| {
        for _ in 0..ASKERS {
            scope.spawn(|| {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    settle(&place, body);
                }
            });
        }
    });
    let wall = started.elapsed().as_secs_f64();
    let cpu = (cpu_seconds(&node) - before.0, cpu_seconds(&facilitator) - before.1);
    let total = count as f64;
    println!("x402 settlements: {count} in {wall:.1} s, {:.0} per second", total / wall);
    println!("  per node-CPU-second        {:.0}", total / cpu.0);
    println!("  per facilitator-CPU-second {:.0}", total / cpu.1);
    for child in [&mut facilitator, &mut node] {
        let _ = child.kill();
        let _ = child.wait();
    }
}
