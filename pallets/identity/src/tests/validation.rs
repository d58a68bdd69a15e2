//! Validation requests, answers and their averages.

use super::support::{ALICE, BOB, CAROL, EVE, NOW, REGISTRIES, World, refused, refused_because};
use crate::params::STRING_BYTES_MAX;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent as _;
use assay_abi::errors::TooLong;
use assay_abi::identity::{IIdentityRegistry as identity, IValidationRegistry as abi};

const ONE: U256 = U256::ONE;

pub(super) fn hash(number: u8) -> B256 {
    B256::repeat_byte(number)
}

pub(super) fn request(validator: Address, hash: B256) -> abi::validationRequestCall {
    let requestURI = "ipfs://request".into();
    abi::validationRequestCall { validatorAddress: validator, agentId: ONE, requestURI, requestHash: hash }
}

pub(super) fn respond(hash: B256, response: u8, tag: &str) -> abi::validationResponseCall {
    let responseURI = "ipfs://response".into();
    let responseHash = B256::repeat_byte(5);
    abi::validationResponseCall { requestHash: hash, response, responseURI, responseHash, tag: tag.into() }
}

fn summary(world: &mut World, validators: &[Address], tag: &str) -> (u64, u8) {
    let call = abi::getSummaryCall { agentId: ONE, validatorAddresses: validators.to_vec(), tag: tag.into() };
    let summary = world.validation(EVE, call).unwrap();
    (summary.count, summary.avgResponse)
}

#[test]
fn a_request_is_made_and_answered() {
    let mut world = World::with_agent();
    let logs = world.logs_of(|world| {
        world.validation(ALICE, request(BOB, hash(1))).unwrap();
    });
    assert_eq!((logs.len(), logs[0].address), (1, REGISTRIES.validation));
    let said = abi::ValidationRequest::decode_log_data(&logs[0].data).unwrap();
    assert_eq!((said.validatorAddress, said.requestHash), (BOB, hash(1)));
    // Pending reads as failed, but for its time.
    let ask = abi::getValidationStatusCall { requestHash: hash(1) };
    let status = world.validation(EVE, ask.clone()).unwrap();
    assert_eq!((status.validatorAddress, status.agentId, status.response), (BOB, ONE, 0));
    assert_eq!((status.responseHash, status.tag.as_str(), status.lastUpdate), (B256::ZERO, "", U256::from(NOW)));
    assert_eq!(summary(&mut world, &[], ""), (0, 0));
    world.host.environment_mut().timestamp = NOW + 7;
    let logs = world.logs_of(|world| {
        world.validation(BOB, respond(hash(1), 80, "opml")).unwrap();
    });
    let said = abi::ValidationResponse::decode_log_data(&logs[0].data).unwrap();
    assert_eq!((said.validatorAddress, said.agentId, said.response, said.tag.as_str()), (BOB, ONE, 80, "opml"));
    let status = world.validation(EVE, ask).unwrap();
    assert_eq!((status.response, status.responseHash), (80, B256::repeat_byte(5)));
    assert_eq!((status.tag.as_str(), status.lastUpdate), ("opml", U256::from(NOW + 7)));
    assert_eq!(world.validation(EVE, abi::getAgentValidationsCall { agentId: ONE }).unwrap(), [hash(1)]);
    assert_eq!(world.validation(EVE, abi::getValidatorRequestsCall { validatorAddress: BOB }).unwrap(), [hash(1)]);
    world.check_invariants();
}

