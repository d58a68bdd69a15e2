//! Random calls against the naive model, and the invariants after them.

use super::feedback::{give, summary};
use super::model::{Entry, Model, Request};
use super::support::{ALICE, EVE, World};
use super::validation::{request, respond};
use crate::params::FEEDBACK_VALUE_MAX;
use crate::reputation::tally;
use alloy_primitives::{Address, B256, U256};
use assay_abi::identity::{IReputationRegistry as reputation, IValidationRegistry as validation};
use assay_kernel::MemoryHost;
use proptest::prelude::*;

const ONE: U256 = U256::ONE;
const TAGS: [&str; 3] = ["", "a", "b"];

fn account(number: u8) -> Address {
    Address::repeat_byte(0x10 + number)
}

#[derive(Clone, Debug)]
enum Op {
    Give { client: u8, value: i128, decimals: u8, tag1: usize, tag2: usize },
    Revoke { client: u8, index: u64 },
    Respond { by: u8, client: u8, index: u64 },
    Ask { validator: u8 },
    Answer { number: usize, response: u8, tag: usize },
}

fn value() -> impl Strategy<Value = i128> {
    prop_oneof![
        -200i128..200,
        -FEEDBACK_VALUE_MAX..=FEEDBACK_VALUE_MAX,
        Just(FEEDBACK_VALUE_MAX),
        Just(-FEEDBACK_VALUE_MAX),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let decimals = prop_oneof![3 => Just(0u8), 1 => 0u8..=18];
    prop_oneof![
        6 => (0u8..3, value(), decimals, 0usize..3, 0usize..3)
            .prop_map(|(client, value, decimals, tag1, tag2)| Op::Give { client, value, decimals, tag1, tag2 }),
        3 => (0u8..3, 0u64..6).prop_map(|(client, index)| Op::Revoke { client, index }),
        2 => (0u8..3, 0u8..3, 0u64..6).prop_map(|(by, client, index)| Op::Respond { by, client, index }),
        2 => (0u8..3).prop_map(|validator| Op::Ask { validator }),
        4 => (0usize..8, 0u8..=100, 0usize..3)
            .prop_map(|(number, response, tag)| Op::Answer { number, response, tag }),
    ]
}

fn request_hash(number: usize) -> B256 {
    B256::with_last_byte(u8::try_from(number).unwrap())
}

fn apply(world: &mut World, model: &mut Model, op: &Op) {
    match *op {
        Op::Give { client, value, decimals, tag1, tag2 } => {
            let (client, tag1, tag2) = (account(client), TAGS[tag1], TAGS[tag2]);
            world.reputation(client, give(value, decimals, tag1, tag2)).unwrap();
            let (tag1, tag2) = (tag1.into(), tag2.into());
            model.entries.push(Entry { client, value, decimals, tag1, tag2, revoked: false, responses: vec![] });
        }
        Op::Revoke { client, index } => {
            let client = account(client);
            let revoked =
                world.reputation(client, reputation::revokeFeedbackCall { agentId: ONE, feedbackIndex: index });
            let entry = model.entry(client, index).filter(|entry| !entry.revoked);
            assert_eq!(revoked.is_ok(), entry.is_some());
            entry.into_iter().for_each(|entry| entry.revoked = true);
        }
        Op::Respond { by, client, index } => {
            let (by, client) = (account(by), account(client));
            let call = reputation::appendResponseCall {
                agentId: ONE,
                clientAddress: client,
                feedbackIndex: index,
                responseURI: "u".into(),
                responseHash: B256::ZERO,
            };
            let responded = world.reputation(by, call);
            let entry = model.entry(client, index);
            assert_eq!(responded.is_ok(), entry.is_some());
            entry.into_iter().for_each(|entry| entry.responses.push(by));
        }
        Op::Ask { validator } => {
            let validator = account(validator);
            world.validation(ALICE, request(validator, request_hash(model.requests.len()))).unwrap();
            model.requests.push(Request { validator, answer: None });
        }
        Op::Answer { number, response, tag } => {
            let Some(asked) = model.requests.get_mut(number) else { return };
            world.validation(asked.validator, respond(request_hash(number), response, TAGS[tag])).unwrap();
            asked.answer = Some((response, TAGS[tag].into()));
        }
    }
}

fn compare(world: &mut World, model: &Model) {
    let [a, b, c] = [account(0), account(1), account(2)];
    let lists: [&[Address]; 6] = [&[a], &[b, a], &[a, b, c], &[c, c, a], &[account(9)], &[a, account(9), a, a]];
    for list in lists {
        for (tag1, tag2) in TAGS.iter().flat_map(|tag1| TAGS.iter().map(move |tag2| (*tag1, *tag2))) {
            let expected = model.summary(list, tag1, tag2);
            assert_eq!(summary(world, list, tag1, tag2), expected, "{list:?} {tag1} {tag2}");
        }
        for index in 0..4 {
            for client in [None, Some(a), Some(b)] {
                let clientAddress = client.unwrap_or_default();
                for responders in [&[][..], list] {
                    let call = reputation::getResponseCountCall {
                        agentId: ONE,
                        clientAddress,
                        feedbackIndex: index,
                        responders: responders.to_vec(),
                    };
                    let expected = model.responses(client, index, responders);
                    assert_eq!(world.reputation(EVE, call).unwrap(), expected);
                }
            }
        }
        for tag in TAGS {
            for validators in [&[][..], list] {
                let call = validation::getSummaryCall {
                    agentId: ONE,
                    validatorAddresses: validators.to_vec(),
                    tag: tag.into(),
                };
                let found = world.validation(EVE, call).unwrap();
                assert_eq!((found.count, found.avgResponse), model.validation(validators, tag));
            }
        }
    }
    for client in [a, b, c] {
        let last = world.reputation(EVE, reputation::getLastIndexCall { agentId: ONE, clientAddress: client });
        assert_eq!(last.unwrap(), model.last_index(client));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_the_loops_of_the_reference(ops in prop::collection::vec(op(), 1..60)) {
        let (mut world, mut model) = (World::with_agent(), Model::default());
        for op in &ops {
            apply(&mut world, &mut model, op);
        }
        compare(&mut world, &model);
        world.check_invariants();
    }

    #[test]
    fn a_tally_is_the_sum_of_what_it_holds(
        entries in prop::collection::vec((value(), 0u8..=18), 1..40),
        leaves in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut host = MemoryHost::new(Address::ZERO);
        let key = (ONE, Address::ZERO, 0, 0);
        let mut expected = tally::Tally::default();
        for (value, decimals) in &entries {
            host.run(|ctx| tally::change(ctx, key, *value, *decimals, true)).unwrap();
        }
        for ((value, decimals), leaves) in entries.iter().zip(leaves) {
            if leaves {
                host.run(|ctx| tally::change(ctx, key, *value, *decimals, false)).unwrap();
            } else {
                expected.sum += tally::scaled(*value, *decimals);
                expected.counts[usize::from(*decimals)] += 1;
            }
        }
        prop_assert_eq!(host.run(|ctx| tally::load(ctx, key)).unwrap(), expected);
        let empty = expected == tally::Tally::default() && expected.counts == [0; tally::DECIMALS];
        if empty {
            prop_assert_eq!(host.slot_count(Address::ZERO), 0);
        }
    }
}
