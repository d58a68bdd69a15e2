//! A client of admin ports: plain HTTP/1.1, one question per connection.

use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// GETs a path of an admin port: the status code, and the body as JSON or, where it is none, as text.
///
/// # Errors
/// For people: why there is no answer within `patience`.
pub async fn get(url: &str, path: &str, patience: Duration) -> Result<(u16, Value), String> {
    let asked = tokio::time::timeout(patience, ask(url, path)).await;
    asked.unwrap_or_else(|_| Err(format!("{url}: no answer within {} ms", patience.as_millis())))
}

async fn ask(url: &str, path: &str) -> Result<(u16, Value), String> {
    let host = url.strip_prefix("http://").ok_or_else(|| format!("{url}: only http:// is supported"))?;
    let host = host.trim_end_matches('/');
    let text = |error: std::io::Error| format!("{url}: {error}");
    let mut stream = TcpStream::connect(host).await.map_err(text)?;
    let question = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await.map_err(text)?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await.map_err(text)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("{url}: not an HTTP answer"))?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    Ok((status, serde_json::from_str(body).unwrap_or_else(|_| Value::from(body))))
}
