//! Clients that are slow, silent or too many; WebSocket.

use super::server::server;
use crate::config::RpcConfig;
use jsonrpsee::core::client::ClientT as _;
use jsonrpsee::rpc_params;
use jsonrpsee::ws_client::WsClientBuilder;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.unwrap();
    bytes
}

#[tokio::test]
async fn silent_connections_end() {
    let mut config = RpcConfig::local(0);
    config.limits.idle_timeout = Duration::from_millis(300);
    config.limits.body_timeout = Duration::from_millis(300);
    let (server, _) = server(config).await;
    for request in
        ["", "POST / HTTP/1.1\r\nhost: lo", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{"]
    {
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let started = Instant::now();
        until_closed(&mut stream).await;
        assert!(started.elapsed() < Duration::from_secs(5), "{request:?} {:?}", started.elapsed());
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_are_bounded() {
    let mut config = RpcConfig::local(0);
    config.limits.connections = 2;
    let (server, metrics) = server(config).await;
    let _held = [
        TcpStream::connect(server.local_addr()).await.unwrap(),
        TcpStream::connect(server.local_addr()).await.unwrap(),
    ];
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut third = TcpStream::connect(server.local_addr()).await.unwrap();
    let answer = String::from_utf8(until_closed(&mut third).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 429 "), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["data"]["reason"], "too_many_connections");
    assert!(head.contains(&format!("content-length: {}", answer.split_once("\r\n\r\n").unwrap().1.len())), "{head}");
    assert!(metrics.encode().contains(r#"rpc_rejected_total{reason="too_many_connections"} 1"#));
    server.stop().await;
}

#[tokio::test]
async fn websocket_calls() {
    let (server, metrics) = server(RpcConfig::local(0)).await;
    let client = WsClientBuilder::default().build(format!("ws://{}", server.local_addr())).await.unwrap();
    let echo: Value = client.request("echo", rpc_params![1, "two"]).await.unwrap();
    assert_eq!(echo, json!([1, "two"]));
    let mut deep = json!(0);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let error = client.request::<Value, _>("echo", rpc_params![deep]).await.unwrap_err();
    assert!(error.to_string().contains("nests deeper"), "{error}");
    assert!(metrics.encode().contains("rpc_ws_connections 1"));
    drop(client);
    server.stop().await;
}

/// Sends calls with large answers and reads none of them.
#[tokio::test]
async fn a_client_that_does_not_read_is_not_read_from() {
    let mut config = RpcConfig::local(0);
    config.limits.stall_timeout = Duration::from_millis(500);
    let (server, metrics) = server(config).await;
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    let upgrade = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"big"}"#;
    // A text frame, masked with zeros.
    let mut frame = vec![0x81, 0x80 | u8::try_from(call.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(call);
    let started = Instant::now();
    let mut sent = 0;
    while started.elapsed() < Duration::from_secs(20) {
        match tokio::time::timeout(Duration::from_millis(100), stream.write_all(&frame)).await {
            Ok(Ok(())) => sent += 1,
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{sent} calls");
    assert!(metrics.encode().contains(r#"rpc_rejected_total{reason="slow_reader"} 1"#));
    server.stop().await;
}
