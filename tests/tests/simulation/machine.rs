//! One machine: a folder, a key, and the validator that runs on it from crash to crash. Chain, store, guard and log are
//! the real ones, on real files in memory.

use super::plan::{Behaviour, Member, Planted};
use super::rng::Rng;
use assay_chain::{Chain, ChainConfig, ProposerIdentity};
use assay_consensus::simulation::{CrashPoint, End, Node, Write};
use assay_consensus::wal::{self, WalState};
use assay_consensus::{
    Application, ConsensusKey, EngineConfig, EngineKeys, HeightContext, Info, NetworkKey, ProposalOrigin,
    UndecidedProposal, Verdict, Work,
};
use assay_executive::Executive;
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Block, CommitCertificate, Evidence, Fault, Height, LateVote, Round};
use assay_store::{Store, StoreOptions};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const CHAIN_ID: u64 = 31_337;
pub const GENESIS_MS: u64 = 1_767_225_600_000;

/// How a machine goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process is killed: what was written is kept.
    Kill,
    /// The power goes: what was not synced may be lost.
    Power,
    /// The process is killed and its log of the height is gone afterwards.
    LogGone,
    /// The process is killed and a byte of the log is flipped; the operator runs the repair.
    LogDamaged,
    /// The process is killed and a byte of the guard is flipped, which its other copy mends.
    GuardFlipped,
}

/// The crash that is to come, and what it will find on the disk.
#[derive(Default)]
pub struct Fuse {
    /// Points to pass until it happens.
    pub countdown: Option<u64>,
    pub fired: Option<String>,
    /// Length of the engine's log and of the database's logs at their last sync.
    synced: BTreeMap<PathBuf, u64>,
    dir: PathBuf,
}

impl Fuse {
    fn reached(&mut self, name: impl FnOnce() -> String) -> bool {
        let Some(left) = self.countdown.as_mut() else { return false };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return false;
        }
        self.countdown = None;
        self.fired = Some(name());
        true
    }

    fn on_point(&mut self, point: CrashPoint) -> bool {
        match point {
            CrashPoint { write: Write::LogSync | Write::LogReset, done: true } => {
                self.note(&self.dir.join("consensus"))
            }
            CrashPoint { write: Write::Undecided, done: true } => self.note(&self.dir.join("db")),
            _ => {}
        }
        self.reached(|| format!("{} {:?}", if point.done { "after" } else { "before" }, point.write))
    }

    /// Notes that all logs of a folder are durable as they are.
    fn note(&mut self, folder: &Path) {
        for file in logs(folder) {
            let length = fs::metadata(&file).map_or(0, |found| found.len());
            self.synced.insert(file, length);
        }
    }

    /// Cuts logs off somewhere behind their last sync.
    fn lose_unsynced(&mut self, rng: &mut Rng) -> u64 {
        let mut lost = 0;
        for folder in ["consensus", "db"] {
            for file in logs(&self.dir.join(folder)) {
                let length = fs::metadata(&file).unwrap().len();
                let kept = self.synced.get(&file).copied().unwrap_or(length).min(length);
                let kept = rng.between(kept, length);
                lost += length - kept;
                fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(kept).unwrap();
            }
        }
        lost
    }
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.ends_with("wal") || path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    files.sort();
    files
}

/// The chain, with one more crash point: between a decision's sync and its execution.
struct Fused {
    chain: Chain,
    store: Store,
    fuse: Arc<Mutex<Fuse>>,
}

impl Application for Fused {
    fn info(&self) -> Result<Info, Fault> {
        self.chain.info()
    }

    fn height_context(&self, height: Height) -> Result<HeightContext, Fault> {
        self.chain.height_context(height)
    }

    fn prepare_proposal(&self, height: Height, round: Round, budget: Duration) -> Result<Block, Fault> {
        self.chain.prepare_proposal(height, round, budget)
    }

    fn process_proposal(&self, block: &Block, origin: ProposalOrigin) -> Result<Verdict, Fault> {
        self.chain.process_proposal(block, origin)
    }

    fn keep_undecided(&self, proposal: &UndecidedProposal) -> Result<(), Fault> {
        self.chain.keep_undecided(proposal)
    }

    fn undecided(&self, height: Height) -> Result<Vec<UndecidedProposal>, Fault> {
        self.chain.undecided(height)
    }

    fn decided(&self, block: &Block, certificate: &CommitCertificate) -> Result<(), Fault> {
        // The chain repeats this write, which is harmless, and goes on from there.
        self.store.put_decided(block, certificate)?;
        {
            let mut fuse = self.fuse.lock().unwrap();
            let db = fuse.dir.join("db");
            fuse.note(&db);
            if fuse.reached(|| "between decision and execution".to_owned()) {
                return Err(Fault::storage("crash"));
            }
        }
        self.chain.decided(block, certificate)
    }

    fn finalized(&self, certificate: &CommitCertificate, evidence: Vec<Evidence>) -> Result<(), Fault> {
        self.chain.finalized(certificate, evidence)
    }

    fn late_vote(&self, vote: LateVote) {
        self.chain.late_vote(vote);
    }

    fn decided_block(&self, height: Height) -> Result<Option<(Vec<u8>, CommitCertificate)>, Fault> {
        self.chain.decided_block(height)
    }

    fn work(&self) -> Work {
        self.chain.work()
    }
}

/// What runs on a machine.
pub struct Running {
    pub node: Node,
    pub chain: Chain,
}

/// A machine.
pub struct Machine {
    pub member: Member,
    pub key: ConsensusKey,
    pub fuse: Arc<Mutex<Fuse>>,
    pub running: Option<Running>,
    /// Counts lives, so that timers and jobs of an earlier one are forgotten.
    pub life: u32,
    pub dir: PathBuf,
    index: u8,
    clock_ms: Arc<AtomicU64>,
    /// Guard and log at some earlier moment, for the disk that lies.
    earlier: Option<(Vec<u8>, Vec<u8>)>,
}

