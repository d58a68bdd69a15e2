//! An application with real rules over maps in memory: what `decided` and `keep_undecided` return from survives the
//! engine, as a disk would. It checks what a chain would check, and fails on demand.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, keccak256};
use assay_consensus::{
    Application, ConsensusKey, ConsensusMessage, EngineConfig, EngineError, EngineHandle, EngineKeys, HeightContext,
    Info, NetworkKey, Pacing, ProposalOrigin, Rotation, UndecidedProposal, Verdict, Work, verify_certificate,
};
use assay_primitives::vrf::RandomnessProof;
use assay_primitives::{
    Block, BlockId, CommitCertificate, CommitSignature, Evidence, Fault, Height, LateVote, Round, SystemPayload,
    TimestampMs, Validator, ValidatorSet,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Chain id of all tests.
pub const CHAIN_ID: u64 = 31_337;

/// What survives a crash.
#[derive(Default)]
pub struct Disk {
    pub decided: BTreeMap<Height, (Block, CommitCertificate)>,
    pub undecided: Vec<UndecidedProposal>,
    pub pending: Vec<Bytes>,
    pub late: Vec<LateVote>,
    pub evidence: Vec<Evidence>,
    pub finalized: Height,
    /// Blocks built, for seeing that none is built twice for one height and round.
    pub built: Vec<(Height, Round, BlockId)>,
    /// Work is scheduled for later heights.
    pub scheduled: bool,
}

/// Where the application fails.
#[derive(Default)]
pub struct Failures {
    /// After a proposal was kept, before the engine hears of it.
    pub after_keep: AtomicBool,
    /// Before a decision is stored.
    pub before_decided: AtomicBool,
    /// After a decision is stored, before the engine hears of it.
    pub after_decided: AtomicBool,
    /// Takes three seconds to build a block.
    pub hang: AtomicBool,
    /// Panics.
    pub panic: AtomicBool,
}

/// What a node tells peers that sync from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// The truth.
    Truth,
    /// Nothing, although it has the blocks.
    Nothing,
    /// Bytes that are no block.
    Garbage,
    /// Another block of that height, under the true certificate.
    OtherBlock,
    /// The true block without its last bytes.
    CutBlock,
    /// One signature of the certificate is wrong.
    BadSignature,
    /// Signatures of less than two thirds.
    FewSignatures,
    /// A certificate that signs another block, consistent in itself, but by nobody.
    ForgedCertificate,
    /// The truth, after a long time.
    Stalls,
}

/// The application.
pub struct TestChain {
    pub disk: Mutex<Disk>,
    pub fail: Failures,
    pub serves: Mutex<Serves>,
    validators: ValidatorSet,
    creator: ConsensusKey,
    size: usize,
}

fn execution_hash(id: BlockId) -> B256 {
    keccak256(id.0)
}

impl TestChain {
    /// A chain of these validators; blocks carry `size` bytes on top of what is pending.
    pub fn new(validators: ValidatorSet, creator: ConsensusKey, size: usize) -> Arc<Self> {
        Arc::new(Self {
            disk: Mutex::default(),
            fail: Failures::default(),
            serves: Mutex::new(Serves::Truth),
            validators,
            creator,
            size,
        })
    }

    /// Appends blocks that all validators of [`validators`] signed.
    pub fn grow(&self, heights: u64) {
        for _ in 0..heights {
            let height = self.height().next();
            let mut disk = self.disk.lock().unwrap();
            let block = self.assemble(&mut disk, height, Round::ZERO, 0);
            let all: Vec<u8> = (1..=u8::try_from(self.validators.len()).unwrap()).collect();
            let certificate = certify(&block, &all);
            disk.decided.insert(height, (block, certificate));
        }
    }

    /// Takes over the first blocks of another chain.
    pub fn copy(&self, other: &Self, heights: u64) {
        let decided =
            other.disk.lock().unwrap().decided.range(..=Height(heights)).map(|(h, d)| (*h, d.clone())).collect();
        self.disk.lock().unwrap().decided = decided;
    }

    fn assemble(&self, disk: &mut Disk, height: Height, round: Round, salt: u64) -> Block {
        let (tip, parent) = Self::tip(disk);
        let creator = self.context(disk, height).proposer(height, round);
        let payload = SystemPayload {
            creator,
            round,
            timestamp_ms: TimestampMs(height.get() * 1_000 + u64::from(round.get()) + salt),
            randomness: RandomnessProof { pre_output: B256::ZERO, proof: FixedBytes::ZERO },
            last_commit: disk.decided.get(&tip).map(|(_, certificate)| certificate.clone()),
            late_votes: Vec::new(),
            evidence: Vec::new(),
        };
        let mut txs = std::mem::take(&mut disk.pending);
        if self.size > 0 {
            txs.push(vec![7u8; self.size].into());
        }
        Block::assemble(CHAIN_ID, height, parent, execution_hash(parent), &payload, txs).unwrap()
    }

