//! Feedback, revocations, responses, and the pages of both.

use super::support::{ALICE, BOB, CAROL, EVE, REGISTRIES, World, refused, refused_because};
use crate::params::{FEEDBACK_VALUE_MAX, STRING_BYTES_MAX};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolEvent as _;
use assay_abi::errors::TooLong;
use assay_abi::identity::{IIdentityRegistry as identity, IReputationRegistry as abi};

const ONE: U256 = U256::ONE;

pub(super) fn give(value: i128, decimals: u8, tag1: &str, tag2: &str) -> abi::giveFeedbackCall {
    abi::giveFeedbackCall {
        agentId: ONE,
        value,
        valueDecimals: decimals,
        tag1: tag1.into(),
        tag2: tag2.into(),
        endpoint: "https://echo".into(),
        feedbackURI: "ipfs://said".into(),
        feedbackHash: B256::repeat_byte(9),
    }
}

fn revoke(index: u64) -> abi::revokeFeedbackCall {
    abi::revokeFeedbackCall { agentId: ONE, feedbackIndex: index }
}

fn respond(client: Address, index: u64) -> abi::appendResponseCall {
    let responseURI = "ipfs://answer".into();
    abi::appendResponseCall {
        agentId: ONE,
        clientAddress: client,
        feedbackIndex: index,
        responseURI,
        responseHash: B256::ZERO,
    }
}

pub(super) fn summary(world: &mut World, clients: &[Address], tag1: &str, tag2: &str) -> (u64, i128, u8) {
    let call =
        abi::getSummaryCall { agentId: ONE, clientAddresses: clients.to_vec(), tag1: tag1.into(), tag2: tag2.into() };
    let summary = world.reputation(EVE, call).unwrap();
    (summary.count, summary.summaryValue, summary.summaryValueDecimals)
}

fn responses(world: &mut World, client: Address, index: u64, responders: &[Address]) -> u64 {
    let responders = responders.to_vec();
    let call = abi::getResponseCountCall { agentId: ONE, clientAddress: client, feedbackIndex: index, responders };
    world.reputation(EVE, call).unwrap()
}

#[test]
fn feedback_is_stored_and_said() {
    let mut world = World::with_agent();
    let logs = world.logs_of(|world| {
        world.reputation(BOB, give(-5, 2, "quality", "fast")).unwrap();
    });
    assert_eq!((logs.len(), logs[0].address), (1, REGISTRIES.reputation));
    let expected = abi::NewFeedback {
        agentId: ONE,
        clientAddress: BOB,
        feedbackIndex: 1,
        value: -5,
        valueDecimals: 2,
        indexedTag1: keccak256("quality"),
        tag1: "quality".into(),
        tag2: "fast".into(),
        endpoint: "https://echo".into(),
        feedbackURI: "ipfs://said".into(),
        feedbackHash: B256::repeat_byte(9),
    };
    assert_eq!(abi::NewFeedback::decode_log_data(&logs[0].data).unwrap(), expected);
    let read = abi::readFeedbackCall { agentId: ONE, clientAddress: BOB, feedbackIndex: 1 };
    let entry = world.reputation(EVE, read).unwrap();
    assert_eq!((entry.value, entry.valueDecimals, entry.isRevoked), (-5, 2, false));
    assert_eq!((entry.tag1.as_str(), entry.tag2.as_str()), ("quality", "fast"));
    assert_eq!(world.reputation(EVE, abi::getLastIndexCall { agentId: ONE, clientAddress: BOB }).unwrap(), 1);
    assert_eq!(world.reputation(EVE, abi::getClientsCall { agentId: ONE }).unwrap(), [BOB]);
}

#[test]
fn feedback_is_refused() {
    let mut world = World::with_agent();
    refused_because(world.reputation(BOB, give(1, 19, "", "")), "too many decimals");
    for value in [FEEDBACK_VALUE_MAX + 1, -FEEDBACK_VALUE_MAX - 1, i128::MAX, i128::MIN] {
        refused_because(world.reputation(BOB, give(value, 0, "", "")), "value too large");
    }
    let nobody = abi::giveFeedbackCall { agentId: U256::from(2), ..give(1, 0, "", "") };
    refused(world.reputation(BOB, nobody), &identity::ERC721NonexistentToken { tokenId: U256::from(2) });
    let long = "x".repeat(STRING_BYTES_MAX + 1);
    let call = give(1, 0, "", "");
    refused(world.reputation(BOB, give(1, 0, &long, "")), &TooLong {});
    refused(world.reputation(BOB, give(1, 0, "", &long)), &TooLong {});
    refused(world.reputation(BOB, abi::giveFeedbackCall { endpoint: long.clone(), ..call.clone() }), &TooLong {});
    refused(world.reputation(BOB, abi::giveFeedbackCall { feedbackURI: long, ..call }), &TooLong {});
    for value in [FEEDBACK_VALUE_MAX, -FEEDBACK_VALUE_MAX] {
        world.reputation(BOB, give(value, 18, "", "")).unwrap();
    }
    world.check_invariants();
}

