//! Proposals that must get nil.

use super::driver::{Driver, GENESIS_MS, bogus_signature, certify, key};
use super::fixtures::{signer, transfer};
use alloy_primitives::{Address, B256, Bytes};
use assay_consensus::{Application as _, ProposalOrigin, Verdict};
use assay_primitives::{
    Block, BlockId, CommitCertificate, CommitSignature, ConsensusAddress, Evidence, Height, LateVote, Round,
    SystemPayload, TimestampMs,
};

struct Parts {
    chain_id: u64,
    height: Height,
    parent_id: BlockId,
    previous: B256,
    payload: SystemPayload,
    transactions: Vec<Bytes>,
}

/// The proposal this node would make, changed.
fn changed(driver: &Driver, change: impl FnOnce(&mut Parts)) -> Block {
    let block = driver.propose();
    let header = block.header();
    let mut parts = Parts {
        chain_id: header.chain_id,
        height: header.height,
        parent_id: header.parent_id,
        previous: header.previous_execution_hash,
        payload: block.system_payload().unwrap(),
        transactions: block.transactions().cloned().collect(),
    };
    change(&mut parts);
    let Parts { chain_id, height, parent_id, previous, payload, transactions } = parts;
    Block::assemble(chain_id, height, parent_id, previous, &payload, transactions).unwrap()
}

fn refused(driver: &Driver, block: &Block, because: &str) {
    match driver.judge(block) {
        Verdict::Reject(reason) => assert!(reason.contains(because), "{reason}"),
        Verdict::Accept => panic!("accepted, although: {because}"),
    }
}

fn check(because: &str, change: impl FnOnce(&mut Parts)) {
    let driver = Driver::new();
    driver.transfer(0, 0).unwrap();
    driver.produce();
    driver.transfer(0, 1).unwrap();
    let block = changed(&driver, change);
    refused(&driver, &block, because);
    // The node is none the worse for it.
    driver.produce();
    assert_eq!(driver.chain.head().transactions.len(), 1);
}

#[test]
fn heights_whose_validators_nobody_knows_are_refused_without_asking() {
    let late = |height: u64| {
        move |parts: &mut Parts| {
            let vote = CommitSignature { address: key().address(), signature: Default::default() };
            let late = LateVote { height: Height(height), round: Round(0), block_id: BlockId::default(), vote };
            parts.payload.late_votes = vec![late];
        }
    };
    check("late vote for height 0", late(0));
    check("late vote for height 2", late(2));
    check("late vote for height 18446744073709551615", late(u64::MAX));
    let about = |height: u64| {
        move |parts: &mut Parts| {
            let side = |byte: u8| (vec![byte; 8], Default::default());
            let piece = Evidence { address: key().address(), height: Height(height), first: side(1), second: side(2) };
            parts.payload.evidence = vec![piece];
        }
    };
    check("evidence about height 0", about(0));
    check("evidence about height 2", about(2));
    check("evidence about height 18446744073709551615", about(u64::MAX));
    // At the first height there is nobody to commit to anything.
    let driver = Driver::new();
    driver.transfer(0, 0).unwrap();
    let block = changed(&driver, |parts| {
        let height = Height::ZERO;
        let (round, block_id) = (Round(0), BlockId::default());
        parts.payload.last_commit = Some(CommitCertificate { height, round, block_id, signatures: Vec::new() });
    });
    refused(&driver, &block, "nobody commits to genesis");
}

#[test]
fn unchanged_is_accepted() {
    let driver = Driver::new();
    driver.transfer(0, 0).unwrap();
    let block = changed(&driver, |_| ());
    assert_eq!(block.id(), driver.propose().id());
    assert_eq!(driver.judge(&block), Verdict::Accept);
}

#[test]
fn links_must_hold() {
    check("previous execution hash", |parts| parts.previous = B256::repeat_byte(3));
    check("parent", |parts| parts.parent_id = BlockId(B256::repeat_byte(3)));
    check("chain id", |parts| parts.chain_id = 1);
    check("height 3, expected 2", |parts| parts.height = Height(3));
    check("height 1, expected 2", |parts| parts.height = Height(1));
}

