//! Rotation of proposers, with and without demotion.

use super::{key, validators};
use crate::application::HeightContext;
use assay_primitives::{ConsensusAddress, Height, Round};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn context(count: usize, demoted: &[usize]) -> HeightContext {
    let validators = validators(&vec![1; count]);
    let demoted = demoted.iter().filter_map(|index| validators.get(*index)).map(|v| v.address).collect();
    HeightContext { validators, demoted }
}

fn at(context: &HeightContext, height: u64, round: u32) -> ConsensusAddress {
    context.proposer(Height(height), Round(round))
}

#[test]
fn validators_take_turns() {
    let context = context(4, &[]);
    let order: Vec<_> = context.validators.iter().map(|v| v.address).collect();
    for height in 0..20u64 {
        for round in 0..9u32 {
            let index = (height as usize + round as usize) % 4;
            assert_eq!(at(&context, height, round), order[index]);
        }
    }
}

#[test]
fn a_demoted_validator_proposes_only_after_all_others() {
    let context = context(4, &[1]);
    let late = context.demoted[0];
    for height in 1..=30u64 {
        assert!((0..3).all(|round| at(&context, height, round) != late));
        assert_eq!(at(&context, height, 3), late);
        // And the circle closes: a demoted one that is dead costs one round of four, not all that follow.
        assert_ne!(at(&context, height, 4), late);
        assert_eq!(at(&context, height, 7), late);
    }
    let first: BTreeSet<_> = (0..3).map(|height| at(&context, height, 0)).collect();
    assert_eq!(first.len(), 3, "the prompt ones share the first rounds");
}

#[test]
fn all_demoted_is_as_none() {
    let (all, none) = (context(3, &[0, 1, 2]), context(3, &[]));
    for height in 0..9 {
        for round in 0..9 {
            assert_eq!(at(&all, height, round), at(&none, height, round));
        }
    }
}

#[test]
fn an_unknown_demoted_address_changes_nothing() {
    let mut context = context(3, &[]);
    let before: Vec<_> = (0..9).map(|round| at(&context, 5, round)).collect();
    context.demoted.push(key(99).address());
    assert_eq!(before, (0..9).map(|round| at(&context, 5, round)).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn every_circle_of_rounds_visits_everybody_once(
        count in 1usize..8,
        demoted in proptest::collection::vec(0usize..8, 0..8),
        height in 0u64..1_000,
        circle in 0u32..5,
    ) {
        let context = context(count, &demoted);
        let n = u32::try_from(count).unwrap();
        let seen: BTreeSet<_> = (0..n).map(|round| at(&context, height, circle * n + round)).collect();
        prop_assert_eq!(seen.len(), count);
    }
}