#[test]
fn self_feedback_is_refused_for_owner_operator_and_approved() {
    let mut world = World::with_agent();
    world.identity(ALICE, identity::setApprovalForAllCall { operator: BOB, approved: true }).unwrap();
    world.identity(ALICE, identity::approveCall { to: CAROL, tokenId: ONE }).unwrap();
    for own in [ALICE, BOB, CAROL] {
        refused_because(world.reputation(own, give(100, 0, "", "")), "Self-feedback not allowed");
    }
    world.reputation(EVE, give(100, 0, "", "")).unwrap();
}

#[test]
fn the_average_of_the_reference_run() {
    let mut world = World::with_agent();
    for (value, decimals) in [(9_977, 2), (87, 0), (88, 0)] {
        world.reputation(BOB, give(value, decimals, "", "")).unwrap();
    }
    assert_eq!(summary(&mut world, &[BOB], "", ""), (3, 91, 0));
    assert_eq!(summary(&mut world, &[CAROL], "", ""), (0, 0, 0));
    assert_eq!(summary(&mut world, &[BOB], "never used", ""), (0, 0, 0));
    let empty = abi::getSummaryCall { agentId: ONE, clientAddresses: vec![], tag1: String::new(), tag2: String::new() };
    refused_because(world.reputation(EVE, empty), "clientAddresses required");
}

#[test]
fn ties_of_decimals_go_to_the_smaller_and_both_divisions_cut_toward_zero() {
    let mut world = World::with_agent();
    world.reputation(BOB, give(-15, 1, "", "")).unwrap();
    world.reputation(BOB, give(-2, 0, "", "")).unwrap();
    // -1.75 at zero decimals.
    assert_eq!(summary(&mut world, &[BOB], "", ""), (2, -1, 0));
    world.reputation(BOB, give(-15, 1, "", "")).unwrap();
    // -5 / 3 = -1.666.. at one decimal.
    assert_eq!(summary(&mut world, &[BOB], "", ""), (3, -16, 1));
    assert_eq!(summary(&mut world, &[BOB, BOB], "", ""), (6, -16, 1));
}

#[test]
fn what_does_not_fit_an_int128_wraps_as_in_the_reference() {
    let mut world = World::with_agent();
    world.reputation(BOB, give(FEEDBACK_VALUE_MAX, 0, "", "")).unwrap();
    for _ in 0..2 {
        world.reputation(BOB, give(0, 18, "", "")).unwrap();
    }
    // 10^56 / 3, of which an int128 keeps the lower half.
    let third = U256::from(10).pow(U256::from(56)) / U256::from(3);
    let low: u128 = third.wrapping_to();
    assert_eq!(summary(&mut world, &[BOB], "", ""), (3, low.cast_signed(), 18));
}

#[test]
fn tags_filter_and_empty_ones_match_all() {
    let mut world = World::with_agent();
    for (value, tag1, tag2) in [(1, "", ""), (10, "a", ""), (100, "", "b"), (1_000, "a", "b"), (10_000, "b", "a")] {
        world.reputation(BOB, give(value * 60, 0, tag1, tag2)).unwrap();
    }
    let cases = [
        ("", "", (5, 11_111 * 12)),
        ("a", "", (2, 1_010 * 30)),
        ("", "b", (2, 1_100 * 30)),
        ("a", "b", (1, 60_000)),
        ("b", "", (1, 600_000)),
        ("b", "b", (0, 0)),
    ];
    for (tag1, tag2, (count, value)) in cases {
        assert_eq!(summary(&mut world, &[BOB], tag1, tag2), (count, value, 0), "{tag1} {tag2}");
    }
    world.check_invariants();
}

#[test]
fn revoked_entries_leave_every_summary() {
    let mut world = World::with_agent();
    world.reputation(BOB, give(10, 0, "a", "b")).unwrap();
    world.reputation(BOB, give(20, 1, "a", "b")).unwrap();
    refused_because(world.reputation(BOB, revoke(0)), "index must be > 0");
    refused_because(world.reputation(BOB, revoke(3)), "index out of bounds");
    refused_because(world.reputation(EVE, revoke(1)), "index out of bounds");
    let logs = world.logs_of(|world| {
        world.reputation(BOB, revoke(2)).unwrap();
    });
    let revoked = abi::FeedbackRevoked { agentId: ONE, clientAddress: BOB, feedbackIndex: 2 };
    assert_eq!(abi::FeedbackRevoked::decode_log_data(&logs[0].data).unwrap(), revoked);
    refused_because(world.reputation(BOB, revoke(2)), "Already revoked");
    assert_eq!(summary(&mut world, &[BOB], "a", "b"), (1, 10, 0));
    world.check_invariants();
    let slots = world.host.slot_count(REGISTRIES.reputation);
    world.reputation(BOB, revoke(1)).unwrap();
    // The four tallies' heads and counters are gone.
    assert_eq!(slots - world.host.slot_count(REGISTRIES.reputation), 8);
    assert_eq!(summary(&mut world, &[BOB], "", ""), (0, 0, 0));
    world.check_invariants();
}

