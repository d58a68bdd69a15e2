//! `assay status`: one look at a running node, over its own ports.

use crate::admin_client;
use crate::cli::StatusArgs;
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::output;
use crate::testnet::Endpoints;
use jsonrpsee::core::client::ClientT as _;
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use jsonrpsee::rpc_params;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(args: &StatusArgs) -> Result<ExitCode, AppError> {
    let (rpc, admin) = match &args.data_dir {
        Some(folder) => {
            let endpoints = Endpoints::read(&DataDir::at(folder)?)?;
            (endpoints.rpc, endpoints.admin)
        }
        None => (args.rpc.clone(), args.admin.clone()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::Failed(error.to_string()))?;
    let mut all = runtime.block_on(ask(&rpc))?;
    let (is_ready, readiness, status) = match runtime.block_on(admin_client::get(&admin, "/status", PATIENCE)) {
        Ok((200, status)) if status.is_object() => {
            let is_ready = status.get("ready") == Some(&Value::Bool(true));
            (is_ready, status.get("reasons").cloned().unwrap_or_default(), status)
        }
        Ok((code, body)) => (false, json!([format!("{admin} answered {code}: {body}")]), Value::Null),
        Err(reason) => (false, json!([format!("the admin port does not answer: {reason}")]), Value::Null),
    };
    if args.json {
        if let (Some(all), Value::Object(status)) = (all.as_object_mut(), status) {
            all.extend(status);
        }
        if let Some(object) = all.as_object_mut() {
            object.insert("ready".to_owned(), Value::from(is_ready));
            object.insert("reasons".to_owned(), readiness);
        }
        output::line(all);
    } else {
        table(&all, &status, is_ready, &readiness);
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

/// A value as people read it.
fn word(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

fn table(rpc: &Value, status: &Value, is_ready: bool, reasons: &Value) {
    let of = |pointer: &str| word(status.pointer(pointer));
    let text = |key: &str| word(rpc.get(key));
    let pool = |key: &str| {
        rpc.get("pool").and_then(|pool| pool.get(key)).and_then(quantity).map_or("-".to_owned(), |n| n.to_string())
    };
    output::line(format_args!("node        {}  {}", text("client"), of("/node/moniker")));
    match of("/node/role").as_str() {
        "validator" => output::line(format_args!("role        validator {}", of("/node/validator"))),
        "full" => output::line("role        full node: follows and serves, does not vote"),
        _ => {}
    }
    output::line(format_args!("chain       {} (chain id {})", of("/chain/network"), text("chainId")));
    output::line(format_args!("height      {}  {}", text("height"), text("hash")));
    output::line(format_args!("age         {} s", text("ageSeconds")));
    output::line(format_args!("base fee    {} wei", text("baseFee")));
    output::line(format_args!("pool        {} pending, {} queued", pool("pending"), pool("queued")));
    if status.is_object() {
        network(status);
    } else {
        output::line(format_args!("peers       {}", text("peers")));
    }
    let reasons: Vec<String> = reasons.as_array().into_iter().flatten().map(|reason| word(Some(reason))).collect();
    output::line(format_args!(
        "ready       {}",
        if is_ready { "yes".to_owned() } else { format!("no: {}", reasons.join("; ")) }
    ));
}

/// What the admin port knows of consensus and the other nodes.
fn network(status: &Value) {
    let of = |pointer: &str| word(status.pointer(pointer));
    let list = |key: &str| status.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    output::line(format_args!(
        "consensus   height {}, round {}, {}",
        of("/consensus/height"),
        of("/consensus/round"),
        of("/consensus/phase")
    ));
    let syncing = status.pointer("/sync/syncing") == Some(&Value::Bool(true));
    let sync =
        format!("height {} of {}, {} blocks/s", of("/chain/height"), of("/sync/target"), of("/sync/blocksPerSecond"));
    output::line(format_args!("catching up {}", if syncing { sync } else { "no".to_owned() }));
    let peers = list("peers");
    output::line(format_args!("peers       {}", peers.len()));
    for peer in &peers {
        let field = |key: &str| word(peer.get(key));
        output::line(format_args!(
            "  {:<12} height {:<8} {}  {}",
            field("moniker"),
            field("decided"),
            field("id"),
            peer.get("validator")
                .and_then(Value::as_str)
                .map_or("full node".to_owned(), |who| format!("validator {who}"))
        ));
    }
    if let Some(gossip) = status.get("gossip").filter(|gossip| gossip.is_object()) {
        let count = gossip.get("peers").and_then(Value::as_array).map_or(0, Vec::len);
        output::line(format_args!("gossip      {count} peers, {} banned", word(gossip.get("banned"))));
    }
    let validators = list("validators");
    output::line(format_args!(
        "validators  {}; power {} of {} signed height {}",
        validators.len(),
        of("/lastCertificate/signedPower"),
        of("/lastCertificate/power"),
        of("/lastCertificate/height")
    ));
    let missing = list("missing");
    for validator in &validators {
        let field = |key: &str| word(validator.get(key));
        let is_missing = validator.get("address").is_some_and(|address| missing.contains(address));
        let connected = if validator.get("connected") == Some(&Value::Bool(true)) { "" } else { ", not connected" };
        output::line(format_args!(
            "  {}  power {}, signed {} of the last {}{}",
            field("address"),
            field("power"),
            field("signed"),
            field("of"),
            if is_missing {
                format!(", MISSING (last signed {}{connected})", field("lastSigned"))
            } else {
                connected.to_owned()
            }
        ));
    }
    output::line(format_args!(
        "missing     {}",
        if missing.is_empty() { "nobody".to_owned() } else { missing.len().to_string() }
    ));
}
