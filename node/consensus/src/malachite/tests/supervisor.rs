//! Who stops the engine and why; what the filter keeps back; what the engine takes for a signature.

use super::{signed_proposal, signed_vote};
use crate::engine::StopReason;
use crate::guard::{self, Guard};
use crate::malachite::context::{Assay, Vote};
use crate::malachite::filter::passes;
use crate::malachite::metrics::EngineMetrics;
use crate::malachite::signing::{ABSTAINED, ChainVerifier, GuardedSigner, VotingKey};
use crate::malachite::supervisor::{Stopper, Supervisor};
use crate::tests::{CHAIN_ID, key};
use arc_malachitebft_app::consensus::{LivenessMsg, SignedConsensusMsg};
use arc_malachitebft_core_types::VoteType;
use arc_malachitebft_engine::network::NetworkMsg;
use arc_malachitebft_engine::node::NodeMsg;
use arc_malachitebft_metrics::Metrics;
use arc_malachitebft_signing::{Signer, Verifier};
use arc_malachitebft_signing_ed25519::{PublicKey, Signature};
use assay_primitives::Height;
use ractor::Actor;
use std::path::PathBuf;

fn supervisor(stopper: &Stopper) -> Supervisor {
    Supervisor { metrics: Metrics::new(), stopper: stopper.clone(), data_dir: PathBuf::from("/data") }
}

#[tokio::test]
async fn a_safety_failure_stops_the_engine_and_names_the_log_where_it_is_to_blame() {
    for (text, log) in [
        ("Corrupted WAL entry encountered: CRC mismatch", true),
        ("WAL replay entry cannot be applied: diverges", true),
        ("wal_append at height 5 failed: no space", false),
    ] {
        let stopper = Stopper::new();
        let (node, _) = Actor::spawn(None, supervisor(&stopper), ()).await.unwrap();
        node.cast(NodeMsg::SafetyFailure(text.to_owned())).unwrap();
        match stopper.stopping().await {
            StopReason::WalDamaged(damage) => {
                assert!(log && damage.path.ends_with("wal") && damage.to_string().contains("assay wal repair"));
            }
            StopReason::Safety(reason) => assert!(!log && reason == text),
            other => panic!("{other}"),
        }
        node.stop(None);
    }
}

#[tokio::test]
async fn a_failed_or_ended_actor_stops_the_engine() {
    struct Child;
    #[async_trait::async_trait]
    impl Actor for Child {
        type Msg = bool;
        type State = ();
        type Arguments = ();
        async fn pre_start(&self, _: ractor::ActorRef<bool>, _: ()) -> Result<(), ractor::ActorProcessingErr> {
            Ok(())
        }
        async fn handle(
            &self,
            myself: ractor::ActorRef<bool>,
            fail: bool,
            _: &mut (),
        ) -> Result<(), ractor::ActorProcessingErr> {
            if fail {
                return Err("broken".into());
            }
            myself.stop(Some("over".to_owned()));
            Ok(())
        }
    }
    for (fail, text) in [(true, "broken"), (false, "over")] {
        let stopper = Stopper::new();
        let (node, _) = Actor::spawn(None, supervisor(&stopper), ()).await.unwrap();
        let (child, _) = Actor::spawn_linked(None, Child, (), node.get_cell()).await.unwrap();
        child.cast(fail).unwrap();
        let StopReason::Engine(reason) = stopper.stopping().await else { panic!("another reason") };
        assert!(reason.contains(text), "{reason}");
        node.stop(None);
    }
}

#[test]
fn the_first_reason_stands() {
    let stopper = Stopper::new();
    assert_eq!(stopper.reason(), None);
    stopper.stop(StopReason::Fault("first".to_owned()));
    stopper.stop(StopReason::Requested);
    assert_eq!(stopper.reason(), Some(StopReason::Fault("first".to_owned())));
}

