//! Four validators with real chains and real gossip over TCP, decided by hand in the order the engine would.

use super::driver::{BUDGET, Driver, GENESIS_MS, close, open_store};
use super::fixtures::{sign, signer, transfer};
use crate::{Chain, ChainConfig, ProposerIdentity};
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, TxKind, keccak256};
use assay_consensus::gossip::{self, GossipConfig, GossipHandle, PoolRequest, Verdict};
use assay_consensus::{
    Application as _, ConsensusKey, ConsensusMessage, NetworkKey, ProposalOrigin, Verdict as Judged,
};
use assay_executive::Executive;
use assay_genesis::{ChainSpec, GenesisValidator};
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Block, CommitCertificate, CommitSignature, Round, TimestampMs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

const VALIDATORS: u8 = 4;

fn key(index: u8) -> ConsensusKey {
    ConsensusKey::from_bytes([index + 1; 32])
}

fn secret(index: u8) -> RandomnessSecret {
    RandomnessSecret::from_seed([index + 101; 32]).unwrap()
}

fn executive() -> Arc<Executive> {
    let validator = |index| GenesisValidator {
        address: key(index).address(),
        public_key: key(index).public_key(),
        power: 10,
        randomness_key: secret(index).public(),
        possession: secret(index).prove_possession(key(index).address().0.as_slice()),
        fee_address: Address::repeat_byte(0xf0 + index),
        operator: None,
    };
    let mut spec = ChainSpec::dev(validator(0), TimestampMs(GENESIS_MS)).unwrap();
    spec.validators = (0..VALIDATORS).map(validator).collect();
    spec.total_supply = spec.supply();
    spec.validate().unwrap();
    Arc::new(Executive::new(Arc::new(spec)).unwrap())
}

struct Node {
    chain: Chain,
    gossip: Option<GossipHandle>,
    network: NetworkKey,
    _dir: TempDir,
}

struct Network {
    nodes: Vec<Node>,
    clock_ms: Arc<AtomicU64>,
    runtime: Runtime,
}

impl Network {
    /// Each node dials those before it.
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock_ms = Arc::new(AtomicU64::new(GENESIS_MS + 1_000));
        let mut network = Self { nodes: Vec::new(), clock_ms, runtime };
        for index in 0..VALIDATORS {
            let dir = tempfile::tempdir().unwrap();
            let identity = ProposerIdentity { address: key(index).address(), randomness: secret(index) };
            let mut config = ChainConfig::new(Some(identity));
            config.journal = Some(dir.path().join("pool.journal"));
            let clock = Arc::clone(&network.clock_ms);
            config.clock = Arc::new(move || clock.load(Ordering::SeqCst));
            let chain = Chain::open(open_store(dir.path()), executive(), config).unwrap();
            network.nodes.push(Node { chain, gossip: None, network: NetworkKey::generate(), _dir: dir });
            network.connect(usize::from(index));
        }
        network
    }

    /// Starts gossip of a node.
    fn connect(&mut self, index: usize) {
        let mut peers = Vec::new();
        for node in &self.nodes {
            let listening = node.gossip.as_ref().map(|gossip| gossip.status().listening);
            peers.extend(listening.map(|all| format!("{}/p2p/{}", all[0], node.network.peer_id())));
        }
        let chain = self.nodes[index].chain.clone();
        let mut config = GossipConfig::new(
            chain.spec().chain_id,
            chain.block(crate::BlockRef::Number(0)).unwrap().unwrap().hash,
            "test",
        );
        config.listen = Some("/ip4/127.0.0.1/tcp/0".to_owned());
        config.peers = peers;
        let (gossip, requests) = self.runtime.block_on(gossip::spawn(config, &self.nodes[index].network)).unwrap();
        self.runtime.spawn(chain.serve_gossip(requests));
        let accepted = gossip.clone();
        chain.on_accepted(move |hash, raw| accepted.accepted(hash, raw));
        self.nodes[index].gossip = Some(gossip);
    }

    fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !condition(self) {
            assert!(Instant::now() < deadline, "not within a minute: {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn submit(&self, index: usize, raw: Bytes) -> B256 {
        self.runtime.block_on(self.nodes[index].chain.submit(raw)).unwrap()
    }

    /// Whose turn it is.
    fn proposer(&self) -> usize {
        let chain = &self.nodes[0].chain;
        let height = chain.info().unwrap().height.next();
        let address = chain.height_context(height).unwrap().proposer(height, Round(0));
        (0..VALIDATORS).find(|index| key(*index).address() == address).unwrap().into()
    }

    /// One height, as the engine would have it.
    fn produce(&self) -> Block {
        let height = self.nodes[0].chain.info().unwrap().height.next();
        let proposer = self.proposer();
        let block = self.nodes[proposer].chain.prepare_proposal(height, Round(0), BUDGET).unwrap();
        let signatures = (0..VALIDATORS).map(|index| {
            let address = key(index).address();
            let message = ConsensusMessage::precommit(31_337, height, Round(0), block.id(), address);
            let signing = ed25519_consensus::SigningKey::from(*key(index).to_bytes());
            CommitSignature { address, signature: signing.sign(&message.sign_bytes()).to_bytes().into() }
        });
        let mut signatures: Vec<_> = signatures.collect();
        signatures.sort_unstable_by_key(|signature| signature.address);
        let certificate = CommitCertificate { height, round: Round(0), block_id: block.id(), signatures };
        for (index, node) in self.nodes.iter().enumerate() {
            if index != proposer {
                let origin = ProposalOrigin::Fresh { round: Round(0) };
                assert_eq!(node.chain.process_proposal(&block, origin).unwrap(), Judged::Accept);
            }
            node.chain.decided(&block, &certificate).unwrap();
            node.chain.finalized(&certificate, Vec::new()).unwrap();
        }
        self.clock_ms.fetch_add(500, Ordering::SeqCst);
        block
    }

    fn stop(self) {
        for node in self.nodes {
            if let Some(gossip) = node.gossip {
                self.runtime.block_on(gossip.stop());
            }
            // The listener of accepted transactions holds gossip, never the other way round.
            close(node.chain);
        }
    }
}

