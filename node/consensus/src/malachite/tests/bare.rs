//! A bare Malachite loop, the measure for the node: four engines with byte blocks, and a file that is synced once per
//! height. No guard, no worker, no chain, no value sync; types and codec are ours, since the engine needs some.
//!
//! `scripts/bench network` runs it beside four whole nodes (`tests/benches/network.rs`).
#![allow(clippy::float_arithmetic, reason = "a measurement")]

use super::super::codec::{CHUNK_BYTES_MAX, Codec};
use super::super::context::{Address, Assay, EngineHeight, Proposal, ProposalPart, Value, Vote};
use super::super::convert::height_params;
use super::super::settings::{consensus_config, sync_config, timeouts};
use super::super::signing::ChainVerifier;
use super::super::supervisor::{Stopper, Supervisor};
use crate::application::HeightContext;
use crate::engine::{EngineConfig, Pacing, PubSub};
use crate::keys::{ConsensusKey, NetworkKey};
use crate::tests::{CHAIN_ID, key, validators};
use arc_malachitebft_app::events::TxEvent;
use arc_malachitebft_app::metrics::{Metrics, SharedRegistry};
use arc_malachitebft_app::spawn as engine;
use arc_malachitebft_app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app::types::{LocallyProposedValue, ProposedValue};
use arc_malachitebft_codec::Codec as _;
use arc_malachitebft_core_types::{
    HeightParams, Round, SignedExtension, SignedMessage, ValidatorProof, Validity, VoteExtensionScope,
};
use arc_malachitebft_engine::host::{HostMsg, Next};
use arc_malachitebft_engine::network::{NetworkMsg, NetworkRef};
use arc_malachitebft_engine::util::output_port::OutputPort;
use arc_malachitebft_network::NetworkIdentity;
use arc_malachitebft_signing::{Error, Signer};
use arc_malachitebft_signing_ed25519::Signature;
use assay_primitives::BlockId;
use assay_primitives::hash::{Domain, blake3_tagged};
use async_trait::async_trait;
use bytes::Bytes;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const NODES: u8 = 4;
/// Heights before the measurement begins.
const WARM_UP: u64 = 10;

struct BareSigner(ConsensusKey);

impl BareSigner {
    fn sign(&self, bytes: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(bytes).0)
    }
}

#[async_trait]
impl Signer<Assay> for BareSigner {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Assay, Vote>, Error> {
        let signature = self.sign(&vote.message(CHAIN_ID).sign_bytes());
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Assay, Proposal>, Error> {
        let signature = self.sign(&proposal.message(CHAIN_ID).sign_bytes());
        Ok(SignedMessage::new(proposal, signature))
    }

    async fn sign_vote_extension(
        &self,
        _scope: VoteExtensionScope<Assay>,
        _extension: (),
    ) -> Result<SignedExtension<Assay>, Error> {
        Err(Error::from_source("no extensions"))
    }

    async fn sign_validator_proof(&self, key: Vec<u8>, peer_id: Vec<u8>) -> Result<ValidatorProof<Assay>, Error> {
        let signature = self.sign(&ValidatorProof::<Assay>::signing_bytes(&key, &peer_id));
        Ok(ValidatorProof::new(key, peer_id, signature))
    }
}

/// The application: it takes every block, and writes what is decided to a file.
struct BareHost {
    address: Address,
    size: usize,
    params: HeightParams<Assay>,
    network: NetworkRef<Assay>,
    decided: Arc<AtomicU64>,
}

/// What came of a stream so far, and the sequence of its last part.
type Stream = (BTreeMap<u64, Bytes>, Option<u64>);

#[derive(Debug)]
struct BareState {
    file: File,
    streams: BTreeMap<Vec<u8>, Stream>,
    blocks: BTreeMap<BlockId, Bytes>,
    /// What came of the height at hand and, early, of the next.
    values: Vec<ProposedValue<Assay>>,
}

fn id(block: &[u8]) -> BlockId {
    BlockId(blake3_tagged(Domain::OrderingBlock, &[block]))
}

impl BareHost {
    fn value(&self, height: EngineHeight, round: Round, proposer: Address, block: &[u8]) -> ProposedValue<Assay> {
        let (valid_round, validity) = (Round::Nil, Validity::Valid);
        ProposedValue { height, round, valid_round, proposer, value: Value(id(block)), validity }
    }

    fn stream(&self, height: EngineHeight, round: Round, block: &Bytes) {
        let stream = StreamId::new([height.0.to_le_bytes(), round.as_i64().to_le_bytes()].concat().into());
        let head = Bytes::copy_from_slice(self.address.0.0.as_slice());
        let chunks = block.chunks(CHUNK_BYTES_MAX).map(|chunk| block.slice_ref(chunk));
        let parts = std::iter::once(head).chain(chunks).map(|part| StreamContent::Data(ProposalPart::Chunk(part)));
        for (sequence, content) in (0u64..).zip(parts.chain([StreamContent::Fin])) {
            let message = StreamMessage::new(stream.clone(), sequence, content);
            self.network.cast(NetworkMsg::PublishProposalPart(message)).unwrap();
        }
    }

