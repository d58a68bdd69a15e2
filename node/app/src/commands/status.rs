//! `assay status`: one look at a running node, over its own ports.

use crate::cli::StatusArgs;
use crate::error::AppError;
use crate::output;
use jsonrpsee::core::client::ClientT as _;
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use jsonrpsee::rpc_params;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer of the admin port that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

pub(super) fn run(args: &StatusArgs) -> Result<ExitCode, AppError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::Failed(error.to_string()))?;
    let rpc = runtime.block_on(ask(&args.rpc))?;
    let ready = http_get(&args.admin, "/ready");
    let is_ready = matches!(ready, Ok((200, _)));
    let readiness = match &ready {
        Ok((status, body)) => json!({ "status": status, "answer": body }),
        Err(reason) => json!({ "status": null, "answer": reason }),
    };
    if args.json {
        let mut all = rpc;
        if let Some(object) = all.as_object_mut() {
            object.insert("ready".to_owned(), Value::from(is_ready));
            object.insert("readiness".to_owned(), readiness);
        }
        output::line(all);
    } else {
        table(&rpc, is_ready, &readiness);
    }
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask(url: &str) -> Result<Value, AppError> {
    let failed = |error: jsonrpsee::core::ClientError| {
        AppError::Failed(format!("{url} does not answer: {error}; is the node running? --rpc names another URL"))
    };
    let client = HttpClientBuilder::default().request_timeout(PATIENCE).build(url).map_err(failed)?;
    let get = |method: &'static str| call(&client, method);
    let block: Value = client.request("eth_getBlockByNumber", rpc_params!["latest", false]).await.map_err(failed)?;
    let field = |name: &str| block.get(name).and_then(quantity);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(json!({
        "client": client.request::<Value, _>("web3_clientVersion", rpc_params![]).await.map_err(failed)?,
        "chainId": get("eth_chainId").await.as_ref().and_then(quantity),
        "height": field("number"),
        "hash": block.get("hash"),
        "ageSeconds": field("timestamp").map(|time| now.saturating_sub(time)),
        "baseFee": field("baseFeePerGas"),
        "peers": get("net_peerCount").await.as_ref().and_then(quantity),
        "pool": get("txpool_status").await,
        "syncing": get("eth_syncing").await,
    }))
}

/// A method that a node may not serve: `None` then.
async fn call(client: &HttpClient, method: &'static str) -> Option<Value> {
    client.request(method, rpc_params![]).await.ok()
}

fn quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.trim_start_matches("0x"), 16).ok()
}

fn table(rpc: &Value, is_ready: bool, readiness: &Value) {
    let text = |key: &str| match rpc.get(key) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    let pool = |key: &str| {
        rpc.get("pool").and_then(|pool| pool.get(key)).and_then(quantity).map_or("-".to_owned(), |n| n.to_string())
    };
    output::line(format_args!("node      {}", text("client")));
    output::line(format_args!("chain id  {}", text("chainId")));
    output::line(format_args!("height    {}  {}", text("height"), text("hash")));
    output::line(format_args!("age       {} s", text("ageSeconds")));
    output::line(format_args!("base fee  {} wei", text("baseFee")));
    output::line(format_args!("pool      {} pending, {} queued", pool("pending"), pool("queued")));
    output::line(format_args!("peers     {}", text("peers")));
    let answer = readiness.get("answer").map(ToString::to_string).unwrap_or_default();
    output::line(format_args!("ready     {}", if is_ready { "yes".to_owned() } else { format!("no: {answer}") }));
}

/// A GET over plain HTTP/1.1: the admin port speaks nothing else.
fn http_get(url: &str, path: &str) -> Result<(u16, Value), String> {
    let host = url.strip_prefix("http://").ok_or_else(|| format!("{url}: only http:// is supported"))?;
    let host = host.trim_end_matches('/');
    let text = |error: std::io::Error| format!("{url}: {error}");
    let address = host.to_socket_addrs().map_err(text)?.next().ok_or_else(|| format!("{url}: no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(text)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").map_err(text)?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).map_err(text)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("{url}: not an HTTP answer"))?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    Ok((status, serde_json::from_str(body).unwrap_or_else(|_| Value::from(body))))
}
