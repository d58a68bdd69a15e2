//! The server's shell over loopback, with methods of its own in place of the chain's.

use crate::config::{Cors, RpcConfig};
use crate::error::Answer;
use crate::metrics::RpcMetrics;
use crate::server::{RpcHandle, ServeError, start};
use jsonrpsee::RpcModule;
use jsonrpsee::server::ConnectionId;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

fn module() -> RpcModule<()> {
    let mut module = RpcModule::new(());
    module
        .register_async_method("echo", |params, _, _| async move { Answer::Ok(params.parse::<Value>().ok()) })
        .unwrap();
    module
        .register_async_method("slow", |_, _, _| async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Answer::Ok("slept")
        })
        .unwrap();
    module.register_async_method("big", |_, _, _| async move { Answer::Ok("x".repeat(1 << 20)) }).unwrap();
    module
        .register_async_method(
            "connection",
            |_, _, ext| async move { Answer::Ok(ext.get::<ConnectionId>().map(|id| id.0)) },
        )
        .unwrap();
    module
}

pub(super) async fn server(config: RpcConfig) -> (RpcHandle, RpcMetrics) {
    let metrics = RpcMetrics::default();
    let names = vec!["echo", "slow", "big", "connection"];
    let (stopping, _) = watch::channel(false);
    (start(config, module().into(), names, metrics.clone(), stopping).await.unwrap(), metrics)
}

/// Status, headers in lower case, body.
struct Reply {
    status: u16,
    headers: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn exchange(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, headers: head.to_lowercase(), body: body.to_owned() }
}

async fn post_with(address: SocketAddr, headers: &str, body: &str) -> Reply {
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    exchange(address, request.as_bytes()).await
}

async fn post(address: SocketAddr, body: &str) -> Reply {
    post_with(address, "host: localhost\r\n", body).await
}

fn call(id: usize, method: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": [id] })
}

#[tokio::test]
async fn calls_and_batches() {
    let (server, metrics) = server(RpcConfig::local(0)).await;
    let address = server.local_addr();
    assert_eq!(post(address, &call(7, "echo").to_string()).await.json()["result"], json!([7]));
    let unknown = post(address, &call(1, "nothing").to_string()).await.json();
    assert_eq!(
        unknown["error"],
        json!({ "code": -32601, "message": "the method nothing does not exist/is not available" })
    );
    // A batch takes as long as its slowest entries, eight at a time, and keeps its order.
    let batch: Vec<Value> = (0..16).map(|id| call(id, if id % 2 == 0 { "slow" } else { "echo" })).collect();
    let started = Instant::now();
    let answers = post(address, &json!(batch).to_string()).await.json();
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    let ids: Vec<u64> = answers.as_array().unwrap().iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..16).collect::<Vec<_>>());
    let text = metrics.encode();
    assert!(text.contains(r#"rpc_requests_total{method="unknown",code="-32601"} 1"#), "{text}");
    assert!(text.contains(r#"rpc_requests_total{method="slow",code="0"} 8"#), "{text}");
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn bad_bodies_get_clear_answers() {
    let (server, _) = server(RpcConfig::local(0)).await;
    let address = server.local_addr();
    let huge = post(address, &format!("\"{}\"", "a".repeat(10 << 20))).await;
    assert_eq!((huge.status, huge.json()["error"]["data"]["reason"].clone()), (413, json!("too_large")));
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"echo","params":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let deep = post(address, &deep).await.json();
    assert_eq!((&deep["error"]["code"], &deep["error"]["data"]["reason"]), (&json!(-32600), &json!("too_deep")));
    let batch: Vec<Value> = (0..101).map(|id| call(id, "echo")).collect();
    let batch = post(address, &json!(batch).to_string()).await.json();
    assert_eq!(
        (&batch["error"]["code"], &batch["error"]["data"]),
        (&json!(-32600), &json!({ "reason": "batch_too_large", "maxEntries": 100 }))
    );
    assert_eq!(post(address, "{").await.json()["error"]["code"], -32700);
    assert_eq!(post(address, "[]").await.json()["error"]["code"], -32600);
    let get = exchange(address, b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert_eq!(get.status, 405);
    server.stop().await;
}

#[tokio::test]
async fn hosts_and_origins() {
    let (server, _) = server(RpcConfig::local(0)).await;
    let address = server.local_addr();
    let body = call(1, "echo").to_string();
    assert_eq!(post_with(address, "host: evil.example\r\n", &body).await.status, 403);
    let page = post_with(address, "host: localhost\r\norigin: http://localhost:3000\r\n", &body).await;
    assert!(page.headers.contains("access-control-allow-origin: http://localhost:3000"), "{}", page.headers);
    let stranger = post_with(address, "host: localhost\r\norigin: https://evil.example\r\n", &body).await;
    assert!(!stranger.headers.contains("access-control-allow-origin"), "{}", stranger.headers);
    let preflight = |origin: &str| {
        format!(
            "OPTIONS / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\norigin: {origin}\r\naccess-control-request-headers: content-type\r\n\r\n"
        )
    };
    let known = exchange(address, preflight("http://localhost:1").as_bytes()).await;
    assert_eq!(known.status, 204);
    assert!(known.headers.contains("access-control-allow-headers: content-type"), "{}", known.headers);
    assert_eq!(exchange(address, preflight("https://evil.example").as_bytes()).await.status, 403);
    server.stop().await;
    let mut config = RpcConfig::local(0);
    config.cors = Cors::Any;
    let (server, _) = super::server::server(config).await;
    let page = post_with(server.local_addr(), "host: localhost\r\norigin: https://any.example\r\n", &body).await;
    assert!(page.headers.contains("access-control-allow-origin: *"), "{}", page.headers);
    server.stop().await;
}

#[tokio::test]
async fn too_many_calls_are_told_when_to_come_back() {
    let mut config = RpcConfig::local(0);
    config.limits.rate_per_second = Some(2);
    config.limits.rate_loopback = true;
    let (server, _) = server(config).await;
    let address = server.local_addr();
    let body = call(5, "echo").to_string();
    let mut refused = post(address, &body).await;
    for _ in 0..20 {
        refused = post(address, &body).await;
    }
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains("retry-after: 1"), "{}", refused.headers);
    let error = refused.json();
    assert_eq!(
        (&error["id"], &error["error"]["code"], &error["error"]["data"]["reason"]),
        (&json!(5), &json!(-32005), &json!("rate_limited"))
    );
    assert!(error["error"]["data"]["retryAfterMs"].as_u64().unwrap() <= 1000);
    server.stop().await;
}

#[tokio::test]
async fn work_in_flight_is_bounded() {
    let mut config = RpcConfig::local(0);
    config.limits.in_flight = 1;
    let (server, _) = server(config).await;
    let address = server.local_addr();
    let (slow, echo) = (call(1, "slow").to_string(), call(2, "echo").to_string());
    let (slept, refused) = tokio::join!(post(address, &slow), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        post(address, &echo).await
    });
    assert_eq!(slept.json()["result"], "slept");
    assert_eq!(
        (refused.status, refused.json()["error"]["data"].clone()),
        (429, json!({ "reason": "overloaded", "retryAfterMs": 1000 }))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let (server, metrics) = server(RpcConfig::local(0)).await;
    let mut config = RpcConfig::local(0);
    config.listen = server.local_addr();
    let (stopping, _) = watch::channel(false);
    let error = start(config, module().into(), vec![], metrics, stopping).await.unwrap_err();
    assert!(matches!(error, ServeError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("--rpc-port"), "{error}");
    server.stop().await;
}
