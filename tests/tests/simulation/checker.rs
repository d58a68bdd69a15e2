//! The invariants, checked after every step. Each of them can fail: see `checks`.

use alloy_primitives::B256;
use assay_chain::{BlockRef, Chain, CommittedBlock};
use assay_consensus::{Application as _, ConsensusMessage, HeightContext, Step, verify_certificate, verify_evidence};
use assay_primitives::{
    Block, BlockId, CommitCertificate, CommitSignature, ConsensusAddress, Evidence, Height, Round, TimestampMs,
    Validator, ValidatorSet,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was agreed on at a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    pub block_id: BlockId,
    pub header_hash: B256,
    pub time: TimestampMs,
}

/// All that has been seen so far.
pub struct Checker {
    chain_id: u64,
    /// The validators from a height on, as the chain of the first node that decided so far has them: whoever is proven to
    /// have signed twice is not one for long.
    sets: BTreeMap<Height, ValidatorSet>,
    honest: BTreeSet<ConsensusAddress>,
    signed: BTreeMap<(ConsensusAddress, Height, Round, Step), ConsensusMessage>,
    /// Published precommits for a block.
    precommits: BTreeMap<(ConsensusAddress, Height, Round), BlockId>,
    /// Honest prevotes for a block.
    prevotes: BTreeMap<(Height, Round, BlockId), BTreeSet<ConsensusAddress>>,
    agreed: BTreeMap<Height, Agreed>,
    /// Last height that a node has decided, over all its lives.
    decided: BTreeMap<usize, Height>,
    /// The first certificate seen for each height.
    certificates: BTreeMap<Height, CommitCertificate>,
    /// Who is proven to have signed two blocks, by certificates that contradict each other.
    pub accused: BTreeSet<ConsensusAddress>,
    /// Evidence against those who broke the rules that stands in blocks.
    pub evidence: u64,
}

impl Checker {
    pub fn new(chain_id: u64, validators: ValidatorSet, honest: BTreeSet<ConsensusAddress>) -> Self {
        let (signed, precommits, prevotes, agreed, decided, certificates, accused) = Default::default();
        Self {
            chain_id,
            sets: BTreeMap::from([(Height::ZERO, validators)]),
            honest,
            signed,
            precommits,
            prevotes,
            agreed,
            decided,
            certificates,
            accused,
            evidence: 0,
        }
    }

    pub fn height(&self) -> Height {
        self.agreed.last_key_value().map_or(Height::ZERO, |(height, _)| *height)
    }

    /// The validators of a height.
    fn set(&self, height: Height) -> &ValidatorSet {
        let (_, set) = self.sets.range(..=height).next_back().unwrap();
        set
    }

    pub fn agreed(&self) -> &BTreeMap<Height, Agreed> {
        &self.agreed
    }

    /// No honest validator ever signs two different messages of one kind, height and round.
    pub fn on_signed(&mut self, message: &ConsensusMessage) -> Result<(), String> {
        if !self.honest.contains(&message.address) {
            return Ok(());
        }
        let key = (message.address, message.height, message.round, message.step);
        match self.signed.get(&key) {
            Some(before) if before != message => return Err(format!("double signature: {before:?} and {message:?}")),
            Some(_) => return Ok(()),
            None => {}
        }
        self.signed.insert(key, message.clone());
        if let (Step::Prevote, Some(block_id)) = (message.step, message.block_id) {
            self.prevotes.entry((message.height, message.round, block_id)).or_default().insert(message.address);
        }
        Ok(())
    }

    /// What an honest validator publishes keeps to its lock, and a precommit has a polka. A vote that was signed and
    /// lost with the power, before anybody heard of it, binds nobody.
    pub fn on_published(&mut self, message: &ConsensusMessage) -> Result<(), String> {
        let Some(block_id) = message.block_id else { return Ok(()) };
        match message.step {
            Step::Proposal => Ok(()),
            Step::Prevote => self.check_lock(message, block_id),
            Step::Precommit if !self.polka(message.height, message.round, block_id) => {
                Err(format!("a precommit without a polka: {message:?}"))
            }
            Step::Precommit => {
                self.precommits.insert((message.address, message.height, message.round), block_id);
                Ok(())
            }
        }
    }

