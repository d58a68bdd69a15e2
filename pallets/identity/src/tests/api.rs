//! What other native modules do with the registries.

use super::feedback::{give, summary};
use super::support::{ALICE, BOB, CAROL, EVE, REGISTRIES, World, refused, refused_because};
use super::validation::{request, respond};
use crate::api::{self, JobRecord, Verdict, Verified};
use crate::types::JobFeedback;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent as _;
use assay_abi::errors::Reentrant;
use assay_abi::identity::{IIdentityRegistry as identity, IReputationRegistry as abi, IValidationRegistry};
use assay_kernel::{CallError, Ctx, Host as _};

const ONE: U256 = U256::ONE;
const COURT: Address = Address::repeat_byte(0xc0);

fn job(score: u8, weight: u128, epoch: u64) -> JobFeedback<'static> {
    JobFeedback { agent: ONE, client: BOB, score, kind: "opml", job: B256::repeat_byte(3), weight, epoch }
}

impl World {
    fn as_court<T>(&mut self, work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>) -> Result<T, CallError> {
        let frame = self.host.frame_mut();
        (frame.address, frame.caller) = (COURT, EVE);
        self.host.run(work)
    }

    fn record(&mut self, job: &JobFeedback<'_>) -> JobRecord {
        self.as_court(|ctx| api::record_job(ctx, job)).unwrap()
    }

    fn verified(&mut self, kind: &str) -> Verified {
        self.as_court(|ctx| api::verified(ctx, ONE, kind)).unwrap()
    }
}

#[test]
fn settled_jobs_write_weighted_feedback() {
    let mut world = World::with_agent();
    let logs = world.logs_of(|world| assert_eq!(world.record(&job(100, 30, 1)), JobRecord::Written(1)));
    assert_eq!((logs.len(), logs[0].address), (1, REGISTRIES.reputation));
    let said = abi::NewFeedback::decode_log_data(&logs[0].data).unwrap();
    assert_eq!((said.clientAddress, said.value, said.valueDecimals), (BOB, 100, 0));
    assert_eq!((said.tag1.as_str(), said.tag2.as_str(), said.feedbackHash), ("job", "opml", B256::repeat_byte(3)));
    let other = JobFeedback { client: CAROL, kind: "", ..job(40, 10, 1) };
    assert_eq!(world.record(&other), JobRecord::Written(1));
    assert_eq!(world.verified(""), Verified { count: 2, score_hundredths: 8_500, weight: U256::from(40) });
    assert_eq!(world.verified("opml"), Verified { count: 1, score_hundredths: 10_000, weight: U256::from(30) });
    assert_eq!(world.verified("never used"), Verified::default());
    // It is feedback like any other, and more.
    assert_eq!(summary(&mut world, &[BOB, CAROL], "job", ""), (2, 70, 0));
    let verified = world.reputation(EVE, abi::getVerifiedSummaryCall { agentId: ONE, tag2: String::new() }).unwrap();
    assert_eq!((verified.count, verified.summaryValue, verified.summaryValueDecimals), (2, 8_500, 2));
    assert_eq!(verified.totalWeight, U256::from(40));
    let page = abi::getFeedbackPageCall { agentId: ONE, clientAddress: BOB, offset: 0, limit: 9 };
    assert_eq!(world.reputation(EVE, page).unwrap().weights, [U256::from(30)]);
    world.check_invariants();
}

#[test]
fn a_client_counts_once_per_epoch() {
    let mut world = World::with_agent();
    assert_eq!(world.record(&job(100, 1, 0)), JobRecord::Written(1));
    assert_eq!(world.record(&job(0, 1_000, 0)), JobRecord::OncePerEpoch);
    assert_eq!(world.record(&job(50, 1, 1)), JobRecord::Written(2));
    assert_eq!(world.verified("").count, 2);
    world.check_invariants();
}

#[test]
fn self_dealing_writes_nothing() {
    let mut world = World::with_agent();
    world.identity(ALICE, identity::setApprovalForAllCall { operator: EVE, approved: true }).unwrap();
    for client in [ALICE, EVE, Address::ZERO] {
        assert_eq!(world.record(&JobFeedback { client, ..job(100, 1, 1) }), JobRecord::SelfDealing);
    }
    assert_eq!(world.record(&JobFeedback { agent: U256::from(9), ..job(100, 1, 1) }), JobRecord::UnknownAgent);
    assert_eq!(world.record(&job(100, 0, 1)), JobRecord::Weightless);
    assert_eq!(world.record(&job(101, 1, 1)), JobRecord::Weightless);
    assert_eq!(world.verified(""), Verified::default());
}

