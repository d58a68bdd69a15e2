//! A thin, typed client of a node's JSON-RPC: what agents ask, and nothing more.

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_sol_types::SolEvent;
use jsonrpsee::core::ClientError;
use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::ArrayParams;
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use thiserror::Error;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Error code of an execution that reverted.
const REVERTED: i32 = 3;
/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u32 = 16 << 20;

/// Why a node gives no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NodeError {
    /// The call reverted.
    #[error("{message}")]
    Reverted {
        /// `execution reverted`, with the reason where there is one.
        message: String,
        /// What the callee returned.
        data: Bytes,
    },
    /// The node refuses.
    #[error("{message}")]
    Refused {
        /// JSON-RPC code.
        code: i32,
        /// For people.
        message: String,
        /// `data.reason`, empty where the node gives none.
        reason: String,
    },
    /// No answer, or none that can be read; nothing is known of what was asked.
    #[error("the node does not answer: {0}")]
    Unreachable(String),
}

impl From<ClientError> for NodeError {
    fn from(error: ClientError) -> Self {
        let ClientError::Call(error) = error else { return Self::Unreachable(error.to_string()) };
        let data: Value = error.data().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let message = error.message().to_owned();
        if error.code() == REVERTED {
            return Self::Reverted { message, data: serde_json::from_value(data).unwrap_or_default() };
        }
        let reason = data.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::Refused { code: error.code(), message, reason }
    }
}

/// A message to a contract, without signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who seems to send it.
    pub from: Address,
    /// The callee.
    pub to: Address,
    /// Arguments.
    pub input: Bytes,
    /// Coins that go with it, in wei.
    pub value: U256,
    /// Most gas; `None`: the node's bound.
    pub gas: Option<u64>,
}

impl Message {
    fn json(&self) -> Value {
        let mut message = json!({ "from": self.from, "to": self.to, "input": self.input, "value": self.value });
        if let (Some(fields), Some(gas)) = (message.as_object_mut(), self.gas) {
            fields.insert("gas".to_owned(), json!(U64::from(gas)));
        }
        message
    }
}

/// The head of the chain.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Height.
    pub number: U64,
    /// Seconds.
    pub timestamp: U64,
    /// Wei per gas.
    pub base_fee_per_gas: U256,
}

/// A log of a receipt.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Who emitted it.
    pub address: Address,
    /// The indexed parts.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
    /// The transaction.
    pub transaction_hash: B256,
}

impl LogEntry {
    /// The log as an event, if it is one of that kind.
    pub fn event<E: SolEvent>(&self) -> Option<E> {
        E::decode_raw_log(self.topics.iter().copied(), &self.data).ok()
    }
}

/// A receipt; final from the first moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Of the transaction.
    pub transaction_hash: B256,
    /// 1: done, 0: reverted.
    pub status: U64,
    /// Height.
    pub block_number: U64,
    /// Who sent it.
    pub from: Address,
    /// Gas.
    pub gas_used: U64,
    /// Wei per gas.
    pub effective_gas_price: U256,
    /// In order.
    pub logs: Vec<LogEntry>,
}

impl Receipt {
    /// Whether it did what it was sent for.
    pub fn succeeded(&self) -> bool {
        self.status == U64::from(1)
    }

    /// The first event of a kind, whoever emitted it.
    pub fn event<E: SolEvent>(&self) -> Option<E> {
        self.logs.iter().find_map(LogEntry::event)
    }
}

/// A node, by its JSON-RPC URL. Clones share the connections.
#[derive(Clone, Debug)]
pub struct NodeClient {
    http: HttpClient,
    url: String,
}