    /// Who has precommitted a block prevotes another one only for a polka of that round or a later one.
    fn check_lock(&self, message: &ConsensusMessage, block_id: BlockId) -> Result<(), String> {
        let (address, height, round) = (message.address, message.height, message.round);
        let earlier = self.precommits.range((address, height, Round::ZERO)..(address, height, round));
        let Some(((_, _, locked_in), locked)) = earlier.last() else { return Ok(()) };
        let released = || (locked_in.get()..round.get()).any(|at| self.polka(height, Round(at), block_id));
        if *locked == block_id || released() {
            return Ok(());
        }
        Err(format!("{message:?} although locked on {locked} since round {locked_in}"))
    }

    /// Whether more than two thirds may have prevoted a block, everybody who breaks the rules among them.
    fn polka(&self, height: Height, round: Round, block_id: BlockId) -> bool {
        let voters = self.prevotes.get(&(height, round, block_id));
        let voted = |address: &ConsensusAddress| voters.is_some_and(|voters| voters.contains(address));
        let counts = |v: &&Validator| !self.honest.contains(&v.address) || voted(&v.address);
        let set = self.set(height);
        let power: u64 = set.iter().filter(counts).map(|validator| validator.power).sum();
        3 * power > 2 * set.total_power()
    }

    /// A node never goes back behind what it has decided. What it decided just before a crash is checked now.
    pub fn on_start(&mut self, node: usize, chain: &Chain) -> Result<(), String> {
        let at = Height(chain.head().number());
        let before = self.decided.get(&node).copied().unwrap_or_default();
        if at < before {
            return Err(format!("node {node} starts at {at} but had decided {before}"));
        }
        for height in before.get() + 1..=at.get() {
            let stored = chain.decided_block(Height(height)).map_err(|fault| fault.to_string())?;
            let (_, certificate) = stored.ok_or_else(|| format!("node {node} has no certificate for {height}"))?;
            self.on_decided(node, &certificate, chain)?;
        }
        Ok(())
    }

    /// A decision of an honest node: one height after the other, certified, the same for all.
    pub fn on_decided(&mut self, node: usize, certificate: &CommitCertificate, chain: &Chain) -> Result<(), String> {
        let height = certificate.height;
        self.certified(node, certificate)?;
        let block = chain.block(BlockRef::Number(height.get())).map_err(|error| error.to_string())?;
        let block = block.ok_or_else(|| format!("node {node} has no block {height}"))?;
        let agreed = Agreed { block_id: block.ordering_id, header_hash: block.hash, time: block.timestamp_ms };
        if agreed.block_id != certificate.block_id {
            return Err(format!("node {node} executed another block at {height} than was certified"));
        }
        if !self.agreed.contains_key(&height) {
            self.check_block(certificate, chain)?;
            let next = chain.height_context(height.next()).map_err(|fault| fault.to_string())?;
            self.sets.insert(height.next(), next.validators);
        }
        self.agree(node, height, agreed)
    }

    /// Heights come one after the other, each with a certificate that verifies.
    pub fn certified(&mut self, node: usize, certificate: &CommitCertificate) -> Result<(), String> {
        let height = certificate.height;
        let before = self.decided.insert(node, height).unwrap_or_default();
        if height != before.next() {
            return Err(format!("node {node} decides {height} after {before}"));
        }
        verify_certificate(self.chain_id, self.set(height), certificate)
            .map_err(|error| format!("node {node}: certificate of {height}: {error}"))?;
        let known = self.certificates.entry(height).or_insert_with(|| certificate.clone());
        let known = known.clone();
        let accused = accuse(self.chain_id, self.set(height), &known, certificate);
        self.accused.extend(accused);
        Ok(())
    }

