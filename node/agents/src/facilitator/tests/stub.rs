//! A node that keeps authorizations, nonces and receipts in a table, and misbehaves on demand.

use super::{CHAIN_ID, PAYEE};
use alloy_consensus::transaction::SignerRecoverable as _;
use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_eips::Decodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_sol_types::{Revert, SolCall as _, SolError as _, SolEvent as _};
use assay_abi::erc1271::isValidSignatureCall;
use assay_abi::token::INativeToken::{self as I, AuthorizationUsed, Transfer};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing::post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the stub knows and how it misbehaves.
#[derive(Default)]
pub struct Table {
    pub nonces: BTreeMap<Address, u64>,
    pub used: BTreeSet<(Address, B256)>,
    pub receipts: BTreeMap<B256, Value>,
    /// Every transaction that was taken, in order.
    pub taken: Vec<(Address, u64, B256)>,
    /// Transactions are taken and not answered, so many times.
    pub lose_answers: u32,
    /// Receipts are kept back.
    pub hold_receipts: bool,
    /// Transactions revert.
    pub revert: bool,
    /// Payers with code, and whether they accept signatures.
    pub wallets: BTreeMap<Address, bool>,
    /// What the token refuses with.
    pub refuse: Option<&'static str>,
}

/// A running stub.
pub struct Stub {
    pub url: String,
    pub table: Arc<Mutex<Table>>,
}

