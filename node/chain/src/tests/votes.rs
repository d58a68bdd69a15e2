//! Precommits that no carried certificate shows: what came late, and what only some certificates hold.

use super::quorum::{Quorum, certify, key};
use assay_consensus::Application as _;
use assay_primitives::{Block, BlockId, CommitCertificate, CommitSignature, ConsensusAddress, Height, LateVote};

fn late_vote(commit: &CommitCertificate, signature: &CommitSignature) -> LateVote {
    LateVote { height: commit.height, round: commit.round, block_id: commit.block_id, vote: signature.clone() }
}

/// Heights and voters of the late votes that a block carries.
fn carried(block: &Block) -> Vec<(Height, ConsensusAddress)> {
    block.system_payload().unwrap().late_votes.iter().map(|vote| (vote.height, vote.vote.address)).collect()
}

#[test]
fn a_vote_that_overtakes_the_commit_of_its_block_is_carried() {
    let quorum = Quorum::new();
    quorum.produce(&[4]);
    let (block, round) = quorum.propose(&[4]);
    let full = certify(&block, round, &[1, 2, 3, 4]);
    let other = CommitCertificate { block_id: BlockId::default(), ..full.clone() };
    for member in &quorum.0 {
        // The engine has decided; the commit is under way.
        member.chain().late_vote(late_vote(&full, &full.signatures[3]));
        member.chain().late_vote(late_vote(&other, &full.signatures[2]));
        member.decide(&block, &certify(&block, round, &[1, 2, 3]));
    }
    let mut found = Vec::new();
    for _ in 0..5 {
        found.extend(carried(&quorum.produce(&[4]).0));
    }
    assert_eq!(found, [(block.height(), key(4).address())], "once");
}

#[test]
fn a_certificate_that_holds_more_than_the_carried_one_tells_of_the_others() {
    let quorum = Quorum::new();
    quorum.produce(&[4]);
    let (block, round) = quorum.propose(&[4]);
    // Votes change nothing about who comes next.
    let turns = Quorum::new();
    let proposer = [(); 3].map(|()| turns.produce(&[4]).0)[2].system_payload().unwrap().creator;
    for (member, n) in quorum.0.iter().zip(1..) {
        // Whoever proposes next heard nothing of the fourth.
        let hears = key(n).address() != proposer;
        let keys: &[u8] = if hears { &[1, 2, 3, 4] } else { &[1, 2, 3] };
        member.decide(&block, &certify(&block, round, keys));
    }
    let mut found = Vec::new();
    for _ in 0..5 {
        found.extend(carried(&quorum.produce(&[4]).0));
    }
    assert_eq!(found, [(block.height(), key(4).address())], "once");
}
