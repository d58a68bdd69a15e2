//! Eviction: what goes, what stays, and what becomes invalid by it.

use super::model::{Changes, Model, Nodes, address, commit, deletion, prepare, update};
use crate::{EMPTY_ROOT, NodeKey, NodeSource, StateTrie};
use alloy_primitives::U256;
use assay_primitives::Fault;
use std::cell::Cell;

fn populated(accounts: u64) -> (Model, Nodes, StateTrie) {
    let mut model = Model::default();
    let mut nodes = Nodes::default();
    let mut trie = StateTrie::open(EMPTY_ROOT).unwrap();
    let mut changes: Changes = (0..accounts).map(|index| (address(index), update(index + 1, &[(index, 9)]))).collect();
    changes.insert(address(7), update(7, &(0..accounts).map(|slot| (slot, slot + 1)).collect::<Vec<_>>()));
    model.apply(&changes);
    assert_eq!(commit(&mut trie, &mut nodes, &changes), model.root());
    (model, nodes, trie)
}

/// Counts what is read.
struct Counted<'a> {
    nodes: &'a Nodes,
    reads: Cell<usize>,
}

impl NodeSource for Counted<'_> {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, Fault> {
        self.reads.set(self.reads.get() + 1);
        self.nodes.node(key)
    }
}

#[test]
fn stays_below_any_budget_and_keeps_the_root() {
    let (mut model, mut nodes, mut trie) = populated(3000);
    for budget in [1_000_000, 300_000, 50_000, 5_000, 0] {
        trie.evict_to(budget).unwrap();
        assert!(trie.bytes() <= budget, "{} over {budget}", trie.bytes());
        let changes = Changes::from([(address(budget as u64), update(5, &[(1, budget as u64)]))]);
        model.apply(&changes);
        assert_eq!(commit(&mut trie, &mut nodes, &changes), model.root());
    }
}

/// What is not persisted cannot be read back, so it stays, whatever the budget.
#[test]
fn what_is_not_saved_stays() {
    let (mut model, mut nodes, mut trie) = populated(3000);
    let changes: Changes = (0..300).map(|index| (address(index), update(index + 9, &[(1, index + 1)]))).collect();
    model.apply(&changes);
    let prepared = prepare(&trie, &nodes, &changes);
    trie.install(prepared).unwrap();
    let unsaved = trie.unsaved_bytes();
    assert!(unsaved > 0);
    trie.evict_to(0).unwrap();
    assert!(trie.unsaved_bytes() == unsaved && trie.bytes() >= unsaved);
    let next = Changes::from([(address(3), update(77, &[]))]);
    model.apply(&next);
    assert_eq!(commit(&mut trie, &mut nodes, &next), model.root());
    assert_eq!(trie.unsaved_bytes(), 0);
    trie.evict_to(0).unwrap();
    assert_eq!(trie.bytes(), 0);
}

/// A sweep that frees little goes on where it stopped, and comes round to everything.
#[test]
fn small_steps_reach_everything() {
    let (model, nodes, mut trie) = populated(3000);
    let mut steps = 0;
    while trie.bytes() > 0 {
        let budget = trie.bytes() - trie.bytes().div_ceil(40);
        assert!(trie.evict_to(budget).unwrap() > 0);
        steps += 1;
        assert!(steps < 1000);
    }
    assert!(steps > 10);
    assert_eq!(prepare(&trie, &nodes, &Changes::new()).root(), model.root());
}

#[test]
fn within_the_budget_nothing_happens() {
    let (_, nodes, mut trie) = populated(100);
    let prepared = prepare(&trie, &nodes, &Changes::new());
    assert_eq!(trie.evict_to(trie.bytes()).unwrap(), 0);
    trie.install(prepared).unwrap();
}

#[test]
fn what_was_changed_last_stays() {
    let (mut model, mut nodes, mut trie) = populated(3000);
    let recent: Changes = (0..20).map(|index| (address(index), update(index + 2, &[(index, 10)]))).collect();
    model.apply(&recent);
    commit(&mut trie, &mut nodes, &recent);
    trie.evict_to(trie.bytes() / 10).unwrap();
    let counted = Counted { nodes: &nodes, reads: Cell::new(0) };
    for index in 0..20 {
        trie.proof(&counted, address(index), &[U256::from(index)]).unwrap();
    }
    assert_eq!(counted.reads.get(), 0);
    trie.proof(&counted, address(2999), &[]).unwrap();
    assert!(counted.reads.get() > 0);
}

#[test]
fn a_block_prepared_before_an_eviction_or_another_install_is_refused() {
    let (_, mut nodes, mut trie) = populated(500);
    let changes = Changes::from([(address(3), update(9, &[]))]);
    let (first, second) = (prepare(&trie, &nodes, &changes), prepare(&trie, &nodes, &changes));
    trie.evict_to(10_000).unwrap();
    let root = trie.root();
    assert!(!trie.is_base_of(&first));
    assert!(matches!(trie.install(first), Err(Fault::Invariant(_))));
    assert!(matches!(trie.proof_after(&second, &nodes, address(3), &[]), Err(Fault::Invariant(_))));
    assert_eq!(trie.root(), root);

    let (third, fourth) = (prepare(&trie, &nodes, &changes), prepare(&trie, &nodes, &changes));
    trie.install(third).unwrap();
    nodes.save(&mut trie);
    assert!(matches!(trie.install(fourth), Err(Fault::Invariant(_))));
}

/// A branch with one child left collapses into it, also where that child must be read first.
#[test]
fn collapse_into_a_paged_out_sibling() {
    let (mut model, mut nodes, mut trie) = populated(300);
    for index in (0..300).rev() {
        trie.evict_to(0).unwrap();
        let slot = Changes::from([(address(7), update(7, &[(index, 0)]))]);
        model.apply(&slot);
        assert_eq!(commit(&mut trie, &mut nodes, &slot), model.root());
        if index != 7 {
            let gone = Changes::from([(address(index), deletion())]);
            model.apply(&gone);
            assert_eq!(commit(&mut trie, &mut nodes, &gone), model.root());
        }
    }
    let last = Changes::from([(address(7), deletion())]);
    assert_eq!(commit(&mut trie, &mut nodes, &last), EMPTY_ROOT);
    assert!(nodes.nodes.is_empty(), "{} nodes left behind", nodes.nodes.len());
}
