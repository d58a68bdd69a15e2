//! A chain of one validator on a real store, driven as an engine would drive it.

use super::fixtures::{signer, transfer};
use crate::{Chain, ChainConfig, OpenError, ProposerIdentity};
use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use assay_consensus::{Application as _, ConsensusKey, ProposalOrigin, Verdict};
use assay_executive::Executive;
use assay_genesis::{ChainSpec, GenesisValidator};
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Block, CommitCertificate, CommitSignature, Round, TimestampMs};
use assay_store::{Store, StoreOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub const GENESIS_MS: u64 = 1_767_225_600_000;
pub const BUDGET: Duration = Duration::from_secs(5);

pub struct Driver {
    pub dir: TempDir,
    pub clock_ms: Arc<AtomicU64>,
    pub chain: Chain,
    pub runtime: Runtime,
}

pub fn key() -> ConsensusKey {
    ConsensusKey::from_bytes([7; 32])
}

fn secret() -> RandomnessSecret {
    RandomnessSecret::from_seed([9; 32]).unwrap()
}

pub fn executive() -> Arc<Executive> {
    let (address, public_key) = (key().address(), key().public_key());
    let validator = GenesisValidator {
        address,
        public_key,
        power: 10,
        randomness_key: secret().public(),
        possession: secret().prove_possession(address.0.as_slice()),
        fee_address: Address::repeat_byte(0xfe),
        operator: None,
    };
    let spec = ChainSpec::dev(validator, TimestampMs(GENESIS_MS)).unwrap();
    Arc::new(Executive::new(Arc::new(spec)).unwrap())
}

pub fn open_store(path: &Path) -> Store {
    let options = StoreOptions { memory_bytes: 32 * 1024 * 1024, ..StoreOptions::default() };
    Store::open(&path.join("db"), options).unwrap()
}

pub fn try_open(path: &Path, clock_ms: &Arc<AtomicU64>, proposes: bool) -> Result<Chain, OpenError> {
    let clock = Arc::clone(clock_ms);
    let identity = ProposerIdentity { address: key().address(), randomness: secret() };
    let mut config = ChainConfig::new(proposes.then_some(identity));
    config.journal = Some(path.join("pool.journal"));
    config.clock = Arc::new(move || clock.load(Ordering::SeqCst));
    config.queries.log_blocks_max = 50;
    Chain::open(open_store(path), executive(), config)
}

/// A certificate for a block, really signed.
pub fn certify(block: &Block, round: u32) -> CommitCertificate {
    let (height, round) = (block.height(), Round(round));
    let address = key().address();
    let message = assay_consensus::ConsensusMessage::precommit(31_337, height, round, block.id(), address);
    let signing = ed25519_consensus::SigningKey::from(*key().to_bytes());
    let signature = signing.sign(&message.sign_bytes()).to_bytes().into();
    CommitCertificate { height, round, block_id: block.id(), signatures: vec![CommitSignature { address, signature }] }
}

impl Driver {
    pub fn new() -> Self {
        Self::with(true)
    }

    pub fn with(proposes: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock_ms = Arc::new(AtomicU64::new(GENESIS_MS + 1_000));
        let chain = try_open(dir.path(), &clock_ms, proposes).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { dir, clock_ms, chain, runtime }
    }

    /// Closes the chain and opens it again, as after a kill.
    pub fn restart(self) -> Self {
        let Self { dir, clock_ms, chain, runtime } = self;
        close(chain);
        let chain = try_open(dir.path(), &clock_ms, true).unwrap();
        Self { dir, clock_ms, chain, runtime }
    }

    pub fn wait(&self, ms: u64) {
        self.clock_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn submit(&self, raw: Bytes) -> Result<B256, crate::SubmitError> {
        self.runtime.block_on(self.chain.submit(raw))
    }

    /// A plain transfer of account `from` to an empty account.
    pub fn transfer(&self, from: u32, nonce: u64) -> Result<B256, crate::SubmitError> {
        self.submit(transfer(&signer(from), nonce, Address::repeat_byte(0xaa), 1_000, 1_000_000_000))
    }

    pub fn propose(&self) -> Block {
        let next = self.chain.info().unwrap().height.next();
        self.chain.prepare_proposal(next, Round(0), BUDGET).unwrap()
    }

    pub fn judge(&self, block: &Block) -> Verdict {
        self.chain.process_proposal(block, ProposalOrigin::Fresh { round: Round(0) }).unwrap()
    }

    pub fn decide(&self, block: &Block) {
        let certificate = certify(block, 0);
        self.chain.decided(block, &certificate).unwrap();
        self.chain.finalized(&certificate, Vec::new()).unwrap();
    }

    /// One height from proposal to commit.
    pub fn produce(&self) -> Block {
        let block = self.propose();
        assert_eq!(self.judge(&block), Verdict::Accept);
        self.decide(&block);
        self.wait(500);
        block
    }
}

/// Closes the chain and its store.
pub fn close(chain: Chain) {
    assert!(chain.close(Duration::from_secs(20)), "the chain is still in use");
}

/// Bytes that are no signature.
pub fn bogus_signature() -> FixedBytes<64> {
    FixedBytes::repeat_byte(1)
}