    fn receive(&self, state: &mut BareState, message: StreamMessage<ProposalPart>) -> Option<ProposedValue<Assay>> {
        let key = message.stream_id.to_bytes().to_vec();
        let (parts, fin) = state.streams.entry(key.clone()).or_default();
        match message.content {
            StreamContent::Data(ProposalPart::Chunk(bytes)) => drop(parts.insert(message.sequence, bytes)),
            StreamContent::Data(ProposalPart::Init(_)) => unreachable!("the bare loop sends none"),
            StreamContent::Fin => *fin = Some(message.sequence),
        }
        if *fin != Some(parts.len() as u64) {
            return None;
        }
        let (parts, _) = state.streams.remove(&key)?;
        let mut parts = parts.into_values();
        let proposer =
            Address(assay_primitives::ConsensusAddress(alloy_primitives::Address::from_slice(&parts.next()?)));
        let block: Vec<u8> = parts.flatten().collect();
        let height = EngineHeight(u64::from_le_bytes(key[..8].try_into().ok()?));
        let round = Round::new(u32::try_from(i64::from_le_bytes(key[8..].try_into().ok()?)).ok()?);
        let value = self.value(height, round, proposer, &block);
        state.blocks.insert(value.value.0, block.into());
        state.values.push(value.clone());
        Some(value)
    }
}

#[async_trait]
impl Actor for BareHost {
    type Msg = HostMsg<Assay>;
    type State = BareState;
    type Arguments = File;

    async fn pre_start(&self, _myself: ActorRef<Self::Msg>, file: File) -> Result<BareState, ActorProcessingErr> {
        Ok(BareState { file, streams: BTreeMap::new(), blocks: BTreeMap::new(), values: Vec::new() })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut BareState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            HostMsg::ConsensusReady { reply_to } => drop(reply_to.send((EngineHeight(1), self.params.clone()))),
            HostMsg::StartedRound { height, round, reply_to, .. } => {
                let known = state.values.iter().filter(|value| (value.height, value.round) == (height, round));
                drop(reply_to.send(known.cloned().collect()));
            }
            HostMsg::GetValue { height, round, reply_to, .. } => {
                let mut block = vec![0u8; self.size.max(128)];
                block[..8].copy_from_slice(&height.0.to_le_bytes());
                let block = Bytes::from(block);
                let value = self.value(height, round, self.address, &block);
                state.blocks.insert(value.value.0, block.clone());
                reply_to.send(LocallyProposedValue::new(height, round, value.value))?;
                self.stream(height, round, &block);
            }
            HostMsg::ReceivedProposalPart { part, reply_to, .. } => {
                if let Some(value) = self.receive(state, part) {
                    reply_to.send(value)?;
                }
            }
            HostMsg::Decided { certificate, reply_to, .. } => {
                state.file.write_all(&state.blocks[&certificate.value_id])?;
                for signature in &certificate.commit_signatures {
                    state.file.write_all(&signature.signature.to_bytes())?;
                }
                state.file.sync_data()?;
                self.decided.store(certificate.height.0, Ordering::SeqCst);
                reply_to.send(())?;
            }
            HostMsg::Finalized { certificate, reply_to, .. } => {
                state.values.retain(|value| value.height > certificate.height);
                let kept: Vec<_> = state.values.iter().map(|value| value.value.0).collect();
                state.blocks.retain(|id, _| kept.contains(id));
                let next = EngineHeight(certificate.height.0 + 1);
                reply_to.send(Next::Start(next, self.params.clone()))?;
            }
            HostMsg::GetHistoryMinHeight { reply_to } => drop(reply_to.send(EngineHeight(1))),
            other => panic!("not asked of four healthy nodes: {other:?}"),
        }
        Ok(())
    }
}

struct BareNode {
    decided: Arc<AtomicU64>,
    actors: Vec<ractor::ActorCell>,
}

