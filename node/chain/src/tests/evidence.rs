//! Evidence of double signatures: carried once, by whoever proposes next, and refused ever after.

use super::quorum::{CHAIN_ID, Quorum, certify, key};
use alloy_primitives::B256;
use assay_consensus::{Application as _, ConsensusMessage, ProposalOrigin, Verdict};
use assay_primitives::{Block, BlockId, Evidence, Height, Round, SystemPayload};

/// Validator 4 precommitted two blocks of one height.
fn evidence(height: u64, salt: u8) -> Evidence {
    let signed = |block: u8| {
        let block_id = BlockId(B256::repeat_byte(block));
        let message = ConsensusMessage::precommit(CHAIN_ID, Height(height), Round(0), block_id, key(4).address());
        let bytes = message.sign_bytes();
        let signing = ed25519_consensus::SigningKey::from(*key(4).to_bytes());
        let signature = signing.sign(&bytes).to_bytes().into();
        (bytes, signature)
    };
    Evidence { address: key(4).address(), height: Height(height), first: signed(salt), second: signed(salt + 1) }
}

/// Tells a member what its engine saw at the last height.
fn tell(quorum: &Quorum, index: usize, evidence: Vec<Evidence>) {
    let height = quorum.next().previous();
    let chain = quorum.0[index].chain();
    let (_, certificate) = chain.decided_block(height).unwrap().unwrap();
    chain.finalized(&certificate, evidence).unwrap();
}

fn carried(block: &Block) -> Vec<Evidence> {
    block.system_payload().unwrap().evidence
}

/// What a member says of the next proposal, once its evidence is another.
fn verdict_with(quorum: &Quorum, evidence: Vec<Evidence>) -> Verdict {
    let (block, round) = quorum.propose(&[]);
    let payload = SystemPayload { evidence, ..block.system_payload().unwrap() };
    let header = block.header();
    let changed = Block::assemble(
        CHAIN_ID,
        header.height,
        header.parent_id,
        header.previous_execution_hash,
        &payload,
        block.transactions().cloned(),
    )
    .unwrap();
    let fresh = ProposalOrigin::Fresh { round: Round(round) };
    quorum.0[1].chain().process_proposal(&changed, fresh).unwrap()
}

#[test]
fn evidence_is_carried_once_and_refused_afterwards() {
    let mut quorum = Quorum::new();
    for _ in 0..3 {
        quorum.produce(&[]);
    }
    // Everybody saw it, in different pairs and more than once.
    for index in 0..4 {
        tell(&quorum, index, vec![evidence(2, 10 + index as u8), evidence(2, 40)]);
    }
    let carriers: Vec<_> = (0..6).map(|_| carried(&quorum.produce(&[]).0)).collect();
    assert_eq!(carriers[0].len(), 1);
    assert_eq!((carriers[0][0].height, carriers[0][0].address), (Height(2), key(4).address()));
    assert!(carriers[1..].iter().all(Vec::is_empty), "once is enough");

    let again = |quorum: &Quorum| match verdict_with(quorum, vec![evidence(2, 90)]) {
        Verdict::Reject(reason) => assert!(reason.contains("comes twice"), "{reason}"),
        Verdict::Accept => panic!("carried twice"),
    };
    again(&quorum);
    // Also by a node that started since and saw nothing of it itself.
    quorum.0[1].restart();
    again(&quorum);
    tell(&quorum, 0, vec![evidence(2, 60)]);
    for _ in 0..4 {
        assert!(carried(&quorum.produce(&[]).0).is_empty());
    }
    // What proves nothing, or was never about this chain's past, is refused as well.
    let mut forged = evidence(3, 10);
    forged.second.1.0[0] ^= 1;
    assert!(matches!(verdict_with(&quorum, vec![forged]), Verdict::Reject(_)));
    assert!(matches!(verdict_with(&quorum, vec![evidence(3, 10)]), Verdict::Accept));
}

#[test]
fn old_evidence_is_dropped_and_refused() {
    let quorum = Quorum::new();
    for _ in 0..104 {
        let (block, round) = quorum.propose(&[]);
        let certificate = certify(&block, round, &[1, 2, 3, 4]);
        quorum.0.iter().for_each(|member| member.decide(&block, &certificate));
    }
    tell(&quorum, 0, vec![evidence(3, 10), evidence(6, 10)]);
    match verdict_with(&quorum, vec![evidence(3, 10)]) {
        Verdict::Reject(reason) => assert!(reason.contains("evidence about height 3"), "{reason}"),
        Verdict::Accept => panic!("too old"),
    }
    let seen: Vec<_> = (0..4).flat_map(|_| carried(&quorum.produce(&[]).0)).map(|piece| piece.height).collect();
    assert_eq!(seen.len() as u64, u64::from(seen.contains(&Height(6))), "{seen:?}");
}
