//! The methods on a real chain, over a real socket.

use super::driver::{Node, signed, signer};
use crate::api::Syncing;
use alloy_primitives::{Address, TxKind, U64, bytes, keccak256};
use jsonrpsee::core::client::{Subscription, SubscriptionClientT as _};
use jsonrpsee::rpc_params;
use serde_json::{Value, json};

const TO: TxKind = TxKind::Call(Address::repeat_byte(0xaa));

async fn next(subscription: &mut Subscription<Value>) -> Value {
    tokio::time::timeout(std::time::Duration::from_secs(10), subscription.next()).await.unwrap().unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_from_pool_to_receipt() {
    let node = Node::start().await;
    let from = signer(0);
    let raw = signed(&from, 0, TO, Default::default());
    let pending_filter = node.ok("eth_newPendingTransactionFilter", json!([])).await;
    let block_filter = node.ok("eth_newBlockFilter", json!([])).await;
    let hash = node.ok("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(hash, json!(keccak256(&raw)));
    // The same again is no error.
    assert_eq!(node.ok("eth_sendRawTransaction", json!([raw])).await, hash);
    assert_eq!(node.ok("eth_getTransactionCount", json!([from.address(), "pending"])).await, "0x1");
    assert_eq!(node.ok("eth_getTransactionCount", json!([from.address()])).await, "0x0");
    assert_eq!(node.ok("eth_getTransactionByHash", json!([hash])).await["blockHash"], Value::Null);
    assert_eq!(node.ok("eth_getTransactionReceipt", json!([hash])).await, Value::Null);
    assert_eq!(node.ok("txpool_status", json!([])).await, json!({ "pending": "0x1", "queued": "0x0" }));
    assert_eq!(
        node.ok("txpool_content", json!([])).await["pending"][from.address().to_checksum(None)]["0"]["hash"],
        hash
    );
    node.produce().await;
    let receipt = node.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(
        (&receipt["status"], &receipt["blockNumber"], &receipt["gasUsed"]),
        (&json!("0x1"), &json!("0x1"), &json!("0x5208"))
    );
    let block = node.ok("eth_getBlockByNumber", json!(["latest", true])).await;
    assert_eq!((&block["transactions"][0]["hash"], &block["number"]), (&hash, &json!("0x1")));
    for tag in ["safe", "finalized", "pending", "PENDING"] {
        assert_eq!(node.ok("eth_getBlockByNumber", json!([tag, true])).await, block, "{tag}");
    }
    assert_eq!(node.ok("eth_getBlockByHash", json!([block["hash"]])).await["transactions"], json!([hash]));
    assert_eq!(node.ok("eth_getBlockReceipts", json!(["0x1"])).await, json!([receipt]));
    assert_eq!(node.ok("eth_getFilterChanges", json!([pending_filter])).await, json!([hash]));
    assert_eq!(node.ok("eth_getFilterChanges", json!([block_filter])).await, json!([block["hash"]]));
    assert_eq!(node.ok("eth_getFilterChanges", json!([block_filter])).await, json!([]));
    assert_eq!(node.ok("eth_getBalance", json!([TO.to().unwrap()])).await, "0x3e8");
    assert_eq!(node.ok("eth_getBalance", json!([TO.to().unwrap(), { "blockNumber": "0x0" }])).await, "0x0");
    let raw_block = node.ok("debug_getRawHeader", json!(["latest"])).await;
    let raw_block: alloy_primitives::Bytes = serde_json::from_value(raw_block).unwrap();
    assert_eq!(json!(keccak256(&raw_block)), block["hash"]);
    assert_eq!(node.ok("debug_getRawTransaction", json!([hash])).await, json!(raw));
    assert_eq!(node.ok("assay_getCertificate", json!([1])).await["blockId"], block["extraData"]);
    let trace = node.ok("debug_traceTransaction", json!([hash, { "tracer": "callTracer" }])).await;
    assert_eq!((&trace["type"], &trace["value"]), (&json!("CALL"), &json!("0x3e8")));
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_tell_what_to_do() {
    let node = Node::start().await;
    let from = signer(1);
    let (code, message, data) =
        node.fails("eth_sendRawTransactionSync", json!([signed(&from, 0, TO, Default::default()), 50])).await;
    assert_eq!((code, data), (4, json!(keccak256(signed(&from, 0, TO, Default::default())))), "{message}");
    let (code, _, data) =
        node.fails("eth_sendRawTransactionSync", json!([signed(&from, 4, TO, Default::default()), "0x32"])).await;
    assert_eq!((code, data), (6, json!("0x1")));
    node.produce().await;
    let (code, message, data) = node.fails("eth_sendRawTransaction", json!([signed(&from, 0, TO, bytes!("01"))])).await;
    assert_eq!((code, &data["expectedNonce"]), (-32000, &json!("0x1")));
    assert!(message.starts_with("nonce too low"), "{message}");
    let (code, message, _) = node.fails("eth_getBalance", json!([from.address(), "0x99"])).await;
    assert_eq!((code, message.as_str()), (-32001, "header not found"));
    assert_eq!(node.ok("eth_getBlockByNumber", json!(["0x99", false])).await, Value::Null);
    let (code, _, _) = node.fails("eth_getBalance", json!(["0x12"])).await;
    assert_eq!(code, -32602);
    // REVERT with no data: PUSH0 PUSH0 REVERT.
    let (code, message, data) = node.fails("eth_call", json!([{ "data": "0x5f5ffd" }])).await;
    assert_eq!((code, message.as_str(), data), (3, "execution reverted", json!("0x")));
    let (code, _, data) = node.fails("eth_getLogs", json!([{ "fromBlock": "0x5", "toBlock": "0x1" }])).await;
    assert_eq!((code, &data["reason"]), (-32602, &json!("invalid_range")));
    assert_eq!(node.ok("eth_getLogs", json!([{ "fromBlock": "0x99" }])).await, json!([]));
    let (code, _, _) = node.fails("eth_getFilterChanges", json!(["0x1"])).await;
    assert_eq!(code, -32000);
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_logs_and_subscriptions() {
    let node = Node::start().await;
    let from = signer(2);
    let subscribe = |params| node.client.subscribe::<Value, _>("eth_subscribe", params, "eth_unsubscribe");
    let mut heads = subscribe(rpc_params!["newHeads"]).await.unwrap();
    let mut logs = subscribe(rpc_params!["logs", json!({})]).await.unwrap();
    let mut pending = subscribe(rpc_params!["newPendingTransactions"]).await.unwrap();
    // Init code that returns the code `LOG0(0, 0); STOP`.
    let raw = signed(&from, 0, TxKind::Create, bytes!("635f5fa0005f526004601cf3"));
    let create = node.ok("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(next(&mut pending).await, create);
    node.produce().await;
    let contract = node.ok("eth_getTransactionReceipt", json!([create])).await["contractAddress"].clone();
    assert_eq!(node.ok("eth_getCode", json!([contract])).await, "0x5f5fa000");
    let address: Address = serde_json::from_value(contract.clone()).unwrap();
    let filter = node.ok("eth_newFilter", json!([{ "address": contract }])).await;
    let send = tokio::spawn({
        let (client, raw) = (node.chain.clone(), signed(&from, 1, TxKind::Call(address), Default::default()));
        async move { client.submit(raw).await.unwrap() }
    });
    let emit = json!(send.await.unwrap());
    // The contract does not take value, but has no check either: the call logs once.
    node.produce().await;
    let found = node.ok("eth_getLogs", json!([{ "fromBlock": "0x0", "address": contract }])).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["transactionHash"]), (1, &emit));
    assert_eq!(node.ok("eth_getFilterChanges", json!([filter])).await, found);
    assert_eq!(node.ok("eth_getLogs", json!([{ "blockHash": found[0]["blockHash"] }])).await, found);
    for number in ["0x1", "0x2"] {
        let head = next(&mut heads).await;
        assert_eq!(head["number"], number);
        assert!(head["timestampMs"].is_string());
    }
    assert_eq!(next(&mut logs).await, found[0]);
    logs.unsubscribe().await.unwrap();
    // A client that comes back asks for what it missed.
    let mut resumed = subscribe(rpc_params!["newHeads", json!({ "fromBlock": "0x1" })]).await.unwrap();
    assert_eq!(next(&mut resumed).await["number"], "0x1");
    let mut resumed = subscribe(rpc_params!["logs", json!({ "address": contract, "fromBlock": "0x0" })]).await.unwrap();
    assert_eq!(next(&mut resumed).await, found[0]);
    assert!(subscribe(rpc_params!["nothing"]).await.is_err());
    assert!(node.metrics.encode().contains("rpc_subscriptions 4"), "{}", node.metrics.encode());
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_a_client_asks_before_it_sends() {
    let node = Node::start().await;
    let from = signer(3).address();
    node.produce().await;
    for (method, params, expected) in [
        ("eth_chainId", json!([]), json!("0x7a69")),
        ("net_version", json!([]), json!("31337")),
        ("net_peerCount", json!([]), json!("0x3")),
        ("eth_syncing", json!([]), json!(false)),
        ("eth_accounts", json!([]), json!([])),
        ("web3_sha3", json!(["0x"]), json!(alloy_primitives::KECCAK256_EMPTY)),
        ("eth_getUncleCountByBlockNumber", json!(["latest"]), json!("0x0")),
        ("eth_getUncleByBlockNumberAndIndex", json!(["latest", "0x0"]), Value::Null),
        ("eth_getStorageAt", json!([from, "0x0"]), json!(alloy_primitives::B256::ZERO)),
        ("eth_estimateGas", json!([{ "from": from, "to": TO.to().unwrap(), "value": "0x1" }]), json!("0x5208")),
        (
            "rpc_modules",
            json!([]),
            json!({ "eth": "1.0", "net": "1.0", "web3": "1.0", "rpc": "1.0", "assay": "1.0", "txpool": "1.0", "debug": "1.0", "dev": "1.0" }),
        ),
    ] {
        assert_eq!(node.ok(method, params).await, expected, "{method}");
    }
    let (starting_block, current_block, highest_block) = (U64::from(1), U64::from(7), U64::from(30));
    *node.syncing.lock().unwrap() = Some(Syncing { starting_block, current_block, highest_block });
    let syncing = json!({ "startingBlock": "0x1", "currentBlock": "0x7", "highestBlock": "0x1e" });
    assert_eq!(node.ok("eth_syncing", json!([])).await, syncing);
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_proofs_and_simulations() {
    let node = Node::start().await;
    let from = signer(3).address();
    node.produce().await;
    let filled =
        node.ok("eth_fillTransaction", json!([{ "from": from, "to": TO.to().unwrap(), "value": "0x1" }])).await;
    assert_eq!(
        (&filled["tx"]["type"], &filled["tx"]["nonce"], &filled["tx"]["gas"], &filled["tx"]["chainId"]),
        (&json!("0x2"), &json!("0x0"), &json!("0x5208"), &json!("0x7a69"))
    );
    let history = node.ok("eth_feeHistory", json!(["0x4", "latest", [25, 75]])).await;
    assert_eq!(history["reward"].as_array().unwrap().len() + 1, history["baseFeePerGas"].as_array().unwrap().len());
    let gas_price: U64 = serde_json::from_value(node.ok("eth_gasPrice", json!([])).await).unwrap();
    let base_fee: U64 = serde_json::from_value(node.ok("eth_baseFee", json!([])).await).unwrap();
    assert!(gas_price > base_fee);
    let proof = node.ok("eth_getProof", json!([from, ["0x0"], "latest"])).await;
    assert_eq!((&proof["storageProof"][0]["key"], &proof["storageProof"][0]["value"]), (&json!("0x0"), &json!("0x0")));
    assert_eq!(node.ok("eth_getAccountInfo", json!([from, "latest"])).await["balance"], proof["balance"]);
    let root = keccak256(serde_json::from_value::<alloy_primitives::Bytes>(proof["accountProof"][0].clone()).unwrap());
    assert_eq!(node.ok("eth_getBlockByNumber", json!(["latest", false])).await["stateRoot"], json!(root));
    let list = node.ok("eth_createAccessList", json!([{ "from": from, "to": TO.to().unwrap() }])).await;
    assert_eq!(list["accessList"], json!([]));
    let overridden = json!([{ "to": TO.to().unwrap() }, "latest", { (TO.to().unwrap().to_string()): { "code": "0x60075f5260205ff3" } }]);
    assert!(node.ok("eth_call", overridden).await.as_str().unwrap().ends_with('7'));
    for method in ["anvil_nodeInfo", "hardhat_metadata", "eth_capabilities", "web3_clientVersion"] {
        assert_ne!(node.ok(method, json!([])).await, Value::Null);
    }
    assert_eq!(
        node.ok("debug_traceCall", json!([{ "data": "0x5f5f5500" }, "latest", {}])).await["failed"],
        json!(false)
    );
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_lets_go_of_the_chain() {
    let node = Node::start().await;
    let subscribe = |params| node.client.subscribe::<Value, _>("eth_subscribe", params, "eth_unsubscribe");
    let _heads = subscribe(rpc_params!["newHeads"]).await.unwrap();
    let _pending = subscribe(rpc_params!["newPendingTransactions"]).await.unwrap();
    let Node { chain, server, client: _client, .. } = node;
    let started = std::time::Instant::now();
    server.stop().await;
    assert!(started.elapsed() < std::time::Duration::from_secs(4), "{:?}", started.elapsed());
    let closed = tokio::task::spawn_blocking(move || chain.close(std::time::Duration::from_secs(5)));
    assert!(closed.await.unwrap());
}
