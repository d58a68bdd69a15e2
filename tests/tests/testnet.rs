//! A network of real nodes for tests: `assay testnet init`, then one `assay start` per node; and a load that remembers
//! what it was told.

use crate::crash::dev_account;
use crate::support::{Node, Rpc, binary, get, quantity};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Chain id of every test network.
pub const CHAIN_ID: u64 = 31_337;
/// Generous: the machine may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A block of ports below those that the system hands out, kept from other test processes by a lock on a file.
pub struct Ports {
    pub base: u16,
    _lock: File,
}

impl Ports {
    pub fn take() -> Self {
        for base in (20_000u16..32_000).step_by(100) {
            let path = std::env::temp_dir().join(format!("assay-test-ports-{base}"));
            let Ok(lock) = File::options().create(true).truncate(false).write(true).open(path) else { continue };
            let is_free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
            if lock.try_lock().is_ok() && (base..base + 100).all(is_free) {
                return Self { base, _lock: lock };
            }
        }
        panic!("no block of a hundred free ports");
    }
}

/// A network; its nodes are killed, by their ids, when it is dropped.
pub struct Testnet {
    pub dir: PathBuf,
    nodes: Vec<Option<Node>>,
    /// Words that come before the command of each node.
    pub before: Vec<Vec<String>>,
    ports: Ports,
    _temporary: tempfile::TempDir,
}

impl Testnet {
    /// Writes the folders of a network.
    pub fn init(validators: usize, full_nodes: usize, block_ms: u64) -> Self {
        let ports = Ports::take();
        let counts =
            ["--validators", &validators.to_string(), "--full-nodes", &full_nodes.to_string()].map(str::to_owned);
        Self::write(validators + full_nodes, block_ms, ports, &counts)
    }

    /// The same for validators on hosts of their own.
    pub fn init_on(hosts: &[String], block_ms: u64) -> Self {
        let counts = ["--validators", &hosts.len().to_string(), "--hosts", &hosts.join(",")].map(str::to_owned);
        Self::write(hosts.len(), block_ms, Ports::take(), &counts)
    }

