//! Finding blocks by bloom, in bounded steps.

use super::fixture::{TestChain, address, small_options};
use alloy_primitives::BloomInput;
use assay_kernel::StateChanges;
use assay_primitives::Height;

#[test]
fn blooms_are_searched_in_bounded_steps() {
    let mut chain = TestChain::new(small_options());
    for _ in 0..20 {
        chain.grow(StateChanges::default());
    }
    let wanted = address(7);
    let holds = |bloom: &alloy_primitives::Bloom| bloom.contains_input(BloomInput::Raw(wanted.as_slice()));
    let mut heights = Vec::new();
    let mut next = Some(Height(1));
    let mut steps = 0;
    while let Some(from) = next {
        let found = chain.store().bloom_matches(from, Height(20), 6, holds).unwrap();
        heights.extend(found.heights);
        next = found.next;
        steps += 1;
    }
    assert_eq!((heights, steps), (vec![Height(7)], 4));
    assert!(chain.store().bloom_matches(Height(21), Height(30), 6, holds).unwrap().heights.is_empty());
}