    fn serve(&self, block: &Block, certificate: &CommitCertificate) -> Option<(Vec<u8>, CommitCertificate)> {
        let (mut bytes, mut certificate) = (block.encode(), certificate.clone());
        let serves = *self.serves.lock().unwrap();
        let other = || {
            let mut txs: Vec<Bytes> = block.transactions().cloned().collect();
            txs.push(Bytes::from_static(b"another"));
            let (header, payload) = (block.header(), block.system_payload().unwrap());
            let hash = header.previous_execution_hash;
            Block::assemble(CHAIN_ID, block.height(), header.parent_id, hash, &payload, txs).unwrap()
        };
        match serves {
            Serves::Truth => {}
            Serves::Nothing => return None,
            Serves::Garbage => bytes = vec![0xab; bytes.len()],
            Serves::OtherBlock => bytes = other().encode(),
            Serves::CutBlock => bytes.truncate(bytes.len() - 3),
            Serves::BadSignature => certificate.signatures[0].signature.0[5] ^= 1,
            Serves::FewSignatures => certificate.signatures.truncate(2),
            Serves::ForgedCertificate => {
                bytes = other().encode();
                certificate.block_id = other().id();
            }
            Serves::Stalls => std::thread::sleep(Duration::from_secs(30)),
        }
        Some((bytes, certificate))
    }

    fn tip(disk: &Disk) -> (Height, BlockId) {
        disk.decided.last_key_value().map_or((Height::ZERO, BlockId::default()), |(h, (b, _))| (*h, b.id()))
    }

    /// Last decided height.
    pub fn height(&self) -> Height {
        Self::tip(&self.disk.lock().unwrap()).0
    }

    /// Ids of all decided blocks.
    pub fn ids(&self) -> Vec<BlockId> {
        self.disk.lock().unwrap().decided.values().map(|(block, _)| block.id()).collect()
    }

    /// Who proposes a height, from the blocks below it.
    fn context(&self, disk: &Disk, height: Height) -> HeightContext {
        let mut rotation = Rotation::at_epoch_of(height);
        while rotation.height() < height {
            let created = disk.decided[&rotation.height()].0.system_payload().unwrap().round;
            rotation.decided(self.validators.clone(), created);
        }
        rotation.context(self.validators.clone())
    }

    /// Rounds in which the decided blocks were made, from height 1.
    pub fn rounds(&self) -> Vec<u32> {
        let disk = self.disk.lock().unwrap();
        disk.decided.values().map(|(block, _)| block.system_payload().unwrap().round.get()).collect()
    }

    fn tripped(flag: &AtomicBool) -> Result<(), Fault> {
        if flag.swap(false, Ordering::SeqCst) { Err(Fault::storage("injected")) } else { Ok(()) }
    }
}

impl Application for TestChain {
    fn info(&self) -> Result<Info, Fault> {
        let (height, block_id) = Self::tip(&self.disk.lock().unwrap());
        Ok(Info { height, block_id, execution_hash: execution_hash(block_id), history_start: Height(1) })
    }

    fn height_context(&self, height: Height) -> Result<HeightContext, Fault> {
        Ok(self.context(&self.disk.lock().unwrap(), height))
    }

    fn prepare_proposal(&self, height: Height, round: Round, budget: Duration) -> Result<Block, Fault> {
        assert!(budget > Duration::ZERO);
        assert!(!self.fail.panic.swap(false, Ordering::SeqCst), "injected");
        if self.fail.hang.swap(false, Ordering::SeqCst) {
            std::thread::sleep(Duration::from_secs(3));
        }
        let mut disk = self.disk.lock().unwrap();
        let (tip, _) = Self::tip(&disk);
        assert_eq!(tip.next(), height, "asked for a block that does not come next");
        let block = self.assemble(&mut disk, height, round, rand::random::<u64>() % 1_000);
        assert_eq!(block.system_payload().unwrap().creator, self.creator.address(), "asked out of turn");
        assert!(
            !disk.built.iter().any(|(h, r, _)| (*h, *r) == (height, round)),
            "a second block built for {height} {round}"
        );
        disk.built.push((height, round, block.id()));
        Ok(block)
    }

    fn process_proposal(&self, block: &Block, origin: ProposalOrigin) -> Result<Verdict, Fault> {
        let disk = self.disk.lock().unwrap();
        let (tip, parent) = Self::tip(&disk);
        let payload = block.system_payload().map_err(|e| Fault::corrupt(e.to_string()))?;
        if block.height() != tip.next() {
            return Ok(Verdict::Reject(format!("{} does not follow {tip}", block.height())));
        }
        let context = self.context(&disk, block.height());
        let round_fits = match origin {
            ProposalOrigin::Fresh { round } => payload.round == round,
            ProposalOrigin::Reproposed { valid_round } => payload.round <= valid_round,
            ProposalOrigin::Synced { round } => payload.round <= round,
        };
        let fits = block.header().parent_id == parent
            && block.header().previous_execution_hash == execution_hash(parent)
            && round_fits
            && payload.creator == context.proposer(block.height(), payload.round)
            && match &payload.last_commit {
                None => tip == Height::ZERO,
                Some(commit) => {
                    commit.block_id == parent && verify_certificate(CHAIN_ID, &self.validators, commit).is_ok()
                }
            };
        Ok(if fits { Verdict::Accept } else { Verdict::Reject(format!("{origin:?} does not follow {tip}")) })
    }

