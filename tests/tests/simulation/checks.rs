//! The invariants can fail: each is shown what it must refuse.

use super::checker::{Agreed, Checker};
use super::machine::{CHAIN_ID, GENESIS_MS, consensus_key};
use super::plan::{Behaviour, Plan};
use super::runs::run;
use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use assay_chain::{CommittedBlock, CommittedTx};
use assay_consensus::{ConsensusMessage, HeightContext, Step};
use assay_primitives::vrf::RandomnessProof;
use assay_primitives::{
    Block, BlockId, CommitCertificate, CommitSignature, Evidence, ExecutionHeader, Height, Round, SystemPayload,
    TimestampMs, Validator, ValidatorSet,
};
use std::collections::BTreeSet;
use std::sync::Arc;

fn validators() -> ValidatorSet {
    let validator = |index| {
        let (address, public_key) = (consensus_key(index).address(), consensus_key(index).public_key());
        Validator { address, public_key, power: 1, randomness_key: B256::ZERO, fee_address: Address::ZERO }
    };
    ValidatorSet::new((0..4).map(validator).collect()).unwrap()
}

/// A checker that takes all but validator 3 for honest.
fn checker() -> Checker {
    Checker::new(CHAIN_ID, validators(), (0..3).map(|index| consensus_key(index).address()).collect())
}

fn id(n: u8) -> BlockId {
    BlockId(B256::repeat_byte(n))
}

fn message(by: u8, round: u32, block: Option<u8>) -> ConsensusMessage {
    ConsensusMessage {
        chain_id: CHAIN_ID,
        step: Step::Prevote,
        height: Height(1),
        round: Round(round),
        block_id: block.map(id),
        valid_round: None,
        address: consensus_key(by).address(),
    }
}

fn certificate(height: u64, block: u8, signers: &[u8]) -> CommitCertificate {
    let (height, round, block_id) = (Height(height), Round(0), id(block));
    let sign = |signer: &u8| {
        let address = consensus_key(*signer).address();
        let message = ConsensusMessage::precommit(CHAIN_ID, height, round, block_id, address);
        let key = ed25519_consensus::SigningKey::from(*consensus_key(*signer).to_bytes());
        CommitSignature { address, signature: key.sign(&message.sign_bytes()).to_bytes().into() }
    };
    CommitCertificate { height, round, block_id, signatures: signers.iter().map(sign).collect() }
}

fn refused<T: std::fmt::Debug>(result: Result<T, String>, what: &str) {
    let reason = result.unwrap_err();
    assert!(reason.contains(what), "{reason}");
}

#[test]
fn a_double_signature_of_an_honest_validator_is_seen() {
    let mut checker = checker();
    checker.on_signed(&message(0, 0, Some(1))).unwrap();
    checker.on_signed(&message(0, 0, Some(1))).unwrap();
    checker.on_signed(&message(0, 1, None)).unwrap();
    checker.on_signed(&message(1, 0, None)).unwrap();
    refused(checker.on_signed(&message(0, 0, None)), "double signature");
    checker.on_signed(&message(3, 0, Some(1))).unwrap();
    checker.on_signed(&message(3, 0, None)).unwrap();
}

#[test]
fn a_forgotten_lock_and_a_precommit_without_a_polka_are_seen() {
    let precommit = |by, round, block| ConsensusMessage { step: Step::Precommit, ..message(by, round, Some(block)) };
    let mut checker = checker();
    for by in 0..2 {
        checker.on_signed(&message(by, 0, Some(1))).unwrap();
    }
    // Two honest of four, and the fourth who may say anything: a polka for block 1 and for no other.
    refused(checker.on_published(&precommit(0, 0, 2)), "without a polka");
    checker.on_published(&precommit(1, 0, 1)).unwrap();
    checker.on_published(&message(1, 1, Some(1))).unwrap();
    refused(checker.on_published(&message(1, 2, Some(2))), "although locked");
    for by in [0, 2] {
        checker.on_signed(&message(by, 3, Some(2))).unwrap();
    }
    checker.on_published(&message(1, 4, Some(2))).unwrap();
    checker.on_published(&message(2, 1, Some(2))).unwrap();
}

#[test]
fn a_fork_is_seen_in_block_and_execution_and_time_must_rise() {
    let agreed = |block, header, time| Agreed {
        block_id: id(block),
        header_hash: B256::repeat_byte(header),
        time: TimestampMs(time),
    };
    let mut checker = checker();
    checker.agree(0, Height(1), agreed(1, 1, 10)).unwrap();
    checker.agree(1, Height(1), agreed(1, 1, 10)).unwrap();
    refused(checker.agree(2, Height(1), agreed(2, 1, 10)), "fork at 1");
    refused(checker.agree(2, Height(1), agreed(1, 2, 10)), "fork at 1");
    refused(checker.agree(0, Height(2), agreed(2, 2, 10)), "time does not rise");
}

