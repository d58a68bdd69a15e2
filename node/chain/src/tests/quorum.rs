//! Four chains on real stores, each a validator, driven in lockstep as an engine would drive them.

use super::driver::{BUDGET, GENESIS_MS, close, open_store};
use crate::config::Clock;
use crate::{Chain, ChainConfig, ProposerIdentity};
use alloy_primitives::Address;
use assay_consensus::{Application as _, ConsensusKey, ConsensusMessage, HeightContext, ProposalOrigin, Verdict};
use assay_executive::Executive;
use assay_genesis::{ChainSpec, GenesisValidator};
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Block, CommitCertificate, CommitSignature, ConsensusAddress, Height, Round, TimestampMs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

pub const CHAIN_ID: u64 = 31_337;

pub fn key(n: u8) -> ConsensusKey {
    ConsensusKey::from_bytes([n; 32])
}

fn secret(n: u8) -> RandomnessSecret {
    RandomnessSecret::from_seed([n; 32]).unwrap()
}

pub fn executive() -> Arc<Executive> {
    let validator = |n: u8| GenesisValidator {
        address: key(n).address(),
        public_key: key(n).public_key(),
        power: 10,
        randomness_key: secret(n).public(),
        possession: secret(n).prove_possession(key(n).address().0.as_slice()),
        fee_address: Address::repeat_byte(n),
        operator: None,
    };
    let mut spec = ChainSpec::dev(validator(1), TimestampMs(GENESIS_MS)).unwrap();
    spec.validators = (1..=4).map(validator).collect();
    spec.total_supply = spec.supply();
    Arc::new(Executive::new(Arc::new(spec)).unwrap())
}

/// A validator, or a full node (key 0).
pub struct Member {
    n: u8,
    dir: TempDir,
    pub clock_ms: Arc<AtomicU64>,
    clock: Clock,
    chain: Option<Chain>,
}

impl Member {
    pub fn new(n: u8) -> Self {
        let clock_ms = Arc::new(AtomicU64::new(GENESIS_MS + 1_000));
        let read = Arc::clone(&clock_ms);
        let mut member = Self::with_clock(n, Arc::new(move || read.load(Ordering::SeqCst)));
        member.clock_ms = clock_ms;
        member
    }

    pub fn with_clock(n: u8, clock: Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut member = Self { n, dir, clock_ms: Arc::default(), clock, chain: None };
        member.open();
        member
    }

    pub fn address(&self) -> ConsensusAddress {
        key(self.n).address()
    }

    fn open(&mut self) {
        let n = self.n;
        let identity = (n > 0).then(|| ProposerIdentity { address: key(n).address(), randomness: secret(n) });
        let mut config = ChainConfig::new(identity);
        config.clock = Arc::clone(&self.clock);
        self.chain = Some(Chain::open(open_store(self.dir.path()), executive(), config).unwrap());
    }

    /// Closes the chain and opens it again.
    pub fn restart(&mut self) {
        close(self.chain.take().unwrap());
        self.open();
    }

    pub fn chain(&self) -> &Chain {
        self.chain.as_ref().unwrap()
    }

    pub fn context(&self, height: Height) -> HeightContext {
        self.chain().height_context(height).unwrap()
    }

    pub fn decide(&self, block: &Block, certificate: &CommitCertificate) {
        self.chain().decided(block, certificate).unwrap();
        self.chain().finalized(certificate, Vec::new()).unwrap();
    }
}

/// A certificate signed by these keys.
pub fn certify(block: &Block, round: u32, keys: &[u8]) -> CommitCertificate {
    let (height, round) = (block.height(), Round(round));
    let sign = |n: &u8| {
        let address = key(*n).address();
        let message = ConsensusMessage::precommit(CHAIN_ID, height, round, block.id(), address);
        let signing = ed25519_consensus::SigningKey::from(*key(*n).to_bytes());
        CommitSignature { address, signature: signing.sign(&message.sign_bytes()).to_bytes().into() }
    };
    CommitCertificate { height, round, block_id: block.id(), signatures: keys.iter().map(sign).collect() }
}

/// Four validators.
pub struct Quorum(pub Vec<Member>);

impl Quorum {
    pub fn new() -> Self {
        Self((1..=4).map(Member::new).collect())
    }

    pub fn next(&self) -> Height {
        self.0[0].chain().info().unwrap().height.next()
    }

    /// The next block, made in the first round whose proposer is not silent. Everybody judges it; nobody decides it.
    pub fn propose(&self, silent: &[u8]) -> (Block, u32) {
        let height = self.next();
        let context = self.0[0].context(height);
        let silent: Vec<_> = silent.iter().map(|n| key(*n).address()).collect();
        let round = (0..).find(|round| !silent.contains(&context.proposer(height, Round(*round)))).unwrap();
        let creator = context.proposer(height, Round(round));
        let maker = self.0.iter().find(|member| key(member.n).address() == creator).unwrap();
        let block = maker.chain().prepare_proposal(height, Round(round), BUDGET).unwrap();
        for member in &self.0 {
            assert_eq!(member.context(height), context, "member {}", member.n);
            let verdict = member.chain().process_proposal(&block, ProposalOrigin::Fresh { round: Round(round) });
            assert_eq!(verdict.unwrap(), Verdict::Accept, "member {}", member.n);
        }
        (block, round)
    }

    /// One height, decided by three of four; gives the block and the round.
    pub fn produce(&self, silent: &[u8]) -> (Block, u32) {
        let (block, round) = self.propose(silent);
        let keys: Vec<u8> = (1..=4).filter(|n| !silent.contains(n)).collect();
        let certificate = certify(&block, round, &keys);
        for member in &self.0 {
            member.decide(&block, &certificate);
            member.clock_ms.fetch_add(500, Ordering::SeqCst);
        }
        (block, round)
    }
}