impl Stub {
    pub async fn start() -> Self {
        let table = Arc::new(Mutex::new(Table::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = table.clone();
        let serve = post(move |Json(body): Json<Value>| {
            let shared = shared.clone();
            async move { answer(&shared, &body) }
        });
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", serve)).await });
        Self { url, table }
    }
}

fn answer(table: &Mutex<Table>, body: &Value) -> Response {
    let (method, params) = (body["method"].as_str().unwrap(), &body["params"]);
    let mut table = table.lock();
    let result = match table.run(method, params) {
        Some(Ok(result)) => json!({ "result": result }),
        Some(Err(error)) => json!({ "error": error }),
        None => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let mut answer = json!({ "jsonrpc": "2.0", "id": body["id"] });
    answer.as_object_mut().unwrap().extend(result.as_object().unwrap().clone());
    Json(answer).into_response()
}

fn reverted(reason: &str) -> Value {
    let data = Bytes::from(Revert { reason: reason.to_owned() }.abi_encode());
    json!({ "code": 3, "message": format!("execution reverted: {reason}"), "data": data })
}

impl Table {
    /// `None`: the connection breaks.
    fn run(&mut self, method: &str, params: &Value) -> Option<Result<Value, Value>> {
        let account = || serde_json::from_value::<Address>(params[0].clone()).unwrap();
        Some(Ok(match method {
            "eth_chainId" => json!(U64::from(CHAIN_ID)),
            "eth_getBalance" => json!(U256::from(1)),
            "eth_getBlockByNumber" => json!({ "number": "0x9", "timestamp": "0x1", "baseFeePerGas": "0x7" }),
            "eth_getCode" if self.wallets.contains_key(&account()) => json!("0xef"),
            "eth_getCode" => json!(if assay_abi::token_id(account()).is_some() { "0xfe" } else { "0x" }),
            "eth_getTransactionCount" => json!(U64::from(self.nonces.get(&account()).copied().unwrap_or(0))),
            "eth_getTransactionReceipt" | "eth_getTransactionByHash" => {
                let hash: B256 = serde_json::from_value(params[0].clone()).unwrap();
                let held = self.hold_receipts && method == "eth_getTransactionReceipt";
                self.receipts.get(&hash).filter(|_| !held).cloned().unwrap_or_default()
            }
            "eth_getLogs" => self.logs(&params[0]),
            "eth_call" | "eth_estimateGas" => {
                let done = json!(if method == "eth_call" { "0x" } else { "0x15f90" });
                return Some(self.call(&params[0]).map(|returned| returned.unwrap_or(done)));
            }
            "eth_sendRawTransaction" => return self.take(&params[0]),
            other => panic!("{other}"),
        }))
    }

    fn logs(&self, filter: &Value) -> Value {
        let logs = self.receipts.values().flat_map(|receipt| receipt["logs"].as_array().unwrap().clone());
        logs.filter(|log| log["topics"] == filter["topics"]).collect()
    }

    /// `None`: it returns nothing.
    fn call(&self, message: &Value) -> Result<Option<Value>, Value> {
        let input: Bytes = serde_json::from_value(message["input"].clone()).unwrap();
        if input.starts_with(&I::eip712DomainCall::SELECTOR) {
            let told = I::eip712DomainReturn {
                fields: [0x0f].into(),
                name: "assayUSD".to_owned(),
                version: "2".to_owned(),
                chainId: U256::from(CHAIN_ID),
                verifyingContract: serde_json::from_value(message["to"].clone()).unwrap(),
                salt: B256::ZERO,
                extensions: Vec::new(),
            };
            return Ok(Some(json!(Bytes::from(I::eip712DomainCall::abi_encode_returns(&told)))));
        }
        if input.starts_with(&isValidSignatureCall::SELECTOR) {
            let wallet: Address = serde_json::from_value(message["to"].clone()).unwrap();
            let mut word = [0; 32];
            if self.wallets[&wallet] {
                word[..4].copy_from_slice(&isValidSignatureCall::SELECTOR);
            }
            return Ok(Some(json!(Bytes::from(word))));
        }
        let (from, nonce, ..) = authorization(&input);
        if self.used.contains(&(from, nonce)) {
            return Err(reverted("FiatTokenV2: authorization is used or canceled"));
        }
        match self.refuse {
            Some(reason) => Err(reverted(reason)),
            None => Ok(None),
        }
    }

    fn take(&mut self, raw: &Value) -> Option<Result<Value, Value>> {
        let raw: Bytes = serde_json::from_value(raw.clone()).unwrap();
        let tx = TxEnvelope::decode_2718(&mut raw.as_ref()).unwrap();
        let (sender, hash) = (tx.recover_signer().unwrap(), *tx.tx_hash());
        let next = self.nonces.entry(sender).or_default();
        if tx.nonce() < *next {
            let reason = if self.receipts.contains_key(&hash) { "already_known" } else { "nonce_too_low" };
            return Some(Err(json!({ "code": -32000, "message": reason, "data": { "reason": reason } })));
        }
        assert_eq!(tx.nonce(), *next, "a gap");
        *next = next.saturating_add(1);
        let (from, nonce, to, value) = authorization(tx.input());
        let done = !self.revert && self.used.insert((from, nonce));
        let token = tx.to().unwrap();
        let log = |topics: &[B256], data: Vec<u8>| json!({ "address": token, "topics": topics, "data": Bytes::from(data), "transactionHash": hash });
        let used = log(&[AuthorizationUsed::SIGNATURE_HASH, from.into_word(), nonce], Vec::new());
        let moved = log(&[Transfer::SIGNATURE_HASH, from.into_word(), to.into_word()], value.to_be_bytes_vec());
        let receipt = json!({
            "transactionHash": hash, "status": if done { "0x1" } else { "0x0" }, "blockNumber": "0x9",
            "from": sender, "gasUsed": "0x5208", "effectiveGasPrice": "0x7",
            "logs": if done { vec![used, moved] } else { Vec::new() },
        });
        self.receipts.insert(hash, receipt);
        self.taken.push((sender, tx.nonce(), hash));
        if self.lose_answers > 0 {
            self.lose_answers = self.lose_answers.saturating_sub(1);
            return None;
        }
        Some(Ok(json!(hash)))
    }
}

/// Payer, nonce, payee and value of either form.
fn authorization(input: &[u8]) -> (Address, B256, Address, U256) {
    if let Ok(call) = I::transferWithAuthorization_0Call::abi_decode(input) {
        return (call.from, call.nonce, call.to, call.value);
    }
    let call = I::transferWithAuthorization_1Call::abi_decode(input).unwrap();
    assert_eq!(call.to, PAYEE);
    (call.from, call.nonce, call.to, call.value)
}