    fn keep_undecided(&self, proposal: &UndecidedProposal) -> Result<(), Fault> {
        self.disk.lock().unwrap().undecided.push(proposal.clone());
        Self::tripped(&self.fail.after_keep)
    }

    fn undecided(&self, height: Height) -> Result<Vec<UndecidedProposal>, Fault> {
        let disk = self.disk.lock().unwrap();
        Ok(disk.undecided.iter().filter(|p| p.height == height).cloned().collect())
    }

    fn decided(&self, block: &Block, certificate: &CommitCertificate) -> Result<(), Fault> {
        Self::tripped(&self.fail.before_decided)?;
        assert_eq!(certificate.block_id, block.id());
        verify_certificate(CHAIN_ID, &self.validators, certificate).unwrap();
        {
            let mut disk = self.disk.lock().unwrap();
            let (tip, parent) = Self::tip(&disk);
            assert_eq!((tip.next(), parent), (block.height(), block.header().parent_id), "decided out of order");
            disk.decided.insert(block.height(), (block.clone(), certificate.clone()));
            disk.undecided.retain(|p| p.height > block.height());
        }
        Self::tripped(&self.fail.after_decided)
    }

    fn finalized(&self, certificate: &CommitCertificate, evidence: Vec<Evidence>) -> Result<(), Fault> {
        verify_certificate(CHAIN_ID, &self.validators, certificate).unwrap();
        let mut disk = self.disk.lock().unwrap();
        let entry = disk.decided.get_mut(&certificate.height).expect("finalized before decided");
        assert_eq!(entry.1.block_id, certificate.block_id);
        assert!(certificate.signatures.len() >= entry.1.signatures.len());
        entry.1 = certificate.clone();
        disk.finalized = certificate.height;
        disk.evidence.extend(evidence);
        Ok(())
    }

    fn late_vote(&self, vote: LateVote) {
        self.disk.lock().unwrap().late.push(vote);
    }

    fn decided_block(&self, height: Height) -> Result<Option<(Vec<u8>, CommitCertificate)>, Fault> {
        let disk = self.disk.lock().unwrap();
        let decided = disk.decided.get(&height).cloned();
        drop(disk);
        Ok(decided.and_then(|(block, certificate)| self.serve(&block, &certificate)))
    }

    fn work(&self) -> Work {
        let disk = self.disk.lock().unwrap();
        match (disk.pending.is_empty(), disk.scheduled) {
            (false, _) => Work::Now,
            (true, true) => Work::Scheduled,
            (true, false) => Work::None,
        }
    }
}

/// A certificate of round 0, signed by these keys.
pub fn certify(block: &Block, keys: &[u8]) -> CommitCertificate {
    let (height, round) = (block.height(), Round::ZERO);
    let sign = |n: &u8| {
        let address = key(*n).address();
        let message = ConsensusMessage::precommit(CHAIN_ID, height, round, block.id(), address);
        let signing = ed25519_consensus::SigningKey::from(*key(*n).to_bytes());
        CommitSignature { address, signature: signing.sign(&message.sign_bytes()).to_bytes().into() }
    };
    CommitCertificate { height, round, block_id: block.id(), signatures: keys.iter().map(sign).collect() }
}

/// A consensus key for a test.
pub fn key(n: u8) -> ConsensusKey {
    ConsensusKey::from_bytes([n; 32])
}

/// A set of the first `count` keys.
pub fn validators(count: u8) -> ValidatorSet {
    let list = (1..=count).map(|n| Validator {
        address: key(n).address(),
        public_key: key(n).public_key(),
        power: 10,
        randomness_key: B256::ZERO,
        fee_address: Address::ZERO,
    });
    ValidatorSet::new(list.collect()).unwrap()
}

/// How a validator of a test is set up.
pub fn config(folder: &Path, pacing: Pacing) -> EngineConfig {
    EngineConfig { pacing, ..EngineConfig::local(CHAIN_ID, folder.to_owned()) }
}

/// Starts an engine; key 0 is a full node.
pub async fn try_start(config: EngineConfig, n: u8, chain: &Arc<TestChain>) -> Result<EngineHandle, EngineError> {
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    }
    let keys = EngineKeys { voting: (n > 0).then(|| key(n)), network: NetworkKey::generate() };
    assay_consensus::engine::spawn(config, keys, Arc::clone(chain) as Arc<dyn Application>).await
}

/// Starts the engine of validator `n`.
pub async fn start(folder: &Path, pacing: Pacing, n: u8, chain: &Arc<TestChain>) -> EngineHandle {
    try_start(config(folder, pacing), n, chain).await.unwrap()
}

/// Waits for a height.
pub async fn reach(chain: &TestChain, height: u64) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while chain.height() < Height(height) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("height {height} not reached, stands at {}", chain.height()));
}

/// Puts a transaction into the pool.
pub fn submit(chain: &TestChain, tx: &'static [u8]) {
    chain.disk.lock().unwrap().pending.push(Bytes::from_static(tx));
}