#[test]
fn certificates_must_verify_and_heights_must_follow() {
    let mut checker = checker();
    refused(checker.certified(0, &certificate(1, 1, &[0, 1])), "certificate of 1");
    let mut forged = certificate(1, 1, &[0, 1, 2]);
    forged.signatures[0].signature = FixedBytes::repeat_byte(1);
    refused(checker.certified(1, &forged), "certificate of 1");
    checker.certified(2, &certificate(1, 1, &[0, 1, 2])).unwrap();
    refused(checker.certified(2, &certificate(1, 1, &[0, 1, 2])), "decides 1 after 1");
    refused(checker.certified(2, &certificate(3, 1, &[0, 1, 2])), "decides 3 after 1");
    assert!(checker.accused.is_empty());
    checker.certified(3, &certificate(1, 2, &[1, 2, 3])).unwrap();
    assert_eq!(checker.accused, [1, 2].map(|index| consensus_key(index).address()).into());
}

fn block(creator: u8, round: u32, evidence: Vec<Evidence>) -> Block {
    let payload = SystemPayload {
        creator: consensus_key(creator).address(),
        round: Round(round),
        timestamp_ms: TimestampMs(GENESIS_MS + 1),
        randomness: RandomnessProof::default(),
        last_commit: None,
        late_votes: Vec::new(),
        evidence,
    };
    Block::assemble(CHAIN_ID, Height(1), BlockId::default(), B256::ZERO, &payload, Vec::new()).unwrap()
}

#[test]
fn only_the_proposer_creates_and_only_the_guilty_are_accused() {
    let context = HeightContext { validators: validators(), demoted: Vec::new() };
    let creator_of = |round| {
        let proposer = context.proposer(Height(1), Round(round));
        (0..4).find(|index| consensus_key(*index).address() == proposer).unwrap()
    };
    let mut checker = checker();
    checker.check_creator(&block(creator_of(0), 0, Vec::new()), Round(1), &context).unwrap();
    refused(checker.check_creator(&block(creator_of(1), 0, Vec::new()), Round(1), &context), "whose proposer is");
    refused(checker.check_creator(&block(creator_of(2), 2, Vec::new()), Round(1), &context), "whose proposer is");
    let against = |index| {
        let nothing = (Vec::new(), FixedBytes::ZERO);
        let address = consensus_key(index).address();
        vec![Evidence { address, height: Height(1), first: nothing.clone(), second: nothing }]
    };
    checker.check_creator(&block(creator_of(0), 0, against(3)), Round(0), &context).unwrap();
    refused(checker.check_creator(&block(creator_of(0), 0, against(1)), Round(0), &context), "accuses");
}

#[test]
fn lost_repeated_and_differing_blocks_are_seen_at_the_end() {
    let tx = |n| CommittedTx { hash: B256::repeat_byte(n), sender: Address::ZERO, envelope: None, raw: Bytes::new() };
    let block = |transactions: Vec<CommittedTx>| {
        Arc::new(CommittedBlock {
            header: ExecutionHeader::default(),
            hash: B256::ZERO,
            ordering_id: id(1),
            timestamp_ms: TimestampMs(1),
            transactions,
            receipts: Vec::new(),
        })
    };
    let checker = checker();
    let known = BTreeSet::from([B256::repeat_byte(1)]);
    let (short, long) = (vec![block(vec![tx(1)])], vec![block(vec![tx(1)]), block(vec![])]);
    checker.check_end(&[(0, short.clone()), (1, long)], &known).unwrap();
    refused(checker.check_end(&[(0, short.clone()), (1, vec![block(vec![tx(2)])])], &known), "another block 1");
    refused(checker.check_end(&[(0, vec![block(vec![tx(2)])])], &known), "in no block");
    refused(checker.check_end(&[(0, [short.clone(), short].concat())], &known), "in 2 blocks");
}

#[test]
fn a_network_without_a_quorum_is_seen_to_stand() {
    let mut plan = Plan::calm(1);
    plan.members[0].behaviour = Behaviour::Silent;
    plan.members[1].behaviour = Behaviour::Silent;
    let failure = run(plan, false).unwrap_err();
    assert!(failure.reason.contains("after the faults"), "{}", failure.reason);
}

/// More than a third against the rules can fork the chain, and the fork proves who did it.
#[test]
fn a_fork_accuses_at_least_a_third() {
    let mut forks = 0;
    for seed in 1..=8 {
        let Err(failure) = run(Plan::collusion(seed), false) else { continue };
        // With so many against the rules nothing is promised but this: whoever forks is known.
        if !failure.reason.contains("fork at") {
            println!("seed {seed}: {}", failure.reason);
            continue;
        }
        assert!(3 * failure.accused.len() >= 7, "seed {seed}: only {:?} are accused", failure.accused);
        let honest: BTreeSet<_> = (4..7).map(|index| consensus_key(index).address()).collect();
        assert!(failure.accused.is_disjoint(&honest), "seed {seed}: {:?}", failure.accused);
        forks += 1;
    }
    assert!(forks > 0, "nobody forked the chain");
    println!("{forks} of 8 collusions forked the chain, and each fork accused at least a third");
}
