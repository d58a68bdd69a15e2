//! Indexed reads of agents, jobs and supply, and the subscriptions to their changes.

use super::driver::{Node, calls, signer};
use alloy_primitives::{Address, Bytes, U256, address};
use alloy_sol_types::SolCall as _;
use assay_abi::escrow::{ESCROW, IEscrow};
use assay_abi::identity::{IIdentityRegistry, IReputationRegistry, Registries};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use jsonrpsee::core::client::{Subscription, SubscriptionClientT as _};
use jsonrpsee::rpc_params;
use serde_json::{Value, json};

const JUDGE: Address = address!("0x00000000000000000000000000000000000000ee");

async fn next(subscription: &mut Subscription<Value>) -> Value {
    tokio::time::timeout(std::time::Duration::from_secs(10), subscription.next()).await.unwrap().unwrap().unwrap()
}

async fn send(node: &Node, raw: Bytes) {
    let hash = node.ok("eth_sendRawTransaction", json!([raw])).await;
    node.produce().await;
    assert_eq!(node.ok("eth_getTransactionReceipt", json!([hash])).await["status"], "0x1");
}

fn number(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

/// Account 20 registers an agent, account 21 speaks of it.
async fn register(node: &Node) {
    let call = IIdentityRegistry::register_1Call { agentURI: "data:,new".to_owned() };
    send(node, calls(&signer(20), 0, Registries::TEST.identity, &call)).await;
    let call = IReputationRegistry::giveFeedbackCall {
        agentId: U256::from(4),
        value: -9_977,
        valueDecimals: 2,
        tag1: "good".to_owned(),
        tag2: String::new(),
        endpoint: String::new(),
        feedbackURI: String::new(),
        feedbackHash: Default::default(),
    };
    send(node, calls(&signer(21), 0, Registries::TEST.reputation, &call)).await;
}

/// Account 22 makes `count` jobs for account 23 and funds the first.
async fn create(node: &Node, count: u64) -> u64 {
    let before = number(&node.ok("assay_getJobs", json!([])).await["total"]).to::<u64>();
    let client = signer(22);
    // Genesis lies in the past; the next block has the time of this machine.
    node.produce().await;
    let expired = U256::from(node.chain.head().header.timestamp + 3_600);
    for nonce in 0..count {
        let call = IEscrow::createJobCall {
            provider: if nonce == 0 { signer(23).address() } else { Address::ZERO },
            evaluator: JUDGE,
            expiredAt: expired,
            description: format!("job {nonce}"),
            hook: Address::ZERO,
        };
        send(node, calls(&client, nonce, ESCROW, &call)).await;
    }
    let (id, value) = (U256::from(before + 1), U256::from(5_000_000));
    let budget = IEscrow::setBudgetCall { jobId: id, amount: value, optParams: Bytes::new() };
    send(node, calls(&client, count, ESCROW, &budget)).await;
    send(node, calls(&client, count + 1, DEFAULT_TOKEN, &INativeToken::approveCall { spender: ESCROW, value })).await;
    let fund = IEscrow::fundCall { jobId: id, expectedBudget: value, optParams: Bytes::new() };
    send(node, calls(&client, count + 2, ESCROW, &fund)).await;
    before
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_by_page_and_owner_at_any_block() {
    let node = Node::start().await;
    let before = node.ok("assay_getAgents", json!([])).await;
    assert_eq!((&before["total"], &before["nextCursor"]), (&json!("0x4"), &Value::Null));
    assert_eq!(before["agents"][1]["owner"], json!(signer(10).address()));
    register(&node).await;
    let newest = node.ok("assay_getAgents", json!([{ "order": "desc", "limit": 1 }])).await;
    let agent = &newest["agents"][0];
    assert_eq!(
        (&agent["agentId"], &agent["uri"], &agent["clients"], &agent["wallet"]),
        (&json!("0x4"), &json!("data:,new"), &json!("0x1"), &json!(signer(20).address()))
    );
    assert_eq!((&newest["nextCursor"], &newest["blockNumber"]), (&json!("0x3"), &json!("0x2")));
    let page = node.ok("assay_getAgents", json!([{ "order": "desc", "cursor": "0x3", "limit": "0x64" }])).await;
    assert_eq!(page["agents"].as_array().unwrap().len(), 4);
    let own = node.ok("assay_getAgents", json!([{ "owner": signer(20).address() }])).await;
    assert_eq!(own["agents"], json!([agent]));
    assert_eq!(node.ok("assay_getAgents", json!([{}, "0x0"])).await["agents"], before["agents"]);
    for (filter, reason) in [
        (json!({ "cursor": "0x5" }), "bad_cursor"),
        (json!({ "cursor": "nonsense" }), "bad_cursor"),
        (json!({ "limit": 101 }), "bad_limit"),
        (json!({ "colour": "red" }), "invalid_filter"),
        (json!({ "owner": "0x12" }), "invalid_filter"),
    ] {
        let (code, _, data) = node.fails("assay_getAgents", json!([filter])).await;
        assert_eq!((code, &data["reason"]), (-32602, &json!(reason)), "{filter}");
    }
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_by_page_and_filter() {
    let node = Node::start().await;
    let before = create(&node, 3).await;
    let own = json!({ "client": signer(22).address() });
    let all = node.ok("assay_getJobs", json!([own])).await;
    assert_eq!((number(&all["total"]), all["jobs"].as_array().unwrap().len()), (U256::from(before + 3), 3));
    let funded = &all["jobs"][0];
    assert_eq!(
        (&funded["status"], &funded["budget"], &funded["funded"], &funded["provider"], &funded["description"]),
        (&json!("funded"), &json!("0x4c4b40"), &json!("0x4c4b40"), &json!(signer(23).address()), &json!("job 0"))
    );
    assert_eq!((&funded["paymentToken"], &funded["facade"]), (&json!(DEFAULT_TOKEN), &json!(ESCROW)));
    assert_eq!((&all["jobs"][1]["provider"], &all["jobs"][1]["bidding"]), (&Value::Null, &Value::Null));
    for (filter, count) in [
        (json!({ "client": signer(22).address(), "status": "open" }), 2),
        (json!({ "client": signer(22).address(), "status": ["open", "funded"] }), 3),
        (json!({ "provider": signer(23).address() }), 1),
        (json!({ "evaluator": JUDGE, "agentId": 9 }), 0),
        (json!({ "evaluator": JUDGE, "bidding": true }), 0),
    ] {
        let found = node.ok("assay_getJobs", json!([filter])).await;
        assert_eq!(found["jobs"].as_array().unwrap().len(), count, "{filter}");
    }
    let (code, _, data) = node.fails("assay_getJobs", json!([{ "status": "lost" }])).await;
    assert_eq!((code, &data["reason"]), (-32602, &json!("invalid_filter")));
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn supply_adds_up() {
    let node = Node::start().await;
    let genesis = node.ok("assay_getSupply", json!([])).await;
    create(&node, 1).await;
    let now = node.ok("assay_getSupply", json!([])).await;
    let coin = &now["native"];
    assert_eq!((&coin["burnedThroughBlock"], &coin["genesis"]), (&now["blockNumber"], &genesis["native"]["genesis"]));
    // All of the base fee is burned on a development chain: what accounts have lost and nobody has gained.
    let burned: U256 = (1..=node.chain.head().number())
        .map(|height| node.chain.block(assay_chain::BlockRef::Number(height)).unwrap().unwrap())
        .map(|block| U256::from(block.header.base_fee_per_gas.unwrap()) * U256::from(block.header.gas_used))
        .fold(U256::ZERO, |sum, fees| sum + fees);
    assert_eq!(number(&coin["burned"]), burned);
    assert!(burned > U256::ZERO);
    let parts = number(&coin["circulating"]) + number(&coin["reserve"]) + burned;
    assert_eq!(parts, number(&coin["genesis"]));
    assert!(number(&coin["bonded"]) > U256::ZERO);
    let token = &now["token"];
    assert_eq!((&token["address"], &token["total"]), (&json!(DEFAULT_TOKEN), &token["genesis"]));
    assert_eq!(number(&token["inEscrow"]), number(&genesis["token"]["inEscrow"]) + U256::from(5_000_000));
    let (code, _, data) = node.fails("assay_getSupply", json!([JUDGE])).await;
    assert_eq!((code, &data["reason"]), (-32602, &json!("unknown_token")));
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_tell_changes_and_resume() {
    let node = Node::start().await;
    let subscribe = |params| node.client.subscribe::<Value, _>("eth_subscribe", params, "eth_unsubscribe");
    let mut agents = subscribe(rpc_params!["agents"]).await.unwrap();
    let mut jobs = subscribe(rpc_params!["jobs"]).await.unwrap();
    register(&node).await;
    let registered = next(&mut agents).await;
    assert_eq!((&registered["change"], &registered["agentId"]), (&json!("registered"), &json!("0x4")));
    assert_eq!(registered["details"], json!({ "owner": signer(20).address(), "uri": "data:,new" }));
    assert_eq!(
        (&registered["blockNumber"], &registered["address"]),
        (&json!("0x1"), &json!(Registries::TEST.identity))
    );
    assert_eq!(next(&mut agents).await["change"], "metadataSet");
    let feedback = next(&mut agents).await;
    assert_eq!((&feedback["change"], &feedback["details"]["value"]), (&json!("feedback"), &json!("-9977")));
    let before = create(&node, 1).await;
    for change in ["created", "budgetSet", "funded"] {
        let told = next(&mut jobs).await;
        assert_eq!((&told["change"], number(&told["jobId"])), (&json!(change), U256::from(before + 1)));
    }
    // Who comes back names the block from which it knows nothing.
    let mut resumed = subscribe(rpc_params!["agents", json!({ "fromBlock": "0x1", "agentId": "0x4" })]).await.unwrap();
    assert_eq!(next(&mut resumed).await, registered);
    let one = json!({ "fromBlock": "0x0", "jobId": before + 1 });
    let mut resumed = subscribe(rpc_params!["jobs", one]).await.unwrap();
    assert_eq!(next(&mut resumed).await["details"]["client"], json!(signer(22).address()));
    assert!(subscribe(rpc_params!["jobs", json!({ "agentId": 1 })]).await.is_err());
    assert!(subscribe(rpc_params!["agents", json!({ "fromBlok": 1 })]).await.is_err());
    node.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_native_modules_say_their_names() {
    let node = Node::start().await;
    let call = IIdentityRegistry::ownerOfCall { tokenId: U256::from(99) }.abi_encode();
    let message = json!({ "to": Registries::TEST.identity, "data": Bytes::from(call) });
    for method in ["eth_call", "eth_estimateGas"] {
        let (code, text, data) = node.fails(method, json!([message])).await;
        assert_eq!((code, text.as_str()), (3, "execution reverted: ERC721NonexistentToken(99)"), "{method}");
        let decoded = node.ok("assay_decodeError", json!([data])).await;
        assert_eq!((&decoded["reason"], &decoded["args"]), (&json!("ERC721NonexistentToken"), &json!(["0x63"])));
    }
    let trace = node.ok("debug_traceCall", json!([message, "latest", { "tracer": "callTracer" }])).await;
    assert_eq!(
        (&trace["function"], &trace["revertReason"]),
        (&json!("ownerOf(uint256)"), &json!("ERC721NonexistentToken(99)"))
    );
    node.server.stop().await;
}
