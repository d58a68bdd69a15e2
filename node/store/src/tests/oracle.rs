//! Roots against alloy-trie over random blocks: inserts, updates, deletes, wipes, deleted accounts, restarts in between,
//! and a memory budget that evicts all the time.

use super::fixture::{Random, TestChain, oracle_root, random_changes, small_options};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn roots_are_those_of_the_oracle(seed: u64, accounts in 1u64..200, touched in 1u64..40, restart in 2u64..9) {
        let mut random = Random::new(seed);
        let mut chain = TestChain::new(small_options());
        for block in 0..30 {
            let changes = random_changes(&mut random, chain.state(), accounts, touched);
            // `grow` seals the oracle's root into the header; the store refuses a block whose root differs.
            let head = chain.grow(changes);
            prop_assert_eq!(head.header.state_root, oracle_root(chain.state()));
            if block % restart == 0 {
                chain.reopen();
            }
        }
    }
}