    fn write(nodes: usize, block_ms: u64, ports: Ports, args: &[String]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("net");
        let output = Command::new(binary())
            .args(["testnet", "init", "--json", "--out"])
            .arg(&dir)
            .args(args)
            .args(["--block-time", &block_ms.to_string(), "--base-port", &ports.base.to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let before = vec![Vec::new(); nodes];
        Self { dir, nodes: (0..nodes).map(|_| None).collect(), before, ports, _temporary: temporary }
    }

    pub fn base_port(&self) -> u16 {
        self.ports.base
    }

    /// Ends all nodes.
    pub fn end(&mut self) {
        self.nodes.iter_mut().for_each(|node| drop(node.take()));
    }

    /// A network of validators, all running.
    pub fn start(validators: usize, block_ms: u64) -> Self {
        let mut network = Self::init(validators, 0, block_ms);
        network.start_nodes(&(0..validators).collect::<Vec<_>>());
        network
    }

    pub fn data_dir(&self, index: usize) -> PathBuf {
        self.dir.join(format!("node{index}"))
    }

    /// The configuration file of a node.
    pub fn settings(&self, index: usize) -> String {
        std::fs::read_to_string(self.data_dir(index).join("config.toml")).unwrap()
    }

    /// Where a node listens for peers.
    pub fn p2p_address(&self, index: usize) -> String {
        let settings = self.settings(index);
        let listen = settings.lines().find_map(|line| line.strip_prefix("listen = \"")).unwrap();
        listen.trim_end_matches('"').to_owned()
    }

    fn command(&self, index: usize) -> Command {
        let mut words = self.before[index].iter().map(Into::into).chain([binary().into_os_string()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["start", "--json", "--data-dir"]).arg(self.data_dir(index));
        command
    }

    /// Starts nodes, all at the same time.
    pub fn start_nodes(&mut self, indices: &[usize]) {
        let started: Vec<_> = std::thread::scope(|scope| {
            let commands = indices.iter().map(|index| (*index, self.command(*index)));
            let threads: Vec<_> =
                commands.map(|(index, command)| (index, scope.spawn(move || Node::spawn(command)))).collect();
            threads.into_iter().map(|(index, thread)| (index, thread.join().unwrap())).collect()
        });
        for (index, node) in started {
            self.nodes[index] = Some(node.unwrap_or_else(|said| panic!("node{index} does not start: {said}")));
        }
    }

    /// Starts a node that is expected to refuse; what it said.
    pub fn refuses(&self, index: usize, more: &[&str]) -> String {
        let mut command = self.command(index);
        command.args(more);
        Node::spawn(command).err().unwrap_or_else(|| panic!("node{index} started"))
    }

    pub fn node(&self, index: usize) -> &Node {
        self.nodes[index].as_ref().unwrap_or_else(|| panic!("node{index} does not run"))
    }

    pub fn rpc(&self, index: usize) -> Rpc {
        self.node(index).client()
    }

    /// Clients of all nodes that run.
    pub fn clients(&self) -> Vec<Rpc> {
        self.nodes.iter().flatten().map(Node::client).collect()
    }

    /// `/status` of a node.
    pub fn status(&self, index: usize) -> Value {
        let (code, body) = get(&self.node(index).admin(), "/status");
        assert_eq!(code, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// SIGKILL.
    pub fn kill(&mut self, index: usize) {
        self.nodes[index].take().unwrap().kill();
    }

    /// SIGKILL of several at once, as far as that goes.
    pub fn kill_all(&mut self, indices: &[usize]) {
        let nodes: Vec<_> = indices.iter().map(|index| self.nodes[*index].take().unwrap()).collect();
        let ids: Vec<_> = nodes.iter().map(|node| node.child.id().to_string()).collect();
        assert!(Command::new("kill").arg("-KILL").args(ids).status().unwrap().success());
        nodes.into_iter().for_each(Node::kill);
    }

    /// SIGTERM; the node must stop in order and in time.
    pub fn stop(&mut self, index: usize) {
        let (code, took) = self.nodes[index].take().unwrap().terminate();
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

/// Height of a node.
pub async fn height(rpc: &Rpc) -> u64 {
    quantity(&rpc.get("eth_blockNumber", json!([])).await)
}

/// Waits until a node has a height; returns how long it took.
pub async fn reach(rpc: &Rpc, target: u64) -> Duration {
    let began = Instant::now();
    loop {
        let now = height(rpc).await;
        if now >= target {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "height {target} not reached, stands at {now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Hash of a block.
pub async fn hash_at(rpc: &Rpc, height: u64) -> String {
    let block = rpc.get("eth_getBlockByNumber", json!([format!("{height:#x}"), false])).await;
    block["hash"].as_str().unwrap_or_else(|| panic!("no block {height}: {block}")).to_owned()
}

/// All nodes have the same blocks at all heights that all of them have; returns how many.
pub async fn same_chain(clients: &[Rpc]) -> u64 {
    let mut heights = Vec::new();
    for client in clients {
        heights.push(height(client).await);
    }
    let common = *heights.iter().min().unwrap();
    let chain = |client: Rpc| async move {
        let mut hashes = Vec::new();
        for height in 0..=common {
            hashes.push(hash_at(&client, height).await);
        }
        hashes
    };
    let chains: Vec<_> = clients.iter().map(|client| tokio::spawn(chain(client.clone()))).collect();
    let mut first: Option<Vec<String>> = None;
    for hashes in chains {
        let hashes = hashes.await.unwrap();
        match &first {
            None => first = Some(hashes),
            Some(first) => {
                let fork = first.iter().zip(&hashes).position(|(a, b)| a != b);
                assert_eq!(fork, None, "FORK: two nodes differ at this height; {heights:?}");
            }
        }
    }
    common
}

/// A signed transfer; the value makes it different from every other of the same nonce.
pub fn transfer(signer: &PrivateKeySigner, nonce: u64, value: u64) -> String {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(0xaa)),
        value: U256::from(value),
        ..Default::default()
    };
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
}

/// What the clients of a load were told.
#[derive(Default)]
pub struct Told {
    /// Hashes that were accepted.
    pub accepted: Vec<String>,
    /// Block hashes of receipts, by transaction.
    pub receipts: BTreeMap<String, String>,
}

/// Clients that send transfers without end, each to a node of its own.
pub struct Load {
    stop: Arc<AtomicBool>,
    told: Arc<Mutex<Told>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    /// One client per URL, with a pause between two transfers.
    pub fn start(urls: &[String], pause: Duration) -> Self {
        let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Told::default())));
        let client = |(index, url): (usize, &String)| {
            let signer = dev_account(40 + u32::try_from(index).unwrap());
            tokio::spawn(send(Rpc::new(url), signer, pause, Arc::clone(&stop), Arc::clone(&told)))
        };
        let tasks = urls.iter().enumerate().map(client).collect();
        Self { stop, told, tasks }
    }

    /// Ends it; what it was told.
    pub async fn stop(self) -> Told {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

/// Sends until it is told to stop. A node that is gone is waited for.
async fn send(rpc: Rpc, signer: PrivateKeySigner, pause: Duration, stop: Arc<AtomicBool>, told: Arc<Mutex<Told>>) {
    let address = format!("{:?}", signer.address());
    let mut next: Option<u64> = None;
    while !stop.load(Ordering::SeqCst) {
        let nonce = match next {
            Some(nonce) => nonce,
            None => match rpc.call("eth_getTransactionCount", json!([address, "pending"])).await {
                Ok(nonce) => quantity(&nonce),
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let raw = transfer(&signer, nonce, rand::random::<u32>().into());
        match rpc.call("eth_sendRawTransaction", json!([raw])).await {
            Ok(hash) => {
                let hash = hash.as_str().unwrap().to_owned();
                told.lock().unwrap().accepted.push(hash.clone());
                next = Some(nonce + 1);
                if nonce.is_multiple_of(8)
                    && let Ok(receipt) = rpc.call("eth_getTransactionReceipt", json!([hash])).await
                    && let Some(block) = receipt["blockHash"].as_str()
                {
                    told.lock().unwrap().receipts.insert(hash, block.to_owned());
                }
            }
            // Whether it was taken is unknown: only the node can say which nonce comes next.
            Err(_) => {
                next = None;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Whatever was accepted is, or comes, in a block; receipts stay what they were.
pub async fn nothing_is_lost(rpc: &Rpc, told: &Told) {
    for (hash, block) in &told.receipts {
        let receipt = rpc.get("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["blockHash"].as_str(), Some(block.as_str()), "the receipt of {hash} changed");
    }
    let began = Instant::now();
    for hash in &told.accepted {
        while rpc.get("eth_getTransactionReceipt", json!([hash])).await.is_null() {
            assert!(began.elapsed() < PATIENCE, "{hash} was accepted and is lost");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

/// URLs of nodes.
pub fn urls(network: &Testnet, indices: &[usize]) -> Vec<String> {
    indices.iter().map(|index| network.node(*index).rpc()).collect()
}
