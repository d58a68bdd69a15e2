//! Links to the parent and the rules of item 0.

use super::chain::{Chain, GENESIS_MS, validator};
use crate::{BlockError, EVIDENCE_MAX, InvalidBlock};
use alloy_primitives::{B256, FixedBytes};
use assay_primitives::vrf::VrfError;
use assay_primitives::{
    Block, BlockId, CommitCertificate, CommitSignature, Evidence, Height, LateVote, Round, SystemPayload, TimestampMs,
};

fn judge(chain: &Chain, block: &Block) -> Result<(), InvalidBlock> {
    match chain.executive.execute_block::<assay_primitives::CheckedTx>(&chain.state, &chain.parent, block, &[]) {
        Ok(_) => Ok(()),
        Err(BlockError::Invalid(invalid)) => Err(invalid),
        Err(BlockError::Fault(fault)) => panic!("{fault}"),
    }
}

fn broken(chain: &Chain, edit: impl FnOnce(&mut SystemPayload)) -> InvalidBlock {
    let mut payload = chain.payload();
    edit(&mut payload);
    judge(chain, &chain.block(&payload, &[])).unwrap_err()
}

fn later() -> Chain {
    let mut chain = Chain::new();
    for _ in 0..3 {
        chain.commit(&[]);
    }
    chain
}

#[test]
fn a_block_follows_its_parent() {
    let chain = later();
    let payload = chain.payload();
    let check = |id: u64, height: u64, parent: BlockId, hash: B256| {
        judge(&chain, &Block::assemble(id, Height(height), parent, hash, &payload, []).unwrap())
    };
    let (parent, hash) = (chain.parent.block_id(), chain.parent.hash());
    assert!(check(31_337, 4, parent, hash).is_ok());
    assert!(matches!(check(1, 4, parent, hash), Err(InvalidBlock::ChainId { .. })));
    assert!(matches!(check(31_337, 5, parent, hash), Err(InvalidBlock::Height { .. })));
    assert!(matches!(check(31_337, 4, BlockId::default(), hash), Err(InvalidBlock::ParentId { .. })));
    assert!(matches!(check(31_337, 4, parent, B256::ZERO), Err(InvalidBlock::PreviousExecutionHash { .. })));
}

#[test]
fn time_rises_strictly_in_milliseconds_and_never_falls_in_seconds() {
    let mut chain = Chain::new();
    let same = broken(&chain, |p| p.timestamp_ms = GENESIS_MS);
    assert!(matches!(same, InvalidBlock::Timestamp { .. }));
    assert!(matches!(broken(&chain, |p| p.timestamp_ms = TimestampMs(u64::MAX)), InvalidBlock::Timestamp { .. }));
    let mut seconds = Vec::new();
    for _ in 0..4 {
        seconds.push(chain.commit(&[]).1.timestamp - 1_767_225_600);
    }
    assert_eq!(seconds, [0, 1, 1, 2]);
}

#[test]
fn creator_and_randomness() {
    let chain = later();
    let stranger = validator(9).0.address;
    assert_eq!(broken(&chain, |p| p.creator = stranger), InvalidBlock::Creator(stranger));
    let of_another_key = validator(9).1.prove(chain.parent.randomness(), Height(4));
    let of_another_height = validator(7).1.prove(chain.parent.randomness(), Height(5));
    for proof in [of_another_key, of_another_height] {
        assert_eq!(broken(&chain, |p| p.randomness = proof), InvalidBlock::Randomness(VrfError::Proof));
    }
}

#[test]
fn randomness_differs_from_block_to_block_and_stands_in_the_header() {
    let mut chain = Chain::new();
    let mut seen = vec![chain.parent.randomness()];
    for _ in 0..3 {
        let (executed, header) = chain.commit(&[]);
        assert_eq!(executed.randomness, header.mix_hash);
        assert!(!seen.contains(&header.mix_hash));
        seen.push(header.mix_hash);
    }
}

#[test]
fn the_certificate_is_the_parents() {
    let genesis = Chain::new();
    let chain = later();
    let certificate = chain.payload().last_commit.unwrap();
    let with = |edit: &dyn Fn(&mut CommitCertificate)| {
        let mut other = certificate.clone();
        edit(&mut other);
        broken(&chain, |p| p.last_commit = Some(other))
    };
    assert_eq!(
        broken(&genesis, |p| p.last_commit = Some(certificate.clone())),
        InvalidBlock::LastCommit("genesis has none")
    );
    assert_eq!(broken(&chain, |p| p.last_commit = None), InvalidBlock::LastCommit("missing"));
    assert_eq!(with(&|c| c.height = Height(2)), InvalidBlock::LastCommit("not for the parent"));
    assert_eq!(with(&|c| c.block_id = BlockId::default()), InvalidBlock::LastCommit("not for the parent"));
    let signature = CommitSignature { address: validator(7).0.address, signature: FixedBytes::ZERO };
    assert_eq!(
        with(&|c| c.signatures = vec![signature.clone(), signature.clone()]),
        InvalidBlock::LastCommit("a validator signed twice")
    );
}

#[test]
fn late_votes_and_evidence_are_bounded() {
    let chain = later();
    let vote = |height: u64| LateVote {
        height: Height(height),
        round: Round::ZERO,
        block_id: BlockId::default(),
        vote: CommitSignature { address: validator(7).0.address, signature: FixedBytes::ZERO },
    };
    let votes = |list: Vec<LateVote>| broken(&chain, |p| p.late_votes = list);
    assert!(matches!(votes(vec![vote(4)]), InvalidBlock::LateVotes(_)));
    assert!(matches!(votes(vec![vote(0)]), InvalidBlock::LateVotes(_)));
    assert!(matches!(votes(vec![vote(2), vote(2)]), InvalidBlock::LateVotes(_)));
    let mut payload = chain.payload();
    payload.late_votes = vec![vote(1), vote(2)];
    assert!(judge(&chain, &chain.block(&payload, &[])).is_ok());

    let piece = |height: u64, second: u8| Evidence {
        address: validator(7).0.address,
        height: Height(height),
        first: (vec![1], FixedBytes::ZERO),
        second: (vec![second], FixedBytes::ZERO),
    };
    let evidence = |list: Vec<Evidence>| broken(&chain, |p| p.evidence = list);
    assert!(matches!(evidence(vec![piece(4, 2)]), InvalidBlock::Evidence(_)));
    assert!(matches!(evidence(vec![piece(2, 1)]), InvalidBlock::Evidence(_)));
    assert!(matches!(evidence(vec![piece(2, 2), piece(2, 2)]), InvalidBlock::Evidence(_)));
    assert!(matches!(evidence(vec![piece(2, 2); EVIDENCE_MAX + 1]), InvalidBlock::Evidence(_)));
    assert!(matches!(
        broken(&chain, |p| p.evidence = vec![Evidence { first: (vec![0; 5_000], FixedBytes::ZERO), ..piece(2, 2) }]),
        InvalidBlock::Evidence(_)
    ));
}