    /// One block and one execution per height over all honest nodes, with rising times.
    pub fn agree(&mut self, node: usize, height: Height, found: Agreed) -> Result<(), String> {
        let known = *self.agreed.entry(height).or_insert(found);
        if known != found {
            return Err(format!("fork at {height}: node {node} has {found:?}, others {known:?}"));
        }
        let earlier = self.agreed.get(&height.previous()).filter(|_| height > Height(1));
        match earlier {
            Some(earlier) if earlier.time >= found.time => Err(format!(
                "time does not rise from {} to {height}: {} to {}",
                height.previous(),
                earlier.time,
                found.time
            )),
            _ => Ok(()),
        }
    }

    fn check_block(&mut self, certificate: &CommitCertificate, chain: &Chain) -> Result<(), String> {
        let height = certificate.height;
        let stored = chain.decided_block(height).map_err(|fault| fault.to_string())?;
        let (bytes, _) = stored.ok_or_else(|| format!("no stored block {height}"))?;
        let block = Block::decode(&bytes).map_err(|error| error.to_string())?;
        let context = chain.height_context(height).map_err(|fault| fault.to_string())?;
        self.check_creator(&block, certificate.round, &context)
    }

    /// The creator is the proposer of the round it names, which is not after the one that decided; evidence in a block
    /// is against those who broke the rules only.
    pub fn check_creator(&mut self, block: &Block, decided: Round, context: &HeightContext) -> Result<(), String> {
        let height = block.height();
        let payload = block.system_payload().map_err(|error| error.to_string())?;
        let proposer = context.proposer(height, payload.round);
        if payload.creator != proposer || payload.round > decided {
            return Err(format!(
                "block {height} is by {} in round {}, whose proposer is {proposer}; it was decided in {decided}",
                payload.creator, payload.round
            ));
        }
        if let Some(evidence) = payload.evidence.iter().find(|evidence| self.honest.contains(&evidence.address)) {
            return Err(format!("block {height} accuses {}, who keeps the rules", evidence.address));
        }
        self.evidence += payload.evidence.len() as u64;
        Ok(())
    }

    /// At the end: every honest node holds the same blocks with the same receipts, and each transaction once.
    pub fn check_end(
        &self,
        chains: &[(usize, Vec<Arc<CommittedBlock>>)],
        acknowledged: &BTreeSet<B256>,
    ) -> Result<(), String> {
        let mut included = BTreeMap::<B256, u64>::new();
        let Some(longest) = chains.iter().map(|(_, blocks)| blocks).max_by_key(|blocks| blocks.len()) else {
            return Ok(());
        };
        for (node, blocks) in chains {
            if let Some((height, _)) =
                (1..).zip(blocks.iter().zip(longest)).find(|(_, (found, expected))| found != expected)
            {
                return Err(format!("node {node} holds another block {height}, or other receipts"));
            }
        }
        for tx in longest.iter().flat_map(|block| &block.transactions) {
            *included.entry(tx.hash).or_default() += 1;
        }
        if let Some((hash, count)) = included.iter().find(|(_, count)| **count > 1) {
            return Err(format!("transaction {hash} is in {count} blocks"));
        }
        match acknowledged.iter().find(|hash| !included.contains_key(*hash)) {
            Some(lost) => Err(format!("transaction {lost} was acknowledged and is in no block")),
            None => Ok(()),
        }
    }
}

/// Who signed both of two certificates of one height and round for different blocks: evidence that verifies.
fn accuse(
    chain_id: u64,
    validators: &ValidatorSet,
    first: &CommitCertificate,
    second: &CommitCertificate,
) -> Vec<ConsensusAddress> {
    let signed = |certificate: &CommitCertificate, entry: &CommitSignature| {
        let CommitCertificate { height, round, block_id, .. } = certificate.clone();
        let message = ConsensusMessage::precommit(chain_id, height, round, block_id, entry.address);
        (message.sign_bytes(), entry.signature)
    };
    let pairs = first.signatures.iter().filter_map(|a| {
        let b = second.signatures.iter().find(|b| b.address == a.address)?;
        let (address, height) = (a.address, first.height);
        Some(Evidence { address, height, first: signed(first, a), second: signed(second, b) })
    });
    pairs.filter(|pair| verify_evidence(chain_id, validators, pair).is_ok()).map(|pair| pair.address).collect()
}
