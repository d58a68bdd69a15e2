//! A chain of one validator on a real store, driven as an engine would drive it, behind a real server.

use crate::api::{NetworkHooks, Syncing};
use crate::config::RpcConfig;
use crate::metrics::RpcMetrics;
use crate::server::{RpcHandle, serve};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use alloy_sol_types::SolCall;
use assay_chain::{Chain, ChainConfig, ProposerIdentity};
use assay_consensus::{Application as _, ConsensusKey, ConsensusMessage};
use assay_executive::Executive;
use assay_genesis::{ChainSpec, DEV_CHAIN_ID, DEV_MNEMONIC, GenesisValidator};
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{CommitCertificate, CommitSignature, Round, TimestampMs};
use assay_store::{Store, StoreOptions};
use jsonrpsee::core::client::{ClientT as _, Error};
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

pub struct Node {
    pub chain: Chain,
    pub server: RpcHandle,
    pub client: WsClient,
    pub metrics: RpcMetrics,
    /// What the node says of its catching up.
    pub syncing: Arc<Mutex<Option<Syncing>>>,
    _dir: TempDir,
}

fn key() -> ConsensusKey {
    ConsensusKey::from_bytes([7; 32])
}

fn randomness() -> RandomnessSecret {
    RandomnessSecret::from_seed([9; 32]).unwrap()
}

fn open(dir: &TempDir) -> Chain {
    let address = key().address();
    let validator = GenesisValidator {
        address,
        public_key: key().public_key(),
        power: 10,
        randomness_key: randomness().public(),
        possession: randomness().prove_possession(address.0.as_slice()),
        fee_address: Address::repeat_byte(0xfe),
        operator: None,
    };
    let spec = ChainSpec::dev(validator, TimestampMs(1_767_225_600_000)).unwrap();
    let executive = Arc::new(Executive::new(Arc::new(spec)).unwrap());
    let options = StoreOptions { memory_bytes: 32 * 1024 * 1024, ..StoreOptions::default() };
    let store = Store::open(&dir.path().join("db"), options).unwrap();
    let identity = ProposerIdentity { address, randomness: randomness() };
    Chain::open(store, executive, ChainConfig::new(Some(identity))).unwrap()
}

impl Node {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let chain = open(&dir);
        let metrics = RpcMetrics::default();
        let mut config = RpcConfig::local(0);
        config.dev = true;
        let syncing = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&syncing);
        let network = NetworkHooks { peers: Arc::new(|| 3), syncing: Arc::new(move || *answer.lock().unwrap()) };
        let server = serve(config, chain.clone(), metrics.clone(), network).await.unwrap();
        let client = WsClientBuilder::default().build(format!("ws://{}", server.local_addr())).await.unwrap();
        Self { chain, server, client, metrics, syncing, _dir: dir }
    }

    /// One height from proposal to commit.
    pub async fn produce(&self) {
        let chain = self.chain.clone();
        let produced = tokio::task::spawn_blocking(move || {
            let next = chain.info().unwrap().height.next();
            let block = chain.prepare_proposal(next, Round(0), Duration::from_secs(5)).unwrap();
            let (height, round, address) = (block.height(), Round(0), key().address());
            let message = ConsensusMessage::precommit(DEV_CHAIN_ID, height, round, block.id(), address);
            let signing = ed25519_consensus::SigningKey::from(*key().to_bytes());
            let signature = signing.sign(&message.sign_bytes()).to_bytes().into();
            let signatures = vec![CommitSignature { address, signature }];
            let certificate = CommitCertificate { height, round, block_id: block.id(), signatures };
            chain.decided(&block, &certificate).unwrap();
            chain.finalized(&certificate, Vec::new()).unwrap();
        });
        produced.await.unwrap();
    }

    /// A call with its arguments as JSON.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, Error> {
        let mut builder = jsonrpsee::core::params::ArrayParams::new();
        for param in params.as_array().unwrap() {
            builder.insert(param).unwrap();
        }
        self.client.request(method, builder).await
    }

    /// A call that must succeed.
    pub async fn ok(&self, method: &str, params: Value) -> Value {
        self.call(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A call that must fail: code, message, data.
    pub async fn fails(&self, method: &str, params: Value) -> (i32, String, Value) {
        match self.call(method, params).await {
            Err(Error::Call(error)) => {
                let data = error.data().map_or(Value::Null, |data| serde_json::from_str(data.get()).unwrap());
                (error.code(), error.message().to_owned(), data)
            }
            other => panic!("{method}: {other:?}"),
        }
    }
}

/// The development account of an index.
pub fn signer(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::from_phrase(DEV_MNEMONIC).index(index).unwrap().build().unwrap()
}

/// A signed transaction that sends a few wei, unless it creates.
pub fn signed(from: &PrivateKeySigner, nonce: u64, to: TxKind, input: Bytes) -> Bytes {
    let value = if to.is_create() { U256::ZERO } else { U256::from(1_000) };
    sign(from, TxEip1559 { nonce, gas_limit: 200_000, to, value, input, ..TxEip1559::default() })
}

/// A signed call of a native module, without value.
pub fn calls<C: SolCall>(from: &PrivateKeySigner, nonce: u64, to: Address, call: &C) -> Bytes {
    let input = call.abi_encode().into();
    sign(from, TxEip1559 { nonce, gas_limit: 2_000_000, to: to.into(), input, ..TxEip1559::default() })
}

fn sign(from: &PrivateKeySigner, tx: TxEip1559) -> Bytes {
    let tx = TxEip1559 {
        chain_id: DEV_CHAIN_ID,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        ..tx
    };
    let signature = from.sign_hash_sync(&tx.signature_hash()).unwrap();
    TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into()
}
