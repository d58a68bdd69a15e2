//! The rule by which validators that miss their turn are asked last.

use super::{key, validators};
use crate::rotation::{DEMOTION_HEIGHTS, ROTATION_EPOCH, Rotation, epoch_start};
use assay_primitives::{ConsensusAddress, Height, Round, ValidatorSet};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn addresses(set: &ValidatorSet) -> Vec<ConsensusAddress> {
    set.iter().map(|v| v.address).collect()
}

fn demoted(rotation: &Rotation, set: &ValidatorSet) -> Vec<ConsensusAddress> {
    rotation.context(set.clone()).demoted
}

/// Decides a height in the first round whose proposer is not silent; gives that round.
fn decide(rotation: &mut Rotation, set: &ValidatorSet, silent: &[ConsensusAddress]) -> u32 {
    let context = rotation.context(set.clone());
    let height = rotation.height();
    let round = (0..).find(|round| !silent.contains(&context.proposer(height, Round(*round)))).unwrap();
    rotation.decided(set.clone(), Round(round));
    round
}

fn at(height: u64) -> Rotation {
    let mut rotation = Rotation::at_epoch_of(Height(height));
    while rotation.height() < Height(height) {
        rotation.decided(validators(&[1; 4]), Round(0));
    }
    rotation
}

#[test]
fn one_dead_of_four_costs_one_round_per_window() {
    let set = validators(&[1; 4]);
    for dead in addresses(&set) {
        let mut rotation = at(1);
        let late: Vec<u64> = (1..=1_024u64).filter(|_| decide(&mut rotation, &set, &[dead]) > 0).collect();
        // One per 33 to 36 heights, and one more per epoch.
        assert!((28..=36).contains(&late.len()), "{} late heights: {late:?}", late.len());
        for pair in late.windows(2).filter(|pair| pair[0] / ROTATION_EPOCH == pair[1] / ROTATION_EPOCH) {
            assert!((33..=36).contains(&(pair[1] - pair[0])), "{late:?}");
        }
    }
}

#[test]
fn one_that_is_back_proposes_again_after_the_window() {
    let set = validators(&[1; 4]);
    let mut rotation = at(1);
    let dead = addresses(&set)[2];
    while decide(&mut rotation, &set, &[dead]) == 0 {}
    let missed = rotation.height().previous();
    for _ in 0..DEMOTION_HEIGHTS {
        assert_eq!(demoted(&rotation, &set), [dead]);
        assert_ne!(rotation.context(set.clone()).proposer(rotation.height(), Round(0)), dead);
        assert_eq!(decide(&mut rotation, &set, &[]), 0);
    }
    assert_eq!(rotation.height(), missed.saturating_add(DEMOTION_HEIGHTS + 1));
    assert!(demoted(&rotation, &set).is_empty());
    let turns: BTreeSet<_> = (0..4u64)
        .map(|_| {
            let proposer = rotation.context(set.clone()).proposer(rotation.height(), Round(0));
            decide(&mut rotation, &set, &[]);
            proposer
        })
        .collect();
    assert!(turns.contains(&dead));
}

#[test]
fn a_third_of_the_power_is_never_demoted() {
    // Of three, or with much power, nobody can be spared.
    for (powers, silent) in [(vec![1; 3], 0), (vec![1; 2], 1), (vec![5, 4, 3], 2), (vec![10, 1, 1, 1], 0)] {
        let set = validators(&powers);
        let mut rotation = at(1);
        let silent = addresses(&set)[silent];
        for _ in 0..12 {
            decide(&mut rotation, &set, &[silent]);
            let gone = demoted(&rotation, &set);
            let power: u64 = gone.iter().map(|a| set.by_address(a).unwrap().power).sum();
            assert!(power * 3 < set.total_power(), "{powers:?}: {gone:?}");
        }
    }
    // A height that more than that missed says nothing about any of them.
    let set = validators(&[1; 4]);
    for round in [2, 3, 4, 5, 40, u32::MAX] {
        let mut rotation = at(7);
        rotation.decided(set.clone(), Round(round));
        assert!(demoted(&rotation, &set).is_empty(), "round {round}");
    }
    let set = validators(&[1; 7]);
    let mut rotation = at(7);
    rotation.decided(set.clone(), Round(2));
    assert_eq!(demoted(&rotation, &set).len(), 2);
}