#[test]
fn time_must_be_plausible() {
    check("ahead of this node's", |parts| parts.payload.timestamp_ms.0 += 2_000);
    check("timestamp", |parts| parts.payload.timestamp_ms = TimestampMs(GENESIS_MS));
    check("timestamp", |parts| parts.payload.timestamp_ms.0 -= 500);
    let driver = Driver::new();
    let block = driver.propose();
    driver.wait(10_000);
    refused(&driver, &block, "behind this node's");
    let driver = driver.restart();
    assert_eq!(driver.judge(&block), Verdict::Accept, "made while this node was away");
    driver.wait(10_000);
    let block = driver.propose();
    driver.wait(10_000);
    refused(&driver, &block, "behind this node's");
    // Old is fine for what others have voted for already, or decided.
    for origin in [ProposalOrigin::Reproposed { valid_round: Round(0) }, ProposalOrigin::Synced { round: Round(0) }] {
        assert_eq!(driver.chain.process_proposal(&block, origin).unwrap(), Verdict::Accept);
    }
}

#[test]
fn creator_and_round_must_be_right() {
    check("creator", |parts| parts.payload.creator = ConsensusAddress(Address::repeat_byte(9)));
    check("created in round 2", |parts| parts.payload.round = Round(2));
    let driver = Driver::new();
    let block = driver.propose();
    let fresh = ProposalOrigin::Fresh { round: Round(1) };
    assert!(matches!(driver.chain.process_proposal(&block, fresh).unwrap(), Verdict::Reject(_)));
    let again = ProposalOrigin::Reproposed { valid_round: Round(3) };
    assert_eq!(driver.chain.process_proposal(&block, again).unwrap(), Verdict::Accept);
}

#[test]
fn transactions_must_be_includable() {
    let to = Address::repeat_byte(0xaa);
    check("nonce too high", |parts| parts.transactions.push(transfer(&signer(1), 5, to, 1, 1)));
    check("nonce too low", |parts| parts.transactions.push(transfer(&signer(0), 0, to, 1, 1)));
    check("transaction 1", |parts| parts.transactions.push(Bytes::from_static(b"nothing")));
    check("nonce too low", |parts| parts.transactions.extend(parts.transactions.clone()));
}

#[test]
fn proofs_must_verify() {
    check("randomness", |parts| parts.payload.randomness = Default::default());
    check("last commit: missing", |parts| parts.payload.last_commit = None);
    check("last commit", |parts| {
        let commit = parts.payload.last_commit.as_mut().unwrap();
        commit.signatures[0].signature = bogus_signature();
    });
    check("last commit", |parts| parts.payload.last_commit.as_mut().unwrap().signatures.clear());
    check("late vote", |parts| {
        let commit = parts.payload.last_commit.clone().unwrap();
        let mut vote = commit.signatures[0].clone();
        vote.signature = bogus_signature();
        let (height, round, block_id) = (commit.height, commit.round, commit.block_id);
        parts.payload.late_votes.push(LateVote { height, round, block_id, vote });
    });
}

#[test]
fn late_votes_are_verified_carried_and_forgotten() {
    let driver = Driver::new();
    let first = driver.produce();
    driver.produce();
    let commit = certify(&first, 0);
    let vote = |signature| LateVote {
        height: Height(1),
        round: Round(0),
        block_id: first.id(),
        vote: assay_primitives::CommitSignature { address: key().address(), signature },
    };
    driver.chain.late_vote(vote(bogus_signature()));
    assert!(driver.propose().system_payload().unwrap().late_votes.is_empty());
    let genuine = vote(commit.signatures[0].signature);
    driver.chain.late_vote(genuine.clone());
    let block = driver.produce();
    assert_eq!(block.system_payload().unwrap().late_votes, [genuine]);
    assert!(driver.produce().system_payload().unwrap().late_votes.is_empty());
}