#[test]
fn requests_are_refused() {
    let mut world = World::with_agent();
    refused_because(world.validation(ALICE, request(Address::ZERO, hash(1))), "bad validator");
    refused_because(world.validation(EVE, request(BOB, hash(1))), "Not authorized");
    let nobody = abi::validationRequestCall { agentId: U256::from(2), ..request(BOB, hash(1)) };
    refused(world.validation(ALICE, nobody), &identity::ERC721NonexistentToken { tokenId: U256::from(2) });
    let long = "x".repeat(STRING_BYTES_MAX + 1);
    let call = abi::validationRequestCall { requestURI: long.clone(), ..request(BOB, hash(1)) };
    refused(world.validation(ALICE, call), &TooLong {});
    world.validation(ALICE, request(BOB, hash(1))).unwrap();
    refused_because(world.validation(ALICE, request(CAROL, hash(1))), "exists");
    refused_because(world.validation(BOB, respond(hash(2), 101, "")), "unknown");
    refused_because(world.validation(EVE, respond(hash(1), 101, "")), "not validator");
    refused_because(world.validation(BOB, respond(hash(1), 101, "")), "resp>100");
    refused(world.validation(BOB, respond(hash(1), 1, &long)), &TooLong {});
    let call = abi::validationResponseCall { responseURI: long, ..respond(hash(1), 1, "") };
    refused(world.validation(BOB, call), &TooLong {});
    refused_because(world.validation(EVE, abi::getValidationStatusCall { requestHash: hash(2) }), "unknown");
}

#[test]
fn operators_request_for_the_owner() {
    let mut world = World::with_agent();
    world.identity(ALICE, identity::setApprovalForAllCall { operator: CAROL, approved: true }).unwrap();
    world.identity(ALICE, identity::approveCall { to: EVE, tokenId: ONE }).unwrap();
    world.validation(CAROL, request(BOB, hash(1))).unwrap();
    world.validation(EVE, request(BOB, hash(2))).unwrap();
    world.check_invariants();
}

#[test]
fn averages_by_validator_and_tag_and_the_last_answer_stands() {
    let mut world = World::with_agent();
    for (number, validator) in [(1, BOB), (2, BOB), (3, CAROL), (4, CAROL)] {
        world.validation(ALICE, request(validator, hash(number))).unwrap();
    }
    world.validation(BOB, respond(hash(1), 100, "a")).unwrap();
    world.validation(BOB, respond(hash(2), 1, "")).unwrap();
    world.validation(CAROL, respond(hash(3), 0, "a")).unwrap();
    assert_eq!(summary(&mut world, &[], ""), (3, 33));
    assert_eq!(summary(&mut world, &[BOB], ""), (2, 50));
    assert_eq!(summary(&mut world, &[BOB, CAROL, BOB], "a"), (2, 50));
    assert_eq!(summary(&mut world, &[EVE, Address::ZERO], ""), (0, 0));
    assert_eq!(summary(&mut world, &[], "never used"), (0, 0));
    world.validation(BOB, respond(hash(1), 10, "b")).unwrap();
    assert_eq!(summary(&mut world, &[], "a"), (1, 0));
    assert_eq!(summary(&mut world, &[BOB], "b"), (1, 10));
    assert_eq!(summary(&mut world, &[], ""), (3, 3));
    world.check_invariants();
}

#[test]
fn pages_say_whether_there_is_more() {
    let mut world = World::with_agent();
    for number in 1..=101 {
        world.validation(ALICE, request(BOB, hash(number))).unwrap();
    }
    let page = |offset, limit| abi::getAgentValidationsPageCall { agentId: ONE, offset, limit };
    let first = world.validation(EVE, page(0, u64::MAX)).unwrap();
    assert_eq!((first.requestHashes.len(), first.truncated), (100, true));
    let last = world.validation(EVE, page(100, 100)).unwrap();
    assert_eq!((last.requestHashes, last.truncated), (vec![hash(101)], false));
    let page = |offset, limit| abi::getValidatorRequestsPageCall { validatorAddress: BOB, offset, limit };
    let some = world.validation(EVE, page(1, 2)).unwrap();
    assert_eq!((some.requestHashes, some.truncated), (vec![hash(2), hash(3)], true));
    assert!(!world.validation(EVE, page(u64::MAX, 1)).unwrap().truncated);
}