#[test]
fn what_any_node_accepts_is_in_the_next_proposers_block() {
    let network = Network::new();
    network.until("a full mesh", |network| {
        network.nodes.iter().all(|node| node.gossip.as_ref().unwrap().status().peers.len() == 3)
    });
    let mut proposers = std::collections::BTreeSet::new();
    for round in 0..8u32 {
        let proposer = network.proposer();
        proposers.insert(proposer);
        // From whoever is not the proposer.
        let from = (proposer + 1 + round as usize % 3) % 4;
        let hash =
            network.submit(from, transfer(&signer(round % 4), u64::from(round / 4), Address::repeat_byte(9), 5, 1));
        network.until("the proposer has it", |network| network.nodes[proposer].chain.pool_transaction(hash).is_some());
        let block = network.produce();
        assert!(block.transactions().any(|raw| keccak256(raw) == hash), "not in block {round}");
    }
    assert_eq!(proposers.len(), 4);
    // Every node let every transaction in once, the submitting one from its client.
    network.until("all counted", |network| {
        let accepted = |node: &Node| node.gossip.as_ref().unwrap().status().counters.accepted;
        network.nodes.iter().map(accepted).sum::<u64>() >= 8
    });
    for node in &network.nodes {
        let counters = node.gossip.as_ref().unwrap().status().counters;
        assert_eq!((counters.invalid, counters.bans), (0, 0));
        assert!(counters.accepted <= 8, "{counters:?}");
    }
    network.stop();
}

#[test]
fn a_node_that_was_cut_off_gets_what_was_accepted_meanwhile() {
    let mut network = Network::new();
    network.until("joined", |network| network.nodes[3].gossip.as_ref().unwrap().status().peers.len() == 3);
    let gossip = network.nodes[3].gossip.take().unwrap();
    network.runtime.block_on(gossip.stop());
    drop(gossip);
    let hashes: Vec<B256> = (0..40u32)
        .map(|number| {
            let raw = transfer(&signer(number % 10), u64::from(number / 10), Address::repeat_byte(9), 5, 1);
            network.submit(number as usize % 3, raw)
        })
        .collect();
    assert_eq!(network.nodes[3].chain.pool_status().pending, 0);
    // Some are in blocks by the time it comes back: those it is not to fetch, as it has the blocks.
    while network.proposer() == 3 {
        network.produce();
    }
    network.connect(3);
    network.until("resynchronised", |network| {
        let chain = &network.nodes[3].chain;
        hashes.iter().all(|hash| chain.pool_transaction(*hash).is_some() || chain.transaction(*hash).unwrap().is_some())
    });
    network.stop();
}

fn serving(driver: &Driver) -> mpsc::Sender<PoolRequest> {
    let (sender, requests) = mpsc::channel(256);
    driver.runtime.spawn(driver.chain.serve_gossip(requests));
    sender
}