impl NodeClient {
    /// A client of a URL; connects at the first question.
    ///
    /// # Errors
    /// `Unreachable` for what is no URL.
    pub fn new(url: &str) -> Result<Self, NodeError> {
        let http =
            HttpClientBuilder::default().request_timeout(PATIENCE).max_response_size(ANSWER_BYTES_MAX).build(url);
        Ok(Self { http: http.map_err(|error| NodeError::Unreachable(format!("{url}: {error}")))?, url: url.to_owned() })
    }

    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Any method.
    ///
    /// # Errors
    /// What the node or the transport says.
    pub async fn ask<T: DeserializeOwned>(&self, method: &str, arguments: &[Value]) -> Result<T, NodeError> {
        let mut params = ArrayParams::new();
        for argument in arguments {
            params.insert(argument).map_err(|error| NodeError::Unreachable(error.to_string()))?;
        }
        Ok(self.http.request(method, params).await?)
    }

    /// The chain's id.
    ///
    /// # Errors
    /// As [`NodeClient::ask`], like all that follow.
    pub async fn chain_id(&self) -> Result<u64, NodeError> {
        Ok(self.ask::<U64>("eth_chainId", &[]).await?.to())
    }

    /// Coins of an account, in wei.
    ///
    /// # Errors
    /// See above.
    pub async fn balance(&self, account: Address) -> Result<U256, NodeError> {
        self.ask("eth_getBalance", &[json!(account), json!("latest")]).await
    }

    /// Code of an account.
    ///
    /// # Errors
    /// See above.
    pub async fn code(&self, account: Address) -> Result<Bytes, NodeError> {
        self.ask("eth_getCode", &[json!(account), json!("latest")]).await
    }

    /// The nonce that comes next, the pool counted.
    ///
    /// # Errors
    /// See above.
    pub async fn next_nonce(&self, account: Address) -> Result<u64, NodeError> {
        Ok(self.ask::<U64>("eth_getTransactionCount", &[json!(account), json!("pending")]).await?.to())
    }

    /// The newest block.
    ///
    /// # Errors
    /// See above.
    pub async fn head(&self) -> Result<Head, NodeError> {
        self.ask("eth_getBlockByNumber", &[json!("latest"), json!(false)]).await
    }

    /// What a message would return; `at` replaces the block's time, in seconds.
    ///
    /// # Errors
    /// See above.
    pub async fn call(&self, message: &Message, at: Option<u64>) -> Result<Bytes, NodeError> {
        match at {
            None => self.ask("eth_call", &[message.json(), json!("latest")]).await,
            Some(time) => {
                let block = json!({ "time": U64::from(time) });
                self.ask("eth_call", &[message.json(), json!("latest"), Value::Null, block]).await
            }
        }
    }

    /// Gas that a message needs in the next block.
    ///
    /// # Errors
    /// See above.
    pub async fn estimate_gas(&self, message: &Message) -> Result<u64, NodeError> {
        Ok(self.ask::<U64>("eth_estimateGas", &[message.json()]).await?.to())
    }

    /// Hands a signed transaction in.
    ///
    /// # Errors
    /// See above.
    pub async fn send_raw(&self, raw: &Bytes) -> Result<B256, NodeError> {
        self.ask("eth_sendRawTransaction", &[json!(raw)]).await
    }

    /// Whether the node knows a transaction, committed or waiting.
    ///
    /// # Errors
    /// See above.
    pub async fn knows(&self, hash: B256) -> Result<bool, NodeError> {
        Ok(self.ask::<Option<Value>>("eth_getTransactionByHash", &[json!(hash)]).await?.is_some())
    }

    /// The receipt of a transaction, once it is in a block.
    ///
    /// # Errors
    /// See above.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, NodeError> {
        self.ask("eth_getTransactionReceipt", &[json!(hash)]).await
    }

    /// Logs of one emitter with these topics, over a range of heights.
    ///
    /// # Errors
    /// See above.
    pub async fn logs(&self, of: Address, topics: &[B256], from: u64, to: u64) -> Result<Vec<LogEntry>, NodeError> {
        let range = json!({
            "address": of, "topics": topics, "fromBlock": U64::from(from), "toBlock": U64::from(to),
        });
        self.ask("eth_getLogs", &[range]).await
    }
}
