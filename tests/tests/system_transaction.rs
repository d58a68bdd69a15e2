//! The system transaction (type 0x7e) of a running node, read by unmodified clients: alloy, viem, ethers, web3.py, cast.
//! A test-only module speaks at the end of every block, on a real chain, engine and server.

use crate::clients;
use alloy_network::{AnyRpcBlock, AnyTransactionReceipt, AnyTxEnvelope};
use alloy_primitives::{Address, B256, U256, address};
use alloy_sol_types::sol;
use assay_chain::{Chain, ChainConfig, ProposerIdentity};
use assay_consensus::{ConsensusKey, EngineConfig, EngineHandle, EngineKeys, NetworkKey, engine};
use assay_executive::{Executive, NativeModule, NativeModules};
use assay_genesis::{ChainSpec, GenesisValidator};
use assay_kernel::{CallError, Ctx, Entry, Pallet};
use assay_primitives::TimestampMs;
use assay_primitives::vrf::RandomnessSecret;
use assay_rpc::{NetworkHooks, RpcConfig, RpcHandle, RpcMetrics, serve};
use assay_store::{Store, StoreOptions};
use jsonrpsee::core::client::ClientT as _;
use jsonrpsee::http_client::HttpClientBuilder;
use jsonrpsee::rpc_params;
use std::sync::Arc;
use tempfile::TempDir;

sol! {
    event Ticked(uint256 indexed height);
}

/// Says at the end of each block how high it is.
struct Clock;

impl Pallet for Clock {
    const ADDRESS: Address = address!("0x000000000000000000000000000000000000A55C");

    fn entries() -> &'static [Entry] {
        &[]
    }

    fn end_block(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        let height = ctx.environment().number;
        ctx.emit(&Ticked { height: U256::from(height) })
    }
}

struct Ticking {
    server: RpcHandle,
    engine: EngineHandle,
    _dir: TempDir,
}

fn open(dir: &TempDir, key: &ConsensusKey) -> Chain {
    let randomness = || RandomnessSecret::from_seed([9; 32]).unwrap();
    let address = key.address();
    let validator = GenesisValidator {
        address,
        public_key: key.public_key(),
        power: 10,
        randomness_key: randomness().public(),
        possession: randomness().prove_possession(address.0.as_slice()),
        fee_address: Address::repeat_byte(0xfe),
        operator: None,
    };
    let spec = Arc::new(ChainSpec::dev(validator, TimestampMs(1_767_225_600_000)).unwrap());
    let modules = NativeModules::new(vec![NativeModule::of::<Clock>("clock")]);
    let executive = Arc::new(Executive::with_natives(spec, modules).unwrap());
    let options = StoreOptions { memory_bytes: 32 * 1024 * 1024, ..StoreOptions::default() };
    let store = Store::open(&dir.path().join("db"), options).unwrap();
    let identity = ProposerIdentity { address, randomness: randomness() };
    Chain::open(store, executive, ChainConfig::new(Some(identity))).unwrap()
}

impl Ticking {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = ConsensusKey::from_bytes([7; 32]);
        let chain = open(&dir, &key);
        let config = EngineConfig::local(chain.spec().chain_id, dir.path().join("engine"));
        let keys = EngineKeys { voting: Some(key), network: NetworkKey::generate() };
        let engine = engine::spawn(config, keys, Arc::new(chain.clone())).await.unwrap();
        let notifier = engine.notifier();
        chain.on_work(move || notifier.notify());
        let network = NetworkHooks { peers: Arc::new(|| 0), syncing: Arc::new(|| None) };
        let server = serve(RpcConfig::local(0), chain, RpcMetrics::default(), network).await.unwrap();
        Self { server, engine, _dir: dir }
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.local_addr())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_decode_the_system_transaction() {
    let node = Ticking::start().await;
    let (url, ws) = (node.url(), format!("ws://{}", node.server.local_addr()));
    // Each script sends a transaction, so the first one makes block 1, which the decoding below reads.
    let scripts = tokio::task::spawn_blocking(move || {
        let python = clients::python();
        for (program, script) in [("node", "system.mjs"), (python.as_str(), "system.py"), ("bash", "system.sh")] {
            clients::run(&url, &ws, program, script);
        }
    });
    scripts.await.unwrap();

    let client = HttpClientBuilder::default().build(node.url()).unwrap();
    let block: AnyRpcBlock = client.request("eth_getBlockByNumber", rpc_params!["0x1", true]).await.unwrap();
    let transactions = block.transactions.as_transactions().unwrap();
    assert_eq!(transactions.len(), 2);
    assert!(matches!(transactions[0].inner.inner.inner(), AnyTxEnvelope::Ethereum(_)));
    let AnyTxEnvelope::Unknown(system) = transactions[1].inner.inner.inner() else {
        panic!("{:?}", transactions[1]);
    };
    assert_eq!(system.inner.ty.0, 0x7e);
    let receipts: Vec<AnyTransactionReceipt> =
        client.request("eth_getBlockReceipts", rpc_params!["0x1"]).await.unwrap();
    let receipt = &receipts[1].inner;
    assert_eq!((receipt.inner.r#type, receipt.gas_used, receipt.transaction_hash), (0x7e, 0, system.hash));
    assert_eq!(receipt.logs()[0].topics()[1], B256::with_last_byte(1));
    node.server.stop().await;
    node.engine.stop().await;
}
