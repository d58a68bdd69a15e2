//! Who proposes, as four chains and those that join or come back see it.

use super::quorum::{Member, Quorum, certify, key};
use assay_consensus::{Application as _, ProposalOrigin, Verdict};
use assay_primitives::{Height, Round};

#[test]
fn a_silent_proposer_is_asked_last_by_all_and_after_a_restart() {
    let mut quorum = Quorum::new();
    let mut late = Vec::new();
    let mut blocks = Vec::new();
    for height in 1..=80u64 {
        let (block, round) = quorum.produce(&[4]);
        late.extend((round > 0).then_some(height));
        blocks.push((block, round));
        // Whoever restarts, wherever in the window, finds the same.
        if height % 9 == 0 {
            quorum.0[usize::try_from(height / 9).unwrap() % 4].restart();
        }
    }
    assert!(late.len() <= 3 && late[1] - late[0] > 32, "{late:?}");

    // A full node that syncs judges creators by the same rotation, and finds what was recorded of past heights.
    let full = Member::new(0);
    for (block, round) in &blocks {
        let synced = ProposalOrigin::Synced { round: Round(*round) };
        assert_eq!(full.chain().process_proposal(block, synced).unwrap(), Verdict::Accept);
        full.decide(block, &certify(block, *round, &[1, 2, 3]));
    }
    for (block, round) in &blocks {
        let context = full.context(block.height());
        assert_eq!(context, quorum.0[0].context(block.height()));
        assert_eq!(context.proposer(block.height(), Round(*round)), block.system_payload().unwrap().creator);
    }
    assert_eq!(full.context(quorum.next()), quorum.0[0].context(quorum.next()));
    assert_eq!(quorum.0[0].context(quorum.next()).demoted, [key(4).address()]);

    // It is back: within the window it proposes again, in round 0.
    let mut proposed = false;
    for _ in 0..40 {
        let (block, round) = quorum.produce(&[]);
        assert_eq!(round, 0);
        proposed |= block.system_payload().unwrap().creator == key(4).address();
    }
    assert!(proposed);
}

#[test]
fn the_creator_is_judged_by_the_rotation() {
    let quorum = Quorum::new();
    while quorum.produce(&[4]).1 == 0 {}
    let height = quorum.next();
    let demoted = key(4).address();
    // By plain turns it would be the silent one's in one of the next rounds; by the rotation, it comes last.
    assert_eq!(quorum.0[0].context(height).proposer(height, Round(3)), demoted);
    for round in 0..3 {
        let block = quorum.0[3].chain().prepare_proposal(height, Round(round), super::driver::BUDGET).unwrap();
        let fresh = ProposalOrigin::Fresh { round: Round(round) };
        let verdict = quorum.0[0].chain().process_proposal(&block, fresh).unwrap();
        assert!(matches!(&verdict, Verdict::Reject(reason) if reason.contains("creator")), "{verdict:?}");
    }
}

#[test]
fn a_height_to_come_has_no_proposers_yet() {
    let member = Member::new(1);
    assert!(member.chain().height_context(Height(2)).is_err());
}