fn ask<T>(
    driver: &Driver,
    requests: &mpsc::Sender<PoolRequest>,
    request: impl FnOnce(oneshot::Sender<T>) -> PoolRequest,
) -> T {
    let (reply, answer) = oneshot::channel();
    driver.runtime.block_on(async {
        requests.send(request(reply)).await.unwrap();
        answer.await.unwrap()
    })
}

fn admit(driver: &Driver, requests: &mpsc::Sender<PoolRequest>, raws: &[Bytes]) -> Vec<Verdict> {
    let transactions = raws.iter().map(|raw| (keccak256(raw), raw.clone())).collect();
    ask(driver, requests, |reply| PoolRequest::Admit { transactions, reply })
}

#[test]
fn verdicts_tell_what_a_peer_could_not_know_from_what_it_should_have_known() {
    let driver = Driver::new();
    let requests = serving(&driver);
    let to = Address::repeat_byte(9);
    let good = transfer(&signer(0), 0, to, 1, 1);
    assert_eq!(admit(&driver, &requests, &[good.clone(), good.clone()]), [Verdict::Accepted, Verdict::Known]);
    let foreign = TxEip1559 {
        chain_id: 1,
        gas_limit: 21_000,
        max_fee_per_gas: 10_000_000_000,
        to: TxKind::Call(to),
        ..TxEip1559::default()
    };
    let mut unsigned = good.to_vec();
    let last = unsigned.len() - 1;
    // `s` in the upper half.
    unsigned[last - 31] = 0xff;
    let invalid = [Bytes::from_static(b"\x02no transaction"), sign(&signer(1), foreign), unsigned.into(), Bytes::new()];
    assert_eq!(admit(&driver, &requests, &invalid), [Verdict::Invalid; 4]);
    let poor = alloy_signer_local::PrivateKeySigner::from_bytes(&B256::repeat_byte(3)).unwrap();
    let refused = [transfer(&poor, 0, to, 1, 1), transfer(&signer(0), 1_000_000, to, 1, 1)];
    assert_eq!(admit(&driver, &requests, &refused), [Verdict::Refused; 2]);
    driver.produce();
    let stale = transfer(&signer(0), 0, to, 2, 1);
    // In a block: known; its nonce used by another: refused.
    assert_eq!(admit(&driver, &requests, &[good.clone(), stale]), [Verdict::Known, Verdict::Refused]);

    let waiting = transfer(&signer(2), 0, to, 1, 1);
    driver.submit(waiting.clone()).unwrap();
    let (committed, pending, unknown) = (keccak256(&good), keccak256(&waiting), B256::repeat_byte(1));
    let hashes = vec![committed, pending, unknown];
    assert_eq!(ask(&driver, &requests, |reply| PoolRequest::Missing { hashes: hashes.clone(), reply }), [unknown]);
    let found = ask(&driver, &requests, |reply| PoolRequest::Fetch { hashes, bytes_max: 1, reply });
    assert_eq!(found, [(pending, waiting)]);
    assert_eq!(ask(&driver, &requests, |reply| PoolRequest::Pending { reply }), [pending]);
}

#[test]
fn a_client_waits_for_one_piece_of_gossip_and_no_more() {
    let driver = Driver::new();
    let requests = serving(&driver);
    let poor = alloy_signer_local::PrivateKeySigner::from_bytes(&B256::repeat_byte(3)).unwrap();
    // Refused each time, after a recovery: seconds of work.
    let raw = transfer(&poor, 0, Address::repeat_byte(9), 1, 1);
    let flood: Vec<_> = (0..100).map(|_| vec![(keccak256(&raw), raw.clone()); 1_000]).collect();
    let answers: Vec<_> = driver.runtime.block_on(async {
        let mut answers = Vec::new();
        for transactions in flood {
            let (reply, answer) = oneshot::channel();
            requests.send(PoolRequest::Admit { transactions, reply }).await.unwrap();
            answers.push(answer);
        }
        answers
    });
    for nonce in 0..20 {
        driver.transfer(0, nonce).unwrap();
    }
    let mut answers = answers;
    assert!(answers.last_mut().unwrap().try_recv().is_err(), "gossip was through before the clients");
    // And gossip is not starved either.
    let first = driver.runtime.block_on(answers.swap_remove(0)).unwrap();
    assert_eq!(first, vec![Verdict::Refused; 1_000]);
}