impl BareNode {
    async fn start(index: u8, ports: &[u16], size: usize, pubsub: PubSub, folder: &Path) -> Self {
        let mut config = EngineConfig::local(CHAIN_ID, folder.join(index.to_string()));
        std::fs::create_dir_all(&config.data_dir).unwrap();
        let address = |port: &u16| format!("/ip4/127.0.0.1/tcp/{port}");
        config.listen_addr = address(&ports[usize::from(index)]);
        let others = ports.iter().enumerate().filter(|(other, _)| *other != usize::from(index));
        config.peers = others.map(|(_, port)| address(port)).collect();
        config.pacing = Pacing::Interval(Duration::from_secs(1));
        config.pubsub = pubsub;
        let context = HeightContext { validators: validators(&[1; NODES as usize]), demoted: Vec::new() };
        let params = height_params(Arc::new(context), timeouts(&config), None).unwrap();

        let (codec, registry) = (Codec { chain_id: CHAIN_ID }, SharedRegistry::new(Default::default(), None));
        let (consensus, sync) = (consensus_config(&config).unwrap(), sync_config().unwrap());
        let signer = BareSigner(key(index + 1));
        let mine = Address(signer.0.address());
        let keypair = NetworkKey::generate().keypair().clone();
        let public = signer.0.public_key().to_vec();
        let proof = signer.sign_validator_proof(public, keypair.public().to_peer_id().to_bytes()).await.unwrap();
        let proof = codec.encode(&proof).unwrap();
        let identity = NetworkIdentity::new_validator(format!("bare {index}"), keypair, mine.to_string(), proof);

        let metrics = Metrics::register(&registry);
        let data_dir = config.data_dir.clone();
        let supervisor = Supervisor { metrics: metrics.clone(), stopper: Stopper::new(), data_dir };
        let (node, _) = Actor::spawn(None, supervisor, ()).await.unwrap();
        let network =
            engine::spawn_network_actor::<Assay, _>(&consensus, &sync, identity, &registry, codec).await.unwrap();
        let decided = Arc::new(AtomicU64::new(0));
        let host = BareHost { address: mine, size, params, network: network.clone(), decided: Arc::clone(&decided) };
        let file = File::create(config.data_dir.join("blocks")).unwrap();
        let (host, _) = Actor::spawn(None, host, file).await.unwrap();
        let wal = config.data_dir.join("wal");
        let wal = engine::spawn_wal_actor(&Assay, codec, &wal, &registry, node.clone()).await.unwrap();
        let consensus = engine::spawn_consensus_actor(
            Assay,
            mine,
            consensus,
            Box::new(ChainVerifier::forgetful(CHAIN_ID)),
            Some(Box::new(signer)),
            network.clone(),
            host.clone(),
            wal.clone(),
            Arc::new(OutputPort::with_capacity(128)),
            metrics,
            TxEvent::new(),
            node.clone(),
        )
        .await
        .unwrap();
        let actors = vec![consensus.get_cell(), wal.get_cell(), host.get_cell(), network.get_cell(), node.get_cell()];
        Self { decided, actors }
    }
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, in hundredths of a second.
    Duration::from_millis((fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10)
}

fn resident_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

async fn measure(name: &str, size: usize, pubsub: PubSub, time: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let listeners: Vec<_> = (0..NODES).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    drop(listeners);
    let mut nodes = Vec::new();
    for index in 0..NODES {
        nodes.push(BareNode::start(index, &ports, size, pubsub, folder.path()).await);
    }
    let height = || nodes[0].decided.load(Ordering::SeqCst);
    let deadline = Instant::now() + Duration::from_secs(60);
    while height() < WARM_UP {
        assert!(Instant::now() < deadline, "four bare engines decide nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (start, began, used) = (height(), Instant::now(), cpu());
    tokio::time::sleep(time).await;
    // A look may be shorter than a block of a loaded machine.
    while height() == start {
        assert!(began.elapsed() < Duration::from_secs(60), "four bare engines decide nothing more");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (blocks, elapsed, used) = (height() - start, began.elapsed(), cpu() - used);
    println!(
        "bare    {name:<16} {:>7.1} blocks/s  {:>6.2} CPU-ms per block and node  {:>4} MB per node",
        blocks as f64 / elapsed.as_secs_f64(),
        used.as_secs_f64() * 1000.0 / blocks as f64 / f64::from(NODES),
        resident_mb() / u64::from(NODES),
    );
    for actor in nodes.iter().flat_map(|node| &node.actors) {
        let _ = actor.stop_and_wait(None, Some(Duration::from_secs(2))).await;
    }
}

/// The measurement; without `ASSAY_BENCH_SECONDS` only a look whether it works.
#[tokio::test(flavor = "multi_thread")]
async fn bare_loop() {
    let time = match std::env::var("ASSAY_BENCH_SECONDS") {
        Ok(text) => Duration::from_secs(text.parse().unwrap()),
        Err(_) => Duration::from_millis(500),
    };
    // How votes travel is most of what an empty block costs: the node's default, and the mesh that larger sets need.
    for (way, pubsub) in [("", PubSub::Broadcast), (", gossipsub", PubSub::Gossip)] {
        measure(&format!("empty{way}"), 0, pubsub, time).await;
        measure(&format!("1 MB{way}"), 1 << 20, pubsub, time).await;
    }
}