#[test]
fn plain_feedback_under_the_jobs_tags_is_not_verified() {
    let mut world = World::with_agent();
    world.reputation(EVE, give(100, 0, "job", "opml")).unwrap();
    assert_eq!(world.verified("opml"), Verified::default());
    assert_eq!(summary(&mut world, &[EVE], "job", "opml"), (1, 100, 0));
}

#[test]
fn a_client_revokes_what_it_says_not_that_it_paid() {
    let mut world = World::with_agent();
    world.record(&job(100, 30, 1));
    world.reputation(BOB, abi::revokeFeedbackCall { agentId: ONE, feedbackIndex: 1 }).unwrap();
    assert_eq!(summary(&mut world, &[BOB], "", ""), (0, 0, 0));
    assert_eq!(world.verified("").count, 1);
    world.check_invariants();
}

#[test]
fn owners_wallets_and_who_may_speak() {
    let mut world = World::with_agent();
    world.identity(ALICE, identity::approveCall { to: CAROL, tokenId: ONE }).unwrap();
    world
        .as_court(|ctx| {
            assert_eq!(api::agent_count(ctx)?, 2);
            assert_eq!(api::owner_of(ctx, ONE)?, Some(ALICE));
            assert_eq!(api::owner_of(ctx, U256::MAX)?, None);
            assert_eq!(api::wallet_of(ctx, ONE)?, Some(ALICE));
            assert!(api::is_authorized(ctx, CAROL, ONE)?);
            assert!(!api::is_authorized(ctx, CAROL, U256::MAX)?);
            assert!(!api::is_authorized(ctx, Address::ZERO, U256::MAX)?);
            assert!(!api::speaks_for(ctx, EVE, ONE)?);
            api::speaks_for(ctx, ALICE, ONE)
        })
        .unwrap();
}

#[test]
fn the_court_asks_and_answers_itself() {
    let mut world = World::with_agent();
    let subject = B256::repeat_byte(4);
    let ask = |ctx: &mut Ctx<'_>| api::request_validation(ctx, COURT, ONE, subject, "");
    let hash = world.as_court(ask).unwrap().unwrap();
    assert_eq!(hash, api::court_hash(31_337, COURT, ONE, subject));
    assert_eq!(world.as_court(ask).unwrap(), None, "the request is there already");
    let unknown = world.as_court(|ctx| api::request_validation(ctx, COURT, U256::from(9), subject, ""));
    assert_eq!(unknown.unwrap(), None);
    let verdict = Verdict { response: 255, uri: "ipfs://v", hash: B256::ZERO, tag: "opml" };
    assert!(!world.as_court(|ctx| api::respond_validation(ctx, EVE, hash, &verdict)).unwrap());
    assert!(!world.as_court(|ctx| api::respond_validation(ctx, COURT, subject, &verdict)).unwrap());
    assert!(world.as_court(|ctx| api::respond_validation(ctx, COURT, hash, &verdict)).unwrap());
    let status = world.validation(EVE, IValidationRegistry::getValidationStatusCall { requestHash: hash }).unwrap();
    assert_eq!((status.validatorAddress, status.response), (COURT, 100));
    refused_because(world.validation(EVE, respond(hash, 1, "")), "not validator");
    world.check_invariants();
}

#[test]
fn squatting_of_request_hashes_cannot_stop_the_court() {
    let mut world = World::with_agent();
    let agent = world.register(EVE);
    let subject = B256::repeat_byte(4);
    let courts = api::court_hash(31_337, COURT, ONE, subject);
    // Eve sees the hash coming and takes it for her own agent, before the court does.
    let squat = IValidationRegistry::validationRequestCall { agentId: agent, ..request(EVE, courts) };
    refused_because(world.validation(EVE, squat), "exists");
    let made = world.as_court(|ctx| api::request_validation(ctx, COURT, ONE, subject, "")).unwrap();
    assert_eq!(made, Some(courts));
    // A hash of nobody's she can take, as in the reference; then it is hers to answer, about her agent only.
    let plain = B256::repeat_byte(8);
    world
        .validation(EVE, IValidationRegistry::validationRequestCall { agentId: agent, ..request(EVE, plain) })
        .unwrap();
    refused_because(world.validation(ALICE, request(BOB, plain)), "exists");
    world.validation(EVE, respond(plain, 0, "")).unwrap();
    let about_alice =
        IValidationRegistry::getSummaryCall { agentId: ONE, validatorAddresses: vec![], tag: String::new() };
    assert_eq!(world.validation(EVE, about_alice).unwrap().count, 0);
    world.check_invariants();
}

#[test]
fn the_api_respects_the_lock_of_a_registry() {
    let mut world = World::with_agent();
    world.host.frame_mut().address = COURT;
    world.host.tstore(REGISTRIES.reputation, U256::ZERO, U256::ONE).unwrap();
    let locked = world.host.run(|ctx| api::record_job(ctx, &job(100, 1, 1)));
    refused(locked, &Reentrant {});
}