#[test]
fn the_newest_misses_count_first() {
    let set = validators(&[1; 4]);
    let mut rotation = at(4);
    let first = rotation.context(set.clone()).proposer(Height(4), Round(0));
    rotation.decided(set.clone(), Round(1));
    assert_eq!(demoted(&rotation, &set), [first]);
    let second = rotation.context(set.clone()).proposer(Height(5), Round(0));
    assert_ne!(first, second);
    rotation.decided(set.clone(), Round(1));
    assert_eq!(demoted(&rotation, &set), [second], "one of four at a time");
    // The window of the newer one ends later; the older one's does not come back to life.
    for _ in 0..DEMOTION_HEIGHTS {
        assert_eq!(demoted(&rotation, &set), [second]);
        rotation.decided(set.clone(), Round(0));
    }
    assert!(demoted(&rotation, &set).is_empty());
}

#[test]
fn an_epoch_begins_with_everybody() {
    assert_eq!(epoch_start(Height(1)), Height(1));
    assert_eq!(epoch_start(Height(ROTATION_EPOCH - 1)), Height(1));
    assert_eq!(epoch_start(Height(ROTATION_EPOCH)), Height(ROTATION_EPOCH));
    let set = validators(&[1; 4]);
    let mut rotation = at(ROTATION_EPOCH - 2);
    rotation.decided(set.clone(), Round(1));
    assert_eq!(demoted(&rotation, &set).len(), 1);
    rotation.decided(set.clone(), Round(1));
    assert_eq!(rotation.height(), Height(ROTATION_EPOCH));
    assert_eq!(rotation, Rotation::at_epoch_of(Height(ROTATION_EPOCH)));
}

#[test]
fn a_validator_that_left_the_set_is_nobody_to_ask_last() {
    let before = validators(&[1; 4]);
    let mut rotation = at(4);
    rotation.decided(before.clone(), Round(1));
    let gone = demoted(&rotation, &before)[0];
    let rest: Vec<_> = before.iter().filter(|v| v.address != gone).cloned().collect();
    assert!(demoted(&rotation, &ValidatorSet::new(rest).unwrap()).is_empty());
    // And with more of them, more may be demoted: power counts in the set of the height asked about.
    let more = validators(&[1; 7]);
    let newcomer = key(7).address();
    assert!(more.by_address(&newcomer).is_some());
    rotation.decided(more.clone(), Round(1));
    assert_eq!(demoted(&rotation, &more).len(), 2);
}

proptest! {
    #[test]
    fn the_rule_is_the_same_from_the_epoch_on_and_never_demotes_a_third(
        powers in proptest::collection::vec(1u64..20, 1..9),
        rounds in proptest::collection::vec(prop_oneof![8 => Just(0u32), 2 => 1u32..4, 1 => 4u32..1_000], 1..600),
    ) {
        let set = validators(&powers);
        let mut led = Rotation::at_epoch_of(Height(1));
        for (index, round) in rounds.iter().enumerate() {
            led.decided(set.clone(), Round(*round));
            if index % 61 != 0 && index + 1 != rounds.len() {
                continue;
            }
            let mut read = Rotation::at_epoch_of(led.height());
            while read.height() < led.height() {
                let round = rounds[read.height().get() as usize - 1];
                read.decided(set.clone(), Round(round));
            }
            prop_assert_eq!(&read, &led);
            let power: u64 = demoted(&led, &set).iter().map(|a| set.by_address(a).unwrap().power).sum();
            prop_assert!(power * 3 < set.total_power());
        }
    }
}