#[test]
fn what_a_validator_abstains_from_reaches_nobody() {
    let vote = |bytes| {
        let mut vote = signed_vote(VoteType::Prevote, 1, 0, Some(1));
        vote.signature = Signature::from_bytes(bytes);
        vote
    };
    let mut proposal = signed_proposal(1, 0, None);
    for (bytes, out) in [(ABSTAINED, false), ([1; 64], true)] {
        proposal.signature = Signature::from_bytes(bytes);
        let votes = SignedConsensusMsg::Vote(vote(bytes));
        assert_eq!(passes(&NetworkMsg::PublishConsensusMsg(votes)), out);
        assert_eq!(passes(&NetworkMsg::PublishConsensusMsg(SignedConsensusMsg::Proposal(proposal.clone()))), out);
        assert_eq!(passes(&NetworkMsg::PublishLivenessMsg(LivenessMsg::Vote(vote(bytes)))), out);
    }
}

#[tokio::test]
async fn the_verifier_remembers_message_key_and_signature_together() {
    let sign = |n: u8, vote: &Vote| Signature::from_bytes(key(n).sign(&vote.message(CHAIN_ID).sign_bytes()).0);
    let public = |n: u8| PublicKey::from_bytes(key(n).public_key().0).unwrap();
    let [vote, other] = [1, 2].map(|block| signed_vote(VoteType::Precommit, 1, 0, Some(block)).message);
    let verifier = ChainVerifier::new(CHAIN_ID);
    for _ in 0..2 {
        for (case, vote, signer, known, valid) in [
            ("genuine", &vote, 1, 1, true),
            ("another message", &other, 1, 1, false),
            ("another key", &vote, 1, 2, false),
            ("another signer", &vote, 2, 1, false),
        ] {
            // Always a signature of the first message.
            let signature = sign(signer, &signed_vote(VoteType::Precommit, 1, 0, Some(1)).message);
            let found = verifier.verify_signed_vote(vote, &signature, &public(known)).await.unwrap();
            assert_eq!(found.is_valid(), valid, "{case}");
        }
    }
    // Beyond what is remembered, signatures are verified anew.
    for round in 0..2_500 {
        let vote = signed_vote(VoteType::Precommit, 1, round, Some(1)).message;
        assert!(verifier.verify_signed_vote(&vote, &sign(1, &vote), &public(1)).await.unwrap().is_valid());
    }
    assert!(verifier.verify_signed_vote(&vote, &sign(1, &vote), &public(1)).await.unwrap().is_valid());
}

#[tokio::test]
async fn the_signer_answers_from_the_guard_and_never_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    guard::create(folder.path(), CHAIN_ID, &key(1)).unwrap();
    let guard = Guard::open(folder.path(), CHAIN_ID, key(1), Height::ZERO).unwrap();
    let (voting, thread) = VotingKey::new(guard, key(1), CHAIN_ID, Stopper::new(), EngineMetrics::new()).unwrap();
    let signer = GuardedSigner(voting.clone());
    let verifier = ChainVerifier::new(CHAIN_ID);
    let public = PublicKey::from_bytes(key(1).public_key().0).unwrap();
    let ask = |kind, id| signer.sign_vote(signed_vote(kind, 1, 0, id).message);
    let verifier = &verifier;
    let valid = |vote: Vote, signature: Signature| async move {
        verifier.verify_signed_vote(&vote, &signature, &public).await.unwrap().is_valid()
    };

    let first = ask(VoteType::Precommit, Some(1)).await.unwrap();
    assert!(valid(first.message.clone(), first.signature).await);
    let again = ask(VoteType::Precommit, Some(1)).await.unwrap();
    assert_eq!(first.signature, again.signature);
    let other = ask(VoteType::Precommit, Some(2)).await.unwrap();
    assert_eq!(other.signature.to_bytes(), ABSTAINED);
    assert!(!valid(other.message.clone(), other.signature).await, "the engine drops it");
    let prevote = ask(VoteType::Prevote, Some(1)).await.unwrap();
    assert_eq!(ask(VoteType::Prevote, None).await.unwrap().message, prevote.message);
    assert!(tokio::task::spawn_blocking(move || voting.advance(Height(3))).await.unwrap());
    let over = signer.sign_vote(signed_vote(VoteType::Prevote, 3, 0, None).message).await.unwrap();
    assert_eq!(over.signature.to_bytes(), ABSTAINED);

    let proof = signer.sign_validator_proof(Vec::new(), vec![1, 2, 3]).await.unwrap();
    assert!(Verifier::<Assay>::verify_validator_proof(verifier, &proof).await.unwrap().is_valid());
    drop(signer);
    thread.join().unwrap();
}