#[test]
fn responses_are_counted_by_entry_client_and_responder() {
    let mut world = World::with_agent();
    for client in [BOB, BOB, CAROL] {
        world.reputation(client, give(1, 0, "", "")).unwrap();
    }
    refused_because(world.reputation(EVE, respond(BOB, 0)), "index must be > 0");
    let silent = abi::appendResponseCall { responseURI: String::new(), ..respond(BOB, 9) };
    refused_because(world.reputation(EVE, silent), "Empty URI");
    refused_because(world.reputation(EVE, respond(BOB, 3)), "index out of bounds");
    let long = abi::appendResponseCall { responseURI: "x".repeat(STRING_BYTES_MAX + 1), ..respond(BOB, 1) };
    refused(world.reputation(EVE, long), &TooLong {});
    world.reputation(BOB, revoke(1)).unwrap();
    let logs = world.logs_of(|world| {
        world.reputation(ALICE, respond(BOB, 1)).unwrap();
    });
    let said = abi::ResponseAppended::decode_log_data(&logs[0].data).unwrap();
    assert_eq!((said.responder, said.feedbackIndex), (ALICE, 1));
    for (responder, client, index) in [(EVE, BOB, 1), (ALICE, BOB, 2), (ALICE, CAROL, 1), (EVE, BOB, 1)] {
        world.reputation(responder, respond(client, index)).unwrap();
    }
    let cases: [(Address, u64, &[Address], u64); 9] = [
        (BOB, 1, &[], 3),
        (BOB, 2, &[], 1),
        (BOB, 0, &[], 4),
        (BOB, 0, &[EVE], 2),
        (BOB, 1, &[EVE, ALICE, EVE], 5),
        (BOB, 7, &[], 0),
        (Address::ZERO, 0, &[], 5),
        (Address::ZERO, 9, &[ALICE], 3),
        (EVE, 0, &[], 0),
    ];
    for (client, index, responders, expected) in cases {
        assert_eq!(responses(&mut world, client, index, responders), expected, "{client} {index} {responders:?}");
    }
}

#[test]
fn all_feedback_in_order() {
    let mut world = World::with_agent();
    world.reputation(BOB, give(1, 0, "a", "")).unwrap();
    world.reputation(CAROL, give(2, 1, "a", "b")).unwrap();
    world.reputation(BOB, give(3, 2, "c", "")).unwrap();
    world.reputation(BOB, revoke(1)).unwrap();
    let all = |clients: &[Address], tag1: &str, revoked| abi::readAllFeedbackCall {
        agentId: ONE,
        clientAddresses: clients.to_vec(),
        tag1: tag1.into(),
        tag2: String::new(),
        includeRevoked: revoked,
    };
    let read = world.reputation(EVE, all(&[], "", true)).unwrap();
    assert_eq!(read.clients, [BOB, BOB, CAROL]);
    assert_eq!(read.feedbackIndexes, [1, 2, 1]);
    assert_eq!(read.values, [1, 3, 2]);
    assert_eq!(read.valueDecimals, [0, 2, 1]);
    assert_eq!(read.tag1s, ["a", "c", "a"]);
    assert_eq!(read.tag2s, ["", "", "b"]);
    assert_eq!(read.revokedStatuses, [true, false, false]);
    assert_eq!(world.reputation(EVE, all(&[], "a", false)).unwrap().values, [2]);
    assert_eq!(world.reputation(EVE, all(&[CAROL, BOB, CAROL], "", false)).unwrap().values, [2, 3, 2]);
    assert!(world.reputation(EVE, all(&[], "never used", true)).unwrap().values.is_empty());
}

#[test]
fn pages_say_whether_there_is_more() {
    let mut world = World::with_agent();
    for number in 1..=101u8 {
        world.reputation(Address::repeat_byte(number), give(i128::from(number), 0, "", "")).unwrap();
    }
    let page = |offset, limit| abi::getClientsPageCall { agentId: ONE, offset, limit };
    let first = world.reputation(EVE, page(0, u64::MAX)).unwrap();
    assert_eq!((first.clients.len(), first.truncated), (100, true));
    let last = world.reputation(EVE, page(100, 1)).unwrap();
    assert_eq!((last.clients, last.truncated), (vec![Address::repeat_byte(101)], false));
    let beyond = world.reputation(EVE, page(u64::MAX, u64::MAX)).unwrap();
    assert_eq!((beyond.clients.len(), beyond.truncated), (0, false));
    for _ in 0..3 {
        world.reputation(BOB, give(5, 0, "t", "")).unwrap();
    }
    let page = |offset, limit| abi::getFeedbackPageCall { agentId: ONE, clientAddress: BOB, offset, limit };
    let first = world.reputation(EVE, page(0, 2)).unwrap();
    assert_eq!((first.values.len(), first.truncated), (2, true));
    let last = world.reputation(EVE, page(2, 2)).unwrap();
    assert_eq!((last.tag1s, last.weights, last.truncated), (vec!["t".to_owned()], vec![U256::ZERO], false));
    assert!(world.reputation(EVE, page(u64::MAX, 1)).unwrap().values.is_empty());
}