/// Flips a bit somewhere in a file.
fn flip(file: &Path, rng: &mut Rng) {
    let Ok(mut bytes) = fs::read(file) else { return };
    if !bytes.is_empty() {
        let place = rng.below(bytes.len());
        bytes[place] ^= 1 << rng.below(8);
        fs::write(file, bytes).unwrap();
    }
}

pub fn consensus_key(index: u8) -> ConsensusKey {
    ConsensusKey::from_bytes([index + 1; 32])
}

pub fn randomness(index: u8) -> RandomnessSecret {
    RandomnessSecret::from_seed([index + 101; 32]).unwrap()
}

impl Machine {
    pub fn new(index: u8, member: Member, folder: &Path, clock_ms: Arc<AtomicU64>) -> Self {
        let dir = folder.join(format!("node-{index}"));
        fs::create_dir_all(&dir).unwrap();
        let fuse = Fuse { dir: dir.clone(), ..Fuse::default() };
        let key = consensus_key(index);
        let fuse = Arc::new(Mutex::new(fuse));
        Self { member, key, fuse, running: None, life: 0, dir, index, clock_ms, earlier: None }
    }

    pub fn honest(&self) -> bool {
        self.member.behaviour == Behaviour::Honest
    }

    fn engine(&self) -> (EngineConfig, EngineKeys) {
        let config = EngineConfig::local(CHAIN_ID, self.dir.join("consensus"));
        let network = NetworkKey::from_bytes([self.index + 1; 32]).unwrap();
        (config, EngineKeys { voting: Some(self.key.clone()), network })
    }

    /// Opens store and chain and starts the validator.
    pub fn start(&mut self, executive: &Arc<Executive>) -> Result<(), End> {
        self.life += 1;
        let options = StoreOptions { memory_bytes: 32 << 20, ..StoreOptions::default() };
        let store = Store::open(&self.dir.join("db"), options).unwrap_or_else(|error| panic!("store: {error}"));
        let identity = ProposerIdentity { address: self.key.address(), randomness: randomness(self.index) };
        let mut config = ChainConfig::new(Some(identity));
        config.journal = Some(self.dir.join("pool.journal"));
        config.queries.threads = 1;
        config.recovery_threads = 1;
        let (clock, skew) = (Arc::clone(&self.clock_ms), self.member.skew_ms);
        config.clock = Arc::new(move || clock.load(Ordering::SeqCst).saturating_add_signed(skew));
        let chain = Chain::open(store.clone(), Arc::clone(executive), config).unwrap_or_else(|e| panic!("chain: {e}"));
        let db = self.dir.join("db");
        self.fuse.lock().unwrap().note(&db);
        let fused = Arc::new(Fused { chain: chain.clone(), store, fuse: Arc::clone(&self.fuse) });
        let hook = Arc::clone(&self.fuse);
        let (config, keys) = self.engine();
        let node = Node::start(&config, &keys, fused, Box::new(move |point| hook.lock().unwrap().on_point(point)));
        match node {
            Ok(node) => {
                self.running = Some(Running { node, chain });
                Ok(())
            }
            Err(end) => {
                assert!(chain.close(Duration::from_secs(60)), "the chain is still in use");
                Err(end)
            }
        }
    }

    /// Ends the process: everything in memory is gone.
    pub fn stop(&mut self) {
        if let Some(Running { node, chain }) = self.running.take() {
            drop(node);
            assert!(chain.close(Duration::from_secs(60)), "the chain is still in use");
        }
    }

    /// What a crash leaves on the disk. Returns how many bytes it took.
    pub fn crash(&mut self, crash: Crash, planted: Option<Planted>, rng: &mut Rng) -> u64 {
        let height = self.running.as_ref().map(|running| running.node.height());
        self.stop();
        let mut fuse = self.fuse.lock().unwrap();
        fuse.countdown = None;
        let lost = if crash == Crash::Power { fuse.lose_unsynced(rng) } else { 0 };
        drop(fuse);
        let folder = self.dir.join("consensus");
        match crash {
            Crash::Kill | Crash::Power => {}
            Crash::LogGone => drop(fs::remove_file(folder.join("wal"))),
            Crash::LogDamaged => {
                flip(&folder.join("wal"), rng);
                let damaged = matches!(wal::inspect(&wal::wal_path(&folder)), Ok(WalState::Damaged { .. }));
                if damaged {
                    wal::repair(&folder, Some((CHAIN_ID, self.key.clone()))).unwrap();
                }
            }
            Crash::GuardFlipped => flip(&folder.join("guard"), rng),
        }
        match (planted, height) {
            (Some(Planted::GuardForgets), Some(height)) => self.forget(height.previous()),
            (Some(Planted::DiskLies), _) => self.restore(),
            _ => {}
        }
        lost
    }

    fn forget(&self, above: Height) {
        let folder = self.dir.join("consensus");
        assay_consensus::guard::reset(&folder, CHAIN_ID, &self.key, above).unwrap();
        let _ = fs::remove_file(folder.join("wal"));
    }

    /// Remembers guard and log as they are, for a disk that will have kept no more.
    pub fn remember(&mut self) {
        let folder = self.dir.join("consensus");
        let read = |name: &str| fs::read(folder.join(name)).ok();
        self.earlier = read("guard").zip(read("wal"));
    }

    fn restore(&mut self) {
        let folder = self.dir.join("consensus");
        if let Some((guard, wal)) = self.earlier.take() {
            fs::write(folder.join("guard"), guard).unwrap();
            fs::write(folder.join("wal"), wal).unwrap();
        }
    }
}
