//! Bad input at the edge of a running node: each gets a clear answer, changes nothing, and the node goes on.

use crate::crash::{dev_account, transfer};
use crate::support::{Node, binary, get, post, raw_http};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

fn error_of(body: &str) -> Value {
    serde_json::from_str::<Value>(body).unwrap_or_else(|e| panic!("{e}: {body}"))["error"].clone()
}

fn alive(node: &Node) {
    let (status, body) = post(&node.rpc(), br#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("0x7a69"), "{body}");
}

#[test]
fn malformed_and_oversized_bodies() {
    let node = Node::dev(&[]);
    let url = node.rpc();

    let huge = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"web3_sha3","params":["0x{}"]}}"#, "00".repeat(5_100_000));
    let (status, body) = post(&url, huge.as_bytes());
    assert!(status == 413 || error_of(&body)["code"].is_i64(), "{status}: {body}");

    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let nested = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{deep}}}"#);
    for body in [deep.as_bytes(), nested.as_bytes()] {
        let (status, body) = post(&url, body);
        assert!(status == 400 || error_of(&body)["code"].is_i64(), "{status}: {body}");
    }

    for bad in ["", "{", "nonsense", "[]", "null", "{\"jsonrpc\":\"2.0\"}", "\u{0}\u{1}\u{2}"] {
        let (status, body) = post(&url, bad.as_bytes());
        assert!(status == 400 || error_of(&body)["code"].is_i64(), "{bad:?}: {status}: {body}");
    }
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;
    let batch = format!("[{}]", vec![call; 101].join(","));
    let (_, body) = post(&url, batch.as_bytes());
    assert!(body.contains("error"), "{body}");
    let batch = format!("[{}]", vec![call; 100].join(","));
    let (_, body) = post(&url, batch.as_bytes());
    assert_eq!(serde_json::from_str::<Vec<Value>>(&body).unwrap().len(), 100);

    let (_, body) = post(&url, br#"{"jsonrpc":"2.0","id":1,"method":"eth_nonsense","params":[]}"#);
    assert_eq!(error_of(&body)["code"], -32601);
    for (method, params) in [
        ("eth_getBalance", json!(["0x12"])),
        ("eth_getBalance", json!([])),
        ("eth_getBlockByNumber", json!(["0xffffffffffffffffff", false])),
        ("eth_getLogs", json!([{"fromBlock": "0x2", "toBlock": "0x1"}])),
        ("eth_sendRawTransaction", json!(["0x"])),
        ("eth_sendRawTransaction", json!(["0xzz"])),
        ("eth_call", json!([{"to": 7}, "latest"])),
        ("debug_traceTransaction", json!(["0x00", {"tracer": "none such"}])),
    ] {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (_, body) = post(&url, request.to_string().as_bytes());
        let error = error_of(&body);
        assert!(error["code"].is_i64() && error["message"].is_string(), "{method} {params}: {body}");
    }
    alive(&node);
}

#[test]
fn a_slow_reader_and_a_half_open_request_hold_nobody_up() {
    let node = Node::dev(&[]);
    let address = node.rpc().trim_start_matches("http://").to_owned();
    let mut idle = Vec::new();
    for _ in 0..50 {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{").unwrap();
        idle.push(stream);
    }
    alive(&node);
    drop(idle);
    let (status, _) = raw_http(&node.rpc(), b"\x16\x03\x01\x02\x00 not http at all\r\n\r\n", Duration::from_secs(5));
    assert!(status == 0 || status == 400, "{status}");
    alive(&node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_cannot_be_included() {
    let node = Node::dev(&[]);
    let rpc = node.client();
    let signer = dev_account(9);
    let refused = |raw: String| {
        let rpc = rpc.clone();
        async move { rpc.call("eth_sendRawTransaction", json!([raw])).await.expect_err("accepted") }
    };
    let wrong_chain = refused(transfer(&signer, 0, 1)).await;
    assert!(wrong_chain.contains("chain"), "{wrong_chain}");

    let first = transfer(&signer, 0, 31337);
    let hash = rpc.get("eth_sendRawTransactionSync", json!([first])).await["transactionHash"].clone();
    assert_eq!(rpc.get("eth_sendRawTransaction", json!([first])).await, hash, "the same again is success");

    let stale = refused(transfer(&dev_account(9), 0, 31337).replace("aaaaaaaa", "aaaaaaab")).await;
    assert!(!stale.is_empty());
    let balance = rpc.get("eth_getBalance", json!([format!("{:?}", signer.address())])).await;
    assert!(balance.as_str().unwrap().len() > 10);

    // A gap is held for later; the sync call says which nonce is missing.
    let gap = rpc.call("eth_sendRawTransactionSync", json!([transfer(&signer, 5, 31337), 500])).await.unwrap_err();
    assert!(gap.contains("nonce") || gap.contains("not"), "{gap}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sender_cannot_fill_the_pool() {
    let node = Node::dev(&[]);
    let rpc = node.client();
    let signer = dev_account(8);
    // Nonces from 1 on stay pending: nothing can include them while 0 is missing.
    let mut accepted = 0u32;
    let mut answer = String::new();
    for nonce in 1..100_000 {
        match rpc.call("eth_sendRawTransaction", json!([transfer(&signer, nonce, 31337)])).await {
            Ok(_) => accepted += 1,
            Err(e) => {
                answer = e;
                break;
            }
        }
    }
    assert!(accepted > 0 && !answer.is_empty(), "{accepted} accepted and no bound was met");
    println!("bound after {accepted} pending: {answer}");
    let other = transfer(&dev_account(7), 0, 31337);
    assert_eq!(rpc.get("eth_sendRawTransactionSync", json!([other])).await["status"], "0x1");
}

fn assay(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(binary()).args(args).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn genesis_and_config_errors_name_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let genesis = dir.path().join("genesis.json");
    std::fs::write(&genesis, r#"{"chainId": 1, "surprise": true}"#).unwrap();
    let (code, said) = assay(&["genesis", "check", genesis.to_str().unwrap()]);
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("surprise") || said.contains("missing"), "{said}");
    assert!(!said.contains("panicked"), "{said}");

    let config = dir.path().join("config.toml");
    std::fs::write(&config, "[rpc]\nprot = 8545\n").unwrap();
    let (code, said) = assay(&["config", "check", "--config", config.to_str().unwrap()]);
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("prot") && said.contains("port"), "{said}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = Command::new(binary());
    command.args(["dev", "--json", "--rpc-port", &port, "--admin-port", "0"]);
    let said = Node::spawn(command).err().expect("started on a taken port");
    assert!(said.contains(&port) && said.contains("use"), "{said}");
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let first = Node::dev(&["--data-dir", data.to_str().unwrap()]);
    let said = Node::try_dev(&["--data-dir", data.to_str().unwrap()]).err().expect("started twice");
    assert!(said.contains("lock") || said.contains("another process") || said.contains("in use"), "{said}");
    alive(&first);
}

#[test]
fn a_stop_is_graceful_and_health_speaks() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let node = Node::dev(&["--data-dir", data.to_str().unwrap()]);
    alive(&node);
    for path in ["/health", "/ready"] {
        let (status, body) = get(&node.admin(), path);
        assert_eq!(status, 200, "{path}: {body}");
        assert!(serde_json::from_str::<Value>(&body).is_ok(), "{body}");
    }
    let (status, metrics) = get(&node.admin(), "/metrics");
    assert_eq!(status, 200);
    for name in ["consensus_height", "mempool_size", "rpc_requests_total", "build_info"] {
        assert!(metrics.contains(name), "no metric {name}");
    }
    let (code, took) = node.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}
