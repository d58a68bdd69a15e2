//! What the log says of a failed round, who counts as behind, and who is benched by the sync.

use super::super::metrics::EngineMetrics;
use super::super::syncing::{BENCH, Bench, PATIENCE, PATIENCE_MAX, REQUEST_TIMEOUT};
use super::super::watch::{RoundFacts, Shared};
use crate::application::HeightContext;
use crate::engine::PeerStatus;
use crate::tests::{block, key, validators};
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_sync::OutboundRequestId;
use assay_primitives::{CommitCertificate, CommitSignature, Height, Round};
use std::sync::Arc;
use std::time::{Duration, Instant};

impl Shared {
    /// Takes these validators for the connected peers, with the heights they tell.
    fn introduce(&self, peers: &[(u8, u64)]) {
        self.replace_peers(peers.iter().map(|(n, height)| {
            let status =
                PeerStatus { validator: Some(key(*n).address()), height: Height(*height), ..PeerStatus::default() };
            (peer(), status)
        }));
    }
}

fn context() -> Arc<HeightContext> {
    Arc::new(HeightContext { validators: validators(&[1; 4]), demoted: Vec::new() })
}

#[test]
fn a_failed_round_is_explained() {
    let proposer = key(2).address();
    let mut facts = RoundFacts { proposer, context: Some(context()), ..RoundFacts::default() };
    assert_eq!(facts.why(None), format!("no proposal came from {proposer}"));
    assert_eq!(facts.why(Some(proposer)), "no proposal came from this node");
    facts.announced = true;
    assert!(facts.why(None).contains("did not come in time"));
    facts.judged = Some(false);
    assert!(facts.why(None).starts_with("this node rejects"));
    facts.judged = Some(true);
    for n in 1..=2 {
        assert!(facts.vote(false, key(n).address(), Some(block(1))));
        assert!(!facts.vote(false, key(n).address(), Some(block(1))), "a second time");
    }
    // Nil and strangers do not count.
    facts.vote(false, key(3).address(), None);
    facts.vote(false, key(9).address(), Some(block(1)));
    assert!(facts.why(None).contains("of 4 voting power, 2 prevoted"));
    facts.vote(false, key(4).address(), Some(block(1)));
    facts.vote(true, key(4).address(), Some(block(1)));
    assert!(facts.why(None).contains("of 4 voting power, 1 precommitted"));
}

#[test]
fn behind_is_who_sees_a_third_of_the_power_vote_above_it() {
    let shared = Shared::new();
    shared.enter(Height(5), context());
    assert!(!shared.behind(Height(5)));
    shared.saw_ahead(key(1).address(), Height(6));
    assert!(!shared.behind(Height(5)), "one of four may lie");
    shared.saw_ahead(key(2).address(), Height(7));
    assert!(shared.behind(Height(5)));
    assert_eq!(shared.lag(), Duration::ZERO, "this node was in its height before the others");
    std::thread::sleep(Duration::from_millis(20));
    shared.enter(Height(6), context());
    assert!(!shared.behind(Height(6)), "only one is still ahead");
    assert!(shared.lag() >= Duration::from_millis(20), "the others were there before");
    shared.enter(Height(7), context());
    assert_eq!(shared.lag(), Duration::ZERO, "one of four is not the others");
}

#[test]
fn where_the_others_are_is_known_once_two_thirds_have_told() {
    let (shared, context) = (Shared::new(), context());
    let own = key(1).address();
    let told = |shared: &Shared| shared.told(&context, own);
    assert_eq!(told(&shared), None);
    shared.introduce(&[(2, 50)]);
    assert_eq!(told(&shared), None, "two of four");
    shared.introduce(&[(2, 50), (3, 0)]);
    assert_eq!(told(&shared), None, "one that has not told its height yet");
    shared.introduce(&[(2, 1_000_000), (3, 50)]);
    assert_eq!(told(&shared), Some(Height(50)), "one of four may lie");
    shared.introduce(&[(2, 49), (3, 50), (4, 52)]);
    assert_eq!(told(&shared), Some(Height(50)), "more than a third has got there");
    // Whoever shows up with this node's own key counts for nothing.
    shared.introduce(&[(1, 90), (2, 50)]);
    assert_eq!(told(&shared), None);
}

