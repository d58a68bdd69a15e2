//! The selectors that clients in the field use, and that every function of the interfaces is served.

use super::support::{REGISTRIES, World, entries};
use alloy_primitives::{Address, hex};
use alloy_sol_types::{SolEvent as _, SolInterface as _};
use assay_abi::identity::{
    COURT_HASH_PREFIX, IIdentityRegistry as identity, IReputationRegistry as reputation,
    IValidationRegistry as validation,
};

fn check(registry: Address, selectors: &[[u8; 4]]) {
    let served: Vec<_> = entries(registry).iter().map(|entry| entry.selector).collect();
    assert_eq!(served.len(), selectors.len());
    assert!(selectors.iter().all(|selector| served.contains(selector)));
}

#[test]
fn every_function_of_the_interfaces_is_dispatched() {
    check(REGISTRIES.identity, &identity::IIdentityRegistryCalls::selectors().collect::<Vec<_>>());
    check(REGISTRIES.reputation, &reputation::IReputationRegistryCalls::selectors().collect::<Vec<_>>());
    check(REGISTRIES.validation, &validation::IValidationRegistryCalls::selectors().collect::<Vec<_>>());
}

#[test]
fn selectors_are_those_of_the_reference_implementation() {
    let expected: [(Address, &[[u8; 4]]); 3] = [
        (
            REGISTRIES.identity,
            &[
                hex!("1aa3a008"),
                hex!("f2c298be"),
                hex!("8ea42286"),
                hex!("0af28bd3"),
                hex!("466648da"),
                hex!("cb4799f2"),
                hex!("2d1ef5ae"),
                hex!("00339509"),
                hex!("3fddcf19"),
                hex!("c87b56dd"),
                hex!("d95e72be"),
                hex!("84b0196e"),
                hex!("0d8e6e2c"),
                hex!("6352211e"),
                hex!("70a08231"),
                hex!("42842e0e"),
                hex!("b88d4fde"),
                hex!("23b872dd"),
                hex!("095ea7b3"),
                hex!("a22cb465"),
                hex!("081812fc"),
                hex!("e985e9c5"),
                hex!("01ffc9a7"),
                hex!("06fdde03"),
                hex!("95d89b41"),
                hex!("8da5cb5b"),
            ],
        ),
        (
            REGISTRIES.reputation,
            &[
                hex!("3c036a7e"),
                hex!("4ab3ca99"),
                hex!("c2349ab2"),
                hex!("232b0810"),
                hex!("d9d84224"),
                hex!("81bbba58"),
                hex!("6e04cacd"),
                hex!("42dd519c"),
                hex!("f2d81759"),
                hex!("bc4d861b"),
                hex!("0d8e6e2c"),
                hex!("8da5cb5b"),
            ],
        ),
        (
            REGISTRIES.validation,
            &[
                hex!("aaf400c4"),
                hex!("3d659a96"),
                hex!("ff2febfc"),
                hex!("1b7cabd6"),
                hex!("8d5d0c2d"),
                hex!("4bf3158c"),
                hex!("bc4d861b"),
                hex!("0d8e6e2c"),
                hex!("8da5cb5b"),
            ],
        ),
    ];
    for (registry, selectors) in expected {
        for selector in selectors {
            assert!(entries(registry).iter().any(|e| e.selector == *selector), "{}", hex::encode(selector));
        }
    }
}

#[test]
fn proxy_functions_are_absent() {
    // initialize (two forms), upgradeToAndCall, transferOwnership, renounceOwnership, proxiableUUID, DOMAIN_SEPARATOR.
    let absent = [
        hex!("8129fc1c"),
        hex!("c4d66de8"),
        hex!("4f1ef286"),
        hex!("f2fde38b"),
        hex!("715018a6"),
        hex!("52d1902d"),
        hex!("3644e515"),
    ];
    for registry in [REGISTRIES.identity, REGISTRIES.reputation, REGISTRIES.validation] {
        assert!(entries(registry).iter().all(|entry| !absent.contains(&entry.selector)));
    }
}

#[test]
fn topics_are_those_of_the_reference_implementation() {
    let topics = [
        (identity::Registered::SIGNATURE_HASH, hex!("ca52e62c")),
        (identity::MetadataSet::SIGNATURE_HASH, hex!("2c149ed5")),
        (identity::URIUpdated::SIGNATURE_HASH, hex!("3a2c7fff")),
        (identity::MetadataUpdate::SIGNATURE_HASH, hex!("f8e1a15a")),
        (reputation::NewFeedback::SIGNATURE_HASH, hex!("6a4a6174")),
        (reputation::FeedbackRevoked::SIGNATURE_HASH, hex!("25156fd3")),
        (reputation::ResponseAppended::SIGNATURE_HASH, hex!("b1c6be0b")),
        (validation::ValidationRequest::SIGNATURE_HASH, hex!("530436c3")),
        (validation::ValidationResponse::SIGNATURE_HASH, hex!("afddf629")),
    ];
    for (topic, prefix) in topics {
        assert_eq!(topic[..4], prefix);
    }
}

#[test]
fn every_registry_says_its_version_and_that_nobody_owns_it() {
    let mut world = World::new();
    assert_eq!(world.identity(Address::ZERO, identity::getVersionCall {}).unwrap(), "2.0.0");
    assert_eq!(world.reputation(Address::ZERO, reputation::getVersionCall {}).unwrap(), "2.0.0");
    assert_eq!(world.validation(Address::ZERO, validation::getVersionCall {}).unwrap(), "2.0.0");
    assert_eq!(world.identity(Address::ZERO, identity::ownerCall {}).unwrap(), Address::ZERO);
    assert_eq!(world.reputation(Address::ZERO, reputation::ownerCall {}).unwrap(), Address::ZERO);
    assert_eq!(world.validation(Address::ZERO, validation::ownerCall {}).unwrap(), Address::ZERO);
    let linked = world.reputation(Address::ZERO, reputation::getIdentityRegistryCall {}).unwrap();
    assert_eq!(linked, REGISTRIES.identity);
    let linked = world.validation(Address::ZERO, validation::getIdentityRegistryCall {}).unwrap();
    assert_eq!(linked, REGISTRIES.identity);
    assert_eq!(COURT_HASH_PREFIX.len(), 12);
}