#[test]
fn the_last_certificate_shows_who_is_missing() {
    let shared = Shared::new();
    shared.enter(Height(5), context());
    let signature = |n: u8| CommitSignature { address: key(n).address(), signature: Default::default() };
    let certificate = CommitCertificate {
        height: Height(5),
        round: Round(1),
        block_id: block(1),
        signatures: [1, 2, 4].map(signature).to_vec(),
    };
    shared.committed(&certificate);
    let commit = shared.status.borrow().last_commit.clone().unwrap();
    assert_eq!((commit.height, commit.round), (Height(5), Round(1)));
    assert_eq!((commit.missing.as_slice(), commit.missing_power), ([key(3).address()].as_slice(), 1));
    assert_eq!((commit.signed.len(), commit.total_power), (3, 4));
    let text = shared.metrics.encode();
    for line in [
        "consensus_validators 4".to_owned(),
        "consensus_missing_validators_power 1".to_owned(),
        format!("consensus_validator_missed_blocks_total{{validator=\"{}\"}} 1", key(3).address()),
        format!("consensus_validator_last_signed_height{{validator=\"{}\"}} 5", key(1).address()),
    ] {
        assert!(text.lines().any(|have| have == line), "{line} is not in {text}");
    }
}

#[test]
fn metrics_have_the_names_operators_look_for() {
    let text = EngineMetrics::new().encode();
    for name in [
        "consensus_rounds_total",
        "consensus_round_duration_seconds",
        "consensus_block_interval_seconds",
        "consensus_quorum_prevote_delay_seconds",
        "consensus_proposal_create_total",
        "consensus_late_votes_total",
        "consensus_duplicate_votes_total",
        "consensus_equivocation_votes_total",
        "consensus_equivocation_proposals_total",
        "consensus_missing_validators",
        "sync_syncing",
        "sync_requests_total",
        "sync_timeouts_total",
        "signer_requests_total",
        "signer_refusals_total",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is not in {text}");
    }
}

fn peer() -> PeerId {
    let key = crate::keys::NetworkKey::generate();
    PeerId::from_bytes(&key.keypair().public().to_peer_id().to_bytes()).unwrap()
}

fn id(n: u32) -> OutboundRequestId {
    OutboundRequestId::new(n)
}

#[test]
fn a_peer_that_keeps_the_sync_waiting_is_benched_while_others_answer() {
    let (slow, quick) = (peer(), peer());
    let start = Instant::now();
    let after = |d: Duration| start + d;
    let mut bench = Bench::default();
    for peer in [slow, quick] {
        assert!(bench.on_status(peer, Height(100), start));
    }
    bench.on_request(id(1), slow, Height(1), start);
    bench.on_request(id(2), quick, Height(2), start);
    assert!(bench.on_answer(&id(2), after(PATIENCE / 2)).is_empty(), "not late yet");
    bench.on_request(id(3), quick, Height(3), after(PATIENCE / 2));
    assert_eq!(bench.on_answer(&id(3), after(PATIENCE)), [slow]);
    assert!(!bench.on_status(slow, Height(101), after(PATIENCE)), "benched");
    assert!(bench.on_status(quick, Height(101), after(PATIENCE)));
    // Nobody waits for ever, answers or none; but the other one is the last now: however slow, it is all there is.
    bench.on_request(id(4), quick, Height(4), after(PATIENCE));
    assert!(bench.on_tick(after(PATIENCE + PATIENCE_MAX)).is_empty());
    assert_eq!(bench.on_cancel(&id(4), after(PATIENCE + REQUEST_TIMEOUT)), (true, None));
    assert!(bench.on_status(slow, Height(102), after(PATIENCE + BENCH)), "back after a while");
    bench.on_request(id(5), quick, Height(5), after(PATIENCE + BENCH));
    assert_eq!(bench.on_tick(after(PATIENCE + BENCH + PATIENCE_MAX)), [quick]);
}

#[test]
fn a_request_that_is_no_longer_needed_benches_nobody() {
    let peers = [peer(), peer()];
    let start = Instant::now();
    let mut bench = Bench::default();
    for peer in peers {
        bench.on_status(peer, Height(100), start);
    }
    bench.on_request(id(1), peers[0], Height(1), start);
    assert_eq!(bench.on_cancel(&id(1), start + PATIENCE), (false, None));
    // An answer that overtakes the note of its request leaves nothing behind.
    assert!(bench.on_answer(&id(2), start).is_empty());
    bench.on_request(id(2), peers[0], Height(1), start);
    bench.on_request(id(3), peers[1], Height(2), start);
    assert!(bench.on_answer(&id(3), start + REQUEST_TIMEOUT).is_empty());
    // A peer that went away is not waited for.
    bench.on_request(id(4), peers[0], Height(3), start);
    bench.on_disconnect(peers[0]);
    bench.on_request(id(5), peers[1], Height(4), start);
    assert!(bench.on_answer(&id(5), start + REQUEST_TIMEOUT).is_empty());
}
